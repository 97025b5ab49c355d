"""From what was recorded, in the order of recording, to the steps that hold.

A case whose steps bear no `recorded_at` and which amends nothing is taken as it stands: its steps in the order of their
instants. Otherwise each record is judged when it is recorded: against all that held then, and every later step must
still be allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tests.law.engine.course import World
from tests.law.engine.history import go
from tests.law.engine.wire import Step, instant


@dataclass(frozen=True)
class Kept:
    """The steps that held after one record, and when it was recorded."""

    steps: tuple[Step, ...]
    recorded_at: datetime


def plain(steps: Sequence[Step]) -> bool:
    """Whether nothing but the order of the instants is needed."""
    return all(step.recorded_at is None and step.type != "amend" for step in steps)


def amended(steps: Sequence[Step], amend: Step) -> list[Step] | None:
    """The steps after a correction; None when it names none of them."""
    named = str(amend.fields["step"])
    if not any(step.id == named for step in steps):
        return None
    changes = amend.fields.get("replaces")
    if changes is None:
        return [step for step in steps if step.id != named]
    result = []
    for step in steps:
        if step.id != named:
            result.append(step)
            continue
        fields = {**step.fields, **changes}
        moved = changes.get("occurred_at") or changes.get("submitted_at") or changes.get("at")
        result.append(replace(step, fields=fields, at=instant(moved) if moved else step.at))
    return result


def _is_named(step: Step, amend: Step) -> bool:
    return amend.type == "amend" and step.id == str(amend.fields["step"])


def kept(world: World, steps: Sequence[Step], known_at: datetime | None) -> tuple[list[Kept], list[tuple[Step, str]]]:
    """What held after each record, in the order of recording, and what was refused."""
    held: list[Step] = []
    snapshots: list[Kept] = []
    refused: list[tuple[Step, str]] = []
    ordered = sorted(steps, key=lambda each: (each.recorded_at or each.at, each.place))
    for number, step in enumerate(ordered, start=1):
        recorded = step.recorded_at or step.at
        if known_at is not None and recorded > known_at:
            continue
        if step.type == "amend":
            candidate = amended(held, step)
            mine = None
            if candidate is None:
                refused.append((step, "step_unknown"))
                continue
        else:
            mine = replace(step, place=number)
            candidate = [*held, mine]
        course = go(world, candidate, max(recorded, *(each.at for each in candidate)) if candidate else recorded)
        own = next((code for each, code in course.refused[:1] if each is mine or _is_named(each, step)), None)
        if own is not None:
            refused.append((step, own))
        elif course.refused:
            refused.append((step, "later_step_conflicts"))
        else:
            held = candidate
            snapshots.append(Kept(tuple(held), recorded))
    return snapshots, refused
