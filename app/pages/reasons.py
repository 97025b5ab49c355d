"""Why each clock of a page ends when it does: a paragraph, the changes of its end, its days in a few lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from app.applications.explanation import Asked, Background, listed_days, sentence_of, spoken_grounds, summary_of
from app.domain.explained_days import Day, Reason
from app.domain.explanation import Explanation
from app.lookup.explanations import Explained
from app.pages.words import Reader, Wired

__all__ = ["Reasons", "reasons_for"]

MOST_DAYS = 400
MOST_LINES = 60
"""A page stays small: a line is a run of days alike, and two weeks are four of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """Days in a row that are alike."""

    days: str
    count: str
    why: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Reasons:
    """What stands behind one clock."""

    summary: str
    changes: tuple[str, ...]
    lines: tuple[Line, ...]
    articles: tuple[str, ...]
    is_cut: bool
    """Whether there are more days than the page shows."""


def reasons_for(clocks: list[Wired], told: Explained | None, reader: Reader) -> list[Reasons | None]:
    """The reasons of the clocks of a page, in their order; None for one that has not begun."""
    if told is None:
        return [None] * len(clocks)
    found = {(one.clock.kind, one.clock.stage, one.clock.round): one for one in told.clocks}
    return [
        None if one is None or one.count is None else reasons_of(one, told.background, reader)
        for one in (found.get((clock["kind"], clock["stage"] or "", clock["round"] or 0)) for clock in clocks)
    ]


def reasons_of(told: Explanation, known: Background, reader: Reader) -> Reasons:
    """The reasons of one clock."""
    language = reader.language
    listed, following = listed_days(told, Asked(language, most=MOST_DAYS))
    lines = list(lines_of(listed, reader))
    return Reasons(
        summary=summary_of(told, known, language),
        changes=tuple(sentence_of(change, told, language) for change in told.changes),
        lines=tuple(lines[:MOST_LINES]),
        articles=tuple(dict.fromkeys(one.article for one in told.articles if one.article is not None)),
        is_cut=following is not None or len(lines) > MOST_LINES,
    )


def lines_of(listed: list[Day], reader: Reader) -> Iterator[Line]:
    """Runs of days that count, or do not, for the same reason."""
    text = reader.text
    for _, run in groupby(listed, key=alike):
        days = list(run)
        first, last = days[0], days[-1]
        begin, end = date.fromordinal(first.day), date.fromordinal(last.day)
        if not first.counted:
            count = text("reasons.not_counted")
        elif first.hours:
            count = text("reasons.counted")
        elif first is last:
            count = text("reasons.nth", first=first.n)
        else:
            count = text("reasons.nth_to", first=first.n, last=last.n)
        when = reader.day(begin) if begin == end else text("reasons.from_to", day=reader.day(begin), to=reader.day(end))
        yield Line(when, count, why(first, reader), first.counted)


def alike(day: Day) -> tuple[bool, Reason, tuple[str, ...], str | None]:
    """What days in one line have in common."""
    name = day.name if day.reason in (Reason.HOLIDAY, Reason.MAKE_UP_WORKDAY) else None
    return day.counted, day.reason, tuple(step.id for step in day.pauses), name


def why(day: Day, reader: Reader) -> str:
    """Why a day counts or does not, with the calendar's name for it, or the ground of the pause."""
    reason = reader.label("day", str(day.reason))
    more = spoken_grounds(day.pauses, reader.language) if day.pauses else None
    if more is None and day.reason in (Reason.HOLIDAY, Reason.MAKE_UP_WORKDAY):
        more = day.name
    return reason if not more else reader.text("reasons.with", reason=reason, more=more)
