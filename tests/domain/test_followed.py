"""The account of a clock that goes on with each event is the one kept anew from all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import procedure
from app.domain.bookkeeping import Followed, keep_account
from app.domain.forecast import forecast
from app.domain.items import ClockRule, Item, OnExpiry
from app.domain.ledger import Account
from app.domain.log import Log
from app.domain.refusal import Refusal
from app.domain.steps import Dossier, Step, StepType
from app.domain.units import Limit
from tests.builders.domain import WD, a_clock, a_history, an_item, instant
from tests.builders.folds import a_changed_history
from tests.builders.histories import GROUNDS, KINDS, a_random_history, a_random_item, the_calendar

CALENDAR = the_calendar()
EFFECTS = [effect for effect in OnExpiry if effect is not OnExpiry.OVERDUE]
BUSY = (
    *[StepType.PAUSE, StepType.RESUME] * 3, *[StepType.REQUEST_CORRECTION, StepType.SUBMIT_CORRECTION] * 2,
    *[StepType.START_STAGE, StepType.COMPLETE_STAGE] * 2, StepType.ACCEPT, StepType.EXTEND, StepType.PUBLISH,
    StepType.DECIDE, StepType.WITHDRAW, StepType.CLOSE,
)  # fmt: skip
MOMENTS = ("corrected", "started:a", "completed:a", "published", "correction_requested", "withdrawn")


def anew(log: Log, rule: ClockRule, place: int) -> Account:
    """The slow way: the account from all events so far."""
    return log.account_from(rule, place)


def compared(log: Log, rule: ClockRule, place: int) -> Account:
    """The quick way, held to the slow one in all that an account knows."""
    account = FOLLOW(log, rule, place)
    assert vars(account) == vars(anew(log, rule, place))
    return account


FOLLOW = Log._follow


@contextmanager
def following(way: object) -> Iterator[None]:
    """Within, logs ask for the accounts of their silent clocks in another way."""
    setattr(Log, "_follow", way)  # noqa: B010  a way of the class for a while
    try:
        yield
    finally:
        setattr(Log, "_follow", FOLLOW)  # noqa: B010


def with_silence_everywhere(random: Random, item: Item) -> Item:
    """The same item, most of its clocks with an effect of silence, many beginning again."""
    return Item.build(
        item.code,
        item.version,
        item.department,
        clocks=tuple(
            replace(
                rule,
                on_expiry=random.choice(EFFECTS) if random.random() < 0.8 else rule.on_expiry,
                restarts_on=frozenset(random.sample(MOMENTS, random.randint(0, 2))),
            )
            for rule in item.clocks
        ),
        stages=item.stages,
        receipt_rule=item.receipt_rule,
    )


def judged(dossier: Dossier, step: Step) -> str | None:
    """What the law says against one more step."""
    try:
        procedure.check(dossier, step, now=step.at)
    except Refusal as refusal:
        return f"{refusal.code} {refusal.detail}"
    return None


def a_busy_log(random: Random) -> Log:
    """What an import may hold: pauses, corrections and stages again and again, the same instant often."""
    item = with_silence_everywhere(random, a_random_item(random))
    log = Log(item, CALENDAR)
    at = instant("2025-01-06")
    for seq in range(1, random.randint(6, 40)):
        kind = StepType.RECEIVE if seq == 1 else random.choice(BUSY)
        log.take(
            Step(
                type=kind, at=at, seq=seq, id=str(seq), recorded_at=at, imported=True, ground=random.choice(GROUNDS),
                stage=random.choice("ab"), clock=random.choice(KINDS), amount=random.randint(1, 3),
                announced=random.choice([None, Limit(random.randint(1, 4), WD)]),
            )
        )  # fmt: skip
        at += timedelta(hours=random.choice([0, 0, 7, 30]))
    return log


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_an_account_that_goes_on_is_the_one_kept_anew_after_each_event(seed: int) -> None:
    random = Random(seed)
    log = a_busy_log(random)
    for rule in log.rules:
        place = log.firsts.get(rule.starts)
        if place is None:
            continue
        events = log.events[: place + 1]
        paused = place in log.paused
        followed = Followed(log.opened(rule, place), events, place, paused=paused, origins=log.origins)
        for event in [*log.events[place + 1 :], None]:
            if event is None or random.random() < 0.8:
                expected = keep_account(log.opened(rule, place), events, place, paused=paused, origins=log.origins)
                assert vars(followed.now()) == vars(expected)
            if event is not None:
                events.append(event)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 1 << 32), imported=st.booleans(), changed=st.booleans())
def test_what_silence_does_is_the_same_however_the_accounts_are_kept(seed: int, imported: bool, changed: bool) -> None:
    random = Random(seed)
    told = a_random_history(random, CALENDAR, imported=imported)
    told = told._replace(dossier=replace(told.dossier, item=with_silence_everywhere(random, told.dossier.item)))
    if changed:
        told = a_changed_history(random, told)
    dossier = told.dossier
    late = Step(type=StepType.ASSIGN, at=told.instants(random)[0], seq=99, id="99", recorded_at=told.end, section="S")
    with following(compared):
        try:
            drawn, said = forecast(dossier), judged(dossier, late)
        except Refusal:
            return
    with following(anew):
        assert (forecast(dossier), judged(dossier, late)) == (drawn, said)


def test_an_end_of_a_pause_counts_for_nothing_when_the_restart_of_the_same_instant_comes_after_it() -> None:
    rule = a_clock(
        "k", 10, starts="received", pauses_for=frozenset({"hearing"}), restarts_on="published",
        on_expiry="deemed_approved",
    )  # fmt: skip
    history = a_history(an_item(rule)).received("2025-03-03").accepted("2025-03-03").paused("2025-03-05")
    log = Log(history.dossier.item, history.dossier.calendar)
    steps = [*history.dossier.steps, history.next_step("resume", "2025-03-10", imported=True)]
    steps.append(replace(history.next_step("publish", "2025-03-10", imported=True), seq=9))
    with following(compared):
        for step in steps:
            log.take(step)
            log.hear(step.at)
    account = log.account_from(rule, log.firsts["received"])
    assert (account.revision, account.used) == (2, 0)


def test_each_event_is_fed_once() -> None:
    """So that the law of a long history with many silent clocks costs what its length and their number cost."""
    count = 60
    rules = [
        a_clock(f"k{n}", 900, starts="received", pauses_for=frozenset({"hearing"}), on_expiry="deemed_approved")
        for n in range(4)
    ]
    history = a_history(an_item(*rules)).received("2025-01-06").accepted("2025-01-06")
    at = instant("2025-01-07")
    for place in range(count):
        kind = "resume" if place % 2 else "pause"
        history = history.step(kind, (at + timedelta(hours=place)).isoformat(), ground="hearing")
    fed: list[int] = []
    kept = Followed.now

    def counted(followed: Followed) -> Account:
        before = followed.fed
        account = kept(followed)
        fed.append(followed.fed - before)
        return account

    setattr(Followed, "now", counted)  # noqa: B010
    try:
        procedure.check(history.dossier, history.next_step("assign", "2025-02-01", section="S"), now=at)
    finally:
        setattr(Followed, "now", kept)  # noqa: B010
    assert sum(fed) == len(rules) * (count + 1)
