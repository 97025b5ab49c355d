"""Whether this process may be asked: the database answers, its schema is known, the sweep is alive."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.alarms.queries import quarantined, swept_at
from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.kit.db import Busy
from app.kit.migrations import current_revision, head_revision
from app.kit.service import Service
from app.proof.nightly import last_verified

__all__ = ["Check", "Readiness", "calendar_check", "examine", "known_revision"]

State = Literal["ok", "warning", "failed"]

INTERVALS = 3
SHORTEST = timedelta(seconds=10)
WARN_BEFORE = 60
"""Days before the end of the published calendar from which on its successor is missed."""


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: State
    detail: str


class Readiness(NamedTuple):
    """All that was looked at, and when the last sweep ended."""

    checks: list[Check]
    swept_at: datetime | None

    @property
    def failed(self) -> list[Check]:
        """What forbids to ask this process."""
        return [check for check in self.checks if check.state == "failed"]

    @property
    def is_degraded(self) -> bool:
        """Whether somebody should look at something."""
        return any(check.state == "warning" for check in self.checks)


@lru_cache(maxsize=1)
def known_revision() -> str:
    """The newest revision of the schema that this code knows."""
    return head_revision()


async def examine(service: Service) -> Readiness:
    """Look at everything; what the database would say is unknown when it does not answer."""
    now = service.now.now()

    async def ask(tx: AsyncConnection) -> tuple[str | None, datetime | None, list[str], tuple[datetime, int] | None]:
        revision = await current_revision(tx)
        if revision != known_revision():
            return revision, None, [], None
        return revision, await swept_at(tx), await quarantined(tx, now), await last_verified(tx)

    try:
        revision, swept, aside, verified = await service.db.reading(ask)
    except Busy as error:
        return Readiness([Check("database", "failed", error.detail)], None)
    checks = [Check("database", "ok", "answers"), schema_check(revision)]
    if checks[-1].state == "ok":
        checks += [sweep_check(swept, now, timedelta(seconds=service.settings.sweep_seconds)), quarantine_check(aside)]
    if verified is not None:
        checks.append(record_check(*verified))
    if service.gate.reason is not None:
        checks.append(Check("clock", "failed", f"no alarms are raised: {service.gate.reason}"))
    newest = catalogue.newest("CN")
    checks.append(calendar_check(newest, newest.day_of(now)))
    return Readiness(checks, swept)


def schema_check(revision: str | None) -> Check:
    """Whether the database stands at the revision that this code was written for."""
    known = known_revision()
    if revision == known:
        return Check("schema", "ok", f"at {known}")
    return Check("schema", "failed", f"the database stands at {revision or 'no revision'}, this code needs {known}")


def sweep_check(swept: datetime | None, now: datetime, interval: timedelta) -> Check:
    """Whether a sweep ended within the last three intervals, whichever process made it."""
    if swept is None:
        return Check("sweep", "failed", "no sweep has ended yet")
    age = now - swept
    detail = f"the last sweep ended {age.total_seconds():.0f} s ago"
    return Check("sweep", "failed" if age > max(INTERVALS * interval, SHORTEST) else "ok", detail)


def quarantine_check(aside: list[str]) -> Check:
    """Whether every application that is due could be reconciled."""
    if not aside:
        return Check("quarantine", "ok", "no application is set aside")
    return Check("quarantine", "warning", f"{len(aside)} applications are set aside: their alarms cannot be worked out")


def record_check(ended_at: datetime, broken: int) -> Check:
    """What the last verification of the whole record found."""
    when = ended_at.isoformat(timespec="seconds")
    if not broken:
        return Check("record", "ok", f"as it was recorded, verified at {when}")
    return Check("record", "warning", f"{broken} broken, found at {when}: `shixian verify` names the first")


def calendar_check(calendar: Calendar, today: int) -> Check:
    """How far the published notices reach: from 60 days before their end on the next one is missed."""
    if calendar.published_to is None:
        return Check("calendar", "ok", f"{calendar.name} has no end")
    until = date.fromordinal(calendar.published_to).isoformat()
    left = calendar.published_to - today
    if left < 0:
        return Check("calendar", "warning", f"{calendar.name} does not cover today: it was published to {until}")
    if left < WARN_BEFORE:
        return Check("calendar", "warning", f"{calendar.name} ends in {left} days, on {until}")
    return Check("calendar", "ok", f"{calendar.name} is published to {until}")
