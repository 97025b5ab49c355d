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
from tests.law.unclear import touched

Json = dict[str, Any]  # JSON

NEXT: dict[str, list[tuple[str, float]]] = {
    "submitted": [("confirm", 6), ("withdraw", 0.4), ("assign", 0.3)],
    "received": [
        ("accept", 5), ("request_correction", 3), ("refuse", 0.6), ("withdraw", 0.3), ("terminate", 0.2),
        ("assign", 0.4), ("start_stage", 1), ("complete_stage", 1), ("extend", 0.4),
    ],
    "correcting": [("submit_correction", 5), ("withdraw", 0.5), ("terminate", 0.3), ("assign", 0.3)],
    "accepted": [
        ("pause", 4), ("resume", 3), ("start_stage", 3), ("complete_stage", 3), ("extend", 2.5), ("decide", 2.5),
        ("withdraw", 0.25), ("terminate", 0.25), ("assign", 0.4), ("explain_delay", 0.2),
    ],
    "decided": [("publish", 2), ("deliver", 3), ("close", 1)],
    "delivered": [("close", 1)],
    "refused": [("close", 1)],
    "withdrawn": [("close", 1)],
    "terminated": [("close", 1)],
    "closed": [],
}  # fmt: skip
TRIES = 100
LEADS = {
    "confirm": "received",
    "request_correction": "correcting",
    "submit_correction": "received",
    "accept": "accepted",
    "refuse": "refused",
    "decide": "decided",
    "deliver": "delivered",
    "withdraw": "withdrawn",
    "terminate": "terminated",
    "close": "closed",
}
ANY = [
    "confirm", "request_correction", "submit_correction", "accept", "refuse", "pause", "resume", "extend", "decide",
    "publish", "deliver", "withdraw", "close", "start_stage", "complete_stage",
]  # fmt: skip


class Story:
    """One history while it is being told."""

    def __init__(self, chance: Chance, item: Json, zone: ZoneInfo, begin: datetime) -> None:
        self.chance = chance
        self.item = item
        self.zone = zone
        self.now = begin
        self.steps: list[Json] = []
        rule = item.get("receipt_rule")
        self.status = "submitted" if rule == "on_confirmation" else "received"
        self.corrected = False
        self.open_pauses: list[str | None] = []
        self.running: list[str] = []
        self.done: set[str] = set()
        self.extended: dict[tuple[str, str | None], int] = {}
        self.steps.append({"type": "receive", "at": self._at()})

    def _at(self) -> str:
        return write(self.now, self.zone)

    def wait(self) -> None:
        """Let time pass."""
        how = self.chance.pick([("none", 4), ("hours", 25), ("days", 50), ("weeks", 15), ("long", 3)])
        if how == "none":
            return
        if how == "hours":
            self.now += timedelta(seconds=self.chance.between(1, 8 * 3600))
            return
        days = {"days": (1, 4), "weeks": (5, 20), "long": (40, 120)}[how]
        on = self.now.astimezone(self.zone).date() + timedelta(days=self.chance.between(*days))
        self.now = max(self.now, at_local(on, time_of_day(self.chance), self.zone))

    def grounds(self) -> list[str]:
        """Grounds that a clock of the item lists."""
        everything = (self.item.get("clocks") or []) + (self.item.get("stages") or [])
        found = {ground for each in everything for ground in each.get("pauses_for") or []}
        return sorted(found - {"correction"})

    def stage_codes(self) -> list[str]:
        """The stages of the item."""
        return [str(stage["code"]) for stage in self.item.get("stages") or []]

    def _possible(self, name: str) -> bool:
        """Whether a step makes sense now, as far as can be told without counting."""
        without = self.chance.without
        match name:
            case "pause":
                return "pauses" not in without and bool(self.grounds())
            case "resume":
                return bool(self.open_pauses)
            case "start_stage":
                return any(self._may_start(stage) for stage in self.item.get("stages") or [])
            case "complete_stage":
                return any(self._may_complete(code) for code in self.running)
            case "extend":
                return "extensions" not in without and bool(self._extendable())
            case "request_correction":
                return "corrections" not in without and not self.corrected
            case "withdraw" | "terminate" | "refuse":
                return not self.running or "stage_at_final" not in without
            case "explain_delay":
                return "odd_codes" not in without
            case _:
                return True

    def _may_start(self, stage: Json) -> bool:
        code = stage["code"]
        again = code in self.done and "rounds" in self.chance.without
        early = self.status == "accepted" or bool(stage.get("before_acceptance"))
        return code not in self.running and early and not again

    def _may_complete(self, code: str) -> bool:
        stage = next(each for each in self.item["stages"] if each["code"] == code)
        return self.status == "accepted" or bool(stage.get("before_acceptance"))

    def _extendable(self) -> list[tuple[str, str | None, Json]]:
        found: list[tuple[str, str | None, Json]] = []
        for clock in self.item.get("clocks") or []:
            started = clock["starts"] in ("received", self.status)
            if clock.get("extension") and started and clock["kind"] != "notice":
                found.append((clock["kind"], None, clock))
        found += [
            ("stage", stage["code"], stage)
            for stage in self.item.get("stages") or []
            if stage.get("extension") and stage["code"] in self.running
        ]
        return [each for each in found if self.extended.get(each[:2], 0) < each[2]["extension"].get("times", 1)]

    def tell(self, name: str) -> None:
        """Add a step of a kind, with what belongs to it."""
        chance = self.chance
        step: Json = {"type": name, "at": self._at()}
        match name:
            case "request_correction":
                step["missing"] = ["材料"]
                self.corrected = True
            case "refuse" | "withdraw" | "terminate":
                step["reason"] = "理由"
            case "start_stage":
                codes = [each["code"] for each in self.item.get("stages") or [] if self._may_start(each)]
                step["stage"] = chance.one(codes or self.stage_codes() or ["nowhere"])
                self.running.append(step["stage"])
            case "complete_stage":
                codes = [code for code in self.running if self._may_complete(code)]
                step["stage"] = chance.one(codes or self.stage_codes() or ["nowhere"])
                if step["stage"] in self.running:
                    self.running.remove(step["stage"])
                self.done.add(step["stage"])
            case "pause":
                self._pause(step)
            case "resume":
                self._resume(step)
            case "extend":
                self._extend(step)
            case "decide":
                step["result"] = chance.one(["granted", "denied"])
                self.running, self.open_pauses = [], []
            case "close":
                step["result_code"] = "办结"
            case _:
                pass
        self.status = LEADS.get(name, self.status)
        self.steps.append(step)

    def _pause(self, step: Json) -> None:
        chance = self.chance
        step["ground"] = chance.one(self.grounds() or offices.GROUNDS)
        if chance.has("announced", 0.6):
            units = ["working_day", "calendar_day", "calendar_day"]
            if "month" not in chance.without:
                units.append("month")
            unit = chance.one(units)
            step["announced"] = {"amount": 1 if unit == "month" else chance.between(1, 20), "unit": unit}
            if chance.has("announced_in_working_time", 0.2):
                step["announced"] = {"amount": chance.between(1, 40), "unit": "working_hour"}
        name = None
        if chance.often(0.4):
            name = step["id"] = f"pause-{len(self.steps)}"
        self.open_pauses.append(name)

    def _resume(self, step: Json) -> None:
        named = [each for each in self.open_pauses if each]
        if named and self.chance.often(0.5):
            step["pause_id"] = self.chance.one(named)
            self.open_pauses.remove(step["pause_id"])
        elif self.open_pauses:
            self.open_pauses.pop()

    def _extend(self, step: Json) -> None:
        choices = self._extendable()
        if not choices:
            step |= {"clock": "statutory", "amount": 1}
            return
        kind, stage, clock = self.chance.one(choices)
        step |= {"clock": kind, "amount": self.chance.between(1, clock["extension"]["amount"])}
        if stage is not None:
            step["stage"] = stage
        self.extended[kind, stage] = self.extended.get((kind, stage), 0) + 1

    def go_on(self) -> bool:
        """Add one sensible step; False when nothing more can come."""
        choices = [(name, weight) for name, weight in NEXT[self.status] if self._possible(name)]
        if not choices:
            return False
        self.wait()
        self.tell(self.chance.pick(choices))
        return True


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


def _story(chance: Chance, case: Json, zone: ZoneInfo, begin: datetime) -> Story:
    """Tell a history."""
    story = Story(chance, case["item"], zone, begin)
    odd = chance.has("violations", 0.15)
    for _ in range(chance.pick([(0, 1), (2, 3), (4, 4), (7, 4), (10, 3), (14, 1)])):
        if chance.often(0.2):
            _edge(chance, case, story)
            if chance.often(0.5):
                choices = [each for each in NEXT[story.status] if story._possible(each[0])]
                if choices:
                    story.tell(chance.pick(choices))
                continue
        if odd and chance.often(0.3):
            story.wait()
            _stumble(chance, story)
        elif not story.go_on():
            break
    return story


def _stumble(chance: Chance, story: Story) -> None:
    """Add a step that may well not be allowed; the story goes on as if it had not been told."""
    kept = (story.status, list(story.running), list(story.open_pauses), set(story.done), story.corrected)
    names = ANY
    if "odd_codes" in chance.without:
        names = [name for name in ANY if name not in ("extend", "request_correction", "pause")]
        if not story.stage_codes():
            names = [name for name in names if not name.endswith("_stage")]
    if "stage_at_final" in chance.without and story.running:
        names = [name for name in names if name not in ("refuse", "withdraw", "close")]
    name = chance.one(names)
    story.tell(name)
    legal = name in [each for each, _ in NEXT[kept[0]]]
    if not legal:
        story.status, story.running, story.open_pauses, story.done, story.corrected = kept


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
    last = None if chance.often(0.15) else (first + timedelta(days=chance.between(0, 25))).isoformat()
    case["suspensions"] = [
        {
            "clocks": named,
            "from": first.isoformat(),
            "to": last,
            "published_at": write(at_local(on, chance.one([time(0), time(9), time(16, 20)]), zone), zone),
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


def _amend(chance: Chance, story: Story, when: datetime) -> Json:
    """A correction of one of the steps."""
    target = chance.one(story.steps[1:])
    moved = datetime.fromisoformat(target["at"]) + timedelta(seconds=chance.between(-2 * 86400, 2 * 86400))
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
    story = _story(chance, body, zone, begin)
    recorded = _record(chance, story)
    body["steps"] = story.steps
    if not recorded and chance.has("no_as_of", 0.06):
        return body
    at = _asked_at(chance, body, story, begin)
    body["as_of"] = write(at, zone)
    if recorded and chance.often(0.4):
        first = datetime.fromisoformat(story.steps[0]["recorded_at"])
        last = datetime.fromisoformat(story.steps[-1]["recorded_at"])
        body["known_at"] = write(first + (last - first) * chance.random.random(), zone)
    return body


def outside(body: Json) -> frozenset[str]:
    """What a case holds that no single case of a What-if can: it must be prepared first, or compared below HTTP."""
    found = set()
    if "calendars" in body:
        found.add("calendars")
    for name in ("suspensions", "known_at"):
        if name in body:
            found.add(name)
    if any("recorded_at" in step or "seq" in step or step["type"] == "amend" for step in body["steps"]):
        found.add("recorded")
    return frozenset(found)
