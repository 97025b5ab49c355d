"""A finding for tests, written as the examination writes one."""

from datetime import datetime

from app.domain.chain import Json
from app.findings.cases import Found, Holder
from app.findings.examine import name, settle
from app.findings.rule_schemas import FindingRulesIn
from app.findings.rules import FindingRules
from app.kit.service import Service

__all__ = ["a_finding"]


async def a_finding(service: Service, at: datetime, *, department: str = "D1", officer: str | None = None) -> str:
    """Its id: an officer's completions off hours."""
    figures: dict[str, Json] = {"count": 5, "first_at": at.isoformat(), "last_at": at.isoformat(), "rest_day": "no"}
    compared: dict[str, Json] = {"count": 5, "grace_minutes": 120, "opens": 510, "closes": 1080}
    found = Found(
        "off_hours",
        f"{department}/{officer}",
        None,
        None,
        Holder(department, None, officer),
        at,
        {"applications": [], "figures": figures},
        compared,
    )
    async with service.db.transaction() as tx:
        await settle(
            tx, {f"test:{department}/{officer}/{at}": [found]}, FindingRules(0, FindingRulesIn()), service.now.now()
        )
    return name(found)
