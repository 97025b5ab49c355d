"""The report of a month as tables: what the page to print and the workbook show alike."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from app.kit.texts import Language, label
from app.statistics.shown import COUNTS, Json

__all__ = ["Cell", "Share", "Table", "tables_of"]


class Share(float):
    """A part of one, shown in hundredths."""


Cell = str | int | float | Share | None


class Table(NamedTuple):
    """A table with its heading; the first column is a name."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


OWNERS: Final = ("officer", "section", "department", "applicant", "pause", "rest", "total")
NUMBERS: Final = ("mean", "p50", "p90", "p95", "max")


def share(value: float | None) -> Share | None:
    """A quotient of the report."""
    return None if value is None else Share(value)


def tables_of(report: Json, language: Language) -> list[Table]:
    """All tables of a report, in the order in which they are read."""

    def word(code: str) -> str:
        return label("report", code, language)

    def figure(code: str) -> str:
        return label("figure", code, language)

    found: list[Table] = []
    for by in ("departments", "items"):
        lines = [*report[by], {**report["total"], "name": word("total")}]
        names = [line["name"] or word("nobody") for line in lines]
        found.append(
            Table(
                f"{word(by)} · {word('counts')}",
                (word("name"), *(figure(name) for name in (*COUNTS, "open"))),
                [
                    (name, *(line[count] for count in (*COUNTS, "open")))
                    for name, line in zip(names, lines, strict=True)
                ],
            )
        )
        found += clocks(f"{word(by)}", names, lines, language)
        head = (word("name"), *(f"{figure(kind)} · {word(name)}" for kind in ("gross", "net") for name in NUMBERS))
        rows = [
            (name, *(line[kind][number] for kind in ("gross", "net") for number in NUMBERS))
            for name, line in zip(names, lines, strict=True)
        ]
        found.append(Table(f"{word(by)} · {word('days')}", head, rows))
        owned: list[tuple[Cell, ...]] = [
            (name, *(line["days_owned"][owner] for owner in OWNERS)) for name, line in zip(names, lines, strict=True)
        ]
        owners = (word("name"), *(word(owner) for owner in OWNERS))
        found.append(Table(f"{word(by)} · {figure('days_owned')}", owners, owned))
    found += rankings(report, language)
    found.append(shorter(report, language))
    told: list[tuple[Cell, ...]] = [(one["name"], one["words"]) for one in report["definitions"]]
    found.append(Table(word("definitions"), (word("figure"), word("words")), told))
    return found


def clocks(by: str, names: Sequence[str], lines: Sequence[Json], language: Language) -> Iterator[Table]:
    """The verdicts of each kind of clock that the month knows."""
    columns = ("on_time", "early", "late", "open_overdue")
    head = (
        label("report", "name", language),
        *(label("figure", column, language) for column in columns),
        *(label("report", rate, language) for rate in ("on_time_rate", "late_rate")),
    )
    for kind in [clock["clock"] for clock in lines[-1]["clocks"]]:
        rows: list[tuple[Cell, ...]] = []
        for name, line in zip(names, lines, strict=True):
            found = next((clock for clock in line["clocks"] if clock["clock"] == kind), None)
            if found is not None:
                counts = (found[column] for column in columns)
                rows.append((name, *counts, share(found["on_time_rate"]), share(found["late_rate"])))
        yield Table(f"{by} · {label('clock', kind, language)}", head, rows)


def rankings(report: Json, language: Language) -> Iterator[Table]:
    """The departments in their order by each kind of clock."""
    columns = ("on_time", "late", "open_overdue")
    head = (
        label("report", "name", language),
        label("report", "rank", language),
        *(label("figure", column, language) for column in columns),
        label("report", "score", language),
    )
    for ranking in report["rankings"]:
        rows: list[tuple[Cell, ...]] = [
            (row["name"], row["rank"], *(row[column] for column in columns), share(row["score"]))
            for row in ranking["items"]
        ]
        yield Table(f"{label('figure', 'ranking', language)} · {ranking['clock_label']}", head, rows)


def shorter(report: Json, language: Language) -> Table:
    """How much shorter limits and use are than the statutory limits, unit by unit."""
    head = tuple(
        label("report", name, language) for name in ("name", "unit", "applications", "statutory", "compared", "ratio")
    )
    rows: list[tuple[Cell, ...]] = [
        (
            label("figure", kind, language),
            one["unit_label"],
            one["applications"],
            one["statutory"],
            one["compared"],
            share(one["ratio"]),
        )
        for kind in ("compression", "speed_up")
        for one in report["total"][kind]
    ]
    return Table(label("report", "shorter", language), head, rows)
