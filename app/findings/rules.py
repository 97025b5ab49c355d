"""The rules of findings in force: the newest published version, or the one that comes with the service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.findings import queries
from app.findings.models import FindingRuleSet
from app.findings.rule_schemas import FindingRule, FindingRulesIn
from app.kit.turns import take_turn

__all__ = ["BUILT_IN", "FindingRules", "in_force", "publish_finding_rules", "version_of"]

BUILT_IN: Final = 0
RULES_LOCK: Final = 7_238_411_923


class FindingRules(NamedTuple):
    """One version of the rules."""

    version: int
    body: FindingRulesIn
    published_at: datetime | None = None
    published_by: str | None = None

    @property
    def enabled(self) -> frozenset[str]:
        """The rules that are looked for."""
        named: Mapping[str, Any] = {name: getattr(self.body, name) for name in type(self.body).model_fields}
        return frozenset(name for name, rule in named.items() if isinstance(rule, FindingRule) and rule.enabled)


def read(row: queries.RuleRow) -> FindingRules:
    """A stored version; a rule that a later release brought stands there as it is built in."""
    return FindingRules(row[0], FindingRulesIn.model_validate(row[1]), row[2], row[3])


async def in_force(tx: AsyncConnection) -> FindingRules:
    """By what is looked now."""
    row = await queries.newest_rules(tx)
    return FindingRules(BUILT_IN, FindingRulesIn()) if row is None else read(row)


async def version_of(tx: AsyncConnection, version: int) -> FindingRules | None:
    """One version of the rules."""
    if version == BUILT_IN:
        return FindingRules(BUILT_IN, FindingRulesIn())
    row = await queries.rules_of(tx, version)
    return None if row is None else read(row)


async def publish_finding_rules(
    tx: AsyncConnection, actor: audit.Doer, body: FindingRulesIn, *, now: datetime
) -> tuple[FindingRules, bool]:
    """Make a new version of the rules, linked in the chain of the rules, and say that this call made it.

    Rules equal to the newest make none. The next examination looks at everything anew.
    """
    await take_turn(tx, RULES_LOCK)
    before = await in_force(tx)
    if before.body == body:
        return before, False
    version = before.version + 1
    stored = body.model_dump(mode="json")
    values = {"version": version, "body": stored, "published_at": now, "published_by": actor.credential}
    await tx.execute(insert(FindingRuleSet), values)
    await rulebook.link_row(tx, FindingRuleSet, FindingRuleSet.version == version, now=now)
    await audit.record(tx, actor, "publish_finding_rules", str(version), at=now)
    return FindingRules(version, body, now, actor.credential), True
