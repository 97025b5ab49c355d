"""Case files: what a file of published cases holds, and why one is refused."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["FOLDER", "FORMAT", "Case", "CaseFile", "FileRefused", "locate", "published", "read_file"]

Json = Any  # a value as the file holds it

FORMAT: Final = "shixian-conformance/1"
FOLDER: Final = Path(__file__).parent / "data"
LARGEST: Final = 64 << 20
"""A case file is read whole; ours are below one megabyte."""


class FileRefused(Exception):
    """A file that is no case file; the message says which, where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(_Strict):
    """Where the cases come from, and on what terms."""

    name: Annotated[str, Field(min_length=1)]
    url: str | None = None
    licence: Annotated[str, Field(min_length=1)]
    note: str | None = None


class Case(_Strict):
    """One question and the answer that agrees with it."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    title: str | None = None
    tags: list[str] = []
    source: str | None = None
    reasoning: str | None = None
    request: Annotated[dict[str, Json], Field(min_length=1)]
    expected: Annotated[dict[str, Json], Field(min_length=1)]


class CaseFile(_Strict):
    """A file of cases. `schema.json` beside the published files says the same for every other language."""

    schema_: Annotated[str | None, Field(alias="$schema")] = None
    format: Literal["shixian-conformance/1"]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    title: str
    rule: str | None = None
    licence: Annotated[str, Field(min_length=1)]
    sources: Annotated[list[Source], Field(min_length=1)]
    calendars: dict[str, dict[str, Json]] = {}
    cases: Annotated[list[Case], Field(min_length=1)]

    def question(self, case: Case) -> dict[str, Json]:
        """A case as it is sent: with its id, and the calendar of the file where it names one."""
        sent = {"id": case.id, **case.request}
        calendar = sent.get("calendar")
        if isinstance(calendar, str) and calendar.startswith("#"):
            sent["calendar"] = self.calendars[calendar[1:]]
        return sent


def published() -> Mapping[str, Path]:
    """The files that come with the package, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.json")) if path.name != "schema.json"}


def locate(given: str) -> Path:
    """A file by its path, else a published one by its name."""
    path = Path(given)
    if path.exists():
        return path
    known = published()
    if given not in known:
        raise FileRefused(f"{given}: there is no such file, and no published one of this name ({', '.join(known)})")
    return known[given]


def read_file(path: Path) -> CaseFile:
    """A case file, whole; `FileRefused` says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise FileRefused(f"{path}: larger than {LARGEST >> 20} MB")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FileRefused(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise FileRefused(f"{path}: is not JSON: {error}") from error
    try:
        file = CaseFile.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise FileRefused(f"{path}: is no case file: /{where}: {first['msg']}{more}") from error
    _check_names(path, file)
    return file


def _check_names(path: Path, file: CaseFile) -> None:
    seen: set[str] = set()
    for case in file.cases:
        if case.id in seen:
            raise FileRefused(f"{path}: the id {case.id} stands twice")
        seen.add(case.id)
        calendar = case.request.get("calendar")
        if isinstance(calendar, str) and calendar.startswith("#") and calendar[1:] not in file.calendars:
            raise FileRefused(f"{path}: case {case.id} names the calendar {calendar}, which the file does not hold")
        unknown = sorted(_unknown(case.expected))
        if unknown:
            raise FileRefused(f"{path}: case {case.id} expects {unknown[0]}, which no answer has")


EXPECTED: Final = frozenset(
    {"due_on", "due_at", "provisional", "status", "clocks", "deemed", "violations", "error", "explanation"}
)


def _unknown(expected: Iterable[str]) -> Iterable[str]:
    return (field for field in expected if field not in EXPECTED)
