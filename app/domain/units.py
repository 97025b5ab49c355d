"""Units of a legal limit, and the limit itself."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Limit", "Unit"]


class Unit(StrEnum):
    """In what a limit is counted.

    行政许可法 第八十二条 counts in working days, 环境影响评价法 第二十二条 in calendar days, 行政诉讼法 第四十七条 in
    months.
    """

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units of one kind: `Limit(20, Unit.WORKING_DAY)`.

    Limits of different units are never compared: 60 calendar days are neither more nor fewer than 40 working days.
    """

    amount: int
    unit: Unit
