"""The benchmark suite runs: each measurement gives figures above zero, on an office that verifies; nothing is timed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.applications.verify import verify
from app.bench import report, suite
from app.bench.measure import Figure, Goal, Result, in_turns
from app.bench.trial import Plan
from app.cli.root import commands
from tests.support.postgres import Server

SIZE = 600


def brief(*codes: str) -> Plan:
    """As short as it goes."""
    return Plan(only=codes, sizes=(SIZE,), rounds=1, seconds=0.1)


def assert_measured(results: Sequence[Result], codes: Sequence[str]) -> None:
    assert [result.code for result in results] == list(codes)
    for result in results:
        assert result.figures
        assert all(value > 0 for figure in result.figures for value in figure.values), result
        assert {goal.figure for goal in result.goals} <= {figure.name for figure in result.figures}


async def test_every_goal_with_a_database_is_measured(postgresql: Server) -> None:
    codes = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P10", "P12")
    results = await suite.run(postgresql.admin_url, brief(*codes))
    assert_measured(results, codes)
    statements = results[4].details["statements"]
    assert isinstance(statements, tuple | list)
    assert any("INSERT INTO events" in text for text in statements)
    assert any("INSERT INTO audit" in text for text in statements)
    assert results[7].details["alike"]


async def test_the_engine_is_measured_without_a_database() -> None:
    codes = ("P8", "P9")
    assert_measured(await suite.run(None, brief(*codes)), codes)


async def test_an_office_is_what_the_product_would_have_written(postgresql: Server) -> None:
    async with suite.trial(postgresql.admin_url, SIZE, brief(), lambda line: None) as trial:
        verdict = await verify(trial.service.db, trial.service.sealer)
        assert verdict.applications == trial.office.size == SIZE
        assert (verdict.broken, verdict.first) == (0, None)
        assert 0 < trial.office.overdue < SIZE


def test_sides_are_measured_in_turns_another_one_first_each_time() -> None:
    asked: list[str] = []

    def side(name: str) -> float:
        asked.append(name)
        return 1.0

    in_turns({"a": lambda: side("a"), "b": lambda: side("b")}, 2)
    assert asked == ["a", "b", "b", "a"]


def test_a_goal_is_held_against_the_median() -> None:
    figure = Figure(name="share", unit="%", values=(10.0, 61.0, 70.0))
    result = Result(code="P1", what="look-up", size=1000, figures=(figure,), goals=(Goal("share", "at least", 60),))
    table = report.as_table([result], {"cores": "2"}, Plan(only=("P1",)), measured="today")
    assert "| P1 | 1,000 | look-up: share | 61 % | 10 % to 70 % | ≥ 60 % | reached |" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "P11"], "P1, P2"),
        (["--size", "many"], "whole numbers"),
        (["--database-url", "sqlite:///x"], "own-p"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(commands, ["bench", *arguments])
    assert ran.exit_code == 2
    assert said in ran.output
