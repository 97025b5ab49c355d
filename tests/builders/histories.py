"""Random histories: an item with all kinds of rules, and steps in and out of the order in which they happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from app.domain import procedure
from app.domain.calendar import Calendar
from app.domain.items import DEFAULT_WARN, ClockRule, Count, Item, OnExpiry, Party, ReceiptRule, Stage, Warn, WarnKind
from app.domain.refusal import Refusal
from app.domain.steps import BESIDE, Dossier, FixedDue, Step, StepType
from app.domain.units import Limit, Unit
from tests.builders.domain import CD, HOUR, MONTH, WD, a_calendar, a_clock, a_count, an_item

GROUNDS = ("hearing", "correction", "publicity")
STAGES = ("a", "b", "c")
KINDS = ("notice", "statutory", "promise", "delivery", "own")
OF_A_STAGE = frozenset({StepType.START_STAGE, StepType.COMPLETE_STAGE, StepType.EXTEND, StepType.EXPLAIN_DELAY})


class Told(NamedTuple):
    """A random dossier, and between which instants it plays."""

    dossier: Dossier
    begin: datetime
    end: datetime

    def instants(self, random: Random, *, count: int = 6) -> list[datetime]:
        """Instants before, in and after the history, those of its steps among them."""
        drawn = [self.begin + (self.end - self.begin) * random.uniform(-0.1, 1.8) for _ in range(count)]
        return [*drawn, *(step.at for step in self.dossier.steps)]


def the_calendar() -> Calendar:
    """Office hours with lunch, a long holiday and a make-up Saturday."""
    hours = (*((((510, 720), (810, 1020)),) * 5), (), ())
    return a_calendar(off=("2025-01-28", "2025-01-29", "2025-01-30"), worked=("2025-02-08",), hours=hours)


def a_random_history(random: Random, calendar: Calendar, *, imported: bool = False) -> Told:
    """Some steps of which a fifth is entered late; with `imported` many that live entry would refuse."""
    begin = now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=random.randint(0, 24 * 40))
    ends = (FixedDue(kind, begin + timedelta(hours=random.randint(1, 900))) for kind in ("promise", "extra"))
    receipt = Step(
        type=StepType.RECEIVE,
        at=begin,
        seq=1,
        id="1",
        recorded_at=begin,
        fixed_due=tuple(end for end in ends if random.random() < 0.15),
        imported=imported,
    )
    dossier = Dossier(a_random_item(random), calendar, (receipt,))
    for _ in range(random.randint(2, 14)):
        now += timedelta(hours=random.choice([0, 1, 5, 24, 30, 48, 100]))
        at = now if random.random() < 0.8 else begin + (now - begin) * random.random()
        step = _a_random_step(random, dossier, at, now, imported=imported)
        try:
            procedure.check(dossier, step, now=now)
        except Refusal:
            continue
        dossier = dossier.with_step(step)
    return Told(dossier, begin, now + timedelta(hours=1))


def a_random_item(random: Random) -> Item:
    """Five clocks and three stages, whatever the law may say of such an item."""
    decided = random.choice([("decided",), ("completed:b", "decided")])
    accepting = (OnExpiry.DEEMED_ACCEPTED_FROM_RECEIPT, OnExpiry.DEEMED_ACCEPTED_AT_EXPIRY)
    granting = (OnExpiry.DEEMED_APPROVED, OnExpiry.DEEMED_CONSENTED)
    notice = _a_rule(random, "notice", "received", ("accepted", "refused", "correction_requested"))
    statutory = _a_rule(random, "statutory", random.choice(["received", "accepted"]), ("decided", "withdrawn"))
    clocks = (
        replace(notice, on_expiry=_perhaps(random, accepting), restarts_on=_restarts(random, "corrected")),
        replace(statutory, on_expiry=_perhaps(random, granting), restarts_on=_restarts(random, "completed:a")),
        _a_rule(random, "promise", "accepted", decided),
        _a_rule(random, "delivery", "decided", ("delivered",)),
        replace(
            _a_rule(random, "own", random.choice(["started:a", "correction_requested", "published"]), ("corrected",)),
            on_expiry=_perhaps(random, (OnExpiry.DEEMED_WITHDRAWN,)),
            party=random.choice([Party.AGENCY, Party.APPLICANT]),
        ),
    )
    rule = random.choice([ReceiptRule.SYSTEM_ENTRY, *ReceiptRule])
    return an_item(*clocks, stages=tuple(_a_random_stage(random, code) for code in STAGES), receipt_rule=rule)


def _perhaps(random: Random, effects: tuple[OnExpiry, ...]) -> OnExpiry:
    return random.choice(effects) if random.random() < 0.35 else OnExpiry.OVERDUE


def _restarts(random: Random, moment: str) -> frozenset[str]:
    return frozenset({moment}) if random.random() < 0.3 else frozenset()


def _a_random_stage(random: Random, code: str) -> Stage:
    clock = None
    if random.random() < 0.8:
        clock = _a_rule(random, "stage", f"started:{code}", (f"completed:{code}",), stage=code)
    department = random.choice([None, "D1", "D2"])
    return Stage(code, code, department, random.choice([None, "S"]), random.random() < 0.5, clock)


def _a_rule(random: Random, kind: str, starts: str, stops: tuple[str, ...], *, stage: str = "") -> ClockRule:
    unit = random.choice([WD, WD, CD, MONTH, HOUR])
    least, most = (1, 3) if unit is MONTH else (1, 60) if unit is HOUR else (0, 12)
    return a_clock(
        kind,
        random.randint(least, most),
        unit,
        starts=starts,
        stops=frozenset(stops),
        pauses_for=frozenset(ground for ground in GROUNDS if random.random() < 0.5),
        extension=(5, 2) if random.random() < 0.6 else None,
        count=_a_random_count(random, unit),
        warn=_some_rungs(random),
        stage=stage,
    )


def _a_random_count(random: Random, unit: Unit) -> Count:
    if random.random() < 0.4:
        return Count.default(unit)
    return a_count(
        unit,
        start=random.choice(["next_day", "same_day", "roll_then_next"]),
        end=random.choice([None, "keep", "roll_forward"]),
        due=random.choice(["end_of_day", "close_of_business", "same_time"]),
    )


def _some_rungs(random: Random) -> tuple[Warn, ...]:
    if random.random() < 0.5:
        return DEFAULT_WARN
    kinds = [random.choice(list(WarnKind)) for _ in range(random.randint(0, 3))]
    return tuple(
        Warn(kind, None, random.randint(1, 1000))
        if kind is WarnKind.AT_SHARE
        else Warn(kind, Limit(random.randint(0, 3), random.choice([WD, CD, HOUR])))
        for kind in kinds
    )


def _a_random_step(random: Random, dossier: Dossier, at: datetime, now: datetime, *, imported: bool) -> Step:
    types: list[StepType] = [kind for kind in StepType if kind is not StepType.RECEIVE and kind not in BESIDE]
    if not imported or random.random() < 0.5:
        types = list(procedure.allowed(dossier, at)) or types
    kind = random.choice(types)
    seq = len(dossier.steps) + 1
    return Step(
        type=kind,
        at=at,
        seq=seq,
        id=str(seq),
        recorded_at=now,
        stage=random.choice([*STAGES, "zz", "", ""]) if kind in OF_A_STAGE else "",
        clock=random.choice(KINDS),
        amount=random.randint(1, 5),
        ground=random.choice(GROUNDS),
        announced=random.choice([None, Limit(random.randint(1, 6), random.choice([WD, CD, HOUR]))]),
        department=random.choice([None, "D3"]),
        section=random.choice([None, "T"]),
        imported=imported and random.random() < 0.7,
    )
