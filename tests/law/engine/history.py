"""From steps to what happened: each step is judged where it stands, deemed effects fall in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tests.law.engine.clocks import Drawn, draw, lives
from tests.law.engine.course import Course, Happening, World, is_open, moments_of, resumable, running_round, status
from tests.law.engine.wire import DEEMED, FINAL, Rule, Step, instant

STOP_BEFORE = ("promise", "statutory")


@dataclass(frozen=True)
class View:
    """A clock as it shows itself at an instant."""

    rule: Rule
    round: int | None
    drawn: Drawn | None
    state: str


def clocks_at(world: World, happened: Sequence[Happening], at: datetime) -> list[View]:
    """Every clock of the item at an instant, each round of a stage for itself."""
    ended = any(name in FINAL for each in happened for name in each.moments)
    views = []
    for rule in world.rules:
        runs = lives(rule, happened)
        if not runs:
            views.append(View(rule, None, None, "void" if ended else "not_started"))
        for number, run in enumerate(runs, start=1):
            drawn = draw(world, rule, happened, run, at, number if rule.stage else None)
            if rule.stage is not None:
                drawn = _capped(world, happened, drawn, at)
            views.append(View(rule, drawn.round, drawn, drawn.state(at)))
    return views


def _capped(world: World, happened: Sequence[Happening], drawn: Drawn, at: datetime) -> Drawn:
    """A stage is never due later than the promise and the statutory clock while these run.

    One that is paused, or whose count begins later, and whose end is known caps it, too: else time alone would move the
    end of the stage.
    """
    before = happened if drawn.run.stopped is None else happened[: drawn.run.stopped]
    until = happened if drawn.run.stopped is None else happened[: drawn.run.stopped + 1]  # a decision ends pauses
    stands = at if drawn.stopped_at is None else drawn.stopped_at
    if drawn.due_at is None:
        return drawn
    due = drawn.due_at
    for rule in world.rules:
        if rule.kind not in STOP_BEFORE or rule.stage is not None:
            continue
        for run, ended in zip(lives(rule, before), lives(rule, until), strict=False):
            if run.stopped is not None:
                continue
            stops_too = ended.began == run.began and ended.stopped is not None
            other = draw(world, rule, until, ended if stops_too else run, stands, None)
            if other.due_at is not None:
                due = min(due, other.due_at)
    return replace(drawn, due_at=due, capped=due < drawn.due_at)


def _lapsed(
    world: World, happened: list[Happening], since: datetime, before: datetime, *, inclusive: bool
) -> Happening | None:
    """The first deemed effect by an instant, as things are published at the beginning of this time."""
    found: Happening | None = None
    now = status(world, happened)
    for rule in world.rules:
        if rule.on_expiry not in DEEMED or not is_open(now):
            continue
        if DEEMED[rule.on_expiry] == "accepted" and now == "accepted":
            continue
        for run in lives(rule, happened)[-1:]:
            if run.stopped is not None:
                continue
            drawn = draw(world, rule, happened, run, since, None)
            if drawn.due_at is None or drawn.due_on is None or drawn.due_at > before:
                continue
            if drawn.due_at == before and not inclusive:
                continue
            from_receipt = rule.on_expiry == "deemed_accepted_from_receipt"
            happening = Happening(
                at=drawn.due_at,
                type="deemed",
                moments=(DEEMED[rule.on_expiry],),
                clock=rule.kind,
                effect=rule.on_expiry,
                effective_on=drawn.started_on if from_receipt else drawn.due_on,
                legal_basis=rule.legal_basis,
            )
            if found is None or happening.at < found.at:
                found = happening
    return found


def lapse(world: World, happened: list[Happening], until: datetime) -> None:
    """Add every deemed effect that takes place by an instant."""
    while happened:
        since = happened[-1].at
        edges = [each for each in world.publications() if since < each <= until]
        found = None
        for begin, end in zip([since, *edges], [*edges, until], strict=True):
            last = end == until and begin == ([since, *edges])[-1]
            found = _lapsed(world, happened, begin, end, inclusive=last)
            if found is not None:
                break
        if found is None:
            return
        happened.append(found)


def _accepted_by(happened: list[Happening]) -> str:
    """How the application came to be accepted."""
    for each in happened:
        if "accepted" in each.moments:
            return each.type
    return ""


def _correction(happened: list[Happening], now: str) -> str | None:
    if now == "accepted":
        return "correction_too_late" if _accepted_by(happened) == "deemed" else "correction_after_acceptance"
    if now in ("received", "correcting"):
        return "correction_repeated" if any(each.type == "request_correction" for each in happened) else None
    return "step_not_allowed"


def _clocks_of(world: World, happened: list[Happening], step: Step, at: datetime) -> list[View]:
    """The clock that a step names: of a stage, every round."""
    return [
        view
        for view in clocks_at(world, happened, at)
        if view.rule.kind == step.fields["clock"] and view.rule.stage == step.fields.get("stage")
    ]


def _clock_of(world: World, happened: list[Happening], step: Step, at: datetime) -> View | None:
    """The clock that a step names: of a stage, the round that began last."""
    named = _clocks_of(world, happened, step, at)
    return named[-1] if named else None


def _over(view: View, at: datetime, last: datetime) -> bool:
    """Whether the due instant that a clock has at an instant is past; while it is paused it has none."""
    if view.drawn is None or view.drawn.due_at is None:
        return False
    waits = view.drawn.capped and view.drawn.paused_at(at)
    return last >= view.drawn.due_at and not waits


def _recorded_too_late(world: World, step: Step, steps: Sequence[Step], number: int | None) -> bool:
    """Whether an extension is recorded when the clock, as all the other steps have it by then, is past its end.

    Of a stage it is the round that was under way when the extension was given; what has begun since is another clock.
    """
    if step.recorded_at is None or step.recorded_at <= step.at:
        return False
    others = go(world, [each for each in steps if each is not step], step.recorded_at, judged=False)
    now = [view for view in _clocks_of(world, others.happenings, step, step.recorded_at) if view.round == number]
    return any(_over(view, step.recorded_at, step.recorded_at) for view in now)


def _extension(world: World, happened: list[Happening], step: Step, steps: Sequence[Step]) -> str | None:
    view = _clock_of(world, happened, step, step.at)
    if view is None or view.drawn is None or view.state not in ("running", "paused"):
        return "step_not_allowed"
    if view.drawn.fixed:
        return "extension_not_allowed"
    notified = step.fields.get("notified_at")
    last = max([step.at, *([instant(notified)] if notified else [])])
    if _over(view, step.at, last) or _recorded_too_late(world, step, steps, view.round):
        return "extension_after_expiry"
    cap = view.rule.extension
    before = [
        each
        for index, each in enumerate(happened)
        if each.type == "extend"
        and index > view.drawn.run.began
        and each.fields["clock"] == view.rule.kind
        and each.fields.get("stage") == view.rule.stage
    ]
    if cap is None or int(step.fields["amount"]) > cap[0] or len(before) >= cap[1]:
        return "extension_not_allowed"
    return None


def _stage(world: World, happened: list[Happening], step: Step, now: str) -> str | None:
    code = step.fields["stage"]
    if code not in world.stage_codes:
        return "stage_unknown"
    early = any(rule.stage == code and rule.before_acceptance for rule in world.rules)
    if now != "accepted" and not (now == "received" and early):
        return "step_not_allowed"
    running = running_round(happened, code)
    if step.type == "start_stage":
        return "step_not_allowed" if running else None
    return None if running else "step_not_allowed"


def _pause(world: World, step: Step, now: str) -> str | None:
    if now != "accepted":
        return "step_not_allowed"
    grounds = {ground for rule in world.rules for ground in rule.pauses_for}
    return None if step.fields["ground"] in grounds else "pause_ground_not_allowed"


def _delay(world: World, happened: list[Happening], step: Step) -> str | None:
    view = _clock_of(world, happened, step, step.at)
    if view is None or view.drawn is None or view.drawn.due_at is None:
        return "step_not_allowed"
    speaks_of = view.drawn.stopped_at or step.at
    return None if speaks_of >= view.drawn.due_at else "step_not_allowed"


FROM = {
    "confirm": ("submitted",),
    "submit_correction": ("correcting",),
    "accept": ("received",),
    "refuse": ("received",),
    "assign": ("submitted", "received", "correcting", "accepted"),
    "decide": ("accepted",),
    "publish": ("decided",),
    "deliver": ("decided",),
    "inspect": ("accepted",),
    "withdraw": ("submitted", "received", "correcting", "accepted"),
    "terminate": ("submitted", "received", "correcting", "accepted"),
    "close": ("decided", "delivered", "refused", "withdrawn", "terminated"),
}


def judge(world: World, happened: list[Happening], step: Step, steps: Sequence[Step]) -> str | None:
    """Why a step is not allowed where it stands, among all those on record; None when it is."""
    now = status(world, happened)
    if step.type == "receive":
        return None if now == "not_received" else "step_not_allowed"
    if now == "not_received":
        return "step_not_allowed"
    match step.type:
        case "request_correction":
            return _correction(happened, now)
        case "start_stage" | "complete_stage":
            return _stage(world, happened, step, now)
        case "pause":
            return _pause(world, step, now)
        case "resume":
            named = step.fields.get("pause_id")
            good = now == "accepted" and resumable(happened, None if named is None else str(named))
            return None if good else "step_not_allowed"
        case "extend":
            return _extension(world, happened, step, steps)
        case "explain_delay":
            return _delay(world, happened, step)
        case _:
            return None if now in FROM.get(step.type, ()) else "step_not_allowed"


def go(world: World, steps: Sequence[Step], until: datetime, *, judged: bool = True) -> Course:
    """Live through the steps up to an instant."""
    course = Course()
    for step in sorted(steps, key=lambda each: (each.at, each.place)):
        if step.at > until:
            break
        lapse(world, course.happenings, step.at)
        code = judge(world, course.happenings, step, steps) if judged else None
        if code is not None:
            course.refused.append((step, code))
            continue
        course.happenings.append(Happening(step.at, step.type, moments_of(step, world), step))
    lapse(world, course.happenings, until)
    return course
