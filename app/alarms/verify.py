"""Are the alarms those that the record asks for: none taken away, put in, moved or withdrawn by another hand.

An alarm has no chain of its own: it follows from the history of its application, and so it is held against that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.alarms import queries
from app.alarms.queries import AlarmKey, Recorded
from app.alarms.reconcile import department_at, difference, key_of, without_false
from app.applications.history import Opened
from app.applications.verify import Finding, Tally
from app.domain.forecast import forecast
from app.domain.rungs import Crossing, crossings
from app.domain.spans import Forecast
from app.supervision.queries import false_alarms

__all__ = ["verify_alarms"]


async def verify_alarms(tx: AsyncConnection, opened: Sequence[Opened], tally: Tally) -> None:
    """Hold the alarms of these applications against their histories, as of the last sweep that has ended.

    Nothing is said of an application that the sweep has not looked at since its last record, or has before it.
    """
    swept = await queries.last_sweep_began(tx)
    settled = [one for one in opened if swept is not None and is_settled(one, swept)]
    if swept is None or not settled:
        return
    numbers = [one.number for one in settled]
    rows = await queries.rows_of(tx, numbers)
    false = {alarm: said for alarm, said in (await false_alarms(tx, numbers)).items() if said[1] <= swept}
    for one in settled:
        tally.note(first_difference(one, rows[one.number], false, swept))


def is_settled(one: Opened, swept: datetime) -> bool:
    """Whether a sweep that began at `swept` had nothing left to do for an application."""
    look = one.head.next_look_at
    return one.head.recorded_at < swept and one.head.quarantined_at is None and (look is None or look > swept)


def first_difference(
    one: Opened, rows: Sequence[dict[str, Any]], false: dict[str, tuple[str, datetime]], swept: datetime
) -> Finding | None:
    """The first alarm that is not what the history gives."""
    mine = [recorded(row) for row in rows]
    outlook = forecast(one.dossier)
    wanted = without_false(crossings(outlook, swept), mine, false)
    found = difference(one.number, wanted, mine)

    def finding(what: str) -> Finding:
        return Finding(one.number, one.head.version, "alarms", what)

    for crossing in found.missing:
        return finding(f"There is no alarm of {told(crossing)}, which its events give.")
    for _, crossing in found.again:
        return finding(f"The alarm of {told(crossing)} is withdrawn or of another instant than its events give.")
    for alarm, _ in found.untrue:
        return finding(f"The alarm {alarm.key.id} stands, and its events give none.")
    by_key = {key_of(one.number, crossing): crossing for crossing in crossings(outlook, None)}
    for row, alarm in zip(rows, mine, strict=True):
        at_key = by_key.get(alarm.key)
        if row["id"] != alarm.key.id or (at_key is not None and differs(row, one, outlook, at_key)):
            return finding(f"The alarm {alarm.key.id} does not say what its events give.")
    return None


def recorded(row: dict[str, Any]) -> Recorded:
    """An alarm as `reconcile` knows it."""
    key = AlarmKey(*(row[name] for name in AlarmKey._fields))
    return Recorded(key, row["crossed_at"], row["detected_at"], row["withdrawn"] is not None, row["withdrawn"])


def differs(row: dict[str, Any], one: Opened, outlook: Forecast, crossing: Crossing) -> bool:
    """Whether a standing alarm says something else than its crossing."""
    if row["withdrawn"] is not None or row["crossed_at"] != crossing.crossed_at:
        return False
    states = {
        "kind": crossing.kind,
        "due_at": crossing.due_at,
        "department": department_at(outlook, crossing.crossed_at),
        "external_ref": one.head.external_ref,
    }
    return row["detected_at"] < crossing.crossed_at or any(row[name] != value for name, value in states.items())


def told(crossing: Crossing) -> str:
    """A crossing in words."""
    return f"{crossing.kind} of {crossing.clock}{' ' if crossing.stage else ''}{crossing.stage}, rung {crossing.rung}"
