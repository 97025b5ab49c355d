"""The only writer of history: opens dossiers and appends steps, in sets, by a fixed number of statements a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import events, history, projection, public_view, queries
from app.applications.drafted import provisional, with_facts
from app.applications.events import Draft, Fact, Source
from app.applications.history import Opened
from app.applications.looks import look_at
from app.applications.models import Application, Event, EventPrivate, PublicView, SpanRow, StretchRow
from app.applications.projection import Head
from app.applications.published import Stop, published_since
from app.applications.queries import LATE_AFTER
from app.applications.silence import SYSTEM, with_silence
from app.domain import chain
from app.domain.forecast import forecast
from app.domain.spans import Forecast
from app.domain.steps import FINAL, Dossier, StepType
from app.domain.steps import SYSTEM as SYSTEM_STEPS
from app.items.queries import PinnedItem
from app.kit.db import execute_many, hash_of_chains
from app.kit.sealing import Sealer
from app.kit.statements import Hot

__all__ = [
    "LATE_AFTER",
    "By",
    "Entry",
    "Opened",
    "Recorded",
    "append_all",
    "bring_up",
    "open_dossiers",
    "recompute",
    "reschedule",
]


By = Source
"""Under which credential and role a step is recorded."""


class Entry(NamedTuple):
    """Steps to be appended to one application, in the order of recording; a new application begins with its receipt."""

    opened: Opened
    drafts: tuple[Draft, ...]
    by: By
    before: Forecast | None = None
    """What its history comes to without them, for who has drawn it already."""


class Recorded(NamedTuple):
    """An application after an append, and the facts that were added."""

    number: str
    head: Head
    dossier: Dossier
    pinned: PinnedItem
    facts: tuple[Fact, ...]
    """All of them, the added ones last."""
    added: int
    forecast: Forecast
    hashes: tuple[bytes, ...]
    """Of the added ones."""

    @property
    def stated(self) -> tuple[Fact, bytes]:
        """The last added fact that is not the system's own, and its hash."""
        added = zip(self.facts[-self.added :], self.hashes, strict=True)
        return next(one for one in reversed(list(added)) if one[0].step.type not in SYSTEM_STEPS)


async def open_dossiers(
    tx: AsyncConnection, numbers: Sequence[str], *, sealer: Sealer | None = None, lock: bool = True
) -> list[Opened]:
    """The applications of `numbers`, in order, locked until the transaction ends; unknown ones are left out.

    Two statements, however many. With a `sealer` the facts hold the sealed values that the public view shows: who
    appends needs them, who only computes does not.
    """
    return await queries.load(tx, numbers, sealer=sealer, lock=lock)


async def append_all(tx: AsyncConnection, entries: Sequence[Entry], *, sealer: Sealer, now: datetime) -> list[Recorded]:
    """Append the drafts of each entry and rewrite what is derived from its history: spans, stretches, view, head.

    Spans and stretches that ended before the first of the new steps happened stay as they are: no step changes what
    was before it.
    Each application stands in one entry only, and its dossier was opened with the `sealer`. Whether the law allows the
    steps is the caller's business: this writes what it is given.
    """
    algorithm = hash_of_chains(tx)
    written = [work_out(entry, sealer, now, algorithm) for entry in entries]
    fresh = [one for one in written if one.is_new]
    moved = [one for one in written if not one.is_new]
    await execute_many(tx, INSERT_HEAD, [one.head._asdict() for one in fresh])
    await execute_many(tx, INSERT_EVENT, [row for one in written for row in one.event_rows])
    await execute_many(tx, INSERT_PRIVATE, [row for one in written for row in one.private_rows])
    moves = [one.move_row(sealer) for one in moved]
    for statement in MOVE[tx.dialect.name]:
        await execute_many(tx, statement, moves)
    await execute_many(tx, INSERT_SPAN, [row for one in written for row in one.span_rows()])
    await execute_many(tx, INSERT_STRETCH, [row for one in written for row in one.stretch_rows()])
    await execute_many(tx, INSERT_VIEW, [one.view_row(sealer) for one in fresh])
    return [one.recorded() for one in written]


async def recompute(
    tx: AsyncConnection, numbers: Sequence[str], stops: Sequence[Stop] = (), *, sealer: Sealer, now: datetime
) -> list[Recorded]:
    """Put applications on the newest published state of their calendars, and under suspensions: a step for each.

    Returned are those that it changed. Left alone: an application that a final step ended, for its verdict is never
    changed silently; one that stands on all of it already, so that doing it twice does nothing.
    """
    opened = await open_dossiers(tx, sorted(numbers), sealer=sealer)
    entries = [entry for one in opened if (entry := recomputation(one, stops, now)) is not None]
    return await append_all(tx, entries, sealer=sealer, now=now) if entries else []


async def bring_up(
    tx: AsyncConnection, opened: Opened, stops: Sequence[Stop] = (), *, sealer: Sealer, now: datetime
) -> Opened:
    """The same for one that is open already: nobody writes under an edition that he has not seen."""
    entry = recomputation(opened, stops, now)
    if entry is None:
        return opened
    [recorded] = await append_all(tx, [entry], sealer=sealer, now=now)
    return Opened(recorded.number, recorded.head, recorded.dossier, recorded.pinned, recorded.facts)


def recomputation(opened: Opened, stops: Sequence[Stop], now: datetime) -> Entry | None:
    """The `recomputed` steps by which what was published since comes to an application; None where nothing was."""
    drafts = published_since(opened, stops, now)
    if not drafts:  # nearly always: nothing need be forecast for it
        return None
    status = opened.head.status
    before = forecast(opened.dossier) if opened.dossier.item.silent else None
    if before is not None and (standing := projection.standing_at(before.stretches, now)) is not None:
        status = standing.status  # silence may have ended it, though nobody has written it down yet
    return None if status in FINAL else Entry(opened, tuple(drafts), SYSTEM, before)


async def reschedule(tx: AsyncConnection, looks: Mapping[str, datetime | None]) -> None:
    """Say when the sweep looks at each application again: the only way to move it later, for who has just looked."""
    await execute_many(
        tx, UPDATE_LOOK, [{"of": number, "next_look_at": look} for number, look in sorted(looks.items())]
    )


@dataclass(frozen=True, slots=True)
class Written:
    """One entry worked out: its events with their hashes, the forecast with them, and the rows to be stored."""

    opened: Opened
    since: datetime
    """From when on what is derived is written anew."""
    head: Head
    facts: tuple[Fact, ...]
    dossier: Dossier
    forecast: Forecast
    event_rows: list[dict[str, Any]]
    private_rows: list[dict[str, Any]]

    @property
    def is_new(self) -> bool:
        """Whether the entry begins with the receipt."""
        return self.opened.head.version == 0

    def recorded(self) -> Recorded:
        """What the caller learns."""
        return Recorded(
            self.head.number,
            self.head,
            self.dossier,
            self.opened.pinned,
            self.facts,
            len(self.event_rows),
            self.forecast,
            tuple(row["hash"] for row in self.event_rows),
        )

    def span_rows(self) -> list[dict[str, Any]]:
        """The spans that the new steps may have changed."""
        return projection.span_rows(self.head, self.forecast, since=None if self.is_new else self.since)

    def stretch_rows(self) -> list[dict[str, Any]]:
        """The stretches that the new steps may have changed."""
        return projection.stretch_rows(self.head, self.forecast, since=None if self.is_new else self.since)

    def move_row(self, sealer: Sealer) -> dict[str, Any]:
        """What moves of an application that is known: its head and view, and from when on spans and stretches go."""
        return {**self.head._asdict(), "sealed": self.sealed_view(sealer), "of": self.head.number, "since": self.since}

    def view_row(self, sealer: Sealer) -> dict[str, Any]:
        """The public view to be stored."""
        return {"number": self.head.number, "sealed": self.sealed_view(sealer)}

    def sealed_view(self, sealer: Sealer) -> bytes:
        """The public view, sealed."""
        facts = history.facts_that_hold(self.head.number, self.facts)
        view = public_view.view_of(self.dossier.item, self.opened.pinned.name, self.head, facts, self.forecast)
        return sealer.seal(public_view.spell_view(view), queries.view_name(self.head.number))


def work_out(entry: Entry, sealer: Sealer, now: datetime, algorithm: int = chain.SHA256) -> Written:
    """Chain the drafts to the history, forecast anew, and draw the new head."""
    opened, stated, by, before = entry
    number, head = opened.number, opened.head
    recorded_at = max(now, head.recorded_at)
    drafts = stated
    after: Forecast | None = None
    if opened.dossier.item.silent:
        if stated:
            after = forecast(with_facts(opened, provisional(opened, stated, recorded_at)))
        else:
            after = before = before or forecast(opened.dossier)
        drafts = with_silence(opened.dossier, stated, after.deemed, recorded_at)
    previous, seq = head.head_hash, head.version
    event_rows: list[dict[str, Any]] = []
    private_rows: list[dict[str, Any]] = []
    added: list[Fact] = []
    for draft in drafts:
        seq += 1
        commitments = None
        if draft.private:
            commitments, salted = events.private_of(draft.private)
            private_rows.append(
                {"number": number, "seq": seq, "sealed": sealer.seal(salted, events.sealed_name(number, seq))}
            )
        recorder = draft.by or by
        said = events.body_of(
            draft, recorded_at, {"credential": recorder.credential, "role": recorder.role}, commitments
        )
        body = chain.canonical(said)
        if seq == 1:
            previous = chain.genesis(number, bytes.fromhex(str(said["nonce"])), algorithm)
        previous = chain.link(number, seq, previous, body, algorithm)
        event_rows.append(
            {
                "number": number,
                "seq": seq,
                "type": said["type"],
                "occurred_at": draft.step.at,
                "recorded_at": recorded_at,
                "rewrites_from": rewrites_from(draft, recorded_at),
                "algorithm": algorithm,
                "body": body,
                "hash": previous,
            }
        )
        added.append(Fact(events.step_of(number, seq, said), said, draft.private))
    facts = (*opened.facts, *added)
    dossier = with_facts(opened, added)
    after = after or forecast(dossier)  # to write down what silence did changes nothing of it
    since = min(draft.affects_from for draft in drafts)
    if before is None and head.version and since < recorded_at:
        before = forecast(opened.dossier)
    moved = moved_head(opened, before, after, since=since, now=recorded_at)
    if moved.rewritten_at != head.rewritten_at and all(draft.step.type is StepType.DEEMED for draft in drafts):
        moved = moved._replace(rewritten_at=head.rewritten_at)  # to write down what silence did rewrites nothing
    moved = stated_anew(moved, dossier, facts)._replace(version=seq, head_hash=previous)
    since = min(since, head.recorded_at)  # what ended by time alone since the last record is written anew, too
    return Written(opened, since, moved, facts, dossier, after, event_rows, private_rows)


def rewrites_from(draft: Draft, recorded_at: datetime) -> datetime | None:
    """From when on a record changes a past that others have read already; what silence did is no news."""
    since = draft.affects_from
    return since if since < recorded_at - LATE_AFTER and draft.step.type is not StepType.DEEMED else None


def stated_anew(head: Head, dossier: Dossier, facts: Sequence[Fact]) -> Head:
    """The head with what amendments of the receipt and new editions changed of it."""
    head = head._replace(calendar=dossier.calendar.name)
    return head._replace(submitted_at=history.receipt_of(head.number, facts).step.at) if dossier.amendments else head


def moved_head(opened: Opened, before: Forecast | None, after: Forecast, *, since: datetime, now: datetime) -> Head:
    """The head after steps that happened from `since` on: where the application stands, when to look at it again."""
    old = opened.head
    is_new = old.version == 0
    known_from = now if is_new else old.known_from
    return projection.moved(old._replace(recorded_at=now, known_from=known_from), after)._replace(
        rewritten_at=now if not is_new and since < now - LATE_AFTER else old.rewritten_at,
        next_look_at=look_at(old.next_look_at, before, after, since=since, now=now),
    )


MOVING = (
    "calendar",
    "submitted_at",
    "status",
    "department",
    "section",
    "officer",
    "odd",
    "version",
    "head_hash",
    "recorded_at",
    "rewritten_at",
    "next_look_at",
    "received_on",
)
"""What an append changes of a head; all else is as the receipt stated it."""

INSERT_HEAD = Hot(insert(Application).values({name: bindparam(name) for name in Head._fields}))
INSERT_EVENT = Hot(insert(Event))
INSERT_PRIVATE = Hot(insert(EventPrivate))
INSERT_SPAN = Hot(insert(SpanRow))
INSERT_STRETCH = Hot(insert(StretchRow))
INSERT_VIEW = Hot(insert(PublicView))
UPDATE_LOOK = Hot(
    update(Application).where(Application.number == bindparam("of")).values(next_look_at=bindparam("next_look_at"))
)

DELETE_SPANS = delete(SpanRow).where(
    SpanRow.number == bindparam("of"), or_(SpanRow.to_at.is_(None), SpanRow.to_at >= bindparam("since"))
)
DELETE_STRETCHES = delete(StretchRow).where(
    StretchRow.number == bindparam("of"), or_(StretchRow.to_at.is_(None), StretchRow.to_at >= bindparam("since"))
)
UPDATE_VIEW = update(PublicView).where(PublicView.number == bindparam("of")).values(sealed=bindparam("sealed"))
UPDATE_HEAD = (
    update(Application).where(Application.number == bindparam("of")).values({name: bindparam(name) for name in MOVING})
)
WITH_HEAD = (DELETE_SPANS, DELETE_STRETCHES, UPDATE_VIEW)
MOVE = {
    "postgresql": (Hot(UPDATE_HEAD.add_cte(*(one.cte(f"beside_{place}") for place, one in enumerate(WITH_HEAD)))),),
    "sqlite": tuple(Hot(one) for one in (*WITH_HEAD, UPDATE_HEAD)),
}
"""One statement where a database takes several in one: each saves a way there and back."""
