"""Public answers for tests: a history as the look-up shows it, without a database."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from app.applications.events import Fact
from app.applications.projection import Head
from app.applications.public_view import read_view, spell_view, view_of
from app.departments.queries import Names
from app.domain.forecast import forecast
from app.kit.texts import Language
from app.lookup.answers import Asked, answer_of
from tests.builders.domain import History, instant

NUMBER = "Q0QJ-WRBA-61TW-PZ"
NAMES = Names({"D1": "环境保护局"}, {("D1", "S1"): "环评科"}, {("D1", "o1"): "王小明"}, {"D1": "0371-65900000"})


def a_view(history: History, said: Mapping[int, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The stored view of a history; `said` is what was sealed of a step, by its number."""
    dossier = history.dossier
    facts = [
        Fact(step, {"legal_basis": "行政许可法 第四十五条"}, (said or {}).get(step.seq, {})) for step in dossier.steps
    ]
    begun = dossier.steps[0].at
    drawn = forecast(dossier)
    received = drawn.received_on
    head = Head(*[None] * len(Head._fields))._replace(  # type: ignore[arg-type]  # the rest is not looked at
        calendar=dossier.calendar.name,
        receipt_rule=str(dossier.item.receipt_rule),
        submitted_at=begun,
        received_on=None if received is None else date.fromordinal(received),
    )
    return read_view(spell_view(view_of(dossier.item, "环境影响报告书审批", head, facts, drawn)))


def an_answer(
    history: History,
    at: str,
    *,
    language: Language = "zh-CN",
    with_code: bool = False,
    said: Mapping[int, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """What the look-up answers of a history at an instant, through its JSON."""
    asked = Asked(NUMBER, instant(at), language, with_code, NAMES, None)
    answer = answer_of(a_view(history, said), asked)
    return dict(from_json(to_json(answer)))
