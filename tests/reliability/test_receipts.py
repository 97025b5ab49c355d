"""The judge of what a receiver got finds each kind of fault, and none where there is none."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.reliability.receipts import Arrival, judge_receipts

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def an_alarm(id_: str) -> dict[str, Any]:
    at = "2026-11-02T09:00:00+08:00"
    return {"id": id_, "tracking_number": "N", "clock": "notice", "stage": None, "kind": "overdue", "rung": 0,
            "clock_revision": 1, "due_at": at, "crossed_at": at, "detected_at": at}  # fmt: skip


def an_arrival(alarm: dict[str, Any], *, identity: str = "", accepted: bool = True, secret: str = SECRET) -> Arrival:
    identity = identity or f"msg_{alarm['id']}"
    body = json.dumps({"id": identity, "subject": alarm["id"], "data": alarm}).encode()
    said = f"{identity}.17.".encode() + body
    mac = base64.b64encode(hmac.new(base64.b64decode(secret[6:]), said, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": identity, "webhook-timestamp": "17", "webhook-signature": f"v1,{mac}"}
    return Arrival(headers, body, accepted)


A, B = an_alarm("a"), an_alarm("b")


def test_duplicates_in_the_same_bytes_and_refused_tries_are_no_fault() -> None:
    arrivals = [an_arrival(A, accepted=False), an_arrival(A), an_arrival(A), an_arrival(B)]
    assert judge_receipts(arrivals, [A, B], SECRET) == []


OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()


@pytest.mark.parametrize(
    ("arrivals", "fault"),
    [
        ([an_arrival(A)], "b: never arrived"),
        ([an_arrival(A), an_arrival(B, accepted=False)], "b: never arrived"),
        ([an_arrival(A), an_arrival(B), an_arrival(A, identity="msg_2")], "a: under 2 identities"),
        ([an_arrival(A), an_arrival(B), an_arrival(an_alarm("c"))], "c: is on no record"),
        ([an_arrival(A), an_arrival(B), an_arrival({**A, "rung": 1}, accepted=False)], "msg_a: 2 different bodies"),
        ([an_arrival(A), an_arrival({**B, "crossed_at": "2026-11-02T09:00:01+08:00"})], "b: another crossed_at"),
        ([an_arrival(A), an_arrival({**B, "kind": "warning"})], "b: another kind"),
        ([an_arrival(A), an_arrival(B, secret=OTHER)], "msg_b: not signed"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_is_found(arrivals: list[Arrival], fault: str) -> None:
    assert judge_receipts(arrivals, [A, B], SECRET) == [fault]
