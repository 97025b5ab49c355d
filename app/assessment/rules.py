"""The rules of scoring: versions that begin with a month, and the sample for all months before them."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.assessment import queries
from app.assessment.models import ScoringRules
from app.assessment.points import read_points
from app.assessment.rule_schemas import ScoringIn
from app.assessment.scoring import Cause, Grade, Part, Rule, Rules
from app.calendars.publish import Doer, refuse_own_approval
from app.domain.refusal import Refusal
from app.kit.problems import invalid, refused
from app.kit.texts import Language
from app.kit.turns import take_turn

__all__ = ["SAMPLE", "Scoring", "publish_scoring", "scoring_for", "version_of"]

SAMPLE: Final = 0
"""The version of the sample set."""
RULES_LOCK: Final = 7_238_411_920
_FILE: Final = Path(__file__).parent / "data" / "sample.json"
_SAMPLE: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))


class Scoring(NamedTuple):
    """One version of the rules."""

    version: int
    body: Mapping[str, Any]
    valid_from: date | None = None
    approver: str | None = None
    published_at: datetime | None = None
    published_by: str | None = None

    @property
    def rules(self) -> Rules:
        """As they are reckoned with."""
        return read_rules(self.body)

    def name(self, kind: str, code: str, language: Language) -> str:
        """What a part, a rule or a grade is called."""
        for one in self.body[kind]:
            if one["code"] == code:
                return spoken(one["name"], language)
        return code

    def label(self, what: str, language: Language) -> str:
        """What this authority calls a sheet, its supervision, a recommendation: data."""
        return spoken(self.body["labels"].get(what) or _SAMPLE["labels"][what], language)


def spoken(named: Mapping[str, str], language: Language) -> str:
    """A name of the rules in a language."""
    return (named.get("en") if language == "en" else None) or named["zh"]


def read_rules(body: Mapping[str, Any]) -> Rules:
    """The rules that a document spells."""
    grades = [
        Grade(one["code"], read_points(one["at_least"]), bool(one.get("recommends", False))) for one in body["grades"]
    ]
    return Rules(
        tuple(
            Part(one["code"], read_points(one["weight"]), read_points(one.get("floor", "0"))) for one in body["parts"]
        ),
        tuple(read_rule(one) for one in body["rules"]),
        tuple(sorted(grades, key=lambda grade: -grade.reached)),
        points_or_none(body.get("most")),
    )


def read_rule(said: Mapping[str, Any]) -> Rule:
    """One rule that a document spells."""
    points = points_or_none(said.get("points"))
    again = points_or_none(said.get("further_points"))
    clocks = said.get("clocks")
    return Rule(
        code=said["code"],
        part=said.get("part"),
        cause=Cause(said["cause"]),
        points=points,
        every=said.get("every", 1),
        clocks=None if clocks is None else frozenset(clocks),
        reached=said.get("at_least") or 0,
        further=said.get("further") or 0,
        further_points=(points or 0) if again is None else again,
        most=points_or_none(said.get("most")),
    )


def points_or_none(text: str | None) -> int | None:
    """Points where any are said."""
    return None if text is None else read_points(text)


async def publish_scoring(
    tx: AsyncConnection, actor: Doer, asked: ScoringIn, *, zone: ZoneInfo, now: datetime
) -> tuple[Scoring, bool]:
    """Make a new version of the rules, linked in the chain of the rules, and say that this call made it.

    It scores from a month on that is not over: no sheet that was seen as final changes by it. Rules equal to the
    newest version make none.
    """
    try:
        refuse_own_approval(actor, asked.approver)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    await take_turn(tx, RULES_LOCK)
    newest = await queries.newest_scoring(tx)
    said = asked.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"valid_from", "approver"})
    if newest is not None and (newest.body, newest.valid_from) == (said, asked.valid_from):
        return Scoring(*newest), False
    today = now.astimezone(zone).date()
    if asked.valid_from.day != 1:
        raise invalid("body", "/valid_from", "valid_from_not_a_month", "Rules begin on the first day of a month.")
    if asked.valid_from < today.replace(day=1):
        detail = f"Rules begin with the month that goes on, {today:%Y-%m}, at the earliest."
        raise invalid("body", "/valid_from", "valid_from_past", detail)
    version = 1 if newest is None else newest.version + 1
    values = {
        "version": version,
        "valid_from": asked.valid_from,
        "body": said,
        "approver": asked.approver,
        "published_at": now,
        "published_by": actor.credential,
    }
    await tx.execute(insert(ScoringRules), values)
    await rulebook.link_row(tx, ScoringRules, ScoringRules.version == version, now=now)
    stated = {"valid_from": asked.valid_from.isoformat()}
    await audit.record(tx, actor, "publish_scoring_rules", str(version), at=now, detail=stated)
    return Scoring(version, said, asked.valid_from, asked.approver, now, actor.credential), True


async def scoring_for(tx: AsyncConnection, first: date, known_at: datetime) -> Scoring:
    """The rules that score the month of a first day, by what had been published by an instant."""
    row = await queries.scoring_in_force(tx, first, known_at)
    return Scoring(SAMPLE, _SAMPLE) if row is None else Scoring(*row)


async def version_of(tx: AsyncConnection, version: int) -> Scoring | None:
    """One version of the rules."""
    if version == SAMPLE:
        return Scoring(SAMPLE, _SAMPLE)
    row = await queries.scoring_of(tx, version)
    return None if row is None else Scoring(*row)
