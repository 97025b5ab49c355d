"""Half-year and year are means of months."""

from app.alarms.sweep import Sweeper
from tests.assessment.conftest import Book
from tests.assessment.test_sheets import peopled, two_cards
from tests.builders.applications import Counter
from tests.conftest import Hands


async def test_the_mean_is_of_the_months_that_are_over_and_in_which_there_was_something_to_do(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await two_cards(counter, hands, sweeper)
    empty = await book.get("/scoring/means", period="2026", by="department")
    assert (empty["items"], empty["is_over"]) == ([], False)
    hands.set("2026-12-15T09:00:00+08:00")
    november = await book.get("/scoring/means", period="2026-H2", by="department")
    [mean] = november["items"]
    assert (november["from"], november["to"], november["is_over"]) == ("2026-07-01", "2026-12-31", False)
    assert mean["months"] == [{"month": "2026-11", "score": "86", "rules": 0}]
    assert (mean["mean"], mean["grade"]["code"]) == ("86", "good")

    hands.set("2027-01-02T09:00:00+08:00")
    year = await book.get("/scoring/means", period="2026", by="department")
    [mean] = year["items"]
    assert year["is_over"]
    assert [month["month"] for month in mean["months"]] == ["2026-11", "2026-12"]
    scores = [(await book.sheet(month["month"]))["score"] for month in mean["months"]]
    assert [month["score"] for month in mean["months"]] == scores == ["86", "100"]
    assert (mean["mean"], mean["grade"]["code"]) == ("93", "excellent")
    quarter = await book.get("/scoring/means", period="2026-Q4", by="department")
    assert quarter["items"] == year["items"]
    assert (await book.get("/scoring/means", period="2026-H1", by="department"))["items"] == []


async def test_a_mean_by_what_was_known_is_the_same_for_ever(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await two_cards(counter, hands, sweeper)
    [order] = (await book.get("/orders"))["items"]
    hands.set("2027-01-02T09:00:00+08:00")
    seen = await book.get("/scoring/means", period="2026", by="department")
    hands.set("2027-01-03T09:00:00+08:00")
    revoked = await book.ask("POST", f"/orders/{order['id']}/steps", {"type": "revoke", "reason": "误发"})
    assert revoked.status_code == 201, revoked.text
    hands.set("2027-02-03T09:00:00+08:00")
    assert (await book.get("/scoring/means", period="2026", by="department"))["items"][0]["mean"] == "100"
    again = await book.get("/scoring/means", period="2026", by="department", known_at=seen["known_at"])
    assert again == seen


async def test_means_of_people_are_for_those_who_may_read_their_sheets(
    book: Book, counter: Counter, hands: Hands, sweeper: Sweeper
) -> None:
    await peopled(book)
    await two_cards(counter, hands, sweeper, section="eia", officer="e1")
    hands.set("2026-12-15T09:00:00+08:00")
    [mean] = (await book.get("/scoring/means", period="2026-Q4", by="officer", role="head"))["items"]
    assert (mean["officer"], mean["name"], mean["mean"]) == ("e1", "乙", "86")
    answer = await book.ask("GET", "/scoring/means?period=2026-Q4&by=officer", role="clerk")
    assert answer.status_code == 403
    for period, status in (("2027", 422), ("2026-Q5", 422), ("2026-H3", 422), ("9999", 422), ("2026-Q1", 200)):
        answer = await book.ask("GET", f"/scoring/means?period={period}&by=officer")
        assert answer.status_code == status, period
