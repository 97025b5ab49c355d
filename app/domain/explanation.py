"""Why a clock ends when it does: every day from its start to its end, the articles applied, each change of the end.

Codes and values only; the words for them are the reader's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.changes import Cause, Change, changes_of
from app.domain.clocks import Clock
from app.domain.explained_days import DayCount, full_at
from app.domain.folds import Fold, days_ahead
from app.domain.forecast import forecast, spans_under
from app.domain.items import ClockRule, DueTime, EndRule, StartRule
from app.domain.pieces import CORRECTION, Line, holds_of, pieces_of
from app.domain.replay import standing_in
from app.domain.silence import FROM_RECEIPT, Deemed, outcome_of
from app.domain.spans import Forecast, Span
from app.domain.steps import Dossier, Step
from app.domain.units import MICROSECONDS, Unit

__all__ = ["ARTICLES", "Applied", "Explanation", "Rule", "explain"]


class Rule(StrEnum):
    """A rule that was applied to a clock."""

    LIMIT = "limit"
    START_NEXT_DAY = "start_next_day"
    START_SAME_DAY = "start_same_day"
    START_ROLLED = "start_rolled"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    CORRESPONDING_DAY = "corresponding_day"
    FROM_THE_MOMENT = "from_the_moment"
    WORKING_TIME = "working_time"
    PAUSE = "pause"
    CORRECTION = "correction"
    SUSPENSION = "suspension"
    EXTENSION = "extension"
    ROLLED = "rolled"
    END_OF_DAY = "end_of_day"
    CLOSE_OF_BUSINESS = "close_of_business"
    SAME_TIME = "same_time"
    NEXT_OPENING = "next_opening"
    CAPPED = "capped"
    FIXED = "fixed"
    DEEMED = "deemed"
    PROVISIONAL = "provisional"


ARTICLES: dict[Rule, str] = {
    Rule.START_NEXT_DAY: "民法典 第二百零一条",
    Rule.WORKING_DAYS: "行政许可法 第八十二条",
    Rule.CALENDAR_DAYS: "民法典 第二百条",
    Rule.CORRESPONDING_DAY: "民法典 第二百零二条",
    Rule.FROM_THE_MOMENT: "民法典 第二百零一条",
    Rule.PAUSE: "行政许可法 第四十五条",
    Rule.CORRECTION: "行政许可法 第三十二条",
    Rule.EXTENSION: "行政许可法 第四十二条",
    Rule.ROLLED: "民法典 第二百零三条",
    Rule.END_OF_DAY: "民法典 第二百零三条",
    Rule.CLOSE_OF_BUSINESS: "民法典 第二百零三条",
    Rule.DEEMED: "行政许可法 第三十二条",
}
"""The article behind a rule; the others are ordered by the item, by a notice or for the one application."""

_BY_UNIT = {
    Unit.WORKING_DAY: Rule.WORKING_DAYS,
    Unit.CALENDAR_DAY: Rule.CALENDAR_DAYS,
    Unit.MONTH: Rule.CORRESPONDING_DAY,
}
_BY_DUE_TIME = {
    DueTime.END_OF_DAY: Rule.END_OF_DAY,
    DueTime.CLOSE_OF_BUSINESS: Rule.CLOSE_OF_BUSINESS,
    DueTime.SAME_TIME: Rule.SAME_TIME,
}


class Applied(NamedTuple):
    """A rule that was applied, and the article that orders it; None where the item or the application does."""

    rule: Rule
    article: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clock as it stands at an instant, and how its end comes about; `count` is None for one that has not begun."""

    clock: Clock
    calendar: Calendar
    count: DayCount | None
    articles: tuple[Applied, ...]
    changes: tuple[Change, ...]


def explain(dossier: Dossier, at: datetime) -> tuple[Explanation, ...]:
    """All clocks of an application at an instant, each with its reasons, in the order in which they are shown.

    What happened after the instant is not known yet; from there on time alone carries the clocks on. The days are those
    of the edition in force then, or of the one under which the clock stopped.
    """
    drawn = forecast(dossier)
    known = tuple(step for step in dossier.steps if step.at <= at)
    rules = {(rule.kind, rule.stage): rule for rule in dossier.item.clocks}
    rules |= {(s.clock.kind, s.clock.stage): s.clock for s in dossier.item.stages if s.clock is not None}
    alone: dict[datetime, tuple[Span, ...]] = {}
    found = []
    standing = standing_in(drawn, dossier, at)
    for clock in standing.clocks:
        key = (clock.kind, clock.stage, clock.round)
        rule = rules.get((clock.kind, clock.stage))
        fold = dossier.fold_at(at if clock.stopped_at is None else clock.stopped_at)
        spans = alone.get(fold.from_at)
        if spans is None:
            spans = alone[fold.from_at] = _carried_on(dossier, fold, known, drawn)
        of_clock = [span for span in spans if span[:3] == key and span.started_on == clock.started_on]
        count = _count(clock, rule, fold, list(_up_to_its_end(of_clock, clock, at)), known, at)
        seen = [span for span in drawn.spans if span[:3] == key and span.from_at <= at]
        changes = changes_of(rule, seen, known, dossier.folds or (fold,))
        explained = Explanation(clock, fold.calendar, count, (), changes)
        found.append(replace(explained, articles=tuple(_applied(explained, rule, standing.deemed))))
    return tuple(found)


def _up_to_its_end(spans: Sequence[Span], clock: Clock, at: datetime) -> Iterator[Span]:
    """The spans that make the end which is shown: silence may yet give a stage's promise a start, and it an end."""
    end = clock.due_on if clock.due_on is not None else clock.latest_due_on
    for span in spans:
        if span.from_at > at and (span.due_on if span.due_on is not None else span.latest_due_on) != end:
            return
        yield span


def _carried_on(dossier: Dossier, fold: Fold, known: tuple[Step, ...], drawn: Forecast) -> tuple[Span, ...]:
    """The spans of what is known, as one fold has the whole of it, carried on by time alone."""
    if not dossier.folds and len(known) == len(dossier.steps):
        return drawn.spans
    settled = tuple(deemed for deemed in drawn.deemed if deemed.at < fold.from_at)
    return spans_under(replace(dossier, steps=known), fold, settled)


def _count(
    clock: Clock,
    rule: ClockRule | None,
    fold: Fold,
    spans: Sequence[Span],
    known: tuple[Step, ...],
    at: datetime,
) -> DayCount | None:
    calendar = fold.calendar
    start, started_at = clock.started_on, clock.started_at
    if start is None or started_at is None or not spans:
        return None
    unit = None if clock.limit is None else clock.limit.unit
    line = Line(calendar, unit in MICROSECONDS)
    if line.by_moment:
        base = line.place(started_at)
    else:
        base = start - 1 if rule is not None and rule.count.start_rule is StartRule.SAME_DAY else start
    last = clock.due_on if clock.due_on is not None else clock.latest_due_on
    first = min(calendar.day_of(spans[0].from_at), start)
    grounds = frozenset[str]() if rule is None else rule.pauses_for
    return DayCount(
        calendar=calendar,
        unit=unit,
        started_on=start,
        first=first,
        last=max(start, calendar.day_of(at)) if last is None else max(first, last),
        base=base,
        total=spans[-1].total,
        pieces=pieces_of(
            spans,
            line,
            holds_of(known, line, grounds),
            () if spans[-1].fixed else days_ahead(fold.suspensions).get(clock.kind, ()),
            base=base,
            at=at,
        ),
        suspensions=tuple(one for one in fold.suspensions if clock.kind in one.clocks),
    )


# The articles


def _applied(explained: Explanation, rule: ClockRule | None, deemed: Sequence[Deemed]) -> Iterator[Applied]:
    """The rules that made the end what it is, in the order in which they are applied."""
    clock, count = explained.clock, explained.count
    if clock.legal_basis is not None:
        yield Applied(Rule.LIMIT, clock.legal_basis)
    if count is None:
        return
    rules: list[Rule] = []
    causes = {change.cause for change in explained.changes}
    if Cause.DEEMED in causes:
        yield Applied(Rule.DEEMED, _basis_of_silence(rule, deemed))
    if rule is None or clock.limit is None or count.total is None:
        rules.append(Rule.FIXED)
    else:
        rules += _of_start(count, rule, clock.limit.unit)
        rules += _of_pauses(count)
        if clock.extended:
            rules.append(Rule.EXTENSION)
        rules += _of_end(clock, count, rule, capped=Cause.CAPPED in causes)
    if clock.provisional:
        rules.append(Rule.PROVISIONAL)
    for one in rules:
        yield Applied(one, ARTICLES.get(one))


def _basis_of_silence(rule: ClockRule | None, deemed: Sequence[Deemed]) -> str | None:
    """The article by which silence started a clock: that of the clock that ran out, else the one behind its effect."""
    effect = next((one for one in deemed if rule is not None and outcome_of(one.effect).moment == rule.starts), None)
    if effect is None or effect.legal_basis is not None:
        return None if effect is None else effect.legal_basis
    return ARTICLES[Rule.DEEMED] if effect.effect is FROM_RECEIPT else None


def _of_start(count: DayCount, rule: ClockRule, unit: Unit) -> Iterator[Rule]:
    """Where the count begins, and in what it is counted."""
    if count.length is not None:
        yield Rule.FROM_THE_MOMENT
        yield Rule.WORKING_TIME
        return
    if rule.count.start_rule is StartRule.SAME_DAY:
        yield Rule.START_SAME_DAY
    else:
        if count.first < count.started_on:
            yield Rule.START_ROLLED
        yield Rule.START_NEXT_DAY
    yield _BY_UNIT[unit]


def _of_pauses(count: DayCount) -> Iterator[Rule]:
    """What was taken out."""
    out = [piece for piece in count.pieces if piece.taken_out]
    grounds = {step.ground or CORRECTION for piece in out for step in piece.pauses}
    if grounds - {CORRECTION}:
        yield Rule.PAUSE
    if CORRECTION in grounds:
        yield Rule.CORRECTION
    if any(not piece.pauses for piece in out):
        yield Rule.SUSPENSION


def _of_end(clock: Clock, count: DayCount, rule: ClockRule, *, capped: bool) -> Iterator[Rule]:
    """What made the last day the last."""
    end = clock.due_on if clock.due_on is not None else clock.latest_due_on
    full = full_at(count)
    same_time = rule.count.due_time is DueTime.SAME_TIME
    if end is not None and full is not None and end > full:
        yield Rule.ROLLED
    if capped or (clock.stage and end is not None and _is_cut_off(end, count, full, same_time=same_time)):
        yield Rule.CAPPED
    if count.length is None:
        yield _BY_DUE_TIME[rule.count.due_time]
    elif rule.count.end_rule is EndRule.ROLL_FORWARD:
        yield Rule.NEXT_OPENING


def _is_cut_off(end: int, count: DayCount, full: int | None, *, same_time: bool) -> bool:
    """Whether the end lies before the one that the limit alone would have: a stage that the promise caps."""
    if count.length is not None and count.total is not None:
        worked = sum(piece.end - piece.begin for piece in count.pieces if not piece.taken_out)
        return worked < count.total * count.length
    return full is not None and end < full and not same_time
