"""Who of the people is told, and how: a file of the operator, checked as a whole and kept as rows."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.queries import department_is_known
from app.kit.schemas import Code, Text, Wire
from app.kit.sealing import Sealer
from app.kit.statements import insert_for
from app.outbox.gateways import TEMPLATES
from app.outbox.models import Subscriber
from app.outbox.targets import Refused, Targets

__all__ = ["ChannelsRefused", "load", "place_of_channel", "read_channels"]

Mailbox = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Line = Annotated[str, Text(max=500)]


ForPeople = Literal["alarm.raised", "alarm.withdrawn", "order.issued", "order.escalated", "order.closed"]


class ChannelsRefused(Exception):
    """The file cannot be used; the text says where and why."""


class Template(Wire):
    """One HTTP request with the holes `${title}`, `${text}`, `${count}`, `${id}`, `${to}`, `${secret}`."""

    headers: dict[HeaderName, Line] = {}
    body: dict[str, Any]  # JSON, with holes in its texts
    form: bool = False
    accepted: dict[str, str | int | bool] = {}
    sign: Literal["dingtalk"] | None = None


class Channel(Wire):
    """One mailbox list, gateway or robot."""

    name: Code
    department: Code | None = None
    events: Annotated[list[ForPeople], Field(min_length=1)] | None = None
    mail: Annotated[list[Mailbox], Field(min_length=1, max_length=50)] | None = None
    template: Code | None = None
    url: Annotated[str, Text(max=2048)] | None = None
    secret: Line = ""
    to: Annotated[list[Line], Field(max_length=200)] = []

    @model_validator(mode="after")
    def is_one_kind(self) -> Self:
        """Either mailboxes, or a template with its address."""
        if (self.mail is None) == (self.template is None) or (self.template is None) != (self.url is None):
            raise PydanticCustomError("channel_ambiguous", "has either `mail`, or `template` and `url`")
        return self


class ChannelFile(Wire):
    """The whole file."""

    templates: dict[Code, Template] = {}
    channels: Annotated[list[Channel], Field(max_length=500)]


def read_channels(text: str, targets: Targets) -> ChannelFile:
    """The file, every part of it checked; `ChannelsRefused` where something is wrong."""
    try:
        file = ChannelFile.model_validate_json(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/".join(str(part) for part in first["loc"])
            raise ChannelsRefused(f"{where}: {first['msg']}") from None
        raise ChannelsRefused("is no YAML file of channels") from None
    known = {**TEMPLATES, **file.templates}
    names = [channel.name for channel in file.channels]
    for place, channel in enumerate(file.channels):
        if names.index(channel.name) != place:
            raise ChannelsRefused(f"channels/{place}: the name {channel.name} stands twice")
        if channel.template is not None and channel.template not in known:
            raise ChannelsRefused(f"channels/{place}: there is no template {channel.template}")
        if channel.url is not None:
            try:
                targets.place(channel.url)
            except Refused as reason:
                raise ChannelsRefused(f"channels/{place}/url: {reason}") from None
    return file


def place_of_channel(id: str) -> bytes:  # noqa: A002
    """Where the address of a channel is sealed for."""
    return f"subscriber {id}".encode()


async def load(
    tx: AsyncConnection, file: ChannelFile, *, sealer: Sealer, by: audit.Doer, now: datetime
) -> tuple[int, int]:
    """Let the rows say what the file says: those it names are written, the others ended. How many of each."""
    rows = []
    for channel in file.channels:
        if channel.department is not None and not await department_is_known(tx, channel.department):
            raise ChannelsRefused(f"{channel.name}: there is no department {channel.department}")
        id_ = f"channel:{channel.name}"
        rows.append(
            {
                "id": id_,
                "channel": "mail" if channel.mail is not None else "gateway",
                "name": channel.name,
                "sealed": sealer.seal(json.dumps(address_of(channel, file)).encode(), place_of_channel(id_)),
                "events": channel.events,
                "department": channel.department,
                "quiet": True,
                "enabled": True,
                "disabled_reason": None,
                "created_at": now,
                "created_by": by.credential,
                "changed_at": now,
                "deleted_at": None,
            }
        )
    for row in rows:
        fresh = {name: value for name, value in row.items() if name not in ("id", "created_at", "created_by")}
        statement = insert_for(tx)(Subscriber).values(row)
        await tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_=fresh))
    here = [row["id"] for row in rows]
    gone = select(Subscriber.id).where(
        Subscriber.channel.in_(("mail", "gateway")), Subscriber.deleted_at.is_(None), Subscriber.id.not_in(here)
    )
    ended = list((await tx.execute(gone)).scalars())
    over = {"enabled": False, "disabled_reason": "deleted", "sealed": b"", "deleted_at": now, "changed_at": now}
    await tx.execute(update(Subscriber).where(Subscriber.id.in_(ended)).values(over))
    detail = {"loaded": len(rows), "ended": len(ended)}
    await audit.record(tx, by, "load_channels", "channels", at=now, detail=detail)
    return len(rows), len(ended)


def address_of(channel: Channel, file: ChannelFile) -> dict[str, Any]:  # JSON
    """What is sealed of a channel: all that is needed to send, so that a later file changes nothing under way."""
    if channel.mail is not None:
        return {"mail": channel.mail}
    mine = file.templates.get(channel.template or "")
    template = TEMPLATES[channel.template or ""] if mine is None else mine.model_dump()
    return {
        "url": channel.url,
        "headers": template.get("headers", {}),
        "body": template["body"],
        "form": template.get("form", False),
        "accepted": template.get("accepted", {}),
        "sign": template.get("sign"),
        "secret": channel.secret,
        "to": channel.to,
    }
