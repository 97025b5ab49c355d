"""What-if over HTTP."""

from fastapi import APIRouter, Request, Response

from app.access.actor import identify, require
from app.access.policy import public
from app.access.roles import Action
from app.calendars import catalogue
from app.kit.openapi import entry
from app.kit.problems import Problem, invalid
from app.kit.reading import query_values, read_json
from app.kit.service import service_of
from app.kit.texts import negotiate
from app.kit.throttle import client_address
from app.simulations.queries import named_items
from app.simulations.schemas import SimulationsIn, SimulationsOut, SimulationsQuery
from app.simulations.simulate import is_small, judge, judge_apart

router = APIRouter(prefix="/api/v1/simulations", tags=["simulations"])


@router.post(
    "",
    summary="What if: limits reckoned without storing anything",
    response_model=SimulationsOut,
    openapi_extra=entry(body=SimulationsIn, query=SimulationsQuery),
)
@public
async def simulate(request: Request) -> Response:
    """Up to 1,000 cases, whole applications or bare date arithmetic, by the same engine as live applications.

    Needs no credential; without one the limit of public requests holds. A case that cannot be computed answers with
    its problem and does not fail the others; the results stand in the order asked.
    """
    service = service_of(request)
    if "x-api-key" in request.headers:
        require(await identify(request), Action.SIMULATE)
    else:
        service.throttle.admit(client_address(request))
    body = await read_json(request, query=("explain",))
    explain = query_values(request.scope["query_string"]).get("explain", "false")
    if explain not in ("true", "false"):
        raise invalid("query", "/explain", "input_invalid", "must be true or false")
    wanted = negotiate(request.headers.get("accept-language")), explain == "true"
    small = is_small(body.raw) and explain == "false"
    known = catalogue.known()
    added = known if known.serial else None
    run = service.workers.run
    judged = judge(body.raw, None, *wanted) if small else await run(judge_apart, added, body.raw, None, *wanted)
    if judged.needs:
        async with service.db.read() as tx:
            items = await named_items(tx, judged.needs)
        judged = judge(body.raw, items, *wanted) if small else await run(judge_apart, added, body.raw, items, *wanted)
    if judged.problem is not None:
        status, code, detail, errors = judged.problem
        raise Problem(status, code, detail, errors=errors)
    return Response(judged.answer, media_type="application/json", headers={"Cache-Control": "no-store"})
