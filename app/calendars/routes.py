"""Calendars over HTTP: what is known of them. How one is changed stands in `app.calendar_changes`."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from fastapi import APIRouter, Request, Response

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.calendars import queries
from app.calendars.known import CalendarNotFound
from app.calendars.schemas import (
    CalendarPage,
    CalendarShown,
    DaysQuery,
    DaysShown,
    EditionPage,
    EditionsQuery,
)
from app.kit.openapi import entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link, scope_of
from app.kit.problems import Problem, invalid
from app.kit.reading import read_query, refuse_query
from app.kit.texts import negotiate

router = APIRouter(prefix="/api/v1/calendars", tags=["calendars"])

LONGEST = timedelta(days=3_660)
Answer = TypeVar("Answer")


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
    language = negotiate(request.headers.get("accept-language"))
    return found(lambda: queries.calendar_shown(code, language))


@router.get("/{code}/editions", summary="The editions of a calendar", openapi_extra=entry(query=EditionsQuery))
@needs(Action.READ_CATALOGUE)
async def list_editions(request: Request, response: Response, code: str) -> EditionPage:
    """The calendar's own editions by number; those of the calendars that it lies over stand with these."""
    await identify(request)
    query = read_query(request, EditionsQuery)
    scope = scope_of({"calendar": code})
    after = 0
    if query.cursor is not None:
        after = int(decode_cursor(query.cursor, int, scope=scope).after[0] or 0)
    page = found(lambda: queries.editions_after(code, after, query.limit))
    if len(page.items) <= query.limit:
        return page
    shown = page.items[: query.limit]
    cursor = encode_cursor(Cursor((shown[-1].number,)), scope=scope)
    response.headers["Link"] = next_link(request, cursor)
    return EditionPage(items=shown, next_cursor=cursor)


@router.get("/{code}/days", summary="The days of a calendar", openapi_extra=entry(query=DaysQuery))
@needs(Action.READ_CATALOGUE)
async def list_days(request: Request, response: Response, code: str) -> DaysShown:
    """Each day of a stretch: worked or not, its hours and name, the layer and the notice that it comes from.

    With `limit` page by page; the cursor keeps to the state of the calendar that the first page showed.
    """
    await identify(request)
    query = read_query(request, DaysQuery)
    if query.to < query.from_:
        raise invalid("query", "/to", "range_reversed", "lies before `from`")
    if query.to - query.from_ >= LONGEST:
        raise invalid("query", "/to", "range_too_long", f"a stretch has at most {LONGEST.days} days")
    language = negotiate(request.headers.get("accept-language"))
    first, last = query.from_.toordinal(), query.to.toordinal()
    scope = scope_of({"code": code, "from": first, "to": last})
    if query.cursor is not None:
        name, after = decode_cursor(query.cursor, str, str, scope=scope).after
        calendar = found(lambda: queries.found(str(name)))
        first = _day_after(str(after), first, last)
    else:
        calendar = found(lambda: queries.found(code))
    if query.limit is None or last - first < query.limit:
        return queries.days_shown(calendar, first, last, language)
    until = first + query.limit - 1
    cursor = encode_cursor(Cursor((calendar.name, date.fromordinal(until).isoformat())), scope=scope)
    response.headers["Link"] = next_link(request, cursor)
    shown = queries.days_shown(calendar, first, until, language)
    return DaysShown(calendar=shown.calendar, items=shown.items, next_cursor=cursor)


def _day_after(text: str, first: int, last: int) -> int:
    try:
        after = date.fromisoformat(text).toordinal()
    except ValueError:
        after = 0
    if not first <= after < last:
        raise invalid("query", "/cursor", "cursor_malformed", "is not a cursor of this list")
    return after + 1


def found(read: Callable[[], Answer]) -> Answer:
    """What `read` finds, or 404 where there is no such calendar or edition."""
    try:
        return read()
    except CalendarNotFound as missing:
        raise Problem(404, missing.code, "there is no such calendar or edition") from None
