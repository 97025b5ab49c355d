"""The usual clock read straight from the events, without an account: for readings by the hundred thousand."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.calendar import LAST_DAY, Calendar
from app.domain.clocks import Clock, figures
from app.domain.events import BEGIN, END, MOMENT, Event
from app.domain.items import DEFAULT_WARN, ClockRule, EndRule
from app.domain.ledger import share_day
from app.domain.pauses import Pause
from app.domain.rungs import place_rungs, unplaced
from app.domain.spans import ClockState, Warning_
from app.domain.units import Unit

__all__ = ["quick_clock"]

_RUNNING = ClockState.RUNNING
_PAUSED = ClockState.PAUSED
_MET = ClockState.MET
_MISSED = ClockState.MISSED
_VOID = ClockState.VOID
_WORKING = Unit.WORKING_DAY
_ROLL_FORWARD = EndRule.ROLL_FORWARD
_new_tuple = tuple.__new__


def quick_clock(
    rule: ClockRule, calendar: Calendar, events: Sequence[Event], place: int, *, at: datetime, day: int
) -> Clock | None:
    """A clock that started with the event at `place`, as a reader sees it at `at` on the local `day`.

    The same as `Account.clock_at` after `keep_account`; None where the clock is not of the usual kind: a rule that is
    not plain, overlapping pauses, a stop in a pause, an extension. The account is the law; a property test holds this
    to it.
    """
    limit = rule.limit
    if limit is None or not rule.is_plain:
        return None
    start = events[place]
    started_on = counts_from = start[2]
    working = limit.unit is _WORKING
    total = limit.amount
    rolls = rule.count.end_rule is _ROLL_FORWARD and not working
    nth = calendar.nth
    midnights = calendar.midnights
    due_on = nth(started_on, total) if working else started_on + total
    if rolls:
        due_on = calendar.next_working(due_on)
    last_due = due_on
    state = _RUNNING
    stopped_at: datetime | None = None
    used = 0
    warn = rule.warn
    past: list[tuple[int, int, int]] | None = None if warn is DEFAULT_WARN else []
    revision = 1
    pause: Pause | None = None
    stops = rule.stops
    for kind, moment_at, on, moment, final, begun, stage, _ in events[place + 1 :]:
        if kind == MOMENT:
            named = moment in stops
            if pause is not None and (named or final or moment == "decided"):
                return None
            if named or final:
                stopped_at, day = moment_at, on
                before = used
                if on > counts_from:
                    used += calendar.working_between(counts_from, on) if working else on - counts_from
                if past is not None:
                    past.append((counts_from, before, max(used, total)))
                state = _MISSED if moment_at >= midnights[due_on + 1] else _MET if named else _VOID
                break
            continue
        if kind == BEGIN:
            if begun is None or begun.ground not in rule.pauses_for:
                continue
            if pause is not None:
                return None
            spent = used
            if on > counts_from:
                spent += calendar.working_between(counts_from, on) if working else on - counts_from
            if spent >= total:
                continue
            if past is not None:
                past.append((counts_from, used, spent))
            pause, used, counts_from = begun, spent, on
            resumed = begun.until
        elif kind == END:
            if pause is None or begun is not pause:
                continue
            resumed = on
            if pause.until is not None and moment_at >= midnights[pause.until + 1]:
                resumed = pause.until
            pause, counts_from = None, resumed
        elif stage == "" and moment == rule.kind:
            return None
        else:
            continue
        if resumed is not None:
            due_on = nth(resumed, total - used) if working else resumed + total - used
            if rolls:
                due_on = calendar.next_working(due_on)
            if due_on != last_due:
                revision += 1
                last_due = due_on
    if due_on > LAST_DAY:
        return None
    if pause is not None:
        if pause.until is None or at < midnights[pause.until + 1]:
            latest = None if pause.until is None else due_on
            return _new_tuple(
                Clock,
                (
                    rule.kind, "", 0, rule.party, limit, 0, rule.legal_basis, started_on, midnights[started_on], None,
                    None, latest, _PAUSED, None, None, used, total - used, 0, None, unplaced(rule.warn)[0],
                    latest is not None and calendar.is_provisional(latest), calendar.name, revision,
                ),
            )  # fmt: skip
        counts_from = pause.until
    started_at, due_at = midnights[started_on], midnights[due_on + 1]
    yellow: datetime | None
    if past is None:
        warned = midnights[nth(due_on, -1)]
        yellow = started_at if warned < started_at else warned  # noqa: FURB136  a call costs more
        warnings: tuple[Warning_, ...] = (_new_tuple(Warning_, (1, yellow)),)
    else:
        spans, rest = past, (counts_from, used)
        warnings, _, yellow = place_rungs(
            warn,
            calendar,
            due_on,
            due_at,
            started_at=started_at,
            share_at=lambda share: midnights[
                share_day(-(-share * total // 1000), calendar, working, past=spans, rest=rest)
            ],
        )
    light, used, remaining, overdue, overdue_since = figures(
        calendar, state, limit.unit, total, counts_from, used, due_on, due_at, yellow, at, day
    )
    return _new_tuple(
        Clock,
        (
            rule.kind, "", 0, rule.party, limit, 0, rule.legal_basis, started_on, started_at, due_on, due_at, None,
            state, stopped_at, light, used, remaining, overdue, overdue_since, warnings,
            calendar.is_provisional(due_on), calendar.name, revision,
        ),
    )  # fmt: skip
