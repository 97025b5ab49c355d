"""The service's engine and the second one agree, history by history.

`make test-law` compares 100,000; the short form in `make test` 5,000. The seed of a difference is printed with the
smallest history that still shows it: `SHIXIAN_LAW_FIRST=seed SHIXIAN_LAW_CASES=1` asks for it again.
"""

import json
import os
from typing import Any

import pytest

from app.simulations.simulate import judge
from tests.law import compare, dossiers, engine, histories
from tests.law.unclear import touched

CASES = int(os.environ.get("SHIXIAN_LAW_CASES", "5000"))
FIRST = int(os.environ.get("SHIXIAN_LAW_FIRST", "0"))
CHUNK = 250
SHOWN = 3
"""Differences of a chunk that are made small and shown; the seeds of the others are named."""

REFUSED = "calendar_without_hours"
"""The service refuses a limit that ends at the close of business where no hours are known; the second engine takes the
end of the day."""

Json = dict[str, Any]


def answered(cases: list[Json]) -> list[Json]:
    """What the service makes of these cases: those that fit a What-if asked there, all others past HTTP."""
    fitting = [case for case in cases if not histories.outside(case)]
    results = {case["id"]: result for case, result in zip(fitting, asked(fitting) if fitting else [], strict=True)}
    return [results[case["id"]] if case["id"] in results else dossiers.answer(case) for case in cases]


def asked(cases: list[Json]) -> list[Json]:
    """What the service makes of these cases."""
    judged = judge(json.dumps({"cases": cases}, ensure_ascii=False).encode(), None, "en")
    assert judged.problem is None, judged.problem
    results: list[Json] = json.loads(judged.answer)["results"]
    return results


def differences(ours: Json, case: Json) -> list[str]:
    """What differs, but for what is refused on purpose."""
    if ours.get("error", {}).get("code") == REFUSED and "close_of_business" in json.dumps(case):
        return []
    return compare.differences(ours, engine.answer(case))


def still_differs(case: Json) -> bool:
    """Whether a smaller case shows a difference that is none of being refused."""
    try:
        [ours] = answered([case])
    except (KeyError, AssertionError):  # what was taken away was needed
        return False
    return "error" not in ours and bool(differences(ours, case)) and not touched(case)


@pytest.mark.parametrize("begin", range(FIRST, FIRST + CASES, CHUNK))
def test_both_engines_make_the_same_of_a_history(begin: int) -> None:
    cases = [histories.case(seed) for seed in range(begin, min(begin + CHUNK, FIRST + CASES))]
    differing: list[str] = []
    reports: list[str] = []
    for case, ours in zip(cases, answered(cases), strict=True):
        found = differences(ours, case)
        if not found:
            continue
        differing.append(case["id"])
        if len(reports) < SHOWN:
            small = compare.smallest(case, still_differs) if "error" not in ours else case
            reports.append(compare.report(small, differences(answered([small])[0], small)))
    assert not differing, f"{len(differing)} of {len(cases)}, seeds {', '.join(differing)}\n" + "\n".join(reports)
