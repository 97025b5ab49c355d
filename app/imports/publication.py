"""What was published on the way of an imported application: it stands on the calendars of its own time, as a live one.

It pins what was published when it came in; each edition and suspension published while it was open is a `recomputed`
step, as its publication would have caused it. What a final step, or silence, had ended by then gets none.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.applications.drafted import status_then
from app.applications.events import Draft
from app.applications.history import Opened
from app.applications.published import published_since
from app.applications.receive import Receipt
from app.applications.silence import SYSTEM
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.course import FINAL_MOMENTS, MOMENTS
from app.domain.steps import FINAL, StepType

__all__ = ["as_published", "on_its_day"]


def on_its_day(receipt: Receipt) -> Receipt:
    """The receipt on its calendar as that was published by then."""
    newest = receipt.calendar
    first = catalogue.published_by(newest.code, receipt.submitted_at)
    return replace(receipt, calendar=first) if counts_like(first, newest) else receipt


def as_published(opened: Opened, steps: Sequence[Draft], now: datetime) -> list[Draft]:
    """Steps that are to be recorded, by their instants, with what was published between them in its place.

    `steps` stand in the order of their instants. Those of a new application begin with its receipt.
    """
    since = opened.head.submitted_at
    ends = [draft.step.at for draft in steps if MOMENTS.get(draft.step.type) in FINAL_MOMENTS]
    published = [
        replace(draft, by=SYSTEM)
        for draft in published_since(opened, (), now)
        if since < draft.step.at and all(draft.step.at < end for end in ends)
    ]
    if opened.head.status in FINAL:
        published = []
    found = sorted([*steps, *published], key=in_order_of_record)
    return until_silence_ends(opened, found, now) if published and opened.dossier.item.silent else found


def in_order_of_record(draft: Draft) -> tuple[bool, datetime]:
    """History begins with the receipt, whatever a file says to have happened before it."""
    return draft.step.type is not StepType.RECEIVE, draft.step.at


def until_silence_ends(opened: Opened, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """The same without what was published after silence had ended the application."""
    kept: list[Draft] = []
    for draft in drafts:
        at = draft.step.at
        if draft.by is SYSTEM and status_then(opened, kept, at, now) in FINAL:
            continue
        kept.append(draft)
    return kept


def counts_like(first: Calendar, newest: Calendar) -> bool:
    """Whether the state of then can count what the newest can: it knows the same years, and has hours if that one has.

    A hall that stated its hours only later had them before; nothing could be counted by what was published of it. Such
    an application stands on the newest state from the first, and nothing that came before it moves it.
    """
    return first.first == newest.first and (first.has_hours or not newest.has_hours)
