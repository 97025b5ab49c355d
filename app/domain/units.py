"""Units of a legal limit, and the limit itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["MICROSECONDS", "Limit", "Unit"]


class Unit(StrEnum):
    """In what a limit is counted.

    行政许可法 第八十二条 counts in working days, 环境影响评价法 第二十二条 in calendar days, 行政诉讼法 第四十七条 in
    months. Working hours, minutes and seconds run from the moment (民法典 第二百零一条第二款) through office hours.
    """

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    WORKING_HOUR = "working_hour"
    WORKING_MINUTE = "working_minute"
    WORKING_SECOND = "working_second"


MICROSECONDS: Final = {
    Unit.WORKING_HOUR: 3_600_000_000,
    Unit.WORKING_MINUTE: 60_000_000,
    Unit.WORKING_SECOND: 1_000_000,
}
"""How long a unit of working time is; the other units are no lengths of time."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units of one kind: `Limit(20, Unit.WORKING_DAY)`.

    Limits of different units are never compared: 60 calendar days are neither more nor fewer than 40 working days.
    """

    amount: int
    unit: Unit
