"""One clock, drawn from what happened: where it begins, what is taken out, where it ends, how it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from tests.law.engine.course import Happening, World, pauses, received_at
from tests.law.engine.days import ONE_DAY, Calendar
from tests.law.engine.walk import (
    Hold,
    announced_end,
    corresponding,
    first_open,
    into_hours,
    moment_after,
    nth_day,
    seconds,
)
from tests.law.engine.wire import FINAL, WORKING_TIME, Limit, Rule, day, instant


@dataclass(frozen=True)
class Run:
    """One count of a clock: from which happening, to which."""

    began: int
    stopped: int | None = None
    how: str | None = None  # named, final, deemed
    restarted: bool = False


def lives(rule: Rule, happened: Sequence[Happening]) -> list[Run]:
    """Every round of a clock; more than one only for a stage, each as its last restart left it."""
    rounds: list[Run] = []
    for place, each in enumerate(happened):
        run = rounds[-1] if rounds else None
        ended = run is not None and run.stopped is not None
        begins = any(name in rule.starts for name in each.moments)
        if begins and (run is None or (rule.stage is not None and ended)):
            rounds.append(Run(place))
            continue
        if run is None:
            continue
        if any(name in rule.restarts_on for name in each.moments):
            rounds[-1] = Run(place, restarted=True)
        elif ended:
            continue
        elif each.type == "deemed" and each.clock == rule.kind and rule.stage is None:
            rounds[-1] = replace(run, stopped=place, how="deemed")
        elif any(name in rule.stops for name in each.moments):
            rounds[-1] = replace(run, stopped=place, how="named")
        elif any(name in FINAL for name in each.moments):
            rounds[-1] = replace(run, stopped=place, how="final")
    return rounds


@dataclass(frozen=True)
class Drawn:
    """A clock as it was drawn for one instant. `due_at` is None only while nobody knows when a pause ends."""

    rule: Rule
    cal: Calendar
    run: Run
    round: int | None
    start_moment: datetime  # after the receipt rule and the start rule
    started_on: date
    started_at: datetime
    first: date  # the first day that may count
    whole: int | None  # the limit with extensions, in its own unit (a month's in calendar days)
    unit: str
    holds: tuple[Hold, ...]  # those that take effect
    last_counted: date | None
    due_at: datetime | None
    fixed: bool
    stopped_at: datetime | None
    how: str | None
    capped: bool = False  # a stage that the promise or the statutory clock ends earlier

    @property
    def due_on(self) -> date | None:
        """The local day of the last instant before the end."""
        return None if self.due_at is None else self.cal.last_day_before(self.due_at)

    def paused_at(self, at: datetime) -> bool:
        """Whether a pause that takes effect holds the clock at an instant."""
        return any(hold.since <= at and (hold.until is None or at < hold.until) for hold in self.holds)

    def state(self, at: datetime) -> str:
        """The state at an instant that is not before the clock's beginning."""
        if self.stopped_at is not None:
            past = self.due_at is not None and self.stopped_at >= self.due_at
            if self.how == "deemed" or past:
                return "missed"
            return "void" if self.how == "final" else "met"
        if at < self.started_at:
            return "not_started"
        return "paused" if self.paused_at(at) else "running"


def start(world: World, cal: Calendar, rule: Rule, happening: Happening) -> tuple[datetime, date, datetime, date]:
    """Where a count begins: the moment, `started_on`, `started_at`, the first day that may count."""
    if happening.effective_on is not None and "accepted" in happening.moments:
        moment = cal.midnight(happening.effective_on)
    elif "received" in happening.moments:
        moment = received_at(world, cal, happening)
    else:
        moment = happening.at
    unit = rule.limit.unit if rule.limit else "calendar_day"
    if unit in WORKING_TIME:
        opens = first_open(cal, moment)
        return moment, cal.day_of(opens), opens, cal.day_of(opens)
    on = cal.day_of(moment)
    if rule.start_rule == "roll_then_next" and not cal.is_working(on):
        on = cal.next_working(on)
        moment = cal.opening(on)
    if rule.start_rule == "same_day":
        on = cal.next_working(on) if unit == "working_day" else on
        return moment, on, cal.midnight(on), on
    return moment, on, cal.midnight(on), on + ONE_DAY


def extended(rule: Rule, happened: Sequence[Happening], run: Run, until: datetime | None, place: int | None) -> int:
    """How much has been added to a limit since its count began, by a place in the history or by an instant."""
    total = 0
    for index, each in enumerate(happened):
        if each.type != "extend" or index <= run.began:
            continue
        if run.stopped is not None and index > run.stopped:
            continue
        if each.fields["clock"] != rule.kind or (rule.stage is not None and each.fields.get("stage") != rule.stage):
            continue
        if place is not None and index > place:
            continue
        if until is not None and each.at > until:
            continue
        total += int(each.fields["amount"])
    return total


def candidates(
    world: World, cal: Calendar, rule: Rule, happened: Sequence[Happening], run: Run, at: datetime
) -> list[Hold]:
    """Every pause and suspension that speaks of this clock, in the order of beginning."""
    stop = None if run.stopped is None else happened[run.stopped].at
    found: list[Hold] = []
    for each in pauses(list(happened)):
        if each.ground not in rule.pauses_for or (run.restarted and each.begun <= run.began):
            continue
        if run.stopped is not None and each.begun >= run.stopped:
            continue
        end = each.ended
        if each.over is not None and each.over <= run.began:
            continue  # over before this clock was started
        if stop is not None and (end is None or end > stop):
            end = stop
        last = None if end is None else cal.day_of(end)
        if each.announced is not None:
            capped = announced_end(cal, each.since, each.announced)
            capped_on = cal.last_day_before(capped)
            if rule.limit is None or rule.limit.unit not in WORKING_TIME:
                capped_on = max(capped_on, cal.day_of(each.since))
                capped = cal.midnight(capped_on + ONE_DAY)
            last = capped_on if last is None else min(last, capped_on)
            end = capped if end is None else min(end, capped)
        found.append(Hold(each.since, end, cal.day_of(each.since) + ONE_DAY, last, each.begun))
    for suspension in world.suspensions_at(at):
        if rule.kind in suspension.clocks:
            since = cal.midnight(suspension.first)
            if suspension.last is not None:  # its days are out, whatever becomes of the application meanwhile
                over = cal.midnight(suspension.last + ONE_DAY)
                found.append(Hold(since, over, suspension.first, suspension.last, -1))
            elif since <= at and (stop is None or since < stop):  # until it begins it says nothing of an end
                found.append(Hold(since, stop, suspension.first, None if stop is None else cal.day_of(stop), -1))
    return sorted(found, key=lambda hold: (hold.since, hold.place))


def _days_in(rule: Rule, started_on: date, extra: int) -> int:
    """A limit with its extensions as a number of days."""
    bound = rule.limit or Limit(0, "calendar_day")
    if bound.unit != "month":
        return bound.amount + extra
    end = corresponding(started_on, bound.amount + extra)
    if rule.start_rule == "same_day" and end.day < started_on.day:
        return (end - started_on).days + 1  # there is no corresponding day to end before: the month's end itself
    return (end - started_on).days


def _last_day(
    rule: Rule, cal: Calendar, unit: str, started_on: date, first: date, number: int, holds: list[Hold]
) -> date | None:
    """The last counted day, before it is rolled."""
    if number == 0 and rule.start_rule != "same_day":
        if unit != "working_day" or not any(hold.takes(started_on) for hold in holds):
            return cal.next_working(started_on) if unit == "working_day" else started_on
        return nth_day(cal, unit, started_on, 1, holds)
    return nth_day(cal, unit, first, number, holds)


def end_of(rule: Rule, cal: Calendar, start_moment: datetime, last: date) -> datetime:
    """The exclusive end of a limit whose last counted day is known."""
    if rule.due_time == "same_time":
        end = cal.moment(last, start_moment.astimezone(cal.zone).time())
        return into_hours(cal, end) if rule.end_rule == "roll_forward" else end
    if rule.end_rule == "roll_forward":
        last = cal.next_working(last)
    closing = cal.closing(last) if rule.due_time == "close_of_business" else None
    return cal.midnight(last + ONE_DAY) if closing is None else closing


def _fixed_end(cal: Calendar, text: str) -> datetime:
    return instant(text) if "T" in text else cal.midnight(day(text) + ONE_DAY)


def draw(world: World, rule: Rule, happened: Sequence[Happening], run: Run, at: datetime, number: int | None) -> Drawn:
    """Draw one count of a clock as of an instant."""
    stopped_at = None if run.stopped is None else happened[run.stopped].at
    stands = at if stopped_at is None else stopped_at
    cal = world.calendar_at(stands)
    moment, started_on, started_at, first = start(world, cal, rule, happened[run.began])
    unit = rule.limit.unit if rule.limit else "calendar_day"
    extra = extended(rule, happened, run, None, None)
    blank = Drawn(
        rule,
        cal,
        run,
        number,
        moment,
        started_on,
        started_at,
        first,
        None,
        unit,
        (),
        None,
        None,
        False,
        stopped_at,
        run.how,
    )
    if rule.stage is None and rule.kind in world.fixed:
        whole = None if rule.limit is None else _whole(rule, started_on, 0)
        return replace(blank, whole=whole, due_at=_fixed_end(cal, str(world.fixed[rule.kind])), fixed=True)
    if rule.limit is None:
        return blank
    holds: list[Hold] = []
    for hold in candidates(world, cal, rule, happened, run, stands):
        so_far = extended(rule, happened, run, hold.since, hold.place if hold.place >= 0 else None)
        if effective(rule, cal, blank, so_far, holds, hold):
            holds.append(hold)
    last, due = measure(rule, cal, blank, extra, holds)
    return replace(blank, whole=_whole(rule, started_on, extra), holds=tuple(holds), last_counted=last, due_at=due)


def _whole(rule: Rule, started_on: date, extra: int) -> int:
    """The limit as the figures count it."""
    if rule.limit is None or rule.limit.unit != "month":
        return (rule.limit.amount if rule.limit else 0) + extra
    return _days_in(rule, started_on, extra)


def measure(
    rule: Rule, cal: Calendar, blank: Drawn, extra: int, holds: list[Hold]
) -> tuple[date | None, datetime | None]:
    """The last counted day and the exclusive end, with these pauses."""
    assert rule.limit is not None
    if blank.unit in WORKING_TIME:
        length = seconds(Limit(rule.limit.amount + extra, rule.limit.unit))
        due = moment_after(cal, blank.started_at, length, holds)
        if due is not None and rule.end_rule == "roll_forward":
            due = into_hours(cal, due)
        return None, due
    days = _days_in(rule, blank.started_on, extra)
    last = _last_day(rule, cal, blank.unit, blank.started_on, blank.first, days, holds)
    return last, None if last is None else end_of(rule, cal, blank.start_moment, last)


def effective(rule: Rule, cal: Calendar, blank: Drawn, so_far: int, holds: list[Hold], hold: Hold) -> bool:
    """Whether a pause begins before the limit is used up."""
    last, due = measure(rule, cal, blank, so_far, holds)
    if due is None:
        return True
    if last is None:
        return hold.since < due
    return hold.first_out <= last
