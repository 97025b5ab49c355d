"""Limits by address and number."""

import pytest
from fastapi import Request

from app.kit.problems import Problem
from app.kit.throttle import Buckets, Throttle, client_address


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_so_many_at_once_and_then_so_many_a_minute() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a") == pytest.approx(1.0)
    clock.at += 1.01
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0


def test_over_a_long_time_no_more_than_the_rate_passes() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=10, clock=clock)
    passed = 0
    for _ in range(6000):
        clock.at += 0.1
        passed += buckets.take("a") == 0.0
    assert passed <= 610


def test_the_memory_of_buckets_is_bounded() -> None:
    buckets = Buckets(60, largest=100, clock=Clock())
    for number in range(1000):
        buckets.take(str(number))
    assert len(buckets) == 100


def test_a_clock_that_goes_back_breaks_nothing() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=2, clock=clock)
    buckets.take("a")
    clock.at -= 50
    assert buckets.take("a") >= 0.0


def test_addresses_numbers_and_the_total_are_limited_with_retry_after() -> None:
    clock = Clock()
    throttle = Throttle(per_minute=4, total_per_minute=1000, clock=clock)
    throttle.admit("1.1.1.1", "N")
    throttle.admit("1.1.1.1", "M")
    with pytest.raises(Problem) as refusal:
        throttle.admit("1.1.1.1", "L")
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (429, "15")
    throttle.admit("2.2.2.2", "N")
    with pytest.raises(Problem):
        throttle.admit("3.3.3.3", "N")


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_an_ipv6_network_counts_as_one(peer: str, counted: str) -> None:
    assert client_address(Request({"type": "http", "client": (peer, 1), "headers": []})) == counted


def test_a_forwarded_address_is_not_believed() -> None:
    headers = [(b"x-forwarded-for", b"9.9.9.9")]
    assert client_address(Request({"type": "http", "client": ("10.0.0.1", 1), "headers": headers})) == "10.0.0.1"
