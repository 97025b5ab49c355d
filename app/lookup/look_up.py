"""The act behind the public look-up and its page: a number, perhaps a query code, to what anybody may know."""

import math
from hmac import compare_digest
from typing import Any

from pydantic_core import from_json

from app.applications.queries import query_code_hash, view_name
from app.departments.queries import names_of
from app.domain.tracking_number import fold_query_code
from app.kit.problems import Problem
from app.kit.service import Service
from app.kit.texts import Language
from app.lookup import queries
from app.lookup.answers import Answer, Asked, answer_of

__all__ = ["look_up"]

NO_DIGEST = bytes(32)
"""What a query code is held against where there is no application, so that it takes as long as where there is one."""


async def look_up(service: Service, number: str, *, language: Language, query_code: str | None = None) -> Answer | None:
    """What is known of an application; None when there is none or the query code is wrong, and nothing tells which.

    With a query code it takes the same statements either way. 429 `query_code_locked` after five wrong ones.
    """
    if query_code is not None and not await code_fits(service, number, query_code):
        return None
    sealed = await queries.sealed_view(service.replica, number)
    if sealed is None:
        return None
    view: dict[str, Any] = from_json(service.sealer.open(sealed, view_name(number)))
    asked = Asked(
        number=number,
        at=service.now.now(),
        language=language,
        with_code=query_code is not None,
        names=await names_of(service.db),
        telephone=service.settings.supervision_telephone,
    )
    return answer_of(view, asked)


async def code_fits(service: Service, number: str, query_code: str) -> bool:
    """Whether the query code is that of the number; a wrong one is counted before the answer."""
    now = service.now.now()
    folded = fold_query_code(query_code)
    digest = query_code_hash(service.sealer, number, folded or "")
    async with service.db.read() as tx:
        guarded = await queries.guarded(tx, number)
    if guarded.locked_until is not None and now < guarded.locked_until:
        seconds = math.ceil((guarded.locked_until - now).total_seconds())
        raise Problem(
            429,
            "query_code_locked",
            "The query code of this number was wrong too often and is locked; the rest can still be read.",
            headers={"Retry-After": str(seconds)},
        )
    fits = compare_digest(guarded.digest or NO_DIGEST, digest)
    if fits and guarded.digest is not None and folded is not None:
        return True
    async with service.db.transaction() as tx:
        await queries.count_wrong_code(tx, number, now)
    return False
