"""Ten limits on two real offices: the backtest says what an independent count of their files says."""

from datetime import date

import pytest

from tests.backtests import plain_count
from tests.backtests.conftest import Ask

TEN = [
    (0, "working_day"), (1, "working_day"), (3, "working_day"), (10, "working_day"), (20, "working_day"),
    (45, "working_day"), (5, "calendar_day"), (15, "calendar_day"), (30, "calendar_day"), (60, "calendar_day"),
]  # fmt: skip
WHOLE = (date(2010, 1, 1), date(2012, 12, 31))


async def agree(ask: Ask, ended: list[plain_count.Ended], begin: date, end: date, **asked: str) -> None:
    for amount, unit in TEN:
        body = {"limit": {"amount": amount, "unit": unit}, "from": begin.isoformat(), "to": end.isoformat()}
        answer = await ask(**body, **asked)
        result, plain = answer["result"], plain_count.count(ended, amount, unit, begin=begin, end=end)
        place = (amount, unit)
        assert result["applications"] == plain.ended, place
        assert (result["after"]["late"], result["after"]["kept"]) == (plain.late, plain.kept), place
        by_section: dict[str, int] = {}
        for row in result["sections"]:
            by_section[row["section"] or ""] = by_section.get(row["section"] or "", 0) + row["after"]["late"]
        assert {section: late for section, late in by_section.items() if late} == plain.late_by_section, place
        kept_in = {round(row["share"] * 100): row["limit"]["amount"] for row in result["kept_in"]}
        assert kept_in == plain.kept_by, place


@pytest.mark.usefixtures("permits")
async def test_ten_limits_on_the_permits_and_on_a_year_of_them(ask: Ask) -> None:
    ended = plain_count.permits()
    await agree(ask, ended, *WHOLE, item="wabo-regular", clock="promise")
    await agree(ask, ended, date(2011, 1, 1), date(2011, 12, 31), item="wabo-regular", clock="statutory")


@pytest.mark.usefixtures("requests")
async def test_ten_limits_on_the_requests_of_every_item(ask: Ask) -> None:
    await agree(ask, plain_count.requests(), date(2015, 1, 1), date(2015, 12, 31), clock="promise")
