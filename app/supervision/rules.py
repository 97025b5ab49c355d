"""The rules of supervision in force: the newest published version, or the sample that comes with the service."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.calendars import catalogue
from app.domain.refusal import Refusal
from app.kit.problems import refused
from app.kit.texts import Language
from app.kit.turns import take_turn
from app.supervision import queries
from app.supervision.course import Fact, OrderStep, Terms, dossier_of, outlook, wanted_cards
from app.supervision.models import RuleSet
from app.supervision.rule_schemas import RulesIn
from app.supervision.terms import read_terms

__all__ = ["SAMPLE", "Rules", "in_force", "publish_rules", "version_of"]

SAMPLE: Final = 0
"""The version of the sample set."""
RULES_LOCK: Final = 7_238_411_909
_FILE: Final = Path(__file__).parent / "data" / "sample.json"
_SAMPLE: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))


class Rules(NamedTuple):
    """One version of the rules."""

    version: int
    body: Mapping[str, Any]
    published_at: datetime | None = None
    published_by: str | None = None

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
        return (named.get("en") if language == "en" else None) or named["zh"]


async def publish_rules(tx: AsyncConnection, actor: audit.Doer, body: RulesIn, *, now: datetime) -> tuple[Rules, bool]:
    """Make a new version of the rules, linked in the chain of the rules, and say that this call made it.

    Rules equal to the newest make none. Orders keep the terms under which they were issued.
    """
    await take_turn(tx, RULES_LOCK)
    before = await in_force(tx)
    wanted = body.model_dump(mode="json", exclude_none=True)
    if RulesIn.model_validate_json(json.dumps(before.body)) == body:
        return before, False
    version = before.version + 1
    stored = _whole(wanted)
    try:
        _tried(read_terms(stored), now)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    values = {"version": version, "body": stored, "published_at": now, "published_by": actor.credential}
    await tx.execute(insert(RuleSet), values)
    await rulebook.link_row(tx, RuleSet, RuleSet.version == version, now=now)
    await audit.record(tx, actor, "publish_supervision_rules", str(version), at=now)
    return Rules(version, stored, now, actor.credential), True


def _tried(terms: Terms, now: datetime) -> None:
    """Reckon an order under these terms, answered and returned: raises where the nation's calendar cannot count it."""
    steps = (OrderStep.ISSUE, OrderStep.ANSWER, OrderStep.RETURN)
    facts = [Fact(seq, step, now, {}, {}) for seq, step in enumerate(steps, 1)]
    wanted_cards(outlook(dossier_of(facts, terms, catalogue.for_item(None, None), "")), terms, None)


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    """A document with what is none said, as terms are read from it."""
    cards = [{**card, "after": card.get("after")} for card in body["cards"]]
    return {**body, "warn_before": body.get("warn_before"), "cards": cards}


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
