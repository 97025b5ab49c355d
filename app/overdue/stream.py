"""Server-sent events for dashboards that would rather listen than poll: the answer again whenever its tag changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from app.kit.db import Busy
from app.overdue.polls import Poll

__all__ = ["EVERY", "MOST_STREAMS", "listen"]

EVERY: Final = 1.0
"""Seconds between two looks; all listeners to the same list share one look."""
BEAT: Final = 15.0
"""After so many seconds of silence a comment is sent, so that no proxy takes the line for dead."""
MOST_STREAMS: Final = 200


async def listen(
    look: Callable[[], Awaitable[Poll]], *, known: str | None, every: float = EVERY, beat: float = BEAT
) -> AsyncIterator[bytes]:
    """The events of one listener. `known`: the tag that it has already (`Last-Event-ID`). `look`: the answer of now.

    An event has the tag as `id` and the body of the polled answer as `data`.
    """
    yield b"retry: 3000\n\n"
    said = time.monotonic()
    while True:
        try:
            poll = await look()
        except Busy:
            poll = None  # the next look may succeed; a poller would have had a 503
        if poll is not None and poll.tag != known:
            known = poll.tag
            yield b"id: " + poll.tag.encode() + b"\nevent: overdue\ndata: " + poll.answer.body + b"\n\n"
            said = time.monotonic()
        elif time.monotonic() - said >= beat:
            yield b": still here\n\n"
            said = time.monotonic()
        await asyncio.sleep(every)
