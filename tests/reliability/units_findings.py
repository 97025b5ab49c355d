"""Write units of the findings, their rules and reviews, and of the verification at night."""

from datetime import timedelta
from typing import Any
from unittest import mock

from app.findings.examine import examine
from app.proof import nightly
from app.proof.verify import Asked, verify_all
from tests.builders.findings import a_finding
from tests.contract.assault import BODIES
from tests.reliability.stage import Stage, Unit
from tests.reliability.units_rules import sends

__all__ = ["FINDINGS"]

RULES = "/api/v1/findings/rules"
REVIEW = "/api/v1/findings/{finding}/review"
EXAMINE = "app/findings/examine.py:"


async def find(stage: Stage) -> None:
    stage.memory["finding"] = await a_finding(stage.service, stage.hands.now())


async def history(stage: Stage) -> None:
    """An application with a late step, and days that are over."""
    number = await stage.receive()
    stage.hands.advance(timedelta(hours=3))
    at = (stage.hands.now() - timedelta(hours=1)).isoformat()
    await stage.step(number, "accept", occurred_at=at, late_reason="补录", actor="李四", approver="王五")
    stage.hands.advance(timedelta(days=40))


async def look(stage: Stage) -> None:
    assert (await examine(stage.service)).is_whole


async def in_the_morning(stage: Stage) -> None:
    await history(stage)
    stage.hands.set("2026-12-16T06:00:00+08:00")


async def verify_at_night(stage: Stage) -> None:
    """The verification itself reads only: here in this process."""

    async def verify(*_: Any) -> Any:
        return await verify_all(stage.service.db, stage.service.sealer, Asked())

    with mock.patch.object(nightly, "verify_alone", verify):
        await nightly.verify_when_due(stage.service)


FINDINGS = [
    Unit(
        "rules of findings",
        sends("POST", RULES, BODIES[f"POST {RULES}"], "supervisor", key="rules of findings"),
        route=f"POST {RULES}",
        takes_key=True,
    ),
    Unit(
        "review of a finding",
        sends("POST", REVIEW, BODIES[f"POST {REVIEW}"], "supervisor", key="review"),
        route=f"POST {REVIEW}",
        prepare=find,
        takes_key=True,
    ),
    Unit(
        "examination",
        look,
        sites=(f"{EXAMINE}begin", f"{EXAMINE}applications", f"{EXAMINE}later"),
        prepare=history,
        in_steps="the applications, then the days and months, some a transaction, each with how far it has come",
    ),
    Unit(
        "verification at night",
        verify_at_night,
        sites=("app/proof/nightly.py:claim", "app/proof/nightly.py:conclude"),
        prepare=in_the_morning,
        in_steps="claimed, verified outside of any transaction, then concluded and told",
        patience=nightly.GIVEN_UP + timedelta(seconds=1),
    ),
]
