"""What a release of the program brings into a database that has calendars of its own: recorded like any other edition.

The editions of the first release lie below all that a database records. One of a later release counts from its record
on: placed among the first, it would change what the names of states mean under which applications stand already.
"""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.calendars import catalogue
from app.calendars.known import Known, Recorded, built_in
from app.calendars.stored import hold_calendars, keep, picture
from app.kit.db import after_commit

__all__ = ["ARRIVING", "Arrival", "Arriving", "arrivals", "record_arrivals"]


class Arriving(NamedTuple):
    """By whom it is recorded: by the release itself, at the start of the service."""

    credential: str = catalogue.RELEASE
    role: str = "system"
    request_id: str | None = None
    name: str = ""


ARRIVING = Arriving()


class Arrival(NamedTuple):
    """An edition that came with a later release of the program."""

    code: str
    over: str | None
    name: str
    recorded: Recorded


def arrivals(known: Known) -> list[Arrival]:
    """The editions of later releases that a database has not recorded, in the order of their arrival.

    A notice that the office entered by itself stands as it did: the copy that comes later says the same, and where it
    does not, the office had the document in its hands.
    """
    found = []
    for code, layer in built_in().items():
        there = known.layers.get(code)
        documents = {one.edition.document.strip() for one in there.editions if is_recorded(one)} if there else set()
        over = layer.over if there is None else there.over
        name = layer.names["zh-CN"]
        found += [
            Arrival(code, over, name, one)
            for one in layer.editions
            if one.release > 1 and one.edition.document.strip() not in documents
        ]
    depth = {code: len(_below(code)) for code in built_in()}
    return sorted(found, key=lambda one: (one.recorded.release, one.recorded.from_at, depth[one.code], one.code))


def is_recorded(one: Recorded) -> bool:
    """Whether a database knows an edition for good: of the first release, or on its own record."""
    return one.release == 1 or one.serial > 0


def _below(code: str) -> list[str]:
    below: list[str] = []
    while (over := built_in()[code].over) is not None:
        below.append(over)
        code = over
    return below


async def record_arrivals(tx: AsyncConnection, *, now: datetime) -> list[Arrival]:
    """Record the editions of later releases, each with the next free number of its calendar; as they were recorded."""
    await hold_calendars(tx)
    recorded: list[Arrival] = []
    for arrival in arrivals(await picture(tx)):
        known = (await picture(tx)).layers.get(arrival.code)
        own = [one for one in known.editions if is_recorded(one)] if known else []
        number = max((one.edition.number for one in own), default=0) + 1
        one = arrival.recorded._replace(
            edition=replace(arrival.recorded.edition, number=number), recorded_at=now, recorded_by=catalogue.RELEASE,
            approver=catalogue.RELEASE,
        )  # fmt: skip
        await keep(tx, arrival.code, arrival.over, arrival.name, one)
        detail = {"edition": number, "release": one.release, "days": len(one.edition.days)}
        await audit.record(tx, ARRIVING, "publish_edition", arrival.code, at=now, detail=detail)
        known_now = await picture(tx)
        [stored] = [each for each in known_now.layer(arrival.code).editions if each.edition.number == number]
        recorded.append(arrival._replace(recorded=stored))
    if recorded:
        known_after = await picture(tx)
        after_commit(tx, lambda: catalogue.adopt(known_after))
    return recorded
