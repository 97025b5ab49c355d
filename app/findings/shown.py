"""Findings and their rules as the interface shows them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.applications.events import values_of
from app.calendars import catalogue
from app.departments.queries import Names
from app.domain.calendar import Calendar
from app.findings.queries import Review, Row, Stand
from app.findings.review import sealed_name
from app.findings.rule_schemas import FindingRulesIn, FindingRulesOut
from app.findings.rules import FindingRules
from app.findings.sentences import SENTENCES, Subject, Words, sentence
from app.kit.sealing import Sealer
from app.kit.texts import Language, label

__all__ = ["finding_json", "review_json", "rules_json", "told_rules"]

STATES: Final = {"open": Words("待查", "Open"), "reviewed": Words("已复核", "Reviewed")}
VERDICTS: Final = {
    "justified": Words("情况属实且合理", "Explained and in order"),
    "unfounded": Words("不成立", "Unfounded"),
    "referred": Words("移送处理", "Passed on"),
}
INSTANTS: Final = ("first_at", "last_at", "finished_at")

Json = dict[str, Any]  # a part of an answer


def finding_json(
    row: Row, stood: Sequence[Stand], reviews: Sequence[Review], names: Names, language: Language, sealer: Sealer
) -> Json:
    """A finding with its last review."""
    calendar = catalogue.for_item(None, None)
    officer = None if row.officer is None else names.officer(row.department, row.officer)
    subject = Subject(language, calendar.local, names.department(row.department), officer, row.item)
    state = "reviewed" if reviews else "open"
    telling = SENTENCES[row.rule]
    return {
        "id": row.id,
        "rule": row.rule,
        "rule_label": telling.name.in_(language),
        "rules": row.rules,
        "seen": sentence(row.rule, row.evidence, row.compared, subject),
        "innocent": telling.innocent.in_(language),
        "tracking_number": row.application,
        "item": row.item,
        "holder": {"department": row.department, "section": row.section, "officer": row.officer},
        "at": calendar.local(row.at).isoformat(),
        "evidence": evidence_json(row.evidence, calendar, language),
        "compared": row.compared,
        "follows": row.follows,
        "follows_reviewed": False,
        "found_at": calendar.local(row.found_at).isoformat(),
        "stood": [
            {
                "from_at": calendar.local(one.from_at).isoformat(),
                "to_at": None if one.to_at is None else calendar.local(one.to_at).isoformat(),
                "cause": one.cause,
            }
            for one in stood
        ],
        "state": state,
        "state_label": STATES[state].in_(language),
        "review": review_json(row.id, reviews[-1], language, sealer) if reviews else None,
    }


def evidence_json(evidence: Mapping[str, Any], calendar: Calendar, language: Language) -> Json:
    """What happened, with labels and in the zone of the place."""

    def local(stamped: str) -> str:
        return calendar.local(datetime.fromisoformat(stamped)).isoformat()

    figures = evidence.get("figures", {})
    return {
        "steps": [
            {
                "seq": step["seq"],
                "type": step["type"],
                "type_label": label("step", step["type"], language),
                "occurred_at": local(step["occurred_at"]),
                "recorded_at": local(step["recorded_at"]),
            }
            for step in evidence.get("steps", [])
        ],
        "clocks": [
            {
                **clock,
                "clock_label": label("clock", clock["clock"], language),
                "stage": clock["stage"] or None,
                "due_at": local(clock["due_at"]),
            }
            for clock in evidence.get("clocks", [])
        ],
        "applications": evidence.get("applications", []),
        "figures": {name: local(value) if name in INSTANTS else value for name, value in figures.items()},
    }


def review_json(finding: str, review: Review, language: Language, sealer: Sealer) -> Json:
    """One review."""
    private = {} if review.sealed is None else values_of(sealer.open(review.sealed, sealed_name(finding, review.seq)))
    return {
        "seq": review.seq,
        "verdict": review.verdict,
        "verdict_label": VERDICTS[review.verdict].in_(language),
        "corrects": review.corrects,
        "reviewed_at": catalogue.for_item(None, None).local(review.reviewed_at).isoformat(),
        "reviewed_by": review.reviewed_by,
        "role": review.role,
        "actor": private.get("actor"),
        "note": private.get("note"),
    }


def told_rules(language: Language) -> list[Json]:
    """Each rule in words."""
    return [
        {
            "rule": rule,
            "label": telling.name.in_(language),
            "looks_for": telling.looks_for.in_(language),
            "reason": telling.reason.in_(language),
            "innocent": telling.innocent.in_(language),
        }
        for rule, telling in SENTENCES.items()
    ]


def rules_json(rules: FindingRules, language: Language) -> bytes:
    """One version of the rules as it is sent."""
    at = rules.published_at
    document = {
        "version": rules.version,
        "rules": FindingRulesIn.model_dump(rules.body, mode="json"),
        "told": told_rules(language),
        "published_at": None if at is None else catalogue.for_item(None, None).local(at).isoformat(),
        "published_by": rules.published_by,
    }
    return FindingRulesOut.model_validate_json(json.dumps(document)).model_dump_json().encode()
