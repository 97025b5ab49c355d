"""The shorter form of a case: bare date arithmetic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.law.engine.clocks import Drawn, Run, effective, end_of, measure, start
from tests.law.engine.course import Happening, World, folds
from tests.law.engine.days import ONE_DAY, Calendar, Shelf
from tests.law.engine.walk import Hold, step_days
from tests.law.engine.wire import WORKING_TIME, Json, Refused, Rule, day, instant, rule


def _moment(cal: Calendar, text: str) -> datetime:
    return instant(text) if "T" in text else cal.midnight(day(text))


def _holds(cal: Calendar, pairs: list[list[str | None]]) -> list[Hold]:
    """The pauses of a case: `(from, to]` by days, half-open by instants."""
    found = []
    for number, (begins, ends) in enumerate(pairs):
        if begins is None:
            raise Refused("a pause without a beginning")
        since = _moment(cal, begins)
        until = None if ends is None else _moment(cal, ends)
        last = None if until is None else cal.day_of(until)
        found.append(Hold(since, until, cal.day_of(since) + ONE_DAY, last, number))
    return sorted(found, key=lambda hold: (hold.since, hold.place))


def _back(cal: Calendar, one: Rule, at: datetime) -> datetime:
    """The end of a negative limit: so many units before the start, which is not counted."""
    assert one.limit is not None
    if one.limit.unit in WORKING_TIME:
        raise Refused("a negative limit in working time")
    on = cal.day_of(at)
    if one.start_rule == "roll_then_next":
        while not cal.is_working(on):
            on -= ONE_DAY
    return end_of(one, cal, at, step_days(cal, on, one.limit.amount, one.limit.unit))


def answer(case: Json) -> dict[str, Any]:
    """Where a limit ends."""
    count = {key: case[key] for key in ("start_rule", "end_rule", "due_time") if case.get(key) is not None}
    amount = int(case["limit"]["amount"])
    if amount < 0:
        count.setdefault("end_rule", "keep")
    one = rule({"kind": "case", "starts": "start", "stops": [], "limit": case["limit"], "count": count})
    shelf = Shelf(case["calendar"], case.get("calendars") or {}, newest=True, known_at=None)
    world = World([one], "system_entry", {}, folds(shelf, instant("2000-01-01T00:00:00Z")), [], True, ())
    cal = world.folds[0][1]
    at = _moment(cal, str(case["start"]))
    due: datetime | None
    if amount < 0:
        due = _back(cal, one, at)
    else:
        moment, started_on, started_at, first = start(world, cal, one, Happening(at, "start", ("start",)))
        unit = one.limit.unit if one.limit else ""
        blank = Drawn(
            one, cal, Run(0), None, moment, started_on, started_at, first, None, unit, (), None, None, False, None, None
        )
        extra = int(case.get("extension") or 0)
        holds: list[Hold] = []
        for hold in _holds(cal, case.get("pauses") or []):
            if effective(one, cal, blank, extra, holds, hold):
                holds.append(hold)
        _, due = measure(one, cal, blank, extra, holds)
    on = None if due is None else cal.last_day_before(due)
    return {
        "id": case.get("id"),
        "due_on": None if on is None else on.isoformat(),
        "due_at": None if due is None else due.astimezone(cal.zone).isoformat(),
        "provisional": on is not None and cal.published_to is not None and on > cal.published_to,
        "calendar": cal.name,
    }
