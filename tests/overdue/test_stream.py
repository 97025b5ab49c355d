"""Server-sent events: the answer when somebody begins to listen, and again whenever it changes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from app.kit.db import Busy
from app.overdue.answers import Answer
from app.overdue.polls import Asker, Poll
from app.overdue.stream import listen

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


def a_poll(rows: bytes) -> Poll:
    answer = Answer(b'{"items":' + rows + b"}", rows, "2026-11-02T09:00:00+08:00", None, None, NOW)
    return Poll(Asker("stream", b"", "zh-CN", "all"), answer, given_at=NOW, kept_since=0.0, commits=0)


async def heard(polls: list[Poll | None], count: int, *, known: str | None = None, beat: float = 100.0) -> list[bytes]:
    async def look() -> Poll:
        poll = polls.pop(0) if len(polls) > 1 else polls[0]
        if poll is None:
            raise Busy("the database is being written to")
        return poll

    stream: AsyncIterator[bytes] = listen(look, known=known, every=0.0, beat=beat)
    return [await anext(stream) for _ in range(count)]


async def test_the_first_event_is_the_answer_of_now_and_the_next_comes_with_a_change() -> None:
    one, two = a_poll(b"[1]"), a_poll(b"[2]")
    retry, first, second = await heard([one, one, one, two], 3)
    assert retry == b"retry: 3000\n\n"
    assert first == f'id: {one.tag}\nevent: overdue\ndata: {{"items":[1]}}\n\n'.encode()
    assert second.startswith(f"id: {two.tag}\n".encode())


async def test_who_comes_back_with_the_last_tag_hears_only_what_is_new() -> None:
    one, two = a_poll(b"[1]"), a_poll(b"[2]")
    _, event = await heard([one, two], 2, known=one.tag)
    assert event.startswith(f"id: {two.tag}\n".encode())


async def test_silence_is_broken_by_a_comment() -> None:
    one = a_poll(b"[1]")
    _, _, comment = await heard([one, one], 3, beat=0.0)
    assert comment.startswith(b":")


async def test_a_busy_database_ends_no_stream() -> None:
    one = a_poll(b"[1]")
    _, event = await heard([None, None, one], 2)
    assert event.startswith(f"id: {one.tag}\n".encode())
