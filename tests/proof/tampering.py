"""What somebody with the database password may do to history: the nine kinds, each at a place chosen by chance."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.models import Application
from app.domain import chain, tracking_number

LINKS = frozenset({"hash", "gap", "algorithm", "empty"})
"""What the links of a chain show."""
HEADS = LINKS | {"tail", "head"}
"""What they show together with the application's row."""
SIGNED = frozenset({"covered", "backdated", "root", "checkpoint", "signature"})
"""What signed checkpoints show."""


async def unlock(tx: AsyncConnection) -> None:
    """Take away, until the transaction ends, what keeps history from being changed."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for name in (await tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))).scalars().all():
        await tx.execute(text(f'DROP TRIGGER "{name}"'))
    await tx.execute(text("PRAGMA defer_foreign_keys = ON"))


async def run(tx: AsyncConnection, statement: str, **values: object) -> None:
    await tx.execute(text(statement), values)


async def length(tx: AsyncConnection, number: str) -> int:
    found = await tx.execute(text("SELECT max(seq) FROM events WHERE number = :n"), {"n": number})
    return int(found.scalar_one())


async def body_at(tx: AsyncConnection, number: str, seq: int) -> bytes:
    found = await tx.execute(text("SELECT body FROM events WHERE number = :n AND seq = :s"), {"n": number, "s": seq})
    return bytes(found.scalar_one())


def other_body(body: bytes, chance: random.Random) -> bytes:
    """The same with one digit of its instant changed: a delay that disappears."""
    at = body.index(b'"occurred_at":"') + len(b'"occurred_at":"') + len("2026-11-02T01:0")
    digit = chance.choice([one for one in b"0123456789" if one != body[at]])
    return body[:at] + bytes([digit]) + body[at + 1 :]


async def edit_a_body(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    seq = chance.randint(1, await length(tx, number))
    body = other_body(await body_at(tx, number, seq), chance)
    await run(tx, "UPDATE events SET body = :b WHERE number = :n AND seq = :s", b=body, n=number, s=seq)


async def delete_in_the_middle(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    last = await length(tx, number)
    seq = chance.randint(1, last - 1)
    await run(tx, "DELETE FROM events WHERE number = :n AND seq = :s", n=number, s=seq)
    if chance.random() < 0.5:
        for later in range(seq + 1, last + 1):
            await run(tx, "UPDATE events SET seq = :t WHERE number = :n AND seq = :s", t=later - 1, n=number, s=later)


async def swap_two(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    one, two = chance.sample(range(1, await length(tx, number) + 1), 2)
    for was, to in ((one, 9_999), (two, one), (9_999, two)):
        await run(tx, "UPDATE events SET seq = :t WHERE number = :n AND seq = :s", t=to, n=number, s=was)


async def move_to_another(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    source, target = chance.sample(list(numbers), 2)
    seq = chance.randint(2, min(await length(tx, source), await length(tx, target)))
    await run(tx, "DELETE FROM events WHERE number = :n AND seq = :s", n=target, s=seq)
    await run(tx, "UPDATE events SET number = :t WHERE number = :n AND seq = :s", t=target, n=source, s=seq)


async def cut_the_tail(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    seq = chance.randint(2, await length(tx, number))
    await run(tx, "DELETE FROM events WHERE number = :n AND seq >= :s", n=number, s=seq)


async def cut_the_tail_and_mend_the_head(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    seq = chance.randint(2, await length(tx, number))
    await run(tx, "DELETE FROM events WHERE number = :n AND seq >= :s", n=number, s=seq)
    await mend_the_head(tx, number)


async def mend_the_head(tx: AsyncConnection, number: str) -> None:
    await run(
        tx,
        "UPDATE applications SET version = (SELECT max(seq) FROM events WHERE number = :n), head_hash ="
        " (SELECT hash FROM events WHERE number = :n ORDER BY seq DESC LIMIT 1) WHERE number = :n",
        n=number,
    )


async def relink(tx: AsyncConnection, number: str, changed: dict[int, bytes]) -> None:
    """Chain all events anew, some of them with another body, and mend the head."""
    previous = b""
    for seq in range(1, await length(tx, number) + 1):
        body = changed.get(seq) or await body_at(tx, number, seq)
        if seq == 1:
            previous = chain.genesis(number, chain.nonce_of(body))
        previous = chain.link(number, seq, previous, body)
        statement = "UPDATE events SET body = :b, hash = :h WHERE number = :n AND seq = :s"
        await run(tx, statement, b=body, h=previous, n=number, s=seq)
    await mend_the_head(tx, number)


async def write_the_chain_anew(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    seq = chance.randint(1, await length(tx, number))
    await relink(tx, number, {seq: other_body(await body_at(tx, number, seq), chance)})


async def delete_an_application(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    number = chance.choice(numbers)
    for table in ("events", "event_private", "spans", "stretches", "public_views", "alarms", "applications"):
        await run(tx, f"DELETE FROM {table} WHERE number = :n", n=number)


async def insert_a_forged_one(tx: AsyncConnection, numbers: Sequence[str], chance: random.Random) -> None:
    source = chance.choice(numbers)
    forged = None
    while forged is None:
        forged = tracking_number.make(chance.randbytes(8))
    names = [column.name for column in Application.__table__.columns if column.name != "number"]
    for table, columns in (
        ("applications", names),
        ("events", ["seq", "type", "occurred_at", "recorded_at", "algorithm", "body", "hash"]),
    ):
        listed = ", ".join(f'"{name}"' for name in columns)
        statement = f'INSERT INTO {table} ("number", {listed}) SELECT :f, {listed} FROM {table} WHERE number = :n'
        await run(tx, statement, f=forged, n=source)
    await relink(tx, forged, {})


Act = Callable[[AsyncConnection, Sequence[str], random.Random], Awaitable[None]]


class Kind(NamedTuple):
    """One way of tampering, and which layer is the first to find it."""

    act: Act
    found_by: frozenset[str]


KINDS = (
    Kind(edit_a_body, LINKS),
    Kind(delete_in_the_middle, LINKS),
    Kind(swap_two, LINKS),
    Kind(move_to_another, LINKS),
    Kind(cut_the_tail, HEADS),
    Kind(cut_the_tail_and_mend_the_head, SIGNED),
    Kind(write_the_chain_anew, SIGNED),
    Kind(delete_an_application, SIGNED),
    Kind(insert_a_forged_one, SIGNED),
)
