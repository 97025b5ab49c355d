"""docs/law.md speaks of every setting that there is, and of no other."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from app.domain.items import DueTime, EndRule, OnExpiry, Party, ReceiptRule, StartRule
from app.domain.units import Unit
from app.items.schemas import ClockDocument, ItemDocument
from app.kit.texts import _CATALOGUES

PAGE = (Path(__file__).parents[1] / "docs" / "law.md").read_text(encoding="utf-8")
SETTING = re.compile(r"`([a-z_]+): ([a-z_]+)`")
ENUMS: dict[str, type[StrEnum]] = {
    "unit": Unit,
    "start_rule": StartRule,
    "end_rule": EndRule,
    "due_time": DueTime,
    "on_expiry": OnExpiry,
    "receipt_rule": ReceiptRule,
    "party": Party,
}
TABLE = PAGE[PAGE.index("## 18 ") :]


def test_every_setting_that_the_page_names_exists() -> None:
    named = {(field, value) for field, value in SETTING.findall(PAGE) if (field, value) != ("field", "value")}

    assert {field for field, _ in named} == ENUMS.keys()
    assert [(field, value) for field, value in named if value not in set(ENUMS[field])] == []


@pytest.mark.parametrize("field", ENUMS)
def test_every_value_is_spoken_of_where_its_rule_stands_and_among_all_settings(field: str) -> None:
    rules = PAGE[: PAGE.index("## 18 ")]
    for value in ENUMS[field]:
        assert f"`{field}: {value}`" in rules, value
        assert f"`{field}: {value}`" in TABLE, value


def test_every_section_is_in_the_table_of_contents() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    anchors = [re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings]

    assert [anchor for anchor in anchors if f"(#{anchor})" not in PAGE] == []
    assert set(re.findall(r"\(#([a-z0-9-]+)\)", PAGE)) <= set(anchors)


def test_the_fields_of_a_clock_that_the_page_names_are_those_of_a_document() -> None:
    listed = re.search(r"\| clock \| (`starts`.*?) \|", TABLE)
    assert listed is not None
    assert set(re.findall(r"`([a-z_]+)`", listed[1])) <= set(ClockDocument.model_fields)
    assert {"late_entry_limit", "calendar", "jurisdiction", "receipt_rule"} <= set(ItemDocument.model_fields)


def test_every_code_of_a_refusal_that_the_page_names_has_a_title() -> None:
    codes = set(re.findall(r"`((?:correction|extension|pause)_[a-z_]+)`", PAGE)) - {
        "pauses_for",
        "correction_requested",
    }

    assert len(codes) >= 6
    assert [code for code in codes if ("problem", code) not in _CATALOGUES["en"].labels] == []
