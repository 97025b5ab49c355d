"""What a case tells of an application, entered record by record as live entry has it: steps, amendments, editions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from pydantic import JsonValue, ValidationError

from app.applications.schemas import ReceiptAmendment
from app.calendars import catalogue
from app.calendars.schemas import CalendarIn
from app.domain.calendar import Calendar
from app.domain.corrections import Record
from app.domain.entry import enter
from app.domain.folds import Recomputation
from app.domain.items import Item
from app.domain.pauses import outlasts
from app.domain.refusal import Refusal
from app.domain.silence import Deemed, outcome_of
from app.domain.steps import Amendment, Dossier, FixedDue, Step, StepType
from app.kit.problems import Problem, faults_of, invalid, pointer_of
from app.simulations.schemas import ApplicationCase, SimulatedStep

__all__ = ["History", "editions_of", "fixed_ends", "over_announced", "step_of", "told", "violation"]

NOT_AMENDABLE = frozenset({"type", "id", "step", "replaces"})
"""Fields of a step that no amendment changes: another act is another step."""

Found = dict[str, str | None]


class History(NamedTuple):
    """What was recorded in the end: the dossier, what live entry would say of the rest, the steps as they stand."""

    dossier: Dossier
    violations: tuple[tuple[SimulatedStep, Found], ...]
    steps: tuple[tuple[str, SimulatedStep], ...]
    """By the id under which the dossier has them."""


def editions_of(
    choice: str | CalendarIn, calendar: Calendar, steps: Sequence[SimulatedStep], case: ApplicationCase
) -> tuple[Calendar, list[Recomputation]]:
    """The calendar that held when a case begins, and each edition published on the way to its `as_of`.

    As with a live application what stopped before a publication keeps its edition; with `known_at` it is each edition
    that was on record by then. Without `as_of` the newest holds all the time.
    """
    if not isinstance(choice, str) or case.as_of is None or not steps:
        return calendar, []
    begin, known_at = steps[0].at, case.known_at
    later = [at for at, _ in catalogue.after(catalogue.published_by(choice, begin)) if known_at or at <= case.as_of]
    states = [catalogue.published_by(choice, at, known_at) for at in (begin, *later)]
    moved = [
        Recomputation(at=at, recorded_at=at, calendar=state)
        for at, before, state in zip(later, states, states[1:], strict=False)
        if state.name != before.name
    ]
    return states[0], moved


def fixed_ends(fixed: Mapping[str, date | datetime], calendar: Calendar) -> tuple[FixedDue, ...]:
    """The ends fixed for this one application: a date is the last day, an instant the exclusive end."""
    return tuple(
        FixedDue(kind, end if isinstance(end, datetime) else calendar.midnight(end.toordinal() + 1))
        for kind, end in fixed.items()
    )


def told(
    item: Item,
    calendar: Calendar,
    case: ApplicationCase,
    steps: Sequence[SimulatedStep],
    editions: Sequence[Recomputation],
) -> History:
    """The history after all records that live entry would take, and what it would say of the others.

    A record that is refused changes nothing, and the rest goes on. Each is recorded when it happens.
    """
    return _Telling(item, calendar, case, editions).of(steps)


class _Standing(NamedTuple):
    """A step on record: as the case has it now, and as the law has it."""

    given: SimulatedStep
    step: Step


class _Telling:
    """The record of one case while it grows."""

    def __init__(
        self, item: Item, calendar: Calendar, case: ApplicationCase, editions: Sequence[Recomputation]
    ) -> None:
        self.dossier = Dossier(item, calendar, ())
        self.calendar = calendar
        self.fixed = fixed_ends(case.fixed_due, calendar)
        self.coming = list(editions)
        self.places = {id(step): place for place, step in enumerate(case.steps)}
        self.seq = 0
        self.standing: dict[int, _Standing | None] = {}
        """By its number; None of one that was struck out."""
        self.named: dict[str, list[int]] = {}
        """The numbers of what is on record under an id."""
        self.violations: list[tuple[SimulatedStep, Found]] = []

    def of(self, steps: Sequence[SimulatedStep]) -> History:
        for place, given in enumerate(steps, 1):
            self._publish(given.at)
            self.seq += 1
            try:
                if given.type == "amend":
                    self._amend(given)
                else:
                    step = step_of(given, given.id or str(place), self.seq, self.fixed)
                    self.dossier = enter(self.dossier, step)
                    self.standing[self.seq] = _Standing(given, step)
                if given.id is not None:
                    self.named.setdefault(given.id, []).append(self.seq)
            except Refusal as refused:
                if refused.is_of_the_count:
                    raise
                self.violations.append((given, violation(refused.code, refused.detail, refused.article)))
        self._publish(None)
        stand = [(one.step.id, one.given) for one in self.standing.values() if one is not None]
        return History(self.dossier, tuple(self.violations), tuple(stand))

    def _publish(self, by: datetime | None) -> None:
        """Apply the editions that were published by an instant (None: all), taken from those to come."""
        while self.coming and (by is None or self.coming[0].at <= by):
            self.seq += 1
            edition: Record = replace(self.coming.pop(0), seq=self.seq)
            self.dossier = enter(self.dossier, edition)

    def _amend(self, given: SimulatedStep) -> None:
        """Correct a step, or refuse it; the history that results must be allowed."""
        before = self._before(given)
        if given.replaces is None:
            if before.step.type is StepType.RECEIVE:
                raise Refusal("step_not_amendable", "A receipt cannot be struck out; withdraw or close it.")
            after = None
        else:
            after = self._replaced(before, given, given.replaces)
            if after.step.at > given.at:
                raise Refusal("occurred_in_future", "By the time of the amendment it has not happened yet.")
        amendment = Amendment(
            of=before.step.seq, step=None if after is None else after.step, seq=self.seq, recorded_at=given.at
        )
        self.dossier = enter(self.dossier, amendment)
        self.standing[before.step.seq] = after

    def _before(self, given: SimulatedStep) -> _Standing:
        """The step that an amendment names, as it stands."""
        numbers = self.named.get(given.step or "", [])
        if not numbers:
            raise Refusal("step_unknown", "The application has no such step.")
        if len(numbers) > 1:
            pointer = pointer_of(("steps", self.places[id(given)], "step"))
            raise invalid("body", pointer, "input_invalid", "is the id of several steps")
        if numbers[0] not in self.standing:
            raise Refusal("step_not_amendable", "A step of type amend cannot be amended.")
        found = self.standing[numbers[0]]
        if found is None:
            raise Refusal("step_struck_out", "The step has been struck out; record it anew.")
        return found

    def _replaced(self, before: _Standing, given: SimulatedStep, replaces: Mapping[str, JsonValue]) -> _Standing:
        """A step as an amendment leaves it, each field checked as when the step was told."""
        place = self.places[id(given)]
        if "occurred_at" in replaces and "at" in replaces:
            raise invalid("body", f"/steps/{place}/replaces/at", "input_invalid", "is said twice, as occurred_at, too")
        stated = {"at" if name == "occurred_at" else name: value for name, value in replaces.items()}
        if before.step.type is StepType.RECEIVE:
            return self._received(before, stated, place)
        for name in stated:
            if name in NOT_AMENDABLE:
                pointer = pointer_of(("steps", place, "replaces", name))
                raise invalid("body", pointer, "input_invalid", "is no field of this step that can be amended")
        said = before.given.model_dump(mode="json", exclude_unset=True)
        try:
            after = SimulatedStep.model_validate({**said, **stated})
        except ValidationError as error:
            raise _malformed(error, place) from None
        if after == before.given:
            raise Refusal("nothing_replaced", "The step says all that already.")
        step = step_of(after, before.step.id, before.step.seq, ())
        return _Standing(after, replace(step, recorded_at=before.step.recorded_at))

    def _received(self, before: _Standing, stated: Mapping[str, JsonValue], place: int) -> _Standing:
        """A receipt as an amendment leaves it: its instant, and the ends fixed for it; whose it is counts nothing."""
        wanted = {"submitted_at" if name == "at" else name: value for name, value in stated.items()}
        try:
            asked = ReceiptAmendment.model_validate(wanted)
        except ValidationError as error:
            raise _malformed(error, place) from None
        at = asked.submitted_at or before.given.at
        fixed = before.step.fixed_due if asked.fixed_due is None else fixed_ends(asked.fixed_due, self.calendar)
        step = replace(before.step, at=at, fixed_due=fixed)
        if step == before.step and asked.applicant is None and asked.subject is None and asked.fixed_due_basis is None:
            raise Refusal("nothing_replaced", "The step says all that already.")
        return _Standing(before.given.model_copy(update={"at": at}), step)


def _malformed(error: ValidationError, place: int) -> Problem:
    """What is wrong with the fields of an amendment, each with its place in the case."""
    found = error.errors(include_url=False, include_input=False)
    code, faults = faults_of([{**one, "loc": ("steps", place, "replaces", *one["loc"])} for one in found], "body")
    return Problem(422, code, "the case is not valid", errors=faults)


def step_of(given: SimulatedStep, name: str, seq: int, fixed: tuple[FixedDue, ...]) -> Step:
    """A step of a case as the law has it; `fixed` are the ends that its receipt fixes."""
    type_ = StepType(given.type)
    return Step(
        type=type_,
        at=given.at,
        seq=seq,
        id=name,
        recorded_at=given.at,
        stage=given.stage or "",
        outcome=given.outcome,
        clock=given.clock or "",
        amount=given.amount or 0,
        ground=given.ground or "",
        announced=None if given.announced is None else given.announced.limit(),
        pause_id=given.pause_id or "",
        notified_at=given.notified_at,
        result=given.result,
        result_code=given.result_code,
        department=given.department,
        section=given.section,
        officer=given.officer,
        fixed_due=fixed if type_ is StepType.RECEIVE else (),
    )


def violation(code: str, detail: str, article: str | None) -> Found:
    """What live entry would say of a step."""
    return {"code": code, "detail": detail, "legal_basis": article}


def over_announced(dossier: Dossier, as_of: datetime, deemed: Iterable[Deemed] = ()) -> list[Step]:
    """The pauses that lasted longer than was announced, by `as_of`. 行政许可法 第四十五条.

    Silence that decides ends them, as a decision does.
    """
    calendar = dossier.calendar
    opened: list[Step] = []
    ended: list[tuple[Step, datetime]] = []
    for step in dossier.steps:
        if step.at > as_of:
            break
        if step.type is StepType.PAUSE:
            opened.append(step)
        elif step.type is StepType.RESUME and opened:
            pause = next((one for one in opened if one.id == step.pause_id), opened[-1])
            opened.remove(pause)
            ended.append((pause, step.at))
        elif step.type is StepType.DECIDE or step.type.value in _FINAL_STEPS:
            ended += [(pause, step.at) for pause in opened]
            opened = []
    ended += [(pause, as_of) for pause in opened]
    over = min([as_of, *(one.at for one in deemed if outcome_of(one.effect).moment != "accepted")])
    return [
        pause
        for pause, end in sorted(ended, key=lambda one: one[0].seq)
        if pause.announced is not None and outlasts(pause.at, pause.announced, min(end, over), calendar)
    ]


_FINAL_STEPS = frozenset({"refuse", "withdraw", "terminate", "close"})
