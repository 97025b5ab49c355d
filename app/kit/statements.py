"""The few hot statements: Core, compiled once a dialect, run on the driver's own connection."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from app.kit.columns import Base, Instant

__all__ = ["Form", "Hot", "insert_for"]

Convert = Callable[[Any], Any]


def insert_for(tx: AsyncConnection) -> Callable[[type[Base]], postgresql.Insert | sqlite.Insert]:
    """The `INSERT` of the dialect of `tx`, for both know `ON CONFLICT`: `insert_for(tx)(Table).values(…)`."""
    return postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert


class Form:
    """A statement as one dialect's driver takes it: its text, the order of its arguments, how values become them."""

    __slots__ = ("_binders", "_names", "_readers", "sql", "writes")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        if compiled.post_compile_params:
            raise ValueError("a hot statement has a fixed text: no IN list, no literal")
        self.sql = str(compiled)
        self.writes = bool(compiled.isinsert or compiled.isupdate or compiled.isdelete)
        order = tuple(compiled.positiontup or ())
        self._names = tuple((name, compiled.binds[name].value, compiled.binds[name].required) for name in order)
        self._binders = tuple(
            None
            if dialect.name == "postgresql"
            and isinstance(compiled.binds[name].type, Instant)  # asyncpg takes aware instants
            else compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            for name in order
        )
        readers: list[Convert | None] = []
        if dialect.name != "postgresql":  # asyncpg gives instants in UTC, dates, bytes and JSON values by itself
            types = [entry.type.dialect_impl(dialect) for entry in compiled._result_columns]
            readers = [type_.result_processor(dialect, None) for type_ in types]
        self._readers = readers if any(readers) else None

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments in the driver's order; a name that the statement needs and `values` lacks is a `KeyError`."""
        return tuple(
            [
                given if binder is None or given is None else binder(given)
                for (name, default, required), binder in zip(self._names, self._binders, strict=True)
                for given in (values[name] if required else values.get(name, default),)
            ]
        )

    def read(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """The rows with the values that Core would have given."""
        readers = self._readers
        if readers is None:
            return rows
        return [
            tuple([value if reader is None else reader(value) for value, reader in zip(row, readers, strict=True)])
            for row in rows
        ]


class Hot:
    """A Core statement with `bindparam`s, written once as a module constant: `LOOK_UP = Hot(select(…).where(…))`."""

    __slots__ = ("_forms", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._forms: dict[str, Form] = {}

    def form(self, dialect: Dialect) -> Form:
        """The statement as the driver of `dialect` takes it; compiled at the first call."""
        form = self._forms.get(dialect.name)
        if form is None:
            compiled = self._statement.compile(dialect=dialect)
            if not isinstance(compiled, SQLCompiler):
                raise TypeError("a hot statement is a SELECT, INSERT, UPDATE or DELETE")
            form = self._forms[dialect.name] = Form(compiled, dialect)
        return form
