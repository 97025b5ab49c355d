"""What machines ask: is the process alive, may it be asked, how is it doing."""

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.access.policy import public
from app.alarms.sweep import beside
from app.kit.lean import LeanRoute
from app.kit.metrics import CONTENT_TYPE
from app.kit.problems import Problem
from app.kit.reading import refuse_query
from app.kit.service import Service
from app.operations.readiness import examine
from app.operations.schemas import Alive, CheckOut, Ready

__all__ = ["router"]

router = APIRouter(tags=["operations"], route_class=LeanRoute)

NOT_ALIVE: dict[int | str, dict[str, Any]] = {
    503: {"description": "The sweep of this process hangs: it should be started again."}
}
NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"description": "This process should not be asked; the problem names the cause."}
}


@router.get("/healthz", response_model=Alive, responses=NOT_ALIVE, summary="Is the process alive")
@public
async def healthz(request: Request) -> Response:
    """Alive, unless the sweep of this process hangs; asks nothing of the database."""
    refuse_query(request)
    service: Service = request.app.state.service
    sweeper = beside(service.db)
    if sweeper is not None and sweeper.is_stuck:
        raise Problem(503, "sweep_stuck", f"no sign of life from the sweep for {sweeper.rested:.0f} s")
    return Response(Alive(status="alive").model_dump_json(), media_type="application/json")


@router.get("/readyz", response_model=Ready, responses=NOT_READY, summary="May the process be asked")
@public
async def readyz(request: Request) -> Response:
    """Ready when the database answers, stands at the schema of this code, and a sweep ended lately."""
    refuse_query(request)
    service: Service = request.app.state.service
    found = await examine(service)
    checks = [CheckOut(name=check.name, state=check.state, detail=check.detail) for check in found.checks]
    if found.failed:
        detail = "; ".join(check.detail for check in found.failed)
        raise Problem(503, "not_ready", detail, extra={"checks": [check.model_dump() for check in checks]})
    swept = None if found.swept_at is None else found.swept_at.astimezone(ZoneInfo(service.settings.time_zone))
    ready = Ready(status="degraded" if found.is_degraded else "ready", checks=checks, swept_at=swept)
    return Response(ready.model_dump_json(), media_type="application/json")


@router.get("/metrics", response_class=PlainTextResponse, summary="Figures for Prometheus")
@public
async def metrics(request: Request) -> Response:
    """The figures of this process in Prometheus' text format."""
    refuse_query(request)
    service: Service = request.app.state.service
    return Response(service.metrics.text(), media_type=CONTENT_TYPE)
