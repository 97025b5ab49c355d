"""A backtest: the ended applications of a period, set by set, through the engine under another limit."""

import asyncio
import pickle
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import Actor
from app.applications.queries import load
from app.backtests import queries
from app.backtests.queries import Period
from app.backtests.reckon import Ended, Figures, Outcome, Question, Tally, smallest_kept, tally_of
from app.backtests.schemas import BacktestIn
from app.departments.queries import Names, names_of
from app.domain.refusal import Refusal
from app.domain.units import MICROSECONDS
from app.items import queries as items
from app.items.reading import count_of
from app.kit.faults import Busy
from app.kit.problems import Problem, invalid, refused
from app.kit.service import Service
from app.kit.texts import Language, label

__all__ = ["AT_ONCE", "Asked", "backtest", "prepare"]

AT_ONCE: Final = 2000
"""So many applications are answered while the client waits."""
SET: Final = 500
FEW: Final = 200
"""So many are reckoned faster than another process is asked."""
SHARES: Final = (500, 800, 900, 950, 990, 1000)
PATIENCE: Final = 120

Told = Callable[[int], Awaitable[None]]


class Asked(NamedTuple):
    """A backtest ready to be reckoned: who asks, of what, and how many applications that is."""

    actor: Actor
    body: BacktestIn
    period: Period
    question: Question
    now: datetime
    total: int


async def prepare(tx: AsyncConnection, service: Service, actor: Actor, body: BacktestIn) -> Asked:
    """What is asked, once it is known that it can be answered."""
    if body.limit.unit in MICROSECONDS and body.limit.amount < 1:
        raise invalid("body", "/limit/amount", "limit_too_short", "a limit in working time is at least 1")
    if body.item is not None and await items.newest(tx, body.item) is None:
        raise invalid("body", "/item", "item_unknown", "there is no item with this code")
    zone = ZoneInfo(service.settings.time_zone)
    begin, end = (datetime.combine(day, time(), zone) for day in (body.from_, body.to + timedelta(1)))
    period = Period(body.item, begin, end, body.department, body.section)
    total = await queries.count_ended(tx, actor, period)
    return Asked(actor, body, period, _question(body), service.now.now(), total)


def _question(body: BacktestIn) -> Question:
    limit = body.limit.limit()
    return Question(
        "stage" if body.stage is not None else body.clock,
        body.stage or "",
        limit,
        None if body.count is None else count_of(body.count, limit.unit),
        None if body.pauses_for is None else frozenset(body.pauses_for),
        body.starts,
        None if body.stops is None else frozenset(body.stops),
    )


async def backtest(service: Service, asked: Asked, language: Language, *, told: Told | None = None) -> dict[str, Any]:
    """The whole answer; `told` hears how many applications are done."""
    tally = Tally({}, Counter())
    after, done = "", 0
    while True:
        async with service.db.read() as tx:
            rows = await queries.ended_after(tx, asked.actor, asked.period, after=after, limit=SET)
            opened = await load(tx, [row.number for row in rows], sealer=None, lock=False) if rows else []
        if not rows:
            break
        held = {row.number: row for row in rows}
        ended = [Ended(one.dossier, held[one.number].department, held[one.number].section or "") for one in opened]
        tally = tally.plus(await _reckoned(service, ended, asked))
        after, done = rows[-1].number, done + len(rows)
        if told is not None:
            await told(done)
    return _shown(asked, tally, await names_of(service.db), service, language)


async def _reckoned(service: Service, ended: Sequence[Ended], asked: Asked) -> Tally:
    """A set through the engine, in another process where it is large; a full house is waited for, not for ever."""
    if len(ended) <= FEW:
        return _or_problem(judge(pickle.dumps((ended, asked.question, asked.now))))
    packed = pickle.dumps((ended, asked.question, asked.now))
    for waited in range(PATIENCE):
        try:
            return _or_problem(await service.workers.run(judge, packed))
        except Busy:
            if waited == PATIENCE - 1:
                raise
            await asyncio.sleep(1)
    raise AssertionError("the loop ends by returning or raising")


def judge(packed: bytes) -> Tally | tuple[str, str]:
    """The tally of a packed set; code and detail where the law refuses to count. A refusal itself does not travel."""
    ended, question, now = pickle.loads(packed)  # noqa: S301  packed by ourselves a moment ago
    try:
        return tally_of(ended, question, now)
    except Refusal as refusal:
        return refusal.code, refusal.detail


def _or_problem(judged: Tally | tuple[str, str]) -> Tally:
    if isinstance(judged, Tally):
        return judged
    raise refused(Refusal(*judged))


def _shown(asked: Asked, tally: Tally, names: Names, service: Service, language: Language) -> dict[str, Any]:
    unit = str(asked.question.limit.unit)
    whole = Figures(Counter(), Counter())
    for figures in tally.sections.values():
        whole.add(figures)

    def limit_json(amount: int, unit: str = unit) -> dict[str, Any]:
        return {"amount": amount, "unit": unit, "unit_label": label("unit", unit, language)}

    def of(figures: Figures) -> dict[str, Any]:
        needed = [(share, smallest_kept(figures.needed, share)) for share in SHARES]
        return {
            "applications": figures.moved.total(),
            "before": _fared((before, count) for (before, _), count in figures.moved.items()),
            "after": _fared((after, count) for (_, after), count in figures.moved.items()),
            "newly_late": _moved(figures.moved, to_late=True),
            "no_longer_late": _moved(figures.moved, to_late=False),
            "kept_in": [
                {"share": share / 1000, "limit": limit_json(amount)} for share, amount in needed if amount is not None
            ],
        }

    sections = [
        {
            "department": department,
            "department_name": names.department(department),
            "section": section or None,
            "section_name": names.section(department, section) if section else None,
            **of(figures),
        }
        for (department, section), figures in sorted(tally.sections.items())
    ]
    sections.sort(key=lambda row: -row["newly_late"])
    limits = sorted(tally.limits.items(), key=lambda one: (-one[1], one[0] is None, one[0] or (0, "")))
    body = asked.body
    return {
        "item": body.item,
        "clock": asked.question.clock,
        "stage": body.stage,
        "limit": limit_json(asked.question.limit.amount),
        "from": body.from_.isoformat(),
        "to": body.to.isoformat(),
        "as_of": asked.now.astimezone(ZoneInfo(service.settings.time_zone)).isoformat(),
        "limits_before": [
            {"limit": None if limit is None else limit_json(*limit), "applications": count} for limit, count in limits
        ],
        "extensions_left_out": tally.left_out,
        **of(whole),
        "sections": sections,
    }


def _fared(outcomes: Iterable[tuple[str, int]]) -> dict[str, Any]:
    found: Counter[str] = Counter()
    for outcome, count in outcomes:
        found[str(outcome)] += count
    judged = found["kept"] + found["late"]
    share = round(found["late"] / judged, 4) if judged else None
    return {**{str(outcome): found[str(outcome)] for outcome in Outcome}, "late_share": share}


def _moved(moved: Mapping[tuple[str, str], int], *, to_late: bool) -> int:
    late = str(Outcome.LATE)
    return sum(
        count
        for (before, after), count in moved.items()
        if (str(before) == late) is not to_late and (str(after) == late) is to_late
    )


def failure(error: Exception, language: Language) -> dict[str, Any]:
    """Why a backtest failed, as a problem."""
    if isinstance(error, Problem):
        return error.members(language)
    return Problem(503, "interrupted", "The service could not go on; ask anew.").members(language)
