"""Alarms that an amendment, an edition or a suspension makes untrue are withdrawn with that cause, never deleted."""

from datetime import date, datetime, timedelta
from typing import Any

from app.alarms.sweep import Sweeper
from app.applications import journal
from app.applications.published import Stop
from app.domain.folds import Suspension
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object
APPROVED = {"reason": "录入时看错了", "approver": "王局长", "actor": "李四"}


async def alarms(counter: Counter, number: str) -> list[Json]:
    answer = await counter.client.get("/api/v1/alarms", params={"tracking_number": number}, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    rows: list[Json] = answer.json()["items"]
    return rows


async def test_an_amendment_withdraws_the_alarm_that_it_makes_untrue(
    counter: Counter, sweeper: Sweeper, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T10:00:00+08:00")
    await sweeper.sweep()
    await counter.step(number, "accept")
    assert sorted(row["kind"] for row in await alarms(counter, number)) == ["overdue", "warning"]
    hands.advance(timedelta(hours=1))
    await counter.step(
        number, "amend", step=f"{number}.2", replaces={"occurred_at": "2026-11-09T15:00:00+08:00"}, **APPROVED
    )
    await sweeper.sweep()
    overdue = next(row for row in await alarms(counter, number) if row["kind"] == "overdue")
    assert overdue["withdrawn"]["cause"] == "amend"
    assert overdue["withdrawn"]["superseded_by"] is None
    hands.advance(timedelta(hours=1))
    await counter.step(number, "amend", step=f"{number}.2", replaces=None, **APPROVED)
    await sweeper.sweep()
    standing = [row for row in await alarms(counter, number) if row["withdrawn"] is None]
    assert sorted(row["kind"] for row in standing) == ["overdue", "warning"]


async def test_an_edition_and_a_suspension_withdraw_what_they_make_untrue(
    counter: Counter, sweeper: Sweeper, service: Service, hands: Hands
) -> None:
    edited, stopped = (await counter.receive())["tracking_number"], (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T10:00:00+08:00")
    await sweeper.sweep()
    answer = await counter.client.post(
        "/api/v1/calendars/CN/editions",
        json={
            "document": "测试〔2026〕1号", "published_at": "2026-11-06", "holidays": ["2026-11-09"], "approver": "李四",
        },
        headers={"X-API-Key": counter.keys["admin"]},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    day = date(2026, 11, 9).toordinal()
    stop = Stop(
        datetime.fromisoformat("2026-11-06T00:00:00+08:00"),
        Suspension("S1", frozenset({"notice"}), day, day, "停办1号"),
    )
    hands.advance(timedelta(hours=1))
    async with service.db.transaction() as tx:
        await journal.recompute(tx, [edited], sealer=service.sealer, now=hands.now())
        await journal.recompute(tx, [stopped], [stop], sealer=service.sealer, now=hands.now())
    await sweeper.sweep()
    for number, causes in ((edited, {"edition"}), (stopped, {"edition", "suspension"})):
        overdue = next(row for row in await alarms(counter, number) if row["kind"] == "overdue")
        assert overdue["withdrawn"]["cause"] in causes
    hands.set("2026-11-12T10:00:00+08:00")
    await sweeper.sweep()
    again = [row for row in await alarms(counter, edited) if row["withdrawn"] is None]
    assert [(row["kind"], row["due_at"]) for row in again if row["kind"] == "overdue"] == [
        ("overdue", "2026-11-11T00:00:00+08:00")
    ]
