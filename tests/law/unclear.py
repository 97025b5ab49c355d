"""Which points that the interface leaves open a case touches, told from the case itself. See README.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.law.engine.answers import read
from tests.law.engine.clocks import Drawn, candidates, effective, extended
from tests.law.engine.course import Happening, World, moments_of, pauses, running_round, status
from tests.law.engine.history import View, clocks_at, go, judge, lapse
from tests.law.engine.record import kept, plain
from tests.law.engine.wire import FINAL, WORKING_TIME, Refused, Step

Json = dict[str, Any]  # JSON

PAST = ("decided", "delivered", *FINAL)
AMBIGUOUS = ("extend", "request_correction", "pause", "start_stage", "complete_stage", "inspect", "explain_delay")


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
    if rule.due_time == "same_time" and drawn.due_at is not None and drawn.unit not in WORKING_TIME:
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


def _odd(world: World, happened: list[Happening], step: Step) -> bool:
    """Whether a step, judged where it stands, could be refused with more than one code."""
    now = status(world, happened)
    before = [each for each in happened if each.type == "request_correction"]
    match step.type:
        case "request_correction":
            return now == "correcting" or (now == "accepted" and bool(before)) or now in ("submitted", *PAST)
        case "pause":
            return now != "accepted"
        case "start_stage" | "complete_stage":
            code = str(step.fields["stage"])
            again = step.type == "start_stage" and running_round(happened, code)
            return again or (code not in world.stage_codes and now != "accepted")
        case "extend":
            return _odd_extension(world, happened, step)
        case "inspect" | "explain_delay":
            return True
        case _:
            return False


def _odd_extension(world: World, happened: list[Happening], step: Step) -> bool:
    """An extension of a clock that does not run, or one both late and too long."""
    named = [
        view
        for view in clocks_at(world, happened, step.at)
        if view.rule.kind == step.fields["clock"] and view.rule.stage == step.fields.get("stage")
    ]
    if not named or named[-1].drawn is None or named[-1].state not in ("running", "paused"):
        return True
    drawn, cap = named[-1].drawn, named[-1].rule.extension
    late = drawn.due_at is not None and step.at >= drawn.due_at
    given = sum(each.type == "extend" and each.fields["clock"] == drawn.rule.kind for each in happened)
    return late and (drawn.fixed or cap is None or int(step.fields["amount"]) > cap[0] or given >= cap[1])


def _odd_codes(world: World, steps: Sequence[Step], until: datetime) -> bool:
    """Whether any step of a history could be refused with more than one code."""
    happened: list[Happening] = []
    for step in sorted(steps, key=lambda each: (each.at, each.place)):
        if step.at > until:
            break
        lapse(world, happened, step.at)
        if judge(world, happened, step, steps) is None:
            happened.append(Happening(step.at, step.type, moments_of(step, world), step))
        elif _odd(world, happened, step):
            return True
    return False


def touched(case: Json) -> frozenset[str]:
    """The open points that a case touches; none of those that only its item can tell."""
    try:
        asked = read(case)
        world, steps = asked.world, asked.steps
        if not plain(steps):
            snapshots, refused = kept(world, steps, asked.known_at)
            if any(step.type in AMBIGUOUS and code != "later_step_conflicts" for step, code in refused):
                return frozenset({"odd_codes"})
            steps = list(snapshots[-1].steps) if snapshots else []
        happened = go(world, steps, asked.at).happenings
        found = _of_views(world, happened, clocks_at(world, happened, asked.at)) if happened else set()
        if _odd_codes(world, steps, asked.at):
            found.add("odd_codes")
    except Refused:
        return frozenset()
    for one, other in itertools.pairwise(happened):
        if other.at < one.at:
            found.add("deemed_chain")
    return frozenset(found)
