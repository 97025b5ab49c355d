"""Applications as the rules look at them: their steps, spans and holders as they are on record."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import queries as record
from app.applications.history import Opened
from app.applications.models import SpanRow, StretchRow
from app.applications.projection import STATUSES
from app.applications.queries import SPAN_COLUMNS, span_of
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.owners import finish_of, leading_pieces, taken_out
from app.domain.spans import ClockState, Span, Stretch
from app.domain.steps import SYSTEM, Status, Step, StepType
from app.findings.cases import Case, Entry, Fact

__all__ = ["cases_of", "fact_of"]

DOCUMENTS = ("document", "documents")
OUTCOMES = {
    StepType.DECIDE: Status.DECIDED,
    StepType.REFUSE: Status.REFUSED,
    StepType.WITHDRAW: Status.WITHDRAWN,
    StepType.TERMINATE: Status.TERMINATED,
    StepType.CLOSE: Status.CLOSED,
}
SILENCE = "silence"
MIDNIGHT = (0, 0, 0, 0)
MINUTES_AN_HOUR = 60


async def cases_of(tx: AsyncConnection, numbers: Sequence[str]) -> list[Case]:
    """These applications, in four statements however many they are."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for row in await tx.execute(
        select(*SPAN_COLUMNS, SpanRow.number)
        .where(SpanRow.number.in_(numbers))
        .order_by(SpanRow.number, SpanRow.clock, SpanRow.stage, SpanRow.round, SpanRow.from_at)
    ):
        spans[row[-1]].append(span_of(row))
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for number, from_at, to_at, status, department, section, officer in await tx.execute(
        select(
            StretchRow.number,
            StretchRow.from_at,
            StretchRow.to_at,
            StretchRow.status,
            StretchRow.department,
            StretchRow.section,
            StretchRow.officer,
        )
        .where(StretchRow.number.in_(numbers))
        .order_by(StretchRow.number, StretchRow.from_at)
    ):
        stretches[number].append(Stretch(from_at, to_at, STATUSES[status], department, section, officer))
    opened = await record.load(tx, numbers, sealer=None, lock=False)
    return [case_of(one, spans[one.number], stretches[one.number]) for one in opened if stretches[one.number]]


def case_of(opened: Opened, spans: Sequence[Span], stretches: Sequence[Stretch]) -> Case:
    """One of them."""
    names = {span.calendar for span in spans} | {opened.head.calendar}
    calendars: dict[str, Calendar] = {name: catalogue.named(name) for name in names}
    entries = [entry_of(opened, step) for step in opened.dossier.steps if step.type not in SYSTEM]
    calendar = calendars[opened.head.calendar]
    imported = opened.head.source == "import"
    return Case(opened.number, opened.dossier.item, calendar, imported, entries, spans, stretches, calendars)


def entry_of(opened: Opened, step: Step) -> Entry:
    """A step that holds; where an amendment says when it happened, it is the amendment that entered it."""
    seq, recorded_at, imported = step.seq, step.recorded_at or step.at, step.imported
    stated = next((one for one in opened.dossier.recorded if one.seq == step.seq), step)
    for amendment in opened.dossier.amendments:
        moved = amendment.step is not None and amendment.of == step.seq
        if moved and (stated.at != step.at or stated.fixed_due != step.fixed_due):
            seq, imported = amendment.seq, False
            recorded_at = amendment.recorded_at or recorded_at
    body = next((fact.body for fact in opened.facts if fact.step.seq == step.seq), {})
    return Entry(
        seq=seq,
        type=step.type,
        at=step.at,
        recorded_at=recorded_at,
        imported=imported,
        ground=step.ground,
        clock=step.clock,
        stage=step.stage,
        amount=step.amount,
        result=step.result,
        documented=any(name in body for name in DOCUMENTS),
        fixed={one.clock: one.due_at for one in step.fixed_due},
    )


def fact_of(case: Case) -> Fact | None:
    """What of an application is compared with others, once it is completed."""
    finish = finish_of(case.stretches)
    receipt = next((stretch for stretch in case.stretches if stretch.status is not Status.SUBMITTED), None)
    if finish is None or receipt is None or receipt.from_at > finish.from_at:
        return None
    calendar = case.calendar
    local = calendar.local(finish.from_at)
    day, received_day = calendar.day_of(finish.from_at), calendar.day_of(receipt.from_at)
    brought = [OUTCOMES[entry.type] for entry in case.entries if entry.at == finish.from_at and entry.type in OUTCOMES]
    elapsed = max(0, day - received_day)
    out = []
    if any(span.state is ClockState.PAUSED for span in case.spans):
        out = taken_out(leading_pieces(case.spans), day, calendar)
    hours = calendar.hours(day)
    holder = case.holder_at(finish.from_at)
    return Fact(
        case.number,
        case.item.code,
        *holder,
        str(brought[0]) if brought else SILENCE,
        received_day,
        day,
        local.hour * MINUTES_AN_HOUR + local.minute,
        (local.hour, local.minute, local.second, local.microsecond) != MIDNIGHT,
        not is_worked(calendar, day),
        hours[0][0] if hours else None,
        hours[-1][1] if hours else None,
        finish.from_at,
        int((finish.from_at - receipt.from_at).total_seconds()),
        elapsed,
        min(elapsed, sum(end - max(begin, received_day) for begin, end in out if end > received_day)),
    )


def is_worked(calendar: Calendar, day: int) -> bool:
    """Whether the day was worked; before the first edition by the weekly pattern."""
    if calendar.first is not None and day < calendar.first:
        return (day - 1) % 7 + 1 not in calendar.weekend
    return calendar.is_working(day)
