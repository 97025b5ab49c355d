"""A forecast as rows: spans split where the holder changes, stretches of status, the head that names the last.

Pure: nothing is read or written here.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from app.domain.chain import stamp
from app.domain.items import Party
from app.domain.spans import ClockState, Forecast, Span, Stretch
from app.domain.steps import Status
from app.domain.units import Unit

__all__ = [
    "PARTIES",
    "SPAN_KEY",
    "STATES",
    "STATUSES",
    "STRETCH_KEY",
    "UNITS",
    "Head",
    "Holder",
    "held",
    "holder_at",
    "keyed",
    "moved",
    "read_instant",
    "span_rows",
    "stamped",
    "standing_at",
    "stretch_rows",
]

SPAN_KEY = ("number", "clock", "stage", "round", "from_at")
STRETCH_KEY = ("number", "from_at")
STATES = {str(member): member for member in ClockState}
PARTIES = {str(member): member for member in Party}
STATUSES = {str(member): member for member in Status}
UNITS = {str(member): member for member in Unit}


class Holder(NamedTuple):
    """On whose desk an application lies."""

    department: str
    section: str | None
    officer: str | None


class Head(NamedTuple):
    """The row of one application: identity, pinned item, where it stands at the last record, the head of its chain."""

    number: str
    register: str
    source: str
    external_ref: str | None
    project_code: str | None
    item: str
    item_version: int
    calendar: str
    channel: str
    receipt_rule: str
    submitted_at: datetime
    received_on: date | None
    late_receipt: bool
    query_code_hash: bytes
    status: str
    department: str
    section: str | None
    officer: str | None
    odd: list[str]
    version: int
    head_hash: bytes
    recorded_at: datetime
    known_from: datetime
    rewritten_at: datetime | None
    next_look_at: datetime | None
    quarantined_at: datetime | None


def held(forecast: Forecast) -> Iterator[tuple[Span, Holder]]:
    """Every span, cut where the application changes hands, with the holder of each part.

    The parts count from the same day on, so the figures at an instant are those of the whole span.
    """
    hands = hands_of(forecast.stretches)
    for span in forecast.spans:
        begin, end = span.from_at, span.to_at
        for place, (since, holder) in enumerate(hands):
            until = hands[place + 1][0] if place + 1 < len(hands) else None
            if until is not None and until <= begin:
                continue
            if end is not None and since >= end and place:
                break
            part_from = begin if place == 0 or since <= begin else since
            part_to = until if until is not None and (end is None or until < end) else end
            if part_from == begin and part_to == end:
                yield span, holder
            else:
                yield span._replace(from_at=part_from, to_at=part_to), holder


def hands_of(stretches: Sequence[Stretch]) -> list[tuple[datetime, Holder]]:
    """From when on who held the application; a stretch that changes only the status makes no entry."""
    hands: list[tuple[datetime, Holder]] = []
    for stretch in stretches:
        holder = Holder(stretch.department, stretch.section, stretch.officer)
        if not hands or hands[-1][1] != holder:
            hands.append((stretch.from_at, holder))
    return hands


def standing_at(stretches: Sequence[Stretch], at: datetime) -> Stretch | None:
    """The stretch that covers an instant; None before the receipt."""
    for stretch in reversed(stretches):
        if stretch.from_at <= at:
            return stretch
    return None


def holder_at(stretches: Sequence[Stretch], at: datetime) -> Holder | None:
    """Who held the application at an instant."""
    stretch = standing_at(stretches, at)
    return None if stretch is None else Holder(stretch.department, stretch.section, stretch.officer)


def span_row(head: Head, span: Span, holder: Holder) -> dict[str, Any]:
    """A span as it is stored, with the holder of its time."""
    limit = span.limit
    return {
        "number": head.number,
        "clock": span.clock,
        "stage": span.stage,
        "round": span.round,
        "from_at": span.from_at,
        "to_at": span.to_at,
        "open": span.state is ClockState.RUNNING and (span.to_at is None or span.to_at > head.recorded_at),
        "party": span.party.value,
        "state": span.state.value,
        "limit_amount": None if limit is None else limit.amount,
        "limit_unit": None if limit is None else limit.unit.value,
        "extended": span.extended,
        "total": span.total,
        "started_on": span.started_on,
        "started_at": span.started_at,
        "counts_from": span.counts_from,
        "used_before": span.used_before,
        "due_on": span.due_on,
        "due_at": span.due_at,
        "latest_due_on": span.latest_due_on,
        "yellow_at": span.yellow_at,
        "warnings": [[warning.rung, stamped(warning.at)] for warning in span.warnings],
        "after": list(span.after),
        "stopped_at": span.stopped_at,
        "provisional": span.provisional,
        "fixed": span.fixed,
        "calendar": span.calendar,
        "revision": span.revision,
        "legal_basis": span.legal_basis,
        "item": head.item,
        "department": holder.department,
        "section": holder.section,
        "officer": holder.officer,
        "external_ref": head.external_ref,
    }


def span_rows(head: Head, forecast: Forecast, *, since: datetime | None = None) -> list[dict[str, Any]]:
    """The spans to be stored, cut where the application changes hands; with `since` those that ended before it not."""
    return [
        span_row(head, span, holder)
        for span, holder in held(forecast)
        if since is None or span.to_at is None or span.to_at >= since
    ]


def stretch_rows(head: Head, forecast: Forecast, *, since: datetime | None = None) -> list[dict[str, Any]]:
    """The stretches to be stored; with `since` those that ended before it not."""
    return [
        {"number": head.number, **s._asdict(), "status": s.status.value}
        for s in forecast.stretches
        if since is None or s.to_at is None or s.to_at >= since
    ]


def keyed(rows: Iterable[dict[str, Any]], key: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows by their key, to be compared with others whatever their order."""
    return {tuple(row[name] for name in key): row for row in rows}


def moved(head: Head, forecast: Forecast) -> Head:
    """The head as the forecast has it at the last record: status, holder, what is odd."""
    standing = standing_at(forecast.stretches, head.recorded_at) or forecast.stretches[0]
    return head._replace(
        status=str(standing.status),
        department=standing.department,
        section=standing.section,
        officer=standing.officer,
        odd=list(forecast.odd),
        received_on=received_on(forecast),
    )


def received_on(forecast: Forecast) -> date | None:
    """The legal day of the receipt; None while it is not confirmed."""
    return None if forecast.received_on is None else date.fromordinal(forecast.received_on)


def stamped(instant: datetime | None) -> str | None:
    """An instant as text, or None."""
    return None if instant is None else stamp(instant)


def read_instant(text: str | None) -> datetime | None:
    """The instant that `stamped` spelled."""
    return None if text is None else datetime.fromisoformat(text)
