"""Explanations over HTTP: data and sentences, of the counter and of the public, in both languages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from app.applications.explanation_schemas import ApplicationExplanationOut
from tests.builders.applications import Counter
from tests.conftest import Hands

ENGLISH = {"Accept-Language": "en"}


async def a_paused_case(counter: Counter, hands: Hands) -> str:
    """Received and accepted on a Monday, paused on Wednesday, resumed on Friday, looked at on the Monday after."""
    number: str = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    hands.set("2026-11-04T10:00:00+08:00")
    announced = {"amount": 5, "unit": "working_day"}
    await counter.step(
        number, "pause", ground="hearing", legal_basis="行政许可法 第四十六条", announced=announced, approver="王"
    )
    hands.set("2026-11-06T10:00:00+08:00")
    await counter.step(number, "resume")
    hands.set("2026-11-09T10:00:00+08:00")
    return number


def plain(text: str) -> str:
    """A text without the spaces at which no line breaks."""
    return text.replace("\u00a0", " ")


async def explained(
    client: httpx2.AsyncClient, number: str, kind: str = "promise", query: str = "", **headers: str
) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/public/applications/{number}/clocks/{kind}/explanation{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    ApplicationExplanationOut.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


async def test_an_explanation_lists_each_day_with_its_reason_and_ends_on_the_due_day(
    counter: Counter, hands: Hands
) -> None:
    number = await a_paused_case(counter, hands)
    answer = await counter.get(f"/{number}/clocks/promise/explanation")
    ApplicationExplanationOut.model_validate_json(answer.content)
    told = answer.json()
    [clock] = [clock for clock in (await counter.read(number))["clocks"] if clock["kind"] == "promise"]
    assert told["clock"] == clock
    days = told["days"]
    assert [(day["date"], day["counted"], day["n"], day["reason"]) for day in days[:8]] == [
        ("2026-11-02", False, None, "start_day"),
        ("2026-11-03", True, 1, "working_day"),
        ("2026-11-04", True, 2, "working_day"),
        ("2026-11-05", False, None, "paused"),
        ("2026-11-06", False, None, "paused"),
        ("2026-11-07", False, None, "weekend"),
        ("2026-11-08", False, None, "weekend"),
        ("2026-11-09", True, 3, "working_day"),
    ]
    assert (days[3]["ground"], days[3]["article"]) == ("hearing", "行政许可法 第四十六条")
    assert (days[5]["article"], days[0]["article"]) == ("行政许可法 第八十二条", "民法典 第二百零一条")
    assert (days[-1]["date"], days[-1]["n"]) == (clock["due_on"], 20)
    assert told["days_next"] is None


async def test_each_change_of_the_end_is_told_from_what_to_what_and_why(
    client: httpx2.AsyncClient, counter: Counter, hands: Hands
) -> None:
    number = await a_paused_case(counter, hands)
    told = await explained(client, number)
    assert [(one["cause"], one["from"], one["to"], one["latest"]) for one in told["changes"]] == [
        ("started", None, "2026-11-30", None),
        ("paused", "2026-11-30", None, "2026-12-07"),
        ("resumed", "2026-12-07", "2026-12-02", None),
    ]
    assert [one["step"] for one in told["changes"]] == [f"{number}.2", f"{number}.3", f"{number}.4"]
    assert [plain(one["sentence"]) for one in told["changes"]] == [
        "2026 年 11 月 2 日（周一）：受理，期限开始计算，最后一天是 2026 年 11 月 30 日（周一）。",
        "2026 年 11 月 4 日（周三）：因“听证”暂停计时，若按告知的时间结束，最后一天是 2026 年 12 月 7 日（周一）。",
        "2026 年 11 月 6 日（周五）：恢复计时，最后一天由 2026 年 12 月 7 日（周一）改为 2026 年 12 月 2 日（周三）。",
    ]


async def test_the_summary_is_a_paragraph_in_the_language_asked(
    client: httpx2.AsyncClient, counter: Counter, hands: Hands
) -> None:
    number = await a_paused_case(counter, hands)
    assert plain((await explained(client, number))["summary"]) == (
        "承诺时限：20 个工作日。2026 年 11 月 2 日（周一）开始，当天不计入。其间 8 天是周末或节假日，不计入。"
        "因“听证”暂停的 2 天不计入。所以最后一天是 2026 年 12 月 2 日（周三），当天 24:00 以前都不算超期。"
    )
    assert plain((await explained(client, number, **ENGLISH))["summary"]) == (
        "Promised time limit: 20 working days. It starts on Mon 2 November 2026; that day itself does not count. 8 "
        "rest days in between do not count. 2 days of pauses (Hearing) do not count. So the last day is Wed "
        "2 December 2026; until midnight that night it is not overdue."
    )


async def test_an_instant_before_the_pause_knows_nothing_of_it(counter: Counter, hands: Hands) -> None:
    number = await a_paused_case(counter, hands)
    told = (await counter.get(f"/{number}/clocks/promise/explanation", as_of="2026-11-03T10:00:00+08:00")).json()
    assert [one["cause"] for one in told["changes"]] == ["started"]
    assert {day["reason"] for day in told["days"]} == {"start_day", "working_day", "weekend"}
    assert told["days"][-1]["date"] == "2026-11-30"


async def test_what_was_not_recorded_yet_is_not_explained(counter: Counter, hands: Hands) -> None:
    number = await a_paused_case(counter, hands)
    target = f"/{number}/clocks/promise/explanation"
    told = (await counter.get(target, known_at="2026-11-05T10:00:00+08:00")).json()
    assert [one["cause"] for one in told["changes"]] == ["started", "paused"]
    assert told["clock"]["state"] == "paused"
    assert (await counter.get(target, known_at="2026-10-05T10:00:00+08:00")).status_code == 404


async def test_the_public_reads_the_same_without_any_credential(
    client: httpx2.AsyncClient, counter: Counter, hands: Hands
) -> None:
    number = await a_paused_case(counter, hands)
    inside = (await counter.get(f"/{number}/clocks/promise/explanation")).json()
    outside = await explained(client, number, **counter.headers())
    assert inside.pop("known_at") == inside["as_of"]
    assert outside == inside
    assert "某某" not in str(outside)


async def test_days_are_listed_page_by_page(client: httpx2.AsyncClient, counter: Counter, hands: Hands) -> None:
    number = await a_paused_case(counter, hands)
    whole = (await explained(client, number, "statutory"))["days"]
    first = await explained(client, number, "statutory", "?limit=40")
    rest = await explained(client, number, "statutory", f"?from={first['days_next']}")
    assert first["days"] + rest["days"] == whole
    assert rest["days_next"] is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nothing", 404, "not_found"),
        ("stage", 422, "stage_missing"),
        ("stage?stage=nowhere", 404, "not_found"),
        ("stage?stage=review&round=7", 404, "not_found"),
        ("promise?unknown=1", 422, "parameter_unknown"),
        ("promise?limit=0", 422, "input_invalid"),
        ("promise?from=yesterday", 422, "input_invalid"),
    ],
)
async def test_a_clock_that_does_not_exist_is_not_explained(
    client: httpx2.AsyncClient, counter: Counter, path: str, status: int, code: str
) -> None:
    number = (await counter.receive())["tracking_number"]
    kind, _, query = path.partition("?")
    asked = dict(parse_qsl(query))
    target = f"/{number}/clocks/{kind}/explanation"
    for answer in (
        await counter.get(target, **asked),
        await client.get(f"/api/v1/public/applications{target}", params=asked),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_stage_not_begun_and_an_unknown_number_are_told_as_such(
    client: httpx2.AsyncClient, counter: Counter, keys: Mapping[str, str]
) -> None:
    number = (await counter.receive())["tracking_number"]
    told = await explained(client, number, "stage", "?stage=review", **ENGLISH)
    assert (told["days"], told["changes"], told["clock"]["state"]) == ([], [], "not_started")
    assert told["summary"].endswith("it has not begun yet.")
    answer = await client.get("/api/v1/public/applications/Q0QJ-WRBA-61TW-PZ/clocks/promise/explanation")
    assert answer.status_code == 404
