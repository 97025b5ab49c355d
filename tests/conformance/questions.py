"""What a published case is asked as: a request to a service, and the answer that agrees."""

from typing import Any, NamedTuple

__all__ = ["Question", "a_clock", "an_application"]

Json = Any


class Question(NamedTuple):
    """One request, and what of its answer is stated."""

    request: dict[str, Json]
    expected: dict[str, Json]


def a_clock(kind: str, amount: int, unit: str, **fields: Json) -> dict[str, Json]:
    """A clock of an inline item, from receipt to decision unless said otherwise."""
    return {
        "kind": kind,
        "starts": "received",
        "stops": ["decided"],
        "limit": {"amount": amount, "unit": unit},
        **fields,
    }


def an_application(
    calendar: Json, clocks: list[dict[str, Json]], steps: list[dict[str, Json]], as_of: str | None = None, **item: Json
) -> dict[str, Json]:
    """A case of a whole application."""
    case = {"item": {"clocks": clocks, **item}, "calendar": calendar, "steps": steps}
    return case if as_of is None else {**case, "as_of": as_of}
