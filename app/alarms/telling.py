"""What others are told of alarms: the event of a raised one and of a withdrawn one, and which crossings stay untold."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from app.domain.steps import Dossier
from app.outbox.events import Event

__all__ = ["is_before_import", "raised", "withdrawn"]


def is_before_import(dossier: Dossier, crossed_at: datetime, detected_at: datetime) -> bool:
    """Whether a crossing was history already when an import brought what makes it one: on record, and told to nobody.

    Judged by what was imported when the alarm was found, so that its withdrawal is told to whom it was told itself.
    """
    return any(
        step.imported and step.recorded_at is not None and crossed_at < step.recorded_at <= detected_at
        for step in dossier.steps
    )


def raised(alarm: Mapping[str, Any], zone: tzinfo, version: int) -> Event:
    """The event of an alarm that was raised: the alarm as `GET /alarms` shows it, without labels.

    One that stands again after its withdrawal is an event of its own, by the instant at which it was found.
    """
    return event_of("alarm.raised", alarm, alarm["detected_at"], zone, version)


def withdrawn(alarm: Mapping[str, Any], zone: tzinfo, version: int) -> Event:
    """The event of an alarm that no longer stands, with the cause."""
    return event_of("alarm.withdrawn", alarm, alarm["changed_at"], zone, version)


def event_of(type_: str, alarm: Mapping[str, Any], at: datetime, zone: tzinfo, version: int) -> Event:
    """An event about an alarm; `version` is that of the application, by which a receiver may put them in order."""

    def local(instant: datetime) -> str:
        return instant.astimezone(zone).isoformat()

    cause = alarm["withdrawn"]
    data = {
        "id": alarm["id"],
        "tracking_number": alarm["number"],
        "external_ref": alarm["external_ref"],
        "department": alarm["department"],
        "clock": alarm["clock"],
        "stage": alarm["stage"] or None,
        "kind": alarm["kind"],
        "rung": alarm["rung"],
        "due_at": local(alarm["due_at"]),
        "crossed_at": local(alarm["crossed_at"]),
        "detected_at": local(alarm["detected_at"]),
        "late": alarm["late"],
        "clock_revision": alarm["revision"],
        "withdrawn": None if cause is None else {**cause, "at": local(datetime.fromisoformat(cause["at"]))},
        "application_version": version,
    }
    return Event(type_, f"{alarm['id']} {at.isoformat()}", alarm["id"], at, data, alarm["department"])
