from typing import Any

import pytest
from pydantic import ValidationError

from app.items.schemas import ItemDocument, ItemIn
from tests.builders.items import a_clock, an_item


def error(document: dict[str, Any], model: type[ItemDocument] = ItemIn) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document)
    [found] = caught.value.errors()
    return ".".join(str(part) for part in found["loc"]), found["type"]


def test_a_single_moment_to_begin_again_may_stand_without_its_list() -> None:
    document = an_item().with_clock(restarts_on="corrected").build()
    assert ItemIn.model_validate(document).clocks[0].restarts_on == ["corrected"]


def test_an_unknown_field_is_refused() -> None:
    assert error(an_item().with_(surprise=1).build()) == ("surprise", "extra_forbidden")


@pytest.mark.parametrize("amount", [0, -1])
def test_an_extension_adds_at_least_one(amount: int) -> None:
    document = an_item().with_clock(extension={"amount": amount, "times": 1}).build()
    assert error(document) == ("clocks.0.extension.amount", "greater_than_equal")


@pytest.mark.parametrize("code", ["a/b", "a\u0000b", "", "x" * 65, "   ", "a\nb"])
def test_a_code_is_text_without_slashes_and_control_characters(code: str) -> None:
    place, _ = error(an_item().with_(department=code).build())
    assert place == "department"


@pytest.mark.parametrize("code", ["Group 1", "环评科", "410105-hbj", "x" * 64])
def test_any_other_short_text_is_a_code(code: str) -> None:
    assert ItemIn.model_validate(an_item().with_(department=code).build()).department == code


def test_an_item_to_be_published_has_a_name_and_a_department() -> None:
    document = {"clocks": [a_clock()], "name": "x"}
    assert error(document) == ("department", "missing")


def test_an_inline_item_needs_neither() -> None:
    assert ItemDocument.model_validate({"clocks": [a_clock()]}).department is None


def test_the_legal_basis_is_a_list_on_the_item_and_a_text_on_a_clock() -> None:
    item = an_item().with_(legal_basis=["环境影响评价法 第二十二条"]).with_clock(legal_basis="行政许可法 第三十二条")
    document = ItemIn.model_validate(item.build())
    assert document.legal_basis == ["环境影响评价法 第二十二条"]
    assert document.clocks[0].legal_basis == "行政许可法 第三十二条"


def test_a_document_read_and_sent_again_is_the_same() -> None:
    item = an_item().with_clock(warn=[{"at_share": 0.8}]).with_stage("review", 2).with_(valid_from="2026-07-01")
    document = ItemIn.model_validate(item.build())
    assert ItemIn.model_validate(document.model_dump(mode="json")) == document
    assert ItemIn.model_validate(document.model_dump(mode="json", exclude_none=True)) == document


def test_a_rung_is_shown_without_the_ways_that_it_is_not() -> None:
    document = ItemIn.model_validate(an_item().with_clock(warn=[{"at_share": 0.8}]).build())
    assert document.model_dump(mode="json")["clocks"][0]["warn"] == [{"at_share": 0.8}]
