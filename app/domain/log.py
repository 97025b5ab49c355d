"""The log of one application: what its steps are to its clocks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.domain.bookkeeping import Caps, Drawing, Followed, Mark, keep_account
from app.domain.calendar import Calendar
from app.domain.course import FINAL_MOMENTS, MOMENTS, Course, moment_of
from app.domain.events import BEGIN, END, EXTEND, MOMENT, Event, Origin, started_by
from app.domain.folds import BEGINNING, Suspension, days_ahead
from app.domain.items import ClockRule, Count, Item, ReceiptRule
from app.domain.ledger import Account
from app.domain.moment_account import open_account
from app.domain.pauses import Pause, announced_end
from app.domain.receipt import day_of_receipt
from app.domain.silence import FROM_RECEIPT, Deemed, can_befall, outcome_of
from app.domain.steps import Status, Step, StepType
from app.domain.units import Limit, Unit

__all__ = ["Log"]

_RECEIVE = StepType.RECEIVE
_CONFIRM = StepType.CONFIRM
_REQUEST_CORRECTION = StepType.REQUEST_CORRECTION
_START_STAGE = StepType.START_STAGE
_COMPLETE_STAGE = StepType.COMPLETE_STAGE
_ASSIGN = StepType.ASSIGN
_PAUSE = StepType.PAUSE
_RESUME = StepType.RESUME
_EXTEND = StepType.EXTEND
_DECIDE = StepType.DECIDE
_CORRECTING = Status.CORRECTING
_SUBMITTED = Status.SUBMITTED
_SYSTEM_ENTRY = ReceiptRule.SYSTEM_ENTRY
_ON_CONFIRMATION = ReceiptRule.ON_CONFIRMATION
_CAPS = ("promise", "statutory")
_DAYS = Count.default(Unit.CALENDAR_DAY)


class Log:
    """What the steps of one application are to its clocks: one pass, in legal order.

    It lives no longer than the one call that fills it. Each clock's account is then kept from its events.
    """

    __slots__ = (
        "ahead", "calendar", "coming", "correction", "course", "deemed", "department", "ended", "events", "firsts",
        "fixed", "followed", "heard", "item", "officer", "open", "origins", "paused", "pauses", "received",
        "received_on", "rounds", "rules", "running", "section", "settled", "silent", "since", "suspended",
    )  # fmt: skip

    def __init__(self, item: Item, calendar: Calendar, suspensions: Sequence[Suspension] = ()) -> None:
        self.item = item
        self.calendar = calendar
        self.coming: list[Suspension] = []
        """Suspensions that had not begun by the step taken last."""
        self.ahead: dict[str, list[tuple[int, int]]] = {}
        """The days that those with a known end take out, for each kind of clock that they stop."""
        self.suspended = False
        self.course = Course(confirms=item.receipt_rule is _ON_CONFIRMATION)
        self.silent: tuple[ClockRule, ...] = item.silent
        self.followed: dict[str, Followed] = {}
        """The clocks on which silence has an effect, by kind: their accounts are asked for before every step."""
        self.deemed: list[Deemed] = []
        """What silence has done so far."""
        self.settled: Sequence[Deemed] = ()
        """What it did under the folds before this one, which stands whatever this one says."""
        self.heard = 0
        """How many of those have been entered."""
        self.since = BEGINNING
        """From when on this fold holds."""
        self.events: list[Event] = []
        self.firsts: dict[str, int] = {}
        """The place of the event with which a moment first came about."""
        self.rules: tuple[ClockRule, ...] = item.clocks
        self.fixed: dict[str, datetime] = {}
        self.received: tuple[int, datetime] | None = None
        self.received_on: int | None = None
        """The legal day of the receipt; None while it is not confirmed."""
        self.origins: dict[int, Origin] = {}
        """The places of the moments from which clocks count otherwise than from their instant."""
        self.ended: datetime | None = None
        """When the first final step came."""
        self.open: list[Pause] = []
        self.correction: Pause | None = None
        self.pauses = 0
        self.paused: set[int] = set()
        """The places of the moments that came about while a pause was open."""
        self.rounds: dict[str, list[int]] = {}
        """The places of the events with which each round of a stage began."""
        self.running: set[str] = set()
        """Stages under way, with a limit or without."""
        self.department = item.department
        self.section: str | None = None
        self.officer: str | None = None
        if suspensions:
            self.coming = sorted(suspensions, key=lambda one: (one.first, one.id), reverse=True)
            self.ahead = days_ahead(suspensions)

    def take(self, step: Step) -> None:
        """Enter one step, and before it what silence has done by its instant."""
        if self.silent:
            while self.hear(step.at) is not None:
                pass
        if self.coming:
            self.suspend(step.at)
        kind = step.type
        effective = self.course.follow(step)
        moment = MOMENTS.get(kind)
        if moment is not None:
            at = step.at
            day = self.calendar.day_of(at)
            if kind is _RECEIVE:
                self._receive(step, day)
                if self.course.inner is _SUBMITTED:
                    return
            elif kind is _CONFIRM:
                self.received_on = self.received_on or day
            if effective:
                final = moment in FINAL_MOMENTS
                if self.pauses or final or kind is _DECIDE or kind is _REQUEST_CORRECTION:
                    self._end_or_begin(kind, at, day, final=final)
                self._note(moment)
                self.events.append((MOMENT, at, day, moment, final, None, "", 0))
            return
        if (kind is _ASSIGN or kind is _START_STAGE) and not step.imported:
            self._move_holder(step)
        if not effective:
            return
        if kind is _PAUSE:
            self._pause(step)
        elif kind is _RESUME:
            self._resume(step)
        elif kind is _EXTEND:
            day = self.calendar.day_of(step.at)
            self.events.append((EXTEND, step.at, day, step.clock, False, None, step.stage, step.amount))
        elif kind is _START_STAGE or kind is _COMPLETE_STAGE:
            self._work_on(step)

    def suspend(self, until: datetime | None) -> None:
        """Enter the suspensions that begin by an instant (None: all): each takes out its first day and its last."""
        while self.coming:
            one = self.coming[-1]
            at = self.calendar.midnight(one.first)
            if until is not None and at > until:
                return
            self.coming.pop()
            self.pauses += 1
            self.suspended = True
            over = None if one.last is None else self.calendar.midnight(one.last + 1)
            pause = Pause(one.id, "", one.first - 1, one.last, over, self.pauses, one.clocks)
            self.events.append((BEGIN, at, one.first - 1, "", False, pause, "", 0))

    def hear(self, until: datetime | None) -> Deemed | None:
        """Let silence have its next effect, if one is due by an instant (None: ever): one at a time, the earliest.

        It is judged by what is on record up to the due instant alone, so that it is the same whether or not anybody has
        written it down. What it did under an earlier fold is entered as it was; a due instant that lies before this
        fold was published has its effect with the publication.
        """
        if self.heard < len(self.settled):
            known = self.settled[self.heard]
            rule = next(rule for rule in self.silent if rule.kind == known.clock)
            if rule.starts not in self.firsts or (until is not None and known.at > until):
                return None
            self.heard += 1
            return self._deem(known.at, self.account_from(rule, self.firsts[rule.starts]), known)
        while (first := self._next_silence(until)) is not None:
            if not self.coming or self.calendar.midnight(self.coming[-1].first) > first[0]:
                return self._deem(*first)
            self.suspend(first[0])  # it may hold the clock that was about to run out
        return None

    def _next_silence(self, until: datetime | None) -> tuple[datetime, Account] | None:
        """Which of the clocks on which silence has an effect runs out first, and when."""
        first: tuple[datetime, Account] | None = None
        for rule in self.silent:
            place = self.firsts.get(rule.starts)
            if place is None or not can_befall(rule, self.course.status):
                continue
            account = self._follow(rule, place)
            due_at = account.due_at
            if due_at is None or account.stopped_at is not None:
                continue
            at = max(due_at, self.events[account.place][1], self.since)
            if (until is None or at <= until) and (first is None or at < first[0]):
                first = at, account
        return first

    def _follow(self, rule: ClockRule, place: int) -> Account:
        """The account of a clock on which silence has an effect, fed only with what came since it was asked for."""
        followed = self.followed.pop(rule.kind, None)  # stays out when the count is refused on the way
        if followed is None:
            account = self.opened(rule, place)
            followed = Followed(account, self.events, place, paused=place in self.paused, origins=self.origins)
        account = followed.now()
        self.followed[rule.kind] = followed
        return account

    def _deem(self, at: datetime, account: Account, known: Deemed | None = None) -> Deemed:
        """An effect takes place; what is accepted by it has been since `effective_on`."""
        rule = account.rule
        outcome = outcome_of(rule.on_expiry)
        day = self.calendar.day_of(at)
        final = outcome.moment in FINAL_MOMENTS
        self.course.deem(outcome.status)
        self._end_or_begin(outcome.step, at, day, final=final)
        place = len(self.events)
        if rule.on_expiry is FROM_RECEIPT:
            origin = Origin(account.time_from, account.started_on, account.place)
        else:
            origin = Origin(at, account.due_on or day, place)
        if known is not None:
            origin = origin._replace(day=known.effective_on)
        if outcome.moment == "accepted":
            self.origins[place] = origin
        self._note(outcome.moment)
        self.events.append((MOMENT, at, day, outcome.moment, final, None, rule.kind, 0))
        deemed = known or Deemed(
            rule.kind, rule.on_expiry, at, origin.day, rule.legal_basis, rule.party, account.revision
        )
        self.deemed.append(deemed)
        return deemed

    def _end_or_begin(self, kind: StepType, at: datetime, day: int, *, final: bool) -> None:
        """What a moment does to pauses and stages; that of a correction lasts from the request to the answer."""
        if final or kind is _DECIDE:  # ends every pause of itself
            self.open.clear()
            self.running.clear()
            self.correction = None
            if final and self.ended is None:
                self.ended = at
        elif kind is _REQUEST_CORRECTION:
            if self.correction is None:
                self.correction = self._begin("", "correction", at, day, None)
        elif self.correction is not None and self.course.inner is not _CORRECTING:
            self.events.append((END, at, day, "", False, self.correction, "", 0))
            self.correction = None

    def _note(self, moment: str) -> None:
        """Where a moment first came about, and whether a pause was open then."""
        self.firsts.setdefault(moment, len(self.events))
        if self.open or self.correction is not None or self.suspended:
            self.paused.add(len(self.events))

    def _work_on(self, step: Step) -> None:
        """A stage begins, a round of it if it is not under way; or it is completed."""
        if step.type is _COMPLETE_STAGE:
            self.running.discard(step.stage)
        elif step.stage not in self.running:
            self.running.add(step.stage)
            self.rounds.setdefault(step.stage, []).append(len(self.events))
        moment = moment_of(step)
        self._note(moment)
        self.events.append((MOMENT, step.at, self.calendar.day_of(step.at), moment, False, None, "", 0))

    def _begin(self, id_: str, ground: str, at: datetime, day: int, announced: Limit | None) -> Pause:
        self.pauses += 1
        until, until_at = (None, None) if announced is None else announced_end(at, announced, self.calendar)
        pause = Pause(id_, ground, day, until, until_at, self.pauses)
        self.events.append((BEGIN, at, day, "", False, pause, "", 0))
        return pause

    def _pause(self, step: Step) -> None:
        day = self.calendar.day_of(step.at)
        self.open.append(self._begin(step.id, step.ground, step.at, day, step.announced))

    def _resume(self, step: Step) -> None:
        """The pause named, else the last open one."""
        for pause in reversed(self.open):
            if not step.pause_id or pause.id == step.pause_id:
                self.open.remove(pause)
                day = self.calendar.day_of(step.at)
                self.events.append((END, step.at, day, "", False, pause, "", 0))
                return

    def _receive(self, step: Step, day: int) -> None:
        """The first holder; ends fixed for this application, where the item lacks the clock as one without a limit."""
        if self.received is not None:
            return
        place = len(self.events)
        self.received = (place, step.at)
        rule = self.item.receipt_rule
        if rule is _SYSTEM_ENTRY:
            self.received_on = day
        elif self.course.inner is not _SUBMITTED:
            legal = self.received_on = day_of_receipt(rule, step.at, self.calendar)
            if legal != day:
                self.origins[place] = Origin(self.calendar.midnight(legal), legal, place)
        self.department = step.department or self.item.department
        self.section, self.officer = step.section, step.officer
        if step.fixed_due:
            known = {rule.kind for rule in self.rules}
            stops = FINAL_MOMENTS | {"decided"}
            self.fixed = {end.clock: end.due_at for end in step.fixed_due}
            added = [ClockRule(kind, "received", stops, None, _DAYS) for kind in self.fixed if kind not in known]
            self.rules = (*self.rules, *added)

    def _move_holder(self, step: Step) -> None:
        """Who holds the application from now on: whom `assign` names, whose stage begins.

        An imported step's section says where the work was done, not who holds the application.
        """
        if step.type is _ASSIGN:
            if step.department is not None:
                self.department, self.section, self.officer = step.department, step.section, step.officer
            elif step.section is not None:
                self.section, self.officer = step.section, step.officer
            elif step.officer is not None:
                self.officer = step.officer
            return
        stage = self.item.by_stage.get(step.stage)
        if stage is None or (stage.department is None and stage.section is None):
            return
        holder = (stage.department or self.department, stage.section)
        if holder != (self.department, self.section):
            self.department, self.section = holder
            self.officer = None

    # The accounts of the clocks

    def account(self, rule: ClockRule, drawing: Drawing | None = None) -> Account | None:
        """The clock of a rule of the whole application; None while nothing has started it."""
        place = self.firsts.get(rule.starts)
        return None if place is None else self.account_from(rule, place, drawing)

    def account_from(self, rule: ClockRule, place: int, drawing: Drawing | None = None) -> Account:
        """The clock of a rule that the event at `place` has started."""
        account = self.opened(rule, place)
        return keep_account(
            account, self.events, place, paused=place in self.paused, origins=self.origins, drawing=drawing
        )

    def opened(self, rule: ClockRule, place: int) -> Account:
        """The account of such a clock, at its start."""
        fixed = None
        if self.fixed and self.received is not None and place >= self.received[0]:
            fixed = self.fixed.get(rule.kind)
        ahead = self.ahead.get(rule.kind, ()) if self.ahead else ()
        start = started_by(self.events, place, self.origins)
        return open_account(rule, self.calendar, start, fixed=fixed, ahead=ahead)

    def stage_accounts(self, rule: ClockRule, caps: Caps, drawings: list[Drawing] | None = None) -> Iterator[Account]:
        """The clocks of a stage, round by round; their revisions count on."""
        revision = 0
        for round_, place in enumerate(self.rounds.get(rule.stage, ()), 1):
            ahead = self.ahead.get(rule.kind, ()) if self.ahead else ()
            account = open_account(rule, self.calendar, self.events[place], ahead=ahead)
            account.round = round_
            account.revision = revision
            drawing = None
            if drawings is not None:
                drawings.append(drawing := Drawing())
            keep_account(
                account,
                self.events,
                place,
                paused=place in self.paused,
                origins=self.origins,
                caps=caps,
                drawing=drawing,
            )
            revision = account.revision
            yield account

    def accounts(self) -> Iterator[Account]:
        """All started clocks: of the application, then of its stages, round by round."""
        for rule in self.rules:
            account = self.account(rule)
            if account is not None:
                yield account
        if self.rounds:
            caps = self.caps()
            for stage in self.item.stages:
                if stage.clock is not None:
                    yield from self.stage_accounts(stage.clock, caps)

    def caps(self, drawn: dict[str, Drawing] | None = None) -> Caps:
        """What caps a stage, event by event: the earlier end of promise and statutory clock while these run."""
        size = len(self.events)
        caps = Caps([(None, None)] * size, [(None, None)] * size)
        for rule in self.rules:
            if rule.kind not in _CAPS:
                continue
            drawing = None if drawn is None else drawn.get(rule.kind)
            if drawing is None:
                self.account(rule, drawing := Drawing(only_marks=True))
            _cap(caps, drawing.marks, size)
        for place, event in enumerate(self.events[:-1]):  # a correction that comes is one record: a pause ends with it
            if event[0] == END and self.events[place + 1][3] == "corrected":
                caps.after[place] = caps.after[place + 1]
        return caps

    def void_since(self, rule: ClockRule) -> datetime | None:
        """Since when a clock that never started is void: since the first final step, save one yet to start."""
        if self.ended is None or rule.starts == "closed":
            return None
        return max(self.ended, self.received[1]) if rule.limit is None and self.received else self.ended


def _cap(caps: Caps, marks: list[Mark], size: int) -> None:
    for place, mark in enumerate(marks):
        due_at = mark.due_at
        if due_at is None:
            continue
        end = marks[place + 1].place if place + 1 < len(marks) else size
        if mark.stopped:
            _lower(caps.before, mark.place, (mark.due_on, due_at))
            continue
        for event in range(mark.place, end):
            _lower(caps.after, event, (mark.due_on, due_at))
            _lower(caps.before, event, (mark.due_on, due_at))


def _lower(caps: list[tuple[int | None, datetime | None]], place: int, cap: tuple[int | None, datetime]) -> None:
    known = caps[place][1]
    if known is None or cap[1] < known:
        caps[place] = cap
