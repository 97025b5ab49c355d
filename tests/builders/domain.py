"""Dossiers for tests of the law: items, calendars and histories named by what happened."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from app.calendars import catalogue
from app.domain import procedure
from app.domain.calendar import NO_HOURS, Calendar, DayRule, WeeklyHours
from app.domain.clocks import Clock
from app.domain.items import (
    DEFAULT_WARN,
    ClockRule,
    Count,
    DueTime,
    EndRule,
    Extension,
    Item,
    OnExpiry,
    Party,
    ReceiptRule,
    Stage,
    StartRule,
    Warn,
)
from app.domain.refusal import Refusal
from app.domain.replay import Standing, replay
from app.domain.steps import Dossier, FixedDue, Step, StepType
from app.domain.units import Limit, Unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
WD, CD, MONTH = Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.MONTH
HOUR, MINUTE = Unit.WORKING_HOUR, Unit.WORKING_MINUTE
FINALS = frozenset({"refused", "withdrawn", "terminated", "closed"})


def instant(text: str) -> datetime:
    """`2025-01-13` is 09:00 of that day in Shanghai, `2025-01-13 17:00` that time; in UTC."""
    parsed = datetime.fromisoformat(text)
    if len(text) == 10:
        parsed = datetime.combine(parsed.date(), time(9))
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=SHANGHAI)
    return parsed.astimezone(UTC)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def text_of(ordinal: int | None) -> str | None:
    return None if ordinal is None else date.fromordinal(ordinal).isoformat()


def wall(moment: datetime | None) -> str | None:
    """An instant as the clock on a wall in Shanghai shows it."""
    return None if moment is None else moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def china() -> Calendar:
    """The nation's calendar as last published."""
    return catalogue.newest("CN")


def a_calendar(*, off: tuple[str, ...] = (), worked: tuple[str, ...] = (), hours: WeeklyHours = NO_HOURS) -> Calendar:
    """Weekends off, and nothing else but what is named."""
    days = {day(one): DayRule(False) for one in off} | {day(one): DayRule(True) for one in worked}
    return Calendar("X", 1, SHANGHAI, days=days, weekly_hours=hours)


def a_count(unit: Unit, *, start: str = "next_day", end: str | None = None, due: str = "end_of_day") -> Count:
    return Count(StartRule(start), EndRule(end) if end else Count.default(unit).end_rule, DueTime(due))


def a_clock(
    kind: str,
    amount: int,
    unit: Unit = WD,
    *,
    starts: str = "accepted",
    stops: frozenset[str] = frozenset({"decided", "withdrawn", "terminated"}),
    pauses_for: frozenset[str] = frozenset(),
    extension: tuple[int, int] | None = None,
    count: Count | None = None,
    warn: tuple[Warn, ...] = DEFAULT_WARN,
    stage: str = "",
    on_expiry: str = "overdue",
    restarts_on: str | None = None,
    party: str = "agency",
) -> ClockRule:
    """One clock, by default from acceptance to decision in working days."""
    return ClockRule(
        kind,
        starts,
        stops,
        Limit(amount, unit),
        count or Count.default(unit),
        stage=stage,
        pauses_for=pauses_for,
        extension=None if extension is None else Extension(*extension),
        warn=warn,
        on_expiry=OnExpiry(on_expiry),
        restarts_on=frozenset() if restarts_on is None else frozenset({restarts_on}),
        party=Party(party),
    )


def a_stage(
    code: str,
    amount: int | None = None,
    unit: Unit = WD,
    *,
    pauses_for: frozenset[str] = frozenset(),
    extension: tuple[int, int] | None = None,
    department: str | None = None,
    section: str | None = None,
    before_acceptance: bool = False,
) -> Stage:
    """One stage; without an amount it has no clock."""
    clock = None
    if amount is not None:
        stops = frozenset({f"completed:{code}"})
        clock = a_clock(
            "stage",
            amount,
            unit,
            starts=f"started:{code}",
            stops=stops,
            pauses_for=pauses_for,
            extension=extension,
            stage=code,
        )
    return Stage(code, code, department, section, before_acceptance, clock)


def an_item(
    *clocks: ClockRule, stages: tuple[Stage, ...] = (), receipt_rule: ReceiptRule = ReceiptRule.SYSTEM_ENTRY
) -> Item:
    return Item.build("item", 1, "D1", clocks=clocks, stages=stages, receipt_rule=receipt_rule)


@dataclass(frozen=True)
class History:
    """A dossier under construction: each step recorded when it happened, or later where `recorded` says so."""

    dossier: Dossier

    def step(self, kind: str, at: str, *, recorded: str | None = None, **said: Any) -> "History":
        """One more step, recorded as the next, wherever it lies in time."""
        return History(self.dossier.with_step(self.next_step(kind, at, recorded=recorded, **said)))

    def next_step(self, kind: str, at: str, *, recorded: str | None = None, **said: Any) -> Step:
        """The step that would be recorded next; what a step says depends on its type, so `said` is not typed."""
        seq = len(self.dossier.steps) + 1
        base = Step(type=StepType(kind), at=instant(at), seq=seq, id=str(seq), recorded_at=instant(recorded or at))
        return replace(base, **said)

    def refusal(self, kind: str, at: str, *, now: str | None = None, **said: Any) -> Refusal | None:
        """What the law says against a step entered at `now`; None when it allows it."""
        try:
            procedure.check(self.dossier, self.next_step(kind, at, **said), now=instant(now or at))
        except Refusal as refused:
            return refused
        return None

    def lawfully(self, kind: str, at: str, **said: Any) -> "History":
        """One more step, which the law allows."""
        procedure.check(self.dossier, self.next_step(kind, at, **said), now=instant(at))
        return self.step(kind, at, **said)

    def received(self, at: str, *, fixed: dict[str, str] | None = None, **said: Any) -> "History":
        ends = tuple(FixedDue(kind, instant(end)) for kind, end in (fixed or {}).items())
        return self.step("receive", at, fixed_due=ends, **said)

    def accepted(self, at: str) -> "History":
        return self.step("accept", at)

    def paused(self, at: str, ground: str = "hearing", *, announced: Limit | None = None) -> "History":
        return self.step("pause", at, ground=ground, announced=announced)

    def resumed(self, at: str, *, pause_id: str = "") -> "History":
        return self.step("resume", at, pause_id=pause_id)

    def extended(self, at: str, amount: int, *, clock: str = "statutory", **said: Any) -> "History":
        return self.step("extend", at, clock=clock, amount=amount, **said)

    def at(self, moment: str) -> Standing:
        return replay(self.dossier, instant(moment))

    def clock(self, kind: str, moment: str, *, stage: str = "", round_: int | None = None) -> Clock:
        """The clock of that kind at that instant; of a stage its last round."""
        found = [c for c in self.at(moment).clocks if (c.kind, c.stage) == (kind, stage)]
        return next(c for c in reversed(found) if round_ is None or c.round == round_)


def a_history(item: Item, calendar: Calendar | None = None) -> History:
    return History(Dossier(item, calendar or china(), ()))
