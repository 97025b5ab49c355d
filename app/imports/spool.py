"""The steps of an import, put aside on disk by application: files may be longer than memory and in any order."""

import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from app.imports.csv_rows import Numbered, StepRow

__all__ = ["Spool", "SpooledStep"]


class SpooledStep(NamedTuple):
    """A step row that was read, with its line and its mark: the hash of its content and its place among equal rows."""

    line: int
    mark: str
    row: StepRow


class Spool:
    """A private database of SQLite in a file without a name, gone when it is closed."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("")
        self._store.execute("CREATE TABLE steps (ref TEXT, line INTEGER, hash BLOB, row TEXT, done INTEGER DEFAULT 0)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def fill(self, rows: Iterator[Numbered[StepRow]]) -> Iterator[Numbered[StepRow]]:
        """Keep the rows that can be taken; the refused ones are handed back."""
        for numbered in rows:
            if numbered.row is None:
                yield numbered
                continue
            values = (numbered.external_ref, numbered.line, numbered.hash, numbered.row.model_dump_json())
            self._store.execute("INSERT INTO steps (ref, line, hash, row) VALUES (?, ?, ?, ?)", values)
        self._store.execute("CREATE INDEX steps_ref ON steps (ref, line)")

    def take(self, ref: str) -> list[SpooledStep]:
        """The steps of one application by the order of the file; each is handed out once."""
        found = self._store.execute(
            "SELECT line, hash, row FROM steps WHERE ref = ? AND done = 0 ORDER BY line", (ref,)
        )
        seen: dict[bytes, int] = {}
        steps = []
        for line, digest, row in found.fetchall():
            seen[digest] = place = seen.get(digest, 0) + 1
            steps.append(SpooledStep(line, f"{digest.hex()}.{place}", StepRow.model_validate_json(row)))
        self._store.execute("UPDATE steps SET done = 1 WHERE ref = ?", (ref,))
        return steps

    def left(self, at_once: int) -> Iterator[Sequence[str]]:
        """The references whose steps were never taken, in sets."""
        rows = self._store.execute("SELECT DISTINCT ref FROM steps WHERE done = 0 ORDER BY ref").fetchall()
        refs = [ref for (ref,) in rows]
        for start in range(0, len(refs), at_once):
            yield refs[start : start + at_once]
