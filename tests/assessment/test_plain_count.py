"""One month's sheets against a plain count: from the lists that everybody can read, without a line of the service."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from app.alarms.sweep import Sweeper
from tests.assessment.conftest import Book, Json
from tests.builders.applications import Counter, a_receipt
from tests.conftest import Hands

BEGIN = datetime.fromisoformat("2026-11-02T09:00:00+08:00")
OFFICES = ("D1", "D2", "D3")
WEIGHTS = {"time_limits": Decimal(14), "process": Decimal(14)}
REST = Decimal(72)


async def whole(book: Book, path: str, **query: str) -> list[Json]:
    """All pages of a list."""
    found: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await book.get(path, **query, **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def a_month_of_work(book: Book, counter: Counter, hands: Hands, sweeper: Sweeper) -> list[str]:
    """Forty applications of three offices, some decided in time, some late, some never, some entered late."""
    chance = random.Random(20261101)
    for code in OFFICES[1:]:
        assert (await book.ask("PUT", f"/departments/{code}", {"name": code}, role="admin")).status_code in (200, 201)
    plan: list[tuple[datetime, int, Json | None]] = []
    for place in range(40):
        at = BEGIN + timedelta(days=chance.randrange(12), minutes=chance.randrange(300))
        plan.append((at, place, None))
        if chance.random() < 0.6:
            at += timedelta(days=chance.randrange(1, 12), hours=3)
            said: Json = {"type": "accept"}
            if chance.random() < 0.2:
                said |= {"occurred_at": (at - timedelta(hours=2)).isoformat(), "late_reason": "断网", "approver": "甲"}
            plan.append((at, place, said))
            if chance.random() < 0.5:
                at += timedelta(days=chance.randrange(1, 25), hours=1)
                plan.append((at, place, {"type": "decide", "result": "granted"}))
    plan += [(BEGIN + timedelta(hours=12 * half), -1, None) for half in range(76)]
    numbers: dict[int, str] = {}
    for at, place, step in sorted(plan, key=lambda one: (one[0], one[1])):
        hands.set(at)
        if place < 0:
            await sweeper.sweep()
        elif step is None:
            body = a_receipt(department=chance.choice(OFFICES))
            answer = await book.ask("POST", "/applications", body, role="admin_key")
            assert answer.status_code == 201, answer.text
            numbers[place] = str(answer.json()["tracking_number"])
        else:
            answer = await book.ask("POST", f"/applications/{numbers[place]}/steps", step, role="admin_key")
            assert answer.status_code == 201, answer.text
    return list(numbers.values())


def in_november(instant: str) -> bool:
    """Whether an instant of Beijing lies in the month."""
    return instant.startswith("2026-11")


async def test_the_sheets_of_a_month_are_those_of_a_plain_count(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    numbers = await a_month_of_work(book, counter, hands, sweeper)

    warnings: dict[str, int] = defaultdict(int)
    for alarm in await whole(book, "/alarms", kind="warning"):
        if in_november(alarm["crossed_at"]) and alarm["withdrawn"] is None:
            warnings[alarm["department"]] += 1
    cards: dict[str, Decimal] = defaultdict(Decimal)
    for card in await whole(book, "/cards"):
        if in_november(card["crossed_at"]) and card["revoked"] is None:
            cards[card["department"]] += card["points"]
    closed: dict[str, int] = defaultdict(int)
    early: dict[str, int] = defaultdict(int)
    entered_late: dict[str, set[str]] = defaultdict(set)
    for number in numbers:
        shown = await book.get(f"/applications/{number}")
        office = shown["holder"]["department"]
        steps = (await book.get(f"/applications/{number}/steps"))["items"]
        if any(step.get("late_entry") and in_november(step["recorded_at"]) for step in steps):
            entered_late[office].add(number)
        decision = next((step["occurred_at"] for step in steps if step["type"] == "decide"), None)
        if decision is not None and in_november(decision):
            closed[office] += 1
            statutory = next(clock for clock in shown["clocks"] if clock["kind"] == "statutory")
            early[office] += decision[:10] < statutory["due_on"]

    expected = {}
    for office in OFFICES:
        limits = max(Decimal(0), WEIGHTS["time_limits"] - warnings[office] // 3 * 3 - cards[office])
        share = 100 * len(entered_late[office]) // closed[office] if closed[office] else 0
        process = WEIGHTS["process"] - min(5, share)
        bonus = 10 * early[office] // closed[office] if closed[office] else 0
        expected[office] = REST + limits + process + bonus

    assert sum(warnings.values()) > 6, "a month without warnings proves nothing"
    assert sum(cards.values()) > 0
    assert sum(closed.values()) > 3
    assert any(entered_late.values())
    sheets = await book.sheets()
    assert {sheet["department"]: Decimal(sheet["score"]) for sheet in sheets} == expected


async def test_each_sheet_that_was_seen_is_the_same_by_what_was_known_then(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    """Late entries, an appeal and a revocation after the month has ended change it, and no sheet of before."""
    numbers = await a_month_of_work(book, counter, hands, sweeper)
    chance = random.Random(7)
    orders = [one for one in await whole(book, "/orders") if in_november(one["issued_at"])]
    idle = [number for number in numbers if (await book.get(f"/applications/{number}"))["status"] == "received"]
    seen: list[Json] = []
    for day in range(6):
        hands.set(datetime.fromisoformat("2026-12-11T09:00:00+08:00") + timedelta(days=day))
        number = idle.pop(chance.randrange(len(idle)))
        late = {"occurred_at": "2026-11-18T10:00:00+08:00", "late_reason": "断网", "approver": "甲"}
        answer = await book.ask("POST", f"/applications/{number}/steps", {"type": "accept", **late}, role="admin_key")
        assert answer.status_code == 201, answer.text
        order = orders.pop(chance.randrange(len(orders)))
        path = f"/orders/{order['id']}/steps"
        revoked = await book.ask("POST", path, {"type": "revoke", "reason": "误发"})
        assert revoked.status_code in (201, 409), revoked.text
        await sweeper.sweep()
        hands.advance(timedelta(hours=1))
        seen += [await book.get("/scoring/sheets", month="2026-11", by=by) for by in ("department", "officer")]
    assert len({str(one["items"]) for one in seen if one["by"] == "department"}) > 3, "nothing changed: proves nothing"
    hands.advance(timedelta(days=40))
    for one in seen:
        again = await book.get("/scoring/sheets", month="2026-11", by=one["by"], known_at=one["known_at"])
        assert again == one
