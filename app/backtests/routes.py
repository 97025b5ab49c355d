"""Backtests over HTTP: small ones are answered at once, large ones are worked on and asked for again."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic_core import to_json
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.backtests import queries
from app.backtests.backtest import AT_ONCE, Asked, backtest, failure, prepare
from app.backtests.schemas import BacktestIn, BacktestOut
from app.kit.faults import Busy
from app.kit.once import Answer, idempotency_key, once
from app.kit.openapi import entry
from app.kit.problems import Problem
from app.kit.reading import check, read_json, refuse_query
from app.kit.schemas import Code
from app.kit.service import Service, service_of
from app.kit.texts import Language, label, negotiate

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/backtests", tags=["items"])
log = structlog.get_logger("shixian.backtests")

KEPT_FOR: Final = timedelta(days=1)
SILENT: Final = timedelta(minutes=5)
"""A backtest that has not gone on for so long was left behind by a process that died."""

NO_STORE: Final = {"Cache-Control": "no-store"}


@router.post(
    "",
    summary="What would have become of a limit",
    response_model=BacktestOut,
    responses={202: {"description": "Too many for an answer at once: ask at `Location`.", "model": BacktestOut}},
    openapi_extra=entry(body=BacktestIn, idempotent=True),
)
@needs(Action.BACKTEST)
async def ask(request: Request) -> Response:
    """The applications decided or ended in a period, reckoned again by the one engine under another limit.

    How many would have been late, in which section, and which limit would have been kept by so many in a hundred;
    beside it, what it was. Up to 2,000 applications are answered at once; more are worked on: 202, and the answer under
    `/api/v1/backtests/{id}` for a day, for whoever asked. Nothing of an application is changed.
    """
    actor = await identify(request)
    idempotency_key(request)  # refused where it is malformed, though an answer at once keeps nothing under it
    body = await read_json(request)
    asked_for = check(BacktestIn, body)
    service, language = service_of(request), negotiate(request.headers.get("accept-language"))
    async with service.db.read() as tx:
        asked = await prepare(tx, service, actor, asked_for)
    if asked.total <= AT_ONCE:
        result = await backtest(service, asked, language)
        return Response(
            to_json(document(None, "done", asked.total, asked.total, result, None, language)),
            media_type="application/json",
            headers=NO_STORE,
        )
    service.errands.require_room()
    begun: list[str] = []

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        begun[:] = [secrets.token_urlsafe(12)]
        await queries.forget_before(tx, now - KEPT_FOR)
        await queries.keep(tx, begun[0], actor.credential, asked.total, now)
        waiting = to_json(document(begun[0], "waiting", 0, asked.total, None, None, language))
        return Answer(202, waiting, [("Location", f"/api/v1/backtests/{begun[0]}")])

    answer = await once(request, credential=actor.credential, act=act, body=body.raw)
    if begun:
        service.errands.begin(work_on(service, begun[0], asked, language))
    return answer


@router.get("/{id}", summary="How far a backtest is", response_model=BacktestOut)
@needs(Action.BACKTEST)
async def show(
    request: Request,
    id: Annotated[Code, Path(description="As the answer to the POST names it.")],  # noqa: A002
) -> Response:
    """Its state, how many of how many are done, and the result; only for the credential that asked, for a day."""
    actor = await identify(request)
    refuse_query(request)
    service, language = service_of(request), negotiate(request.headers.get("accept-language"))
    async with service.db.read() as tx:
        kept = await queries.find(tx, id, actor.credential)
    if kept is None:
        raise Problem(404, "backtest_not_found", "There is no backtest of yours with this id.")
    state, problem = kept.state, kept.problem
    if state in ("waiting", "running") and service.now.now() - kept.beat_at > SILENT:
        state = "failed"
        problem = Problem(503, "interrupted", "The process that worked on it ended; ask anew.").members(language)
    content = to_json(document(id, state, kept.done, kept.total, kept.result, problem, language))
    return Response(content, media_type="application/json", headers=NO_STORE)


def document(
    id_: str | None,
    state: str,
    done: int,
    total: int,
    result: dict[str, Any] | None,
    problem: dict[str, Any] | None,
    language: Language,
) -> dict[str, Any]:
    """A backtest as the interface shows it."""
    return {
        "id": id_,
        "state": state,
        "state_label": label("work", state, language),
        "done": done,
        "total": total,
        "result": result,
        "problem": problem,
    }


async def work_on(service: Service, id_: str, asked: Asked, language: Language) -> None:
    """Reckon a kept backtest, saying how far it is, and keep what came of it."""

    async def told(done: int) -> None:
        async with service.db.transaction() as tx:
            await queries.move_on(tx, id_, service.now.now(), state="running", done=done)

    try:
        result = await backtest(service, asked, language, told=told)
        changes: dict[str, Any] = {"state": "done", "result": result}
    except (Busy, Problem, OSError, SQLAlchemyError) as error:
        log.warning("backtest_failed", error=type(error).__name__, detail=str(error))
        changes = {"state": "failed", "problem": failure(error, language)}
    except Exception as error:  # whoever asked would wait for ever for an errand that died unheard
        log.error("backtest_failed", error=type(error).__name__, exc_info=error)
        changes = {"state": "failed", "problem": failure(error, language)}
    async with service.db.transaction() as tx:
        await queries.move_on(tx, id_, service.now.now(), **changes)
