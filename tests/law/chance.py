"""Chance, by seed, with features that may be left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

# What a history may hold. Each name may be left out.
FEATURES = frozenset(
    {
        "working_time",  # limits in working hours, minutes, seconds
        "month",  # limits in months
        "hours",  # calendars with hours
        "count_rules",  # start_rule, end_rule, due_time other than the defaults
        "same_day",
        "roll_then_next",
        "same_time",
        "close_of_business",
        "zero_limit",  # limits of no day at all
        "pauses",
        "announced",  # pauses with an announced length
        "corrections",
        "restarts",
        "extensions",
        "stages",
        "rounds",  # a stage started again
        "deemed",
        "receipt_rules",
        "warn",  # rungs of the item's own
        "late",  # steps with recorded_at and seq, known_at
        "amend",
        "layers",
        "editions",  # several editions by publication
        "suspensions",
        "fixed_due",
        "applicant",  # applicants' clocks
        "own_clocks",  # clocks with names of the item's own
        "violations",
        "zones",  # zones with a change of the clock
        "provisional",  # calendars that end
        "no_as_of",
        "negative",  # limits that count back, in the shorter form
        "pause_over_announced",
    }
)

# What `api.md` leaves open, so that two careful readers may differ: see README.md. Left out unless asked for.
UNCLEAR = frozenset(
    {
        "before_start",  # asked as of an instant between what starts a clock and where its count begins
        "stage_at_final",  # a stage that runs when the application is withdrawn, terminated, refused or closed
        "restart_in_pause",  # a clock begins again while a pause of the procedure is open
        "announced_in_working_time",  # a pause announced in hours where the limit is in days, or the other way round
        "deemed_delivery",  # a clock that starts with `decided` after a deemed approval
        "deemed_working_time",  # a clock in working time that starts with a deemed acceptance
        "deemed_chain",  # a deemed acceptance, and a deemed approval counted from it
        "same_time_midnight",  # `same_time` from a start at 00:00 or by a roll in days
        "months_share",  # `at_share` of a limit in months
        "zero_over_pause",  # a limit of no day at all in a pause or a suspension
        "inspect",  # the step `inspect`
        "odd_codes",  # which of two codes that both fit
        "fixed_pauses",  # used days of a fixed end under pauses and suspensions
        "retroactive_edition",  # an edition or a suspension that speaks of days before its publication
        "stage_over_limit",  # a stage started after the promise or the statutory limit has run out
        "stopped_in_pause",  # a clock that stops while paused, other than by `decide` or a final step
        "pause_before_extension",  # a pause that begins when the limit is used up, which is then extended
        "day_without_hours",  # a weekday that works without hours on a calendar with hours
    }
)


class Chance:
    """Random choices for one case."""

    def __init__(self, seed: int | str, without: frozenset[str]) -> None:
        unknown = without - FEATURES - UNCLEAR
        if unknown:
            raise ValueError(f"unknown features {sorted(unknown)}")
        self.random = random.Random(seed)
        self.without = without

    def has(self, feature: str, share: float = 1.0) -> bool:
        """Whether this case holds a feature, which so great a share of them does. Draws in either case."""
        return self.random.random() < share and feature not in self.without

    def often(self, share: float) -> bool:
        """True in so great a share."""
        return self.random.random() < share

    def one(self, choices: Sequence[T]) -> T:
        """One of several."""
        return self.random.choice(choices)

    def some(self, choices: Sequence[T], share: float) -> list[T]:
        """Each of several with the same chance."""
        return [each for each in choices if self.random.random() < share]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)

    def pick(self, weighted: Sequence[tuple[T, float]]) -> T:
        """One of several by weight."""
        return self.random.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]


def write(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the wire has it."""
    return at.astimezone(zone).isoformat()


def at_local(on: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time as an instant in UTC."""
    return datetime.combine(on, clock, zone).astimezone(UTC)


def time_of_day(chance: Chance) -> time:
    """A time of day: mostly office hours, often an edge."""
    if chance.often(0.3):
        return chance.one(
            [
                time(0),
                time(0, 0, 0, 1),
                time(8, 59, 59),
                time(9),
                time(12),
                time(13, 30),
                time(17),
                time(17, 0, 0, 1),
                time(18),
                time(23, 59, 59),
                time(23, 59, 59, 999999),
            ]
        )
    return time(chance.between(8, 17), chance.between(0, 59), chance.between(0, 59))


SPECIAL_DAYS = [
    date(2024, 2, 28),
    date(2024, 2, 29),
    date(2028, 2, 29),
    date(2023, 12, 29),
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2025, 1, 30),
    date(2025, 1, 31),
    date(2026, 3, 31),
    date(2025, 8, 31),
]
CLOCK_CHANGES = {
    "Europe/Berlin": [date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29)],
    "America/New_York": [date(2025, 3, 9), date(2025, 11, 2), date(2026, 3, 8)],
    "Africa/Cairo": [date(2024, 4, 26), date(2024, 10, 31), date(2025, 4, 25)],
    "Australia/Lord_Howe": [date(2025, 4, 6), date(2025, 10, 5)],
}


def first_day(chance: Chance, zone: str) -> date:
    """The day on which a history begins."""
    if zone in CLOCK_CHANGES and chance.often(0.6):
        return chance.one(CLOCK_CHANGES[zone]) - timedelta(days=chance.between(0, 9))
    if chance.often(0.25):
        return chance.one(SPECIAL_DAYS)
    return date(2019, 1, 1) + timedelta(days=chance.between(0, 3650))
