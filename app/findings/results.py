"""Rules about the course of one application: corrections asked for again, a completion with nothing to show."""

from collections.abc import Iterator
from typing import Final

from app.domain.chain import Json
from app.domain.steps import StepType
from app.findings.cases import Case, Found, step_seen

__all__ = ["completed_without_result", "corrections_repeated"]

DECISIONS: Final = frozenset({StepType.DECIDE, StepType.REFUSE, StepType.WITHDRAW, StepType.TERMINATE})
SHOWN: Final = frozenset({StepType.DECIDE, StepType.PUBLISH, StepType.DELIVER, StepType.CLOSE})
ENDS: Final = frozenset({StepType.CLOSE, StepType.DELIVER})


def corrections_repeated(case: Case, *, times: int) -> Iterator[Found]:
    """多次补正 (许可法 第七十二条第四项): what is missing is told once and whole."""
    asked = [entry for entry in case.entries if entry.type is StepType.REQUEST_CORRECTION]
    if len(asked) >= times:
        last = asked[-1]
        evidence: dict[str, Json] = {
            "steps": [step_seen(entry) for entry in asked],
            "figures": {"times": len(asked)},
        }
        yield Found(
            "corrections_repeated", "", case.number, case.item.code, case.holder_at(last.at), last.at, evidence,
            {"times": times},
        )  # fmt: skip


def completed_without_result(case: Case, *, imported: bool) -> Iterator[Found]:
    """假办结: delivered or closed with no decision on record, or with a decision that no document shows."""
    if case.imported and not imported:
        return
    ends = [entry for entry in case.entries if entry.type in ENDS]
    if not ends:
        return
    end = ends[-1]
    decided = [entry for entry in case.entries if entry.type in DECISIONS]
    if decided and decided[-1].type is not StepType.DECIDE:
        return
    if not decided and is_by_silence(case):
        return
    lacking = "document" if decided else "decision"
    shown = any(entry.documented for entry in case.entries if entry.type in SHOWN)
    if lacking == "document" and (shown or case.imported):
        return
    evidence: dict[str, Json] = {
        "steps": [step_seen(entry) for entry in (*decided, end)],
        "figures": {"lacks": lacking},
    }
    yield Found(
        "completed_without_result", f"{end.seq}", case.number, case.item.code, case.holder_at(end.at), end.at,
        evidence, {},
    )  # fmt: skip


def is_by_silence(case: Case) -> bool:
    """Whether the law decided it: silence leaves no document of the office's."""
    return any(stretch.status == "decided" for stretch in case.stretches)
