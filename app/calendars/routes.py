"""Calendars over HTTP."""

from datetime import timedelta

from fastapi import APIRouter, Request

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendars import queries
from app.calendars.catalogue import CalendarNotFound
from app.calendars.schemas import CalendarPage, CalendarShown, DaysQuery, DaysShown
from app.domain.calendar import Calendar
from app.kit.openapi import entry
from app.kit.paging import PageQuery, decode_cursor
from app.kit.problems import Problem, invalid
from app.kit.reading import read_query, refuse_query
from app.kit.texts import negotiate

router = APIRouter(prefix="/api/v1/calendars", tags=["calendars"])

LONGEST = timedelta(days=3_660)


@router.get("", summary="The calendars", openapi_extra=entry(query=PageQuery))
@needs(Action.READ_CATALOGUE)
async def list_calendars(request: Request) -> CalendarPage:
    """Every calendar that the service knows, by code; they stand on one page."""
    await identify(request)
    query = read_query(request, PageQuery)
    if query.cursor is not None:
        decode_cursor(query.cursor, str)
    return queries.calendars(negotiate(request.headers.get("accept-language")))


@router.get("/{code}", summary="One calendar, its layers and editions")
@needs(Action.READ_CATALOGUE)
async def show_calendar(request: Request, code: str) -> CalendarShown:
    """A calendar by its code in its newest state, or by a printed name (`CN@21`) in that one."""
    await identify(request)
    refuse_query(request)
    return queries.calendar_shown(_found(code), negotiate(request.headers.get("accept-language")))


@router.get("/{code}/days", summary="The days of a calendar", openapi_extra=entry(query=DaysQuery))
@needs(Action.READ_CATALOGUE)
async def list_days(request: Request, code: str) -> DaysShown:
    """Each day of a stretch: worked or not, its hours and name, the layer and the notice that it comes from."""
    await identify(request)
    query = read_query(request, DaysQuery)
    if query.to < query.from_:
        raise invalid("query", "/to", "range_reversed", "lies before `from`")
    if query.to - query.from_ >= LONGEST:
        raise invalid("query", "/to", "range_too_long", f"a stretch has at most {LONGEST.days} days")
    language = negotiate(request.headers.get("accept-language"))
    return queries.days_shown(_found(code), query.from_, query.to, language)


def _found(code: str) -> Calendar:
    try:
        return queries.found(code)
    except CalendarNotFound:
        raise Problem(404, "calendar_not_found", "there is no such calendar") from None
