"""The rules of supervision in force: the newest published version, or the sample that comes with the service."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.texts import Language
from app.supervision import queries
from app.supervision.course import Terms
from app.supervision.terms import read_terms

__all__ = ["SAMPLE", "Rules", "in_force", "version_of"]

SAMPLE: Final = 0
"""The version of the sample set."""
_FILE: Final = Path(__file__).parent / "data" / "sample.json"
_SAMPLE: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))


class Rules(NamedTuple):
    """One version of the rules."""

    version: int
    body: Mapping[str, Any]

    @property
    def terms(self) -> Terms:
        """The terms of an order issued under it."""
        return read_terms(self.body)

    def raises(self, kind: str, clock: str) -> bool:
        """Whether an alarm of this kind, of this kind of clock, raises an order."""
        return any(
            rule["kind"] == kind and (rule.get("clocks") is None or clock in rule["clocks"])
            for rule in self.body["raised_by"]
        )

    def label(self, what: str, language: Language) -> str:
        """What this authority calls an order, its supervision, a card: data."""
        named: Mapping[str, str] = self.body["labels"].get(what) or _SAMPLE["labels"][what]
        return named.get(language) or named["zh-CN"]


async def in_force(tx: AsyncConnection) -> Rules:
    """The rules that an order issued now has."""
    row = await queries.newest_rules(tx)
    return Rules(SAMPLE, _SAMPLE) if row is None else Rules(*row)


async def version_of(tx: AsyncConnection, version: int) -> Rules | None:
    """One version of the rules."""
    if version == SAMPLE:
        return Rules(SAMPLE, _SAMPLE)
    row = await queries.rules_of(tx, version)
    return None if row is None else Rules(*row)
