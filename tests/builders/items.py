"""Items for tests: an item names a state, `an_item().with_clock(...)`; the document is what a client would send."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

__all__ = ["ItemBuilder", "a_clock", "an_item"]

Json = dict[str, Any]  # a JSON object

DECISION = ["decided", "withdrawn", "terminated"]


def a_clock(kind: str = "statutory", amount: int = 20, unit: str = "working_day", **more: Any) -> Json:  # JSON values
    """A clock from acceptance to decision, other fields as given."""
    clock = {"kind": kind, "starts": "accepted", "stops": DECISION, "limit": {"amount": amount, "unit": unit}}
    return {**clock, **more}


@dataclass(frozen=True, slots=True)
class ItemBuilder:
    """The document of an item, growing."""

    document: Json = field(default_factory=dict)

    def with_(self, **fields: Any) -> Self:  # JSON values
        """The same with other top-level fields."""
        return replace(self, document={**self.document, **fields})

    def with_clock(self, kind: str = "statutory", amount: int = 20, unit: str = "working_day", **more: Any) -> Self:
        """The same with one more clock."""
        return self.with_(clocks=[*self.document["clocks"], a_clock(kind, amount, unit, **more)])

    def with_stage(self, code: str, amount: int | None = None, unit: str = "working_day", **more: Any) -> Self:
        """The same with one more stage, with a limit where an amount is given."""
        stage: Json = {"code": code, "name": code, **more}
        if amount is not None:
            stage["limit"] = {"amount": amount, "unit": unit}
        return self.with_(stages=[*self.document["stages"], stage])

    def build(self) -> Json:
        """The JSON object."""
        return dict(self.document)


def an_item(code: str = "eia-report", department: str = "D1") -> ItemBuilder:
    """An item without clocks or stages."""
    return ItemBuilder(
        {
            "code": code,
            "name": "建设项目环境影响报告书审批",
            "department": department,
            "jurisdiction": "CN",
            "clocks": [],
            "stages": [],
        }
    )
