"""Clerks who are never killed: each numbers its operations and repeats the same one until it has an answer."""

import itertools
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.reliability.oracle import Acked
from tests.reliability.processes import ADMIN_KEY
from tests.reliability.reckoning import BEIJING, Days

__all__ = ["AUTUMN_2025", "HALL_ITEM", "ITEMS", "LAW_ITEM", "Case", "Clerk", "Hall"]

Json = dict[str, Any]  # a JSON object

PATIENCE = 300
"""Seconds for which an operation is repeated: servers that die every other second answer few."""
ENDS = ["decided", "withdrawn", "terminated"]
HALL_ITEM: Json = {
    "name": "食品经营许可",
    "department": "D1",
    "jurisdiction": "CN",
    "clocks": [
        {
            "kind": "notice",
            "starts": "received",
            "stops": ["accepted", "refused", "correction_requested"],
            "limit": {"amount": 5, "unit": "working_day"},
        },
        {
            "kind": "promise",
            "starts": "accepted",
            "stops": ENDS,
            "limit": {"amount": 4, "unit": "working_day"},
            "pauses_for": ["hearing"],
            "warn": [
                {"before": {"amount": 1, "unit": "working_day"}},
                {"at_share": 0.5},
                {"after": {"amount": 1, "unit": "working_day"}},
            ],
        },
        {
            "kind": "delivery",
            "starts": "decided",
            "stops": ["delivered"],
            "limit": {"amount": 1, "unit": "working_day"},
        },
    ],
    "stages": [
        {
            "code": "review",
            "name": "审查",
            "limit": {"amount": 1, "unit": "working_day"},
            "pauses_for": ["hearing"],
        }
    ],
}
LAW_ITEM: Json = {
    "name": "建设项目环境影响报告书审批",
    "department": "D1",
    "jurisdiction": "CN",
    "clocks": [
        {
            "kind": "statutory",
            "starts": "received",
            "stops": ENDS,
            "limit": {"amount": 10, "unit": "calendar_day"},
            "pauses_for": ["correction", "hearing"],
            "extension": {"amount": 5, "times": 2},
            "warn": [
                {"before": {"amount": 3, "unit": "calendar_day"}},
                {"before": {"amount": 1, "unit": "working_day"}},
                {"after": {"amount": 1, "unit": "calendar_day"}},
                {"after": {"amount": 2, "unit": "working_day"}},
            ],
        },
        {"kind": "at_once", "starts": "accepted", "stops": ENDS, "limit": {"amount": 0, "unit": "working_day"}},
    ],
    "stages": [],
}
AUTUMN_2025 = Days(
    holidays=frozenset(date(2025, 10, day) for day in range(1, 9)),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
)
"""国办发明电〔2024〕12号: National Day and Mid-Autumn, and the two days worked for them."""
ITEMS: dict[str, Json] = {"hall": HALL_ITEM, "law": LAW_ITEM}


@dataclass
class Case:
    """An application as the clerk who received it remembers it."""

    item: str
    number: str
    last: datetime
    status: str = "received"
    paused: bool = False
    staged: str = "none"
    corrected: bool = False
    extended: int = 0


@dataclass
class Hall:
    """What all clerks share: the servers' ports, the numbers of operations, the record of what was answered."""

    ports: list[int]
    offset: timedelta
    stop: threading.Event = field(default_factory=threading.Event)
    acked: dict[int, Acked] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)
    """Answers that must not be: a 5xx other than 503, a refusal that is no problem."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        """The service's time, nearly."""
        return datetime.fromtimestamp(time.time(), BEIJING) + self.offset

    def number(self) -> int:
        with self._lock:
            return next(self._numbers)


class Clerk(threading.Thread):
    """Receives applications and records steps, one operation after the other, until the hall closes."""

    def __init__(self, hall: Hall, name: str, seed: int, *, most: int) -> None:
        super().__init__(name=name, daemon=True)
        self.hall = hall
        self.dice = random.Random(seed)
        self.most = most
        self.items = list(ITEMS)
        self.cases: list[Case] = []
        self.failure: BaseException | None = None
        self._connection: HTTPConnection | None = None

    def run(self) -> None:
        try:
            while not self.hall.stop.is_set():
                if len(self.cases) < self.most and self.dice.random() < 0.4:
                    self.receive()
                elif self.cases:
                    self.advance(self.dice.choice(self.cases))
                time.sleep(self.dice.uniform(0.0, 0.02))
        except BaseException as failure:  # noqa: BLE001 told by the test, which waits for this thread
            self.failure = failure
        finally:
            self.hang_up()

    def receive(self, due: timedelta | None = None) -> None:
        """An application handed in up to three weeks ago, mostly within three days; at will with an end of its own."""
        now, dice = self.hall.now(), self.dice
        back = dice.uniform(0, 3) if dice.random() < 0.6 else dice.uniform(3, 21)
        submitted = now - timedelta(days=back, microseconds=dice.randrange(1_000_000))
        item = dice.choice(self.items)
        body: Json = {
            "item": item,
            "applicant": {"name": "张三"},
            "channel": "window",
            "submitted_at": submitted.isoformat(),
        }
        chance = dice.random()
        if due is not None:
            if now + due <= submitted:
                body["submitted_at"] = (now + due - timedelta(hours=1)).isoformat()
            body["fixed_due"] = {"licence": (now + due).isoformat()}
        elif chance < 0.35:  # falls due during the run, to the microsecond
            body["fixed_due"] = {"licence": (now + timedelta(seconds=dice.uniform(0.5, 20))).isoformat()}
        elif chance < 0.45 and back > 0.2:
            span = (now - submitted).total_seconds()
            body["fixed_due"] = {"licence": (submitted + timedelta(seconds=dice.uniform(3600, span))).isoformat()}
        elif chance < 0.5 and item == "hall":
            body["fixed_due"] = {"notice": (now + timedelta(seconds=dice.uniform(0.5, 20))).isoformat()}
        if "fixed_due" in body:
            body["fixed_due_basis"] = "行政许可法 第五十条"
        operation = self.hall.number()
        body["subject"] = f"op {operation}"
        answer = self.send(operation, "/api/v1/applications", body)
        if answer is None:
            return
        self.hall.acked[operation] = Acked(answer["tracking_number"], 1, None)
        self.cases.append(Case(item, answer["tracking_number"], datetime.fromisoformat(body["submitted_at"])))

    def advance(self, case: Case) -> None:
        """One more step of a case: now, or told late of a moment that lies back."""
        body = self.choose(case)
        if body is None:
            return
        now = self.hall.now()
        if now - case.last > timedelta(hours=2) and self.dice.random() < 0.5:
            room = (now - case.last) - timedelta(minutes=10)
            body["occurred_at"] = (case.last + room * self.dice.uniform(0.05, 0.95)).isoformat()
            body |= {"late_reason": "补录", "actor": "李四", "approver": "王五"}
        operation = self.hall.number()
        body["note"] = f"op {operation}"
        answer = self.send(operation, f"/api/v1/applications/{case.number}/steps", body)
        if answer is None:
            return
        step = answer["step"]
        self.hall.acked[operation] = Acked(case.number, step["seq"], step["hash"])
        self.follow(case, body, datetime.fromisoformat(step["occurred_at"]), answer["application"]["status"])

    def choose(self, case: Case) -> Json | None:
        """A step that the state of the case allows, or None."""
        dice = self.dice
        options: list[Json] = []
        if case.status == "received":
            options = [{"type": "accept"}] * 3
            if not case.corrected:
                options.append({"type": "request_correction", "missing": ["营业执照"]})
            options.append({"type": "withdraw", "reason": "申请人撤回"} if dice.random() < 0.1 else {"type": "accept"})
        elif case.status == "correcting":
            options = [{"type": "submit_correction"}]
        elif case.status == "accepted":
            if case.paused:
                options = [{"type": "resume"}]
            else:
                announced = dice.choice([None, {"amount": dice.randrange(1, 4), "unit": "working_day"}])
                pause = {"type": "pause", "ground": "hearing", "legal_basis": "行政许可法 第四十五条"}
                options = [{**pause, "announced": announced, "approver": "王五"}]
                if case.item == "hall" and case.staged == "none":
                    options.append({"type": "start_stage", "stage": "review"})
                if case.staged == "started":
                    options.append({"type": "complete_stage", "stage": "review"})
                if case.item == "law" and case.extended < 2:
                    extend = {"type": "extend", "clock": "statutory", "amount": dice.randrange(1, 6)}
                    options.append({**extend, "reason": "案情复杂", "approver": "王五"})
                if dice.random() < 0.3:
                    options.append({"type": "decide", "result": "granted"})
        elif case.status == "decided" and dice.random() < 0.5:
            options = [{"type": "deliver"}, {"type": "close", "result_code": "ok"}]
        elif case.status == "delivered" and dice.random() < 0.3:
            options = [{"type": "close", "result_code": "ok"}]
        return dict(dice.choice(options)) if options else None

    def follow(self, case: Case, body: Json, at: datetime, status: str) -> None:
        """Remember what the step did."""
        case.last, case.status = at, status
        match body["type"]:
            case "pause" | "resume":
                case.paused = body["type"] == "pause"
            case "request_correction":
                case.corrected = True
            case "start_stage":
                case.staged = "started"
            case "complete_stage":
                case.staged = "completed"
            case "extend":
                case.extended += 1

    def send(self, operation: int, path: str, body: Json) -> Json | None:
        """Repeat one operation, with one key, at whichever server answers, until it is answered; None when refused."""
        key = str(uuid.uuid4())
        self.hall.sent.add(operation)
        deadline = time.monotonic() + PATIENCE
        tries = 0
        while time.monotonic() < deadline:
            tries += 1
            try:
                status, document, replayed = self.post(path, body, key)
            except (OSError, HTTPException, ValueError):
                self.hang_up()
                self.hall.counts["lost_connections"] += 1
                time.sleep(self.dice.uniform(0.01, 0.1))
                continue
            if status == 201:
                self.hall.counts["acknowledged"] += 1
                self.hall.counts["replayed"] += replayed
                self.hall.counts["repeated"] += tries > 1
                return document
            if status == 503 or (status == 409 and "current" not in document):
                self.hall.counts[f"waited_{status}"] += 1
                time.sleep(self.dice.uniform(0.05, 0.3))
                continue
            self.hall.refused[operation] = f"{status} {document.get('code')} {body.get('type', '')}"
            if status >= 500 or "code" not in document:
                self.hall.strange.append(f"{status} to {json.dumps(body, ensure_ascii=False)}: {document}")
            return None
        raise TimeoutError(f"operation {operation} had no answer within {PATIENCE} s")

    def post(self, path: str, body: Json, key: str) -> tuple[int, Json, bool]:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.dice.choice(self.hall.ports), timeout=20)
        headers = {"X-API-Key": ADMIN_KEY, "Content-Type": "application/json", "Idempotency-Key": key}
        self._connection.request("POST", path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        document: Json = json.loads(answer.read())
        return answer.status, document, answer.getheader("Idempotency-Replayed") == "true"

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
