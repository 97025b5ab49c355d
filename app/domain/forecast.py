"""From all that is on record of an application to spans: each clock's stretches in which nothing changes but time."""

from collections.abc import Iterator
from datetime import datetime

from app.domain.bookkeeping import Caps, Drawing, Mark
from app.domain.calendar import Calendar
from app.domain.corrections import UNRECORDED, history_of
from app.domain.folds import BEGINNING, Fold
from app.domain.items import ClockRule
from app.domain.log import Log
from app.domain.revisions import Kept, Key, Numbered, State, renumbered, revised
from app.domain.silence import Deemed
from app.domain.spans import ClockState, Forecast, Span, Stretch
from app.domain.splicing import Drawn, spliced
from app.domain.steps import Dossier, Status, Step, StepType
from app.domain.units import Unit

__all__ = ["forecast", "in_order_of_recording", "is_plain", "spans_under", "void_span"]

_DEEMED = StepType.DEEMED
_NOT_RECEIVED = Status.NOT_RECEIVED


def void_span(rule: ClockRule, calendar: Calendar, at: datetime) -> Span:
    """A clock that a final step found not started: void from then on."""
    limit = rule.limit
    total = None if limit is None or limit.unit is Unit.MONTH else limit.amount
    return Span(
        rule.kind, rule.stage, 0, at, None, ClockState.VOID, rule.party, limit, 0, total, None, None, 0, 0, None, None,
        None, None, (), (), at, False, False, calendar.name, 0, rule.legal_basis,
    )  # fmt: skip


def in_order_of_recording(steps: tuple[Step, ...]) -> bool:
    """Whether the steps were recorded in the order in which they happened; a step not recorded yet (0) comes last.

    When the system wrote down what silence did is of no account; what was entered after that and happened before is.
    """
    last = 0
    for step in steps:
        seq = step.seq or UNRECORDED
        if seq < last:
            return _goes_on_in_spite_of_silence(steps)
        last = seq
    return True


def _goes_on_in_spite_of_silence(steps: tuple[Step, ...]) -> bool:
    """Whether no step that somebody entered was recorded after one that happened later."""
    earliest = UNRECORDED + 1
    for step in reversed(steps):
        seq = step.seq or UNRECORDED
        if seq > earliest and step.type is not _DEEMED:
            return False
        earliest = min(earliest, seq)
    return True


def is_plain(dossier: Dossier) -> bool:
    """Whether one fold holds all the time and the record has never gone back: then one pass tells all."""
    return not dossier.folds and not dossier.amendments and in_order_of_recording(dossier.steps)


def forecast(dossier: Dossier) -> Forecast:
    """What is recorded of an application, carried on by time alone; no instant is asked.

    Effects of time are computed, never waited for: a pause announced for ten days ends on the tenth, in the spans, from
    the day on which it was recorded. Where a newer edition was applied, the time before its publication shows what held
    then; a clock that had stopped keeps its edition.
    """
    drawn = _under_its_folds(dossier)
    kept, deemed = drawn.kept, drawn.deemed
    if not is_plain(dossier):
        marks = renumbered(_states(dossier, drawn))
        kept = {key: Kept(tuple(revised(clock.spans, marks.get(key, []))), []) for key, clock in kept.items()}
        deemed = tuple(_renumbered(one, marks.get((one.clock, ""), [])) for one in deemed)
    spans = tuple(span for clock in kept.values() for span in clock.spans)
    return Forecast(spans, drawn.stretches, drawn.odd, deemed, drawn.received_on)


def _renumbered(deemed: Deemed, marks: list[Numbered]) -> Deemed:
    """An effect with the number of the end at which it took place."""
    found = [mark.revision for mark in marks if mark.at <= deemed.at]
    return deemed._replace(revision=found[-1]) if found else deemed


def _states(dossier: Dossier, drawn: Drawn) -> Iterator[State]:
    """The ends of all clocks after each record that goes back, and after each run of records that go on.

    The last of them is the whole record, which is `drawn` already.
    """
    for known, latest in history_of(dossier):
        kept = drawn.kept if known is dossier else _under_its_folds(known).kept
        yield State({key: clock.marks for key, clock in kept.items()}, latest)


def _under_its_folds(dossier: Dossier) -> Drawn:
    """The history drawn under each fold, each drawing cut to the time in which its fold stands."""
    if not dossier.folds:
        return _drawn(dossier, Fold(BEGINNING, dossier.calendar))
    drawings: list[tuple[datetime, Drawn]] = []
    deemed: tuple[Deemed, ...] = ()
    for place, fold in enumerate(dossier.folds):
        drawn = _drawn(dossier, fold, deemed)
        drawings.append((fold.from_at, drawn))
        end = dossier.folds[place + 1].from_at if place + 1 < len(dossier.folds) else None
        deemed = tuple(one for one in drawn.deemed if end is None or one.at < end)
    return spliced(drawings)._replace(deemed=deemed)


def spans_under(dossier: Dossier, fold: Fold, settled: tuple[Deemed, ...]) -> tuple[Span, ...]:
    """The spans of the whole history as one fold has it, uncut; `settled` is what silence did under those before it."""
    return tuple(span for clock in _drawn(dossier, fold, settled).kept.values() for span in clock.spans)


def _drawn(dossier: Dossier, fold: Fold, settled: tuple[Deemed, ...] = ()) -> Drawn:
    """The whole history as one fold has it; `settled` is what silence did under those before it."""
    log = Log(dossier.item, fold.calendar, fold.suspensions)
    log.since, log.settled = fold.from_at, settled
    stretches: list[Stretch] = []
    for step in dossier.steps:
        if log.silent:
            _hear(log, step.at, stretches)
        log.take(step)
        _stretch(stretches, log, step.at)
    if log.silent:
        _hear(log, None, stretches)
    if log.coming:
        log.suspend(None)
    return Drawn(_draw(log), tuple(stretches), tuple(log.course.odd), tuple(log.deemed), log.received_on)


def _hear(log: Log, until: datetime | None, stretches: list[Stretch]) -> None:
    """Let silence have its effects, and note where each leaves the application."""
    while (deemed := log.hear(until)) is not None:
        _stretch(stretches, log, deemed.at)


def _stretch(stretches: list[Stretch], log: Log, at: datetime) -> None:
    """Note where the application stands and who holds it, when one of both has changed."""
    status = log.course.status
    if status is _NOT_RECEIVED:
        return
    new = Stretch(at, None, status, log.department, log.section, log.officer)
    if stretches and stretches[-1].from_at == at:
        stretches.pop()
    if stretches:
        last = stretches[-1]
        if last[2:] == new[2:]:
            stretches[-1] = last._replace(to_at=None)
            return
        stretches[-1] = last._replace(to_at=at)
    stretches.append(new)


def _draw(log: Log) -> dict[Key, Kept]:
    """All clocks: those of the application in the order of the item, then its stages."""
    drawn: dict[str, Drawing] = {}
    kept: dict[Key, Kept] = {}
    for rule in log.rules:
        drawing = Drawing()
        if log.account(rule, drawing) is None:
            kept[rule.kind, ""] = Kept(_never_started(log, rule), [])
            continue
        drawn[rule.kind] = drawing
        spans = (*_unconfirmed(log, rule, drawing.spans[0].from_at), *drawing.spans)
        kept[rule.kind, ""] = Kept(spans, _marked(0, drawing.marks))
    caps: Caps | None = None
    for stage in log.item.stages:
        rule_of_stage = stage.clock
        if rule_of_stage is None:
            continue
        key = (rule_of_stage.kind, stage.code)
        if stage.code not in log.rounds:
            kept[key] = Kept(_never_started(log, rule_of_stage), [])
            continue
        caps = caps or log.caps(drawn)
        drawings: list[Drawing] = []
        rounds = [account.round for account in log.stage_accounts(rule_of_stage, caps, drawings)]
        spans = tuple(span for drawing in drawings for span in drawing.spans)
        marks = [m for number, d in zip(rounds, drawings, strict=True) for m in _marked(number, d.marks)]
        kept[key] = Kept(spans, marks)
    return kept


def _never_started(log: Log, rule: ClockRule) -> tuple[Span, ...]:
    since = log.void_since(rule)
    void = () if since is None else (void_span(rule, log.calendar, since),)
    return (*_unconfirmed(log, rule, since), *void)


def _unconfirmed(log: Log, rule: ClockRule, until: datetime | None) -> tuple[Span, ...]:
    """A clock that exists by a fixed end alone is there from the submission on, though it starts with the receipt."""
    if rule.limit is not None or log.received is None or log.received[1] == until:
        return ()
    span = void_span(rule, log.calendar, log.received[1])
    return (span._replace(state=ClockState.NOT_STARTED, to_at=until, stopped_at=None),)


def _marked(round_: int, marks: list[Mark]) -> list[Numbered]:
    """The ends of one account, numbered as it did."""
    return [Numbered(mark.at, round_, mark.due_at, mark.revision) for mark in marks]
