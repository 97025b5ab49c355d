"""The whole answer to one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.law.engine import revisions, short
from tests.law.engine.course import World, folds, overlong, status
from tests.law.engine.days import Shelf
from tests.law.engine.figures import wire
from tests.law.engine.history import clocks_at, go
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
    count = revisions.recorded(world, at, snapshots) if snapshots else revisions.plain(world, at, course.happenings)
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
