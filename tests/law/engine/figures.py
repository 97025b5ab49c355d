"""The figures of a clock at an instant: used, remaining, overdue, light and rungs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from tests.law.engine.clocks import Drawn
from tests.law.engine.days import LONGEST, ONE_DAY, Calendar
from tests.law.engine.history import View
from tests.law.engine.walk import (
    counts,
    days_counted,
    moment_after,
    moment_before,
    seconds,
    step_days,
    time_worked,
)
from tests.law.engine.wire import WORKING_TIME, Json, Limit, limit


def _units(length: timedelta, unit: str) -> int:
    """Whole units in a length of working time."""
    return length // timedelta(seconds=WORKING_TIME[unit])


def used(drawn: Drawn, at: datetime) -> int:
    """Whole units used by an instant; the day of it counts from its beginning."""
    if at < drawn.started_at:
        return 0
    if drawn.unit in WORKING_TIME:
        return _units(time_worked(drawn.cal, drawn.started_at, at, list(drawn.holds)), drawn.unit)
    unit = "working_day" if drawn.unit == "working_day" else "calendar_day"
    return days_counted(drawn.cal, unit, drawn.first, drawn.cal.day_of(at), list(drawn.holds))


def remaining(drawn: Drawn, at: datetime) -> int | None:
    """Whole units left; of a fixed end those until it; of a stage that is capped no more than until its end."""
    if drawn.fixed and drawn.due_at is not None:
        if at >= drawn.due_at:
            return 0
        if drawn.unit in WORKING_TIME:
            return _units(time_worked(drawn.cal, at, drawn.due_at, []), drawn.unit)
        unit = "working_day" if drawn.unit == "working_day" else "calendar_day"
        last = drawn.cal.last_day_before(drawn.due_at)
        return days_counted(drawn.cal, unit, drawn.cal.day_of(at) + ONE_DAY, last, [])
    if drawn.whole is None:
        return None
    left = max(0, drawn.whole - used(drawn, at))
    if not drawn.capped or drawn.due_at is None or (drawn.stopped_at is None and drawn.paused_at(at)):
        return left
    if at >= drawn.due_at:
        return 0
    if drawn.unit in WORKING_TIME:
        until = time_worked(drawn.cal, at, drawn.due_at, [])
        return min(left, -(-until // timedelta(seconds=WORKING_TIME[drawn.unit])))
    unit = "working_day" if drawn.unit == "working_day" else "calendar_day"
    last = drawn.cal.last_day_before(drawn.due_at)
    return min(left, days_counted(drawn.cal, unit, drawn.cal.day_of(at) + ONE_DAY, last, []))


def overdue(drawn: Drawn, at: datetime) -> int:
    """Whole units past the due instant."""
    if drawn.due_at is None or at < drawn.due_at:
        return 0
    if drawn.unit in WORKING_TIME:
        return _units(time_worked(drawn.cal, drawn.due_at, at, []), drawn.unit)
    unit = "working_day" if drawn.unit == "working_day" else "calendar_day"
    first = drawn.cal.last_day_before(drawn.due_at) + ONE_DAY
    return days_counted(drawn.cal, unit, first, drawn.cal.day_of(at), [])


def _in_day(cal: Calendar, due_at: datetime) -> time | None:
    """The local time of day of a due instant that lies inside a day."""
    if due_at == cal.midnight(cal.day_of(due_at)):  # not at 00:00 where summer time begins with the day
        return None
    return due_at.astimezone(cal.zone).time()


def _around(drawn: Drawn, due_at: datetime, bound: Limit, *, before: bool) -> datetime:
    """A rung so much before or after the due instant."""
    cal = drawn.cal
    if bound.unit in WORKING_TIME:
        if before:
            return moment_before(cal, due_at, seconds(bound))
        after = moment_after(cal, due_at, seconds(bound), [])
        assert after is not None
        return after
    on = step_days(cal, cal.last_day_before(due_at), -bound.amount if before else bound.amount, bound.unit)
    inside = _in_day(cal, due_at)
    if inside is not None:
        return cal.moment(on, inside)
    return cal.midnight(on if before else on + ONE_DAY)


def _share(drawn: Drawn, share: Fraction) -> datetime | None:
    """When so great a share of the limit is used."""
    if drawn.whole is None:
        return None
    holds = list(drawn.holds)
    if drawn.unit in WORKING_TIME:
        exact = share * drawn.whole * WORKING_TIME[drawn.unit] * 1_000_000
        whole = -(-exact.numerator // exact.denominator)
        return moment_after(drawn.cal, drawn.started_at, timedelta(microseconds=whole), holds)
    counted = counts(drawn.cal, "working_day" if drawn.unit == "working_day" else "calendar_day")
    on, seen = drawn.started_on, 0
    if on == drawn.first:
        on -= ONE_DAY
    for _ in range(LONGEST):
        if seen >= share * drawn.whole:
            return drawn.cal.midnight(on)
        on += ONE_DAY
        out = [hold for hold in holds if hold.takes(on)]
        if any(hold.last_out is None for hold in out):
            return None
        if not out and counted(on):
            seen += 1
    return None


def rung(drawn: Drawn, said: Json) -> datetime | None:
    """When a rung is reached, never before the start."""
    if drawn.due_at is None:
        return None
    if said.get("before") is not None:
        at = _around(drawn, drawn.due_at, limit(said["before"]), before=True)
    elif said.get("after") is not None:
        at = _around(drawn, drawn.due_at, limit(said["after"]), before=False)
    else:
        reached = _share(drawn, Fraction(str(said["at_share"])))
        if reached is None:
            return None
        at = reached
    return max(at, drawn.started_at)


def light(drawn: Drawn, state: str, at: datetime) -> str | None:
    """Green, yellow from the first rung on, red from the due instant; None unless the clock runs."""
    if state != "running" or drawn.due_at is None:
        return None
    if at >= drawn.due_at:
        return "red"
    rungs = [rung(drawn, said) for said in drawn.rule.warn if said.get("after") is None]
    return "yellow" if any(each is not None and at >= each for each in rungs) else "green"


def _local(cal: Calendar, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(cal.zone).isoformat()


def _date(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def wire(view: View, at: datetime, cal: Calendar, revision: int) -> dict[str, Any]:
    """A clock in the shape of the interface."""
    rule, drawn = view.rule, view.drawn
    bound = None if rule.limit is None else {"amount": rule.limit.amount, "unit": rule.limit.unit}
    shown: dict[str, Any] = {
        "kind": rule.kind,
        "stage": rule.stage,
        "round": view.round,
        "limit": bound,
        "legal_basis": rule.legal_basis,
        "started_on": None,
        "started_at": None,
        "due_on": None,
        "due_at": None,
        "latest_due_on": None,
        "state": view.state,
        "stopped_at": None,
        "light": None,
        "used": 0,
        "remaining": None if rule.limit is None else rule.limit.amount,
        "overdue": 0,
        "overdue_since": None,
        "warnings": [{"rung": number, "at": None} for number in range(1, len(rule.warn) + 1)],
        "provisional": False,
        "calendar": cal.name,
        "revision": revision,
    }
    if drawn is None or view.state == "not_started":
        return shown
    mine = drawn.cal
    speaks_of = at if drawn.stopped_at is None else drawn.stopped_at
    paused = view.state == "paused"
    due_on = drawn.due_on
    late = not paused and drawn.due_at is not None and speaks_of >= drawn.due_at
    shown |= {
        "started_on": _date(drawn.started_on),
        "started_at": _local(mine, drawn.started_at),
        "due_on": None if paused else _date(due_on),
        "due_at": None if paused else _local(mine, drawn.due_at),
        "latest_due_on": _date(due_on) if paused else None,
        "stopped_at": _local(mine, drawn.stopped_at),
        "light": light(drawn, view.state, at),
        "used": used(drawn, speaks_of),
        "remaining": remaining(drawn, speaks_of),
        "overdue": overdue(drawn, speaks_of) if late else 0,
        "overdue_since": _local(mine, drawn.due_at) if late else None,
        "warnings": [
            {"rung": number, "at": None if paused else _local(mine, rung(drawn, said))}
            for number, said in enumerate(rule.warn, start=1)
        ],
        "provisional": mine.published_to is not None and due_on is not None and due_on > mine.published_to,
        "calendar": mine.name,
    }
    return shown
