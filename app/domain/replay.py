"""The one front door: where an application stands at an instant, with all its clocks."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from app.domain.bookkeeping import Caps
from app.domain.clocks import Clock, not_started, read
from app.domain.forecast import forecast, is_plain, void_span
from app.domain.items import ClockRule, Party
from app.domain.lights import Light, worst
from app.domain.log import Log
from app.domain.quick import quick_clock
from app.domain.silence import Deemed
from app.domain.spans import Forecast, Span
from app.domain.steps import Dossier, Status

__all__ = ["Holder", "Standing", "replay", "standing_in"]

_AGENCY = Party.AGENCY
_new_tuple = tuple.__new__


class Holder(NamedTuple):
    """Who holds an application: a department, and perhaps a section and an officer of it."""

    department: str
    section: str | None
    officer: str | None


class Standing(NamedTuple):
    """What the law makes of an application at an instant."""

    status: Status
    holder: Holder
    clocks: tuple[Clock, ...]
    light: Light | None
    """The worst light of the agency's clocks; None when none runs."""
    odd: tuple[str, ...]
    deemed: tuple[Deemed, ...] = ()
    """What silence has done by then."""


def replay(dossier: Dossier, at: datetime) -> Standing:
    """Where an application stands at an instant: the steps up to it, carried on by time alone.

    The same as reading its forecast at that instant, without drawing what lies before and after. A history recorded out
    of order has its revisions from the whole of it, one that stands on several folds its clocks from each.
    """
    if not is_plain(dossier):
        return standing_in(forecast(dossier), dossier, at)
    calendar = dossier.calendar
    item = dossier.item
    log = Log(item, calendar)
    for step in dossier.steps:
        if step.at > at:
            break
        log.take(step)
    while log.silent and log.hear(at) is not None:
        pass
    day = calendar.day_of(at)
    clocks: list[Clock] = []
    events, firsts, paused, fixed, origins = log.events, log.firsts, log.paused, log.fixed, log.origins
    for rule in log.rules:
        place = firsts.get(rule.starts)
        if place is None:
            clocks.append(_unstarted(log, rule, at))
            continue
        clock = None
        if not fixed and place not in paused and place not in origins:
            clock = quick_clock(rule, calendar, events, place, at=at, day=day)
        clocks.append(clock or log.account_from(rule, place).clock_at(at, day))
    caps: Caps | None = None
    for stage in item.stages:
        if stage.clock is None:
            continue
        if stage.code not in log.rounds:
            clocks.append(_unstarted(log, stage.clock, at))
            continue
        caps = caps or log.caps()
        clocks.extend(account.clock_at(at, day) for account in log.stage_accounts(stage.clock, caps))
    holder = _new_tuple(Holder, (log.department, log.section, log.officer))
    course = log.course
    return _new_tuple(
        Standing, (course.status, holder, tuple(clocks), _light(clocks), tuple(course.odd), tuple(log.deemed))
    )


def _unstarted(log: Log, rule: ClockRule, at: datetime) -> Clock:
    """A clock that nothing has started: it may yet, or a final step has made it void."""
    since = log.void_since(rule)
    if since is None:
        return not_started(rule, log.calendar)
    return read(void_span(rule, log.calendar, since), log.calendar, at)


def standing_in(drawn: Forecast, dossier: Dossier, at: datetime) -> Standing:
    """The standing that a forecast shows at an instant."""
    item = dossier.item
    status = Status.NOT_RECEIVED
    holder = Holder(item.department, None, None)
    for stretch in drawn.stretches:
        if stretch.from_at <= at:
            status, holder = stretch.status, Holder(stretch.department, stretch.section, stretch.officer)
    clocks = _clocks_at(drawn.spans, dossier, at)
    deemed = tuple(effect for effect in drawn.deemed if effect.at <= at)
    return Standing(status, holder, tuple(clocks), _light(clocks), drawn.odd, deemed)


def _clocks_at(spans: Iterable[Span], dossier: Dossier, at: datetime) -> list[Clock]:
    item = dossier.item
    calendar = dossier.fold_at(at).calendar
    shown: dict[tuple[str, str], list[Clock]] = {}
    for span in spans:
        if span.from_at <= at and (span.to_at is None or span.to_at > at):
            shown.setdefault((span.clock, span.stage), []).append(read(span, dossier.calendar_named(span.calendar), at))
    clocks: list[Clock] = []
    for rule in item.clocks:
        clocks.extend(shown.pop((rule.kind, ""), [not_started(rule, calendar)]))
    clocks.extend(clock for (_, stage), found in shown.items() if not stage for clock in found)  # by a fixed end alone
    for rule in (stage.clock for stage in item.stages if stage.clock is not None):
        clocks.extend(shown.get((rule.kind, rule.stage), [not_started(rule, calendar)]))
    return clocks


def _light(clocks: Iterable[Clock]) -> Light | None:
    return worst([clock.light for clock in clocks if clock.party is _AGENCY])
