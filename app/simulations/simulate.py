"""What-if: cases through the same engine as live applications, nothing stored."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from app.applications.explanation import Asked, background_of, explanation_json
from app.applications.shown import clock_json, deemed_json
from app.calendars import catalogue
from app.calendars.known import Known
from app.calendars.schemas import CalendarIn
from app.domain.calendar import Calendar
from app.domain.explanation import explain
from app.domain.items import Item, OnExpiry
from app.domain.refusal import Refusal
from app.domain.replay import replay
from app.domain.steps import Step
from app.items.reading import item_of
from app.items.rules import faults
from app.items.schemas import ItemDocument
from app.kit.problems import Fault, Problem, faults_of, invalid, refused
from app.kit.reading import Body, check, parse_json
from app.kit.schemas import parse_instant, unsafe_character
from app.kit.texts import Language, label
from app.simulations.arithmetic import reckon
from app.simulations.history import History, editions_of, over_announced, told, violation
from app.simulations.schemas import ApplicationCase, ArithmeticCase, SimulatedStep, SimulationsIn

__all__ = ["ItemKey", "Judged", "NamedItem", "is_small", "judge", "judge_apart"]

Json = Any  # a value of a case as the client sent it
Value = TypeVar("Value")
Key = TypeVar("Key")
Case = TypeVar("Case", ApplicationCase, ArithmeticCase)

ItemKey = tuple[str, date | None]
"""The code of a published item, and the day on which the application is received (None: never)."""

FEW_CASES = 16
SMALL_BODY = 1 << 14
FEW_STEPS = 40
FEW_CALENDARS = 3
FEW_SILENT = 2
CALENDAR_COST = 200
MOST_CALENDARS = 16
"""So many inline calendars of one body are kept at a time; each may reach over two centuries."""
MOST_DAYS = 150_000
"""So many days one answer explains."""
MOST_WORK = 10_000_000
"""What the cases of one body may cost together, in units of about a microsecond; ordinary ones cost some hundred."""


class NamedItem(NamedTuple):
    """One version of an item: what the law needs, where its calendar is to be looked for, what kind of act it is."""

    item: Item
    calendar: str | None
    jurisdiction: str | None
    kind: str | None = None


class Judged(NamedTuple):
    """What became of a body: the answer as bytes, or the items that must be read first, or the problem of the whole.

    Plain values, so that it travels between processes.
    """

    answer: bytes = b""
    needs: frozenset[ItemKey] = frozenset()
    problem: tuple[int, str, str, tuple[Fault, ...]] | None = None


def judge(
    raw: bytes, items: Mapping[ItemKey, NamedItem | None] | None, language: Language, explains: bool = False
) -> Judged:
    """The answer to a body, one result a case in the order asked, whatever becomes of the others.

    Without `items` a body that names published items is not judged yet; it says which. With `explains` each application
    has its `explanation`.
    """
    try:
        cases = check(SimulationsIn, Body(raw, parse_json(raw))).cases
    except Problem as problem:
        return Judged(problem=(problem.status, problem.code, problem.detail, problem.errors))
    if items is None:
        needs = frozenset(_item_keys(cases))
        if needs:
            return Judged(needs=needs)
    desk = _Desk(items or {}, language, explains=explains)
    results = [desk.answer(case) for case in cases]
    return Judged(json.dumps({"results": results}, ensure_ascii=False, separators=(",", ":")).encode())


def judge_apart(
    known: Known | None,
    raw: bytes,
    items: Mapping[ItemKey, NamedItem | None] | None,
    language: Language,
    explains: bool = False,
) -> Judged:
    """The same in another process, which learns here of the calendars that did not come with the program."""
    if known is not None:
        catalogue.adopt(known)
    return judge(raw, items, language, explains)


def is_small(raw: bytes) -> bool:
    """Whether a body is judged faster than another process is asked: few cases and steps, hardly a calendar.

    Nor is one that amends a step, which has every clock drawn anew, nor one that spells a key with a backslash, which
    could hide what is counted here.
    """
    return (
        len(raw) <= SMALL_BODY
        and raw.count(b'"id"') <= FEW_CASES
        and raw.count(b'"at"') <= FEW_STEPS
        and raw.count(b'"weekend"') + raw.count(b'"holidays"') + raw.count(b'"workdays"') <= FEW_CALENDARS
        and raw.count(b'"on_expiry"') <= FEW_SILENT
        and b'"replaces"' not in raw
        and b"\\" not in raw
    )


def _item_keys(cases: list[Json]) -> list[ItemKey]:
    """Which published items the cases name; malformed cases are passed over, for no database takes every text."""
    return [
        (case["item"], _received_on(case.get("steps")))
        for case in cases
        if isinstance(case, dict) and isinstance(case.get("item"), str) and not unsafe_character(case["item"])
    ]


def _received_on(steps: Json) -> date | None:
    """The day of the first receipt, in the zone of the nation's calendar."""
    received: list[datetime] = []
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and step.get("type") == "receive":
            try:
                received.append(parse_instant(step.get("at")))
            except ValueError:
                continue
    if not received:
        return None
    return date.fromordinal(catalogue.for_item(None, None).day_of(min(received)))


class _Desk:
    """Judges the cases of one body; a calendar or an item that several cases bring is made once."""

    def __init__(self, items: Mapping[ItemKey, NamedItem | None], language: Language, *, explains: bool) -> None:
        self.items = items
        self.language = language
        self.explains = explains
        self.calendars: dict[tuple[str, datetime | None, datetime | None], Calendar] = {}
        self.documents: dict[str, NamedItem] = {}
        self.days_left = MOST_DAYS
        self.work_left = MOST_WORK

    def answer(self, case: Json) -> dict[str, Any]:
        """The result of one case, or its problem."""
        try:
            if not isinstance(case, dict):
                raise invalid("body", "", "case_malformed", "a case is an object")
            if "item" in case or "steps" in case:
                return self._application(_parsed(ApplicationCase, case), case)
            return self._arithmetic(_parsed(ArithmeticCase, case), case)
        except Refusal as refusal:
            problem = refused(refusal)
        except Problem as fault:
            problem = fault
        id_ = case.get("id") if isinstance(case, dict) else None
        return {"id": id_ if isinstance(id_, str) else None, "error": problem.members(self.language)}

    def _arithmetic(self, case: ArithmeticCase, raw: dict[str, Json]) -> dict[str, Any]:
        return reckon(case, self._calendar(case.calendar, raw, None))

    def _application(self, case: ApplicationCase, raw: dict[str, Json]) -> dict[str, Any]:
        steps = sorted(case.steps, key=_at)
        if case.as_of is not None:
            as_of = case.as_of
        elif steps:
            as_of = steps[-1].at
        else:
            raise invalid("body", "/as_of", "as_of_missing", "a case without steps needs as_of")
        named = self._item(case, raw)
        choice = case.calendar
        if choice is None:
            try:
                choice = catalogue.for_item(named.calendar, named.jurisdiction).code
            except catalogue.CalendarNotFound as missing:
                pointer = "/item/calendar" if named.calendar is not None else "/item/jurisdiction"
                raise invalid("body", pointer, missing.code, missing.detail) from None
        if case.known_at is not None and case.as_of is None:
            raise invalid("body", "/known_at", "as_of_missing", "known_at goes with as_of")
        calendar = self._calendar(choice, raw, case.as_of, case.known_at)
        by = as_of if case.known_at is None else case.known_at
        known = [step for step in steps if step.at <= by]
        first, editions = editions_of(choice, calendar, known, case)
        self._spend(_cost(named.item, known, 1 + self.explains) * (1 + len(editions)))
        history = told(named.item, first, case, known, editions)
        dossier = history.dossier
        standing = replay(dossier, as_of)
        violations = [found for step, found in history.violations if step.at <= as_of or step.type == "amend"]
        violations += [_lasted_longer(step, calendar) for step in over_announced(dossier, as_of, standing.deemed)]
        status = str(standing.status)
        answer = {
            "id": case.id,
            "status": status,
            "status_label": label("status", status, self.language),
            "clocks": [clock_json(clock, calendar, self.language) for clock in standing.clocks],
            "deemed": [deemed_json(one, calendar, self.language) for one in standing.deemed],
            "violations": violations,
        }
        if self.explains:
            answer["explanation"] = self._explanation(history, as_of, named)
        return answer

    def _explanation(self, history: History, as_of: datetime, named: NamedItem) -> list[dict[str, Any]]:
        """Each clock with its reasons; refused when the answer as a whole would grow beyond all reading."""
        bases = {name: step.legal_basis for name, step in history.steps if step.legal_basis}
        background = background_of(named.item, named.kind, bases)
        explained = []
        for reasons in explain(history.dossier, as_of):
            one = explanation_json(reasons, background, Asked(self.language))
            self.days_left -= len(one["days"])
            if self.days_left < 0:
                raise Problem(
                    422,
                    "explanation_too_long",
                    f"The cases before this one explain {MOST_DAYS} days already; ask for fewer at a time.",
                )
            explained.append(one)
        return explained

    def _spend(self, work: int) -> None:
        """Take the cost of a case from what one call may cost."""
        if work > self.work_left:
            raise Problem(
                422, "too_much_work", "The cases of this call are too much work together; ask for fewer at a time."
            )
        self.work_left -= work

    def _calendar(
        self, choice: str | CalendarIn, raw: dict[str, Json], as_of: datetime | None, known_at: datetime | None = None
    ) -> Calendar:
        """The calendar that a case names or brings; a named one, and what it lies over, as published by `as_of`."""
        if isinstance(choice, str):
            try:
                return catalogue.newest(choice) if as_of is None else catalogue.published_by(choice, as_of, known_at)
            except catalogue.CalendarNotFound as missing:
                raise invalid("body", "/calendar", missing.code, missing.detail) from None
        by = (as_of, known_at) if choice.layer_of is not None else (None, None)
        try:
            return _once(self.calendars, (_text(raw["calendar"]), *by), lambda: self._made(choice, *by))
        except catalogue.CalendarNotFound as missing:
            raise invalid("body", "/calendar/layer_of", missing.code, missing.detail) from None

    def _made(self, choice: CalendarIn, as_of: datetime | None, known_at: datetime | None) -> Calendar:
        """A calendar that a case brings; its cost is that of the days between the first and the last that it names."""
        named = [day.toordinal() for day in (*choice.holidays, *choice.workdays)]
        self._spend(CALENDAR_COST + (max(named) - min(named) if named else 0))
        if len(self.calendars) >= MOST_CALENDARS:
            self.calendars.clear()
        return catalogue.inline(choice, as_of=as_of, known_at=known_at)

    def _item(self, case: ApplicationCase, raw: dict[str, Json]) -> NamedItem:
        document = case.item
        if isinstance(document, str):
            found = self.items.get((document, _received_on(raw.get("steps"))))
            if found is None:
                raise invalid("body", "/item", "item_unknown", "there is no item with this code")
            return found
        return _once(self.documents, _text(raw["item"]), lambda: _inline_item(document))


def _inline_item(document: ItemDocument) -> NamedItem:
    """The item that a case brings with itself; what makes no sense in it is refused as when it is published."""
    if not document.clocks and not document.stages:
        raise invalid("body", "/item", "item_invalid", "an item needs clocks or stages")
    found = faults(document)
    if found:
        pointers = [Fault("body", f"/item{fault.pointer}", fault.detail) for fault in found]
        raise Problem(422, found[0].code, found[0].detail, errors=pointers)
    return NamedItem(item_of(document, 1), document.calendar, document.jurisdiction, document.kind)


def _cost(item: Item, steps: list[SimulatedStep], drawn: int = 1) -> int:
    """What it takes to judge each step against all before it, in units of about a microsecond.

    Where silence has an effect, each of these is asked for each of those clocks whether it came to one. Each amendment
    has every clock drawn anew, for the numbers of its ends, and `drawn` says how often.
    """
    rules = [*item.clocks, *(stage.clock for stage in item.stages if stage.clock is not None)]
    silent = sum(1 for rule in rules if rule.on_expiry is not OnExpiry.OVERDUE)
    count = len(steps)
    amending = sum(1 for step in steps if step.type == "amend")
    judged = sum(1 for step in steps if step.type in ("extend", "explain_delay"))
    return (
        count * (2 * count + 20)
        + judged * (len(rules) + 2) * count
        + 100 * len(rules)
        + silent * count * (3 * count + 20)
        + drawn * amending * (count - amending) * (15 * len(item.clocks) + 25)
    )


def _lasted_longer(pause: Step, calendar: Calendar) -> dict[str, str | None]:
    begun = calendar.local(pause.at).date()
    limit = pause.announced
    said = "" if limit is None else f" announced for {limit.amount} {limit.unit}"
    detail = f"The pause of {begun} ({pause.ground}){said} lasted longer; the time beyond counts."
    return violation("pause_over_announced", detail, "行政许可法 第四十五条")


def _at(step: SimulatedStep) -> datetime:
    return step.at


def _parsed(model: type[Case], case: dict[str, Json]) -> Case:
    """The case as a message; every fault of its form with a pointer into the case."""
    try:
        return model.model_validate(case)
    except ValidationError as error:
        errors = [
            {**one, "loc": _without_forms(one["loc"])} for one in error.errors(include_url=False, include_input=False)
        ]
        code, found = faults_of(errors, "body")
        raise Problem(422, code, "the case is not valid", errors=found) from None


_FORMS = {"calendar": ("named", "inline"), "item": ("named", "inline"), "hours": ("daily", "weekly")}


def _without_forms(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A place in the case without the names of the forms that `calendar`, `item` and `hours` may take."""
    return tuple(part for place, part in enumerate(loc) if not place or part not in _FORMS.get(str(loc[place - 1]), ()))


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _once(kept: dict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    found = kept.get(key)
    if found is None:
        found = kept[key] = make()
    return found
