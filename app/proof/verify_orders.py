"""Are the orders as they were recorded: every chain, every head, what is sealed, and the cards derived from it."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications.events import commitments_of
from app.applications.verify import Finding, Tally
from app.domain import chain
from app.domain.chain import Head, Link
from app.kit.sealing import Broken, Sealer
from app.supervision import queries
from app.supervision.queries import Opened, OrderHead, fact_of, sealed_name
from app.supervision.write import card_rows, derived_head

__all__ = ["verify_orders"]

AT_ONCE: Final = 200


async def verify_orders(
    tx: AsyncConnection, sealer: Sealer, tally: Tally, *, only: str | None = None, record_only: bool
) -> None:
    """Walk the chain of each order, or of one; unless `record_only` also what is sealed and derived beside it."""
    after: str | None = None
    while heads := await queries.orders_after(tx, after, AT_ONCE, only=only):
        after = heads[-1].id
        ids = [head.id for head in heads]
        chains = await queries.chains_of(tx, ids)
        cards = await queries.stored_cards(tx, ids)
        for head in heads:
            rows = chains[head.id]
            tally.orders += 1
            tally.order_events += len(rows)
            tally.note(broken_link(head, [link for link, _ in rows]))
            if head.id not in tally.broken and not record_only:
                tally.note(first_difference(head, rows, cards[head.id], sealer))


def broken_link(head: OrderHead, links: Sequence[Link]) -> Finding | None:
    """Where the chain of an order first fails to hold."""
    found = chain.first_break(head.id, links, Head(head.version, head.head_hash))
    return None if found is None else Finding(*found)


def first_difference(
    head: OrderHead, rows: Sequence[tuple[Link, bytes | None]], cards: dict[str, dict[str, Any]], sealer: Sealer
) -> Finding | None:
    """What is stored of an order that its events do not give: what is sealed, its row, its cards."""
    facts = []
    for link, sealed in rows:
        body = json.loads(link.body)
        try:
            salted = {} if sealed is None else json.loads(sealer.open(sealed, sealed_name(head.id, link.seq)))
        except Broken:
            return Finding(head.id, link.seq, "sealed", f"What is sealed of event {link.seq} cannot be opened.")
        commitments = body.get("private", {})
        if (commitments or salted) and commitments_of(salted) != commitments:
            detail = f"What is sealed of event {link.seq} is not what its body commits to."
            return Finding(head.id, link.seq, "sealed", detail)
        facts.append(fact_of(link.seq, body, {}))
    opened = Opened(head, tuple(facts), tuple(link.hash for link, _ in rows))
    if derived_head(opened) != head:
        return Finding(head.id, head.version, "head_row", "The order's row is not what its events say.")
    if card_rows(opened) != cards:
        return Finding(head.id, head.version, "cards", "The stored cards are not those that its events give.")
    return None
