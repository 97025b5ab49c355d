"""The proof pack of one application: what was recorded, to the byte, and the way from its last event to a signature."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import events, history, queries
from app.applications.events import Fact
from app.applications.explanation import Asked, background_of, bases_of, chosen, explanation_json
from app.applications.explanation_schemas import ExplanationQuery
from app.applications.models import Event, EventPrivate
from app.applications.shown import SEALED_FIELDS, amended_by, clock_json, clocks_at, step_json
from app.domain.explanation import explain
from app.domain.merkle import leaf_hash, path_of
from app.items.queries import pinned
from app.kit.sealing import Sealer
from app.kit.texts import Language
from app.proof import queries as proofs
from app.proof.export import line_of
from app.proof.models import CheckpointLeaf
from app.proof.signing import PACK, Signer

__all__ = ["pack_of", "signed_pack"]

FORMAT: Final = PACK.decode()
OPENED: Final = frozenset({*SEALED_FIELDS, "applicant", "replaces", "resume_result", "subject"})
"""The sealed values that the interface shows."""
MASKED: Final = frozenset({"id_number", "phone"})

Document = dict[str, Any]  # a JSON document


async def pack_of(tx: AsyncConnection, number: str, *, sealer: Sealer, now: datetime, language: Language) -> Document:
    """The pack of an application that exists, as of `now`."""
    [opened] = await queries.load(tx, [number], sealer=sealer, lock=False)
    calendar = opened.dossier.calendar
    item = await pinned(tx, opened.head.item, opened.head.item_version)
    spans = (await queries.spans_at(tx, [number], now))[number]
    clocks = [clock_json(one, calendar, language) for one in clocks_at(item.item, spans, calendar, now)]
    steps = await queries.steps_of(tx, number, sealer, after=0, until=None, limit=len(opened.facts))
    undone = await queries.undone(tx, number, opened.facts, now)
    amended = amended_by((await queries.amendments_of(tx, [number], None))[number], now)
    return {
        "format": FORMAT,
        "tracking_number": number,
        "made_at": calendar.local(now).isoformat(),
        "item": {"code": opened.head.item, "version": opened.head.item_version, "document": item.body},
        "timeline": [
            step_json(fact, digest, calendar, language, undone=undone) | amended.get(fact.step.id, {})
            for fact, digest in steps
        ],
        "calculation": {"clocks": clocks, "explanations": explanations(opened, clocks, now, language)},
        "events": await events_of(tx, number, sealer),
        "proof": await inclusion_of(tx, number),
    }


def explanations(
    opened: history.Opened, clocks: Sequence[Document], now: datetime, language: Language
) -> list[Document]:
    """Every day of each clock that has begun, and why it was counted or not."""
    told = explain(opened.dossier, now)
    facts: tuple[Fact, ...] = opened.facts
    known = background_of(opened.dossier.item, opened.pinned.body.get("kind"), bases_of(facts))
    found = []
    for clock in clocks:
        if clock["state"] == "not_started":
            continue
        query = ExplanationQuery(stage=clock["stage"], round=clock["round"] or None)
        one = chosen(told, clock["kind"], query)
        found.append(explanation_json(one, known, Asked(language, 1, 2_000)))
    return found


async def events_of(tx: AsyncConnection, number: str, sealer: Sealer) -> list[Document]:
    """Each event to the byte, and the values and salts behind its commitments as far as they were not erased."""
    rows = await tx.execute(
        select(Event.seq, Event.algorithm, Event.body, Event.hash, EventPrivate.sealed)
        .outerjoin(EventPrivate, (EventPrivate.number == Event.number) & (EventPrivate.seq == Event.seq))
        .where(Event.number == number)
        .order_by(Event.seq)
    )
    return [
        {
            "seq": seq,
            "algorithm": algorithm,
            "body": body.decode(),
            "hash": digest.hex(),
            "private": private_of(number, seq, sealed, sealer),
        }
        for seq, algorithm, body, digest, sealed in rows
    ]


def private_of(number: str, seq: int, sealed: bytes | None, sealer: Sealer) -> Document:
    """The personal values of an event with their salts, in so far as they were not erased and anybody is shown them.

    A commitment is to the whole value: one that holds a number which is masked for everybody stays closed.
    """
    if sealed is None:
        return {}
    opened: Document = json.loads(sealer.open(sealed, events.sealed_name(number, seq)))
    return {name: salted for name, salted in opened.items() if name in OPENED and not is_masked(salted[1])}


def is_masked(value: object) -> bool:
    """Whether a value holds an identity or telephone number."""
    if isinstance(value, dict):
        return not MASKED.isdisjoint(value) or any(map(is_masked, value.values()))
    return isinstance(value, list) and any(map(is_masked, value))


def signed_pack(pack: Document, signer: Signer) -> bytes:
    """The pack as it leaves the house: signed as a whole, so that nothing in it can be changed on the way.

    What is signed is the pack spelled with sorted keys and without spaces: how it is laid out does not matter.
    """
    told: Document = json.loads(to_json(pack))
    spelled = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    signature = {
        "key": signer.id,
        "public_key": signer.public_key.hex(),
        "signature": signer.sign(spelled, PACK).hex(),
    }
    return to_json(told | {"signature": signature})


async def inclusion_of(tx: AsyncConnection, number: str) -> Document | None:
    """The newest checkpoint that covers the application, and the way from its head to the root; none before the first.

    What was recorded since stands in the pack and is not covered by it.
    """
    newest = select(CheckpointLeaf.n).where(CheckpointLeaf.number == number).order_by(CheckpointLeaf.seq.desc())
    n = (await tx.execute(newest.limit(1))).scalar()
    record = None if n is None else await proofs.one(tx, n)
    if record is None:
        return None
    leaves = await proofs.leaves_of(tx, record.n)
    place = next(place for place, leaf in enumerate(leaves) if leaf.number == number)
    leaf = leaves[place]
    return {
        "leaf": {"tracking_number": leaf.number, "seq": leaf.seq, "hash": leaf.hash.hex()},
        "place": place,
        "count": len(leaves),
        "path": [one.hex() for one in path_of([leaf_hash(one) for one in leaves], place)],
        "checkpoint": line_of(record),
    }
