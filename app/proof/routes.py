"""The proof pack over HTTP, checkpoints, and how the head of one application is covered by them."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from app.access.actor import identify
from app.access.policy import needs, public
from app.access.roles import Action
from app.applications import queries
from app.applications.record import not_found
from app.applications.schemas import NumberPath
from app.kit.answers import language_of
from app.kit.lean import LeanRoute
from app.kit.openapi import entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link
from app.kit.problems import Problem, invalid
from app.kit.reading import number_of, read_query, refuse_query
from app.kit.service import service_of
from app.proof import queries as proofs
from app.proof.export import line_of
from app.proof.pack import inclusion_of, pack_of, signed_pack
from app.proof.queries import Stored, stated
from app.proof.schemas import CheckpointOut, CheckpointPage, CheckpointPath, InclusionOut, PackOut
from app.proof.signing import signer_of

__all__ = ["router"]

VERIFIER = (Path(__file__).parent / "offline" / "verify_pack.py").read_bytes()

router = APIRouter(prefix="/api/v1", tags=["applications"], route_class=LeanRoute)

PACK = "/applications/{tracking_number}/proof"
INCLUSION = "/applications/{tracking_number}/inclusion"
CHECKPOINT = "/checkpoints/{checkpoint}"
LATEST: Final = "latest"
LONGEST: Final = 9
PRIVATE: Final = {"Cache-Control": "private, no-cache"}
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


@router.get(
    "/checkpoints",
    tags=["proof"],
    summary="The signed checkpoints",
    response_model=CheckpointPage,
    openapi_extra=entry(query=PageQuery),
)
@needs(Action.READ_CHECKPOINTS)
async def list_checkpoints(request: Request) -> Response:
    """Where all chains stood, the newest first, each to the byte with its signature, as it was sent away."""
    await identify(request)
    query = read_query(request, PageQuery)
    before: int | None = None
    if query.cursor is not None:
        found = decode_cursor(query.cursor, int).after[0]
        before = found if isinstance(found, int) else None
    async with service_of(request).db.read() as tx:
        records = await proofs.page(tx, before, query.limit + 1)
    shown = records[: query.limit]
    cursor = encode_cursor(Cursor((shown[-1].n,))) if len(records) > query.limit else None
    headers = PRIVATE if cursor is None else {**PRIVATE, "Link": next_link(request, cursor)}
    document = {"items": [checkpoint_json(one) for one in shown], "next_cursor": cursor}
    return Response(to_json(document), headers=headers, media_type="application/json")


@router.get(
    CHECKPOINT,
    tags=["proof"],
    summary="One checkpoint",
    response_model=CheckpointOut,
    openapi_extra=entry(path=CheckpointPath),
)
@needs(Action.READ_CHECKPOINTS)
async def read_checkpoint(request: Request) -> Response:
    """One checkpoint, or the latest: hash, signature and public key prove it without this service (docs/proof.md)."""
    await identify(request)
    refuse_query(request)
    checkpoint = str(request.path_params["checkpoint"])
    is_number = checkpoint.isascii() and checkpoint.isdigit() and len(checkpoint) <= LONGEST
    if checkpoint != LATEST and not is_number:
        raise invalid("path", "/checkpoint", "input_invalid", "must be a number, or latest")
    async with service_of(request).db.read() as tx:
        record = await (proofs.last(tx) if checkpoint == LATEST else proofs.one(tx, int(checkpoint)))
    if record is None:
        raise Problem(404, "not_found", "there is no such checkpoint")
    return Response(to_json(checkpoint_json(record)), headers=PRIVATE, media_type="application/json")


@router.get(
    INCLUSION,
    summary="What proves where an application's history stands",
    response_model=InclusionOut,
    openapi_extra=entry(path=NumberPath),
)
@needs(Action.READ_APPLICATIONS)
async def read_inclusion(request: Request) -> Response:
    """What a receipt carries (place and first digits of the last event, and which checkpoint covers what), and the way
    from the covered head to the root that was signed."""
    actor = await identify(request)
    refuse_query(request)
    number = number_of(request)
    async with service_of(request).db.snapshot() as tx:
        if not await queries.is_seen(tx, actor, number):
            raise not_found()
        witness = await proofs.witness_of(tx, number)
        document = {"tracking_number": number, "witness": witness, "proof": await inclusion_of(tx, number)}
    headers = {"Cache-Control": "private, no-store"}
    return Response(to_json(document), headers=headers, media_type="application/json")


def checkpoint_json(record: Stored) -> dict[str, Any]:
    """A checkpoint as it was sent away, and what its record says as JSON."""
    return {**line_of(record), "kind": record.kind, "said": stated(record.body)}
