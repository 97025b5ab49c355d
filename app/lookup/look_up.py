"""The act behind the public look-up and its page: a number, perhaps a query code, to what anybody may know."""

import math
from collections import OrderedDict
from datetime import datetime, tzinfo
from hmac import compare_digest
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json

from app.applications.queries import query_code_hash, view_name
from app.calendars import catalogue
from app.departments.queries import Names, names_of
from app.domain.tracking_number import fold_query_code
from app.kit.db import Database
from app.kit.problems import Problem
from app.kit.service import Service
from app.kit.texts import Language
from app.lookup import queries
from app.lookup.answers import Answer, Asked, View, answer_of, steady_until

__all__ = ["look_up", "look_up_spelled"]

NO_DIGEST = bytes(32)
"""What a query code is held against where there is no application, so that it takes as long as where there is one."""
MOST_SPELLED = 2048


class Spelled(NamedTuple):
    """An answer as bytes but for its `as_of`, and what it was made of."""

    sealed: bytes
    names: Names
    since: datetime
    until: datetime
    zone: tzinfo
    rest: bytes


_spelled: WeakKeyDictionary[Database, OrderedDict[tuple[str, Language], Spelled]] = WeakKeyDictionary()


async def look_up(service: Service, number: str, *, language: Language, query_code: str | None = None) -> Answer | None:
    """What is known of an application; None when there is none or the query code is wrong, and nothing tells which.

    With a query code it takes the same statements either way. 429 `query_code_locked` after five wrong ones.
    """
    if query_code is not None and not await code_fits(service, number, query_code):
        return None
    sealed = await queries.sealed_view(service.replica, number)
    if sealed is None:
        return None
    names = await names_of(service.db)
    return answer_of(view_in(service, number, sealed), asked_of(service, number, language, names, query_code))


async def look_up_spelled(
    service: Service, number: str, *, language: Language, query_code: str | None = None
) -> bytes | None:
    """The same as JSON. The row is read each time; bytes made of the same row stay good until time changes them."""
    if query_code is not None:
        answer = await look_up(service, number, language=language, query_code=query_code)
        return None if answer is None else to_json(answer)
    sealed = await queries.sealed_view(service.replica, number)
    if sealed is None:
        return None
    names = await names_of(service.db)
    now = service.now.now()
    kept = _spelled.setdefault(service.db, OrderedDict())
    known = kept.get((number, language))
    if known is None or not is_good(known, sealed, names, now):
        view = view_in(service, number, sealed)
        answer = answer_of(view, asked_of(service, number, language, names, None))
        del answer["as_of"]
        zone = catalogue.named(view["calendar"]).zone
        known = Spelled(sealed, names, now, steady_until(view, now), zone, to_json(answer)[1:])
        kept[number, language] = known
        if len(kept) > MOST_SPELLED:
            kept.popitem(last=False)
    as_of = now.astimezone(known.zone).isoformat()
    return b'{"as_of":"' + as_of.encode() + b'",' + known.rest


def is_good(known: Spelled, sealed: bytes, names: Names, now: datetime) -> bool:
    """Whether nothing that the bytes were made of has changed."""
    return known.sealed == sealed and known.names is names and known.since <= now < known.until


def view_in(service: Service, number: str, sealed: bytes) -> View:
    """The view under the seal."""
    view: dict[str, Any] = from_json(service.sealer.open(sealed, view_name(number)))
    return view


def asked_of(service: Service, number: str, language: Language, names: Names, query_code: str | None) -> Asked:
    """What is asked, now."""
    return Asked(
        number=number,
        at=service.now.now(),
        language=language,
        with_code=query_code is not None,
        names=names,
        telephone=service.settings.supervision_telephone,
    )


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
