"""Random histories: `case(seed)` is one case of a What-if, of any length and any oddity, the same for the same seed.

`without` leaves features out (`chance.FEATURES`). What the interface leaves open (`chance.UNCLEAR`) is left out unless
`unclear=True`. Beyond the shape of a What-if a case may hold `calendars` (named calendars, with `editions`, each with
its `published_at`), `suspensions`, `known_at`, and steps with `seq` and `recorded_at`; `outside` tells which.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.law import offices
from tests.law.chance import UNCLEAR, Chance, at_local, first_day, time_of_day, write
from tests.law.engine import answer
from tests.law.engine.wire import WORKING_TIME
from tests.law.stories import NEXT, Story, stumble
from tests.law.unclear import touched

Json = dict[str, Any]  # JSON

TRIES = 100


def _edge(chance: Chance, case: Json, story: Story) -> None:
    """Place the coming step where a clock ends: on its last day, at its due instant, a moment before or after."""
    shown = answer({**case, "steps": story.steps, "as_of": write(story.now, story.zone)})
    dues = [datetime.fromisoformat(clock["due_at"]) for clock in shown.get("clocks") or [] if clock.get("due_at")]
    ahead = [due for due in dues if due > story.now and due - story.now < timedelta(days=120)]
    if not ahead:
        return
    due = chance.one(ahead)
    tick = timedelta(microseconds=1)
    on = (due - tick).astimezone(story.zone).date()
    choices = [due, due - tick, due + tick, at_local(on, time(10), story.zone), at_local(on, time(0), story.zone)]
    choices.append(at_local(on - timedelta(days=1), time(23, 59, 59), story.zone))
    story.now = max(story.now, chance.one(choices).astimezone(UTC))


def _story(chance: Chance, case: Json, zone: ZoneInfo, begin: datetime, *, hours: bool) -> Story:
    """Tell a history."""
    story = Story(chance, case["item"], zone, begin, hours=hours)
    odd = chance.has("violations", 0.15)
    for _ in range(chance.pick([(0, 0.5), (2, 2), (4, 3), (7, 4), (10, 3), (14, 2), (20, 0.5)])):
        if chance.often(0.2):
            _edge(chance, case, story)
            if chance.often(0.5):
                choices = [each for each in NEXT[story.status] if story.possible(each[0])]
                if choices:
                    story.tell(chance.pick(choices))
                continue
        if odd and chance.often(0.3):
            story.wait()
            stumble(chance, story)
        elif not story.go_on():
            break
    return story


def _fixed(chance: Chance, case: Json, zone: ZoneInfo, begin: datetime) -> None:
    """Perhaps an end fixed by hand."""
    if not chance.has("fixed_due", 0.08):
        return
    last = begin.astimezone(zone).date() + timedelta(days=chance.between(3, 50))
    kind = chance.one(["statutory", "promise"])
    if chance.often(0.6):
        case["fixed_due"] = {kind: last.isoformat()}
    else:
        case["fixed_due"] = {kind: write(at_local(last, time_of_day(chance), zone), zone)}
    for clock in case["item"]["clocks"]:
        if clock["kind"] == kind:
            if "fixed_pauses" in chance.without:
                clock["pauses_for"] = []
            clock.pop("restarts_on", None)
            clock.pop("extension", None)


def _suspended(chance: Chance, case: Json, zone: ZoneInfo, begin: datetime) -> None:
    """Perhaps a suspension of the whole place."""
    if not chance.has("suspensions", 0.12):
        return
    kinds = sorted(
        {clock["kind"] for clock in case["item"]["clocks"]} | ({"stage"} if case["item"].get("stages") else set())
    )
    if "zero_over_pause" in chance.without:
        zero = {clock["kind"] for clock in case["item"]["clocks"] if clock["limit"]["amount"] == 0}
        kinds = [kind for kind in kinds if kind not in zero]
    if "fixed_pauses" in chance.without:
        kinds = [kind for kind in kinds if kind not in (case.get("fixed_due") or {})]
    named = chance.some(kinds, 0.7)
    if not named:
        return
    on = begin.astimezone(zone).date() + timedelta(days=chance.between(0, 25))
    first = on + timedelta(days=chance.between(2, 6))
    if chance.has("retroactive_edition", 0.4):
        first = on - timedelta(days=chance.between(0, 10))
    clock = chance.one([time(0), time(9), time(16, 20)])
    last: str | None = (first + timedelta(days=chance.between(0, 25))).isoformat()
    if chance.often(0.15):
        last = None
        if chance.often(0.5):
            on, clock = first, time(0)
    case["suspensions"] = [
        {
            "clocks": named,
            "from": first.isoformat(),
            "to": last,
            "published_at": write(at_local(on, clock, zone), zone),
        }
    ]


def _record(chance: Chance, story: Story) -> bool:
    """Perhaps give the steps their recording: some late, some amended."""
    late = chance.has("late", 0.2)
    amend = chance.has("amend", 0.12)
    if not late and not amend:
        return False
    steps = story.steps
    for number, step in enumerate(steps, start=1):
        step.setdefault("id", f"s{number}")
    if not late and chance.often(0.5):
        return _amend_as_it_happens(chance, story)
    recorded = [datetime.fromisoformat(step["at"]) + timedelta(seconds=chance.between(0, 200)) for step in steps]
    for index in range(1, len(steps)):
        recorded[index] = max(recorded[index], recorded[index - 1])
    if late and len(steps) > 2:
        for _ in range(chance.between(1, 2)):
            index = chance.between(1, len(steps) - 1)
            after = recorded[min(len(steps) - 1, index + chance.between(0, 2))]
            recorded[index] = after + timedelta(minutes=chance.between(10, 4000))
    for step, when in zip(steps, recorded, strict=True):
        step["recorded_at"] = write(when, story.zone)
    if amend and len(steps) > 1:
        steps.append(_amend(chance, story, max(recorded) + timedelta(minutes=chance.between(1, 5000))))
    order = sorted(range(len(steps)), key=lambda index: (datetime.fromisoformat(steps[index]["recorded_at"]), index))
    for seq, index in enumerate(order, start=1):
        steps[index]["seq"] = seq
    story.steps = [steps[index] for index in order]
    return True


def _amend_as_it_happens(chance: Chance, story: Story) -> bool:
    """Amend steps each of which was recorded when it happened: a What-if can tell that."""
    if len(story.steps) < 2:
        return False
    last = max(datetime.fromisoformat(step["at"]) for step in story.steps)
    for number in range(chance.pick([(1, 3), (2, 1)])):
        amend = _amend(chance, story, last + timedelta(minutes=chance.between(1, 5000)))
        del amend["recorded_at"]
        story.steps.append({**amend, "id": f"a{number}"})
        last = datetime.fromisoformat(amend["at"])
    return True


def _amend(chance: Chance, story: Story, when: datetime) -> Json:
    """A correction of one of the steps."""
    target = chance.one([step for step in story.steps[1:] if step["type"] != "amend"])
    moved = datetime.fromisoformat(target["at"]) + timedelta(seconds=chance.between(-2 * 86400, 2 * 86400))
    moved = min(moved, when)  # what has not happened yet cannot be recorded
    replaces: Json | None = {"occurred_at": write(moved, story.zone)}
    if target.get("announced") and chance.often(0.5):
        replaces = {"announced": {"amount": chance.between(1, 15), "unit": "calendar_day"}}
    elif target["type"] == "extend" and chance.often(0.5):
        replaces = {"amount": max(1, target["amount"] - 1)}
    elif chance.often(0.35):
        replaces = None
    return {
        "type": "amend",
        "at": write(when, story.zone),
        "recorded_at": write(when, story.zone),
        "step": target["id"],
        "replaces": replaces,
        "reason": "更正",
        "approver": "负责人",
        "actor": "经办人",
    }


def _asked_at(chance: Chance, case: Json, story: Story, begin: datetime) -> datetime:
    """The instant that a case speaks of: often an edge of one of its clocks."""
    last = max(datetime.fromisoformat(step["at"]) for step in story.steps)
    how = chance.pick([("after", 5), ("within", 3), ("edge", 5), ("step", 2), ("before", 0.15)])
    if how == "within":
        return begin + (last - begin) * chance.random.random()
    if how == "step":
        return datetime.fromisoformat(chance.one(story.steps)["at"])
    if how == "before":
        return begin - timedelta(hours=chance.between(1, 50))
    later = last + timedelta(seconds=chance.between(0, chance.one([2, 7, 30]) * 86400))
    if how == "edge":
        shown = answer({**case, "steps": story.steps, "as_of": write(last, story.zone)})
        clocks = shown.get("clocks") or []
        found = [clock["due_at"] for clock in clocks] + [clock["started_at"] for clock in clocks]
        found += [rung["at"] for clock in clocks for rung in clock["warnings"]]
        edges = [datetime.fromisoformat(each) for each in found if each]
        tick = timedelta(microseconds=1)
        if edges:
            return chance.one(edges) + chance.one([-tick, timedelta(0), tick, timedelta(hours=20)])
    return later


def case(seed: int, *, without: frozenset[str] = frozenset(), unclear: bool = False) -> Json:
    """A random case, always the same for a seed and the same features."""
    if unclear:
        return _draw(seed, Chance(seed, without))
    for attempt in range(TRIES):
        body = _draw(seed, Chance(f"{seed}:{attempt}", without | UNCLEAR))
        if not touched(body):
            return body
    raise RuntimeError(f"seed {seed}: no case without open points in {TRIES} tries")


def _draw(seed: int, chance: Chance) -> Json:
    """One case by chance."""
    zone_name = offices.zone_of(chance)
    zone = ZoneInfo(zone_name)
    on: date = first_day(chance, zone_name)
    begin = at_local(on, time_of_day(chance), zone)
    hours = chance.has("hours", 0.6)
    body: Json = {"id": str(seed), "item": offices.item(chance, hours=hours)}
    body |= offices.calendar(chance, on, zone_name, hours=hours)
    _fixed(chance, body, zone, begin)
    _suspended(chance, body, zone, begin)
    story = _story(chance, body, zone, begin, hours=hours)
    recorded = _record(chance, story)
    body["steps"] = story.steps
    if not recorded and chance.has("no_as_of", 0.06):
        return body
    at = _asked_at(chance, body, story, begin)
    body["as_of"] = write(at, zone)
    if recorded and "recorded_at" in story.steps[0] and chance.often(0.4):
        first = datetime.fromisoformat(story.steps[0]["recorded_at"])
        last = datetime.fromisoformat(story.steps[-1]["recorded_at"])
        body["known_at"] = write(first + (last - first) * chance.random.random(), zone)
    return body


def short_case(seed: int, *, without: frozenset[str] = frozenset()) -> Json:
    """A random case of the shorter form, bare date arithmetic; no open points."""
    chance = Chance(f"short {seed}", without | UNCLEAR)
    zone_name = offices.zone_of(chance)
    zone = ZoneInfo(zone_name)
    on = first_day(chance, zone_name)
    hours = chance.has("hours", 0.6)
    body: Json = {"id": f"short-{seed}"}
    body |= offices.calendar(chance, on, zone_name, hours=hours, plain=True)
    bound = offices.limit(chance, chance.one(["statutory", "promise", "own"]), hours=hours)
    by_hours = bound["unit"] in WORKING_TIME
    back = chance.has("negative", 0.1) and not by_hours and bound["amount"] > 0
    if back:
        bound["amount"] = -bound["amount"]
    body["limit"] = bound
    begin = at_local(on, time_of_day(chance), zone)
    count = offices.count(chance, bound["unit"], hours=hours, zero=bound["amount"] == 0) or {}
    same_time = count.get("due_time") == "same_time"
    bare = chance.often(0.3) and not by_hours and not same_time
    body["start"] = on.isoformat() if bare else write(begin, zone)
    if same_time and begin == at_local(on, time(0), zone):
        count.pop("due_time")
    if back:
        count = {key: value for key, value in count.items() if key == "end_rule"}
    body |= count
    if back or bound["amount"] == 0:
        return body
    if chance.has("extensions", 0.3):
        body["extension"] = chance.between(1, 20)
    if chance.has("pauses", 0.5):
        body["pauses"] = [_short_pause(chance, on, zone, by_hours=by_hours) for _ in range(chance.between(1, 4))]
    return body


def _short_pause(chance: Chance, on: date, zone: ZoneInfo, *, by_hours: bool) -> list[str]:
    """A pause of the shorter form."""
    first = on + timedelta(days=chance.between(0, 25))
    last = first + timedelta(days=chance.pick([(0, 1), (1, 2), (4, 3), (20, 1)]))
    if not by_hours and chance.often(0.7):
        return [first.isoformat(), last.isoformat()]
    a, b = at_local(first, time_of_day(chance), zone), at_local(last, time_of_day(chance), zone)
    return [write(min(a, b), zone), write(max(a, b), zone)]


def outside(body: Json) -> frozenset[str]:
    """What a case holds that no single case of a What-if can: it must be prepared first, or compared below HTTP."""
    found = set()
    if "calendars" in body:
        found.add("calendars")
    for name in ("suspensions", "known_at"):
        if name in body:
            found.add(name)
    steps = body.get("steps") or []
    if any("recorded_at" in step or "seq" in step for step in steps) or _amends_afterwards(body):
        found.add("recorded")
    return frozenset(found)


def _amends_afterwards(body: Json) -> bool:
    """Whether something was amended after the instant asked about: of that a What-if knows nothing yet."""
    times = [datetime.fromisoformat(step["at"]) for step in body.get("steps") or [] if step["type"] == "amend"]
    return bool(times) and max(times) > datetime.fromisoformat(body["as_of"])
