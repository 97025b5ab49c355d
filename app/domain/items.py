"""What a service item orders: its clocks, stages and rules, as values."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.units import Limit, Unit

__all__ = [
    "ClockRule",
    "Count",
    "DueTime",
    "EndRule",
    "Extension",
    "Item",
    "OnExpiry",
    "Party",
    "ReceiptRule",
    "Stage",
    "StartRule",
    "Warn",
    "WarnKind",
]


class StartRule(StrEnum):
    """Where the count begins. 民法典 第二百零一条: the day of the start is not counted."""

    NEXT_DAY = "next_day"
    SAME_DAY = "same_day"
    ROLL_THEN_NEXT = "roll_then_next"


class EndRule(StrEnum):
    """Whether an end on a rest day moves. 民法典 第二百零三条."""

    KEEP = "keep"
    ROLL_FORWARD = "roll_forward"


class DueTime(StrEnum):
    """At what time of the last day the limit ends. 民法典 第二百零三条: 24:00, or when business stops."""

    END_OF_DAY = "end_of_day"
    CLOSE_OF_BUSINESS = "close_of_business"
    SAME_TIME = "same_time"


@dataclass(frozen=True, slots=True)
class Count:
    """The counting rule of one limit."""

    start_rule: StartRule
    end_rule: EndRule
    due_time: DueTime

    @staticmethod
    def default(unit: Unit) -> "Count":
        """`next_day` and `end_of_day`; calendar days and months roll forward, what is counted in work does not."""
        end = EndRule.ROLL_FORWARD if unit is Unit.CALENDAR_DAY or unit is Unit.MONTH else EndRule.KEEP
        return Count(StartRule.NEXT_DAY, end, DueTime.END_OF_DAY)


class Party(StrEnum):
    """Whose limit it is: an applicant's clock is never the office's delay."""

    AGENCY = "agency"
    APPLICANT = "applicant"


class OnExpiry(StrEnum):
    """What silence does when a limit runs out; all but `overdue` are effects that the law gives it.

    行政许可法 第三十二条 (accepted, back to the receipt), 行政复议法 第三十条 (accepted at expiry), 行政许可法 第五十条
    (approved), 建设项目环境保护管理条例 第十二条 (consented), 安阳市政务服务条例 (an applicant who does not correct:
    withdrawn).
    """

    OVERDUE = "overdue"
    DEEMED_ACCEPTED_FROM_RECEIPT = "deemed_accepted_from_receipt"
    DEEMED_ACCEPTED_AT_EXPIRY = "deemed_accepted_at_expiry"
    DEEMED_APPROVED = "deemed_approved"
    DEEMED_CONSENTED = "deemed_consented"
    DEEMED_WITHDRAWN = "deemed_withdrawn"


class ReceiptRule(StrEnum):
    """When what was handed in counts as received; authorities differ, so that each item says it.

    民法典 第一百三十七条, 政府信息公开条例 第三十一条: when it enters the system, on the next working day, or once it
    is confirmed.
    """

    SYSTEM_ENTRY = "system_entry"
    NEXT_WORKING_DAY = "next_working_day"
    ON_CONFIRMATION = "on_confirmation"


class WarnKind(StrEnum):
    """How a warning rung is placed."""

    BEFORE = "before"
    AT_SHARE = "at_share"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Warn:
    """One warning rung: a limit before or after the due day, or a share of the limit in thousandths (0.8 = 800)."""

    kind: WarnKind
    limit: Limit | None = None
    share_thousandths: int = 0


@dataclass(frozen=True, slots=True)
class Extension:
    """How far and how often a limit may be extended: at most `amount` units each time, `times` times."""

    amount: int
    times: int


INSPECTED = "inspected"
INSPECTIONS = frozenset({"inspect", "inspection", "验收"})
"""Codes of a stage that is an inspection."""

DEFAULT_WARN = (Warn(WarnKind.BEFORE, Limit(1, Unit.WORKING_DAY)),)


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One legal limit of an item. `stage` is '' for a clock of the whole item.

    `starts` and each of `stops` and `restarts_on` name moments: `received`, `accepted`, `decided`, …, `started:STAGE`,
    `completed:STAGE`. `limit` is None only for a clock that exists by a fixed end alone.
    """

    kind: str
    starts: str
    stops: frozenset[str]
    limit: Limit | None
    count: Count
    stage: str = ""
    pauses_for: frozenset[str] = frozenset()
    extension: Extension | None = None
    warn: tuple[Warn, ...] = DEFAULT_WARN
    legal_basis: str | None = None
    party: Party = Party.AGENCY
    on_expiry: OnExpiry = OnExpiry.OVERDUE
    restarts_on: frozenset[str] = frozenset()
    is_plain: bool = field(init=False, compare=False, repr=False)
    """Whole days from the day after the start to the end of the last: what nearly all clocks are, reckoned fastest."""

    def __post_init__(self) -> None:
        limit = self.limit
        plain = (
            limit is not None
            and (limit.unit is Unit.WORKING_DAY or limit.unit is Unit.CALENDAR_DAY)
            and limit.amount > 0
            and self.count.start_rule is StartRule.NEXT_DAY
            and self.count.due_time is DueTime.END_OF_DAY
            and self.on_expiry is OnExpiry.OVERDUE
            and not self.restarts_on
        )
        object.__setattr__(self, "is_plain", plain)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage (环节) of an item; `clock` is None for a stage without a limit."""

    code: str
    name: str
    department: str | None = None
    section: str | None = None
    before_acceptance: bool = False
    clock: ClockRule | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One version of a service item, as far as the law of time needs it."""

    code: str
    version: int
    department: str
    clocks: tuple[ClockRule, ...] = ()
    stages: tuple[Stage, ...] = ()
    late_entry_limit: Limit | None = None
    receipt_rule: ReceiptRule = ReceiptRule.SYSTEM_ENTRY
    by_stage: dict[str, Stage] = field(init=False, compare=False, repr=False)
    """`stages` by code."""
    silent: tuple[ClockRule, ...] = field(init=False, compare=False, repr=False)
    """The clocks to which the law gives an effect when they run out."""
    has_inspection: bool = field(init=False, compare=False, repr=False)
    """Whether an inspection (验收) belongs to it: a stage of that name, or a clock that waits for one."""

    def __post_init__(self) -> None:
        named = (moment for clock in self.clocks for moment in (clock.starts, *clock.stops, *clock.restarts_on))
        inspected = INSPECTED in named or any(stage.code in INSPECTIONS for stage in self.stages)
        object.__setattr__(self, "by_stage", {stage.code: stage for stage in self.stages})
        object.__setattr__(
            self, "silent", tuple(clock for clock in self.clocks if clock.on_expiry is not OnExpiry.OVERDUE)
        )
        object.__setattr__(self, "has_inspection", inspected)

    @staticmethod
    def build(
        code: str,
        version: int,
        department: str,
        *,
        clocks: tuple[ClockRule, ...] = (),
        stages: tuple[Stage, ...] = (),
        late_entry_limit: Limit | None = None,
        receipt_rule: ReceiptRule = ReceiptRule.SYSTEM_ENTRY,
    ) -> "Item":
        """An item of what is named."""
        return Item(code, version, department, clocks, stages, late_entry_limit, receipt_rule)
