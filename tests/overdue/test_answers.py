"""Until when an answer is good, and which rows a question about changes wants."""

from datetime import UTC, datetime, timedelta

import pytest

from app.kit.service import Service
from app.overdue.answers import changes_at, latest_due_day, next_tick, same_day_everywhere
from app.overdue.selection import ListKind, Selection
from tests.builders.access import an_actor
from tests.builders.applications import Counter
from tests.conftest import Hands


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("instant", "tick"),
    [
        ("2026-11-02T23:59:59.999999+08:00", "2026-11-03T00:00:00+08:00"),
        ("2026-11-03T00:00:00+08:00", "2026-11-03T00:15:00+08:00"),
        ("2026-11-02T23:50:00+05:45", "2026-11-03T00:00:00+05:45"),
        ("2026-11-02T23:50:00+05:30", "2026-11-03T00:00:00+05:30"),
    ],
)
def test_no_day_of_any_zone_begins_before_the_next_tick(instant: str, tick: str) -> None:
    assert next_tick(at(instant)) == at(tick)


def test_two_instants_around_midnight_are_not_of_the_same_day_everywhere() -> None:
    midnight = at("2026-11-03T00:00:00+08:00")
    assert not same_day_everywhere(midnight - timedelta(microseconds=1), midnight)
    assert same_day_everywhere(midnight, midnight + timedelta(minutes=14))


def test_the_latest_due_day_leaves_room_for_every_zone_and_unit() -> None:
    noon = at("2026-11-02T12:00:00+00:00")
    assert latest_due_day(noon, 0) is None
    assert latest_due_day(noon, 3) == noon.toordinal() - 2


async def test_an_answer_is_good_until_the_next_crossing(counter: Counter, service: Service, hands: Hands) -> None:
    received = await counter.receive()
    notice = next(clock for clock in received["clocks"] if clock["kind"] == "notice")
    red, yellow = at(notice["due_at"]), at(notice["warnings"][0]["at"])
    selection = Selection(reader=an_actor())
    for kind, crossing in ((ListKind.OVERDUE, red), (ListKind.DUE_SOON, red), (ListKind.DUE_SOON, yellow)):
        chosen = Selection(reader=an_actor(), kind=kind)
        just_before = crossing - timedelta(milliseconds=300)
        assert await changes_at(service.db, chosen, None, just_before) == crossing
        assert await changes_at(service.db, chosen, None, crossing) == crossing + timedelta(seconds=1)
    assert await changes_at(service.db, selection, red, red) == red + timedelta(seconds=1)
