"""Layers and editions as one picture: what overrides what, what a name means, what was known when."""

from datetime import UTC, date, datetime

import pytest

from app.calendars import catalogue
from app.calendars.known import BUILT_IN, CalendarNotFound, Known, Recorded
from app.domain.calendar import Calendar
from app.domain.layers import Edition, EditionDay


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def off(calendar: Calendar, *days: str) -> list[bool]:
    return [not calendar.is_working(day(one)) for one in days]


def recorded(serial: int, number: int, published: str, named: dict[str, bool], **more: object) -> Recorded:
    days = tuple(EditionDay(day(one), works) for one, works in sorted(named.items()))
    edition = Edition(f"文〔{serial}〕", day(published), days, number=number, **more)  # type: ignore[arg-type]
    return Recorded(edition, at(f"{published}T00:00:00+08:00"), serial, at("2026-11-25T10:00:00+08:00"), "key:x", "乙")


def pictured(*stored: tuple[str, str | None, Recorded]) -> Known:
    return catalogue.known_with([(code, over, None, one) for code, over, one in stored])


def test_guangxi_2017_takes_a_make_up_day_of_the_nation_away_and_sets_its_own() -> None:
    nation, guangxi = BUILT_IN.newest("CN"), BUILT_IN.newest("CN-45")
    days = ("2017-03-30", "2017-03-31", "2017-04-01", "2017-04-08")

    assert off(nation, *days) == [False, False, False, True]
    assert off(guangxi, *days) == [True, True, True, False]
    assert (guangxi.day(day("2017-04-01")).layer, guangxi.day(day("2017-04-03")).layer) == ("CN-45", "CN")
    assert "2017-02-10" in (guangxi.day(day("2017-04-01")).source or "")


def test_before_its_notice_a_place_counts_as_the_nation_does() -> None:
    before = BUILT_IN.published_by("CN-45", at("2017-02-09T23:59:59+08:00"))
    since = BUILT_IN.published_by("CN-45", at("2017-02-10T00:00:00+08:00"))

    assert off(before, "2017-03-30", "2017-04-01") == [False, False]
    assert off(since, "2017-03-30", "2017-04-01") == [True, True]
    assert since.number == before.number + 1


def test_lhasa_2026_rests_three_days_longer_than_the_nation() -> None:
    assert off(BUILT_IN.newest("CN"), "2026-02-23", "2026-02-24", "2026-02-26", "2026-02-28") == [
        True, False, False, False,
    ]  # fmt: skip
    assert off(BUILT_IN.newest("CN-54-01"), "2026-02-23", "2026-02-24", "2026-02-26", "2026-02-28", "2026-02-27") == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_ningxia_2020_rests_on_two_days_of_the_feast_and_keeps_the_nations_change_of_january() -> None:
    ningxia = BUILT_IN.newest("CN-64")

    assert off(ningxia, "2020-05-25", "2020-05-26", "2020-05-27", "2020-02-01") == [True, True, False, True]


def test_every_built_in_edition_of_a_place_says_what_is_not_verified() -> None:
    for code in ("CN-45", "CN-54-01", "CN-64"):
        for one in BUILT_IN.layer(code).editions:
            assert one.edition.note is not None
            assert "not verified" in one.edition.note


def test_a_change_of_the_nation_reaches_the_places_above_it_and_moves_their_number() -> None:
    known = pictured(("CN", None, recorded(1, 24, "2026-11-20", {"2027-01-01": False}, published_to=day("2027-12-31"))))

    assert [known.newest(code).name for code in known.codes] == ["CN@24", "CN-45@25", "CN-54-01@25", "CN-64@25"]
    assert known.newest("CN-45").published_to == day("2027-12-31")
    assert known.above("CN") == ("CN", "CN-45", "CN-54-01", "CN-64")
    assert known.above("CN-45") == ("CN-45",)


def test_four_layers_nation_province_city_hall_override_in_their_order() -> None:
    hours = (((540, 720), (840, 1020)),) * 5 + ((), ())
    known = pictured(
        ("CN-41", "CN", recorded(1, 1, "2026-01-05", {"2026-03-02": False, "2026-03-03": False})),
        ("CN-41-01", "CN-41", recorded(2, 1, "2026-01-06", {"2026-03-03": True, "2026-03-04": False})),
        ("HALL", "CN-41-01", recorded(3, 1, "2026-01-07", {"2026-03-04": True}, weekly_hours=hours)),
    )
    days = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-02-14")

    assert off(known.newest("CN"), *days) == [False, False, False, False]
    assert off(known.newest("CN-41"), *days) == [True, True, False, False]
    assert off(known.newest("CN-41-01"), *days) == [True, False, True, False]
    assert off(known.newest("HALL"), *days) == [True, False, False, False]
    assert known.newest("HALL").name == "HALL@26"
    assert known.newest("HALL").hours(day("2026-03-03")) == ((540, 720), (840, 1020))
    assert [layer.code for layer in known.chain("HALL")] == ["CN", "CN-41", "CN-41-01", "HALL"]


def test_an_edition_that_supersedes_another_drops_its_days_but_not_its_number() -> None:
    first = recorded(1, 24, "2026-11-20", {"2026-12-01": False, "2026-12-02": False})
    second = recorded(2, 25, "2026-11-21", {"2026-12-02": False}, supersedes=24)
    known = pictured(("CN", None, first), ("CN", None, second))

    assert off(known.named("CN@24"), "2026-12-01", "2026-12-02") == [True, True]
    assert off(known.named("CN@25"), "2026-12-01", "2026-12-02") == [False, True]


def test_a_name_once_given_means_the_same_whatever_is_recorded_later() -> None:
    late = recorded(2, 25, "2026-11-10", {"2026-12-03": False})
    first = ("CN", None, recorded(1, 24, "2026-11-20", {"2026-12-01": False}))
    before, known = pictured(first), pictured(first, ("CN", None, late))
    days = ("2026-12-01", "2026-12-03")

    assert off(known.named("CN@24"), *days) == off(before.named("CN@24"), *days) == [True, False]
    between = known.published_by("CN", at("2026-11-15T00:00:00+08:00"))
    assert (between.name, between.number) == ("CN@24.25", 24)
    assert off(between, *days) == [False, True]
    assert known.named("CN@24.25") is between
    assert off(known.newest("CN"), *days) == [True, True]
    assert known.published_by("CN", at("2026-11-15T00:00:00+08:00"), known_at=at("2026-11-24T00:00:00+08:00")).name == (
        "CN@23"
    )


def test_what_was_published_beyond_a_state_is_told_in_the_order_of_publication() -> None:
    first = ("CN", None, recorded(1, 24, "2026-11-20", {"2026-12-01": False}))
    late = ("CN", None, recorded(2, 25, "2026-11-10", {"2026-12-03": False}))
    known = pictured(first, late)

    assert [(str(fold.local(when).date()), fold.name) for when, fold in known.after(known.named("CN@23"))] == [
        ("2026-11-10", "CN@24.25"),
        ("2026-11-20", "CN@25"),
    ]
    assert [fold.name for _, fold in known.after(known.named("CN@24"))] == ["CN@24.25", "CN@25"]
    assert known.after(known.newest("CN")) == ()


@pytest.mark.parametrize("name", ["CN@24", "CN@", "CN@01", "CN@-1", "CN@5.4", "CN@4.5", "CN@x", "XX@1", "CN@²"])
def test_a_name_that_was_never_given_names_nothing(name: str) -> None:
    with pytest.raises(CalendarNotFound):
        BUILT_IN.named(name)


def test_a_process_keeps_the_newer_picture() -> None:
    known = pictured(("CN", None, recorded(1, 24, "2026-11-20", {"2026-12-01": False})))
    catalogue.adopt(known)
    catalogue.adopt(BUILT_IN)

    assert catalogue.newest("CN").name == "CN@24"


def test_a_row_that_names_an_unknown_state_makes_the_process_look_at_once() -> None:
    known = pictured(("CN", None, recorded(1, 24, "2026-11-20", {"2026-12-01": False})))
    catalogue.look_again_by(lambda: known)

    assert off(catalogue.named("CN@24"), "2026-12-01") == [True]
    assert catalogue.newest("CN").name == "CN@24"
