"""Made-up histories: whole dossiers as cases for the rules, and an ordinary year of two offices that knows no rule.

The ordinary year is written from how such offices work (domain.md 1 to 3): receipts in office hours or online at any
hour, acceptance within days, one correction now and then, reviews arranged after acceptance, decisions signed in
batches in the afternoon, some late, some in overtime, some entered later than done, a withdrawal now and then.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from app.calendars import catalogue
from app.domain.calendar import Calendar
from app.domain.forecast import forecast
from app.domain.items import Item, Stage
from app.domain.steps import Dossier, Step, StepType
from app.domain.units import Limit, Unit
from app.findings.cases import Case, Entry
from tests.builders.domain import a_clock, instant

__all__ = ["Told", "a_case", "a_history", "an_ordinary_year", "case_of"]

DOCUMENTED: Final = frozenset({StepType.DECIDE, StepType.DELIVER})
AGENCY_PAUSES = frozenset({"hearing", "expert_review"})


class Told(NamedTuple):
    """A history: its number, the dossier, which steps have a document beside them."""

    number: str
    dossier: Dossier
    documented: frozenset[int]


def the_item(code: str = "eia-form", statutory: int = 20, promise: int = 10) -> Item:
    """Notice in 5 working days, the decision in `statutory` of them, promised in `promise`, delivered in 10."""
    received = frozenset({"accepted", "refused", "correction_requested"})
    return Item.build(
        code,
        1,
        "D1",
        clocks=(
            a_clock("notice", 5, starts="received", stops=received),
            a_clock("statutory", statutory, pauses_for=AGENCY_PAUSES, extension=(10, 1)),
            a_clock("promise", promise, pauses_for=AGENCY_PAUSES),
            a_clock("delivery", 10, starts="decided", stops=frozenset({"delivered"})),
        ),
        stages=(Stage("review", "审查"),),
    )


def on_the_spot() -> Item:
    """即办件: decided while the applicant waits."""
    return Item.build("on-the-spot", 1, "D1", clocks=(a_clock("statutory", 0, starts="received"),))


def a_history(item: Item | None = None, *steps: tuple[Any, ...], number: str = "A-1") -> Told:
    """A dossier of steps `(type, at, {fields})`; `recorded` among the fields says when it was entered."""
    dossier: Dossier | None = None
    documented = set()
    for seq, (kind, at, *more) in enumerate(steps, start=1):
        said = dict(more[0]) if more else {}
        recorded, document = said.pop("recorded", at), said.pop("document", None)
        imported = said.pop("imported", False)
        moment = at if isinstance(at, datetime) else instant(at)
        entered = recorded if isinstance(recorded, datetime) else instant(recorded)
        step = Step(
            type=StepType(kind), at=moment, seq=seq, id=f"{number}.{seq}", recorded_at=entered, imported=imported
        )
        step = replace(step, **said)
        if document if document is not None else step.type in DOCUMENTED:
            documented.add(seq)
        if dossier is None:
            dossier = Dossier(item or the_item(), catalogue.newest("CN"), (step,))
        else:
            dossier = dossier.with_step(step)
    assert dossier is not None
    return Told(number, dossier, frozenset(documented))


def case_of(told: Told) -> Case:
    """A history as the rules look at it."""
    dossier = told.dossier
    drawn = forecast(dossier)
    entries = [
        Entry(
            seq=step.seq,
            type=step.type,
            at=step.at,
            recorded_at=step.recorded_at or step.at,
            imported=step.imported,
            ground=step.ground,
            clock=step.clock,
            stage=step.stage,
            amount=step.amount,
            result=step.result,
            documented=step.seq in told.documented,
            fixed={one.clock: one.due_at for one in step.fixed_due},
        )
        for step in dossier.steps
    ]
    imported = dossier.steps[0].imported
    calendars = {dossier.calendar.name: dossier.calendar}
    return Case(told.number, dossier.item, dossier.calendar, imported, entries, drawn.spans, drawn.stretches, calendars)


def a_case(*steps: tuple[Any, ...], item: Item | None = None) -> Case:
    """A history of these steps as the rules look at it."""
    return case_of(a_history(item, *steps))


# An ordinary year

FIRST: Final = date(2025, 1, 2).toordinal()
YEAR: Final = 365
OFFICES: Final = (("D1", ("zhang", "li", "wang")), ("D2", ("zhao", "qian")))
WINDOW: Final = "window"


class Clerk:
    """Draws when things happen in an office."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.calendar: Calendar = catalogue.newest("CN")

    def moment(self, day: int, *, afternoon: bool = False) -> datetime:
        """Some time of a day in office hours; in overtime now and then."""
        random = self.random
        if random.random() < 0.03:
            minute = random.randint(18 * 60, 19 * 60 + 50)
        elif afternoon:
            minute = random.randint(14 * 60, 17 * 60 + 20)
        else:
            minute = random.choice([random.randint(9 * 60, 12 * 60), random.randint(13 * 60 + 30, 17 * 60 + 20)])
        return self.calendar.midnight(day) + timedelta(minutes=minute, seconds=random.randint(1, 59))

    def workday(self, day: int, after: int) -> int:
        """So many working days after a day."""
        return self.calendar.nth(day, after) if after else self.calendar.next_working(day)

    def entered(self, at: datetime) -> datetime:
        """When it was entered: at once; sometimes the same evening, the next working day, or the one after."""
        random = self.random
        drawn = random.random()
        if drawn > 0.05:
            return at + timedelta(seconds=random.randint(0, 200))
        if drawn > 0.025:
            return at + timedelta(hours=random.randint(1, 4))
        day = self.workday(self.calendar.day_of(at), 1 if drawn > 0.003 else 2)
        return max(at, self.moment(day))


def an_ordinary_year(seed: int, count: int) -> list[Told]:
    """So many ordinary applications of two offices and their window, received over one year."""
    random = Random(seed)
    clerk = Clerk(random)
    return [an_ordinary_one(clerk, f"S{seed}-{place}") for place in range(count)]


KINDS: Final = (
    (the_item("eia-form", 20, 10), 5.0),
    (the_item("discharge-permit", 20, 15), 8.0),
    (the_item("well-permit", 45, 30), 16.0),
)


def an_ordinary_one(clerk: Clerk, number: str) -> Told:
    """One ordinary application from receipt to delivery."""
    random = clerk.random
    day = FIRST + random.randrange(YEAR)
    if random.random() < 0.3:
        at = clerk.calendar.midnight(day) + timedelta(minutes=random.randint(0, 1439), seconds=7)
    else:
        at = clerk.moment(clerk.workday(day, 0))
    department, officers = random.choice(OFFICES)
    if random.random() < 0.2:
        return on_the_window(clerk, number, clerk.moment(clerk.workday(day, 0)))
    item, usual = random.choice(KINDS)
    steps: list[tuple[Any, ...]] = [
        ("receive", at, {"department": department, "section": "s", "officer": random.choice(officers)})
    ]
    today = clerk.workday(clerk.calendar.day_of(at), random.choice([0, 1, 1, 2, 3]))
    if random.random() < 0.15:
        steps.append(("request_correction", clerk.moment(today)))
        today += random.randint(1, 15)
        steps.append(("submit_correction", clerk.calendar.midnight(today) + timedelta(hours=random.randint(8, 22))))
        today = clerk.workday(today, 1)
    moment = max(clerk.moment(today), steps[-1][1] + timedelta(minutes=20))
    if random.random() < 0.02:
        return entered(clerk, number, item, [*steps, ("refuse", moment)])
    steps.append(("accept", moment))
    today = clerk.calendar.day_of(moment)
    if random.random() < 0.02:
        later = clerk.moment(clerk.workday(today, random.randint(1, 4)))
        return entered(clerk, number, item, [*steps, ("withdraw", later)])
    if random.random() < 0.12:
        today = clerk.workday(today, random.choice([1, 2, 3]))
        length = random.randint(5, 15)
        pause = {"ground": random.choice(["hearing", "expert_review"]), "announced": Limit(length, Unit.WORKING_DAY)}
        steps.append(("pause", clerk.moment(today), pause))
        today = clerk.workday(today, random.randint(3, length))
        steps.append(("resume", clerk.moment(today)))
    worked = max(1, round(usual * random.lognormvariate(0.0, 0.45)))
    if worked > 17 and usual < 10:
        steps.append(("extend", clerk.moment(clerk.workday(today, 12)), {"clock": "statutory", "amount": 10}))
    decided = clerk.moment(clerk.workday(today, worked), afternoon=True)
    steps.append(("decide", decided, {"result": "granted" if random.random() < 0.95 else "denied"}))
    delivered = clerk.moment(clerk.workday(clerk.calendar.day_of(decided), random.randint(1, 5)))
    steps += [("deliver", delivered), ("close", delivered + timedelta(minutes=random.randint(1, 300)))]
    return entered(clerk, number, item, steps)


def on_the_window(clerk: Clerk, number: str, at: datetime) -> Told:
    """Received, accepted, decided and handed out while the applicant waits."""
    minutes = clerk.random.randint(4, 25)
    return a_history(
        on_the_spot(),
        ("receive", at, {"department": "D1", "section": "w", "officer": WINDOW}),
        ("accept", at + timedelta(minutes=1)),
        ("decide", at + timedelta(minutes=minutes), {"result": "granted"}),
        ("deliver", at + timedelta(minutes=minutes + 1)),
        number=number,
    )


def entered(clerk: Clerk, number: str, item: Item, steps: list[tuple[Any, ...]]) -> Told:
    """The same with the instants at which the steps were entered."""
    said = []
    for kind, at, *more in steps:
        said.append((kind, at, {**(more[0] if more else {}), "recorded": clerk.entered(at)}))
    return a_history(item, *said, number=number)
