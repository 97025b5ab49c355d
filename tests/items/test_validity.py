from datetime import date

from app.items.validity import Dated, in_force, last_day_of

FIRST = Dated(1, date(2026, 7, 1))
SECOND = Dated(2, date(2026, 12, 1))


def test_a_version_holds_from_its_first_day() -> None:
    assert [in_force([FIRST, SECOND], date(2026, 11, 30)), in_force([FIRST, SECOND], date(2026, 12, 1))] == [1, 2]


def test_the_first_version_covers_what_is_older_too() -> None:
    assert in_force([FIRST, SECOND], date(2010, 1, 1)) == 1


def test_an_item_without_a_version_has_none_in_force() -> None:
    assert in_force([], date(2026, 1, 1)) is None


def test_of_two_versions_of_one_day_the_newer_holds() -> None:
    assert in_force([FIRST, Dated(2, FIRST.valid_from)], FIRST.valid_from) == 2


def test_a_version_between_two_others_holds_until_the_later_begins() -> None:
    interim = Dated(3, date(2026, 11, 15))
    known = [FIRST, SECOND, interim]
    assert [in_force(known, day) for day in (date(2026, 11, 20), date(2026, 12, 2))] == [3, 2]
    assert [last_day_of(known, number) for number in (1, 2, 3)] == [date(2026, 11, 14), None, date(2026, 11, 30)]


def test_a_version_replaced_on_its_own_first_day_never_held() -> None:
    assert last_day_of([FIRST, Dated(2, FIRST.valid_from)], 1) == date(2026, 6, 30)
