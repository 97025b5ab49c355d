"""From all that is on record of an application to spans: each clock's stretches in which nothing changes but time."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from app.domain.calendar import Calendar
from app.domain.course import FINAL_MOMENTS, Course, moment_of
from app.domain.items import ClockRule, Count, Item
from app.domain.ledger import Account, Pause, capped_end
from app.domain.spans import ClockState, Forecast, Span, Stretch
from app.domain.steps import Dossier, Status, Step, StepType
from app.domain.units import Unit

__all__ = ["Books", "forecast", "in_order_of_recording", "void_span"]

_RECEIVE = StepType.RECEIVE
_REQUEST_CORRECTION = StepType.REQUEST_CORRECTION
_START_STAGE = StepType.START_STAGE
_COMPLETE_STAGE = StepType.COMPLETE_STAGE
_ASSIGN = StepType.ASSIGN
_PAUSE = StepType.PAUSE
_RESUME = StepType.RESUME
_EXTEND = StepType.EXTEND
_DECIDE = StepType.DECIDE
_EXPLAIN_DELAY = StepType.EXPLAIN_DELAY
_CORRECTING = Status.CORRECTING
_NOT_RECEIVED = Status.NOT_RECEIVED
_CAPS = ("promise", "statutory")
_DAYS = Count.default(Unit.CALENDAR_DAY)


class Books:
    """The accounts of one application, kept step by step in legal order.

    The accumulator behind `forecast` and `replay`; it lives no longer than the one call that fills it. `drawing` is
    whether spans and stretches are set down on the way, or only the last state is wanted.
    """

    __slots__ = (
        "accounts", "calendar", "corrections", "course", "department", "drawing", "fixed", "item", "never", "officer",
        "open", "pauses", "rounds", "rules", "running", "section", "stretches", "touched",
    )  # fmt: skip

    def __init__(self, item: Item, calendar: Calendar, *, drawing: bool) -> None:
        self.item = item
        self.calendar = calendar
        self.drawing = drawing
        self.course = Course()
        self.rules: tuple[ClockRule, ...] = item.clocks
        self.accounts: dict[str, Account] = {}
        """Started clocks of the whole application by kind."""
        self.rounds: dict[str, list[Account]] = {}
        """Stage clocks by stage, each round one account."""
        self.running: dict[str, Account | None] = {}
        """Stages under way; None for one without a limit."""
        self.never: dict[tuple[str, str], Span] = {}
        """Clocks that a final step found not started, by kind and stage."""
        self.fixed: dict[str, datetime] = {}
        self.open: list[Pause] = []
        self.corrections: Pause | None = None
        self.pauses = 0
        self.touched: list[Account] = []
        self.department = item.department
        self.section: str | None = None
        self.officer: str | None = None
        self.stretches: list[Stretch] = []

    def take(self, step: Step) -> None:
        """Enter one step."""
        effective = self.course.follow(step)
        kind = step.type
        if kind is _RECEIVE or kind is _ASSIGN or kind is _START_STAGE:
            self._move_holder(step)
        if effective:
            if kind is _PAUSE:
                self._pause(step)
            elif kind is _RESUME:
                self._resume(step)
            elif kind is _EXTEND:
                self._extend(step)
            elif kind is not _ASSIGN and kind is not _EXPLAIN_DELAY:
                self._come_about(step)
            if self.touched:
                self._write_down(step.at)
        elif kind is _RECEIVE and step.fixed_due:
            self._fix(step)
            self._leave_unstarted("received", step.at)
        if self.drawing:
            self._stretch(step.at)

    # Moments

    def _come_about(self, step: Step) -> None:
        """A moment: it ends pauses, stops clocks, starts others."""
        moment = moment_of(step)
        if moment is None:
            return
        kind = step.type
        at = step.at
        day = self.calendar.day_of(at)
        final = moment in FINAL_MOMENTS
        if kind is _RECEIVE:
            self._fix(step)
        if self.corrections is not None and kind is not _REQUEST_CORRECTION and self.course.inner is not _CORRECTING:
            self._end_pause(self.corrections, at, day)
            self.corrections = None
        if final or kind is _DECIDE:
            self._end_pauses(at, day)
        if self.running:
            self._stop_stages(step, day, final=final)
        for account in self.accounts.values():
            if account.stopped_at is None and (final or moment in account.rule.stops):
                account.stop(at, day, named=moment in account.rule.stops)
                self.touched.append(account)
        if final:
            self._leave_unstarted(moment, at)
        for rule in self.rules:
            if rule.starts == moment and rule.kind not in self.accounts and (rule.kind, "") not in self.never:
                self.accounts[rule.kind] = self._start(rule, at, fixed=self.fixed.get(rule.kind))
        if kind is _START_STAGE:
            self._start_stage(step)
        if kind is _REQUEST_CORRECTION:
            self.corrections = self._begin_pause("", "correction", at, day, None)

    def _fix(self, step: Step) -> None:
        """Ends fixed for this application; where the item lacks the clock it gets one, without a limit."""
        if not step.fixed_due:
            return
        known = {rule.kind for rule in self.rules}
        for end in step.fixed_due:
            self.fixed[end.clock] = end.due_at
            if end.clock not in known:
                stops = FINAL_MOMENTS | {"decided"}
                self.rules = (*self.rules, ClockRule(end.clock, "received", stops, None, _DAYS))

    def _start(
        self, rule: ClockRule, at: datetime, *, fixed: datetime | None = None, earlier: Account | None = None
    ) -> Account:
        account = Account(rule, self.calendar, at, fixed=fixed)
        if rule.stage:
            account.round = 1 if earlier is None else earlier.round + 1
            account.revision = 0 if earlier is None else earlier.revision
        if rule.pauses_for:
            for pause in (*self.open, self.corrections):
                if pause is not None and pause.ground in rule.pauses_for:
                    account.pause(pause, at, pause.begin)
        self.touched.append(account)
        return account

    def _leave_unstarted(self, moment: str, at: datetime) -> None:
        """A final moment leaves every clock that never started void, save one that a final moment itself starts."""
        for rule in self.rules:
            if rule.kind not in self.accounts and rule.starts != moment and rule.starts != "closed":
                self.never.setdefault((rule.kind, ""), void_span(rule, self.calendar, at))
        for stage in self.item.stages:
            if stage.clock is not None and stage.code not in self.rounds:
                self.never.setdefault((stage.clock.kind, stage.code), void_span(stage.clock, self.calendar, at))

    # Stages

    def _start_stage(self, step: Step) -> None:
        if step.stage in self.running:
            return
        account: Account | None = None
        stage = self.item.by_stage.get(step.stage)
        if stage is not None and stage.clock is not None:
            rounds = self.rounds.setdefault(step.stage, [])
            account = self._start(stage.clock, step.at, earlier=rounds[-1] if rounds else None)
            rounds.append(account)
        self.running[step.stage] = account

    def _stop_stages(self, step: Step, day: int, *, final: bool) -> None:
        """A stage stops with its completion, at the latest with the decision or a final step."""
        if final or step.type is _DECIDE:
            stopping = list(self.running)
        elif step.type is _COMPLETE_STAGE and step.stage in self.running:
            stopping = [step.stage]
        else:
            return
        self._cap_stages()
        for code in stopping:
            account = self.running.pop(code)
            if account is not None:
                account.stop(step.at, day, named=not final)
                self.touched.append(account)

    def _cap_stages(self) -> None:
        """A stage is never due later than the promise and the statutory clock while these run."""
        cap_on: int | None = None
        cap_at: datetime | None = None
        for kind in _CAPS:
            account = self.accounts.get(kind)
            if account is None or account.stopped_at is not None or account.due_at is None:
                continue
            if cap_at is None or account.due_at < cap_at:
                cap_on, cap_at = account.due_on, account.due_at
        for stage in self.running.values():
            if stage is not None and stage.cap_at != cap_at:
                stage.cap_on, stage.cap_at = cap_on, cap_at
                self.touched.append(stage)

    # Pauses and extensions

    def _begin_pause(self, id_: str, ground: str, at: datetime, day: int, until: int | None) -> Pause:
        self.pauses += 1
        pause = Pause(id_, ground, day, until, self.pauses)
        for account in self._alive():
            if ground in account.rule.pauses_for and account.pause(pause, at, day):
                self.touched.append(account)
        return pause

    def _end_pause(self, pause: Pause, at: datetime, day: int) -> None:
        for account in self._alive():
            if account.resume(pause, at, day):
                self.touched.append(account)

    def _end_pauses(self, at: datetime, day: int) -> None:
        self.open.clear()
        self.corrections = None
        for account in self._alive():
            if account.end_pauses(at, day):
                self.touched.append(account)

    def _alive(self) -> list[Account]:
        alive = [account for account in self.accounts.values() if account.stopped_at is None]
        if self.running:
            alive += [account for account in self.running.values() if account is not None]
        return alive

    def _pause(self, step: Step) -> None:
        day = self.calendar.day_of(step.at)
        until = None if step.announced is None else capped_end(day, step.announced, self.calendar)
        self.open.append(self._begin_pause(step.id, step.ground, step.at, day, until))

    def _resume(self, step: Step) -> None:
        """The pause named, else the last open one."""
        for pause in reversed(self.open):
            if not step.pause_id or pause.id == step.pause_id:
                self.open.remove(pause)
                self._end_pause(pause, step.at, self.calendar.day_of(step.at))
                return

    def _extend(self, step: Step) -> None:
        account = self.running.get(step.stage) if step.stage else self.accounts.get(step.clock)
        if account is not None and account.extend(step.amount, step.at):
            self.touched.append(account)

    # What is set down

    def _write_down(self, at: datetime) -> None:
        if self.running:
            self._cap_stages()
        touched = self.touched
        for place, account in enumerate(touched):
            if account not in touched[:place]:
                account.revise()
                if self.drawing:
                    account.draw(at)
                    account.marks.append((at, account.shown_due()[1], account.revision))
        touched.clear()

    def _move_holder(self, step: Step) -> None:
        """Who holds the application: the first holder, whom `assign` names, whose stage begins.

        An imported step's section says where the work was done, not who holds the application.
        """
        if step.type is _RECEIVE:
            self.department = step.department or self.item.department
            self.section, self.officer = step.section, step.officer
        elif step.imported:
            return
        elif step.type is _ASSIGN:
            if step.department is not None:
                self.department, self.section, self.officer = step.department, step.section, step.officer
            elif step.section is not None:
                self.section, self.officer = step.section, step.officer
            elif step.officer is not None:
                self.officer = step.officer
        else:
            stage = self.item.by_stage.get(step.stage)
            if stage is None or (stage.department is None and stage.section is None):
                return
            holder = (stage.department or self.department, stage.section)
            if holder != (self.department, self.section):
                self.department, self.section = holder
                self.officer = None

    def _stretch(self, at: datetime) -> None:
        status = self.course.status
        if status is _NOT_RECEIVED:
            return
        new = Stretch(at, None, status, self.department, self.section, self.officer)
        stretches = self.stretches
        if stretches:
            last = stretches[-1]
            if last[2:] == new[2:]:
                return
            if last.from_at == at:
                stretches.pop()
                if stretches and stretches[-1][2:] == new[2:]:
                    stretches[-1] = stretches[-1]._replace(to_at=None)
                    return
            else:
                stretches[-1] = last._replace(to_at=at)
        stretches.append(new)

    def spans(self) -> tuple[Span, ...]:
        """All spans: the clocks of the application in the order of the item, then its stages, round by round."""
        spans: list[Span] = []
        for rule in self.rules:
            account = self.accounts.get(rule.kind)
            if account is not None:
                spans.extend(account.spans)
            elif (rule.kind, "") in self.never:
                spans.append(self.never[rule.kind, ""])
        for stage in self.item.stages:
            for account in self.rounds.get(stage.code, ()):
                spans.extend(account.spans)
            if stage.clock is not None and (stage.clock.kind, stage.code) in self.never:
                spans.append(self.never[stage.clock.kind, stage.code])
        return tuple(spans)


def void_span(rule: ClockRule, calendar: Calendar, at: datetime) -> Span:
    """A clock that a final step found not started: void from then on."""
    return Span(
        rule.kind, rule.stage, 0, at, None, ClockState.VOID, rule.party, rule.limit, 0, None, None, 0, 0, None, None,
        None, None, (), (), at, False, False, calendar.name, 0, rule.legal_basis,
    )  # fmt: skip


def in_order_of_recording(steps: tuple[Step, ...]) -> bool:
    """Whether the steps were recorded in the order in which they happened; a step not recorded yet (0) comes last."""
    last = 0
    for step in steps:
        seq = step.seq
        if seq == 0:
            last = _UNRECORDED
        elif seq < last:
            return False
        else:
            last = seq
    return True


_UNRECORDED = 1 << 62


def forecast(dossier: Dossier) -> Forecast:
    """What is recorded of an application, carried on by time alone; no instant is asked.

    Effects of time are computed, never waited for: a pause announced for ten days ends on the tenth, in the spans, from
    the day on which it was recorded.
    """
    books = _keep(dossier.item, dossier.calendar, dossier.steps)
    spans = books.spans()
    if not in_order_of_recording(dossier.steps):
        spans = _renumbered(dossier, spans)
    return Forecast(spans, tuple(books.stretches), tuple(books.course.odd))


def _keep(item: Item, calendar: Calendar, steps: Iterable[Step]) -> Books:
    books = Books(item, calendar, drawing=True)
    for step in steps:
        books.take(step)
    return books


class _Mark(NamedTuple):
    """From when on a clock has a due instant (None: an open pause without a known end), and its number."""

    at: datetime
    round: int
    due_at: datetime | None
    revision: int


_Marks = dict[tuple[str, str], list[_Mark]]


def _renumbered(dossier: Dossier, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The spans of a history recorded out of order, their revisions numbered in the order of recording.

    A record numbers the due instants that it brings into the history: that of the present first, then those that it put
    into the past. A due instant that stood at the same time before keeps its number, so that no number ever names two
    crossings.
    """
    steps = dossier.steps
    recorded = sorted(steps, key=_recording)
    place = {id(step): position for position, step in enumerate(steps)}
    inversion = next(n for n in range(1, len(recorded)) if place[id(recorded[n])] < place[id(recorded[n - 1])])
    marks = _marks(_keep(dossier.item, dossier.calendar, recorded[:inversion]))
    highest = {key: max(mark.revision for mark in numbered) for key, numbered in marks.items()}
    for n in range(inversion + 1, len(recorded) + 1):
        known = sorted(recorded[:n], key=lambda step: place[id(step)])
        fresh = _marks(_keep(dossier.item, dossier.calendar, known))
        marks = {key: _numbered(fresh[key], marks.get(key, []), highest, key) for key in fresh}
    return tuple(_revised(span, marks.get((span.clock, span.stage), [])) for span in spans)


def _recording(step: Step) -> int:
    return step.seq or _UNRECORDED


def _marks(books: Books) -> _Marks:
    """What the accounts noted of their due instants, numbered as if recorded in legal order."""
    marks: _Marks = {}
    for account in (*books.accounts.values(), *(a for rounds in books.rounds.values() for a in rounds)):
        noted = marks.setdefault((account.rule.kind, account.rule.stage), [])
        for at, due_at, revision in account.marks:
            if noted and noted[-1].at == at and noted[-1].round == account.round:
                noted.pop()
            noted.append(_Mark(at, account.round, due_at, revision))
    return marks


def _numbered(
    fresh: list[_Mark], before: list[_Mark], highest: dict[tuple[str, str], int], key: tuple[str, str]
) -> list[_Mark]:
    """The marks of a clock after one more record, numbered by those before it."""
    groups: list[list[int]] = []
    due: tuple[int, datetime | None] | None = None
    for position, mark in enumerate(fresh):
        if groups and (mark.due_at is None or (mark.round, mark.due_at) == due):
            groups[-1].append(position)
        else:
            groups.append([position])
        if mark.due_at is not None:
            due = (mark.round, mark.due_at)
    numbers: list[int | None] = [_kept(group, fresh, before) for group in groups]
    new = [g for g, number in enumerate(numbers) if number is None]
    if new and new[-1] == len(groups) - 1:
        new.insert(0, new.pop())
    for g in new:
        numbers[g] = highest[key] = highest.get(key, 0) + 1
    return [
        fresh[position]._replace(revision=number or 0)
        for group, number in zip(groups, numbers, strict=True)
        for position in group
    ]


def _kept(group: list[int], fresh: list[_Mark], before: list[_Mark]) -> int | None:
    """The number under which one of a group's due instants stood at the same time before; None when none did."""
    for position in group:
        mark = fresh[position]
        end = fresh[position + 1].at if position + 1 < len(fresh) else None
        for earlier, next_one in zip(before, (*before[1:], None), strict=True):
            if (
                mark.due_at is not None
                and (earlier.round, earlier.due_at) == (mark.round, mark.due_at)
                and (end is None or earlier.at < end)
                and (next_one is None or next_one.at > mark.at)
            ):
                return earlier.revision
    return 0 if all(fresh[position].due_at is None for position in group) else None


def _revised(span: Span, marks: list[_Mark]) -> Span:
    revision = span.revision
    for mark in marks:
        if mark.at <= span.from_at and mark.round == span.round:
            revision = mark.revision
    return span._replace(revision=revision)
