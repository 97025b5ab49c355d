"""What must hold of every history, whatever the engine: a few hundred random ones, read by the service's domain."""

import os
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from app.domain.clocks import Clock
from app.domain.forecast import forecast
from app.domain.replay import replay, standing_in
from tests.law import dossiers, engine, histories

CASES = int(os.environ.get("SHIXIAN_LAW_PROPERTIES", "150"))
COUNTABLE = frozenset({"close_of_business"})
"""Left out: it is refused where no hours are known."""
STARTING = ("receive", "accept")

Json = dict[str, Any]

CALM = frozenset(
    {"deemed", "violations", "late", "amend", "fixed_due", "editions", "suspensions", "stages", "restarts"}
)
"""Left out where two histories are compared that differ in one act: what else would follow from it is not the point."""


def due(case: Json, kind: str) -> datetime | None:
    """The end of a clock at the instant asked, or the one that its pauses let expect."""
    found: Clock | None = next((one for one in clocks(case) if one.kind == kind), None)
    return None if found is None else found.due_at


def clocks(case: Json) -> tuple[Clock, ...]:
    """All clocks of a case at the instant asked."""
    told = dossiers.told(case)
    return replay(told.dossier, told.as_of).clocks


@pytest.mark.parametrize("seed", range(CASES))
def test_a_replay_is_the_forecast_read_at_that_instant(seed: int) -> None:
    told = dossiers.told(histories.case(seed, without=COUNTABLE))
    drawn = forecast(told.dossier)
    instants = {told.as_of} | {step.at for step in told.dossier.steps}
    for span in drawn.spans:
        instants |= {at for at in (span.from_at, span.to_at, span.due_at) if at is not None}
    for at in sorted(instants):
        assert replay(told.dossier, at).clocks == standing_in(drawn, told.dossier, at).clocks


@pytest.mark.parametrize("seed", range(CASES))
def test_the_spans_of_a_clock_neither_leave_gaps_nor_lie_over_each_other(seed: int) -> None:
    drawn = forecast(dossiers.told(histories.case(seed, without=COUNTABLE)).dossier)
    by_clock: dict[tuple[str, str, int], list[tuple[datetime, datetime | None]]] = {}
    for span in drawn.spans:
        by_clock.setdefault((span.clock, span.stage, span.round), []).append((span.from_at, span.to_at))
    for stretches in by_clock.values():
        assert all(one[1] == other[0] for one, other in pairwise(stretches))
        assert stretches[-1][1] is None


@pytest.mark.parametrize("seed", range(CASES))
def test_a_later_start_is_never_due_earlier(seed: int) -> None:
    case = histories.case(seed, without=CALM | COUNTABLE | {"receipt_rules"})
    receive = next(step for step in case["steps"] if step["type"] == "receive")
    at = datetime.fromisoformat(receive["at"])
    bare = {**case, "steps": [receive], "as_of": (at + timedelta(days=400)).isoformat()}
    before: dict[str, datetime] = {}
    for days in (0, 1, 2, 3, 5, 9, 30):
        moved = {**receive, "at": (at + timedelta(days=days)).isoformat()}
        for clock in clocks({**bare, "steps": [moved]}):
            if clock.due_at is not None:
                assert before.get(clock.kind, clock.due_at) <= clock.due_at
                before[clock.kind] = clock.due_at


@pytest.mark.parametrize("seed", range(CASES))
def test_no_clock_is_due_before_its_own_start_in_either_engine(seed: int) -> None:
    case = histories.case(seed, without=COUNTABLE | {"fixed_due"})
    for clock in clocks(case):
        assert clock.due_at is None or clock.started_at is None or clock.started_at <= clock.due_at
    for shown in engine.answer(case).get("clocks") or []:
        begun, end = shown["started_at"], shown["due_at"]
        assert end is None or datetime.fromisoformat(begun) <= datetime.fromisoformat(end)


def paused(case: Json, *stretches: tuple[datetime, datetime]) -> Json:
    """The receipt and the acceptance of a case, with these pauses after them and nothing else."""
    steps = [step for step in case["steps"] if step["type"] in STARTING][:2]
    for number, (begin, end) in enumerate(stretches):
        steps.append({"type": "pause", "at": begin.isoformat(), "ground": "hearing", "id": f"p{number}"})
        steps.append({"type": "resume", "at": end.isoformat(), "pause_id": f"p{number}"})
    item = {**case["item"], "clocks": [{**one, "pauses_for": ["hearing"]} for one in case["item"]["clocks"]]}
    last = datetime.fromisoformat(steps[-1]["at"])
    return {**case, "item": item, "steps": steps, "as_of": (last + timedelta(days=300)).isoformat()}


def stretch(case: Json, seed: int) -> tuple[datetime, datetime] | None:
    """A pause for a case some days after its acceptance."""
    accepted = next((step for step in case["steps"] if step["type"] == "accept"), None)
    if accepted is None:
        return None
    begin = datetime.fromisoformat(accepted["at"]) + timedelta(days=seed % 4, hours=seed % 7)
    return begin, begin + timedelta(days=1 + seed % 13, hours=seed % 5)


@pytest.mark.parametrize("seed", range(CASES))
def test_a_pause_never_shortens_and_may_be_split_anywhere(seed: int) -> None:
    case = histories.case(seed, without=CALM | COUNTABLE | {"corrections", "receipt_rules", "zero_limit"})
    found = stretch(case, seed)
    if found is None:
        return
    begin, end = found
    middle = begin + (end - begin) * ((seed % 9 + 1) / 10)
    whole, split, none = (paused(case, found), paused(case, (begin, middle), (middle, end)), paused(case))
    for clock in case["item"]["clocks"]:
        kind = clock["kind"]
        plain, held = due(none, kind), due(whole, kind)
        assert held == due(split, kind)
        if plain is not None and held is not None:
            assert plain <= held
