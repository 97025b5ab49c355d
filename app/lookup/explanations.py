"""The act behind the public explanation: a number to why each of its clocks ends when it does."""

from datetime import datetime
from typing import NamedTuple

from app.applications import queries
from app.applications.explanation import Background, background_of, bases_of
from app.domain.explanation import Explanation, explain
from app.kit.service import Service

__all__ = ["Explained", "explained"]


class Explained(NamedTuple):
    """All clocks of an application with their reasons, at an instant; no person stands in them."""

    clocks: tuple[Explanation, ...]
    background: Background
    at: datetime


async def explained(service: Service, number: str) -> Explained | None:
    """The clocks of an application as they stand now; None where no application has the number.

    What is told are days, articles, grounds and what pauses were said to rest on: no name, no reason, no subject, for
    nothing that is sealed is opened.
    """
    async with service.replica.snapshot() as tx:
        found = await queries.load(tx, [number], sealer=None, lock=False)
    if not found:
        return None
    [opened] = found
    now = service.now.now()
    background = background_of(opened.dossier.item, opened.pinned.body.get("kind"), bases_of(opened.facts))
    return Explained(explain(opened.dossier, now), background, now)
