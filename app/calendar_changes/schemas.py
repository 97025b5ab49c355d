"""Changes of calendars as they travel."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from app.calendars.schemas import EditionWhole
from app.items.schemas import ItemPreview
from app.kit.paging import PageQuery
from app.kit.schemas import QueryBool, Wire

__all__ = [
    "ChangeQuery",
    "Counts",
    "EditionAdded",
    "EditionState",
    "ItemTried",
    "MoveShown",
    "MovesPage",
    "MovesQuery",
    "Progress",
    "RunShown",
    "Started",
    "SuspensionAdded",
    "SuspensionPage",
    "SuspensionShown",
    "SuspensionState",
    "VersionCounts",
]


class EditionAdded(Wire):
    """An edition that was added."""

    number: int = Field(description="Its place among the editions of its calendar.")
    calendar: str = Field(description="The calendar with it, `CN@24`.")


class ChangeQuery(Wire):
    """Whether it is only tried."""

    dry_run: QueryBool = Field(False, description="Store nothing; say under `/api/v1/dry-runs/{id}` what would move.")


class Started(Wire):
    """A dry run that has begun."""

    id: str


class Counts(Wire):
    """What was found so far."""

    moves: int = Field(description="Open clocks whose end moves.")
    becomes_overdue: int
    ceases_overdue: int
    stopped: int = Field(description="Clocks that have stopped and would have ended on another day; they keep theirs.")
    applications: int = Field(description="Open applications of which something shown differs.")


class VersionCounts(Counts):
    """What was found so far of a version of an item."""

    refused_steps: int = Field(
        description="Steps on record that the version would not allow; they change nothing in what is listed."
    )
    uncounted: int = Field(description="Open applications of which nothing can be counted under the version.")


class Progress(Wire):
    """How far a run over applications is."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int = Field(description="Applications looked at.")
    total: int
    counts: VersionCounts | Counts


class RunShown(Progress):
    """How far a dry run is."""

    id: str
    kind: Literal["edition", "suspension", "item"]
    moves_in_truth: bool = Field(
        description="False of a version of an item: whatever is listed, nothing moves when it is published, for an "
        "open application keeps the version that it pinned."
    )
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None = Field(description="Until when the list of a dry run is kept.")


class ItemTried(ItemPreview):
    """What a PUT would do, and where it is told what open clocks would be under it; no version is stored."""

    dry_run: str = Field(
        description="Under `/api/v1/dry-runs/{id}` and `/moves` of this id: what the clocks of each open application "
        "would be under the version. None moves: an application keeps its version."
    )


class EditionState(EditionWhole):
    """One edition with all that it states, and how far it has been applied to what was under way."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int = Field(description="Applications looked at.")
    total: int
    counts: Counts | None = Field(description="Null where it came with the program: nothing was under way.")


class SuspensionAdded(Wire):
    """A document on a suspension that was recorded."""

    id: str = Field(description="By which a later document names its end (`ends`).")
    number: int = Field(description="Its place among all such documents.")


class SuspensionShown(Wire):
    """A document on a suspension, and how far it has been applied."""

    id: str
    number: int
    jurisdiction: str
    clocks: list[str]
    from_: date = Field(serialization_alias="from")
    to: date | None
    document: str
    published_at: datetime
    approver: str
    recorded_at: datetime


class SuspensionState(SuspensionShown):
    """The same with how far it has been applied."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    counts: Counts


class SuspensionPage(Wire):
    """A page of documents on suspensions, by number."""

    items: list[SuspensionShown]
    next_cursor: str | None


class MoveShown(Wire):
    """One clock that moves or would, or one that has stopped and is only told of."""

    tracking_number: str
    clock: str
    stage: str | None
    round: int | None
    was: str = Field(
        description="State of the clock; `met` and `missed`: it keeps its end. Of a version of an item also `absent`: "
        "the application's own version has no such clock."
    )
    state: str = Field(
        description="Of the clock after the change, or as it would be; one that has stopped keeps its own. Of a "
        "version of an item also `absent`, and `not_started`: under it the clock would not have begun."
    )
    from_: date | None = Field(serialization_alias="from", description="Its last day; of a paused clock the latest.")
    to: date | None
    from_at: datetime | None = Field(description="The due instant; null while it is paused.")
    to_at: datetime | None
    overdue: Literal["becomes", "ceases"] | None = Field(
        description="Whether it becomes or ceases to be overdue; of one that has stopped, what its verdict would be."
    )


class MovesPage(Wire):
    """A page of the list, by number of the application."""

    items: list[MoveShown]
    next_cursor: str | None


class MovesQuery(PageQuery):
    """Which page of the list."""
