"""What makes no sense in an item's document, though its form is right: each fault with its place and a code."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from app.domain.units import Unit
from app.items.schemas import ClockDocument, ItemDocument, StageDocument, WarnDocument

__all__ = ["FINAL_MOMENTS", "MOMENTS", "Fault", "faults"]

FINAL_MOMENTS: Final = frozenset({"refused", "withdrawn", "terminated", "closed"})
"""They stop every clock, so that none can start with them."""

MOMENTS: Final = FINAL_MOMENTS | {
    "received",
    "correction_requested",
    "corrected",
    "accepted",
    "decided",
    "published",
    "delivered",
    "inspected",
}
"""The moments that recorded steps bring about, beside `started:STAGE` and `completed:STAGE`."""

AFTER_DECISION: Final = frozenset({"decided", "published", "delivered"})
TOO_LATE_FOR: Final[dict[str, frozenset[str]]] = {
    "deemed_accepted_from_receipt": AFTER_DECISION | {"accepted"},
    "deemed_accepted_at_expiry": AFTER_DECISION | {"accepted"},
    "deemed_approved": AFTER_DECISION,
    "deemed_consented": AFTER_DECISION,
    "deemed_withdrawn": AFTER_DECISION,
}
"""The moments after which an effect of silence can no longer take place."""
OF_THE_OFFICE: Final = frozenset(TOO_LATE_FOR) - {"deemed_withdrawn"}
"""Effects of the office's silence, never of an applicant's."""


class Fault(NamedTuple):
    """One thing that is wrong: where (a JSON pointer into the document), a stable code, and the facts in words."""

    pointer: str
    code: str
    detail: str


def faults(item: ItemDocument) -> list[Fault]:
    """All that is wrong with an item by itself; the offices and calendars that it names are another question."""
    return [
        *repeated(item),
        *(fault for place, clock in enumerate(item.clocks) for fault in of_clock(clock, f"/clocks/{place}", item)),
        *(fault for place, stage in enumerate(item.stages) for fault in of_stage(stage, f"/stages/{place}")),
        *promise_beyond_statute(item),
    ]


def repeated(item: ItemDocument) -> Iterator[Fault]:
    """Two clocks of one kind, two stages of one code: nothing could tell them apart."""
    seen: set[str] = set()
    for place, clock in enumerate(item.clocks):
        if clock.kind in seen:
            yield Fault(f"/clocks/{place}/kind", "clock_repeated", "Another clock of this item has this kind.")
        seen.add(clock.kind)
    seen = set()
    for place, stage in enumerate(item.stages):
        if stage.code in seen:
            yield Fault(f"/stages/{place}/code", "stage_repeated", "Another stage of this item has this code.")
        seen.add(stage.code)


def of_clock(clock: ClockDocument, at: str, item: ItemDocument) -> Iterator[Fault]:
    """What is wrong with one clock of the item."""
    if "." in clock.kind:
        yield Fault(f"{at}/kind", "clock_kind_malformed", "The kind of a clock holds no dot: alarms are named by it.")
    stages = frozenset(stage.code for stage in item.stages)
    yield from of_moment(clock.starts, f"{at}/starts", stages)
    for place, stop in enumerate(clock.stops):
        yield from of_moment(stop, f"{at}/stops/{place}", stages)
    if clock.starts in FINAL_MOMENTS:
        yield Fault(f"{at}/starts", "moment_is_final", "This moment stops every clock: none can start with it.")
    elif clock.starts in clock.stops:
        yield Fault(f"{at}/stops", "stops_at_its_start", "The clock would stop at the moment at which it starts.")
    yield from of_restarts(clock, f"{at}/restarts_on", stages)
    yield from of_effect(clock, f"{at}/on_expiry")
    if clock.limit.amount == 0 and clock.limit.unit is Unit.MONTH:
        yield Fault(f"{at}/limit/amount", "limit_too_short", "A limit in months is at least 1.")
    yield from of_warn(clock.warn, f"{at}/warn")


def of_restarts(clock: ClockDocument, at: str, stages: frozenset[str]) -> Iterator[Fault]:
    """A clock that begins again when all is over, where it stops, or at a moment that comes once and starts it."""
    for place, moment in enumerate(clock.restarts_on):
        yield from of_moment(moment, f"{at}/{place}", stages)
        if moment in FINAL_MOMENTS:
            yield Fault(f"{at}/{place}", "moment_is_final", "This moment stops every clock: none can begin again.")
        elif moment in clock.stops:
            yield Fault(f"{at}/{place}", "restarts_where_it_stops", "The clock would begin again where it stops.")
        elif moment == clock.starts and ":" not in moment:
            yield Fault(f"{at}/{place}", "restarts_at_its_start", "The clock starts with this moment; it comes once.")


def of_effect(clock: ClockDocument, at: str) -> Iterator[Fault]:
    """An effect of silence that could never take place, or that the silence of another would have."""
    if clock.starts in TOO_LATE_FOR.get(clock.on_expiry, frozenset()):
        detail = f"A clock that starts with {clock.starts} runs out too late for the effect {clock.on_expiry}."
        yield Fault(at, "effect_unfit", detail)
    elif clock.on_expiry in OF_THE_OFFICE and clock.party == "applicant":
        yield Fault(at, "effect_unfit", f"The silence of an applicant cannot have the effect {clock.on_expiry}.")


def of_moment(moment: str, at: str, stages: frozenset[str]) -> Iterator[Fault]:
    """A moment that no step can bring about."""
    word, colon, stage = moment.partition(":")
    if colon and word in ("started", "completed"):
        if stage not in stages:
            yield Fault(at, "stage_unknown", "The item has no stage with the code that this moment names.")
    elif moment not in MOMENTS:
        known = ", ".join(sorted(MOMENTS))
        yield Fault(at, "moment_unknown", f"A moment is one of {known}, started:STAGE, completed:STAGE.")


def of_stage(stage: StageDocument, at: str) -> Iterator[Fault]:
    """What is wrong with one stage: above all, rules of a clock that it does not have."""
    if stage.limit is None:
        for field in ("pauses_for", "extension", "warn", "count", "legal_basis"):
            if getattr(stage, field) is not None:
                yield Fault(
                    f"{at}/{field}", "stage_without_limit", "A stage without a limit has no clock that this could rule."
                )
        return
    if stage.limit.amount == 0 and stage.limit.unit is Unit.MONTH:
        yield Fault(f"{at}/limit/amount", "limit_too_short", "A limit in months is at least 1.")
    yield from of_warn(stage.warn, f"{at}/warn")


def of_warn(rungs: Sequence[WarnDocument] | None, at: str) -> Iterator[Fault]:
    """A rung that says nothing or two things, or a share finer than a thousandth."""
    for place, rung in enumerate(rungs or ()):
        given = [way for way in (rung.before, rung.at_share, rung.after) if way is not None]
        if len(given) != 1:
            yield Fault(f"{at}/{place}", "rung_unclear", "A rung has exactly one of before, at_share, after.")
        if rung.at_share is not None and abs(rung.at_share * 1000 - round(rung.at_share * 1000)) > 1e-6:
            yield Fault(f"{at}/{place}/at_share", "share_too_fine", "A share has at most three decimals.")


def promise_beyond_statute(item: ItemDocument) -> Iterator[Fault]:
    """A promise shortens the statutory limit, never lengthens it. Limits of two units are not compared."""
    statutory = next((clock for clock in item.clocks if clock.kind == "statutory"), None)
    for place, clock in enumerate(item.clocks):
        if clock.kind != "promise" or statutory is None or clock.limit.unit is not statutory.limit.unit:
            continue
        if clock.limit.amount > statutory.limit.amount:
            yield Fault(
                f"/clocks/{place}/limit/amount",
                "promise_beyond_statute",
                f"The promise of {clock.limit.amount} is longer than the statutory limit of {statutory.limit.amount}.",
            )
