"""The service's engine and the second one agree, history by history.

`make test-law` compares 100,000; the short form in `make test` 5,000. The seed of a difference is printed with the
smallest history that still shows it: `SHIXIAN_LAW_FIRST=seed SHIXIAN_LAW_CASES=1` asks for it again.
"""

import json
import os
from typing import Any

import pytest

from app.simulations.simulate import judge
from tests.law import compare, engine, histories

CASES = int(os.environ.get("SHIXIAN_LAW_CASES", "5000"))
FIRST = int(os.environ.get("SHIXIAN_LAW_FIRST", "0"))
CHUNK = 250
SHOWN = 3
"""Differences of a chunk that are made small and shown; the seeds of the others are named."""

WITHOUT: frozenset[str] = frozenset({"restarts", "deemed", "receipt_rules", "violations"})
"""What the service does not do yet."""
REFUSED = "calendar_without_hours"
"""The service refuses a limit that ends at the close of business where no hours are known; the second engine takes the
end of the day."""

Json = dict[str, Any]


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
    [ours] = asked([case])
    return "error" not in ours and bool(differences(ours, case))


@pytest.mark.parametrize("begin", range(FIRST, FIRST + CASES, CHUNK))
def test_both_engines_make_the_same_of_a_history(begin: int) -> None:
    cases = [histories.case(seed, without=WITHOUT) for seed in range(begin, min(begin + CHUNK, FIRST + CASES))]
    cases = [case for case in cases if not histories.outside(case)]
    differing: list[str] = []
    reports: list[str] = []
    for case, ours in zip(cases, asked(cases), strict=True):
        found = differences(ours, case)
        if not found:
            continue
        differing.append(case["id"])
        if len(reports) < SHOWN:
            small = compare.smallest(case, still_differs) if "error" not in ours else case
            reports.append(compare.report(small, differences(asked([small])[0], small)))
    assert not differing, f"{len(differing)} of {len(cases)}, seeds {', '.join(differing)}\n" + "\n".join(reports)
