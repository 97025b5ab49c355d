"""Tallies as the interface shows them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from app.domain.owners import Owner
from app.domain.units import Unit
from app.kit.texts import Language, label
from app.statistics.tallies import AGES, OLDEST, ClockTally, Ratio, Sums, Tally, percentile, rounded, summed

__all__ = ["COUNTS", "Json", "figures_json", "in_order", "lines_json", "owners_json", "ranking_json"]

Json = dict[str, Any]  # a JSON object

COUNTS: Final = (
    "received",
    "accepted",
    "decided",
    "closed",
    "refused",
    "withdrawn",
    "terminated",
    "correction_never_came",
)
_CLOCKS: Final = ("notice", "statutory", "promise", "stage", "delivery")


def figures_json(tally: Tally, language: Language, *, stands: bool = True) -> Json:
    """All figures of a tally; `stands` says whether those of one instant are among them."""
    kinds = sorted({*tally.clocks, *tally.overdue}, key=_place)
    return {
        **{name: tally.counts[name] for name in COUNTS},
        "open": tally.counts["open"] if stands else None,
        "clocks": [clock_json(kind, tally, language, stands=stands) for kind in kinds],
        "gross": spread_json(tally.gross),
        "net": spread_json(tally.net),
        "days_owned": owners_json(tally.owners),
        "compression": ratios_json(tally.compression, language),
        "speed_up": ratios_json(tally.speed_up, language),
    }


def _place(kind: str) -> tuple[int, str]:
    return (_CLOCKS.index(kind) if kind in _CLOCKS else len(_CLOCKS)), kind


def clock_json(kind: str, tally: Tally, language: Language, *, stands: bool) -> Json:
    """The verdicts of one kind of clock."""
    found = tally.clocks.get(kind) or ClockTally()
    judged = found.on_time + found.late
    ages = tally.overdue.get(kind) or Counter()
    names = [name for _, name in AGES] + [OLDEST]
    return {
        "clock": kind,
        "clock_label": label("clock", kind, language),
        "on_time": found.on_time,
        "early": found.early,
        "late": found.late,
        "on_time_rate": rounded(found.on_time, judged, 4),
        "early_rate": rounded(found.early, judged, 4),
        "late_rate": rounded(found.late, judged, 4),
        "used": [
            {"unit": str(unit), "unit_label": label("unit", str(unit), language), "spread": spread_json(counts)}
            for unit, counts in in_units(found.used)
        ],
        "open_overdue": sum(ages.values()) if stands else None,
        "open_overdue_by_age": [{"age": name, "count": ages[name]} for name in names] if stands else None,
    }


def in_units(by_unit: Mapping[Unit, Any]) -> list[tuple[Unit, Any]]:
    """What is told unit by unit, in the order of the units."""
    order = list(Unit)
    return sorted(by_unit.items(), key=lambda pair: order.index(pair[0]))


def spread_json(counts: Mapping[int, int]) -> Json:
    """How values are spread."""
    count, total = summed(counts.items())
    return {
        "count": count,
        "sum": total,
        "mean": rounded(total, count, 2),
        "p50": percentile(counts, 50),
        "p90": percentile(counts, 90),
        "p95": percentile(counts, 95),
        "max": max(counts, default=None),
    }


def owners_json(owners: Mapping[Owner, int]) -> Json:
    """Days by owner."""
    return {**{str(owner): owners.get(owner, 0) for owner in Owner}, "total": sum(owners.values())}


def ratios_json(ratios: Mapping[Unit, Ratio], language: Language) -> list[Json]:
    """How much shorter, unit by unit."""
    return [
        {
            "unit": str(unit),
            "unit_label": label("unit", str(unit), language),
            "applications": ratio.applications,
            "statutory": ratio.whole,
            "compared": ratio.part,
            "ratio": rounded(ratio.whole - ratio.part, ratio.whole, 4),
        }
        for unit, ratio in in_units(ratios)
    ]


def in_order(codes: Iterable[str | None]) -> list[str | None]:
    """Codes in their order; where nobody is named comes last."""
    return sorted(codes, key=lambda code: (code is None, code or ""))


def lines_json(sums: Sums, by: str, called: Callable[[str], str], language: Language) -> list[Json]:
    """The figures under each code."""
    return [
        {
            by: code,
            "name": None if code is None else called(code),
            **figures_json(sums.lines[code], language, stands=by != "month"),
        }
        for code in in_order(sums.lines)
    ]


def ranking_json(sums: Sums, clock: str, called: Callable[[str], str]) -> list[Json]:
    """The departments by how many in a hundred they kept, the best first; what stands overdue counts against them."""
    rows = []
    for code, tally in sums.lines.items():
        if code is None:
            continue
        found = tally.clocks.get(clock) or ClockTally()
        overdue = sum((tally.overdue.get(clock) or Counter()).values())
        cases = found.on_time + found.late + overdue
        rows.append((code, found, overdue, cases))
    rows.sort(key=lambda row: (-Fraction(row[1].on_time, row[3]) if row[3] else 1, -row[3], row[0]))
    ranked: list[Json] = []
    before: tuple[int, int] | None = None
    rank = 0
    for place, (code, found, overdue, cases) in enumerate(rows, 1):
        if before is None or not cases or found.on_time * before[1] != before[0] * cases:
            rank = place
        before = (found.on_time, cases) if cases else None
        ranked.append(
            {
                "rank": rank if cases else None,
                "department": code,
                "name": called(code),
                "on_time": found.on_time,
                "early": found.early,
                "late": found.late,
                "open_overdue": overdue,
                "on_time_rate": rounded(found.on_time, found.on_time + found.late, 4),
                "score": rounded(found.on_time, cases, 4),
            }
        )
    return ranked
