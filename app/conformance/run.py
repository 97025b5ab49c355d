"""Runs case files against a service, in batches, and keeps what differs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from app.conformance.case_files import Case, CaseFile
from app.conformance.differences import Difference, differences
from app.conformance.remote import Ask

__all__ = ["BATCH", "CaseDiffers", "FileRun", "run_file"]

Json = Any  # a value of an answer

BATCH = 200


class CaseDiffers(NamedTuple):
    """A case whose answer differs, and in what."""

    file: CaseFile
    case: Case
    differences: tuple[Difference, ...]

    @property
    def source(self) -> str:
        """Where the case comes from: its own source, else that of its file."""
        return self.case.source or "; ".join(source.name for source in self.file.sources)


class FileRun(NamedTuple):
    """What became of one file."""

    file: CaseFile
    asked: int
    differing: tuple[CaseDiffers, ...]

    def document(self) -> dict[str, Json]:
        """The run as data."""
        return {
            "file": self.file.name,
            "title": self.file.title,
            "asked": self.asked,
            "agree": self.asked - len(self.differing),
            "differ": len(self.differing),
            "cases": [
                {
                    "id": one.case.id,
                    "title": one.case.title,
                    "source": one.source,
                    "differences": [difference._asdict() for difference in one.differences],
                }
                for one in self.differing
            ],
        }


def run_file(
    file: CaseFile, ask: Ask, *, batch: int = BATCH, tell: Callable[[int, int], None] | None = None
) -> FileRun:
    """Every case of a file, asked in batches; a service that cannot be asked raises `NotAnswered`."""
    differing: list[CaseDiffers] = []
    done = 0
    for cases in _batches(file.cases, batch):
        results = ask([file.question(case) for case in cases])
        for case, result in zip(cases, results, strict=True):
            found = differences(case.expected, result)
            if found:
                differing.append(CaseDiffers(file, case, tuple(found)))
        done += len(cases)
        if tell is not None:
            tell(done, len(file.cases))
    return FileRun(file, done, tuple(differing))


def _batches(cases: Sequence[Case], size: int) -> Iterator[Sequence[Case]]:
    for begin in range(0, len(cases), size):
        yield cases[begin : begin + size]
