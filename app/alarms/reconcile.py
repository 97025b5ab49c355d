"""Makes the alarms of a set of applications agree with their record: raises the missing, withdraws the untrue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.alarms import queries, telling
from app.alarms.queries import AlarmKey, Recorded
from app.applications import journal
from app.applications.journal import Entry
from app.applications.projection import holder_at
from app.applications.silence import SYSTEM, is_due
from app.domain.forecast import forecast
from app.domain.rungs import Crossing, crossings, next_look
from app.domain.spans import Forecast
from app.domain.steps import SYSTEM as SYSTEM_STEPS
from app.domain.steps import Dossier
from app.kit.sealing import Sealer
from app.outbox.write import publish
from app.supervision.orders import Addressee
from app.supervision.queries import false_alarms
from app.supervision.raising import RaisedAlarm, raise_orders, revoke_orders

__all__ = ["Difference", "Effect", "Outcome", "difference", "reconcile"]

LATE_AFTER = journal.LATE_AFTER
TICK = timedelta(microseconds=1)


class Sweeping(NamedTuple):
    """The sweep, for the audit trail."""

    credential: str
    role: str
    request_id: str | None


SWEEP = Sweeping("sweep", "system", None)


class Difference(NamedTuple):
    """How the alarms on record differ from those that the record asks for."""

    missing: tuple[Crossing, ...]
    again: tuple[tuple[Recorded, Crossing], ...]
    """Alarms whose crossing came back under their own revision, withdrawn before or at another instant."""
    untrue: tuple[tuple[Recorded, AlarmKey | None], ...]
    """Each alarm that no longer stands, with the one that stands in its place."""


class Effect(NamedTuple):
    """An effect of silence that was written down."""

    number: str
    clock: str
    effect: str


class Outcome(NamedTuple):
    """What a reconciliation changed."""

    raised: tuple[AlarmKey, ...]
    withdrawn: tuple[AlarmKey, ...]
    deemed: tuple[Effect, ...] = ()
    """What silence did, now on record."""


def key_of(number: str, crossing: Crossing) -> AlarmKey:
    return AlarmKey(number, crossing.clock, crossing.stage, crossing.rung, crossing.revision)


def difference(number: str, wanted: Sequence[Crossing], on_record: Sequence[Recorded]) -> Difference:
    """Which crossings have no alarm yet, and which alarms have no crossing any more.

    A rung crossed at the same instant under another revision is the same fact: no second alarm, no withdrawal. A later
    pause, extension or decision leaves the crossing where it was, and with it the alarm.

    A revision numbers due instants, not crossings: a late pause takes a crossing away, its late end brings it back
    under the same revision. The alarm of that key then stands again: each key has one and never a second.
    """
    known = {alarm.key: alarm for alarm in on_record}
    standing = {(*alarm.key[1:4], alarm.crossed_at) for alarm in on_record if not alarm.is_withdrawn}
    facts = {(crossing.clock, crossing.stage, crossing.rung, crossing.crossed_at) for crossing in wanted}
    unmet = [
        crossing
        for crossing in sorted(wanted, key=lambda crossing: crossing.crossed_at)
        if (crossing.clock, crossing.stage, crossing.rung, crossing.crossed_at) not in standing
    ]
    missing = tuple(crossing for crossing in unmet if key_of(number, crossing) not in known)
    again = {key: crossing for crossing in unmet if (key := key_of(number, crossing)) in known}
    untrue = tuple(
        (alarm, successor(number, alarm, wanted))
        for alarm in on_record
        if not alarm.is_withdrawn and alarm.key not in again and (*alarm.key[1:4], alarm.crossed_at) not in facts
    )
    return Difference(missing, tuple((known[key], crossing) for key, crossing in again.items()), untrue)


def key_in(row: Mapping[str, Any]) -> AlarmKey:
    """The key of an alarm as it is stored."""
    return AlarmKey(*(row[name] for name in AlarmKey._fields))


def successor(number: str, alarm: Recorded, wanted: Iterable[Crossing]) -> AlarmKey | None:
    """The alarm of the same rung under the newest later revision, if that was crossed, too."""
    _, clock, stage, rung, revision = alarm.key
    later = [c for c in wanted if (c.clock, c.stage, c.rung) == (clock, stage, rung) and c.revision > revision]
    return key_of(number, max(later, key=lambda crossing: crossing.revision)) if later else None


def without_false(
    wanted: Sequence[Crossing], on_record: Sequence[Recorded], false: Mapping[str, tuple[str, datetime]]
) -> list[Crossing]:
    """The crossings but for those whose alarm an upheld appeal called false: the same fact is never raised again."""
    facts = {(*alarm.key[1:4], alarm.crossed_at) for alarm in on_record if alarm.key.id in false}
    if not facts:
        return list(wanted)
    return [one for one in wanted if (one.clock, one.stage, one.rung, one.crossed_at) not in facts]


def reason_of(alarm: Recorded, dossier: Dossier, false: Mapping[str, tuple[str, datetime]]) -> dict[str, Any]:
    """Why an alarm no longer stands: the record after it that changed the past, the last if there are several."""
    if alarm.key.id in false:
        order, at = false[alarm.key.id]
        reason = f"The appeal against the order {order} was upheld at {seconds(at)}: the alarm was false."
        return {"cause": "appeal", "reason": reason}
    causes: list[tuple[int, str, str]] = [
        (step.seq, "late_entry", f"{step.type.value} of {seconds(step.at)}, recorded at {seconds(step.recorded_at)},")
        for step in dossier.steps
        if step.type not in SYSTEM_STEPS
        and step.recorded_at is not None
        and step.recorded_at >= alarm.detected_at
        and step.at < step.recorded_at - LATE_AFTER
    ]
    causes += [
        (one.seq, "amend", f"The amendment of step {one.of}, recorded at {seconds(one.recorded_at)},")
        for one in dossier.amendments
        if one.recorded_at is not None and one.recorded_at >= alarm.detected_at
    ]
    causes += [
        (one.seq, one.cause, f"The {one.cause} published at {seconds(one.at)}, applied at {seconds(one.recorded_at)},")
        for one in dossier.recomputations
        if one.recorded_at is not None and one.recorded_at >= alarm.detected_at
    ]
    if not causes:
        return {
            "cause": "recomputed",
            "reason": "The record as it stands has no crossing of this rung at that instant.",
        }
    _, cause, told = max(causes)
    return {"cause": cause, "reason": f"{told} leaves no crossing of this rung at that instant."}


def seconds(instant: datetime | None) -> str:
    """An instant without its fractions."""
    return "" if instant is None else instant.isoformat(timespec="seconds")


def department_at(outlook: Forecast, instant: datetime) -> str:
    """The department that held an application at an instant; before its receipt the first one."""
    holder = holder_at(outlook.stretches, instant)
    return holder.department if holder is not None else outlook.stretches[0].department


async def reconcile(
    tx: AsyncConnection, numbers: Sequence[str], *, sealer: Sealer, now: datetime, interval: timedelta
) -> Outcome:
    """Raise and withdraw the alarms of these applications as of `now`, and say when to look at each again.

    What silence has done by then is written down, so that the record says it, too.

    `crossed_at` is worked out from the record, never from `now`: three days late it is still the true second. An alarm
    found more than two sweep intervals after its crossing is marked `late`.
    """
    opened = await journal.open_dossiers(tx, sorted(numbers))
    on_record = await queries.recorded(tx, [one.number for one in opened])
    false = await false_alarms(tx, [one.number for one in opened])

    rows: list[dict[str, Any]] = []
    again: list[tuple[Recorded, dict[str, Any]]] = []
    untrue: list[tuple[Recorded, dict[str, Any]]] = []
    looks: dict[str, datetime | None] = {}
    silent: dict[str, Forecast] = {}
    outlooks: dict[str, Forecast] = {}
    for one in opened:
        outlook = outlooks[one.number] = forecast(one.dossier)
        mine = on_record[one.number]
        found = difference(one.number, without_false(crossings(outlook, now), mine, false), mine)
        rows += [stored(one, outlook, crossing, now=now, interval=interval) for crossing in found.missing]
        again += [
            (alarm, stored(one, outlook, crossing, now=now, interval=interval)) for alarm, crossing in found.again
        ]
        for alarm, instead in found.untrue:
            record = {"at": now.isoformat(), **reason_of(alarm, one.dossier, false)}
            untrue.append((alarm, record | {"superseded_by": instead.id if instead else None}))
        looks[one.number] = next_look(outlook, now + TICK)
        if is_due(one.dossier, outlook.deemed, now):
            silent[one.number] = outlook

    raised = await queries.raise_missing(tx, rows)
    for alarm, row in again:
        await queries.raise_again(tx, alarm.key, row)
        await audit.record(tx, SWEEP, queries.RAISED_AGAIN, alarm.key.id, at=now, detail=as_it_was(alarm))
    for alarm, record in untrue:
        await queries.withdraw(tx, alarm.key, record, now)
    stands_again = {alarm.key for alarm, _ in again}
    fresh = [row for row in (*rows, *(row for _, row in again)) if key_in(row) in raised | stands_again]
    by_number = {one.number: one for one in opened}
    await tell(tx, by_number, fresh, [alarm for alarm, _ in untrue], now=now)
    alarms = [
        raised_alarm(row, outlooks[row["number"]])
        for row in sorted(fresh, key=lambda row: str(row["number"]))
        if not telling.is_before_import(by_number[row["number"]].dossier, row["crossed_at"], now)
    ]
    await raise_orders(tx, alarms, sealer=sealer, now=now)
    causes = {alarm.key.id: str(record["cause"]) for alarm, record in untrue}
    await revoke_orders(tx, causes, sealer=sealer, now=now)
    deemed = await write_silence(tx, silent, sealer=sealer, now=now)
    await journal.reschedule(tx, looks)
    return Outcome(tuple(sorted(raised | stands_again)), tuple(alarm.key for alarm, _ in untrue), deemed)


def as_it_was(alarm: Recorded) -> dict[str, Any]:
    """What the row of an alarm said before it stood again: whoever asks what was known then reads it in the trail."""
    withdrawn = alarm.withdrawn
    return {
        "crossed_at": alarm.crossed_at.isoformat(),
        "detected_at": alarm.detected_at.isoformat(),
        "withdrawn": alarm.is_withdrawn,
        "withdrawn_at": None if withdrawn is None else withdrawn["at"],
        "withdrawn_cause": None if withdrawn is None else withdrawn["cause"],
    }


def raised_alarm(row: Mapping[str, Any], outlook: Forecast) -> RaisedAlarm:
    """An alarm as the rules of supervision ask for it."""
    holder = holder_at(outlook.stretches, row["crossed_at"])
    section, officer = (None, None) if holder is None else (holder.section, holder.officer)
    return RaisedAlarm(
        row["id"], row["number"], row["kind"], row["clock"], row["stage"], row["rung"], row["due_at"],
        row["crossed_at"], Addressee(row["department"], section, officer),
    )  # fmt: skip


async def tell(
    tx: AsyncConnection,
    opened: Mapping[str, journal.Opened],
    fresh: Sequence[Mapping[str, Any]],
    untrue: Sequence[Recorded],
    *,
    now: datetime,
) -> None:
    """Let those who want to know be told, in the transaction that makes it true. What an import brought is not told."""
    events = []
    for row in fresh:
        one = opened[row["number"]]
        if not telling.is_before_import(one.dossier, row["crossed_at"], now):
            events.append(telling.raised(row, one.dossier.calendar.zone, one.head.version))
    told = [
        alarm.key
        for alarm in untrue
        if not telling.is_before_import(opened[alarm.key.number].dossier, alarm.crossed_at, alarm.detected_at)
    ]
    for row in await queries.whole(tx, told):
        one = opened[row["number"]]
        events.append(telling.withdrawn(row, one.dossier.calendar.zone, one.head.version))
    await publish(tx, events, now=now)


async def write_silence(
    tx: AsyncConnection, outlooks: Mapping[str, Forecast], *, sealer: Sealer, now: datetime
) -> tuple[Effect, ...]:
    """Record what silence has done to these applications by `now`, as the system's own steps; each with its outlook."""
    if not outlooks:
        return ()
    opened = await journal.open_dossiers(tx, [*outlooks], sealer=sealer)
    entries = [Entry(one, (), SYSTEM, outlooks[one.number]) for one in opened]
    written = await journal.append_all(tx, entries, sealer=sealer, now=now)
    return tuple(
        Effect(one.number, fact.step.clock, fact.step.effect) for one in written for fact in one.facts[-one.added :]
    )


def stored(
    one: journal.Opened, outlook: Forecast, crossing: Crossing, *, now: datetime, interval: timedelta
) -> dict[str, Any]:
    """An alarm as it is stored, with who held the application when the rung was crossed."""
    return row_of(one.number, crossing, now=now, interval=interval) | {
        "department": department_at(outlook, crossing.crossed_at),
        "external_ref": one.head.external_ref,
        "late": is_late(crossing, now, interval) or telling.is_before_import(one.dossier, crossing.crossed_at, now),
    }


def is_late(crossing: Crossing, now: datetime, interval: timedelta) -> bool:
    """Whether a crossing is found over two sweep intervals after it."""
    return now - crossing.crossed_at > 2 * interval


def row_of(number: str, crossing: Crossing, *, now: datetime, interval: timedelta) -> dict[str, Any]:
    """An alarm as it is stored, but for the holder."""
    key = key_of(number, crossing)
    return {
        **key._asdict(),
        "id": key.id,
        "kind": crossing.kind,
        "due_at": crossing.due_at,
        "crossed_at": crossing.crossed_at,
        "detected_at": now,
        "changed_at": now,
        "late": is_late(crossing, now, interval),
        "withdrawn": None,
    }
