"""What was measured, as JSON and as a table to be read."""

import json
from collections.abc import Iterator, Mapping, Sequence

from app.bench.measure import Figure, Goal, Result
from app.bench.trial import Plan

__all__ = ["as_json", "as_table"]


def as_json(results: Sequence[Result], machine: Mapping[str, str], plan: Plan, *, measured: str) -> str:
    """Every value of every round."""
    document = {
        "measured": measured,
        "machine": dict(machine),
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "connections": plan.connections,
        "results": [
            {
                "code": result.code,
                "what": result.what,
                "size": result.size,
                "figures": [
                    {
                        "name": figure.name,
                        "unit": figure.unit,
                        "median": figure.median,
                        "least": figure.spread[0],
                        "greatest": figure.spread[1],
                        "rounds": figure.values,
                    }
                    for figure in result.figures
                ],
                "goals": [
                    {**goal._asdict(), "reached": goal.is_reached(result.figure(goal.figure))} for goal in result.goals
                ],
                "notes": result.notes,
                **result.details,
            }
            for result in results
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_table(results: Sequence[Result], machine: Mapping[str, str], plan: Plan, *, measured: str) -> str:
    """Markdown: one row a figure, with its goal; then what each measurement did."""
    return "\n".join(lines(results, machine, plan, measured)) + "\n"


def lines(results: Sequence[Result], machine: Mapping[str, str], plan: Plan, measured: str) -> Iterator[str]:
    """The lines of the table."""
    turns = f"{plan.rounds} rounds in turns, {plan.seconds:g} s each, {plan.connections} connections"
    yield f"Measured {measured}: {turns}."
    yield ""
    yield "| machine | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in machine.items())
    yield ""
    yield "| # | applications | figure | median | least to greatest | goal | |"
    yield "| --- | ---: | --- | ---: | ---: | --- | --- |"
    for result in results:
        size = "" if result.size is None else f"{result.size:,}"
        for figure in result.figures:
            goal = next((goal for goal in result.goals if goal.figure == figure.name), None)
            yield row(result, size, figure, goal)
    yield ""
    seen: set[str] = set()
    for result in results:
        if result.code not in seen:
            seen.add(result.code)
            yield f"- **{result.code}**, {result.what}. {' '.join(result.notes)}"


def row(result: Result, size: str, figure: Figure, goal: Goal | None) -> str:
    """One row of the table."""
    least, greatest = (spelled(value, figure.unit) for value in figure.spread)
    wanted = "" if goal is None else f"{'≥' if goal.bound == 'at least' else '≤'} {spelled(goal.value, figure.unit)}"
    verdict = "" if goal is None else "reached" if goal.is_reached(figure) else "**missed**"
    median = spelled(figure.median, figure.unit)
    return (
        f"| {result.code} | {size} | {result.what}: {figure.name} | {median} | {least} to {greatest} "
        f"| {wanted} | {verdict} |"
    )


def spelled(value: float, unit: str) -> str:
    """A value with its unit, no finer than it is known."""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text}{unit}" if unit == "/s" else f"{text} {unit}"
