"""Answers kept for the next poller: a second at most, never past a crossing, a new day or a commit of this process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import event

from app.kit.db import Database
from app.kit.etags import opaque_tag
from app.kit.now import Now
from app.overdue.answers import Answer

__all__ = ["Asker", "Poll", "Polls", "polls_of"]

LONGEST: Final = 1.0
MOST: Final = 512
"""Answers kept at a time; a page of 500 rows is half a megabyte."""

Header = tuple[bytes, bytes]


class Asker(NamedTuple):
    """What makes two polls the same: the list, the query as it came, the language, and whose cases are seen."""

    what: str
    query: bytes
    language: str
    scope: str


class Poll:
    """One kept answer with all that is sent along with it."""

    __slots__ = ("answer", "commits", "given_at", "headers", "kept_since", "tag")

    def __init__(self, asker: Asker, answer: Answer, *, given_at: datetime, kept_since: float, commits: int) -> None:
        self.answer = answer
        self.given_at = given_at
        self.kept_since = kept_since
        self.commits = commits
        self.tag = opaque_tag(
            asker.what.encode(), asker.query, asker.language.encode(), asker.scope.encode(), answer.digest
        )
        self.headers: list[Header] = [
            (b"etag", f"W/{self.tag}".encode()),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Accept-Language"),
            (b"content-language", asker.language.encode()),
            (b"x-as-of", answer.as_of.encode()),
        ]
        if answer.swept_at is not None:
            self.headers.append((b"x-swept-at", answer.swept_at.encode()))

    def is_good(self, now: datetime, monotonic: float, commits: int) -> bool:
        """Whether it still says what a new answer would, as far as this process can know."""
        return (
            commits == self.commits
            and monotonic - self.kept_since < LONGEST
            and self.given_at <= now < self.answer.good_until
        )


class Polls:
    """The answers that one process keeps of one database. Those who ask the same at once share one answer."""

    def __init__(self, db: Database, now: Now) -> None:
        self.listeners = 0
        """Streams that are open."""
        self._now = now
        self._kept: dict[Asker, Poll] = {}
        self._coming: dict[tuple[Asker, int], asyncio.Task[Poll]] = {}
        self._commits = 0
        event.listen(db.engine.sync_engine.pool, "checkin", self._committed)

    def _committed(self, connection: object, record: object) -> None:
        """A writer gave its connection back, before its caller was answered: what was read before may be untrue."""
        self._commits += 1

    def kept(self, asker: Asker) -> Poll | None:
        """The answer that is kept, if it is still good."""
        poll = self._kept.get(asker)
        if poll is None or not poll.is_good(self._now.now(), time.monotonic(), self._commits):
            return None
        return poll

    async def answer(self, asker: Asker, read: Callable[[], Awaitable[Answer]]) -> Poll:
        """A new answer, from `read`; who asks the same meanwhile, with no commit between, gets it too."""
        coming = (asker, self._commits)
        task = self._coming.get(coming)
        if task is None:
            task = asyncio.create_task(self._read(asker, read))
            self._coming[coming] = task

            def come(done: asyncio.Task[Poll]) -> None:
                self._coming.pop(coming, None)
                if not done.cancelled():
                    done.exception()  # whoever still waits has it; nobody may be left

            task.add_done_callback(come)
        return await asyncio.shield(task)

    async def _read(self, asker: Asker, read: Callable[[], Awaitable[Answer]]) -> Poll:
        commits, since, now = self._commits, time.monotonic(), self._now.now()
        poll = Poll(asker, await read(), given_at=now, kept_since=since, commits=commits)
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[asker] = poll
        return poll


_OF: WeakKeyDictionary[Database, Polls] = WeakKeyDictionary()


def polls_of(db: Database, now: Now) -> Polls:
    """The answers kept of a database."""
    polls = _OF.get(db)
    if polls is None:
        polls = _OF[db] = Polls(db, now)
    return polls
