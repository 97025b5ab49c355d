"""A small application of the kit's mechanisms alone, so that its tests depend on no feature."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import Field
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.refusal import Refusal
from app.kit import problems
from app.kit.db import Busy, Unavailable
from app.kit.middleware import Wrapper
from app.kit.once import Answer, once
from app.kit.paging import PageQuery
from app.kit.problems import Problem
from app.kit.reading import check, header, read_json, read_query
from app.kit.schemas import Code, DateIn, InstantIn, LimitIn, Line, LongText, Wire, not_supported
from app.kit.sealing import SecretCheck
from app.kit.service import Service


class Inner(Wire):
    """Something inside something."""

    count: Annotated[int, Field(ge=0, le=100)]


class Sample(Wire):
    """A body with a field of each kind."""

    name: Line | None = None
    note: LongText | None = None
    code: Code | None = None
    at: InstantIn | None = None
    day: DateIn | None = None
    limit: LimitIn | None = None
    inner: list[Inner] = []
    kind: Annotated[str | None, not_supported("inspect")] = None
    number: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    share: float | None = None


class Filter(PageQuery):
    """A list's filters."""

    word: Line | None = None


class Acts:
    """What the acts of the small application did, and how long they take."""

    def __init__(self) -> None:
        self.done = 0
        self.pause = 0.0
        self.fail: Exception | None = None
        self.status = 201


@pytest.fixture
def acts() -> Acts:
    """Steers and counts the acts of `small`."""
    return Acts()


@pytest.fixture
async def small(service: Service, acts: Acts) -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks HTTP to the small application."""
    app = FastAPI(redirect_slashes=False)
    app.state.service = service
    problems.install(app)
    app.add_middleware(Wrapper)
    _add_routes(app, acts)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


def _add_routes(app: FastAPI, acts: Acts) -> None:
    @app.post("/things/{place}")  # noqa: FAST003  read from the request by `once`
    async def make(request: Request) -> Response:
        body = await read_json(request)

        async def act(tx: AsyncConnection, now: datetime) -> Answer:
            acts.done += 1
            turn = acts.done
            await tx.execute(insert(SecretCheck).values(purpose=f"thing {turn}", digest=b""))
            await asyncio.sleep(acts.pause)
            if acts.fail is not None:
                raise acts.fail
            return Answer(acts.status, b'{"turn":%d,"name":"\xe5\xbc\xa0"}' % turn, [("Location", f"/things/{turn}")])

        return await once(request, credential=header(request, "X-API-Key") or "anybody", act=act, body=body.raw)

    @app.get("/things/{place}")  # noqa: FAST003  the request alone, as hot routes do
    async def show(request: Request) -> Response:
        return Response(b"{}", headers={"ETag": '"1"'}, media_type="application/json")

    @app.post("/checked")
    async def checked(request: Request) -> Response:
        sample = check(Sample, await read_json(request))
        return Response(sample.model_dump_json(exclude_defaults=True), media_type="application/json")

    @app.get("/listed")
    async def listed(request: Request) -> Response:
        return Response(read_query(request, Filter).model_dump_json(), media_type="application/json")

    @app.get("/framework/{number}")
    async def framework(number: int, word: Annotated[str, Field(max_length=5)] = "") -> None:
        return None

    @app.post("/framework")
    async def framework_body(sample: Sample) -> None:
        return None

    raised = {
        "refusal": Refusal("step_not_allowed", "no", article="行政许可法 第四十二条", allowed=["decide"]),
        "pointed": Refusal("stage_unknown", "no such stage", pointer="/stage"),
        "problem": Problem(412, "version_stale", "stale", headers={"ETag": '"3"'}),
        "busy": Busy("all taken", retry_after=7),
        "gone": Unavailable("gone"),
        "bug": ZeroDivisionError("secret detail"),
    }

    @app.get("/raise/{kind}")
    async def fail(kind: str) -> None:
        raise raised[kind]
