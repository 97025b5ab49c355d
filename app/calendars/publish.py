"""An edition is added: what its notice states, from the instant of its publication on, approved by a second person."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.calendars import catalogue
from app.calendars.editions import check_calendar, check_edition, value_of
from app.calendars.known import ZONE, CalendarNotFound, Known, Layer, Recorded
from app.calendars.schemas import EditionIn
from app.calendars.stored import hold_calendars, keep, picture
from app.domain.layers import Edition
from app.domain.refusal import Refusal
from app.kit.db import after_commit

__all__ = ["Doer", "Plan", "Published", "known_already", "plan_edition", "publish_edition", "refuse_own_approval"]


class Doer(audit.Doer, Protocol):
    """Who adds it."""

    @property
    def name(self) -> str: ...


class Plan(NamedTuple):
    """An edition that may be added, and all calendars as they would be with it."""

    code: str
    over: str | None
    name: str | None
    recorded: Recorded
    before: Known
    after: Known


class Published(NamedTuple):
    """An edition that was added."""

    number: int
    known: Known


def plan_edition(known: Known, code: str, asked: EditionIn, *, now: datetime) -> Plan:
    """What an edition would make of the calendars, or the refusal that says why it cannot be believed."""
    layer = known.layers.get(code)
    over = _over(known, code, layer, asked.layer_of)
    below = code if layer is not None else over
    before = None if below is None else known.newest(below)
    edition, instant = value_of(asked, ZONE if before is None else _zone_of(before.zone))
    check_edition(known, code, edition, instant, now=now)
    taken = {one.edition.number for one in layer.editions} if layer is not None else set()
    edition = replace(edition, number=max(taken, default=0) + 1)
    serial = max((one.serial for each in known.layers.values() for one in each.editions), default=0) + 1
    recorded = Recorded(edition, instant, serial, now)
    after = _with(known, code, over, asked.name, recorded)
    check_calendar(before, after.newest(code), edition)
    return Plan(code, over, asked.name, recorded, known, after)


def _zone_of(zone: object) -> ZoneInfo:
    return zone if isinstance(zone, ZoneInfo) else ZONE


def _over(known: Known, code: str, layer: Layer | None, asked: str | None) -> str | None:
    """What the calendar lies over: what its first edition says, and no later one otherwise."""
    if asked == code:
        raise Refusal("layer_over_itself", "A calendar does not lie over itself.", pointer="/layer_of")
    if asked is not None:
        try:
            chain = known.chain(asked)
        except CalendarNotFound:
            raise Refusal("calendar_unknown", f"There is no calendar {asked!r}.", pointer="/layer_of") from None
        if code in {one.code for one in chain}:
            raise Refusal("layer_over_itself", f"{asked} lies over {code} already.", pointer="/layer_of")
    if layer is None:
        return asked
    if asked is not None and asked != layer.over:
        stands = "over none" if layer.over is None else f"over {layer.over}"
        raise Refusal("layer_of_differs", f"The calendar {code} lies {stands}, and stays there.", pointer="/layer_of")
    return layer.over


def _with(known: Known, code: str, over: str | None, name: str | None, recorded: Recorded) -> Known:
    """The picture with one more edition."""
    stored = [
        (one, layer.over, layer.names["zh-CN"], edition)
        for one, layer in known.layers.items()
        for edition in layer.editions
        if edition.serial
    ]
    stored.sort(key=lambda each: each[3].serial)
    return catalogue.known_with([*stored, (code, over, name, recorded)], known.stopped)


async def publish_edition(tx: AsyncConnection, actor: Doer, code: str, asked: EditionIn, *, now: datetime) -> Published:
    """Add an edition, or refuse it and change nothing. This process goes by it from the commit on."""
    refuse_own_approval(actor, asked.approver)
    await hold_calendars(tx)
    plan = plan_edition(await picture(tx), code, asked, now=now)
    recorded = plan.recorded._replace(recorded_by=actor.credential, approver=asked.approver)
    await keep(tx, code, plan.over, asked.name, recorded)
    edition: Edition = recorded.edition
    await audit.record(
        tx,
        actor,
        "publish_edition",
        code,
        at=now,
        detail={
            "edition": edition.number,
            "supersedes": edition.supersedes,
            "days": len(edition.days),
            "sha256": hashlib.sha256(asked.model_dump_json().encode()).hexdigest(),
        },
    )
    known = await picture(tx)
    after_commit(tx, lambda: catalogue.adopt(known))
    return Published(edition.number, known)


def refuse_own_approval(actor: Doer, approver: str) -> None:
    """Nobody approves what they bring themselves."""
    if same_person(approver, actor.name or actor.credential) or same_person(approver, actor.credential):
        raise Refusal("approver_is_actor", "The approver is another person than the caller.", pointer="/approver")


def known_already(known: Known, code: str, asked: EditionIn) -> int | None:
    """The number of an edition that says the same, word for word; a file that is imported twice changes nothing."""
    layer = known.layers.get(code)
    if layer is None:
        return None
    edition, instant = value_of(asked, _zone_of(known.newest(code).zone))
    for one in layer.editions:
        if one.from_at == instant and replace(edition, number=one.edition.number) == one.edition:
            return one.edition.number
    return None


def same_person(one: str, other: str) -> bool:
    """Whether two texts name the same person, as far as text can tell."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()
