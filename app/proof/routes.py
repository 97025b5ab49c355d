"""The proof pack over HTTP."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.access.actor import identify
from app.access.policy import needs, public
from app.access.roles import Action
from app.applications import queries
from app.applications.record import not_found
from app.applications.schemas import NumberPath
from app.kit.answers import language_of
from app.kit.lean import LeanRoute
from app.kit.openapi import entry
from app.kit.reading import number_of, refuse_query
from app.kit.service import service_of
from app.proof.pack import pack_of, signed_pack
from app.proof.schemas import PackOut
from app.proof.signing import signer_of

__all__ = ["router"]

VERIFIER = (Path(__file__).parent / "offline" / "verify_pack.py").read_bytes()

router = APIRouter(prefix="/api/v1", tags=["applications"], route_class=LeanRoute)

PACK = "/applications/{tracking_number}/proof"
PROGRAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The program", "content": {"text/x-python": {"schema": {"type": "string"}}}}
}


@router.get(
    PACK,
    summary="The proof pack of an application",
    response_model=PackOut,
    openapi_extra=entry(path=NumberPath),
)
@needs(Action.READ_APPLICATIONS)
async def read_pack(request: Request) -> Response:
    """Timeline, calculation, the events to the byte with their hashes, the way to the signed checkpoint; signed as one.

    `verify_pack.py` checks the answer without this service. It holds what the steps show; identity and telephone
    numbers are masked in it as everywhere, and what commits to them is not opened.
    """
    actor = await identify(request)
    refuse_query(request)
    number = number_of(request)
    service, language = service_of(request), language_of(request)
    async with service.db.snapshot() as tx:
        if not await queries.is_seen(tx, actor, number):
            raise not_found()
        pack = await pack_of(tx, number, sealer=service.sealer, now=service.now.now(), language=language)
    body = signed_pack(pack, signer_of(service.settings, service.sealer))
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{number}.proof.json"',
    }
    return Response(body, headers=headers, media_type="application/json")


@router.get(
    "/verify_pack.py", response_class=Response, responses=PROGRAM, summary="The program that checks a proof pack"
)
@public
async def read_verifier(request: Request) -> Response:
    """One file: Python's standard library and `cryptography`. It shares no code with this service."""
    refuse_query(request)
    headers = {"Content-Disposition": 'attachment; filename="verify_pack.py"', "Cache-Control": "no-cache"}
    return Response(VERIFIER, headers=headers, media_type="text/x-python; charset=utf-8")
