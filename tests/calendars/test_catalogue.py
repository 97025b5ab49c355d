"""The built-in national calendar: every day against an independent data set, and every state ever published."""

from datetime import UTC, date, datetime
from hashlib import sha256

import chinese_calendar
import pytest

from app.calendars import catalogue
from app.calendars.known import built_in
from app.domain.calendar import CalendarUnknown


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_each_of_the_7305_days_from_2007_to_2026_is_what_an_independent_data_set_says() -> None:
    calendar = catalogue.newest("CN")
    days = range(day("2007-01-01"), day("2026-12-31") + 1)

    assert len(days) == 7305
    assert [
        str(date.fromordinal(one))
        for one in days
        if calendar.is_working(one) != chinese_calendar.is_workday(date.fromordinal(one))
    ] == []


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (
            "2015-05-12T23:59:59+08:00",
            "2015-05-13T00:00:00+08:00",
            {"2015-09-03": False, "2015-09-04": False, "2015-09-06": True},
        ),
        (
            "2019-03-21T23:59:59+08:00",
            "2019-03-22T00:00:00+08:00",
            {"2019-04-28": True, "2019-05-02": False, "2019-05-03": False, "2019-05-05": True},
        ),
        ("2020-01-26T23:59:59+08:00", "2020-01-27T00:00:00+08:00", {"2020-01-31": False, "2020-02-01": False}),
    ],
)
def test_an_amendment_is_known_from_the_day_of_its_publication(
    before: str, after: str, changed: dict[str, bool]
) -> None:
    old, new = catalogue.published_by("CN", at(before)), catalogue.published_by("CN", at(after))
    days = range(day("2007-01-01"), day(f"{before[:4]}-12-31") + 1)
    differing = {
        str(date.fromordinal(one)): new.is_working(one) for one in days if old.is_working(one) != new.is_working(one)
    }

    assert differing == changed
    assert new.number == old.number + 1
    assert new.published_to == old.published_to == day(f"{before[:4]}-12-31")


def test_the_notice_of_a_year_reaches_into_the_december_before() -> None:
    old, new = (
        catalogue.published_by("CN", at("2018-12-05T12:00:00+08:00")),
        catalogue.published_by("CN", at("2018-12-06T00:00:00+08:00")),
    )

    assert [old.is_working(day(f"2018-12-{one}")) for one in (29, 30, 31)] == [False, False, True]
    assert [new.is_working(day(f"2018-12-{one}")) for one in (29, 30, 31)] == [True, False, False]
    assert [old.day(day(f"2018-12-{one}")).certainty for one in (28, 29, 31)] == [
        "certain",
        "provisional",
        "provisional",
    ]
    assert new.day(day("2018-12-29")).certainty == "certain"


def test_before_the_first_notice_no_day_is_known() -> None:
    nothing = catalogue.published_by("CN", at("2006-12-17T12:00:00+08:00"))

    assert (nothing.name, nothing.published_to) == ("CN@0", None)
    with pytest.raises(CalendarUnknown):
        nothing.nth(day("2007-01-05"), 1)
    with pytest.raises(CalendarUnknown):
        catalogue.newest("CN").nth(day("2006-12-01"), 20)


def test_a_day_names_its_notice_and_its_layer() -> None:
    off = catalogue.newest("CN").day(day("2020-01-31"))

    assert (off.working, off.name, off.source, off.certainty, off.layer) == (
        False,
        "春节",
        "国办发明电〔2020〕1号",
        "certain",
        "CN",
    )
    assert catalogue.newest("CN").day(day("2027-10-01")).certainty == "provisional"


def test_the_calendar_of_an_item_is_its_own_or_the_nearest_above_its_jurisdiction() -> None:
    newest = catalogue.newest("CN")

    for calendar, jurisdiction in ((None, "CN-41"), (None, "CN-41-01"), (None, None), ("CN", "DE-BY")):
        assert catalogue.for_item(calendar, jurisdiction) is newest
    assert catalogue.named(newest.name) is newest
    for wrong in ("CN@24", "CN@", "CN@-1", "CN@²", "FR@1", "CN"):
        with pytest.raises(catalogue.CalendarNotFound):
            catalogue.named(wrong)
    with pytest.raises(catalogue.CalendarNotFound):
        catalogue.for_item(None, "DE-BY")


def test_the_editions_of_the_first_release_are_fixed_and_a_later_one_names_its_release() -> None:
    """Else the names of states, which spans hold, would mean other calendars: see data/README.md."""
    first = [
        (code, one.edition.number, one.edition.document)
        for code, layer in sorted(built_in().items())
        for one in layer.editions
        if one.release == 1
    ]
    assert (len(first), sha256(repr(first).encode()).hexdigest()[:16]) == (26, "a3dce43f158a7c27")


def test_there_are_23_editions_each_with_its_document() -> None:
    editions = [one.edition for one in catalogue.known().layer("CN").editions]

    assert len(editions) == 23
    assert editions[0].document == "国办发明电〔2006〕49号"
    assert [one.published_on for one in editions] == sorted(one.published_on for one in editions)
    assert all(one.url and one.title for one in editions)
