"""The sheets of a month over HTTP: from the record to the point and back to its cause."""

from datetime import timedelta

from sqlalchemy import select

from app.access.models import AuditEntry
from app.alarms.queries import RAISED_AGAIN
from app.alarms.sweep import Sweeper
from app.kit.service import Service
from app.statistics.workbook import MEDIA_TYPE
from tests.assessment.conftest import Book, Json, part, points
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.statistics.test_monthly import sheets_of
from tests.supervision.conftest import PROOF

OVER = "2026-12-01T09:00:00+08:00"
PEOPLE = {
    "name": "测试局",
    "sections": [
        {"code": "window", "name": "窗口", "officers": [{"code": "w1", "name": "甲"}]},
        {"code": "eia", "name": "环评科", "officers": [{"code": "e1", "name": "乙"}, {"code": "e2", "name": "丙"}]},
    ],
}


async def peopled(book: Book) -> None:
    answer = await book.ask("PUT", "/departments/D1", PEOPLE, role="admin")
    assert answer.status_code == 200, answer.text


async def two_cards(counter: Counter, hands: Hands, sweeper: Sweeper, **receipt: str) -> str:
    """An application that nobody looks at: overdue on the 10th, a yellow card on the 18th, a red one on the 25th."""
    number: str = (await counter.receive(**receipt))["tracking_number"]
    for at in ("2026-11-09T08:00:00+08:00", "2026-11-10T00:00:20+08:00", "2026-11-25T09:00:00+08:00"):
        hands.set(at)
        await sweeper.sweep()
    return number


async def order_of(book: Book, number: str) -> Json:
    [order] = (await book.get("/orders", tracking_number=number))["items"]
    found: Json = order
    return found


async def test_each_point_opens_into_its_cause(book: Book, counter: Counter, hands: Hands, sweeper: Sweeper) -> None:
    number = await two_cards(counter, hands, sweeper)
    hands.set(OVER)
    answer = await book.get("/scoring/sheets", month="2026-11", by="department")
    assert (answer["is_over"], answer["rules"], answer["label"]) == (True, 0, "Score sheet")
    assert answer["as_of"] == "2026-11-30T23:59:59.999999+08:00"
    [sheet] = answer["items"]
    assert (sheet["department"], sheet["base"], sheet["score"]) == ("D1", "100", "86")
    assert (sheet["grade"]["code"], sheet["grade"]["recommendation"]) == ("good", None)
    assert points(sheet) == [("yellow_card", "-5"), ("red_card", "-10")]
    assert (part(sheet, "time_limits")["score"], part(sheet, "time_limits")["is_measured"]) == ("0", True)
    assert (part(sheet, "fees")["score"], part(sheet, "fees")["is_measured"]) == ("8", False)
    order = await order_of(book, number)
    [yellow, red] = part(sheet, "time_limits")["points"]
    for point, card in zip((yellow, red), order["cards"], strict=True):
        [cause] = point["happenings"]
        assert (cause["id"], cause["order"], cause["tracking_number"]) == (card["id"], order["id"], number)
        assert (cause["at"], cause["due_at"]) == (card["crossed_at"], card["due_at"])
        assert (point["rules"], point["fell"], point["due"]) == (0, None, point["points"])
    assert await book.sheets("2026-10") == []


async def test_a_point_falls_with_its_card_and_the_sheet_that_was_seen_before_is_the_same_number(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    number = await two_cards(counter, hands, sweeper)
    order = await order_of(book, number)
    hands.set(OVER)
    seen = await book.get("/scoring/sheets", month="2026-11", by="department")
    hands.set("2026-12-03T09:00:00+08:00")
    for role, body in (
        ("head", {"type": "appeal", "reason": "误报"}),
        ("supervisor", {"type": "uphold_appeal", "reason": "属实", "revokes": "order", "false_alarm": True}),
    ):
        answer = await book.ask("POST", f"/orders/{order['id']}/steps", body, role=role)
        assert answer.status_code == 201, answer.text
    await sweeper.sweep()
    after = await book.sheet()
    assert (after["score"], points(after)) == ("100", [("yellow_card", "0"), ("red_card", "0")])
    fell = part(after, "time_limits")["points"][0]["fell"]
    assert (fell["by"], fell["cause"], fell["cause_label"]) == ("card", "appeal", "An appeal was upheld")
    assert fell["at"] == "2026-12-03T09:00:00+08:00"
    assert part(after, "time_limits")["points"][0]["due"] == "-5"
    again = await book.get("/scoring/sheets", month="2026-11", by="department", known_at=seen["known_at"])
    assert again == seen


async def test_a_month_that_goes_on_is_told_as_of_now(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await counter.receive()
    hands.set("2026-11-10T09:00:00+08:00")
    await sweeper.sweep()
    answer = await book.get("/scoring/sheets", month="2026-11", by="department")
    assert (answer["is_over"], answer["items"][0]["score"]) == (False, "100")
    for month, code in (("2026-12", 422), ("2026-13", 422)):
        refused = await book.ask("GET", f"/scoring/sheets?month={month}&by=department")
        assert refused.status_code == code


async def test_points_are_for_whoever_held_the_application_then(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await peopled(book)
    number = await two_cards(counter, hands, sweeper, section="eia", officer="e1")
    await counter.step(number, "assign", department="D1", section="eia", officer="e2")
    hands.set(OVER)
    assert [sheet["score"] for sheet in await book.sheets(by="section")] == ["86"]
    scores = {sheet["officer"]: sheet["score"] for sheet in await book.sheets(by="officer")}
    assert scores == {"e1": "86", "e2": "100"}
    [one] = await book.sheets(by="officer", officer="e1")
    assert (one["name"], one["department"], one["department_name"]) == ("乙", "D1", "测试局")


async def test_three_warnings_cost_three_points_and_a_withdrawn_one_is_not_among_them(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    numbers = [(await counter.receive())["tracking_number"] for _ in range(3)]
    hands.set("2026-11-09T08:00:00+08:00")
    await sweeper.sweep()
    sheet = await book.sheet()
    [point] = part(sheet, "time_limits")["points"]
    assert (point["rule"], point["points"]) == ("three_warnings", "-3")
    assert sorted(one["tracking_number"] for one in point["happenings"]) == sorted(numbers)
    assert {one["clock"] for one in point["happenings"]} == {"notice"}
    known_at = "2026-11-09T08:30:00+08:00"

    hands.set("2026-11-09T09:00:00+08:00")
    await counter.step(
        numbers[0], "accept", occurred_at="2026-11-05T16:00:00+08:00", late_reason="系统故障", approver="局长"
    )
    await sweeper.sweep()
    after = await book.sheet()
    [gone] = part(after, "time_limits")["points"]
    assert (gone["points"], gone["fell"]["by"], gone["fell"]["cause_label"]) == ("0", "alarm", "A late entry")
    before = await book.sheet(known_at=known_at)
    assert part(before, "time_limits") == part(sheet, "time_limits")


async def test_an_alarm_that_stood_withdrew_and_stands_again_is_told_as_it_was_known(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper, service: Service
) -> None:
    """A late pause without a length takes the crossing away, its late end brings it back under the same revision."""
    rules = await book.get("/scoring")
    body = {name: rules[name] for name in ("parts", "grades", "labels")}
    overdue = {"code": "late", "name": {"zh": "超期"}, "part": "time_limits", "cause": "overdue", "points": "-1"}
    made = await book.ask("PUT", "/scoring", {**body, "rules": [overdue], "valid_from": "2026-11-01", "approver": "乙"})
    assert made.status_code == 201, made.text
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    hands.set("2026-12-01T09:00:20+08:00")
    await sweeper.sweep()

    async def costs(**query: str) -> list[tuple[str, str | None]]:
        [sheet] = await book.sheets("2026-12", **query)
        found = part(sheet, "time_limits")["points"]
        return [(one["points"], None if one["fell"] is None else one["fell"]["cause"]) for one in found]

    late = {"late_reason": "系统故障", "approver": "局长", "legal_basis": "许可法", "announced": None}
    first = await costs()
    hands.set("2026-12-02T09:00:00+08:00")
    await counter.step(number, "pause", ground="hearing", occurred_at="2026-11-26T10:00:00+08:00", **late)
    hands.set("2026-12-02T09:01:00+08:00")
    await sweeper.sweep()
    second = await costs()
    hands.set("2026-12-03T09:00:00+08:00")
    await counter.step(
        number, "resume", occurred_at="2026-11-26T10:30:00+08:00", late_reason="系统故障", approver="局长"
    )
    await sweeper.sweep()
    third = await costs()
    assert (first, third) == ([("-1", None)], [("-1", None)])
    assert second == [("0", "late_entry")]
    assert await costs(known_at="2026-12-01T10:00:00+08:00") == first
    assert await costs(known_at="2026-12-02T12:00:00+08:00") == second
    async with service.db.read() as tx:
        trail = await tx.execute(select(AuditEntry.action).where(AuditEntry.action == RAISED_AGAIN))
        assert trail.first() is not None, "the alarm's row must have stood again, else this proves nothing"


async def test_early_completion_and_short_promises_bring_points_and_late_entries_cost_some(
    book: Book, counter: Counter, hands: Hands
) -> None:
    for place in range(4):
        number = (await counter.receive())["tracking_number"]
        hands.advance(timedelta(hours=1))
        late = {"occurred_at": "2026-11-02T09:20:00+08:00", "late_reason": "断网"} if place == 0 else {}
        await counter.step(number, "accept", **late)
        await counter.step(number, "decide", result="granted")
    hands.set(OVER)
    sheet = await book.sheet()
    [early] = sheet["bonus"]
    assert (early["rule"], early["points"]) == ("early", "10")
    assert early["share"] == {"part": 4, "whole": 4, "unit": None, "unit_label": None}
    [late_ones] = part(sheet, "process")["points"]
    assert (late_ones["points"], late_ones["due"], late_ones["share"]["part"]) == ("-5", "-25", 1)
    assert sheet["score"] == "105"


async def test_orders_and_their_course_cost_what_the_rules_say(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    rules = await book.get("/scoring")
    body = {name: rules[name] for name in ("parts", "grades", "labels")}
    causes = [
        {"code": cause, "name": {"zh": cause}, "part": "time_limits", "cause": cause, "points": points_}
        for cause, points_ in (("order_issued", "-0.5"), ("order_late", "-1.25"), ("order_returned", "-2"))
    ]
    made = await book.ask("PUT", "/scoring", {**body, "rules": causes, "valid_from": "2026-11-01", "approver": "乙"})
    assert made.status_code == 201, made.text
    number = await two_cards(counter, hands, sweeper)
    order = await order_of(book, number)
    for role, step in (
        ("head", {"type": "acknowledge"}),
        ("head", {"type": "answer", "answer": "已办。", "documents": PROOF}),
        ("supervisor", {"type": "return", "reason": "未附通知书"}),
    ):
        answer = await book.ask("POST", f"/orders/{order['id']}/steps", step, role=role)
        assert answer.status_code == 201, answer.text
    hands.set(OVER)
    sheet = await book.sheet()
    assert points(sheet) == [("order_issued", "-0.5"), ("order_late", "-1.25"), ("order_returned", "-2")]
    assert sheet["score"] == "96.25"
    [issued, late, _] = part(sheet, "time_limits")["points"]
    assert issued["happenings"][0]["order"] == order["id"]
    assert late["happenings"][0]["at"] == "2026-11-18T00:00:00+08:00"
    seen = await book.get("/scoring/sheets", month="2026-11", by="department")
    revoked = await book.ask("POST", f"/orders/{order['id']}/steps", {"type": "revoke", "reason": "误发"})
    assert revoked.status_code == 201, revoked.text
    hands.set("2026-12-02T09:00:00+08:00")
    assert (await book.sheet())["score"] == "100"
    assert (await book.sheet(known_at="2026-11-30T00:00:00+08:00"))["score"] == "96.25"
    assert points(await book.sheet(known_at="2026-11-17T00:00:00+08:00")) == [("order_issued", "-0.5")]
    assert seen["items"][0]["score"] == "96.25"


async def test_who_may_read_which_sheets(book: Book, counter: Counter, hands: Hands, sweeper: Sweeper) -> None:
    await peopled(book)
    await two_cards(counter, hands, sweeper, section="eia", officer="e1")
    hands.set(OVER)
    for role in ("clerk", "reviewer", "head", "supervisor", "auditor"):
        assert len(await book.sheets(by="section", role=role)) == 1
        answer = await book.ask("GET", "/scoring/sheets?month=2026-11&by=officer", role=role)
        assert answer.status_code == (403 if role in ("clerk", "reviewer") else 200), role
    for role in ("admin", "security", "integration"):
        assert (await book.ask("GET", "/scoring/sheets?month=2026-11&by=department", role=role)).status_code == 403


async def test_a_department_sees_its_own_sheets_and_those_below(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    for code, parent in (("D2", None), ("D11", "D1")):
        body = {"name": code} if parent is None else {"name": code, "parent": parent}
        assert (await book.ask("PUT", f"/departments/{code}", body, role="admin")).status_code in (200, 201)
    for code in ("D1", "D2", "D11"):
        answer = await book.ask(
            "POST",
            "/applications",
            {
                "item": "eia-report",
                "applicant": {"name": "甲"},
                "subject": "x",
                "channel": "window",
                "department": code,
            },
            role="admin_key",
        )
        assert answer.status_code == 201, answer.text
    hands.set("2026-11-25T09:00:00+08:00")
    await sweeper.sweep()
    await sweeper.sweep()
    assert [one["department"] for one in await book.sheets()] == ["D1", "D11", "D2"]
    assert [one["department"] for one in await book.sheets(role="head")] == ["D1", "D11"]
    assert [one["department"] for one in await book.sheets(department="D2")] == ["D2"]
    assert await book.sheets(department="D2", role="head") == []
    assert await book.sheets(department="D9") == []


async def test_workbook_and_page_show_the_same_points(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    number = await two_cards(counter, hands, sweeper)
    hands.set(OVER)
    target = "/scoring/sheets?month=2026-11&by=department&format="
    file = await book.ask("GET", f"{target}xlsx")
    assert (file.status_code, file.headers["content-type"]) == (200, MEDIA_TYPE)
    sheets = sheets_of(file.content)
    assert list(sheets) == ["Score sheet", "Points"]
    [head, row] = sheets["Score sheet"]
    assert dict(zip(head, row, strict=False)) | {
        "Name": "测试局",
        "Base": "100",
        "Time limits": "0",
        "Score": "86",
    } == dict(zip(head, row, strict=False))
    assert [(row[2], row[3], row[6]) for row in sheets["Points"][1:]] == [
        ("Yellow card", "-5", number),
        ("Red card", "-10", number),
    ]
    page = await book.ask("GET", f"{target}html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for told in ("Score sheet 2026-11", "测试局", number, "<td>-10</td>", "<td>86</td>"):
        assert told in page.text
