"""The figures of a month that are over, for anybody: by department and item, small numbers hidden.

Only whole months that are over: of two periods that differ by a day the difference would be what happened on it.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from app.kit.db import Database
from app.kit.kept import Kept
from app.kit.problems import invalid
from app.kit.service import Service
from app.kit.texts import Language, label
from app.statistics.answers import Period, called_by, days_json, tell, times_json
from app.statistics.definitions import definitions
from app.statistics.disclosure import SMALL, Hidden, Sum, hide
from app.statistics.monthly import month_of
from app.statistics.shown import Json
from app.statistics.tallies import BETWEEN, By, Tally, rounded

__all__ = ["CLOCKS", "FIGURES", "KEPT_SECONDS", "last_over", "published"]

CLOCKS: Final = ("promise", "statutory")
"""The kinds of clock of which verdicts are published."""
FIGURES: Final = (
    "received",
    "closed",
    "timed",
    *(f"{kind} {verdict}" for kind in CLOCKS for verdict in ("on_time", "late")),
)
KEPT_SECONDS: Final = 300.0
DEFINED: Final = frozenset({"received", "closed", "on_time", "late", "gross", "small_numbers"})

Key = tuple[str, str, str]
"""Department and item, empty for all of them, and figure."""


class Cell(NamedTuple):
    """All that is published of one department and item, of one department, or of all."""

    department: str
    item: str
    counts: dict[str, int]
    days: int
    """Gross days of the applications that `timed` counts."""


class Table(NamedTuple):
    """The cells of a month, what of them is hidden, and what their codes are called."""

    period: Period
    cells: dict[tuple[str, str], Cell]
    hidden: dict[Key, Hidden]
    departments: dict[str, str]
    items: dict[str, str]


_kept: Kept[str, Table] = Kept(KEPT_SECONDS, most=240)
_turns: WeakKeyDictionary[Database, asyncio.Lock] = WeakKeyDictionary()
"""One month is reckoned at a time: whoever asks for it meanwhile waits for what the first one found."""


def last_over(service: Service) -> str:
    """The last month that is over, `YYYY-MM`, in the service's zone."""
    today = service.now.now().astimezone(ZoneInfo(service.settings.time_zone)).date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


async def published(service: Service, month: str, language: Language) -> Json:
    """The answer for a month; 422 where it is not over. A process keeps what it found for five minutes."""
    period = month_of(service, month, None)
    if period.at >= period.now:
        raise invalid("query", "/month", "month_not_over", "The month is not over.")
    async with _turns.setdefault(service.db, asyncio.Lock()):
        table = await _kept.of(service.db, month, lambda: _table(service, period))
    return _shown(table, month, language)


async def _table(service: Service, period: Period) -> Table:
    async with service.db.snapshot() as tx:
        found = await tell(tx, None, period, By.DEPARTMENT_AND_ITEM)
        office_called, item_called = await called_by(tx, By.DEPARTMENT), await called_by(tx, By.ITEM)
    cells: dict[tuple[str, str], Cell] = {}
    for code, tally in found.lines.items():
        department, _, item = (code or "").partition(BETWEEN)
        one = _cell(department, item, tally)
        if any(one.counts.values()):
            cells[department, item] = one
    for department in sorted({one.department for one in cells.values()}):
        cells[department, ""] = _together(department, [one for one in cells.values() if one.department == department])
    cells["", ""] = _together("", [one for one in cells.values() if not one.item])
    return Table(
        period,
        cells,
        await asyncio.to_thread(_hidden, cells),  # seconds for thousands of cells, and others are to be answered
        {one.department: office_called(one.department) for one in cells.values() if one.department},
        {one.item: item_called(one.item) for one in cells.values() if one.item},
    )


def _cell(department: str, item: str, tally: Tally) -> Cell:
    counts = {name: tally.counts[name] for name in ("received", "closed")}
    counts["timed"] = tally.gross.total()
    for kind in CLOCKS:
        clock = tally.clocks.get(kind)
        counts[f"{kind} on_time"] = 0 if clock is None else clock.on_time
        counts[f"{kind} late"] = 0 if clock is None else clock.late
    return Cell(department, item, counts, sum(days * times for days, times in tally.gross.items()))


def _together(department: str, cells: Iterable[Cell]) -> Cell:
    parts = list(cells)
    counts = {name: sum(one.counts[name] for one in parts) for name in FIGURES}
    return Cell(department, "", counts, sum(one.days for one in parts))


def _hidden(cells: dict[tuple[str, str], Cell]) -> dict[Key, Hidden]:
    """What is not shown: each figure adds up over items and departments, and verdicts are part of what was closed."""
    values = {(*place, name): one.counts[name] for place, one in cells.items() for name in FIGURES}
    sums: list[Sum[Key]] = []
    below: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for department, item in cells:
        if department:
            below.setdefault((department, "") if item else ("", ""), []).append((department, item))
    for whole, parts in below.items():
        sums += [Sum((*whole, name), tuple((*part, name) for part in parts)) for name in FIGURES]
    for place, one in cells.items():
        for names in (("timed",), *((f"{kind} on_time", f"{kind} late") for kind in CLOCKS)):
            rest = one.counts["closed"] - sum(one.counts[name] for name in names)
            if rest >= 0:  # a clock may stop in a month before that of the result: then nothing follows from it
                sums.append(Sum((*place, "closed"), tuple((*place, name) for name in names), rest))
    return hide(values, sums)


def _shown(table: Table, month: str, language: Language) -> Json:
    def figures(place: tuple[str, str]) -> Json:
        one = table.cells[place]

        def count(name: str) -> Json:
            why = table.hidden.get((*place, name))
            text = f"<{SMALL}" if why is Hidden.SMALL else "–" if why is not None else str(one.counts[name])
            return {"count": one.counts[name] if why is None else None, "shown": text}

        timed = one.counts["timed"] if (*place, "timed") not in table.hidden else 0
        return {
            "received": count("received"),
            "closed": count("closed"),
            "clocks": [
                {
                    "clock": kind,
                    "clock_label": label("clock", kind, language),
                    "on_time": count(f"{kind} on_time"),
                    "late": count(f"{kind} late"),
                }
                for kind in CLOCKS
            ],
            "mean_days": rounded(one.days, timed, 2),
        }

    departments = sorted(table.departments)
    return {
        "month": month,
        **days_json(table.period),
        "total": figures(("", "")),
        "departments": [
            {
                "department": code,
                "name": table.departments[code],
                **figures((code, "")),
                "items": [
                    {"item": item, "name": table.items[item], **figures((department, item))}
                    for department, item in sorted(table.cells)
                    if department == code and item
                ],
            }
            for code in departments
        ],
        **times_json(table.period),
        "definitions": [one for one in definitions(language) if one["figure"] in DEFINED],
    }
