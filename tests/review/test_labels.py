"""The contract's opening: every code has a label beside it, in the language asked for."""

from typing import Any

import pytest

from app.kit.texts import label
from tests.builders.applications import Counter

PAUSE: dict[str, Any] = {
    "ground": "hearing",
    "legal_basis": "行政许可法 第四十五条",
    "announced": None,
    "approver": "乙",
}


async def labels(counter: Counter, number: str) -> dict[str, dict[str, Any]]:
    """The labels of each step, by its type."""
    steps = (await counter.get(f"/{number}/steps")).json()["items"]
    return {step["type"]: {name: text for name, text in step.items() if name.endswith("_label")} for step in steps}


async def test_each_code_of_a_step_has_its_label(counter: Counter) -> None:
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    await counter.step(number, "extend", clock="statutory", amount=1, approver="乙", reason="复杂")
    await counter.step(number, "pause", **PAUSE)
    await counter.step(number, "decide", result="granted")
    found = await labels(counter, number)
    assert found["receive"]["channel_label"] == "Service window"
    assert found["extend"]["clock_label"] == "Statutory time limit"
    assert found["pause"]["ground_label"] == "Hearing"
    assert found["decide"]["result_label"] == "Granted"
    for step in found.values():
        assert step["role_label"] == label("role", "head", "en")
        assert step["source_label"] == label("source", "api", "en") != "api"


async def test_the_source_of_an_application_has_its_label(counter: Counter) -> None:
    assert (await counter.receive())["source_label"] == label("source", "api", "en")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_admin_keys_role_has_a_label(language: Any) -> None:  # a language of the catalogues
    assert label("role", "every", language) != "every"


async def test_each_code_of_the_public_view_has_its_label(counter: Counter) -> None:
    received = await counter.receive()
    number = received["tracking_number"]
    await counter.step(number, "accept")
    await counter.step(number, "extend", clock="statutory", amount=1, approver="乙", reason="复杂")
    await counter.step(number, "decide", result="granted")
    shown = (
        await counter.client.get(
            f"/api/v1/public/applications/{number}",
            headers={"X-Query-Code": received["query_code"], "Accept-Language": "en"},
        )
    ).json()
    assert shown["extensions"][0]["unit_label"] == "calendar day"
    assert shown["result"]["result_label"] == "Granted"


async def test_what_a_clock_of_an_item_comes_to_has_its_label(counter: Counter) -> None:
    item = (await counter.client.get("/api/v1/items/eia-report", headers=counter.headers())).json()
    assert item["clocks"][0]["on_expiry_label"] == label("on_expiry", "overdue", "en") != "overdue"
