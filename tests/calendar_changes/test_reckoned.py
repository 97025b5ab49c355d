"""What is reckoned of an edition from stored spans is what the two drawings of the history would say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from app.applications.carried import Clock, goes_on, next_look
from app.applications.looks import look_at
from app.applications.projection import held
from app.calendar_changes.moves import Effect, effect_of
from app.calendar_changes.reckoned import Reckoner
from app.calendar_changes.shapes import Paused, Reckoned, Shape, Standing, Stored
from app.domain import corrections
from app.domain.calendar import Calendar, DayRule
from app.domain.folds import BEGINNING, Recomputation
from app.domain.forecast import forecast
from app.domain.items import Warn, WarnKind
from app.domain.refusal import Refusal
from app.domain.spans import Forecast, Span
from app.domain.steps import Dossier, StepType
from app.domain.units import Limit, Unit
from tests.builders.domain import a_calendar, a_clock, a_history, a_stage, an_item, day, instant, text_of
from tests.builders.histories import a_random_history, the_calendar
from tests.law import dossiers, histories

UNUSUAL = frozenset({"working_time", "deemed", "suspensions", "zones", "fixed_due", "receipt_rules", "same_time"})
CASES = 600


class Asked(NamedTuple):
    """A history, the edition that comes to it, and when."""

    dossier: Dossier
    after: Calendar
    now: datetime


def an_edition(chance: Random, before: Calendar, now: datetime) -> Calendar:
    """The calendar with some days the other way round; mostly all of them lie ahead."""
    today = before.day_of(now)
    first = today + (1 if chance.random() < 0.9 else -20)
    days = dict(before.days)
    for named in chance.sample(range(first, first + chance.choice([4, 12, 40])), chance.randint(1, 3)):
        days[named] = DayRule(not before.is_working(named))
    certain_to = before.certain_to
    if certain_to is not None and chance.random() < 0.3:
        certain_to += 365
    return Calendar(
        before.code, before.number + 1, before.zone, days=days, weekend=before.weekend,
        weekly_hours=before.weekly_hours, published_to=before.published_to, certain_to=certain_to, first=before.first,
        name=f"{before.code}@{before.number + 1}",
    )  # fmt: skip


def asked_of(dossier: Dossier, chance: Random) -> Asked | None:
    """Some instant of a history, and an edition then; None where nothing was on record."""
    instants = [step.recorded_at or step.at for step in dossier.steps]
    if not instants:
        return None
    now = max(chance.choice(instants), min(instants)) + timedelta(hours=chance.choice([0, 1, 30, 100, 400]))
    if any(step.recorded_at is None for step in dossier.steps):
        steps = tuple(step for step in dossier.steps if step.at <= now)
        known: Dossier | None = replace(dossier, steps=steps)
    else:
        known = corrections.known(dossier, now)
    if known is None or not known.steps or any(fold.suspensions for fold in known.folds):
        return None
    return Asked(known, an_edition(chance, known.calendar, now), now)


def histories_by_chance() -> Iterator[Asked]:
    """Histories of all kinds, many of them of the usual one, and editions that come to them."""
    calendar = the_calendar()
    for seed in range(CASES):
        chance = Random(seed)
        try:
            told = dossiers.told(histories.case(seed, without=UNUSUAL if seed % 3 else frozenset())).dossier
            other = a_random_history(chance, calendar).dossier if seed % 5 == 0 else told
            for dossier in {id(one): one for one in (told, other)}.values():
                for _ in range(2):
                    if (asked := asked_of(dossier, chance)) is not None:
                        forecast(asked.dossier)
                        yield asked
        except Refusal:
            continue


def stored(span: Span) -> Stored:
    """A span as the walk reads its row."""
    shape = Shape(
        span.clock, span.stage, span.round, str(span.state), span.started_on, span.total, span.counts_from,
        span.used_before, span.due_on, span.latest_due_on, span.fixed, span.calendar, bool(span.after),
    )  # fmt: skip
    return Stored(span.from_at, span.to_at, span.stopped_at, shape)


def reckoned_of(asked: Asked, published_at: datetime | None = None) -> Reckoned | None:
    dossier, after, now = asked
    drawn = forecast(dossier)
    status = drawn.stretches[0].status
    for stretch in drawn.stretches:
        status = stretch.status if stretch.from_at <= now else status
    received_on = None if drawn.received_on is None else date.fromordinal(drawn.received_on)
    head = Standing("Q", dossier.item.code, 1, dossier.calendar.name, str(status), 1, now, received_on, now)
    spans = [stored(span) for span, _ in held(drawn) if span.to_at is None or span.to_at > now]
    Random(len(spans)).shuffle(spans)
    reckoner = Reckoner(
        dossier.item,
        dossier.calendar,
        after,
        named=dossier.calendar_named,
        stopped_to=0,
        today=after.day_of(now),
        published_at=published_at,
    )
    return reckoner.reckon(head, spans, now, pause_of(dossier))


def pause_of(dossier: Dossier) -> Paused | None:
    """The only pause on record, if it was announced and nothing was amended."""
    pauses = [step for step in dossier.steps if step.type is StepType.PAUSE]
    if len(pauses) != 1 or dossier.amendments or pauses[0].announced is None:
        return None
    return Paused(pauses[0].at, pauses[0].announced)


def drawn_of(asked: Asked) -> Effect:
    return effect_of(asked.dossier, [Recomputation(at=asked.now, calendar=asked.after)], asked.now)


def differing() -> tuple[Counter[str], list[Asked]]:
    """How many histories were reckoned, how many of those moved, and those that were reckoned wrongly."""
    seen: Counter[str] = Counter()
    wrong: list[Asked] = []
    for asked in histories_by_chance():
        told = reckoned_of(asked)
        if told is None:
            seen["drawn"] += 1
            continue
        found = told.effect
        try:
            drawn = drawn_of(asked)
        except Refusal:
            drawn = Effect((), touches=False)
        seen["reckoned"] += 1
        seen["moved"] += bool(found.moves)
        seen["touched"] += found.touches
        seen["touched alone"] += found.touches and not found.moves
        seen["paused"] += any(move.was == "paused" for move in found.moves)
        seen["stages"] += any(move.stage for move in found.moves)
        seen["stopped"] += any(move.was in ("met", "missed") for move in found.moves)
        if found != drawn:
            wrong.append(asked)
    return seen, wrong


def test_what_is_reckoned_is_what_the_drawings_say() -> None:
    seen, wrong = differing()
    assert not wrong
    assert seen["reckoned"] > CASES / 3
    for kind in ("moved", "touched", "touched alone", "stages", "stopped", "paused"):
        assert seen[kind] > 1, (kind, seen)


def recorded(dossier: Dossier) -> list[tuple[str, datetime]]:
    """What is on record, in that order, as the events' rows say it."""
    rows = [(step.seq, str(step.type), step.at) for step in dossier.recorded or dossier.steps]
    rows += [(one.seq, "recomputed", one.at) for one in dossier.recomputations]
    rows += [(one.seq, "amend", BEGINNING) for one in dossier.amendments]
    return [(type_, at) for _, type_, at in sorted(rows)]


def shown(span: Span, clock: Clock, after: Calendar) -> Span:
    """A span as a clock shows it under the edition."""
    return span._replace(
        due_on=clock.due_on,
        due_at=clock.due_at,
        latest_due_on=clock.latest_due_on,
        yellow_at=clock.yellow_at,
        warnings=clock.warnings,
        after=clock.after,
        provisional=clock.provisional,
        calendar=after.name,
        revision=span.revision + clock.moved,
    )


def cut_at(span: Span, told: Reckoned, after: Calendar, at: datetime) -> Iterator[Span]:
    """A span as it is stored once the application has been carried over."""
    for one, clock in told.clocks:
        if (one.shape.clock, one.shape.stage) != (span.clock, span.stage):
            continue
        if span.to_at == one.to_at:
            yield span._replace(to_at=at)
            yield shown(span._replace(from_at=at, to_at=clock.to_at), clock, after)
            return
        if clock.then is not None and span.to_at is None:
            then = span._replace(from_at=clock.then.from_at, counts_from=clock.then.counts_from)
            yield shown(then, clock.then.shown, after)
            return
    yield span


def carried_as_replayed(asked: Asked, told: Reckoned, at: datetime) -> tuple[Forecast, Forecast]:
    """The forecasts without and with the edition on record, after the spans carried over were held to the second."""
    before = forecast(asked.dossier)
    record = Recomputation(at=at, seq=1000, recorded_at=asked.now, calendar=asked.after)
    drawn = forecast(corrections.recomputed(asked.dossier, record))
    assert [one for span in before.spans for one in cut_at(span, told, asked.after, at)] == list(drawn.spans)
    return before, drawn


def test_what_is_carried_over_is_what_the_journal_would_have_written() -> None:
    seen: Counter[str] = Counter()
    for place, asked in enumerate(histories_by_chance()):
        dossier, _, now = asked
        chance = Random(place)
        latest = max(at for _, at in recorded(dossier))
        at = latest + (now - latest) * chance.random()
        told = reckoned_of(asked, at)
        if told is None or not told.clocks or not goes_on(recorded(dossier), at):
            seen["replayed"] += 1
            continue
        before, drawn = carried_as_replayed(asked, told, at)
        assert drawn.received_on == before.received_on
        known = chance.choice([None, now, now + timedelta(days=chance.randint(-9, 30))])
        clocks = [clock for _, clock in told.clocks]
        assert next_look(known, clocks, at, now) == look_at(known, before, drawn, since=at, now=now)
        seen["carried"] += 1
        seen["moved"] += any(clock.moved for clock in clocks)
        seen["again"] += bool(dossier.folds)
        seen["paused"] += any(clock.then is not None for clock in clocks)
        seen["crossed since"] += any(clock.looked is not None and clock.looked <= now for clock in clocks)
    assert seen["carried"] > CASES / 6
    for kind in ("moved", "again", "crossed since", "paused"):
        assert seen[kind] > 1, (kind, seen)


def one_day_off(asked_at: str, dossier: Dossier, off: str) -> Asked:
    before = dossier.calendar
    days = {**before.days, day(off): DayRule(False)}
    return Asked(dossier, Calendar(before.code, 2, before.zone, days=days), instant(asked_at))


def test_where_a_share_may_have_been_used_before_a_pause_the_history_is_replayed() -> None:
    share = Warn(WarnKind.AT_SHARE, None, 200)
    item = an_item(a_clock("statutory", 20, pauses_for=frozenset({"hearing"}), warn=(share,)))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    running = one_day_off("2025-03-17", told.dossier, "2025-03-26")
    resumed = told.paused("2025-03-12").resumed("2025-03-14")
    after_a_pause = one_day_off("2025-03-17", resumed.dossier, "2025-03-26")
    for asked, is_carried in ((running, True), (after_a_pause, False)):
        found = reckoned_of(asked, instant("2025-03-17 00:00"))
        assert found is not None
        assert found.effect == drawn_of(asked)
        assert len(found.effect.moves) == 1
        assert bool(found.clocks) is is_carried


def test_a_stage_moves_with_the_promise_that_caps_it() -> None:
    stage = a_stage("review", 30)
    item = an_item(a_clock("promise", 10), stages=(stage,))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    told = told.step("start_stage", "2025-03-04", stage="review")
    asked = one_day_off("2025-03-10", told.dossier, "2025-03-14")
    found = reckoned_of(asked, instant("2025-03-10 00:00"))
    assert found is not None
    assert found.effect == drawn_of(asked)
    assert [(one.clock, text_of(one.from_on), text_of(one.to_on)) for one in found.effect.moves] == [
        ("promise", "2025-03-17", "2025-03-18"),
        ("stage", "2025-03-17", "2025-03-18"),
    ]


def test_a_clock_paused_for_as_long_as_was_announced_runs_again_a_day_later() -> None:
    item = an_item(a_clock("promise", 10, pauses_for=frozenset({"hearing"})))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    announced = Limit(5, Unit.WORKING_DAY)
    asked = one_day_off("2025-03-10", told.paused("2025-03-07", announced=announced).dossier, "2025-03-12")
    found = reckoned_of(asked, instant("2025-03-10 00:00"))
    assert found is not None
    assert found.effect == drawn_of(asked)
    [(_, clock)] = found.clocks
    assert clock.then is not None
    assert (text_of(clock.latest_due_on), clock.to_at) == ("2025-03-25", instant("2025-03-18 00:00"))
    assert (clock.then.was_from, clock.then.from_at) == (instant("2025-03-15 00:00"), instant("2025-03-18 00:00"))


def test_a_pause_that_ends_later_touches_a_clock_whose_end_rolls_to_the_same_day() -> None:
    item = an_item(a_clock("statutory", 7, Unit.CALENDAR_DAY, pauses_for=frozenset({"hearing"})))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    told = told.paused("2025-03-05", announced=Limit(3, Unit.WORKING_DAY))
    asked = one_day_off("2025-03-06", told.dossier, "2025-03-07")  # the 15th, a Saturday, becomes the 16th
    found = reckoned_of(asked, instant("2025-03-06 00:00"))
    assert found is not None
    assert found.effect == drawn_of(asked) == Effect((), touches=True)
    assert found.clocks
    carried_as_replayed(asked, found, instant("2025-03-06 00:00"))


def test_a_share_of_the_limit_is_used_later_when_a_pause_ends_later() -> None:
    share = Warn(WarnKind.AT_SHARE, None, 500)
    item = an_item(a_clock("promise", 10, pauses_for=frozenset({"hearing"}), warn=(share,)))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    told = told.paused("2025-03-03 10:00", announced=Limit(3, Unit.WORKING_DAY))
    asked = one_day_off("2025-03-04", told.dossier, "2025-03-05")
    found = reckoned_of(asked, instant("2025-03-04 00:00"))
    assert found is not None
    assert found.effect == drawn_of(asked)
    [(_, clock)] = found.clocks
    assert clock.then is not None
    carried_as_replayed(asked, found, instant("2025-03-04 00:00"))


def test_a_rung_that_lies_in_a_pause_is_crossed_when_the_clock_runs_again() -> None:
    early = Warn(WarnKind.BEFORE, Limit(9, Unit.WORKING_DAY))
    item = an_item(a_clock("promise", 10, pauses_for=frozenset({"hearing"}), warn=(early,)))
    told = a_history(item, a_calendar()).received("2025-03-03").accepted("2025-03-03")
    told = told.paused("2025-03-04", announced=Limit(3, Unit.WORKING_DAY))  # up to the 7th, where the rung lies
    at = instant("2025-03-06 00:00")
    for now, off in (("2025-03-06", "2025-03-07"), ("2025-03-07", "2025-03-10")):
        asked = one_day_off(now, told.dossier, off)
        found = reckoned_of(asked, at)
        assert found is not None
        before, drawn = carried_as_replayed(asked, found, at)
        clocks = [clock for _, clock in found.clocks]
        for known in (None, instant("2025-03-20")):
            expected = look_at(known, before, drawn, since=at, now=asked.now)
            assert next_look(known, clocks, at, asked.now) == expected
