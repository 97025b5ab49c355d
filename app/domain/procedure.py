"""Which step may follow which state, and the article that forbids it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from app.domain.calendar import Calendar
from app.domain.corrections import amended
from app.domain.course import TRANSITIONS, status_of
from app.domain.folds import BEGINNING, Fold
from app.domain.items import ClockRule, Stage
from app.domain.ledger import Account
from app.domain.log import Log
from app.domain.refusal import Refusal
from app.domain.silence import outcome_of
from app.domain.spans import ClockState
from app.domain.steps import BESIDE, FINAL, OPEN, Amendment, Dossier, Status, Step, StepType

__all__ = ["allowed", "check", "check_amendment", "status_of"]

_ACCEPTED = Status.ACCEPTED
_RECEIVED = Status.RECEIVED
_NOT_STARTED = ClockState.NOT_STARTED
_RUNNING = ClockState.RUNNING
_PAUSED = ClockState.PAUSED
_MISSED = ClockState.MISSED

ARTICLES: dict[StepType, str] = {
    StepType.CONFIRM: "政府信息公开条例 第三十一条",
    StepType.REQUEST_CORRECTION: "行政许可法 第三十二条",
    StepType.SUBMIT_CORRECTION: "行政许可法 第三十二条",
    StepType.ACCEPT: "行政许可法 第三十二条",
    StepType.REFUSE: "行政许可法 第三十二条",
    StepType.PAUSE: "行政许可法 第四十五条",
    StepType.RESUME: "行政许可法 第四十五条",
    StepType.EXTEND: "行政许可法 第四十二条",
    StepType.DECIDE: "行政许可法 第三十八条",
    StepType.PUBLISH: "行政许可法 第四十条",
    StepType.DELIVER: "行政许可法 第四十四条",
    StepType.INSPECT: "行政许可法 第五十五条",
    StepType.EXPLAIN_DELAY: "优化营商环境条例 第三十六条",
}
"""The article that orders the step, named when the state does not allow it."""

_REPEATED = "行政许可法 第七十二条第四项"
_TOO_LATE = "行政许可法 第三十二条"
_INSPECTED_IN = frozenset({_ACCEPTED, Status.DECIDED, Status.DELIVERED})
_AFTER_ACCEPTANCE = "行政许可法 第三十二条、第四十五条"


def check(dossier: Dossier, step: Step, *, now: datetime) -> None:
    """Refuse a step that the state or the law does not allow; None when it may be recorded at `now`.

    A late entry is judged by the state at its own instant, after the steps of that instant, and every later step must
    still be allowed, else `later_step_conflicts`. Imported steps are never refused, neither this one nor later ones:
    history is kept as it was. A step that lies ahead of the server is the caller's to refuse.
    """
    if step.imported:
        return
    history = dossier.with_step(step).steps
    later = sum(1 for other in dossier.steps if other.at > step.at)
    place = len(history) - 1 - later
    bench = _Bench(dossier, history)
    for earlier in history[:place]:
        bench.take(earlier)
    bench.judge(step, now)
    bench.take(step)
    for next_one in history[place + 1 :]:
        if not next_one.imported and next_one.type not in BESIDE:
            bench.judge_again(next_one, step)
        bench.take(next_one)


def check_amendment(dossier: Dossier, amendment: Amendment) -> None:
    """Refuse an amendment after which the history would not be allowed, as under late entry.

    The step is judged as it would stand, at its own instant; every later one must still be allowed, else
    `later_step_conflicts`. What the law does not read (a note, a subject) is judged by nobody.
    """
    before = next((step for step in dossier.steps if step.seq == amendment.of), None)
    after = amendment.step
    if before is None or before == after:
        return
    history = amended(dossier, amendment).steps
    since = before.at if after is None else min(before.at, after.at)
    bench = _Bench(dossier, history)
    for step in history:
        if step is after:
            if not step.imported:
                bench.judge(step, step.recorded_at or step.at)
        elif (
            (step.at, step.seq) > (since, 0 if step.at > since else before.seq)
            and not step.imported
            and step.type not in BESIDE
        ):
            bench.judge_again(step, before)
        bench.take(step)


def allowed(dossier: Dossier, at: datetime) -> tuple[StepType, ...]:
    """The types of step that may be recorded at an instant, whatever they say more closely."""
    bench = _Bench(dossier, dossier.steps)
    for step in dossier.steps:
        if step.at <= at:
            bench.take(step)
    return bench.allowed(at)


class _Bench:
    """Judges one step after another against the accounts kept so far."""

    __slots__ = ("dossier", "history", "item", "log", "logs", "taken")

    def __init__(self, dossier: Dossier, history: tuple[Step, ...]) -> None:
        self.dossier = dossier
        self.item = dossier.item
        self.history = history
        folds = dossier.folds or (Fold(BEGINNING, dossier.calendar),)
        self.logs = [(fold.from_at, Log(dossier.item, fold.calendar, fold.suspensions)) for fold in folds]
        self.log = self.logs[0][1]
        """That of the fold in force at the instant that is judged."""
        self.taken: set[StepType] = set()

    @property
    def calendar(self) -> Calendar:
        return self.log.calendar

    def take(self, step: Step) -> None:
        self.hear(step.at)
        for _, log in self.logs:
            log.take(step)
        self.taken.add(step.type)

    def hear(self, at: datetime) -> None:
        """Let silence have its effects up to an instant: what is judged by them whether or not they are recorded.

        What it did under one fold stands under the next.
        """
        if not self.item.silent:
            return
        before: Log | None = None
        for from_at, log in self.logs:
            log.since = from_at
            if before is not None:
                log.settled = [one for one in before.deemed if one.at < from_at]
            while log.hear(at) is not None:
                pass
            before = log

    def turn_to(self, at: datetime) -> None:
        """An act is judged by the edition that was published when it happened."""
        self.hear(at)
        self.log = next(log for from_at, log in reversed(self.logs) if from_at <= at)
        self.log.suspend(at)

    @property
    def status(self) -> Status:
        return self.log.course.status

    def judge(self, step: Step, now: datetime) -> None:
        """Refuse the step by its status first, then by the rule of its own type; what silence did comes before it."""
        self.turn_to(step.at)
        if step.type in BESIDE:
            raise self._not_allowed(
                step, f"A record of the type {step.type} is no step in the course of an application."
            )
        if step.type is StepType.REQUEST_CORRECTION:
            self._judge_correction(step)
        elif step.type in TRANSITIONS:
            if self.status not in TRANSITIONS[step.type]:
                raise self._not_allowed(step)
        else:
            _RULES[step.type](self, step, now)

    def judge_again(self, step: Step, entered: Step) -> None:
        """A step recorded already, after a late entry before it; what cannot be counted stays what it is."""
        try:
            self.judge(step, step.recorded_at or step.at)
        except Refusal as conflict:
            if conflict.is_of_the_count:
                raise
            raise Refusal(
                "later_step_conflicts",
                f"With this {entered.type} the {step.type} of {self._day(step.at)} would not be allowed: "
                f"{conflict.detail}",
                article=conflict.article,
            ) from conflict

    def allowed(self, at: datetime) -> tuple[StepType, ...]:
        """The types that some step of could be recorded now."""
        self.turn_to(at)
        return tuple(kind for kind in StepType if self._is_possible(kind, at))

    def _is_possible(self, kind: StepType, at: datetime) -> bool:
        status = self.status
        if kind in BESIDE:
            return False
        if kind is StepType.INSPECT:
            return self.item.has_inspection and status in _INSPECTED_IN
        if kind is StepType.REQUEST_CORRECTION:
            return status is _RECEIVED and kind not in self.taken
        if kind in TRANSITIONS:
            return status in TRANSITIONS[kind]
        if kind is StepType.ASSIGN:
            return status in OPEN
        if kind is StepType.START_STAGE:
            return any(self._may_work_on(s) and s.code not in self.log.running for s in self.item.stages)
        if kind is StepType.COMPLETE_STAGE:
            return any(self._may_work_on(s) and s.code in self.log.running for s in self.item.stages)
        if kind is StepType.PAUSE:
            return status is _ACCEPTED and bool(self._grounds())
        if kind is StepType.RESUME:
            return status is _ACCEPTED and bool(self.log.open)
        if kind is StepType.EXTEND:
            return any(self._is_extendable(account, at) for account in self.log.accounts())
        return any(self._is_past_due(account, at) for account in self.log.accounts())

    # Corrections

    def _judge_correction(self, step: Step) -> None:
        """行政许可法 第三十二条: what is missing is told once, all of it, before acceptance.

        A second notice is `correction_repeated` (第七十二条第四项); one after acceptance stops nothing and is
        `correction_after_acceptance` (第三十二条, 第四十五条: 补正 is no special procedure), or, where silence has
        accepted the application, `correction_too_late`.
        """
        status = self.status
        accepted = next((one for one in self.log.deemed if outcome_of(one.effect).moment == "accepted"), None)
        if accepted is not None and StepType.ACCEPT not in self.taken and status not in FINAL:
            raise Refusal(
                "correction_too_late",
                f"No correction was asked for by {self._day(accepted.at, before=True)}: the application is accepted "
                f"since {date.fromordinal(accepted.effective_on).isoformat()}.",
                article=accepted.legal_basis or _TOO_LATE,
                allowed=self._names(step),
            )
        if status in (_ACCEPTED, Status.DECIDED, Status.DELIVERED):
            raise Refusal(
                "correction_after_acceptance",
                f"The application is {status}: once it is accepted no correction can be asked for.",
                article=_AFTER_ACCEPTANCE,
                allowed=self._names(step),
            )
        if status in OPEN and StepType.REQUEST_CORRECTION in self.taken:
            raise Refusal(
                "correction_repeated",
                "A correction has been asked for already: what is missing is told once, all of it.",
                article=_REPEATED,
                allowed=self._names(step),
            )
        if status is not _RECEIVED:
            raise self._not_allowed(step)

    # Inspections

    def _judge_inspection(self, step: Step, now: datetime) -> None:
        """An inspection (验收) belongs to an item that has a stage of that name, or a clock that waits for one."""
        if not self.item.has_inspection:
            raise self._not_allowed(step, "No inspection belongs to this item: it has no such stage.")
        if self.status not in _INSPECTED_IN:
            raise self._not_allowed(step)

    # Stages and holder

    def _judge_start(self, step: Step, now: datetime) -> None:
        stage = self._stage(step)
        if not self._may_work_on(stage):
            raise self._not_allowed(step)
        if step.stage in self.log.running:
            raise self._not_allowed(step, f"The stage {step.stage} is under way already.")

    def _judge_completion(self, step: Step, now: datetime) -> None:
        stage = self._stage(step)
        if not self._may_work_on(stage):
            raise self._not_allowed(step)
        if step.stage not in self.log.running:
            raise self._not_allowed(step, f"The stage {step.stage} is not under way.")

    def _stage(self, step: Step) -> Stage:
        stage = self.item.by_stage.get(step.stage)
        if stage is None:
            known = ", ".join(self.item.by_stage) or "none"
            raise Refusal("stage_unknown", f"The item has no such stage; it has: {known}.", pointer="/stage")
        return stage

    def _may_work_on(self, stage: Stage) -> bool:
        """Stages are worked on after acceptance; where the item says so before it, too."""
        return self.status is _ACCEPTED or (stage.before_acceptance and self.status is _RECEIVED)

    def _judge_assignment(self, step: Step, now: datetime) -> None:
        if self.status not in OPEN:
            raise self._not_allowed(step)

    # Pauses

    def _judge_pause(self, step: Step, now: datetime) -> None:
        """行政许可法 第四十五条 is a closed list; an item names for each clock the grounds that stop it."""
        if self.status is not _ACCEPTED:
            raise self._not_allowed(step)
        grounds = self._grounds()
        if step.ground not in grounds:
            known = ", ".join(sorted(grounds)) or "none"
            raise Refusal(
                "pause_ground_not_allowed",
                f"No clock of this item stops for this ground; grounds: {known}.",
                article=ARTICLES[StepType.PAUSE],
                pointer="/ground",
            )

    def _judge_resumption(self, step: Step, now: datetime) -> None:
        if self.status is not _ACCEPTED:
            raise self._not_allowed(step)
        pauses = self.log.open
        if not pauses:
            raise self._not_allowed(step, "No pause is open.")
        if step.pause_id and all(pause.id != step.pause_id for pause in pauses):
            raise self._not_allowed(step, "The pause that is named is not open.")

    def _grounds(self) -> frozenset[str]:
        return frozenset[str]().union(*(rule.pauses_for for rule in self._rules()))

    def _rules(self) -> Iterator[ClockRule]:
        yield from self.log.rules
        yield from (stage.clock for stage in self.item.stages if stage.clock is not None)

    # Extensions

    def _judge_extension(self, step: Step, now: datetime) -> None:
        """行政许可法 第四十二条: once, so much, by the head of the agency, and before the limit has run out.

        That the step happened, that it was notified and that it is recorded all lie before the due instant: an
        extension entered afterwards is void, and the application is overdue (超过办结时限才提出延期申请视为超时办结).
        """
        if step.stage:
            rule = self._stage(step).clock
        else:
            rule = next((rule for rule in self.log.rules if rule.kind == step.clock), None)
        account = self._account(self.log, step)
        if rule is None:
            raise self._no_extension(step, "There is no such clock that could be extended.", "/clock")
        extension = rule.extension
        if (account is not None and account.fixed) or step.clock in self.log.fixed:
            raise self._no_extension(step, f"The end of the clock {step.clock} is fixed; nothing moves it.", "/clock")
        if extension is None:
            raise self._no_extension(step, f"The item allows no extension of the clock {step.clock}.", "/clock")
        if step.amount > extension.amount:
            raise self._no_extension(
                step, f"The item allows {extension.amount} at a time, not {step.amount}.", "/amount"
            )
        state = _NOT_STARTED if account is None else account.span_at(step.at).state
        if account is None or state not in (_RUNNING, _PAUSED):
            raise self._not_allowed(step, f"The clock {step.clock} is neither running nor paused, it is {state}.")
        self._judge_expiry(step, account, now)
        if account.extensions >= extension.times:
            raise self._no_extension(
                step, f"The clock {step.clock} has been extended {account.extensions} times, as often as allowed."
            )

    def _judge_expiry(self, step: Step, account: Account, now: datetime) -> None:
        due_at = account.span_at(step.at).due_at
        known_by_then = self._due_when_recorded(step, now, account.round)
        for what, instant, end in (
            ("takes place", step.at, due_at),
            ("is notified", step.notified_at or step.at, due_at),
            ("is recorded", now, known_by_then),
        ):
            if end is not None and instant >= end:
                raise Refusal(
                    "extension_after_expiry",
                    f"The clock {step.clock} ended on {self._day(end, before=True)}; the extension {what} only after "
                    "it.",
                    article=ARTICLES[StepType.EXTEND],
                    allowed=self._names(step),
                )

    def _due_when_recorded(self, step: Step, now: datetime, round_: int) -> datetime | None:
        """The due instant at the time of recording, without this extension: a pause since may have moved it.

        Of a stage that of the round which the extension is for: a later round gives an earlier one no time.
        """
        until = max(now, step.at)
        then = _Bench(self.dossier, self.history)
        for other in self.history:
            if other is not step and other.at <= until:
                then.take(other)
        then.turn_to(until)
        account = next((one for one in _named(then.log, step) if one.round == round_), None)
        return None if account is None else account.span_at(until).due_at

    def _account(self, log: Log, step: Step) -> Account | None:
        """The clock that a step names; of a stage the last round."""
        return next(reversed(_named(log, step)), None)

    def _is_extendable(self, account: Account, at: datetime) -> bool:
        extension = account.rule.extension
        if account.fixed or extension is None or account.extensions >= extension.times:
            return False
        span = account.span_at(at)
        return span.state in (_RUNNING, _PAUSED) and (span.due_at is None or at < span.due_at)

    # Reasons for a delay

    def _judge_explanation(self, step: Step, now: datetime) -> None:
        """优化营商环境条例 第三十六条: an office that is late makes the reason public; one that is not has none."""
        if step.stage:
            self._stage(step)
        if not any(self._is_past_due(account, step.at) for account in _named(self.log, step)):
            raise self._not_allowed(step, f"No such clock is past due on {self._day(step.at)}.")

    def _is_past_due(self, account: Account, at: datetime) -> bool:
        span = account.span_at(at)
        return span.state is _MISSED or (span.state is _RUNNING and span.due_at is not None and at >= span.due_at)

    # Words

    def _not_allowed(self, step: Step, detail: str | None = None) -> Refusal:
        return Refusal(
            "step_not_allowed",
            detail or f"On {self._day(step.at)} the application is {self.status}: {step.type} is not allowed.",
            article=ARTICLES.get(step.type),
            allowed=self._names(step),
        )

    def _no_extension(self, step: Step, detail: str, pointer: str | None = None) -> Refusal:
        return Refusal("extension_not_allowed", detail, article=ARTICLES[StepType.EXTEND], pointer=pointer)

    def _names(self, step: Step) -> tuple[str, ...]:
        return tuple(str(kind) for kind in self.allowed(step.at))

    def _day(self, instant: datetime, *, before: bool = False) -> str:
        day = self.calendar.day_of(instant)
        if before and instant == self.calendar.midnight(day):
            day -= 1
        return date.fromordinal(day).isoformat()


def _named(log: Log, step: Step) -> list[Account]:
    """The clocks that a step names: one of the application by its kind, or the rounds of a stage."""
    return [
        account
        for account in log.accounts()
        if account.rule.stage == step.stage and (step.stage or account.rule.kind == step.clock)
    ]


_RULES: dict[StepType, Callable[[_Bench, Step, datetime], None]] = {
    StepType.INSPECT: _Bench._judge_inspection,
    StepType.START_STAGE: _Bench._judge_start,
    StepType.COMPLETE_STAGE: _Bench._judge_completion,
    StepType.ASSIGN: _Bench._judge_assignment,
    StepType.PAUSE: _Bench._judge_pause,
    StepType.RESUME: _Bench._judge_resumption,
    StepType.EXTEND: _Bench._judge_extension,
    StepType.EXPLAIN_DELAY: _Bench._judge_explanation,
}
