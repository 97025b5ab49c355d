"""Reads `applications.csv` and `steps.csv` (`api.md`, Import files): bytes in, checked rows out, memory flat."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, ValidationError

from app.kit.schemas import Code, DateIn, InstantIn, Line, LongText, Wire

__all__ = ["ApplicationRow", "FileRefused", "Numbered", "StepRow", "read_applications", "read_steps", "row_hash"]

MAX_CELL = 10_000
Row = TypeVar("Row", bound=Wire)
REQUIRED_APPLICATION = ("external_ref", "item", "channel", "submitted_at", "department")
OPTIONAL_APPLICATION = ("applicant_name", "subject", "statutory_due_at", "promised_due_at", "section", "officer")
REQUIRED_STEP = ("external_ref", "occurred_at")
OPTIONAL_STEP = ("type", "activity", "section", "actor", "note")


class FileRefused(Exception):
    """A file that cannot be read at all: not UTF-8, no header, an unknown column. Nothing of it is taken."""


def _known_channel(value: str) -> str:
    if value not in {"window", "online", "mail", "integration"}:
        raise ValueError("one of window, online, mail, integration")
    return value


def spelled_as_code(value: object) -> object:
    """Another system's text as a code of ours: a slash, which no code may hold, becomes its full-width twin ／.

    The text itself stays the name: `District 04: Allston/Brighton` is the code `District 04: Allston／Brighton`.
    """
    return value.replace("/", "\uff0f") if isinstance(value, str) else value


Empty = BeforeValidator(lambda value: None if value == "" else value)
Spelled = BeforeValidator(spelled_as_code)
Channel = Annotated[str, AfterValidator(_known_channel)]
Due = Annotated[InstantIn | DateIn | None, Empty]


class ApplicationRow(Wire):
    """One application. An empty optional cell is None.

    A due column holds an instant, the exclusive end, or a date, the last day.
    """

    external_ref: Code
    item: Annotated[Code, Spelled]
    applicant_name: Annotated[Line | None, Empty] = None
    subject: Annotated[LongText | None, Empty] = None
    channel: Channel
    submitted_at: InstantIn
    statutory_due_at: Due = None
    promised_due_at: Due = None
    department: Annotated[Code, Spelled]
    section: Annotated[Code | None, Empty, Spelled] = None
    officer: Annotated[Code | None, Empty, Spelled] = None

    def fixed_due(self) -> dict[str, datetime | date]:
        """The ends that the row fixes, by kind of clock."""
        ends = {"statutory": self.statutory_due_at, "promise": self.promised_due_at}
        return {kind: end for kind, end in ends.items() if end is not None}


class StepRow(Wire):
    """One step: either a step `type` or the `activity` of another system."""

    external_ref: Code
    type: Annotated[Line | None, Empty] = None
    activity: Annotated[Line | None, Empty] = None
    occurred_at: InstantIn
    section: Annotated[Code | None, Empty, Spelled] = None
    actor: Annotated[Line | None, Empty] = None
    note: Annotated[LongText | None, Empty] = None


@dataclass(frozen=True, slots=True)
class Numbered(Generic[Row]):
    """A row or why it is refused, with its line and the hash of its content."""

    line: int
    external_ref: str
    hash: bytes
    row: Row | None
    fault: str = ""


def row_hash(cells: dict[str, str]) -> bytes:
    """SHA-256 over the named cells by the order of their names: what counts is the content, not the columns' order."""
    digest = hashlib.sha256()
    for name in sorted(cells):
        for part in (name, cells[name]):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return digest.digest()


def _records(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str] | None, str]]:
    """(line, cells or None, fault) of each record. Raises FileRefused for what spoils the whole file."""
    try:
        handle = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}") from error
    with handle:
        reader = csv.reader(handle, strict=True)
        try:
            header = next(reader, None)
            if header is None:
                raise FileRefused(f"{path}: the file is empty; its first line must name the columns")
            unknown = [name for name in header if name not in {*required, *optional}]
            missing = [name for name in required if name not in header]
            if unknown or missing or len(set(header)) != len(header):
                raise FileRefused(
                    f"{path}: columns: "
                    + "; ".join(
                        part
                        for part in (
                            f"unknown {', '.join(map(repr, unknown))}" if unknown else "",
                            f"missing {', '.join(missing)}" if missing else "",
                            "a column stands twice" if len(set(header)) != len(header) else "",
                        )
                        if part
                    )
                )
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                if len(cells) != len(header):
                    yield line, None, f"{len(cells)} cells where the header has {len(header)}"
                elif any(len(cell) > MAX_CELL for cell in cells):
                    yield line, None, f"a cell of more than {MAX_CELL} characters"
                else:
                    yield line, dict(zip(header, cells, strict=True)), ""
        except UnicodeDecodeError as error:
            raise FileRefused(f"{path}: not UTF-8 near line {reader.line_num + 1}") from error
        except csv.Error as error:
            raise FileRefused(f"{path}: line {reader.line_num}: {error}") from error


def _checked(model: type[Row], line: int, cells: dict[str, str] | None, fault: str) -> Numbered[Row]:
    if cells is None:
        return Numbered(line, "", b"", None, fault)
    ref = cells.get("external_ref", "")
    try:
        return Numbered(line, ref, row_hash(cells), model.model_validate(cells))
    except ValidationError as error:
        faults: list[Any] = error.errors(include_url=False, include_input=False, include_context=False)
        said = {(str(fault["loc"][0]), fault["msg"].removeprefix("Value error, ")) for fault in faults}
        reasons = [f"{column}: {reason}" for column, reason in sorted(said)]
        return Numbered(line, ref.encode("ascii", "backslashreplace").decode()[:64], b"", None, "; ".join(reasons))


def read_applications(path: Path) -> Iterator[Numbered[ApplicationRow]]:
    """The applications of a file, in its order; a row that is refused has a `fault` and no `row`."""
    for line, cells, fault in _records(path, REQUIRED_APPLICATION, OPTIONAL_APPLICATION):
        yield _checked(ApplicationRow, line, cells, fault)


def read_steps(path: Path) -> Iterator[Numbered[StepRow]]:
    """The steps of a file, in its order; one that names neither or both of `type` and `activity` is refused."""
    for line, cells, fault in _records(path, REQUIRED_STEP, OPTIONAL_STEP):
        numbered = _checked(StepRow, line, cells, fault)
        row = numbered.row
        if row is not None and (row.type is None) == (row.activity is None):
            numbered = Numbered(line, numbered.external_ref, b"", None, "either type or activity must be given")
        yield numbered
