"""The judge: from what was acknowledged and what is answered, whether the service kept its promises.

Nothing acknowledged is lost, nothing is stored twice, nothing is stored that nobody sent; every chain is without a gap;
every crossing has its alarm, once, at its true instant, and nothing else has one. It imports nothing of the service.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tests.reliability.reckoning import Crossing, Days, crossings

__all__ = ["Acked", "Answers", "Fault", "expected_alarms", "judge", "operation_of"]

Json = dict[str, Any]  # a JSON object


class Fault(NamedTuple):
    """A promise that was not kept."""

    kind: str
    where: str
    detail: str


class Acked(NamedTuple):
    """What was answered to an operation: the application's number, the step's place in its chain and its hash."""

    number: str
    seq: int
    hash: str | None


@dataclass
class Answers:
    """All that the oracle judges, as it was answered over HTTP after the last sweep."""

    acked: dict[int, Acked]
    sent: set[int]
    refused: set[int]
    items: dict[str, Json]
    days: Days
    applications: list[Json] = field(default_factory=list)
    steps: dict[str, list[Json]] = field(default_factory=dict)
    alarms: list[Json] = field(default_factory=list)
    orders: list[Json] = field(default_factory=list)
    deliveries: list[Json] | None = None
    """What waits, or waited, for the one subscriber; none: nobody subscribed before the first alarm."""
    swept_at: datetime | None = None
    """When a sweep began after which nothing happened: what was crossed by then must have its alarm."""
    read_at: datetime | None = None
    """When the last alarm was read: nothing crossed later can have one."""
    sweep_seconds: float = 1


class Key(NamedTuple):
    """What makes an alarm the one that it is."""

    number: str
    clock: str
    stage: str | None
    rung: int
    at: datetime


def operation_of(step: Mapping[str, Any]) -> int | None:
    """The number of the operation that recorded a step: clients write it into the note, or the receipt's subject."""
    text = str(step.get("note") or step.get("subject") or "")
    word, _, number = text.partition(" ")
    return int(number) if word == "op" and number.isdigit() else None


def judge(given: Answers) -> list[Fault]:
    """Every fault that shows."""
    return [
        *judge_steps(given),
        *judge_chains(given),
        *judge_alarms(given),
        *judge_orders(given),
        *judge_deliveries(given),
    ]


def judge_steps(given: Answers) -> Iterator[Fault]:
    """Each acknowledged operation is stored where it was said to be, none twice, none that was refused or unsent."""
    stored: dict[int, list[Json]] = defaultdict(list)
    for number, steps in given.steps.items():
        for step in steps:
            operation = operation_of(step)
            if operation is None:
                yield Fault("foreign_step", f"{number}.{step['seq']}", f"nobody sent this {step['type']}")
            else:
                stored[operation].append({**step, "number": number})
    for operation, acked in sorted(given.acked.items()):
        found = stored.get(operation, [])
        if not found:
            yield Fault("step_lost", f"op {operation}", f"acknowledged as {acked.number}.{acked.seq}, not stored")
        elif (found[0]["number"], found[0]["seq"]) != (acked.number, acked.seq):
            at = f"{found[0]['number']}.{found[0]['seq']}"
            yield Fault("step_moved", f"op {operation}", f"acknowledged as {acked.number}.{acked.seq}, stored as {at}")
        elif acked.hash is not None and acked.hash != found[0]["hash"]:
            yield Fault("step_changed", f"op {operation}", "its hash is not the one that was acknowledged")
    for operation, found in sorted(stored.items()):
        if len(found) > 1:
            places = ", ".join(f"{step['number']}.{step['seq']}" for step in found)
            yield Fault("step_twice", f"op {operation}", places)
        if operation in given.refused:
            yield Fault("refused_but_stored", f"op {operation}", f"{found[0]['number']}.{found[0]['seq']}")
        elif operation not in given.sent:
            yield Fault("foreign_step", f"op {operation}", f"{found[0]['number']}.{found[0]['seq']}")


def judge_chains(given: Answers) -> Iterator[Fault]:
    """Each application's steps are numbered from 1 without a gap, and its version is their number."""
    listed = Counter(application["tracking_number"] for application in given.applications)
    for number, times in listed.items():
        if times > 1:
            yield Fault("application_twice", number, f"listed {times} times")
    for acked in {answer.number for answer in given.acked.values()} - set(listed):
        yield Fault("application_lost", acked, "not in the list")
    for application in given.applications:
        number = application["tracking_number"]
        places = [step["seq"] for step in given.steps.get(number, [])]
        if places != list(range(1, len(places) + 1)) or not places:
            yield Fault("chain_gap", number, f"steps are numbered {places}")
        if application["version"] != len(places):
            yield Fault("version_wrong", number, f"version {application['version']} with {len(places)} steps")


def expected_alarms(given: Answers, number: str, steps: Sequence[Json], until: datetime) -> dict[Key, Crossing]:
    """The alarms of an application whose history is these steps."""
    item = given.items[next(step["item"] for step in steps if step["type"] == "receive")]
    return {
        Key(number, crossing.clock, crossing.stage, crossing.rung, crossing.at): crossing
        for crossing in crossings(item, steps, given.days, until)
    }


def judge_alarms(given: Answers) -> Iterator[Fault]:
    """Each crossing has one alarm, at its instant; an alarm that was withdrawn was once right and no longer is."""
    assert given.swept_at is not None
    assert given.read_at is not None
    yield from judge_keys(given.alarms)
    by_number: dict[str, list[Json]] = defaultdict(list)
    for alarm in given.alarms:
        by_number[alarm["tracking_number"]].append(alarm)
    for stray in by_number.keys() - given.steps.keys():
        yield Fault("alarm_wrong", stray, "an alarm of an application that is not there")
    for number, steps in given.steps.items():
        if not any(step["type"] == "receive" for step in steps):
            yield Fault("receipt_lost", number, "its history has no receipt")
            continue
        now = expected_alarms(given, number, steps, given.read_at)
        standing: Counter[Key] = Counter()
        for alarm in by_number[number]:
            key = key_of(alarm)
            yield from judge_marks(alarm, given)
            if alarm["withdrawn"] is None:
                standing[key] += 1
                if key not in now:
                    yield Fault("alarm_wrong", alarm["id"], f"no crossing at {key.at.isoformat()}")
                elif (now[key].kind, now[key].due_at) != (alarm["kind"], instant(alarm["due_at"])):
                    yield Fault("alarm_wrong", alarm["id"], f"should be {now[key]}")
            elif not was_undone(key, [*earlier_views(given, number, steps), now]):
                yield Fault("alarm_wrong", alarm["id"], "withdrawn, though no record took its crossing away")
        for key, times in standing.items():
            if times > 1:
                yield Fault("alarm_twice", number, f"{key} stands {times} times")
        for key, crossing in now.items():
            if crossing.at <= given.swept_at and key not in standing:
                yield Fault("alarm_missing", number, str(crossing))


ORDERING = {"overdue", "deemed"}
"""Kinds of alarm that raise an order by the sample of the rules."""


def judge_orders(given: Answers) -> Iterator[Fault]:
    """Each alarm that calls for an order has one, and no other has any; that of a withdrawn alarm is revoked."""
    assert given.swept_at is not None
    alarms = {alarm["id"]: alarm for alarm in given.alarms}
    orders = Counter(order["cause"]["alarm"] for order in given.orders if order["cause"] is not None)
    for alarm, times in orders.items():
        if times > 1:
            yield Fault("order_twice", alarm, f"{times} orders")
        if alarm not in alarms or alarms[alarm]["kind"] not in ORDERING:
            yield Fault("order_wrong", alarm, "no alarm calls for an order")
    for id_, alarm in alarms.items():
        if alarm["kind"] in ORDERING and id_ not in orders and instant(alarm["detected_at"]) <= given.swept_at:
            yield Fault("order_missing", id_, f"an alarm of {alarm['crossed_at']} without its order")
    for order in given.orders:
        cause = order["cause"]
        if cause is None or cause["alarm"] not in alarms:
            continue
        gone = alarms[cause["alarm"]]["withdrawn"]
        if gone is not None and instant(gone["at"]) <= given.swept_at and order["status"] != "revoked":
            yield Fault("order_wrong", order["id"], "its alarm is withdrawn, and it is not revoked")
        if not instant(cause["crossed_at"]) <= instant(order["issued_at"]):
            yield Fault("order_wrong", order["id"], "issued before the crossing")


def judge_deliveries(given: Answers) -> Iterator[Fault]:
    """Of each alarm the subscriber is told once that it was raised, once that it was withdrawn, of nothing else."""
    if given.deliveries is None:
        return
    assert given.swept_at is not None
    told = Counter((delivery["type"], delivery["subject"]) for delivery in given.deliveries)
    alarms = {alarm["id"]: alarm for alarm in given.alarms}
    for id_, alarm in alarms.items():
        gone = alarm["withdrawn"]
        if instant(alarm["detected_at"] if gone is None else gone["at"]) > given.swept_at:
            continue  # it came about while all this was read
        raised, withdrawn = told["alarm.raised", id_], told["alarm.withdrawn", id_]
        stands = gone is None
        if raised - withdrawn < stands or withdrawn < (not stands):  # one that came back is raised once more
            yield Fault("message_missing", id_, f"told {raised} times of its raising, {withdrawn} of its withdrawal")
        elif raised - withdrawn > stands:
            yield Fault("message_twice", id_, f"told {raised} times of its raising, {withdrawn} of its withdrawal")
    for type_, subject in told:
        if subject not in alarms:
            yield Fault("message_wrong", subject, f"{type_} of an alarm that is not there")


def judge_keys(alarms: Iterable[Json]) -> Iterator[Fault]:
    """One row for each rung of each clock and revision."""
    rungs = Counter((a["tracking_number"], a["clock"], a["stage"], a["rung"], a["clock_revision"]) for a in alarms)
    for rung, times in rungs.items():
        if times > 1:
            yield Fault("alarm_twice", rung[0], f"{rung[1:]} has {times} rows")


def judge_marks(alarm: Json, given: Answers) -> Iterator[Fault]:
    """Detected after it was crossed and before it was read; `late` says whether that took over two intervals."""
    crossed, detected = instant(alarm["crossed_at"]), instant(alarm["detected_at"])
    assert given.read_at is not None
    if not crossed <= detected <= given.read_at:
        yield Fault("detection_wrong", alarm["id"], f"crossed at {crossed}, detected at {detected}")
    if alarm["late"] != (detected - crossed > timedelta(seconds=2 * given.sweep_seconds)):
        yield Fault("late_wrong", alarm["id"], f"late={alarm['late']} after {detected - crossed}")


def was_undone(key: Key, views: Sequence[Mapping[Key, Crossing]]) -> bool:
    """Some record brought the crossing about, and a later one took it away."""
    stands = [key in view for view in views]
    return any(before and not after for before, after in pairwise(stands))


def earlier_views(given: Answers, number: str, steps: Sequence[Json]) -> Iterator[dict[Key, Crossing]]:
    """What was expected after each record but the last, in the order of recording."""
    assert given.read_at is not None
    recorded = sorted(steps, key=lambda step: int(step["seq"]))
    for count in range(1, len(recorded)):
        yield expected_alarms(given, number, recorded[:count], given.read_at)


def key_of(alarm: Json) -> Key:
    return Key(alarm["tracking_number"], alarm["clock"], alarm["stage"], alarm["rung"], instant(alarm["crossed_at"]))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
