"""Which points that the interface leaves open a case touches, told from the case itself. See README.md."""

from __future__ import annotations

import itertools
from typing import Any

from tests.law.engine.answers import read
from tests.law.engine.clocks import Drawn, candidates, effective, extended
from tests.law.engine.course import Happening, World, pauses
from tests.law.engine.history import View, clocks_at, go
from tests.law.engine.record import kept, plain
from tests.law.engine.wire import FINAL, WORKING_TIME, Refused

Json = dict[str, Any]  # JSON


def _of_run(world: World, happened: list[Happening], drawn: Drawn) -> set[str]:
    """What one count of a clock touches."""
    found = set()
    rule, run = drawn.rule, drawn.run
    began = happened[run.began]
    ended = None if run.stopped is None else happened[run.stopped]
    if ended is not None and ended.at < drawn.started_at:
        found.add("before_start")
    if rule.stage is not None and ended is not None and any(name in FINAL for name in ended.moments):
        found.add("stage_at_final")
    if rule.stage is not None and drawn.due_at is not None and drawn.due_at <= max(drawn.started_at, began.at):
        found.add("stage_over_limit")
    for pause in pauses(happened):
        over = pause.begun < run.began and (pause.ended is None or pause.ended > began.at)
        if run.restarted and over and pause.ground in rule.pauses_for:
            found.add("restart_in_pause")
    if began.type == "deemed":
        if "decided" in began.moments:
            found.add("deemed_delivery")
        if "accepted" in began.moments and (drawn.unit in WORKING_TIME or rule.due_time == "same_time"):
            found.add("deemed_working_time")
    if rule.due_time == "same_time" and drawn.due_at is not None:
        if drawn.due_at == drawn.cal.midnight(drawn.cal.day_of(drawn.due_at)):
            found.add("same_time_midnight")
        if rule.end_rule == "roll_forward" and drawn.cal.hours is None:
            found.add("same_time_midnight")
    if drawn.whole == 0 and (
        rule.start_rule == "same_day" or any(hold.takes(drawn.started_on) for hold in drawn.holds)
    ):
        found.add("zero_over_pause")
    if drawn.fixed and drawn.cal.published_to and drawn.due_on and drawn.due_on > drawn.cal.published_to:
        found.add("fixed_pauses")
    if ended is not None and run.how == "named" and "decided" not in ended.moments:
        before = happened[: run.stopped]
        open_ones = [pause for pause in pauses(before) if pause.ended is None and pause.ground in rule.pauses_for]
        if open_ones and not any(name in FINAL for name in ended.moments):
            found.add("stopped_in_pause")
    return found | _of_pauses(world, happened, drawn)


def _of_pauses(world: World, happened: list[Happening], drawn: Drawn) -> set[str]:
    """A pause that began when the limit was used up, and an extension after it."""
    rule, run = drawn.rule, drawn.run
    if drawn.fixed or rule.limit is None:
        return set()
    extra = extended(rule, happened, run, None, None)
    at = happened[-1].at if drawn.stopped_at is None else drawn.stopped_at
    for hold in candidates(world, drawn.cal, rule, happened, run, at):
        if hold in drawn.holds:
            continue
        if effective(rule, drawn.cal, drawn, extra, [each for each in drawn.holds if each.since <= hold.since], hold):
            return {"pause_before_extension"}
    return set()


def _of_views(world: World, happened: list[Happening], views: list[View]) -> set[str]:
    found = set()
    for view in views:
        if view.drawn is None:
            continue
        if view.state == "not_started":
            found.add("before_start")
        found |= _of_run(world, happened, view.drawn)
    return found


def touched(case: Json) -> frozenset[str]:
    """The open points that a case touches; none of those that only its item can tell."""
    try:
        asked = read(case)
        world, steps = asked.world, asked.steps
        if not plain(steps):
            snapshots, _ = kept(world, steps, asked.known_at)
            steps = list(snapshots[-1].steps) if snapshots else []
        happened = go(world, steps, asked.at).happenings
        found = _of_views(world, happened, clocks_at(world, happened, asked.at)) if happened else set()
    except Refused:
        return frozenset()
    for one, other in itertools.pairwise(happened):
        if other.at < one.at:
            found.add("deemed_chain")
    return frozenset(found)
