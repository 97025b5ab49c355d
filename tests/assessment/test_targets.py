"""Yearly targets: set by two, measured from the record, the gap at each month's end the figures of the statistics."""

import asyncio
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import httpx2
import pytest
from sqlalchemy import text

from app.alarms.sweep import Sweeper
from app.assessment.goals import Counts, Goal, Indicator, gap_of
from app.assessment.targets import hundredths
from app.domain.units import Unit
from app.kit.db import Database
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from app.statistics.tallies import Tally
from tests.assessment.conftest import Book, Json
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.proof import tampering
from tests.statistics.asking import ask, clock

GOALS: list[Json] = [
    {"indicator": "on_time_rate", "clock": "notice", "goal": "98"},
    {"indicator": "late", "clock": "notice", "goal": "0"},
    {"indicator": "open_overdue", "clock": "notice", "goal": "1"},
    {"indicator": "net_days", "goal": "1.5"},
    {"indicator": "compression", "unit": "working_day", "goal": "30"},
    {"indicator": "speed_up", "unit": "calendar_day", "goal": "80"},
    {"indicator": "orders", "goal": "0"},
    {"indicator": "yellow_cards", "goal": "0"},
]
TARGETS: Json = {"goals": GOALS, "document": "目标管理责任书〔2026〕1号", "approver": "局长"}


async def put(book: Book, body: Json, path: str = "/targets/2026/D1", role: str = "supervisor") -> httpx2.Response:
    return await book.ask("PUT", path, body, role=role)


async def gaps(book: Book, month: str, **query: str) -> dict[str, Json]:
    """The gaps of D1 at the end of a month, by indicator."""
    document = await book.get("/target-gaps", year=month[:4], month=month, **query)
    [at] = document["months"]
    [mine] = [item for item in at["items"] if item["department"] == "D1"]
    return {goal["indicator"]: goal for goal in mine["goals"]}


async def a_year(book: Book, counter: Counter, hands: Hands, sweeper: Sweeper) -> None:
    """Two decided in November, one accepted late, one never looked at; it is the 5th of December."""
    assert (await put(book, TARGETS)).status_code == 201
    for _ in range(2):
        number = (await counter.receive())["tracking_number"]
        await counter.step(number, "accept")
        hands.set("2026-11-04T10:00:00+08:00")
        await counter.step(number, "decide", result="granted")
    late = (await counter.receive())["tracking_number"]
    await counter.receive()
    hands.set("2026-11-12T10:00:00+08:00")
    await sweeper.sweep()
    await counter.step(late, "accept")
    hands.set("2026-12-05T09:00:00+08:00")
    await sweeper.sweep()


async def test_the_gap_is_that_of_the_figures_of_the_statistics(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await a_year(book, counter, hands, sweeper)
    found = await gaps(book, "2026-11")
    period = {"from": "2026-01-01", "to": "2026-11-30", "as_of": "2026-11-30T23:59:59.999999+08:00"}
    [line] = (await ask(counter, by="department", **period))["items"]
    notice = clock(line, "notice")
    judged = notice["on_time"] + notice["late"]
    assert (found["on_time_rate"]["part"], found["on_time_rate"]["whole"]) == (notice["on_time"], judged) == (2, 3)
    assert (found["on_time_rate"]["measured"], found["on_time_rate"]["gap"]) == ("66.67", "-31.33")
    assert found["late"]["measured"] == str(notice["late"]) == "1"
    assert found["open_overdue"]["measured"] == str(notice["open_overdue"]) == "1"
    assert (found["net_days"]["part"], found["net_days"]["whole"]) == (line["net"]["sum"], line["net"]["count"])
    [ratio] = [one for one in line["speed_up"] if one["unit"] == "calendar_day"]
    assert found["speed_up"]["whole"] == ratio["statutory"]
    shown = (Decimal(100) * (ratio["statutory"] - ratio["compared"]) / ratio["statutory"]).quantize(
        Decimal("0.01"), ROUND_HALF_UP
    )
    assert Decimal(found["speed_up"]["measured"]) == shown
    assert {name: one["is_met"] for name, one in found.items()} == {
        "on_time_rate": False,
        "late": False,
        "open_overdue": True,
        "net_days": Decimal(found["net_days"]["measured"]) <= Decimal("1.5"),
        "compression": None,
        "speed_up": True,
        "orders": False,
        "yellow_cards": False,
    }
    assert found["compression"]["measured"] is None
    assert (found["orders"]["measured"], found["orders"]["gap"], found["orders"]["direction"]) == ("2", "-2", "at_most")


async def test_the_gap_at_a_month_s_end_is_the_same_number_when_it_is_asked_for_later(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await a_year(book, counter, hands, sweeper)
    seen = await book.get("/target-gaps", year="2026", month="2026-11")
    [*_, order] = (await book.get("/orders"))["items"]
    hands.set("2026-12-06T09:00:00+08:00")
    revoked = await book.ask("POST", f"/orders/{order['id']}/steps", {"type": "revoke", "reason": "误发"})
    assert revoked.status_code == 201, revoked.text
    assert (await put(book, TARGETS | {"goals": GOALS[:1]})).json()["valid_from"] == "2026-12-01"
    hands.set("2027-01-10T09:00:00+08:00")
    assert await book.get("/target-gaps", year="2026", month="2026-11", known_at=seen["known_at"]) == seen
    now = await gaps(book, "2026-11")
    assert (now["orders"]["measured"], len(now)) == ("1", len(GOALS))
    assert list(await gaps(book, "2026-12")) == ["on_time_rate"]
    whole = await book.get("/target-gaps", year="2026")
    assert [month["month"] for month in whole["months"]] == [f"2026-{number:02d}" for number in range(1, 13)]
    assert whole["months"][0]["items"][0]["goals"][0]["measured"] is None
    assert (await book.get("/target-gaps", year="2028"))["months"] == []


async def test_a_second_version_begins_with_a_month_that_is_not_over(book: Book, hands: Hands) -> None:
    made = await put(book, TARGETS)
    assert (made.status_code, made.json()["valid_from"]) == (201, "2026-01-01")
    assert (await put(book, TARGETS)).status_code == 200
    less = TARGETS | {"goals": GOALS[:2]}
    past = await put(book, less | {"valid_from": "2026-10-01"})
    assert (past.status_code, past.json()["code"]) == (422, "valid_from_past")
    later = await put(book, less | {"valid_from": "2026-12-01"})
    assert (later.status_code, later.json()["version"]) == (201, 2)
    [new, old] = (await book.get("/targets/2026/D1"))["items"]
    assert (new["version"], old["version"], len(old["goals"])) == (2, 1, len(GOALS))
    [newest] = (await book.get("/targets/2026"))["items"]
    assert newest == new
    hands.set("2027-01-02T09:00:00+08:00")
    over = await put(book, TARGETS)
    assert (over.status_code, over.json()["code"]) == (422, "year_over")


async def test_two_who_set_them_at_once_make_two_versions_or_one(book: Book) -> None:
    answers = await asyncio.gather(put(book, TARGETS), put(book, TARGETS), put(book, TARGETS | {"document": "另"}))
    assert {answer.status_code for answer in answers} <= {200, 201}
    versions = [one["version"] for one in (await book.get("/targets/2026/D1"))["items"]]
    assert versions == list(range(len(versions), 0, -1))


async def test_a_target_changed_in_silence_is_found(book: Book, service: Service, database: Database) -> None:
    assert (await put(book, TARGETS)).status_code == 201
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("UPDATE targets SET body = '{\"goals\": []}'"))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == "rule"


WRONG: Mapping[str, tuple[Json, str]] = {
    "approved by who brings it": ({"approver": "supervisor of the tests"}, "approver_is_actor"),
    "another year": ({"valid_from": "2027-01-01"}, "valid_from_not_a_month"),
    "a day within a month": ({"valid_from": "2026-12-02"}, "valid_from_not_a_month"),
    "the year 9999": ({"valid_from": "9999-01-01"}, "input_invalid"),
    "no clock": ({"goals": [{"indicator": "late", "goal": "0"}]}, "input_invalid"),
    "a clock too many": ({"goals": [{"indicator": "orders", "clock": "notice", "goal": "0"}]}, "input_invalid"),
    "no unit": ({"goals": [{"indicator": "speed_up", "goal": "0"}]}, "input_invalid"),
    "an unknown unit": ({"goals": [{"indicator": "speed_up", "unit": "week", "goal": "0"}]}, "input_invalid"),
    "an indicator twice": ({"goals": [GOALS[0], GOALS[0]]}, "input_invalid"),
    "less than nothing": ({"goals": [{"indicator": "orders", "goal": "-1"}]}, "input_invalid"),
    "a NUL": ({"document": "a\x00"}, "input_invalid"),
    "a long text": ({"document": "长" * 10_001}, "input_invalid"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_targets_that_make_no_sense_are_refused(book: Book, what: str) -> None:
    change, code = WRONG[what]
    answer = await put(book, TARGETS | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await book.get("/targets/2026"))["items"] == []


async def test_whose_targets_are_for_whom(book: Book, counter: Counter) -> None:
    assert (await book.ask("PUT", "/departments/D2", {"name": "D2"}, role="admin")).status_code in (200, 201)
    for path in ("/targets/2026/D1", "/targets/2026/D2"):
        assert (await put(book, TARGETS, path)).status_code == 201
    assert (await put(book, TARGETS, "/targets/2026/D9")).status_code == 404
    for year in ("1000", "9999", "x", "２０２６"):
        assert (await put(book, TARGETS, f"/targets/{year}/D1")).status_code == 422
    for role in ("clerk", "reviewer", "head", "auditor", "admin", "security", "integration"):
        assert (await put(book, TARGETS, role=role)).status_code == 403
    assert [one["department"] for one in (await book.get("/targets/2026"))["items"]] == ["D1", "D2"]
    assert [one["department"] for one in (await book.get("/targets/2026", role="head"))["items"]] == ["D1"]
    assert (await book.ask("GET", "/targets/2026/D2", role="head")).status_code == 404
    [month] = (await book.get("/target-gaps", year="2026", month="2026-11", role="head"))["months"]
    assert [one["department"] for one in month["items"]] == ["D1"]
    [month] = (await book.get("/target-gaps", year="2026", month="2026-11", department="D2"))["months"]
    assert [one["department"] for one in month["items"]] == ["D2"]
    elsewhere = await book.ask("GET", "/target-gaps?year=2026&month=2025-11")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "month_elsewhere")


def test_a_goal_is_judged_by_the_exact_number_not_by_the_rounded_one() -> None:
    line = Tally()
    line.clocks["promise"].on_time, line.clocks["promise"].late = 97_999, 2_001
    gap = gap_of(Goal(Indicator.ON_TIME_RATE, 9800, "promise"), line, Counts())
    assert (hundredths(gap.measured), hundredths(gap.spare), gap.is_met) == ("98", "0", False)
    line.clocks["promise"].on_time, line.clocks["promise"].late = 98, 2
    assert gap_of(gap.goal, line, Counts()).is_met is True


def test_limits_are_compared_in_the_unit_of_the_goal_alone() -> None:
    line = Tally()
    line.compression[Unit.WORKING_DAY].add(20, 5)
    line.compression[Unit.CALENDAR_DAY].add(60, 60)
    gap = gap_of(Goal(Indicator.COMPRESSION, 8000, unit="working_day"), line, Counts())
    assert (gap.part, gap.whole, hundredths(gap.measured), hundredths(gap.spare)) == (15, 20, "75", "-5")
