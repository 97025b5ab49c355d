"""At the start of a service: what a new release of the program knows of calendars comes to what is under way."""

import structlog

from app.calendar_changes import queries
from app.calendar_changes.change import edition_run, new_run
from app.calendars.arrivals import ARRIVING, arrivals, record_arrivals
from app.calendars.stored import picture
from app.kit.service import Service

__all__ = ["bring_in"]

log = structlog.get_logger("shixian.changes")


async def bring_in(service: Service) -> None:
    """Record the editions that the release brought and this database lacks, and begin to apply each, like any other."""
    if not arrivals(await service.db.reading(picture)):
        return
    now = service.now.now()
    async with service.db.transaction() as tx:
        for code, _, _, recorded in await record_arrivals(tx, now=now):
            run = await new_run(tx, ARRIVING, edition_run(code, recorded.edition.number), "edition", now=now)
            change = {"calendar": code}
            await queries.begin(tx, run._replace(change=change, serial=recorded.serial, published_at=recorded.from_at))
            log.info("edition_arrived", calendar=code, edition=recorded.edition.number)
