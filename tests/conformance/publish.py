"""Writes the published files of the law's and of the peers' cases: `python -m tests.conformance.publish`.

Published are the cases that this service answers as expected, and of other projects only those whose licence lets
anyone pass them on. Nothing is written by hand into these files; a test compares.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.conformance.case_files import FOLDER, FORMAT
from tests.conformance import law, peers
from tests.conformance.questions import Question

__all__ = ["FILES", "LICENCES", "exceptions", "law_file", "peers_file", "written"]

Json = Any

LICENCES: Final = {
    "bokmann/business_time": "MIT, Copyright (c) 2009-2022 bokmann",
    "chatwoot/chatwoot": "MIT, Copyright (c) 2017 Chatwoot Inc.",
    "gocardless/business": "MIT, Copyright (c) GoCardless",
    "zendesk/biz": "Apache-2.0, Zendesk",
}


def exceptions() -> dict[str, dict[str, str]]:
    """By group, the cases that are not answered as expected, each with the reason."""
    listed: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "exceptions.json").read_text(encoding="utf-8")
    )
    return listed


def _left_out() -> set[str]:
    return {id_ for group in exceptions().values() for id_ in group}


def _cases(id_: str, asked: list[Question], **said: Json) -> Iterator[dict[str, Json]]:
    """A case for each question; one that takes several is numbered."""
    for place, question in enumerate(asked, 1):
        yield {
            "id": id_ if len(asked) == 1 else f"{id_}/{place}",
            **said,
            "request": question.request,
            "expected": question.expected,
        }


def law_file() -> dict[str, Json]:
    """The worked examples from Chinese law."""
    left_out = _left_out()
    cases = [
        case
        for example in law.LAW
        if example["id"] not in left_out
        for case in _cases(
            example["id"],
            law.questions(example),
            title=example["title"],
            source=example["source"],
            reasoning=example["reasoning"].strip(),
        )
    ]
    return {
        "$schema": "schema.json",
        "format": FORMAT,
        "name": "law",
        "title": "Worked examples from Chinese law and practice, with their reasoning day by day",
        "licence": "Apache-2.0",
        "sources": [
            {
                "name": "the laws and notices that each case names",
                "licence": "no copyright (著作权法 第五条)",
                "note": "the examples were written for this project",
            }
        ],
        "calendars": {},
        "cases": cases,
    }


def peers_file() -> dict[str, Json]:
    """Facts from the tests of other projects, as far as their licence lets anyone pass them on."""
    left_out = _left_out()
    calendars: dict[str, Json] = {}
    cases: list[dict[str, Json]] = []
    for fact in peers.PEERS:
        repo = fact["source"]["repo"]
        if repo not in LICENCES or fact["id"] in left_out:
            continue
        for case in _cases(fact["id"], peers.questions(fact), source=f"{repo}, {fact['source']['path']}"):
            name = fact["calendar"]
            if name is not None and case["request"]["calendar"] == peers.calendar_of(name):
                calendars[name] = case["request"]["calendar"]
                case["request"] = {**case["request"], "calendar": f"#{name}"}
            cases.append(case)
    return {
        "$schema": "schema.json",
        "format": FORMAT,
        "name": "peers",
        "title": "Facts from the tests of other projects: working hours, working days back and forth, elapsed time",
        "rule": "Each case carries the rule of its project in the rules and the calendar of its request.",
        "licence": "Apache-2.0; the facts are those of the projects named, whose licences stand in sources",
        "sources": [
            {"name": repo, "url": f"https://github.com/{repo}", "licence": licence}
            for repo, licence in LICENCES.items()
        ],
        "calendars": calendars,
        "cases": cases,
    }


FILES: Final = {"law": law_file, "peers": peers_file}


def written(document: dict[str, Json]) -> str:
    """A case file as text: a line a case."""
    head = {field: value for field, value in document.items() if field != "cases"}
    lines = [f"  {json.dumps(case, ensure_ascii=False)}" for case in document["cases"]]
    return json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    for name, made in FILES.items():
        (FOLDER / f"{name}.json").write_text(written(made()), encoding="utf-8")
