"""A forecast as rows: spans split where the holder changes, stretches of status, and the view that the public reads.

Pure: nothing is read or written here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.applications.events import Fact, Stored
from app.applications.silence import ARTICLES
from app.domain.chain import Json, stamp
from app.domain.items import Item, Party
from app.domain.silence import outcome_of
from app.domain.spans import ClockState, Forecast, Span, Stretch, Warning_
from app.domain.steps import Status, StepType
from app.domain.units import Limit, Unit

__all__ = [
    "SEEN_TYPES",
    "SPAN_KEY",
    "STRETCH_KEY",
    "Head",
    "Holder",
    "held",
    "holder_at",
    "keyed",
    "moved",
    "read_view",
    "span_rows",
    "spans_of_view",
    "spell_view",
    "standing_at",
    "stretch_rows",
    "stretches_of_view",
    "view_of",
]

SEEN_TYPES = frozenset(
    {
        StepType.RECEIVE,
        StepType.REQUEST_CORRECTION,
        StepType.EXTEND,
        StepType.DECIDE,
        StepType.EXPLAIN_DELAY,
        StepType.AMEND,
    }
)
"""Steps of which something sealed belongs into the public view."""

SPAN_KEY = ("number", "clock", "stage", "round", "from_at")
STRETCH_KEY = ("number", "from_at")
ENDS = frozenset({StepType.DECIDE, StepType.REFUSE, StepType.WITHDRAW, StepType.TERMINATE, StepType.CLOSE})
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


def view_of(item: Item, item_name: str, head: Head, facts: Iterable[Fact], forecast: Forecast) -> dict[str, Json]:
    """What the public look-up needs of one application; masking and the query code are the reader's business.

    Instants are spelled by `chain.stamp`, so that they sort as text.
    """
    ordered = sorted(facts, key=lambda fact: (fact.step.at, fact.step.seq))
    receipt = next((fact for fact in ordered if fact.step.type is StepType.RECEIVE), None)
    stamps = Stamps()
    return {
        "item": item.code,
        "item_name": item_name,
        "department": item.department,
        "submitted_at": stamp(head.submitted_at),
        "received_on": None if head.received_on is None else head.received_on.isoformat(),
        "receipt_rule": head.receipt_rule,
        "project_code": head.project_code,
        "calendar": head.calendar,
        "subject": None if receipt is None else receipt.private.get("subject"),
        "stretches": [
            [stamps[s.from_at], stamps[s.to_at], s.status.value, s.department, s.section, s.officer]
            for s in forecast.stretches
        ],
        "spans": [spelled_span(span, stamps) for span in forecast.spans],
        "stages": stages_of(item, ordered),
        "pauses": pauses_of(ordered),
        "corrections": corrections_of(ordered),
        "extensions": [
            {
                "clock": fact.step.clock,
                "stage": fact.step.stage,
                "amount": fact.step.amount,
                "at": stamp(fact.step.at),
                "reason": fact.private.get("reason"),
            }
            for fact in of_type(ordered, StepType.EXTEND)
        ],
        "delay_reasons": [
            {
                "clock": fact.step.clock,
                "stage": fact.step.stage,
                "at": stamp(fact.step.at),
                "reason": fact.private.get("reason"),
            }
            for fact in of_type(ordered, StepType.EXPLAIN_DELAY)
        ],
        "deemed": [
            {
                "clock": one.clock,
                "effect": one.effect.value,
                "moment": outcome_of(one.effect).moment,
                "effective_on": date.fromordinal(one.effective_on).isoformat(),
                "at": stamps[one.at],
                "legal_basis": one.legal_basis or ARTICLES.get(one.effect.value),
            }
            for one in forecast.deemed
        ],
        "result": result_of(ordered),
    }


def of_type(facts: Iterable[Fact], type_: StepType) -> Iterator[Fact]:
    """The facts of one type, in their order."""
    return (fact for fact in facts if fact.step.type is type_)


def stages_of(item: Item, ordered: Iterable[Fact]) -> list[Json]:
    """Each round of each stage. A stage stops with its completion, at the latest with the decision or a final step."""
    rows: list[dict[str, Json]] = []
    for fact in ordered:
        step = fact.step
        if step.type is StepType.START_STAGE or step.type is StepType.COMPLETE_STAGE:
            of_stage = [row for row in rows if row["code"] == step.stage]
            open_row = next((row for row in reversed(of_stage) if row["completed_at"] is None), None)
            if step.type is StepType.COMPLETE_STAGE and open_row is not None:
                open_row["completed_at"] = stamp(step.at)
                continue
            known = item.by_stage.get(step.stage)
            started = step.type is StepType.START_STAGE
            rows.append(
                {
                    "code": step.stage,
                    "name": step.stage if known is None else known.name,
                    "started_at": stamp(step.at) if started else None,
                    "completed_at": None if started else stamp(step.at),
                    "round": len(of_stage) + 1,
                }
            )
        elif step.type in ENDS:
            for row in rows:
                row["completed_at"] = row["completed_at"] or stamp(step.at)
    return list(rows)


def pauses_of(ordered: Iterable[Fact]) -> list[Json]:
    """Each pause with its end: the resume that names it, else the next one; the decision and final steps end all."""
    rows: list[dict[str, Json]] = []
    open_rows: dict[str, dict[str, Json]] = {}
    for fact in ordered:
        step = fact.step
        if step.type is StepType.PAUSE:
            announced = step.announced
            row: dict[str, Json] = {
                "ground": step.ground,
                "legal_basis": fact.body.get("legal_basis"),
                "from": stamp(step.at),
                "to": None,
                "announced": None if announced is None else {"amount": announced.amount, "unit": str(announced.unit)},
            }
            rows.append(row)
            open_rows[step.id] = row
        elif step.type is StepType.RESUME and open_rows:
            named = step.pause_id if step.pause_id in open_rows else next(reversed(open_rows))
            open_rows.pop(named)["to"] = stamp(step.at)
        elif step.type in ENDS:
            for row in open_rows.values():
                row["to"] = stamp(step.at)
            open_rows.clear()
    return list(rows)


def corrections_of(ordered: Iterable[Fact]) -> list[Json]:
    """What the applicant was asked for, and when it came."""
    rows: list[dict[str, Json]] = []
    for fact in ordered:
        if fact.step.type is StepType.REQUEST_CORRECTION:
            rows.append(
                {
                    "requested_at": stamp(fact.step.at),
                    "submitted_at": None,
                    "missing": fact.private.get("missing") or [],
                }
            )
        elif fact.step.type is StepType.SUBMIT_CORRECTION and rows and rows[-1]["submitted_at"] is None:
            rows[-1]["submitted_at"] = stamp(fact.step.at)
    return list(rows)


def result_of(ordered: Sequence[Fact]) -> Json:
    """The decision and the code of the closing; None while there is neither."""
    decided = next(of_type(ordered, StepType.DECIDE), None)
    closed = next(of_type(ordered, StepType.CLOSE), None)
    if decided is None and closed is None:
        return None
    return {
        "result": None if decided is None else decided.step.result,
        "decided_at": None if decided is None else stamp(decided.step.at),
        "document": None if decided is None else decided.private.get("document"),
        "result_code": None if closed is None else closed.step.result_code,
    }


def stamped(instant: datetime | None) -> str | None:
    """An instant as text, or None."""
    return None if instant is None else stamp(instant)


class Stamps(dict[datetime | None, str | None]):
    """Instants as text, each spelled once: the spans of an application name the same few again and again."""

    def __missing__(self, instant: datetime | None) -> str | None:
        text = self[instant] = stamped(instant)
        return text


def spelled_span(span: Span, stamps: Stamps) -> list[Json]:
    """A span as JSON: its fields in their order."""
    (
        clock, stage, round_, from_at, to_at, state, party, limit, extended, total, started_on, started_at, counts_from,
        used_before, due_on, due_at, latest_due_on, yellow_at, warnings, after, stopped_at, provisional, fixed,
        calendar, revision, legal_basis,
    ) = span  # fmt: skip
    return [
        clock,
        stage,
        round_,
        stamps[from_at],
        stamps[to_at],
        state.value,
        party.value,
        None if limit is None else [limit.amount, limit.unit.value],
        extended,
        total,
        started_on,
        stamps[started_at],
        counts_from,
        used_before,
        due_on,
        stamps[due_at],
        latest_due_on,
        stamps[yellow_at],
        [[rung, stamps[at]] for rung, at in warnings],
        list(after),
        stamps[stopped_at],
        provisional,
        fixed,
        calendar,
        revision,
        legal_basis,
    ]


def spell_view(view: dict[str, Json]) -> bytes:
    """The view as bytes, to be sealed."""
    return to_json(view)


def read_view(spelled: bytes) -> dict[str, Any]:
    """The view that `spell_view` spelled."""
    view: dict[str, Any] = json.loads(spelled)
    return view


def spans_of_view(view: Stored, at: datetime | None = None) -> list[Span]:
    """The spans of a view, all of them or only those that cover an instant."""
    if at is None:
        return [read_span(row) for row in view["spans"]]
    text = stamp(at)
    return [read_span(row) for row in view["spans"] if row[3] <= text and (row[4] is None or row[4] > text)]


def stretches_of_view(view: Stored) -> list[Stretch]:
    """The stretches of a view."""
    return [
        Stretch(datetime.fromisoformat(from_at), read_instant(to_at), STATUSES[status], department, section, officer)
        for from_at, to_at, status, department, section, officer in view["stretches"]
    ]


def read_instant(text: str | None) -> datetime | None:
    """The instant that `stamped` spelled."""
    return None if text is None else datetime.fromisoformat(text)


def read_span(row: Sequence[Any]) -> Span:
    """The span that `spelled_span` spelled."""
    limit = row[7]
    return Span(
        row[0],
        row[1],
        row[2],
        datetime.fromisoformat(row[3]),
        read_instant(row[4]),
        STATES[row[5]],
        PARTIES[row[6]],
        None if limit is None else Limit(limit[0], UNITS[limit[1]]),
        row[8],
        row[9],
        row[10],
        read_instant(row[11]),
        row[12],
        row[13],
        row[14],
        read_instant(row[15]),
        row[16],
        read_instant(row[17]),
        tuple(Warning_(rung, read_instant(reached)) for rung, reached in row[18]),
        tuple(row[19]),
        read_instant(row[20]),
        row[21],
        row[22],
        row[23],
        row[24],
        row[25],
    )


assert len(Span._fields) == 26, "spelled_span and read_span name every field of a span"  # noqa: S101
