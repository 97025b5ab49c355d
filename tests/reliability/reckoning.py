"""When each rung of each agency clock was crossed, counted day by day: the oracle's own law.

It shares no code with the service, and no method: no spans, no arithmetic of ranks, one day after the other. It knows
what the items of the fault tests use: `working_day`, `calendar_day`, the default count rules, pauses with and without
an announced length, extensions, stages, fixed ends, and the three kinds of rungs in days.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, NamedTuple

__all__ = ["BEIJING", "Crossing", "Days", "crossings"]

Json = Mapping[str, Any]  # a JSON object

BEIJING = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
MOMENTS = {
    "receive": "received",
    "request_correction": "correction_requested",
    "submit_correction": "corrected",
    "accept": "accepted",
    "refuse": "refused",
    "decide": "decided",
    "publish": "published",
    "deliver": "delivered",
    "withdraw": "withdrawn",
    "terminate": "terminated",
    "close": "closed",
}
FINAL = {"refused", "withdrawn", "terminated", "closed"}
DEFAULT_WARN: list[Json] = [{"before": {"amount": 1, "unit": "working_day"}}]
FOREVER = datetime.max.replace(tzinfo=BEIJING)


@dataclass(frozen=True)
class Days:
    """A little calendar: Saturdays and Sundays rest, but for what is named."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day in self.workdays or (day.isoweekday() < 6 and day not in self.holidays)

    def counts(self, day: date, unit: str) -> bool:
        if unit not in ("working_day", "calendar_day"):
            raise ValueError(f"the oracle does not count in {unit}")
        return unit == "calendar_day" or self.works(day)

    def go(self, day: date, amount: int, unit: str, step: int) -> date:
        """So many counted days from `day`, which is not counted, onwards or (`step` -1) back."""
        while amount:
            day += step * DAY
            amount -= self.counts(day, unit)
        return day


class Crossing(NamedTuple):
    """A rung was crossed: `at` is the first instant at which it shows."""

    clock: str
    stage: str | None
    rung: int
    kind: str
    due_at: datetime
    at: datetime


@dataclass
class Pause:
    ground: str
    begin: datetime
    step: str
    announced: Json | None
    end: datetime | None = None

    def announced_to(self, days: Days) -> date | None:
        """The last day of its announced length."""
        if self.announced is None:
            return None
        return days.go(day_of(self.begin), int(self.announced["amount"]), str(self.announced["unit"]), 1)

    def over_at(self, days: Days) -> datetime:
        """From when on it stops nothing."""
        last = self.announced_to(days)
        lapse = FOREVER if last is None else midnight(last + DAY)
        return min(lapse, FOREVER if self.end is None else self.end)

    def takes_out(self, day: date, days: Days) -> bool:
        """It takes out the days after its first one, to the one on which it ended, or its announced length."""
        last = self.announced_to(days)
        until = min(date.max if last is None else last, date.max if self.end is None else day_of(self.end))
        return day_of(self.begin) < day <= until


@dataclass
class Clock:
    """One clock of one application, as it develops while the steps are gone through."""

    kind: str
    stage: str | None
    amount: int | None
    unit: str
    starts: set[str]
    stops: set[str]
    grounds: set[str]
    warn: Sequence[Json]
    fixed: datetime | None = None
    started: datetime | None = None
    stopped: bool = False
    extended: int = 0
    ignored: list[Pause] = field(default_factory=list)
    last_due: datetime | None = None
    crossed: set[int] = field(default_factory=set)


def day_of(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clocks_of(item: Json, receipt: Json) -> list[Clock]:
    """The clocks that the item, and the receipt's fixed ends, give to an application."""
    made = [
        Clock(
            kind=clock["kind"],
            stage=None,
            amount=clock["limit"]["amount"],
            unit=clock["limit"]["unit"],
            starts={clock["starts"]},
            stops=set(clock["stops"]) | FINAL,
            grounds=set(clock.get("pauses_for", ())),
            warn=clock.get("warn") or DEFAULT_WARN,
        )
        for clock in item["clocks"]
        if clock.get("party", "agency") == "agency"
    ]
    for stage in item.get("stages", ()):
        if stage.get("limit"):
            code = stage["code"]
            made.append(
                Clock(
                    kind="stage",
                    stage=code,
                    amount=stage["limit"]["amount"],
                    unit=stage["limit"]["unit"],
                    starts={f"started:{code}"},
                    stops={f"completed:{code}", "decided"} | FINAL,
                    grounds=set(stage["pauses_for"]),
                    warn=stage.get("warn") or DEFAULT_WARN,
                )
            )
    for kind, end in (receipt.get("fixed_due") or {}).items():
        own = next((clock for clock in made if clock.kind == kind), None)
        if own is None:
            own = Clock(kind, None, None, "calendar_day", {"received"}, {"decided"} | FINAL, set(), DEFAULT_WARN)
            made.append(own)
        own.fixed = instant_of(end)
    return made


def moment_of(step: Json) -> str | None:
    if step["type"] in ("start_stage", "complete_stage"):
        return f"{'started' if step['type'] == 'start_stage' else 'completed'}:{step['stage']}"
    return MOMENTS.get(step["type"])


class Count:
    """What a running clock shows: its due instant and the days that counted.

    A stage is never due later than `others`, the promise and the statutory clock, while these run.
    """

    def __init__(self, clock: Clock, pauses: Sequence[Pause], days: Days, others: Sequence[Clock] = ()) -> None:
        assert clock.started is not None
        self.start = day_of(clock.started)
        self.days = days
        self.clock = clock
        self.counted: list[date] = []
        if clock.fixed is not None:
            self.due_at = clock.fixed
            self.due_on = day_of(clock.fixed - timedelta(microseconds=1))
            self.last = self.due_on
            return
        assert clock.amount is not None
        mine = [pause for pause in pauses if pause.ground in clock.grounds and pause not in clock.ignored]
        day = self.start
        while len(self.counted) < clock.amount + clock.extended:
            day += DAY
            if days.counts(day, clock.unit) and not any(pause.takes_out(day, days) for pause in mine):
                self.counted.append(day)
        self.last = day
        while not days.works(day):
            day += DAY
        self.due_on = day
        self.due_at = midnight(day + DAY)
        if clock.stage is not None:
            for other in others:
                if other.kind in ("promise", "statutory"):
                    first = Count(other, pauses, days)
                    if first.due_at < self.due_at:
                        self.due_on, self.due_at = first.due_on, first.due_at

    def rungs(self) -> Iterator[tuple[int, str, datetime]]:
        """Each rung with its kind and the instant at which it lies."""
        yield 0, "overdue", self.due_at
        local = self.due_at.astimezone(BEIJING)
        inside = local - midnight(local.date())
        for place, rung in enumerate(self.clock.warn, start=1):
            if "at_share" in rung:
                need = math.ceil(rung["at_share"] * len(self.counted))
                at = midnight(self.counted[need - 1] if need else self.start)
            elif "before" in rung:
                at = midnight(self.days.go(self.due_on, rung["before"]["amount"], rung["before"]["unit"], -1)) + inside
            else:
                day = self.days.go(self.due_on, rung["after"]["amount"], rung["after"]["unit"], 1)
                at = midnight(day) + (inside or DAY)
            yield place, "escalation" if "after" in rung else "warning", max(at, midnight(self.start))


def crossings(item: Json, steps: Sequence[Json], days: Days, until: datetime) -> list[Crossing]:
    """All crossings at or before `until`, by the steps given, each with the instant at which it first shows."""
    ordered = sorted(steps, key=lambda step: (instant_of(step["occurred_at"]), step["seq"]))
    clocks = clocks_of(item, next(step for step in ordered if step["type"] == "receive"))
    pauses: list[Pause] = []
    found: list[Crossing] = []
    for place, step in enumerate(ordered):
        at = instant_of(step["occurred_at"])
        following = instant_of(ordered[place + 1]["occurred_at"]) if place + 1 < len(ordered) else FOREVER
        take(step, at, clocks, pauses, days)
        edges = sorted({at} | {p.over_at(days) for p in pauses if at < p.over_at(days) < following})
        for edge, end in zip(edges, [*edges[1:], following], strict=True):
            for clock in clocks:
                found.extend(look(clock, clocks, pauses, days, edge, end))
    return [crossing for crossing in found if crossing.at <= until]


def take(step: Json, at: datetime, clocks: Sequence[Clock], pauses: list[Pause], days: Days) -> None:
    """What a step does to pauses and clocks."""
    moment = moment_of(step)
    if step["type"] in ("pause", "request_correction"):
        new = Pause(step.get("ground", "correction"), at, step["id"], step.get("announced"))
        for clock in clocks:
            if clock.started is not None and not clock.stopped and clock.fixed is None:
                before = Count(clock, pauses, days)
                if day_of(at) >= before.last:
                    clock.ignored.append(new)
        pauses.append(new)
    if step["type"] in ("resume", "submit_correction"):
        correction = step["type"] == "submit_correction"
        fitting = [p for p in pauses if p.end is None and (p.ground == "correction") == correction]
        named = [p for p in fitting if p.step == step.get("pause_id")]
        (named or fitting)[-1].end = at
    if step["type"] == "extend":
        for clock in clocks:
            if clock.kind == step["clock"] and clock.stage == step.get("stage"):
                clock.extended += step["amount"]
    if moment == "decided" or moment in FINAL:
        for pause in pauses:
            pause.end = pause.end or at
    for clock in clocks:
        if clock.started is None and moment in clock.starts:
            clock.started = at
        elif clock.started is not None and moment in clock.stops:
            clock.stopped = True


def look(
    clock: Clock, clocks: Sequence[Clock], pauses: Sequence[Pause], days: Days, begin: datetime, end: datetime
) -> Iterator[Crossing]:
    """What the clock crosses in `[begin, end)`, in which nothing happens but time."""
    if clock.started is None or clock.stopped:
        return
    open_ = stopping(clock, pauses, days, begin)
    if any(pause.announced is None for pause in open_):
        return
    running = [
        other
        for other in clocks
        if other.started is not None and not other.stopped and not stopping(other, pauses, days, begin)
    ]
    count = Count(clock, pauses, days, running)
    if count.due_at != clock.last_due:  # a new revision: its rungs are crossed anew
        clock.last_due = count.due_at
        clock.crossed = set()
    if open_:
        return
    for rung, kind, lies_at in count.rungs():
        at = max(lies_at, begin)
        if rung not in clock.crossed and at < end:
            clock.crossed.add(rung)
            yield Crossing(clock.kind, clock.stage, rung, kind, count.due_at, at)


def stopping(clock: Clock, pauses: Sequence[Pause], days: Days, at: datetime) -> list[Pause]:
    """The pauses that stop the clock at an instant."""
    return [
        pause
        for pause in pauses
        if clock.fixed is None
        and pause.ground in clock.grounds
        and pause not in clock.ignored
        and pause.begin <= at < pause.over_at(days)
    ]
