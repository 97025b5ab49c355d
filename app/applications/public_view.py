"""What the public reads of an application: steps and forecast as one document, spelled to be sealed, and read again.

Pure: nothing is read or written here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json

from app.applications.events import Fact, Stored
from app.applications.projection import PARTIES, STATES, STATUSES, UNITS, Head, read_instant, stamped
from app.applications.silence import ARTICLES
from app.domain.chain import Json, stamp
from app.domain.items import Item
from app.domain.silence import outcome_of
from app.domain.spans import Forecast, Span, Stretch, Warning_
from app.domain.steps import StepType
from app.domain.units import Limit

__all__ = [
    "SEEN_TYPES",
    "read_span",
    "read_view",
    "spans_of_view",
    "spell_view",
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

ENDS = frozenset({StepType.DECIDE, StepType.REFUSE, StepType.WITHDRAW, StepType.TERMINATE, StepType.CLOSE})


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
