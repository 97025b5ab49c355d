"""What the drivers raise, told apart: the database is busy, gone, or the program is wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kit.faults import Busy, Clash, Unavailable

__all__ = ["RAISED", "connecting", "fault_of", "faults", "rules"]

_GONE = ("08", "57P01", "57P02", "57P03", "53", "58", "XX")
_CLASHED = ("40001", "40P01")
_WAITED = ("55P03", "57014", "25P03", "57P05")


def fault_of(error: Exception) -> Busy | None:
    """Which fault of the database an exception of a driver means; none where it is a mistake of the program."""
    if isinstance(error, PoolTimeout):
        return Busy("all connections to the database are taken")
    original = getattr(error.orig, "driver_exception", error.orig) if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _sqlite_fault(original)
    sqlstate = getattr(original, "sqlstate", None) or ""
    if sqlstate in _CLASHED:
        return Clash("two writers stood in each other's way")
    if sqlstate in _WAITED:
        return Busy("the database took too long")
    if sqlstate.startswith(_GONE):
        return Unavailable("the database does not answer")
    closed = isinstance(original, asyncpg.InterfaceError) and "closed" in str(original)
    if closed or isinstance(original, asyncpg.InternalClientError | ConnectionError):
        return Unavailable("the connection to the database was lost")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Unavailable("the connection to the database was lost")
    return None


def _sqlite_fault(error: sqlite3.Error) -> Busy | None:
    code = getattr(error, "sqlite_errorcode", None) or 0
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Busy("the database is being written to")
        case sqlite3.SQLITE_FULL:
            return Unavailable("there is no space left for the database", retry_after=30)
        case (
            sqlite3.SQLITE_IOERR
            | sqlite3.SQLITE_CANTOPEN
            | sqlite3.SQLITE_READONLY
            | sqlite3.SQLITE_CORRUPT
            | sqlite3.SQLITE_NOTADB
        ):
            return Unavailable("the database file cannot be read or written", retry_after=30)
        case _:
            return None


RAISED = (
    DBAPIError,
    PoolTimeout,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
"""What SQLAlchemy and the drivers raise of a database."""


class Translated:
    """The block of `faults()`: a class, for a generator costs every statement a microsecond more."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and isinstance(error, RAISED):
            fault = fault_of(error)
            if fault is not None:
                raise fault from error


_TRANSLATED = Translated()


def faults() -> Translated:
    """Turns what drivers raise for a busy or lost database into `Busy`, `Unavailable` and `Clash`."""
    return _TRANSLATED


@contextmanager
def connecting(engine: AsyncEngine) -> Iterator[None]:
    """While a connection is made any refusal, of the network or of the server, means that the database is not there."""
    try:
        with faults():
            yield
    except (OSError, TimeoutError, asyncpg.PostgresError, DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        raise Unavailable("the database cannot be reached") from error


class rules:  # noqa: N801  used as the function that it was
    """A broken key or rule of the database is SQLAlchemy's `IntegrityError`, whichever way the statement went."""

    __slots__ = ("_sql",)

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, asyncpg.IntegrityConstraintViolationError | sqlite3.IntegrityError):
            raise IntegrityError(self._sql, None, error, hide_parameters=True) from error
