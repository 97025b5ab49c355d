"""Sends every bad value into every field of its kind, and judges what comes back."""

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete

from app.kit.service import Service
from app.lookup.models import QueryCodeTries
from tests.builders.applications import an_item_with_clocks
from tests.builders.findings import a_finding
from tests.conftest import Hands
from tests.contract.conftest import Hall, Rows
from tests.contract.corpus import Value, of_kind
from tests.contract.fields import Field, Json, target, with_value
from tests.contract.wire import Answer

__all__ = ["STEPS", "Assault", "one_each", "problem_of"]

CORPORA = {
    "text": ("text",),
    "date": ("date",),
    "datetime": ("datetime",),
    "end": ("date", "datetime"),
    "integer": ("integer",),
    "share": ("integer",),
    "truth": ("integer",),
    "tracking_number": ("tracking_number", "text"),
    "header": ("header", "text"),
    "idempotency_key": ("idempotency_key", "text"),
}
"""Which values of the corpus go into which kind of field."""

WRITERS = {
    "departments": "admin",
    "items": "admin",
    "keys": "security",
    "applications": "head",
    "feeds": "head",
    "orders": "supervisor",
    "supervision-rules": "supervisor",
    "scoring": "supervisor",
    "targets": "supervisor",
    "inspections": "supervisor",
    "findings": "supervisor",
}
READERS = {"keys": "security", "dry-runs": "admin", "webhooks": "admin", "feeds": "head", "checkpoints": "auditor"}

CASE = {
    "id": "a",
    "item": "eia-report",
    "as_of": "2026-11-03T00:00:00+08:00",
    "steps": [{"type": "receive", "at": "2026-11-02T09:00:00+08:00"}],
}
SUM = {"id": "a", "calendar": "CN", "start": "2026-11-02", "limit": {"amount": 1, "unit": "working_day"}}
BODIES: dict[str, Json] = {
    "POST /api/v1/backtests": {
        "limit": {"amount": 4, "unit": "working_day"},
        "from": "2026-11-01",
        "to": "2026-11-30",
    },
    "POST /api/v1/suspensions": {
        "jurisdiction": "CN-41",
        "clocks": ["promise"],
        "from": "2026-11-02",
        "to": None,
        "document": "文",
        "published_at": "2026-11-02",
        "approver": "乙",
    },
    "POST /api/v1/calendars/{code}/editions": {
        "document": "文",
        "published_at": "2026-11-02",
        "days": [{"date": "2026-12-24", "working": False}],
        "approver": "乙",
    },
    "POST /api/v1/applications": {
        "item": "eia-report",
        "applicant": {"name": "甲"},
        "subject": "x",
        "channel": "window",
    },
    "PUT /api/v1/departments/{code}": {"name": "x"},
    "PUT /api/v1/items/{code}": {"name": "x", "department": "D1"},
    "POST /api/v1/keys": {"role": "auditor", "name": "x"},
    "POST /api/v1/feeds": {"department": "D1", "officer": "zhang"},
    "POST /api/v1/webhooks": {"url": "https://192.0.2.7/hook", "name": "x"},
    "PATCH /api/v1/webhooks/{webhook}": {"name": "y"},
    "POST /api/v1/webhooks/{webhook}/replay": {},
    "POST /api/v1/webhooks/{webhook}/ping": {},
    "POST /api/v1/webhooks/{webhook}/secret": {},
    "POST /api/v1/orders": {"department": "D1", "content": "x"},
    "POST /api/v1/findings/rules": {},
    "POST /api/v1/findings/{finding}/review": {"verdict": "justified", "note": "x"},
    "PUT /api/v1/supervision-rules": {
        "raised_by": [],
        "limit": {"amount": 5, "unit": "working_day"},
        "rework_limit": {"amount": 3, "unit": "working_day"},
        "extension": {"amount": 1, "times": 1},
    },
    "POST /api/v1/inspections": {
        "quarter": "2026-Q4",
        "department": "D1",
        "inspected_on": "2026-11-02",
        "scope": "x",
        "inspectors": ["乙"],
        "result": "in_order",
        "finding": "x",
    },
    "POST /api/v1/inspections/{inspection}/entries": {"type": "correct", "instead": {"scope": "y"}, "reason": "x"},
    "PUT /api/v1/targets/{year}/{department}": {
        "goals": [{"indicator": "orders", "goal": "3"}],
        "approver": "局长",
    },
    "PUT /api/v1/scoring": {
        "valid_from": "2026-12-01",
        "parts": [{"code": "limits", "name": {"zh": "时限"}, "weight": "100"}],
        "rules": [],
        "grades": [{"code": "all", "name": {"zh": "等"}, "at_least": "0"}],
        "approver": "局长",
    },
    "POST /api/v1/simulations": {"cases": [SUM]},
    "POST /api/v1/simulations ApplicationCase": {"cases": [CASE]},
    "POST /api/v1/simulations ArithmeticCase": {"cases": [SUM]},
}
PROOF = {"approver": "局长", "legal_basis": "许可法", "announced": None}
STEPS: dict[str, tuple[tuple[str, ...], Json]] = {
    "accept": ((), {}),
    "amend": (("accept",), {"step": "{number}.1", "replaces": {"subject": "改"}, "reason": "x", "approver": "局长"}),
    "assign": ((), {"department": "D1"}),
    "close": (("accept", "decide"), {"result_code": "ok"}),
    "confirm": ((), {}),
    "complete_stage": (("accept", "start_stage"), {"stage": "review"}),
    "decide": (("accept",), {"result": "granted"}),
    "deliver": (("accept", "decide"), {}),
    "explain_delay": ((), {"clock": "notice", "reason": "x"}),
    "extend": (("accept",), {"clock": "statutory", "amount": 1, "approver": "局长", "reason": "x"}),
    "inspect": (("accept", "decide"), {"result": "passed"}),
    "pause": (("accept",), {"ground": "hearing", **PROOF}),
    "publish": (("accept", "decide"), {}),
    "refuse": ((), {"reason": "x"}),
    "request_correction": ((), {"missing": ["x"]}),
    "resume": (("accept", "pause"), {}),
    "start_stage": (("accept",), {"stage": "review"}),
    "submit_correction": (("request_correction",), {}),
    "terminate": ((), {"reason": "x"}),
    "withdraw": ((), {"reason": "x"}),
}
"""What stands before a step, and the least that it says itself."""


ORDER_STEPS: dict[str, tuple[tuple[str, ...], Json]] = {
    "acknowledge": ((), {}),
    "rectify": (("acknowledge",), {}),
    "ask_extension": (("acknowledge",), {"amount": 1, "reason": "x"}),
    "grant_extension": (("acknowledge", "ask_extension"), {}),
    "refuse_extension": (("acknowledge", "ask_extension"), {"reason": "x"}),
    "answer": (("acknowledge",), {"answer": "x", "documents": [{"number": "1"}]}),
    "accept": (("acknowledge", "answer"), {}),
    "return": (("acknowledge", "answer"), {"reason": "x"}),
    "close": (("acknowledge", "answer", "accept"), {"conclusion": "x"}),
    "appeal": ((), {"reason": "x"}),
    "uphold_appeal": (("appeal",), {"reason": "x", "revokes": "order"}),
    "reject_appeal": (("appeal",), {"reason": "x"}),
    "revoke": ((), {"reason": "x"}),
}
"""The same of an order."""
OF_THE_DEPARTMENT = {"acknowledge", "rectify", "ask_extension", "answer", "appeal"}


def order_role(type_: str) -> str:
    """Who records a step of an order."""
    return "head" if type_ in OF_THE_DEPARTMENT else "supervisor"


ITEMS = {
    "confirm": an_item_with_clocks("to-confirm").with_(receipt_rule="on_confirmation"),
    "inspect": an_item_with_clocks("to-inspect").with_clock("own", 5, starts="decided", stops=["inspected"]),
}
"""The items of steps that not every item has."""


def item_of(type_: str) -> str:
    """The item whose applications know a step of this type."""
    return str(ITEMS[type_].document["code"]) if type_ in ITEMS else "eia-report"


def fields_of(type_: str, number: str) -> Json:
    """The least that a step of one application says."""
    return {
        name: value.format(number=number) if isinstance(value, str) else value
        for name, value in STEPS[type_][1].items()
    }


QUERIES: dict[str, Json] = {
    "GET /api/v1/calendars/{code}/days": {"from": "2026-11-02", "to": "2026-11-03"},
    "GET /api/v1/overdue/summary": {"by": "item"},
    "GET /api/v1/statistics": {"by": "item"},
    "GET /api/v1/reports/monthly": {"month": "2026-11"},
    "GET /api/v1/target-gaps": {"year": "2026"},
    "GET /api/v1/scoring/means": {"period": "2026", "by": "department"},
    "GET /api/v1/scoring/sheets": {"month": "2026-11", "by": "department"},
}
LENIENT_HEADERS = {"Accept-Language", "If-None-Match", "Cache-Control"}
"""What cannot be read in them asks for nothing (RFC 9110): the answer is the ordinary one."""

OF_THE_STATE = {"extension_not_allowed", "nothing_replaced", "calendar_unknown", "date_out_of_range"}
"""Refusals for which no single field is to blame: used up before, or a count that leaves the calendar."""
OF_ONE_FIELD = {"input_invalid", "parameter_malformed", "text_malformed", "tracking_number_malformed"}
NOBODY = {"section", "officer", "stage"}
"""As filters these may be blank: the rows where none is named."""


class Case(NamedTuple):
    """One value in one field, and what was answered."""

    field: Field
    value: Value
    answer: Answer

    def __str__(self) -> str:
        return f"{self.value.id} in {self.field}: {self.answer.status} {self.answer.body[:300]!r}"


class Assault:
    """Sends every value into every field, and keeps what was wrong with the answers."""

    def __init__(self, hall: Hall, rows: Rows, service: Service) -> None:
        self.hall, self.rows, self.service = hall, rows, service
        self.numbers: dict[str, str] = {}
        self.number = ""
        self.before_receipt = ""
        self.webhook = ""
        self.inspection = ""
        self.orders: dict[str, str] = {}
        self.finding = ""
        self.asked = 0
        self.faults: list[str] = []

    async def prepare(self, hands: Hands) -> None:
        """An application for each type of step, in the state that the step wants."""
        made = await self.hall.ask("POST", "/api/v1/webhooks", BODIES["POST /api/v1/webhooks"], "admin")
        self.webhook = str(made.json()["id"])
        sections = [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}]
        await self.hall.ask("PUT", "/api/v1/departments/D1", {"name": "测试局", "sections": sections}, "admin")
        self.finding = await a_finding(self.service, hands.now())
        late = await self.hall.receives()
        hands.advance(timedelta(days=30))
        self.before_receipt = hands.now().isoformat()
        hands.advance(timedelta(minutes=1))
        self.number = str((await self.hall.receives())["tracking_number"])
        for item in ITEMS.values():
            await self.hall.publishes(item)
        for type_, (before, _) in STEPS.items():
            number = late["tracking_number"] if type_ == "explain_delay" else None
            if number is None:
                number = (await self.hall.receives(item=item_of(type_)))["tracking_number"]
                for each in before:
                    await self.hall.records(number, each, **fields_of(each, number))
            self.numbers[type_] = str(number)
        inspected = await self.hall.ask("POST", "/api/v1/inspections", BODIES["POST /api/v1/inspections"], "supervisor")
        self.inspection = str(inspected.json()["id"])
        for type_, (before, _) in ORDER_STEPS.items():
            made = await self.hall.ask("POST", "/api/v1/orders", BODIES["POST /api/v1/orders"], "supervisor")
            self.orders[type_] = str(made.json()["id"])
            for each in before:
                step = {"type": each, **ORDER_STEPS[each][1]}
                target_ = f"/api/v1/orders/{self.orders[type_]}/steps"
                done = await self.hall.ask("POST", target_, step, order_role(each))
                assert done.status == 201, done.body

    async def field(self, field: Field) -> None:
        """Every value of its kind in one field; refused ones must leave every table as it was."""
        values = chosen(field)
        before = await self.rows.count()
        cases = [Case(field, value, answer) for value in values if (answer := await self.one(field, value)) is not None]
        self.faults += [f"{fault}: {case}" for case in cases if (fault := wrong_with(case)) is not None]
        if field.method == "GET" or all(is_refused(case.answer) for case in cases):
            after = await self.rows.count()
            if after != before:
                self.faults.append(f"changed {changes(before, after)}: {field}, {await self.who(field, cases)}")
            return
        before = await self.rows.count()
        refused = [case for case in cases if is_refused(case.answer)]
        for case in refused:
            await self.one(field, case.value)
        after = await self.rows.count()
        if after != before:
            self.faults.append(f"changed {changes(before, after)}: {field}, {await self.who(field, refused)}")

    async def who(self, field: Field, cases: list[Case]) -> str:
        """Which of the values it was."""
        guilty = []
        for case in cases:
            before = await self.rows.count()
            await self.one(field, case.value)
            if await self.rows.count() != before:
                guilty.append(case.value.id)
        return f"by {guilty}"

    async def one(self, field: Field, value: Value) -> Answer | None:
        """One value in one field; nothing where the value cannot stand there."""
        written, plain = self.written(field, value)
        if field.place == "body":
            if field.path[-1] == "?key" and not written.startswith(b'"'):
                return None
        elif plain is None:
            return None
        self.asked += 1
        subject = field.route.split("/")[3] if field.route.startswith("/api/v1/") else ""
        role = READERS.get(subject, "auditor") if field.method == "GET" else WRITERS.get(subject, "admin")
        if field.route == "/api/v1/orders/{order}/steps" and field.variant:
            role = order_role(field.variant)
        headers: list[tuple[str | bytes, str | bytes]] = [("X-API-Key", self.hall.keys[role])]
        if field.place == "header":
            if field.name == "X-Query-Code":
                await self.forget_tries()
            headers.append((field.name, plain or b""))
        base = self.base(field)
        body = None
        if base is not None:
            body = with_value(base, field, written) if field.place == "body" else json.dumps(base).encode()
        filled = {
            "code": "CN" if "calendars" in field.route else "eia-report" if "items" in field.route else "D1",
            "tracking_number": self.numbers.get(field.variant or "accept", self.number)
            if field.method == "POST"
            else self.number,
            "key": "ABCDEFGH",
            "number": "17",
            "webhook": self.webhook,
            "version": "0",
            "year": "2026",
            "department": "D1",
            "inspection": self.inspection,
            "order": self.orders[field.variant if field.variant in self.orders else "close"],
            "finding": self.finding,
            "feed": "fd_unknown",
            "address": "fd_unknown.x.ics",
            "id": "0",
        }
        query = QUERIES.get(f"{field.method} {field.route}")
        named = {name: text for name, text in filled.items() if f"{{{name}}}" in field.route}
        return await self.hall.send(field.method, target(field.route, named, field, plain, query), body, headers)

    def base(self, field: Field) -> Json | None:
        """The least body that the route takes."""
        if field.method in ("GET", "DELETE"):
            return None
        if field.route == "/api/v1/orders/{order}/steps":
            return {"type": field.variant or "close", **ORDER_STEPS[field.variant or "close"][1]}
        if field.route.endswith("/steps"):
            type_ = field.variant or "accept"
            return {"type": type_, **fields_of(type_, self.numbers.get(type_, self.number))}
        label = next((str(least) for path, least in field.parts if not path), "")
        return BODIES[f"{field.method} {field.route} {label}".strip()]

    def written(self, field: Field, value: Value) -> tuple[bytes, bytes | None]:
        """The value as it is sent; a phrase becomes what it describes."""
        if value.id in PHRASES:
            text = self.said(value.id)
            return json.dumps(text, ensure_ascii=False).encode(), text.encode("utf-8", "surrogatepass")
        return value.json, value.plain

    def said(self, id_: str) -> str:
        """What an English phrase of the corpus describes."""
        number = self.number
        swapped = number[:2] + number[3] + number[2] + number[4:] if number[2] != number[3] else number[::-1]
        made: Mapping[str, str] = {
            "B075": number,
            "B078": "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in number),
            "B079": number.replace("0", "O").replace("1", "l"),
            "B083": number + "\u200b",
            "B084": number + "\u00a0",
            "B086": number + "\r\nSet-Cookie: a=b",
            "B092": swapped,
            "B093": number[:-4] + ("0" if number[-4] != "0" else "1") + number[-3:],
            "B151": self.before_receipt,
            "B226": "the key of another body",
            "B229": "the key of twenty at once",
            "B234": "the key of last month",
        }
        return made[id_]

    async def forget_tries(self) -> None:
        """Five wrong query codes lock a number for an hour; here each value is to be looked at."""
        async with self.service.db.transaction() as tx:
            await tx.execute(delete(QueryCodeTries))


PHRASES = {"B075", "B078", "B079", "B083", "B084", "B086", "B092", "B093", "B151", "B226", "B229", "B234"}


COMMON = {"actor", "approver", "documents", "late_reason", "note", "occurred_at"}
"""What every step may say: one field for all types. Each value is tried with one type, a bad one with all."""
WHOLE = "SHIXIAN_TEST_FUZZ" in os.environ


def chosen(field: Field) -> list[Value]:
    """The values that are tried in a field."""
    values = list(of_kind(*CORPORA[field.kind], *(("webhook_url",) if is_target(field) else ())))
    if WHOLE or field.path[0] not in COMMON or not field.variant:
        return values
    types = sorted(ORDER_STEPS if "/orders/" in field.route else STEPS)
    mine = types.index(field.variant)
    return [each for place, each in enumerate(values) if is_strict(field, each) or place % len(types) == mine]


def is_target(field: Field) -> bool:
    """Whether messages will be sent to what the field holds."""
    return field.name == "url" and "/webhooks" in field.route


def is_refused(answer: Answer) -> bool:
    """Whether the request as a whole had no success."""
    return answer.status >= 400


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The tables that grew or shrank, and by how much."""
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


def problem_of(answer: Answer) -> Json | None:
    """The problem that was answered, for a simulation that of its one case."""
    if answer.status >= 400:
        return dict(answer.json()) if answer.kind == "application/problem+json" else {}
    if answer.kind == "application/json" and answer.body.startswith(b'{"results"'):
        result = answer.json()["results"][0]
        return dict(result["error"]) if "error" in result else None
    return None


def wrong_with(case: Case) -> str | None:
    """What is wrong with an answer, if anything."""
    field, value, answer = case
    if answer.status >= 500:
        return "server error"
    if answer.status < 300 or answer.status == 304:
        if "set-cookie" in answer.headers:
            return "a header was let in"
    elif answer.kind != "application/problem+json":
        return "no problem+json"
    problem = problem_of(answer)
    if problem is None:
        return "accepted" if is_strict(field, value) else None
    if re.fullmatch(r"[a-z][a-z_]+", str(problem.get("code"))) is None:
        return "no code"
    if answer.status >= 400 and problem["status"] != answer.status:
        return "another status in the problem"
    errors = problem.get("errors", [])
    if any(set(error) != {"in", "pointer", "detail"} for error in errors):
        return "an error without place, pointer and detail"
    if problem["status"] == 422 and not errors and problem["code"] not in OF_THE_STATE:
        return "422 without a pointer"
    if problem["code"] in OF_ONE_FIELD and not any(points_at(error, field) for error in errors):
        return f"a pointer elsewhere {errors}"
    return echoed(field, value, answer)


def points_at(error: Mapping[str, str], field: Field) -> bool:
    """Whether an error points at the field, or at what it stands in, or at what stands in it."""
    if error["in"] != field.place:
        return False
    mine, said = field.pointer.replace("/?key", "/"), error["pointer"].partition("/?")[0]
    if field.route == "/api/v1/simulations":
        mine = mine.removeprefix("/cases/0")
        said = said.removeprefix("/cases/0")
    return mine.startswith(said) or said.startswith(mine)


def echoed(field: Field, value: Value, answer: Answer) -> str | None:
    """Whether a refusal says back what was sent."""
    if answer.status < 400 or value.plain is None or len(value.plain) < 8:
        return None
    text = value.plain.decode("utf-8", "replace")
    ascii_ = json.dumps(text)[1:-1]
    return "said back" if ascii_ in answer.body.decode("ascii") else None


def is_strict(field: Field, value: Value) -> bool:
    """Whether the corpus leaves no choice but to refuse this value in this field."""
    if value.kind == "webhook_url":
        return True
    if not value.must_be_refused:
        return False
    if field.place == "header":
        return field.name not in LENIENT_HEADERS and value.id != "M002"
    if value.json == b"null":
        return not field.nullable
    if field.place == "query":
        if field.name in NOBODY and value.id in {"B003", "M001"}:
            return False
        return value.id not in {"B153", "B166", "M002"} | ({"B165"} if field.kind == "truth" else set())
    if field.place == "path":
        return field.kind != "text" or value.id in {"B003", "B004", "B008"}
    if field.kind == "truth":
        return value.id != "B165"
    if field.kind == "share":
        return value.id != "B162"
    if field.kind == "integer":
        if value.id == "B166" and "/scoring" in field.route and field.name == "points":
            return False  # points are exact there: a decimal as text
        return value.id != "B153" or field.name not in (
            "amount",
            "copies",
            "extension",
            "grace_minutes",
            "opens",
            "points",
        )
    return True


def one_each(faults: list[str]) -> list[str]:
    """The first fault of each kind in each field."""
    seen: dict[str, str] = {}
    for fault in faults:
        words = fault.split(": ")
        seen.setdefault(f"{words[0]} {words[1].partition(' in ')[2]}", fault[:400])
    return list(seen.values())[:80]
