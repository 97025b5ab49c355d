"""Statistics over HTTP: the figures of a period, the ranking of departments, the days of one application."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.access.actor import identify
from app.access.policy import needs, public
from app.access.roles import Action
from app.applications.record import not_found
from app.applications.schemas import NumberPath, ReadQuery
from app.kit.answers import answered, headers_of, language_of
from app.kit.openapi import entry
from app.kit.reading import number_of, read_query
from app.kit.service import service_of
from app.kit.throttle import client_address
from app.statistics.answers import known_from, period_of, ranking, statistics
from app.statistics.days import days_of
from app.statistics.monthly import month_of, monthly
from app.statistics.printed import POLICY, printed
from app.statistics.public import KEPT_SECONDS, last_over, published
from app.statistics.queries import Reading
from app.statistics.schemas import (
    DaysOut,
    MonthlyOut,
    MonthlyQuery,
    PublicQuery,
    PublicStatisticsOut,
    RankingOut,
    RankingQuery,
    StatisticsOut,
    StatisticsQuery,
)
from app.statistics.tables import tables_of
from app.statistics.tallies import By
from app.statistics.workbook import MEDIA_TYPE, workbook

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["statistics"])

DAYS = "/applications/{tracking_number}/days"
FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            "text/html": {"schema": {"type": "string"}},
        }
    }
}


@router.get(
    "/statistics",
    summary="The figures of a period",
    response_model=StatisticsOut,
    openapi_extra=entry(query=StatisticsQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_statistics(request: Request) -> Response:
    """Received, accepted, closed, on time, late, days used and whose they were: each figure with its definition.

    For one pair of `as_of` and `known_at` a figure is always the same number; the answer states both.
    """
    actor = await identify(request)
    query = read_query(request, StatisticsQuery)
    service, language = service_of(request), language_of(request)
    document = await statistics(service, actor, period_of(service, query), By(query.by), language)
    return answered(document, headers_of(language))


@router.get(
    "/statistics/ranking",
    summary="The departments, the best first",
    response_model=RankingOut,
    openapi_extra=entry(query=RankingQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_ranking(request: Request) -> Response:
    """The departments by how many of their clocks of a kind they kept; what stands open and overdue counts against."""
    actor = await identify(request)
    query = read_query(request, RankingQuery)
    service, language = service_of(request), language_of(request)
    document = await ranking(service, actor, period_of(service, query), query.clock, language)
    return answered(document, headers_of(language))


@router.get(
    "/reports/monthly",
    summary="The report of a month",
    response_model=MonthlyOut,
    responses=FORMS,
    openapi_extra=entry(query=MonthlyQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_month(request: Request) -> Response:
    """The figures of a month by department and by item and the rankings: as JSON, as a workbook, or to be printed.

    They are those of `/statistics` and `/statistics/ranking`, as of the last instant of the month.
    """
    actor = await identify(request)
    query = read_query(request, MonthlyQuery)
    service, language = service_of(request), language_of(request)
    report = await monthly(service, actor, month_of(service, query.month, query.known_at), language)
    if query.format == "json":
        return answered(report, headers_of(language))
    if query.format == "html":
        headers = headers_of(language, **{"Content-Security-Policy": POLICY})
        return Response(printed(report, language), headers=headers, media_type="text/html; charset=utf-8")
    name = f'attachment; filename="shixian-{query.month}.xlsx"'
    headers = headers_of(language, **{"Content-Disposition": name})
    return Response(workbook(tables_of(report, language)), headers=headers, media_type=MEDIA_TYPE)


@router.get(
    "/public/statistics",
    summary="The figures of a month, for anybody",
    response_model=PublicStatisticsOut,
    openapi_extra=entry(query=PublicQuery),
    tags=["public"],
)
@public
async def read_public(request: Request) -> Response:
    """Received, closed, on time and late by department and item in a month that is over, small numbers hidden.

    Counts of one to four are shown as `<5`, and as many others are not shown as it takes that none can be reckoned
    back. Late entries may still change a month; the answer is kept for five minutes.
    """
    query = read_query(request, PublicQuery)
    service, language = service_of(request), language_of(request)
    service.throttle.admit(client_address(request))
    document = await published(service, query.month or last_over(service), language)
    headers = headers_of(language, **{"Cache-Control": f"public, max-age={int(KEPT_SECONDS)}"})
    return answered(document, headers)


@router.get(
    DAYS,
    summary="Whose each day of an application is",
    response_model=DaysOut,
    openapi_extra=entry(path=NumberPath, query=ReadQuery),
)
@needs(Action.READ_APPLICATIONS)
async def read_days(request: Request) -> Response:
    """Each calendar day from the day after the receipt to the result, or to `as_of`, with its one owner.

    Officer, section or department of the office, the applicant while a correction is waited for, a lawful pause, or a
    rest day; together they are the days elapsed.
    """
    actor = await identify(request)
    number = number_of(request)
    query = read_query(request, ReadQuery)
    service, language = service_of(request), language_of(request)
    now = service.now.now()
    known_at = known_from(query.known_at, now)
    reading = Reading(query.as_of or now, known_at if known_at < now else None)
    async with service.db.snapshot() as tx:
        document = await days_of(tx, actor, number, reading, now, language)
    if document is None:
        raise not_found()
    return answered(document, headers_of(language))
