"""The catalogues are whole, and a request gets the language that it asks for."""

import ast
import string
from pathlib import Path

import pytest

import app
from app.domain.changes import Cause
from app.domain.explained_days import Reason
from app.domain.explanation import Rule
from app.domain.items import Party
from app.domain.spans import ClockState
from app.domain.steps import Status, StepType
from app.domain.units import Unit
from app.kit.texts import _CATALOGUES, LANGUAGES, gettext, label, negotiate


def test_both_catalogues_have_the_same_keys() -> None:
    chinese, english = _CATALOGUES["zh-CN"], _CATALOGUES["en"]
    assert chinese.labels.keys() == english.labels.keys()
    assert chinese.texts.keys() == english.texts.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    catalogue = _CATALOGUES[language]  # type: ignore[index]  # parametrised by the very tuple of its keys
    assert [key for key, text in catalogue.labels.items() if not text.strip()] == []
    assert [key for key, forms in catalogue.texts.items() if not all(form.strip() for form in forms)] == []


def test_both_catalogues_fill_in_the_same_names() -> None:
    def names(form: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}

    for key, forms in _CATALOGUES["zh-CN"].texts.items():
        assert names(forms[0]) == names(_CATALOGUES["en"].texts[key][-1]), key


@pytest.mark.parametrize(
    ("kind", "codes"), [("status", Status), ("state", ClockState), ("step", StepType), ("unit", Unit), ("party", Party)]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_law_has_a_label(kind: str, codes: type[Status], language: str) -> None:
    labels = _CATALOGUES[language].labels  # type: ignore[index]
    assert [code for code in codes if (kind, str(code)) not in labels] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_rule_and_cause_of_an_explanation_is_spoken_of(language: str) -> None:
    catalogue = _CATALOGUES[language]  # type: ignore[index]
    assert [reason for reason in Reason if ("day", str(reason)) not in catalogue.labels] == []
    assert [cause for cause in Cause if ("cause", str(cause)) not in catalogue.labels] == []
    assert [cause for cause in Cause if f"explain.head.{cause}" not in catalogue.texts] == []
    assert [rule for rule in Rule if f"explain.rule.{rule}" not in catalogue.texts] == []


def test_a_code_without_a_label_is_shown_as_it_is() -> None:
    assert label("clock", "quick_check", "en") == "quick_check"
    assert label("light", "red", "zh-CN") == "超期"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr, en;q=0.5, zh;q=0.4", "en"),
        ("en;q=0.5, zh;q=0.5", "en"),
        ("en;q=0", "zh-CN"),
        ("*", "zh-CN"),
        ("de", "zh-CN"),
        ("en;q=nan", "zh-CN"),
        ("en;q=" + "1" * 500, "zh-CN"),
        ("\x00en", "zh-CN"),
        (",,;;q=1", "zh-CN"),
    ],
)
def test_the_language_follows_accept_language(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_a_number_chooses_singular_or_plural() -> None:
    assert gettext("en")("days.working_day", n=1) == "1\xa0working\xa0day"
    assert gettext("en")("days.working_day", n=2) == "2\xa0working\xa0days"
    assert gettext("zh-CN")("days.working_day", n=2) == "2\xa0个工作日"


def codes_of_problems() -> set[str]:
    """Every code that some `Problem`, `Refusal` or `invalid` of the service is made with."""
    found: set[str] = set()
    for file in Path(app.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"Problem": 1, "Refusal": 0, "invalid": 2}.get(node.func.id)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    found.add(str(ast.literal_eval(node.args[place])))
    return found


def test_every_problem_has_a_title_of_its_own() -> None:
    codes = codes_of_problems()
    assert len(codes) > 30
    assert sorted(code for code in codes if ("problem", code) not in _CATALOGUES["zh-CN"].labels) == []
