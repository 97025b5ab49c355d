"""The few hot statements: Core, compiled once a dialect, run on the driver's own connection."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from app.kit.columns import Base, Instant

__all__ = ["Form", "Hot", "insert_for"]

Convert = Callable[[Any], Any]


def insert_for(tx: AsyncConnection) -> Callable[[type[Base]], postgresql.Insert | sqlite.Insert]:
    """The `INSERT` of the dialect of `tx`, for both know `ON CONFLICT`: `insert_for(tx)(Table).values(…)`."""
    return postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert


class Form:
    """A statement as one dialect's driver takes it: its text, the order of its arguments, how values become them."""

    __slots__ = ("_binders", "_defaults", "_pick", "_readers", "sql", "writes")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        if compiled.post_compile_params:
            raise ValueError("a hot statement has a fixed text: no IN list, no literal")
        self.sql = str(compiled)
        self.writes = bool(compiled.isinsert or compiled.isupdate or compiled.isdelete)
        order = tuple(compiled.positiontup or ())
        self._pick = itemgetter(*order) if len(order) > 1 else _one(order)
        self._defaults = {name: compiled.binds[name].value for name in order if not compiled.binds[name].required}
        self._binders = tuple(
            (place, binder)
            for place, name in enumerate(order)
            if (binder := _binder(compiled.binds[name].type.dialect_impl(dialect), dialect)) is not None
        )
        readers: list[Convert | None] = []
        if dialect.name != "postgresql":  # asyncpg gives instants in UTC, dates, bytes and JSON values by itself
            types = [entry.type.dialect_impl(dialect) for entry in compiled._result_columns]
            readers = [type_.result_processor(dialect, None) for type_ in types]
        self._readers = readers if any(readers) else None

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments in the driver's order; a name that the statement needs and `values` lacks is a `KeyError`."""
        arguments = self._pick({**self._defaults, **values} if self._defaults else values)
        if not self._binders:
            return arguments
        bound = list(arguments)
        for place, binder in self._binders:
            if bound[place] is not None:
                bound[place] = binder(bound[place])
        return tuple(bound)

    def read(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """The rows with the values that Core would have given."""
        readers = self._readers
        if readers is None:
            return rows
        return [
            tuple([value if reader is None else reader(value) for value, reader in zip(row, readers, strict=True)])
            for row in rows
        ]


def _one(order: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What `itemgetter` gives for several names, for one or none."""
    return lambda values: tuple([values[name] for name in order])


def _binder(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What the driver needs done to a value; asyncpg takes aware instants as they are."""
    if dialect.name == "postgresql" and isinstance(type_, Instant):
        return None
    return type_.bind_processor(dialect)


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
