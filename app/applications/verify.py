"""Is history as it was recorded: every chain, every head, what is sealed, and what is derived from it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import chains, events, history, projection, public_view, queries
from app.applications.chains import ALL, Derived, Numbers, SealedRow
from app.applications.history import Opened
from app.applications.projection import SPAN_KEY, STRETCH_KEY, Head, keyed
from app.domain.chain import Head as ChainHead
from app.domain.chain import Walk
from app.domain.forecast import forecast
from app.kit.db import Database
from app.kit.sealing import Broken, Sealer

__all__ = ["Also", "Enough", "Finding", "Tally", "Verdict", "verify", "walk", "walk_chains"]

BATCH = 200
TOLD_EVERY = 100
"""Applications between two words about how far a walk has come."""
MOST_BROKEN = 10_000
"""Broken applications that are kept apart: after so many a walk ends."""


Also = Callable[[AsyncConnection, Sequence[Opened], "Tally"], Awaitable[None]]
"""What other features hold against the histories of some applications."""


class Finding(NamedTuple):
    """The first thing that is wrong with an application: in which event, of what kind, and in words."""

    number: str
    seq: int
    kind: str
    """Of the chain `hash`, `gap`, `algorithm`, `empty`, `tail`, `head`; beside it `sealed`, `head_row`, `spans`,
    `stretches`, `public_view`, `alarms`."""
    detail: str


class Verdict(NamedTuple):
    """What was looked at, and what was found: nothing, when history is whole."""

    applications: int
    events: int
    broken: int
    first: Finding | None
    orders: int = 0
    order_events: int = 0
    rules: int = 0
    checkpoints: int = 0
    is_cut_short: bool = False
    """More was found than is counted: nothing was looked at after that."""


class Enough(Exception):
    """So much is broken that to go on would tell nothing more."""


class Tally:
    """Counts what a walk sees and keeps its first finding."""

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self.applications = self.events = 0
        self.orders = self.order_events = self.rules = self.checkpoints = 0
        self.broken: set[str] = set()
        self.first: Finding | None = None
        self._tell = tell

    def count(self, number_of_events: int) -> None:
        """One more application, of so many events."""
        self.applications += 1
        self.events += number_of_events
        if not self.applications % TOLD_EVERY:
            self.tell()

    def tell(self) -> None:
        """How far the walk has come."""
        if self._tell is not None:
            self._tell(self.applications)

    def note(self, finding: Finding | None) -> None:
        """Something that is wrong, or None. Raises `Enough` when the memory of it would grow too large."""
        if finding is None:
            return
        self.broken.add(finding.number)
        self.first = self.first or finding
        if len(self.broken) >= MOST_BROKEN:
            raise Enough

    def verdict(self, *, is_cut_short: bool = False) -> Verdict:
        """What was found so far."""
        return Verdict(
            self.applications,
            self.events,
            len(self.broken),
            self.first,
            self.orders,
            self.order_events,
            self.rules,
            self.checkpoints,
            is_cut_short,
        )


async def verify(
    database: Database, sealer: Sealer, *, number: str | None = None, tell: Callable[[int], None] | None = None
) -> Verdict:
    """Walk every chain, or that of one application, in one snapshot and with constant memory.

    Then, where the chains hold, forecast each application anew and compare what is stored of it. `tell` hears how many
    applications have been walked.
    """
    tally = Tally(tell)
    async with database.snapshot() as tx:
        await walk(tx, sealer, tally, Numbers(only=number))
    return tally.verdict()


async def walk(
    tx: AsyncConnection,
    sealer: Sealer,
    tally: Tally,
    numbers: Numbers = ALL,
    *,
    record_only: bool = False,
    also: Also | None = None,
) -> None:
    """The chains, and unless `record_only` what is sealed and derived beside them, here and (`also`) elsewhere."""
    await walk_chains(tx, numbers, tally)
    after: str | None = None
    while not record_only and (found := await chains.numbers_after(tx, after, BATCH, among=numbers)):
        after = found[-1]
        await compare(tx, [one for one in found if one not in tally.broken], sealer, tally, also)


async def walk_chains(tx: AsyncConnection, numbers: Numbers, tally: Tally) -> None:
    """Every link of every chain, one application after the other; then events that no application owns."""
    chain_of: Walk | None = None
    head = ChainHead(0, b"")
    async for batch in chains.chain_rows(tx, numbers):
        for number, version, head_hash, seq, algorithm, body, hashed in batch:
            if chain_of is None or chain_of.number != number:
                if chain_of is not None:
                    judge(chain_of, head, tally)
                chain_of, head = Walk(number), ChainHead(version, chains.raw(head_hash))
            if seq is not None:
                chain_of.see(seq, algorithm, chains.raw(body), chains.raw(hashed))
    if chain_of is not None:
        judge(chain_of, head, tally)
    tally.tell()
    for orphan, seq in await chains.orphans(tx, numbers):
        tally.note(Finding(orphan, seq, "head", "There are events of an application that does not exist."))


def judge(chain_of: Walk, head: ChainHead, tally: Tally) -> None:
    """One application's chain."""
    found = chain_of.end(head)
    tally.count(chain_of.seen)
    tally.note(None if found is None else Finding(*found))


async def compare(
    tx: AsyncConnection, numbers: Sequence[str], sealer: Sealer, tally: Tally, also: Also | None = None
) -> None:
    """What is stored beside the events of these applications, against the events."""
    sealed = await chains.sealed_of(tx, numbers)
    for number in numbers:
        tally.note(first_unfitting(number, sealed[number], sealer))
    whole = [number for number in numbers if number not in tally.broken]
    derived = await chains.derived_of(tx, whole)
    loaded = await queries.load(tx, whole, sealer=sealer, lock=False)
    for opened in loaded:
        tally.note(first_difference(opened, derived[opened.number], sealer))
    if also is not None:
        await also(tx, [opened for opened in loaded if opened.number not in tally.broken], tally)


def first_unfitting(number: str, rows: Sequence[SealedRow], sealer: Sealer) -> Finding | None:
    """The first event whose sealed values are not those that its body commits to."""
    for seq, body, sealed in rows:
        commitments = json.loads(body).get("private", {})
        try:
            salted = {} if sealed is None else json.loads(sealer.open(sealed, events.sealed_name(number, seq)))
        except Broken:
            return Finding(number, seq, "sealed", f"What is sealed of event {seq} cannot be opened.")
        if not commitments and not salted:
            continue
        if events.commitments_of(salted) != commitments:
            return Finding(number, seq, "sealed", f"What is sealed of event {seq} is not what its body commits to.")
    return None


def first_difference(opened: Opened, derived: Derived, sealer: Sealer) -> Finding | None:
    """What is stored of an application that its events do not give: its row, spans, stretches, public view."""
    head, seq = opened.head, opened.head.version
    after = forecast(opened.dossier)
    if stated_head(opened) != projection.moved(head, after):
        return Finding(head.number, seq, "head_row", "The application's row is not what its events say.")
    if derived.spans != keyed(projection.span_rows(head, after), SPAN_KEY):
        return Finding(head.number, seq, "spans", "The stored spans are not those that its events give.")
    if derived.stretches != keyed(projection.stretch_rows(head, after), STRETCH_KEY):
        return Finding(head.number, seq, "stretches", "The stored stretches are not those that its events give.")
    facts = history.facts_that_hold(head.number, opened.facts)
    view = public_view.view_of(opened.dossier.item, opened.pinned.name, head, facts, after)
    try:
        stored = None if derived.view is None else sealer.open(derived.view, queries.view_name(head.number))
    except Broken:
        stored = None
    if stored is None or public_view.read_view(stored) != public_view.read_view(public_view.spell_view(view)):
        return Finding(head.number, seq, "public_view", "The public view is not what its events give.")
    return None


def stated_head(opened: Opened) -> Head:
    """The application's row, with what its receipt states in place of what stands there."""
    receipt, body, _ = history.receipt_of(opened.number, opened.facts)
    newest = max(fact.step.recorded_at or fact.step.at for fact in opened.facts)
    return opened.head._replace(
        register=body["register"],
        source=body["source"],
        external_ref=body.get("external_ref"),
        project_code=body.get("project_code"),
        item=body["item"],
        item_version=body["item_version"],
        calendar=opened.dossier.calendar.name,
        channel=body["channel"],
        receipt_rule=body["receipt_rule"],
        submitted_at=receipt.at,
        late_receipt=bool(body.get("late_entry", False)),
        recorded_at=newest,
        known_from=opened.facts[0].step.recorded_at or receipt.at,
    )
