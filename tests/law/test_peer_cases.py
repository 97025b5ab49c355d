"""Facts from the tests of other systems, replayed through the second engine."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.law import peers
from tests.law.engine import answer
from tests.law.shorthand import shown

Json = dict[str, Any]  # JSON

FILE = Path(__file__).parent.parent / "conformance" / "peer-cases.json"
TOLD: Json = json.loads(FILE.read_text(encoding="utf-8"))
CALENDARS = {name: peers.calendar(given) for name, given in TOLD["calendars"].items()}
CASES = [each for each in TOLD["cases"] if each["id"] not in peers.NOT_OFFERED]


def _same_instant(text: str, other: str) -> bool:
    return datetime.fromisoformat(text) == datetime.fromisoformat(other)


def _due(told: Json, cal: Json) -> None:
    said = answer(peers.short(told, cal))
    expected = told["expected"]
    if "due_date" in expected:
        assert said["due_on"] == expected["due_date"]
    else:
        assert _same_instant(said["due_at"], peers.instant(expected["due_at"]))


def _state(told: Json, cal: Json) -> None:
    """Two limits side by side; a state says which of them have run out."""
    late = []
    at = told["at"] if "T" in told["at"] else f"{told['at']}T12:00:00"
    for bound in (told["limit"], told["second_limit"]):
        said = answer(peers.running(told, cal, at, peers.limit(bound)))
        late.append(shown(said, "case")["light"] == "red")
    reply = told.get("first_response_at")
    answered = reply is not None and datetime.fromisoformat(peers.instant(reply)) <= datetime.fromisoformat(
        peers.instant(told["at"])
    )
    match told["expected"]["state"]:
        case "waiting_response":
            assert late == [False, False]
        case "overdue":
            assert late == [True, False]
        case "very_overdue":
            assert late == [True, True]
        case "failed":
            assert (late[0] and not answered) or late[1]
        case "resolution_due":
            assert answered
            assert not late[1]
        case unknown:
            raise AssertionError(unknown)


def _elapsed(told: Json, cal: Json) -> None:
    whole = peers.limit(told["limit"])["amount"] if "limit" in told else 10**7
    unit = "working_minute" if "limit" in told else "working_second"
    ours = shown(answer(peers.running(told, cal, told["end"], {"amount": whole, "unit": unit})), "case")
    expected = told["expected"]
    assert ours["used"] == expected.get("used_minutes", expected.get("used_seconds"))
    if "margin_minutes" in expected:
        assert ours["remaining"] == expected["margin_minutes"]


def _warning(told: Json, cal: Json) -> None:
    """A rung around an end that is given."""
    amount = told["offset"]["value"]
    rung = {"before" if amount < 0 else "after": {"amount": abs(amount), "unit": told["offset"]["unit"]}}
    due = told["due_at"]
    start = (datetime.fromisoformat(due) - timedelta(days=90)).isoformat()
    given = peers.running(
        {**told, "start": start}, cal, due, {"amount": 5, "unit": "working_day"}, warn=[rung]
    ) | {"fixed_due": {"case": due}}  # fmt: skip
    at = shown(answer(given), "case")["warnings"][0]["at"]
    assert _same_instant(at, told["expected"]["fire_at"])


def _opens(told: Json, cal: Json) -> None:
    unit = "working_day" if "clock_start_date" in told["expected"] else "working_second"
    given = peers.running(told, cal, "2190-01-01", {"amount": 1, "unit": unit}, count={"start_rule": "roll_then_next"})
    ours = shown(answer({**given, "as_of": None}), "case")
    if unit == "working_day":
        assert ours["started_on"] == told["expected"]["clock_start_date"]
        return
    bounded = answer(
        {"id": "", "calendar": cal, "start": peers.instant(told["start"]), "limit": {"amount": 1, "unit": unit}}
    )
    opens = datetime.fromisoformat(bounded["due_at"]) - timedelta(seconds=1)
    assert opens == datetime.fromisoformat(told["expected"]["clock_start"])


def _between(told: Json, cal: Json) -> None:
    """Working days in [start, end): those used by the day before the end, from the day before the start."""
    begin = date.fromisoformat(told["start"]) - timedelta(days=1)
    last = date.fromisoformat(told["end"]) - timedelta(days=1)
    given = peers.running(
        {**told, "start": begin.isoformat()}, cal, last.isoformat(), {"amount": 900, "unit": "working_day"}
    )
    assert shown(answer(given), "case")["used"] == told["expected"]["working_days"]


def _remaining(told: Json, cal: Json) -> None:
    begin = date.fromisoformat(told["at"]) - timedelta(days=1)
    last = date.fromisoformat(told["due_date"]) - timedelta(days=1)
    given = peers.running(
        {**told, "start": begin.isoformat()}, cal, begin.isoformat(), {"amount": 9, "unit": "working_day"}
    )
    ours = shown(answer({**given, "fixed_due": {"case": last.isoformat()}}), "case")
    assert ours["remaining"] == told["expected"]["working_days_left"]


def _overdue_event(told: Json, cal: Json) -> None:
    ours = shown(answer(peers.running(told, cal, told["job_runs_at"], peers.limit(told["limit"]))), "case")
    assert ours["overdue_since"][:10] == told["expected"]["overdue_since"]


def _fixed(told: Json, cal: Json) -> None:
    given = peers.running(told, cal, told["start"], peers.limit(told["limit"])) | {
        "fixed_due": {"case": told["client_due"]}
    }
    assert shown(answer(given), "case")["due_on"] == told["expected"]["due_date"]


def _working(told: Json, cal: Json) -> None:
    begin = (date.fromisoformat(told["date"]) - timedelta(days=1)).isoformat()
    given = peers.running(
        {**told, "start": begin}, cal, f"{told['date']}T12:00:00", {"amount": 9, "unit": "working_day"}
    )
    assert (shown(answer(given), "case")["used"] == 1) is told["expected"]["working"]


LOOKS = {
    "due_date": _due,
    "due_moment": _due,
    "policy_change": _due,
    "calendar_change": _due,
    "state_at": _state,
    "elapsed": _elapsed,
    "warning_moment": _warning,
    "start_normalisation": _opens,
    "elapsed_days": _between,
    "remaining": _remaining,
    "overdue_event": _overdue_event,
    "explicit_due": _fixed,
    "is_working_day": _working,
}


@pytest.mark.parametrize("told", CASES, ids=[each["id"] for each in CASES])
def test_a_peers_fact_comes_out(told: Json) -> None:
    cal = CALENDARS[told["calendar"]]
    zone = told.get("time_zone")
    LOOKS[told["kind"]](told, cal if zone is None else {**cal, "zone": zone})


def test_every_case_left_out_exists() -> None:
    assert peers.NOT_OFFERED.keys() <= {each["id"] for each in TOLD["cases"]}
