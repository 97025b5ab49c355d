"""Changes as they are shown: how far a run is, what it moves, the documents on suspensions."""

from datetime import date
from typing import Any, Literal

from app.calendar_changes import queries
from app.calendar_changes.queries import Run
from app.calendar_changes.schemas import Counts, MoveShown, Progress, RunShown, SuspensionShown, VersionCounts
from app.calendars.known import ZONE, Stopped

__all__ = ["move_shown", "progress_of", "run_shown", "stopped_shown"]


def progress_of(run: Run) -> Progress:
    """How far a run is."""
    state: Literal["waiting", "running", "done", "failed"] = "running" if run.after or run.round > 1 else "waiting"
    if run.finished_at is not None:
        state = "done" if run.failed is None else "failed"
    counts = (VersionCounts if run.kind == "item" else Counts)(**run.counts)
    return Progress(state=state, done=run.done, total=max(run.total, run.done), counts=counts)


def run_shown(run: Run) -> RunShown:
    """A dry run as it is shown."""
    return RunShown(
        **dict(progress_of(run)),
        id=run.id,
        kind=run.kind,
        moves_in_truth=run.kind != "item",
        created_at=run.created_at,
        finished_at=run.finished_at,
        kept_until=run.created_at + queries.KEPT if run.dry else None,
    )


def stopped_shown(stopped: Stopped) -> SuspensionShown:
    """A document on a suspension; instants in the zone of the nation."""
    suspension = stopped.suspension
    return SuspensionShown(
        id=suspension.id,
        number=stopped.serial,
        jurisdiction=stopped.jurisdiction,
        clocks=sorted(suspension.clocks),
        from_=date.fromordinal(suspension.first),
        to=None if suspension.last is None else date.fromordinal(suspension.last),
        document=suspension.document,
        published_at=stopped.published_at.astimezone(ZONE),
        approver=stopped.approver,
        recorded_at=stopped.recorded_at.astimezone(ZONE),
    )


def move_shown(row: Any) -> MoveShown:  # a row of the list
    """One move; instants in the zone of the nation."""
    return MoveShown(
        tracking_number=row.tracking_number,
        clock=row.clock,
        stage=row.stage or None,
        round=row.round or None,
        was=row.was,
        state=row.state,
        from_=row.from_on,
        to=row.to_on,
        from_at=None if row.from_at is None else row.from_at.astimezone(ZONE),
        to_at=None if row.to_at is None else row.to_at.astimezone(ZONE),
        overdue=row.overdue,
    )
