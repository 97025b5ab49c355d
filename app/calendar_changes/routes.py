"""Changes of calendars over HTTP: a new edition."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendar_changes.schemas import EditionAdded
from app.calendars.editions import read_edition
from app.calendars.publish import publish_edition
from app.calendars.schemas import EditionIn
from app.kit.once import Answer, fingerprint_of, idempotency_key, once
from app.kit.openapi import entry
from app.kit.reading import read_json
from app.kit.schemas import Code

router = APIRouter(prefix="/api/v1", tags=["calendars"])

CodePath = Annotated[Code, Path(description="The code of a calendar: a new one, or one that is known.")]


@router.post(
    "/calendars/{code}/editions",
    summary="Add an edition of a calendar",
    status_code=201,
    response_model=EditionAdded,
    openapi_extra=entry(body=EditionIn, idempotent=True),
)
@needs(Action.WRITE_CALENDARS)
async def add_edition(request: Request, code: CodePath) -> Response:
    """Add what a notice states, approved by another person than the caller; a new code makes a new calendar.

    Days that it does not name keep what earlier editions say. Refused, and nothing changed: an empty year, a day named
    twice, a notice older than the one it supersedes, a layer over itself, hours that cross, a zone that does not exist.
    """
    actor = await identify(request)
    body = await read_json(request)
    asked = read_edition(body)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        published = await publish_edition(tx, actor, code, asked, now=now)
        added = EditionAdded(number=published.number, calendar=published.known.newest(code).name)
        where = f"/api/v1/calendars/{quote(code, safe='')}/editions/{published.number}"
        return Answer(201, added.model_dump_json().encode(), [("Location", where)])

    return await once(
        request,
        credential=actor.credential,
        act=act,
        key=idempotency_key(request),
        fingerprint=fingerprint_of(request, body.raw),
    )
