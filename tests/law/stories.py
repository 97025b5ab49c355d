"""One history while it is being told, step by step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.law import offices
from tests.law.chance import Chance, at_local, time_of_day, write

Json = dict[str, Any]  # JSON

NEXT: dict[str, list[tuple[str, float]]] = {
    "submitted": [("confirm", 6), ("withdraw", 0.4), ("assign", 0.3)],
    "received": [
        ("accept", 5), ("request_correction", 3), ("refuse", 0.6), ("withdraw", 0.3), ("terminate", 0.2),
        ("assign", 0.4), ("start_stage", 1), ("complete_stage", 1), ("extend", 0.4),
    ],
    "correcting": [("submit_correction", 5), ("withdraw", 0.5), ("terminate", 0.3), ("assign", 0.3)],
    "accepted": [
        ("pause", 4), ("resume", 3), ("start_stage", 6), ("complete_stage", 5), ("extend", 2.5), ("decide", 1.8),
        ("withdraw", 0.25), ("terminate", 0.25), ("assign", 0.4), ("explain_delay", 0.2),
    ],
    "decided": [("publish", 2), ("deliver", 3), ("close", 1)],
    "delivered": [("close", 1)],
    "refused": [("close", 1)],
    "withdrawn": [("close", 1)],
    "terminated": [("close", 1)],
    "closed": [],
}  # fmt: skip
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

    def __init__(self, chance: Chance, item: Json, zone: ZoneInfo, begin: datetime, *, hours: bool) -> None:
        self.chance = chance
        self.hours = hours
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

    def possible(self, name: str) -> bool:
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
                if step["stage"] != "nowhere":
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
            case "explain_delay":
                kinds = [clock["kind"] for clock in self.item.get("clocks") or []]
                step |= {"clock": chance.one(kinds or ["statutory"]), "reason": "理由"}
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
            if self.hours and chance.has("announced_in_working_time", 0.2):
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
        choices = [(name, weight) for name, weight in NEXT[self.status] if self.possible(name)]
        if not choices:
            return False
        self.wait()
        self.tell(self.chance.pick(choices))
        return True


def stumble(chance: Chance, story: Story) -> None:
    """Add a step that may well not be allowed; the story goes on as if it had not been told."""
    kept = (story.status, list(story.running), list(story.open_pauses), set(story.done), story.corrected)
    step = _wrong(chance, story)
    if step is not None:
        story.steps.append({"at": write(story.now, story.zone), **step})
        return
    name = chance.one(ANY)
    story.tell(name)
    if name not in [each for each, _ in NEXT[kept[0]]]:
        story.status, story.running, story.open_pauses, story.done, story.corrected = kept


def _wrong(chance: Chance, story: Story) -> Json | None:
    """A step that the law forbids in a known way."""
    clocks = story.item.get("clocks") or []
    going = [clock for clock in clocks if clock["starts"] in ("received", story.status) and clock["kind"] != "notice"]
    if story.status in ("received", "accepted") and chance.often(0.2):
        return {"type": "request_correction", "missing": ["材料"]}
    if story.status == "accepted" and chance.often(0.2):
        return {"type": "pause", "ground": "领导出差"}
    if story.status == "accepted" and chance.often(0.2):
        return {"type": chance.one(["start_stage", "complete_stage"]), "stage": "nowhere"}
    if going and chance.often(0.5):
        clock = chance.one(going)
        cap = (clock.get("extension") or {}).get("amount", 0)
        return {"type": "extend", "clock": clock["kind"], "amount": cap + chance.between(1, 5)}
    return None
