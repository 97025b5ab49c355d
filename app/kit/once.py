"""One unit of work: begin, claim the key, act, keep the answer, commit, answer; the whole again when two clashed."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from weakref import WeakValueDictionary

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.faults import Busy, Clash
from app.kit.idempotency import Answer, Place, Reused, claim, keep
from app.kit.problems import Fault, Problem
from app.kit.reading import header
from app.kit.service import Service, service_of

__all__ = ["Act", "Answer", "idempotency_key", "once"]

Act = Callable[[AsyncConnection, datetime], Awaitable[Answer]]
MAX_RUNS: Final = 4
WAIT_FOR_FIRST: Final = 5.0

_under_way: WeakValueDictionary[tuple[int, bytes], asyncio.Lock] = WeakValueDictionary()


def idempotency_key(request: Request) -> str | None:
    """The client's `Idempotency-Key`: 1 to 255 printable characters."""
    key = header(request, "Idempotency-Key")
    if key is not None and not (key and key.isprintable()):
        detail = "must be 1 to 255 printable characters"
        raise Problem(400, "header_malformed", detail, errors=[Fault("header", "/Idempotency-Key", detail)])
    return key


def fingerprint_of(request: Request, body: bytes) -> bytes:
    """What was asked, as a hash: the body, the query, and the version that the client acted on."""
    digest = hashlib.sha256()
    match = request.headers.get("if-match", "").encode("latin-1")
    for part in (body, request.scope["query_string"], match):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def once(request: Request, *, credential: str, act: Act, body: bytes | None) -> Response:
    """Runs `act` in one transaction and answers with its bytes; the same key again answers the same without acting.

    The key is the request's, `body` as it came (None for what takes no key, as a DELETE). 422 `idempotency_key_reused`
    where the key stands for another request.
    Only an answer that recorded something (2xx) is kept. A refusal or a fault rolls back and leaves the key free.
    The request holds one connection at most; those with the same key wait for the first before they take one.
    """
    service = service_of(request)
    key = None if body is None else idempotency_key(request)
    if body is None or key is None:
        return _response(await _run(service, act), replayed=False)
    fingerprint = fingerprint_of(request, body)
    method, path = request.scope["method"], request.scope["path"]
    place = Place.of(credential=credential, method=method, path=path, key=key, fingerprint=fingerprint)
    mine = (id(service), place.hash)
    lock = _under_way.get(mine)
    if lock is None:
        lock = _under_way[mine] = asyncio.Lock()
    if lock.locked():
        try:
            async with asyncio.timeout(WAIT_FOR_FIRST):
                await lock.acquire()
        except TimeoutError:
            raise _in_use() from None
    else:
        await lock.acquire()  # at once: a timeout would cost more than the lock
    replayed = False

    claiming = False

    async def act_once(tx: AsyncConnection, now: datetime) -> Answer:
        nonlocal replayed, claiming
        claiming = True
        kept = await claim(tx, place, service.sealer, now)
        claiming = False
        if kept is not None:
            replayed = True
            return kept
        answer = await act(tx, now)
        if 200 <= answer.status < 300:
            await keep(tx, place, service.sealer, answer)
            return answer
        raise _NotKept(answer)

    try:
        return _response(await _run(service, act_once), replayed=replayed)
    except Busy as error:
        if claiming and type(error) is Busy:
            raise _in_use() from None  # another process runs the first request with this key
        raise
    except Reused:
        detail = "this Idempotency-Key was used for another request"
        raise Problem(
            422, "idempotency_key_reused", detail, errors=[Fault("header", "/Idempotency-Key", detail)]
        ) from None
    except _NotKept as refusal:
        return _response(refusal.answer, replayed=False)
    finally:
        lock.release()


class _NotKept(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


async def _run(service: Service, act: Act) -> Answer:
    for run in range(MAX_RUNS):
        try:
            async with service.db.transaction() as tx:
                return await act(tx, service.now.now())
        except Clash:
            if run == MAX_RUNS - 1:
                raise
            await asyncio.sleep(0.01 * 2**run)
    raise AssertionError("unreachable: the last run returns or raises")


def _in_use() -> Problem:
    return Problem(
        409, "idempotency_key_in_use", "the first request with this key is still running", headers={"Retry-After": "1"}
    )


def _response(answer: Answer, *, replayed: bool) -> Response:
    response = Response(answer.body, answer.status, media_type="application/json")
    for name, value in answer.headers:
        response.headers[name] = value
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
