"""The examples of the law and the facts of other projects, through the domain and through HTTP.

Right, or listed by name in `exceptions.json` with the reason: what waits for something that is not built, what does not
apply, what is held to be wrong. An expected answer is never edited.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import pytest

from app.conformance.differences import Difference, differences
from tests.conformance import law, peers
from tests.conformance.publish import exceptions
from tests.conformance.questions import Question
from tests.conformance.through_domain import answer

Json = Any
BATCH = 200


class Source(NamedTuple):
    """A file of cases: how many it holds, and what each is asked as."""

    cases: list[dict[str, Json]]
    size: int
    ask: Callable[[dict[str, Json]], list[Question]]


SOURCES = {"law": Source(law.LAW, 28, law.questions), "peers": Source(peers.PEERS, 178, peers.questions)}
WAITING, ELSEWHERE, WRONG = (exceptions()[group] for group in ("waiting", "do_not_apply", "held_to_be_wrong"))
LISTED = {**WAITING, **ELSEWHERE, **WRONG}
every_source = pytest.mark.parametrize("name", SOURCES)


def judged(found: dict[str, list[Difference]], name: str) -> None:
    """Whatever differs is listed, and what is listed as not to be had differs."""
    source = SOURCES[name]
    known = {case["id"] for case in source.cases}
    assert len(known) == source.size
    assert {id_: apart for id_, apart in found.items() if apart and id_ not in LISTED} == {}
    assert [id_ for id_ in known - found.keys() if id_ not in LISTED] == [], "asked nowhere"
    settled = LISTED.keys() & found.keys()
    assert sorted(id_ for id_ in settled if not found[id_]) == [], "agrees after all: strike it from the list"


@every_source
def test_every_case_is_right_through_the_domain_or_named(name: str) -> None:
    found: dict[str, list[Difference]] = {}
    for case in SOURCES[name].cases:
        for question in SOURCES[name].ask(case):
            expected = in_the_domain(question.expected)
            found.setdefault(case["id"], []).extend(differences(expected, answer(question.request)))
    judged(found, name)


def in_the_domain(expected: dict[str, Json]) -> dict[str, Json]:
    """What the simulation adds to what the domain says: findings about steps that it took, effects as a list."""
    kept = {field: value for field, value in expected.items() if field != "deemed"}
    if "violations" in kept:
        kept["violations"] = [one for one in kept["violations"] if one["code"] != "pause_over_announced"]
    return kept


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@every_source
async def test_every_case_is_right_through_http_or_named(client: httpx2.AsyncClient, name: str) -> None:
    asked = [(case["id"], question) for case in SOURCES[name].cases for question in SOURCES[name].ask(case)]
    found: dict[str, list[Difference]] = {}
    for begin in range(0, len(asked), BATCH):
        batch = asked[begin : begin + BATCH]
        body = {"cases": [{"id": str(place), **question.request} for place, (_, question) in enumerate(batch)]}
        results = (await client.post("/api/v1/simulations", json=body)).json()["results"]
        for (id_, question), result in zip(batch, results, strict=True):
            found.setdefault(id_, []).extend(differences(question.expected, result))
    judged(found, name)


def test_the_list_of_exceptions_names_cases_that_exist_once_and_says_why() -> None:
    known = {case["id"] for source in SOURCES.values() for case in source.cases}
    groups = exceptions().values()
    assert sum(len(group) for group in groups) == len(LISTED)
    assert LISTED.keys() <= known
    assert all(len(reason) > 15 for reason in LISTED.values())


def test_no_date_of_an_example_is_left_unasked() -> None:
    """Each date that an example of the law states stands in what is asked, but for those that its text explains."""
    explained = {"raw_last_day", "overdue_natural_days", "recorded_accept", "special_cap_end", "excluded_working_days"}
    for case in law.LAW:
        if case["id"] in ELSEWHERE:
            continue
        asked = str([(question.request, question.expected) for question in law.questions(case)])
        stated = {field: value for field, value in case["expected"].items() if field not in explained}
        dates = [str(value)[:10] for value in stated.values() if isinstance(value, str) and value[:2] == "20"]
        dates = [date for date in dates if date not in asked and date + "T24:00" not in str(stated.values())]
        assert dates == [], case["id"]
