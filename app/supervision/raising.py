"""Orders by rule: an alarm raises one in its own transaction, and one whose alarm became untrue is revoked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendars import catalogue
from app.departments.queries import names
from app.domain import chain
from app.domain.chain import Json
from app.kit.sealing import Sealer
from app.supervision import queries
from app.supervision.course import OrderStep
from app.supervision.orders import SYSTEM, Addressee, Raising, beginning, commit
from app.supervision.rules import in_force
from app.supervision.write import Draft, Entry

__all__ = ["RaisedAlarm", "raise_orders", "revoke_orders"]


class RaisedAlarm(NamedTuple):
    """An alarm that has just been raised, and who held the application when its rung was crossed."""

    id: str
    application: str
    kind: str
    clock: str
    stage: str
    rung: int
    due_at: datetime
    crossed_at: datetime
    holder: Addressee

    @property
    def cause(self) -> dict[str, Json]:
        """What the order says of it."""
        return {
            "alarm": self.id,
            "kind": self.kind,
            "clock": self.clock,
            "stage": self.stage,
            "rung": self.rung,
            "due_at": chain.stamp(self.due_at),
            "crossed_at": chain.stamp(self.crossed_at),
        }


async def raise_orders(
    tx: AsyncConnection, alarms: Sequence[RaisedAlarm], *, sealer: Sealer, now: datetime
) -> list[str]:
    """Issue the orders that the rules ask for after these alarms; one that has its order already gets no second.

    The caller holds the lock of each application.
    """
    if not alarms:
        return []
    rules = await in_force(tx)
    wanted = [alarm for alarm in alarms if rules.raises(alarm.kind, alarm.clock)]
    if not wanted:
        return []
    known = await queries.known_origins(tx, [alarm.id for alarm in wanted])
    halls = await names(tx)
    entries = []
    for alarm in wanted:
        if alarm.id not in known:
            calendar = catalogue.for_item(None, None, halls.calendar(alarm.holder.department))
            raising = Raising(alarm.id, alarm.application, alarm.holder, alarm.cause, rules.terms)
            entries.append(beginning(raising, rules, calendar.name, {}, {}, SYSTEM))
    return [order.head.id for order in await commit(tx, entries, sealer=sealer, now=now)]


async def revoke_orders(
    tx: AsyncConnection, withdrawn: Mapping[str, str], *, sealer: Sealer, now: datetime
) -> list[str]:
    """Revoke the open orders of alarms that no longer stand, each with its cards; by alarm, why it was withdrawn."""
    ids = await queries.open_orders_of(tx, sorted(withdrawn)) if withdrawn else []
    if not ids:
        return []
    entries = []
    for opened in await queries.load(tx, ids, sealer=sealer, lock=True):
        alarm = opened.head.alarm or ""
        if opened.is_open:
            body: dict[str, Json] = {"cards": [*opened.standing_cards], "alarm": alarm, "cause": withdrawn[alarm]}
            entries.append(Entry(opened, (Draft(OrderStep.REVOKE, body, {}, SYSTEM),)))
    return [order.head.id for order in await commit(tx, entries, sealer=sealer, now=now)]
