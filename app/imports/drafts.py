"""Rows of `steps.csv` as steps to be recorded."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.applications.events import Draft
from app.domain.chain import Json
from app.domain.steps import BESIDE, Step, StepType
from app.imports.csv_rows import StepRow
from app.imports.mapping import Activity, Mapping
from app.imports.report import ImportReport
from app.imports.spool import SpooledStep

__all__ = ["AHEAD", "RowRefused", "drafts_of"]

AHEAD = timedelta(seconds=5)
INCOMPLETE = frozenset(
    {StepType.RECEIVE, StepType.EXTEND, StepType.PAUSE, StepType.RESUME, StepType.START_STAGE, StepType.COMPLETE_STAGE}
)
"""Step types of which a row of the file cannot say all that they need."""


class RowRefused(Exception):
    """One row cannot be taken; the others go on."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def drafts_of(steps: Sequence[SpooledStep], mapping: Mapping, report: ImportReport, now: datetime) -> list[Draft]:
    """The steps as they are to be recorded, by the order of their instants; those that cannot be are reported."""
    drafts = []
    for step in steps:
        try:
            drafts.append(draft_of(step, mapping, report, now))
        except RowRefused as refused:
            report.refuse("steps.csv", step.line, step.row.external_ref, refused.code, refused.detail)
    report.steps_new += len(drafts)
    return sorted(drafts, key=lambda draft: draft.step.at)


def draft_of(spooled: SpooledStep, mapping: Mapping, report: ImportReport, now: datetime) -> Draft:
    """One step of a file: an activity as the mapping reads it, or a step type by its own name."""
    row = spooled.row
    if row.occurred_at > now + AHEAD:
        raise RowRefused("occurred_in_future", "occurred_at lies ahead of the server's clock")
    if row.activity is not None:
        activity, named = mapping.activity(row.activity)
        if not named:
            report.unmapped_activities[row.activity] += 1
    else:
        activity = by_type(row)
    extra: dict[str, Json] = {"row": spooled.mark}
    if row.activity is not None:
        extra["activity"] = row.activity
    private: dict[str, Json] = {}
    if row.actor is not None:
        private["actor"] = row.actor
    if row.note is not None:
        private["note"] = row.note
    if activity.reason is not None:
        private["reason"] = activity.reason
    if activity.missing:
        private["missing"] = list[Json](activity.missing)
    if activity.type is None:
        kind = StepType.START_STAGE if activity.event == "start" else StepType.COMPLETE_STAGE
    else:
        kind = activity.type
    step = Step(
        type=kind,
        at=row.occurred_at,
        stage=activity.stage or "",
        result=activity.result,
        result_code=activity.result_code,
        section=row.section,
        imported=True,
    )
    return Draft(step, extra, private)


def by_type(row: StepRow) -> Activity:
    """A row that names a step type of ours: only those that need no more than a row can say."""
    known = {str(member): member for member in StepType if member not in BESIDE}
    kind = known.get(row.type or "")
    if kind is None:
        raise RowRefused("step_type_unknown", f"there is no step type {row.type!r}")
    if kind in INCOMPLETE or kind in (StepType.DECIDE, StepType.INSPECT):
        raise RowRefused(
            "step_incomplete", f"a row cannot say all that a step of type {kind} needs; name it in a mapping"
        )
    return Activity(type=kind)
