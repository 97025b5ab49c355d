"""What an import did: counts, and every row that it refused with the reason."""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

__all__ = ["ImportReport", "RefusedRow"]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that was not taken: its file, its line (from 1, the header is line 1), its reference, and why."""

    file: str
    line: int
    external_ref: str
    code: str
    detail: str


@dataclass(slots=True)
class ImportReport:
    """Counts of an import; `known` rows were there already and changed nothing."""

    applications_new: int = 0
    applications_known: int = 0
    steps_new: int = 0
    steps_known: int = 0
    created_items: list[str] = field(default_factory=list)
    created_departments: list[str] = field(default_factory=list)
    unmapped_activities: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)

    def refuse(self, file: str, line: int, external_ref: str, code: str, detail: str) -> None:
        """Note a row that is not taken."""
        self.refused.append(RefusedRow(file, line, external_ref, code, detail))

    def lines(self) -> list[str]:
        """The report as text, refused rows last."""
        out = [
            f"applications: {self.applications_new} new, {self.applications_known} known",
            f"steps: {self.steps_new} new, {self.steps_known} known",
        ]
        if self.created_departments:
            out.append(f"departments made: {', '.join(self.created_departments)}")
        if self.created_items:
            out.append(f"items made: {', '.join(self.created_items)}")
        if self.unmapped_activities:
            total = sum(self.unmapped_activities.values())
            out.append(f"activities without a mapping, kept as completed stages of their name: {total}")
            out += [f"  {count:>6}  {name}" for name, count in self.unmapped_activities.most_common()]
        if self.odd:
            out.append("odd history, kept and marked (applications):")
            out += [f"  {count:>6}  {code}" for code, count in self.odd.most_common()]
        out.append(f"refused rows: {len(self.refused)}")
        out += [f"  {r.file}:{r.line}: {r.external_ref or '-'}: {r.code}: {r.detail}" for r in self.refused]
        return out

    def document(self) -> dict[str, Any]:
        """The same as JSON values."""
        counts = {"unmapped_activities": dict(self.unmapped_activities), "odd": dict(self.odd)}
        plain = replace(self, unmapped_activities=Counter(), odd=Counter())
        return asdict(plain) | counts  # `asdict` copies a Counter by its pairs, and counts those
