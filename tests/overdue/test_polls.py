"""When a kept answer may be given again, and when it must not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.kit.service import Service
from app.overdue.answers import Answer
from app.overdue.polls import LONGEST, Asker, Poll, Polls
from tests.conftest import Hands

ASKER = Asker("overdue", b"", "zh-CN", "all")
NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


def an_answer(rows: bytes = b"[]", *, good_until: datetime = NOW + timedelta(seconds=1)) -> Answer:
    return Answer(b'{"items":' + rows + b"}", rows, "2026-11-02T09:00:00+08:00", None, None, good_until)


def reader(answers: list[Answer], delay: float = 0.0) -> Callable[[], Awaitable[Answer]]:
    async def read() -> Answer:
        await asyncio.sleep(delay)
        return answers.pop(0)

    return read


def a_poll(asker: Asker = ASKER, rows: bytes = b"[]") -> Poll:
    return Poll(asker, an_answer(rows), given_at=NOW, kept_since=100.0, commits=3)


def test_an_answer_is_good_for_a_second_and_no_longer() -> None:
    poll = a_poll()
    assert poll.is_good(NOW, 100.0 + LONGEST - 0.001, 3)
    assert not poll.is_good(NOW, 100.0 + LONGEST, 3)


def test_it_is_not_given_past_the_next_crossing() -> None:
    poll = a_poll()
    assert poll.is_good(poll.answer.good_until - timedelta(microseconds=1), 100.0, 3)
    assert not poll.is_good(poll.answer.good_until, 100.0, 3)


def test_it_is_not_given_after_a_commit_nor_by_a_clock_set_back() -> None:
    poll = a_poll()
    assert not poll.is_good(NOW, 100.0, 4)
    assert not poll.is_good(NOW - timedelta(seconds=1), 100.0, 3)


@pytest.mark.parametrize(
    "other",
    [
        a_poll(ASKER._replace(what="due_soon")),
        a_poll(ASKER._replace(query=b"limit=1")),
        a_poll(ASKER._replace(language="en")),
        a_poll(ASKER._replace(scope="in D1")),
        a_poll(rows=b"[1]"),
    ],
)
def test_the_tag_tells_list_query_language_scope_and_rows_apart(other: Poll) -> None:
    assert other.tag != a_poll().tag


async def test_who_asks_the_same_at_once_shares_one_answer(service: Service) -> None:
    polls = Polls(service.db, service.now)
    read = reader([an_answer(b"[1]"), an_answer(b"[2]")], delay=0.01)
    one, two = await asyncio.gather(polls.answer(ASKER, read), polls.answer(ASKER, read))
    assert one is two
    assert polls.kept(ASKER) is one


async def test_a_commit_between_keeps_them_apart_and_drops_what_is_kept(service: Service) -> None:
    polls = Polls(service.db, service.now)
    read = reader([an_answer(b"[1]"), an_answer(b"[2]")], delay=0.05)
    first = asyncio.create_task(polls.answer(ASKER, read))
    await asyncio.sleep(0.01)
    async with service.db.transaction() as tx:
        await tx.execute(text("UPDATE service_clock SET offset_us = offset_us"))
    second = await polls.answer(ASKER, read)
    assert (await first).answer.digest == b"[1]"
    assert second.answer.digest == b"[2]"
    assert polls.kept(ASKER) is second
    async with service.db.transaction() as tx:
        await tx.execute(text("UPDATE service_clock SET offset_us = offset_us"))
    assert polls.kept(ASKER) is None


async def test_reading_drops_nothing(service: Service) -> None:
    polls = Polls(service.db, service.now)
    await polls.answer(ASKER, reader([an_answer()]))
    async with service.db.read() as tx:
        await tx.execute(text("SELECT 1"))
    assert polls.kept(ASKER) is not None


async def test_a_read_that_fails_is_told_to_all_who_wait_and_not_kept(service: Service, hands: Hands) -> None:
    polls = Polls(service.db, service.now)

    async def fail() -> Answer:
        await asyncio.sleep(0.01)
        raise ZeroDivisionError

    results = await asyncio.gather(polls.answer(ASKER, fail), polls.answer(ASKER, fail), return_exceptions=True)
    assert [type(result) for result in results] == [ZeroDivisionError, ZeroDivisionError]
    assert polls.kept(ASKER) is None
    assert (await polls.answer(ASKER, reader([an_answer()]))).answer.digest == b"[]"
