"""Prometheus figures: requests by route, and counters that features register."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may make up methods; he may not make up figures without end."""
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Requests(Collector):
    """Counts requests in plain lists: a request costs half a microsecond, the rest is worked out when somebody asks."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str, int], list[float]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method if method in METHODS else "other", route, status)
        slots = self.held.get(key)
        if slots is None:
            slots = self.held[key] = [0.0] * (len(BOUNDS) + 2)
        slots[bisect_left(BOUNDS, seconds)] += 1
        slots[-1] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(
            "shixian_http_request_duration_seconds", "Duration of HTTP requests", labels=("method", "route", "status")
        )
        for (method, route, status), slots in sorted(self.held.items()):
            buckets, total = [], 0.0
            for bound, amount in zip((*BOUNDS, "+Inf"), slots, strict=False):
                total += amount
                buckets.append((str(bound), total))
            family.add_metric((method, route, str(status)), buckets, slots[-1])
        yield family


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = _Requests()
        self.registry.register(self._requests)
        self.count_request = self._requests.count

    def counter(self, name: str, meaning: str) -> Counter:
        """A figure that only grows, `shixian_…_total`."""
        return Counter(f"shixian_{name}", meaning, registry=self.registry)

    def gauge(self, name: str, meaning: str) -> Gauge:
        """A figure that goes up and down, `shixian_…`."""
        return Gauge(f"shixian_{name}", meaning, registry=self.registry)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
