"""The floor of P5: the statements that the product sends for one step, overheard, and made ready for other numbers."""

import asyncio
import secrets
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event

from app.kit.service import Service
from app.main import create_app

__all__ = ["Sent", "captured", "with_fresh"]

Message = MutableMapping[str, Any]  # ASGI leaves the values open


class Sent(NamedTuple):
    """One statement as the driver got it; with `many` its arguments are rows, sent as one batch."""

    sql: str
    arguments: Sequence[Any]
    many: bool


async def captured(service: Service, key: str, path: str, body: str, numbers: Sequence[str]) -> list[Sent]:
    """The statements of a step on the last of `numbers`; the first ones fill what the product keeps in memory."""
    app = create_app(service)
    for number in numbers[:-1]:
        await post(app, key, path.format(number), body)
    heard: list[Sent] = []
    with overhearing(service, heard):
        await post(app, key, path.format(numbers[-1]), body)
        await asyncio.sleep(0.05)  # the driver reports at the loop's next turn
    return heard


@contextmanager
def overhearing(service: Service, heard: list[Sent]) -> Iterator[None]:
    """Note every statement of the service's writers meanwhile."""
    listened: list[Any] = []  # asyncpg has no types

    def note(record: Any) -> None:  # asyncpg has no types
        many = isinstance(record.args, list)
        heard.append(Sent(record.query, record.args, many))

    def lent(adapted: Any, record: object, proxy: object) -> None:  # the driver's connection, as SQLAlchemy wraps it
        connection = adapted.driver_connection
        if connection not in listened:
            listened.append(connection)
            connection.add_query_logger(note)

    def core(*about: object) -> None:
        raise RuntimeError(f"a step sends a statement that does not run on the driver: {about[2]}")

    engine = service.db.engine.sync_engine
    event.listen(engine, "checkout", lent)
    event.listen(engine, "before_cursor_execute", core)
    try:
        yield
    finally:
        event.remove(engine, "checkout", lent)
        event.remove(engine, "before_cursor_execute", core)
        for connection in listened:
            connection.remove_query_logger(note)


async def post(app: Any, key: str, path: str, body: str) -> None:  # an ASGI application
    """One step, in this process."""
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"bench"),
            (b"content-type", b"application/json"),
            (b"x-api-key", key.encode()),
            (b"idempotency-key", secrets.token_hex(8).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    if statuses != [201]:
        raise RuntimeError(f"a step was answered with {statuses}")


def with_fresh(statements: Sequence[Sent], example: str, number: str) -> list[Sent]:
    """The same statements for another application, with a place of its own for the kept answer."""
    places: dict[bytes, bytes] = {}
    claim = next((sent for sent in statements if "idempotency_keys" in sent.sql), None)
    if claim is not None:
        places[claim.arguments[0]] = secrets.token_bytes(32)

    def fresh(value: Any) -> Any:  # whatever a statement takes
        if isinstance(value, str):
            return value.replace(example, number)
        if isinstance(value, bytes):
            return places.get(value, value)
        if isinstance(value, list | tuple):
            return type(value)(fresh(each) for each in value)
        return value

    return [Sent(sent.sql, fresh(sent.arguments), sent.many) for sent in statements]
