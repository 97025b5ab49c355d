"""The application: settings, service, the one wrapper, routers, lifespan."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from app import scheduler
from app.access import routes as access
from app.access.policy import check_routes
from app.alarms import routes as alarms
from app.applications import routes as applications
from app.applications.queries import newest_record
from app.assessment import inspection_routes as inspections
from app.assessment import routes as assessment
from app.assessment import target_routes as targets
from app.backtests import routes as backtests
from app.calendar_changes import item_routes as published_items
from app.calendar_changes import routes as calendar_changes
from app.calendar_changes.arrivals import bring_in
from app.calendar_changes.carry import carrying
from app.calendars import routes as calendars
from app.calendars.watch import watching
from app.departments import routes as departments
from app.feeds import routes as feeds
from app.findings import routes as findings
from app.items import routes as items
from app.kit import openapi, problems
from app.kit.lean import ShortWay
from app.kit.logs import configure_logs
from app.kit.middleware import Wrapper
from app.kit.service import Service, open_service
from app.kit.settings import Settings, load_settings
from app.lookup import routes as lookup
from app.operations import routes as operations
from app.outbox import routes as outbox
from app.overdue import routes as overdue
from app.pages import assets, docs, home, sign_in, supervision, track
from app.proof import routes as proof
from app.simulations import routes as simulations
from app.statistics import routes as statistics
from app.supervision import routes as orders

__all__ = ["ROUTERS", "application", "application_alone", "create_app", "with_logs"]

# The first is found first, and each one passed by costs a request two microseconds: what the public asks, what
# dashboards poll and what halls record stand before all else.
ROUTERS: list[APIRouter] = [
    lookup.router,
    overdue.router,
    applications.router,
    access.router,
    departments.router,
    calendars.router,
    calendar_changes.router,
    items.router,
    published_items.router,
    alarms.router,
    statistics.router,
    orders.router,
    assessment.router,
    targets.router,
    inspections.router,
    findings.router,
    simulations.router,
    backtests.router,
    outbox.router,
    proof.router,
    feeds.router,
    operations.router,
    assets.router,
    home.router,
    sign_in.router,
    supervision.router,
    track.router,
]

DESCRIPTION = "时限: holds the elapsed time of administrative approvals against their statutory limits."

Beside = Callable[[Service], AbstractAsyncContextManager[object]]
"""What runs beside the requests from start to end: the scheduler."""


class Application(FastAPI):
    """FastAPI with the layers that this service needs: the wrapper, the short way to the lean routes, the long one.

    Left out: the layer that answers what nobody caught, for the wrapper does, and those of telemetry and of a limit of
    bodies, which are not used. Every request pays for each of them.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """What a request passes, from outside."""
        if self.user_middleware:
            raise RuntimeError("the wrapper is the only layer around all routes: what more is needed belongs into it")
        handlers = self.exception_handlers
        long_way = ExceptionMiddleware(AsyncExitStackMiddleware(self.router), handlers=handlers)
        return Wrapper(ShortWay(self.router.routes, long_way, handlers))


def create_app(given: Settings | Service, *, beside: Beside | None = None) -> FastAPI:
    """The application on a service that its caller opened and closes, or on settings: then it opens and closes its own.

    Raises `UndeclaredRoute` when a route does not say who may use it.
    """
    app = Application(
        title="shixian",
        description=DESCRIPTION,
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else asked of the environment at each request
        lifespan=lifespan_of(given, beside),
    )
    if isinstance(given, Service):
        app.state.service = given
    problems.install(app)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # `include_router` nests them, and every request pays for the walk
    docs.mount_docs(app)
    check_routes(app, exempt=docs.EXEMPT)
    describe(app)
    return app


def lifespan_of(
    given: Settings | Service, beside: Beside | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Opens what must be open while requests are answered."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        own = isinstance(given, Settings)
        service = await open_service(given, last_record=newest_record) if isinstance(given, Settings) else given
        app.state.service = service
        try:
            async with watching(service.settings, service.db), carrying(service):
                await bring_in(service)
                if beside is None:
                    yield
                else:
                    async with beside(service):
                        yield
        finally:
            if own:
                await service.close()

    return lifespan


def describe(app: FastAPI) -> None:
    """Let the OpenAPI document hold the models of routes that read their request themselves; made once, then kept."""
    plain = app.openapi

    def complete() -> dict[str, Any]:  # a JSON document
        if app.openapi_schema is None:
            app.openapi_schema = openapi.complete(plain())
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's own way of extending it


def application() -> FastAPI:
    """What a process of `shixian serve` runs: the application of the environment's settings, a ticker beside it."""
    return create_app(with_logs(load_settings()), beside=scheduler.ticking)


def application_alone() -> FastAPI:
    """The same without a ticker."""
    return create_app(with_logs(load_settings()))


def with_logs(settings: Settings) -> Settings:
    """Let the logs follow the settings, and give them back."""
    configure_logs(form=settings.log_format, level=settings.log_level)
    return settings
