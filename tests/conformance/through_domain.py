"""A request of a case answered by the domain alone: no HTTP, no route, the whole forecast drawn and then read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from app.applications.shown import clock_json
from app.calendars import catalogue
from app.calendars.schemas import CalendarIn
from app.domain import procedure
from app.domain.calendar import Calendar
from app.domain.forecast import forecast
from app.domain.refusal import Refusal
from app.domain.replay import standing_in
from app.domain.steps import Dossier, FixedDue, Step, StepType
from app.domain.units import Limit, Unit
from app.items.reading import item_of
from app.items.schemas import ItemDocument
from app.simulations.arithmetic import reckon
from app.simulations.schemas import ArithmeticCase, SimulatedStep

__all__ = ["answer"]

Json = Any


def answer(request: dict[str, Json]) -> dict[str, Json]:
    """The answer, or the refusal of the law as an error."""
    try:
        if "item" in request:
            return _application(request)
        return reckon(ArithmeticCase.model_validate({"id": "x", **request}), _calendar(request["calendar"]))
    except Refusal as refusal:
        return {"error": {"code": refusal.code, "detail": refusal.detail}}
    except ValidationError as error:
        return {"error": {"code": error.errors()[0]["type"], "detail": str(error)}}


def _calendar(choice: str | dict[str, Json]) -> Calendar:
    if isinstance(choice, str):
        return catalogue.newest(choice)
    return catalogue.inline(CalendarIn.model_validate(choice))


def _application(request: dict[str, Json]) -> dict[str, Json]:
    calendar = _calendar(request["calendar"])
    document = ItemDocument.model_validate(request["item"])
    steps = sorted(_steps(request, calendar), key=lambda step: step.at)
    at = datetime.fromisoformat(request["as_of"]).astimezone(UTC) if "as_of" in request else steps[-1].at
    dossier = Dossier(item_of(document, 1), calendar, ())
    violations = []
    for step in steps:
        if step.at > at:
            continue
        try:
            procedure.check(dossier, step, now=step.at)
        except Refusal as refusal:
            violations.append(refusal.code)
            continue
        dossier = dossier.with_step(step)
    standing = standing_in(forecast(dossier), dossier, at)
    return {
        "status": str(standing.status),
        "clocks": [clock_json(clock, calendar, "en") for clock in standing.clocks],
        "violations": violations,
    }


def _steps(request: dict[str, Json], calendar: Calendar) -> Iterator[Step]:
    fixed = tuple(FixedDue(kind, _end(end, calendar)) for kind, end in request.get("fixed_due", {}).items())
    for seq, raw in enumerate(request["steps"], 1):
        given = SimulatedStep.model_validate(raw)
        announced = given.announced
        type_ = StepType(given.type)
        yield Step(
            type=type_,
            at=given.at,
            seq=seq,
            id=str(seq),
            recorded_at=given.at,
            stage=given.stage or "",
            clock=given.clock or "",
            amount=given.amount or 0,
            ground=given.ground or "",
            announced=None if announced is None else Limit(announced.amount, Unit(announced.unit)),
            result=given.result,
            fixed_due=fixed if type_ is StepType.RECEIVE else (),
        )


def _end(end: str, calendar: Calendar) -> datetime:
    if "T" in end:
        return datetime.fromisoformat(end).astimezone(UTC)
    return calendar.midnight(date.fromisoformat(end).toordinal() + 1)
