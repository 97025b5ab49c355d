"""Explanations in words: each day, each article and each change of an end as data and as sentences that people read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from babel.dates import format_date

from app.applications.events import Fact
from app.applications.explanation_schemas import PublicExplanationQuery
from app.applications.shown import clock_json, limit_json
from app.domain.calendar import Calendar
from app.domain.changes import Cause, Change
from app.domain.explained_days import Day, Reason, days, tally
from app.domain.explanation import ARTICLES, Explanation, Rule
from app.domain.items import Item
from app.domain.spans import ClockState
from app.domain.steps import Step, StepType
from app.domain.units import Limit, Unit
from app.kit.problems import Problem, invalid
from app.kit.texts import Language, gettext, label

__all__ = [
    "MOST_DAYS",
    "Asked",
    "Background",
    "background_of",
    "bases_of",
    "chosen",
    "explanation_json",
    "listed_days",
    "sentence_of",
    "spoken_grounds",
    "summary_of",
]

MOST_DAYS = 400
"""So many days are listed at once, unless fewer are asked for: a year and a month."""

LOCALES: dict[Language, str] = {"zh-CN": "zh_Hans_CN", "en": "en_GB"}
LICENSING_LAW = "行政许可法"
LICENCE = "administrative_license"
BY_REASON = {
    Reason.START_DAY: Rule.START_NEXT_DAY,
    Reason.WEEKEND: Rule.WORKING_DAYS,
    Reason.HOLIDAY: Rule.WORKING_DAYS,
    Reason.PAUSED: Rule.PAUSE,
    Reason.ROLLED: Rule.ROLLED,
}
"""The rule by which a day does not count."""
CORRECTION = "correction"
STAGE = "stage"


class Background(NamedTuple):
    """What the words need beside the law: names of stages, what each pause was said to rest on, whose law it is."""

    stages: Mapping[str, str]
    bases: Mapping[str, str]
    """By the step's id."""
    is_licence: bool
    """Whether the articles of the licensing law hold for the item."""


class Asked(NamedTuple):
    """In which language, from which day on, and how many days."""

    language: Language
    first: int = 1
    most: int = MOST_DAYS


def background_of(item: Item, kind: str | None, bases: Mapping[str, str]) -> Background:
    """The background of an application; `bases` is what its pauses were said to rest on, by the step's id."""
    return Background({stage.code: stage.name for stage in item.stages}, bases, kind in (None, LICENCE))


def bases_of(facts: Iterable[Fact]) -> dict[str, str]:
    """What each recorded pause was said to rest on."""
    return {fact.step.id: str(fact.body["legal_basis"]) for fact in facts if fact.body.get("legal_basis")}


def chosen(told: Sequence[Explanation], kind: str, query: PublicExplanationQuery) -> Explanation:
    """The clock that is asked about: of a stage the round named, else the last one that has begun."""
    if kind == STAGE and query.stage is None:
        raise invalid("query", "/stage", "stage_missing", "is required for the clock of a stage")
    stage = query.stage or ""
    found = [one for one in told if one.clock.kind == kind and one.clock.stage == stage]
    if query.round is not None:
        found = [one for one in found if one.clock.round == query.round]
    if not found:
        raise Problem(404, "not_found", "the application has no such clock")
    return found[-1]


def explanation_json(told: Explanation, known: Background, asked: Asked) -> dict[str, Any]:
    """One clock with everything that made its end what it is, as the interface shows it."""
    language, calendar = asked.language, told.calendar
    clock = clock_json(told.clock, calendar, language)
    listed, following = listed_days(told, asked)
    return {
        "kind": clock["kind"],
        "kind_label": clock["kind_label"],
        "stage": clock["stage"],
        "round": clock["round"],
        "clock": clock,
        "summary": summary_of(told, known, language),
        "changes": [change_json(change, told, known, language) for change in told.changes],
        "articles": articles_json(told, known, language),
        "days": [day_json(day, calendar, known, language) for day in listed],
        "days_next": following,
    }


def listed_days(told: Explanation, asked: Asked) -> tuple[list[Day], str | None]:
    """The days that were asked for, and where the rest of them begins."""
    count = told.count
    if count is None:
        return [], None
    first = max(asked.first, count.first)
    listed = list(days(count, first, first + asked.most - 1))
    following = day_text(listed[-1].day + 1) if listed and listed[-1].day < count.last else None
    return listed, following


# Days


def day_json(day: Day, calendar: Calendar, known: Background, language: Language) -> dict[str, Any]:
    """One day, counted or not, and why."""
    reason = str(day.reason)
    grounds = [ground_of(step) for step in day.pauses]
    return {
        "date": day_text(day.day),
        "counted": day.counted,
        "n": day.n,
        "reason": reason,
        "reason_label": label("day", reason, language),
        "hours": [[time_of(begin, calendar), time_of(end, calendar)] for begin, end in day.hours],
        "name": day.name,
        "ground": grounds[0] if grounds else None,
        "ground_label": spoken(grounds, language) if grounds else None,
        "source": day.source,
        "article": article_of_day(day, known),
        "certainty": day.certainty,
    }


def article_of_day(day: Day, known: Background) -> str | None:
    """The article by which a day does not count; of a pause what it was said to rest on."""
    for step in day.pauses:
        if step.id in known.bases:
            return known.bases[step.id]
    if day.pauses and day.pauses[0].type is StepType.REQUEST_CORRECTION:
        return article_of(Rule.CORRECTION, known)
    rule = BY_REASON.get(day.reason)
    return None if rule is None else article_of(rule, known)


def article_of(rule: Rule, known: Background) -> str | None:
    """The article behind a rule; the licensing law orders licences only."""
    article = ARTICLES.get(rule)
    return None if article is None or (not known.is_licence and article.startswith(LICENSING_LAW)) else article


def articles_json(told: Explanation, known: Background, language: Language) -> list[dict[str, Any]]:
    """The rules applied, each with its article and what it says."""
    text = gettext(language)
    return [
        {
            "rule": str(applied.rule),
            "article": applied.article
            if applied.rule in (Rule.LIMIT, Rule.DEEMED)
            else article_of(applied.rule, known),
            "sentence": text(f"explain.rule.{applied.rule}"),
        }
        for applied in told.articles
    ]


# Changes


def change_json(change: Change, told: Explanation, known: Background, language: Language) -> dict[str, Any]:
    """One change of the end, from what to what, by which step or other cause."""
    step = change.step
    ground = None if step is None else ground_of(step) or None
    amount = step.amount if step is not None and change.cause is Cause.EXTENDED else None
    announced = None if step is None or change.cause is not Cause.PAUSED else step.announced
    cause = str(change.cause)
    return {
        "at": told.calendar.local(change.at).isoformat(),
        "cause": cause,
        "cause_label": label("cause", cause, language),
        "step": None if step is None or not step.id else step.id,
        "type": None if step is None else str(step.type),
        "ground": ground,
        "ground_label": None if ground is None else label("ground", ground, language),
        "announced": limit_json(announced, language),
        "amount": amount,
        "legal_basis": article_of_silence(told) if change.cause is Cause.DEEMED else article_of_change(change, known),
        "document": change.document,
        "from": day_text(change.before),
        "to": day_text(change.due_on),
        "latest": day_text(change.latest_due_on),
        "calendar": change.calendar,
        "revision": change.revision,
        "sentence": sentence_of(change, told, language),
    }


def article_of_silence(told: Explanation) -> str | None:
    """The article by which silence started a clock."""
    return next((applied.article for applied in told.articles if applied.rule is Rule.DEEMED), None)


def article_of_change(change: Change, known: Background) -> str | None:
    """What a pause or an extension rests on."""
    step = change.step
    if step is not None and step.id in known.bases:
        return known.bases[step.id]
    if change.cause is Cause.EXTENDED:
        return article_of(Rule.EXTENSION, known)
    if change.cause is Cause.PAUSED and step is not None:
        correction = step.type is StepType.REQUEST_CORRECTION
        return article_of(Rule.CORRECTION if correction else Rule.PAUSE, known)
    return None


def sentence_of(change: Change, told: Explanation, language: Language) -> str:
    """A change in one sentence: 2025 年 2 月 5 日（周三）：因“听证”暂停计时，恢复计时后才能确定最后一天。"""
    text, step = gettext(language), change.step
    unit = None if told.clock.limit is None else told.clock.limit.unit
    key = str(change.cause)
    if change.cause is Cause.STARTED and step is None:
        key = "started_silently"
    head = text(
        f"explain.head.{key}",
        step="" if step is None else label("step", str(step.type), language),
        ground="" if step is None else label("ground", ground_of(step), language),
        amount="" if step is None or unit is None else length(Limit(step.amount, unit), language),
        calendar=change.calendar,
    )
    before, to = spoken_day(change.before, language), spoken_day(change.due_on, language)
    if change.due_on is not None:
        tail = "first" if change.before is None else "same" if change.before == change.due_on else "moved"
    else:
        tail = "open" if change.latest_due_on is None else "latest"
    latest = spoken_day(change.latest_due_on, language)
    return text(
        "explain.sentence",
        day=spoken_day(told.calendar.day_of(change.at), language),
        head=head,
        tail=text(f"explain.tail.{tail}", before=before, to=to, latest=latest),
    )


# The summary


def summary_of(told: Explanation, known: Background, language: Language) -> str:
    """A paragraph that says how the end comes about, for somebody who knows no law."""
    return ("" if language == "zh-CN" else " ").join(sentences_of(told, known, language))


def sentences_of(told: Explanation, known: Background, language: Language) -> Iterator[str]:
    """What the limit is, where it starts, what does not count, where it ends, and whether it was kept."""
    text, clock = gettext(language), told.clock
    name = known.stages.get(clock.stage, clock.stage) if clock.stage else label("clock", clock.kind, language)
    if clock.started_on is None:
        yield text("explain.summary.not_started", name=name)
        if clock.state is ClockState.VOID:
            yield text("explain.summary.void")
        return
    if told.count is None or told.count.total is None or clock.limit is None:
        yield text("explain.summary.fixed", name=name, due=spoken_day(clock.due_on, language))
    else:
        yield text("explain.summary.limit", name=name, limit=length(clock.limit, language))
        yield from start_of(told, language)
        yield from count_of(told, language)
        yield from end_of(told, language)
    if clock.provisional:
        yield text("clock.provisional")
    if clock.stopped_at is not None:
        stopped = spoken_day(told.calendar.day_of(clock.stopped_at), language)
        yield text(f"explain.summary.{clock.state}", day=stopped)


def start_of(told: Explanation, language: Language) -> Iterator[str]:
    """Where the count starts."""
    text, started = gettext(language), told.clock.started_on
    start = spoken_day(started, language)
    rules = {applied.rule for applied in told.articles}
    if Rule.FROM_THE_MOMENT in rules and told.clock.started_at is not None:
        yield text("explain.summary.from_moment", start=start, time=time_of(told.clock.started_at, told.calendar))
        return
    if Rule.START_ROLLED in rules:
        yield text("explain.summary.rolled_start", start=start)
    yield text("explain.summary.same_day" if Rule.START_SAME_DAY in rules else "explain.summary.next_day", start=start)


def count_of(told: Explanation, language: Language) -> Iterator[str]:
    """What does not count, and what was added."""
    text, limit, count = gettext(language), told.clock.limit, told.count
    if count is None:
        return
    found = tally(count)
    if found.off and limit is not None and limit.unit is Unit.WORKING_DAY:
        yield text("explain.summary.off", n=found.off)
    grounds = list(dict.fromkeys(ground_of(step) for piece in count.pieces for step in piece.pauses))
    if found.paused and grounds and count.length is not None:
        yield text("explain.summary.paused_time", grounds=spoken(grounds, language))
    elif found.paused and grounds:
        yield text("explain.summary.paused", n=found.paused, grounds=spoken(grounds, language))
    elif found.paused:
        yield text("explain.summary.suspended", n=found.paused)
    if told.clock.extended and limit is not None:
        yield text("explain.summary.extended", amount=length(Limit(told.clock.extended, limit.unit), language))
    if found.rolled:
        yield text("explain.summary.rolled", n=found.rolled)
    if any(applied.rule is Rule.CAPPED for applied in told.articles):
        yield text("explain.summary.capped")


def end_of(told: Explanation, language: Language) -> Iterator[str]:
    """The last day, or what it depends on while the clock is paused."""
    text, clock, calendar = gettext(language), told.clock, told.calendar
    if clock.due_on is not None and clock.due_at is not None:
        due = spoken_day(clock.due_on, language)
        if clock.due_at == calendar.midnight(clock.due_on + 1):
            yield text("explain.summary.end_of_day", due=due)
        else:
            yield text("explain.summary.end_at", due=due, time=time_of(clock.due_at, calendar))
    elif clock.latest_due_on is not None:
        yield text("explain.summary.paused_latest", latest=spoken_day(clock.latest_due_on, language))
    else:
        yield text("explain.summary.paused_open")


# Words


def ground_of(step: Step) -> str:
    """Why a step stops a clock."""
    return CORRECTION if step.type in (StepType.REQUEST_CORRECTION, StepType.SUBMIT_CORRECTION) else step.ground


def spoken_grounds(pauses: Sequence[Step], language: Language) -> str:
    """Why some steps stopped a clock, each ground once."""
    return spoken(list(dict.fromkeys(ground_of(step) for step in pauses)), language)


def spoken(grounds: list[str], language: Language) -> str:
    """Several grounds in a row."""
    return ("、" if language == "zh-CN" else ", ").join(label("ground", ground, language) for ground in grounds)


def length(limit: Limit, language: Language) -> str:
    """So many units: 4 个工作日."""
    return gettext(language)(f"days.{limit.unit}", n=limit.amount)


def time_of(instant: datetime, calendar: Calendar) -> str:
    """The time on the wall."""
    return f"{calendar.local(instant):%H:%M}"


@lru_cache(maxsize=8192)
def day_text(day: int | None) -> str | None:
    """A day of the domain as a date of the interface."""
    return None if day is None else date.fromordinal(day).isoformat()


@lru_cache(maxsize=8192)
def spoken_day(day: int | None, language: Language) -> str:
    """A day with its year and weekday; nothing for none."""
    if day is None:
        return ""
    pattern = gettext(language)("date.pattern_year")
    return str(format_date(date.fromordinal(day), pattern, locale=LOCALES[language]))
