"""What the list of alarms is asked, and what it answers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.kit.paging import PageQuery
from app.kit.schemas import InstantIn, QueryWord, Wire

__all__ = ["AlarmOut", "AlarmPage", "AlarmQuery", "WithdrawnOut"]


class AlarmQuery(PageQuery):
    """The filters of the list of alarms."""

    tracking_number: QueryWord | None = None
    department: QueryWord | None = Field(
        None, description="Who held the application at the crossing; with those below."
    )
    kind: Literal["warning", "overdue", "escalation", "deemed"] | None = None
    since: InstantIn | None = Field(None, description="What was detected or withdrawn at or after this instant.")


class WithdrawnOut(Wire):
    """Why an alarm no longer stands."""

    at: datetime
    cause: str
    reason: str
    superseded_by: str | None = Field(description="The alarm that stands in its place.")


class AlarmOut(Wire):
    """One rung of one clock that was crossed: once per application, clock, stage, rung and revision."""

    id: str
    tracking_number: str
    external_ref: str | None
    department: str = Field(description="Who held the application at the crossing.")
    clock: str
    clock_label: str
    stage: str | None
    kind: str
    kind_label: str
    rung: int = Field(description="0 is the due instant itself.")
    due_at: datetime
    crossed_at: datetime = Field(description="The first instant at which the rung was crossed, however late the sweep.")
    detected_at: datetime
    late: bool = Field(description="Detected over two sweep intervals after the crossing.")
    clock_revision: int
    withdrawn: WithdrawnOut | None


class AlarmPage(Wire):
    """A page of alarms, the newest crossing first."""

    items: list[AlarmOut]
    next_cursor: str | None
    as_of: datetime
    swept_at: datetime | None
