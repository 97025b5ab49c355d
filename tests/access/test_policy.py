import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Host

from app.access.policy import PUBLIC, UndeclaredRoute, check_routes, needs, policies, public
from app.access.roles import Action


async def endpoint() -> None: ...


@needs(Action.READ_ALARMS)
async def alarms() -> None: ...


@public
async def look_up() -> None: ...


def an_app(router: APIRouter) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    return app


def test_a_route_that_declares_nothing_stops_the_start() -> None:
    router = APIRouter(prefix="/api/v1")
    router.add_api_route("/alarms", endpoint, methods=["GET"])
    with pytest.raises(UndeclaredRoute, match="GET /api/v1/alarms"):
        check_routes(an_app(router))


def test_declared_routes_are_listed_with_their_policy() -> None:
    router = APIRouter(prefix="/api/v1")
    router.add_api_route("/alarms", alarms, methods=["GET"])
    router.add_api_route("/public/{number}", look_up, methods=["GET"])
    assert policies(an_app(router)) == {
        ("GET", "/api/v1/alarms"): Action.READ_ALARMS,
        ("GET", "/api/v1/public/{number}"): PUBLIC,
    }


def test_routers_inside_routers_are_reached() -> None:
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/undeclared", endpoint, methods=["POST"])
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    with pytest.raises(UndeclaredRoute, match=r"POST .*/inner/undeclared"):
        check_routes(an_app(outer))


def test_a_dependency_may_declare_the_policy() -> None:
    @needs(Action.SIMULATE)
    async def actor() -> None: ...

    router = APIRouter()
    router.add_api_route("/simulations", endpoint, methods=["POST"], dependencies=[Depends(actor)])
    assert policies(an_app(router)) == {("POST", "/simulations"): Action.SIMULATE}


def test_pages_that_a_library_brings_are_named() -> None:
    app = FastAPI(docs_url="/docs", redoc_url=None)
    paths = {"/docs", "/docs/oauth2-redirect", "/openapi.json"}
    check_routes(app, exempt=paths)
    with pytest.raises(UndeclaredRoute):
        check_routes(app)


def test_a_kind_of_route_that_is_not_known_is_never_passed_over() -> None:
    app = FastAPI(openapi_url=None)
    app.router.routes.append(Host("example.org", app=FastAPI()))
    with pytest.raises(UndeclaredRoute, match="Host"):
        check_routes(app)
