"""What the overdue list, the due-soon list and the summary are asked, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.applications.schemas import ClockOut, HolderOut
from app.kit.paging import PageQuery
from app.kit.schemas import InstantIn, QueryBool, QueryInt, QueryWord, Text, Wire

__all__ = [
    "DueSoonPage",
    "DueSoonQuery",
    "GoneOut",
    "OverduePage",
    "OverdueQuery",
    "RowOut",
    "StreamQuery",
    "SummaryLine",
    "SummaryOut",
    "SummaryQuery",
]

Named = Annotated[str, Text(min=0, max=200)]
"""A code, or nothing for those where nobody is named."""
Stage = Annotated[str, Text(min=0, max=200)]
Units = Annotated[QueryInt, Field(ge=0, le=100_000)]


class Filters(Wire):
    """The filters that lists and summary share; holder and lights are those at `as_of`."""

    clock: QueryWord | None = Field(None, description="Kind of clock, as `statutory` or `promise`.")
    department: QueryWord | None = Field(None, description="With those below it.")
    section: Named | None = Field(None, description="Empty: where no section is named.")
    officer: Named | None = Field(None, description="Empty: where no officer is named.")
    item: QueryWord | None = Field(None, description="Code of a service item.")
    stage: Stage | None = Field(None, description="Code of a stage. Empty: clocks of the whole item.")
    party: Literal["agency", "applicant"] = Field(
        "agency", description="`applicant`: the applicants' clocks instead of the office's."
    )
    as_of: InstantIn | None = Field(
        None, description="The instant that the answer speaks of, with an offset; default now, may lie ahead."
    )


class DueSoonQuery(PageQuery, Filters):
    """What the due-soon list is asked."""

    known_at: InstantIn | None = Field(
        None,
        description=(
            "Only what had been recorded by this instant; default now, no later. "
            "422 `too_much_to_replay` where more than 4,000 applications would have to be replayed for it."
        ),
    )
    changed_since: InstantIn | None = Field(
        None, description="Only rows that changed since this instant; the answer then also says what is `gone`."
    )


class OverdueQuery(DueSoonQuery):
    """What the overdue list is asked."""

    min_overdue: Units = Field(0, description="At least so many units overdue, each clock in its own unit.")
    include_stopped: QueryBool = Field(False, description="Also clocks that stopped after their due instant.")


class SummaryQuery(Filters):
    """What the summary is asked."""

    by: Literal["department", "item", "section", "officer", "clock"] = Field(description="What to count by.")
    known_at: InstantIn | None = Field(
        None,
        description=(
            "Only what had been recorded by this instant; default now, no later. "
            "422 `too_much_to_replay` where more than 4,000 applications would have to be replayed for it."
        ),
    )
    min_overdue: Units = Field(
        0, description="Above 0: only clocks overdue by at least so many units, each in its own unit."
    )
    include_stopped: QueryBool = Field(False, description="Changes nothing: a summary counts running clocks only.")


class StreamQuery(Filters):
    """What the stream is asked: the filters of the overdue list."""

    limit: Annotated[QueryInt, Field(ge=1, le=500)] = Field(50, description="Rows of each event.")
    min_overdue: Units = Field(0, description="At least so many units overdue, each clock in its own unit.")
    include_stopped: QueryBool = Field(False, description="Also clocks that stopped after their due instant.")


class RowOut(Wire):
    """One clock of a list."""

    tracking_number: str
    external_ref: str | None
    item: str
    department: str
    holder: HolderOut
    clock: ClockOut
    subject: str | None
    reason: str | None = Field(description="The public reason of the delay (`explain_delay`), the latest by `as_of`.")


class GoneOut(Wire):
    """A row that left the list."""

    tracking_number: str
    clock: str
    stage: str | None


class OverduePage(Wire):
    """A page of overdue clocks, the longest overdue first: by due instant, number, clock, stage."""

    items: list[RowOut]
    next_cursor: str | None
    as_of: datetime
    known_at: datetime = Field(description="By what had been recorded by then.")
    swept_at: datetime | None = Field(description="When the last sweep ended; the answer is right without it.")
    gone: list[GoneOut] | None = Field(
        None, description="With `changed_since`, on the first page: what left the list since."
    )


class DueSoonPage(OverduePage):
    """A page of clocks with a yellow light, those that end first before the others."""


class SummaryLine(Wire):
    """The running clocks under one code, by light; the code stands first, in the field that `by` names."""

    department: str | None = None
    item: str | None = None
    section: str | None = None
    officer: str | None = None
    clock: str | None = None
    name: str | None
    red: int
    yellow: int
    green: int


class SummaryOut(Wire):
    """The running clocks by light."""

    items: list[SummaryLine]
    as_of: datetime
    known_at: datetime = Field(description="By what had been recorded by then.")
    swept_at: datetime | None
