"""The only writer of history: opens dossiers and appends steps, in sets, by a fixed number of statements a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.applications import events, projection, queries
from app.applications.events import Draft, Fact, Source
from app.applications.looks import look_at
from app.applications.models import Application, Event, EventPrivate, PublicView, SpanRow, StretchRow
from app.applications.projection import Head
from app.applications.queries import LATE_AFTER, Opened, in_legal_order
from app.applications.silence import with_silence
from app.domain import chain
from app.domain.chain import SHA256
from app.domain.forecast import forecast
from app.domain.spans import Forecast
from app.domain.steps import SYSTEM, Dossier, Step
from app.items.queries import PinnedItem
from app.kit.db import execute_many
from app.kit.sealing import Sealer
from app.kit.statements import Hot

__all__ = ["LATE_AFTER", "By", "Entry", "Opened", "Recorded", "append_all", "open_dossiers", "reschedule"]


By = Source
"""Under which credential and role a step is recorded."""


class Entry(NamedTuple):
    """Steps to be appended to one application, in the order of recording; a new application begins with its receipt."""

    opened: Opened
    drafts: tuple[Draft, ...]
    by: By


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
        return next(one for one in reversed(list(added)) if one[0].step.type not in SYSTEM)


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
    written = [work_out(entry, sealer, now) for entry in entries]
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
    """When the first of the new steps happened."""
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
        view = projection.view_of(self.dossier.item, self.opened.pinned.name, self.head, self.facts, self.forecast)
        return sealer.seal(projection.spell_view(view), queries.view_name(self.head.number))


def work_out(entry: Entry, sealer: Sealer, now: datetime) -> Written:
    """Chain the drafts to the history, forecast anew, and draw the new head."""
    opened, stated, by = entry
    number, head = opened.number, opened.head
    recorded_at = max(now, head.recorded_at)
    drafts = stated
    if opened.dossier.item.silent:
        numbered = [replace(draft.step, seq=head.version + place) for place, draft in enumerate(stated, 1)]
        with_stated = with_steps(opened.dossier, numbered)
        drafts = with_silence(opened.dossier, stated, with_stated, recorded_at)
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
        previous = chain.link(number, seq, previous, body)
        event_rows.append(
            {
                "number": number,
                "seq": seq,
                "type": said["type"],
                "occurred_at": draft.step.at,
                "recorded_at": recorded_at,
                "algorithm": SHA256,
                "body": body,
                "hash": previous,
            }
        )
        added.append(Fact(events.step_of(number, seq, said), said, draft.private))
    dossier = with_steps(opened.dossier, [fact.step for fact in added])
    after = forecast(dossier)
    since = min(draft.step.at for draft in drafts)
    moved = moved_head(opened, after, since=since, now=recorded_at)
    if moved.rewritten_at != head.rewritten_at and all(draft.step.type in SYSTEM for draft in drafts):
        moved = moved._replace(rewritten_at=head.rewritten_at)  # to write down what silence did rewrites nothing
    moved = moved._replace(version=seq, head_hash=previous)
    return Written(opened, since, moved, (*opened.facts, *added), dossier, after, event_rows, private_rows)


def moved_head(opened: Opened, after: Forecast, *, since: datetime, now: datetime) -> Head:
    """The head after steps that happened from `since` on: where the application stands, when to look at it again."""
    old = opened.head
    is_new = old.version == 0
    before = forecast(opened.dossier) if not is_new and since < now else None
    return projection.moved(old._replace(recorded_at=now), after)._replace(
        rewritten_at=now if not is_new and since < now - LATE_AFTER else old.rewritten_at,
        next_look_at=look_at(old.next_look_at, before, after, since=since, now=now),
    )


def with_steps(dossier: Dossier, added: Sequence[Step]) -> Dossier:
    """The dossier with more steps, each in its legal place."""
    if len(added) == 1:
        return dossier.with_step(added[0])
    return Dossier(dossier.item, dossier.calendar, tuple(sorted((*dossier.steps, *added), key=in_legal_order)))


MOVING = (
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
BESIDE = (DELETE_SPANS, DELETE_STRETCHES, UPDATE_VIEW)
MOVE = {
    "postgresql": (Hot(UPDATE_HEAD.add_cte(*(one.cte(f"beside_{place}") for place, one in enumerate(BESIDE)))),),
    "sqlite": tuple(Hot(one) for one in (*BESIDE, UPDATE_HEAD)),
}
"""One statement where a database takes several in one: each saves a way there and back."""
