"""The whole answer to one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.law.engine import short
from tests.law.engine.course import Course, Happening, World, folds, overlong, status
from tests.law.engine.days import Shelf
from tests.law.engine.figures import wire
from tests.law.engine.history import View, clocks_at, go
from tests.law.engine.record import Kept, kept, plain
from tests.law.engine.wire import Json, Refused, Step, instant, rules, steps, suspensions


@dataclass(frozen=True)
class Question:
    """A case, read."""

    world: World
    steps: list[Step]
    at: datetime
    known_at: datetime | None


def read(case: Json) -> Question:
    """Read a case."""
    item: Json = case["item"]
    told = steps(list(case.get("steps") or []))
    known_at = None if case.get("known_at") is None else instant(case["known_at"])
    newest = case.get("as_of") is None
    if newest and not told:
        raise Refused("neither steps nor an instant")
    at = max(step.at for step in told) if newest else instant(case["as_of"])
    fixed = dict(case.get("fixed_due") or {})
    shelf = Shelf(case["calendar"], case.get("calendars") or {}, newest, known_at)
    return Question(
        world=World(
            rules=rules(item, fixed),
            receipt_rule=str(item.get("receipt_rule") or "system_entry"),
            fixed=fixed,
            folds=folds(shelf, at),
            suspensions=[
                each
                for each in suspensions(list(case.get("suspensions") or []))
                if known_at is None or each.published_at <= known_at
            ],
            newest=newest,
            stage_codes=tuple(str(stage["code"]) for stage in item.get("stages") or []),
        ),
        steps=told,
        at=at,
        known_at=known_at,
    )


Key = tuple[str, str | None, int | None]


def _dues(views: list[View]) -> dict[Key, datetime | None]:
    """The due instant of each clock that has begun; of a paused one, if its pauses last as announced."""
    return {
        (view.rule.kind, view.rule.stage, view.round): view.drawn.due_at for view in views if view.drawn is not None
    }


def _points(asked: Question, snapshots: list[Kept], course: Course) -> list[tuple[datetime, list[Happening]]]:
    """After which records the due instants are looked at, in the order of recording: when, and what had happened."""
    world = asked.world
    points: list[tuple[datetime, list[Happening]]] = []
    published = [each for each in world.publications() if each <= asked.at]
    if not snapshots:
        done = course.happenings
        for place, each in enumerate(done):
            edges = [edge for edge in published if edge < each.at and (place == 0 or edge >= done[place - 1].at)]
            points.extend((edge, done[:place]) for edge in edges)
            points.append((each.at, done[: place + 1]))
        tail = [edge for edge in published if not done or edge >= done[-1].at]
        points.extend((edge, done) for edge in tail)
        return points
    before: tuple[Step, ...] = ()
    since: datetime | None = None
    for snapshot in snapshots:
        when = min(snapshot.recorded_at, asked.at)
        edges = [edge for edge in published if edge < when and (since is None or edge >= since)]
        points.extend((edge, go(world, before, edge).happenings) for edge in [*edges, when])
        before, since = snapshot.steps, when
        points.append((when, go(world, before, when).happenings))
    edges = [edge for edge in published if since is None or edge >= since]
    points.extend((edge, go(world, before, edge).happenings) for edge in [*edges, asked.at])
    return points


def revisions(asked: Question, snapshots: list[Kept], course: Course) -> dict[Key, int]:
    """How often a record has moved the due instant of each clock."""
    last: dict[Key, datetime] = {}
    count: dict[Key, int] = {}
    counted: dict[tuple[str, str | None], int] = {}
    for when, happened in _points(asked, snapshots, course):
        for key, due in _dues(clocks_at(asked.world, happened, when)).items():
            count.setdefault(key, counted.get(key[:2], 0))
            if due is not None and last.get(key) != due:
                last[key] = due
                count[key] = counted[key[:2]] = counted.get(key[:2], 0) + 1  # an alarm names no round
    return count


def _application(case: Json) -> dict[str, Any]:
    """The answer for an application."""
    asked = read(case)
    world, at = asked.world, asked.at
    snapshots: list[Kept] = []
    told: Sequence[Step] = asked.steps
    refused: list[tuple[Step, str]] = []
    if not plain(told):
        snapshots, refused = kept(world, told, asked.known_at)
        told = snapshots[-1].steps if snapshots else ()
    course = go(world, told, at)
    refused = [*refused, *course.refused]
    views = clocks_at(world, course.happenings, at)
    if not course.happenings:  # a fixed end comes with what was submitted
        views = [view for view in views if view.rule.limit is not None]
    count = revisions(asked, snapshots, course)
    cal = world.calendar_at(at)
    zone = cal.zone
    violations = [
        {"code": code, "detail": f"{step.type} {step.at.isoformat()}"} for step, code in refused if step.at <= at
    ]
    violations += [
        {"code": "pause_over_announced", "detail": each.ground} for each in overlong(world, course.happenings, at)
    ]
    return {
        "id": case.get("id"),
        "status": status(world, course.happenings),
        "clocks": [wire(view, at, cal, count.get((view.rule.kind, view.rule.stage, view.round), 0)) for view in views],
        "deemed": [
            {
                "clock": each.clock,
                "effect": each.effect,
                "effective_on": None if each.effective_on is None else each.effective_on.isoformat(),
                "at": each.at.astimezone(zone).isoformat(),
                "legal_basis": each.legal_basis,
            }
            for each in course.happenings
            if each.type == "deemed"
        ],
        "violations": violations,
    }


def answer(case: Json) -> dict[str, Any]:
    """The answer to one case, of an application or of bare date arithmetic."""
    try:
        return short.answer(case) if "limit" in case else _application(case)
    except Refused as why:
        return {"id": case.get("id"), "error": {"detail": str(why)}}
