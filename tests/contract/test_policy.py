"""Who may do what: every route for every role, on cases of the own office and of another, against one table."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import insert, select

from app.access import scope
from app.access.keys import KeyOrder, create_key, revoke_key
from app.access.models import AuditEntry
from app.access.roles import Role
from app.departments.models import Department
from app.domain.steps import StepType
from app.kit.service import Service
from tests.builders.access import an_actor
from tests.builders.applications import a_receipt, an_item_with_clocks
from tests.builders.findings import a_finding
from tests.conftest import Hands
from tests.contract.conftest import Hall, Json, Rows
from tests.contract.wire import Answer

EVERYBODY = {"clerk", "reviewer", "head", "supervisor", "auditor", "admin", "security", "integration"}
OFFICE = {"clerk", "reviewer", "head"}
READERS = OFFICE | {"supervisor", "auditor", "integration"}
SHEET_READERS = OFFICE | {"supervisor", "auditor"}
PUBLIC = EVERYBODY | {"nobody"}
WATCHERS = {"head", "supervisor", "auditor"}

TABLE: dict[str, set[str]] = {
    "GET /api/v1/alarms": READERS,
    "GET /api/v1/applications": READERS,
    "POST /api/v1/applications": OFFICE | {"integration"},
    "GET /api/v1/applications/{tracking_number}": READERS,
    "GET /api/v1/applications/{tracking_number}/clocks": READERS,
    "GET /api/v1/applications/{tracking_number}/clocks/{kind}/explanation": READERS,
    "GET /api/v1/applications/{tracking_number}/days": READERS,
    "GET /api/v1/applications/{tracking_number}/inclusion": READERS,
    "GET /api/v1/applications/{tracking_number}/proof": READERS,
    "GET /api/v1/applications/{tracking_number}/steps": READERS,
    "POST /api/v1/applications/{tracking_number}/steps": OFFICE | {"integration"},
    "GET /api/v1/backtests/{id}": {"head", "supervisor", "admin"},
    "POST /api/v1/backtests": {"head", "supervisor", "admin"},
    "GET /api/v1/calendars": EVERYBODY,
    "GET /api/v1/calendars/{code}": EVERYBODY,
    "GET /api/v1/calendars/{code}/days": EVERYBODY,
    "GET /api/v1/calendars/{code}/editions": EVERYBODY,
    "POST /api/v1/calendars/{code}/editions": {"admin"},
    "GET /api/v1/calendars/{code}/editions/{number}": EVERYBODY,
    "GET /api/v1/calendars/{code}/editions/{number}/moves": {"admin"},
    "GET /api/v1/checkpoints": {"supervisor", "auditor"},
    "GET /api/v1/checkpoints/{checkpoint}": {"supervisor", "auditor"},
    "GET /api/v1/departments": EVERYBODY,
    "GET /api/v1/departments/{code}": EVERYBODY,
    "PUT /api/v1/departments/{code}": {"admin"},
    "GET /api/v1/dry-runs/{id}": {"admin"},
    "GET /api/v1/dry-runs/{id}/moves": {"admin"},
    "GET /api/v1/due-soon": READERS,
    "GET /api/v1/feeds": OFFICE,
    "POST /api/v1/feeds": OFFICE,
    "DELETE /api/v1/feeds/{feed}": OFFICE,
    "GET /api/v1/public/feeds/{address}": PUBLIC,
    "GET /api/v1/findings": WATCHERS,
    "GET /api/v1/findings/rules": WATCHERS,
    "POST /api/v1/findings/rules": {"supervisor"},
    "GET /api/v1/findings/rules/{version}": WATCHERS,
    "GET /api/v1/findings/{finding}": WATCHERS,
    "POST /api/v1/findings/{finding}/review": {"supervisor"},
    "GET /api/v1/items": EVERYBODY,
    "GET /api/v1/items/{code}": EVERYBODY,
    "PUT /api/v1/items/{code}": {"admin"},
    "GET /api/v1/items/{code}/versions": EVERYBODY,
    "GET /api/v1/keys": {"security", "auditor"},
    "POST /api/v1/keys": {"security"},
    "DELETE /api/v1/keys/{key}": {"security"},
    "GET /api/v1/cards": READERS,
    "GET /api/v1/orders": READERS,
    "POST /api/v1/orders": {"supervisor"},
    "GET /api/v1/orders/{order}": READERS,
    "GET /api/v1/orders/{order}/steps": READERS,
    "POST /api/v1/orders/{order}/steps": {"head", "supervisor"},
    "GET /api/v1/overdue": READERS,
    "GET /api/v1/overdue/stream": READERS,
    "GET /api/v1/overdue/summary": READERS,
    "GET /api/v1/public/applications/{tracking_number}": PUBLIC,
    "GET /api/v1/public/applications/{tracking_number}/clocks/{kind}/explanation": PUBLIC,
    "POST /api/v1/simulations": PUBLIC,
    "GET /api/v1/reports/monthly": READERS,
    "GET /api/v1/public/statistics": PUBLIC,
    "GET /api/v1/statistics": READERS,
    "GET /api/v1/statistics/ranking": READERS,
    "GET /api/v1/scoring": SHEET_READERS,
    "PUT /api/v1/scoring": {"supervisor"},
    "GET /api/v1/scoring/means": SHEET_READERS,
    "GET /api/v1/scoring/sheets": SHEET_READERS,
    "GET /api/v1/scoring/versions": SHEET_READERS,
    "GET /api/v1/scoring/versions/{version}": SHEET_READERS,
    "GET /api/v1/inspections": SHEET_READERS,
    "POST /api/v1/inspections": {"supervisor"},
    "GET /api/v1/inspections/{inspection}": SHEET_READERS,
    "POST /api/v1/inspections/{inspection}/entries": {"supervisor"},
    "GET /api/v1/targets/{year}": SHEET_READERS,
    "GET /api/v1/targets/{year}/{department}": SHEET_READERS,
    "PUT /api/v1/targets/{year}/{department}": {"supervisor"},
    "GET /api/v1/target-gaps": SHEET_READERS,
    "GET /api/v1/supervision-rules": READERS,
    "PUT /api/v1/supervision-rules": {"supervisor"},
    "GET /api/v1/supervision-rules/{version}": READERS,
    "GET /api/v1/suspensions": EVERYBODY,
    "POST /api/v1/suspensions": {"admin"},
    "GET /api/v1/suspensions/{number}": EVERYBODY,
    "GET /api/v1/suspensions/{number}/moves": {"admin"},
    "GET /api/v1/webhooks": {"admin", "auditor"},
    "POST /api/v1/webhooks": {"admin"},
    "GET /api/v1/webhooks/{webhook}": {"admin", "auditor"},
    "PATCH /api/v1/webhooks/{webhook}": {"admin"},
    "DELETE /api/v1/webhooks/{webhook}": {"admin"},
    "GET /api/v1/webhooks/{webhook}/deliveries": {"admin", "auditor"},
    "POST /api/v1/webhooks/{webhook}/ping": {"admin"},
    "POST /api/v1/webhooks/{webhook}/replay": {"admin"},
    "POST /api/v1/webhooks/{webhook}/secret": {"admin"},
    "GET /api/v1/verify_pack.py": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /readyz": PUBLIC,
}
"""Who may ask what (`api.md`, Access). A route that does not stand here fails the test."""

CLERK = {
    "confirm", "request_correction", "submit_correction", "accept", "refuse", "deliver", "withdraw", "close", "assign",
}  # fmt: skip
REVIEWER = CLERK | {"start_stage", "complete_stage", "pause", "resume", "decide", "publish", "inspect", "explain_delay"}
STEPS = {
    "clerk": CLERK,
    "reviewer": REVIEWER,
    "head": REVIEWER | {"extend", "terminate", "amend"},
    "integration": {"assign"},
}
"""Which steps each role may record."""

RULES: Json = {
    "raised_by": [],
    "limit": {"amount": 5, "unit": "working_day"},
    "rework_limit": {"amount": 3, "unit": "working_day"},
    "extension": {"amount": 1, "times": 1},
}
INSPECTION: Json = {
    "quarter": "2026-Q4",
    "department": "D1",
    "inspected_on": "2026-11-02",
    "scope": "x",
    "inspectors": ["乙"],
    "result": "in_order",
    "finding": "x",
}
TARGETS: Json = {"goals": [{"indicator": "orders", "goal": "3"}], "approver": "局长"}
BODIES: dict[str, Json] = {
    "POST /api/v1/calendars/{code}/editions": {
        "document": "文",
        "published_at": "2026-11-02",
        "holidays": ["2026-12-25"],
        "approver": "乙",
    },
    "POST /api/v1/applications": a_receipt(),
    "POST /api/v1/applications/{tracking_number}/steps": {"type": "assign", "department": "D1", "note": "x"},
    "PUT /api/v1/departments/{code}": {
        "name": "测试局",
        "sections": [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}],
    },
    "PUT /api/v1/items/{code}": {key: value for key, value in an_item_with_clocks().build().items() if key != "code"},
    "POST /api/v1/keys": {"role": "auditor", "name": "x"},
    "POST /api/v1/orders": {"department": "D1", "content": "x"},
    "PUT /api/v1/supervision-rules": RULES,
    "POST /api/v1/inspections": INSPECTION,
    "POST /api/v1/inspections/{inspection}/entries": {"type": "correct", "instead": {"scope": "y"}, "reason": "x"},
    "PUT /api/v1/targets/{year}/{department}": TARGETS,
    "PUT /api/v1/scoring": {
        "valid_from": "2026-12-01",
        "parts": [{"code": "limits", "name": {"zh": "时限"}, "weight": "100"}],
        "rules": [],
        "grades": [{"code": "all", "name": {"zh": "等"}, "at_least": "0"}],
        "approver": "局长",
    },
    "POST /api/v1/findings/rules": {"burst": {"count": 20}},
    "POST /api/v1/findings/{finding}/review": {"verdict": "justified", "note": "x"},
    "POST /api/v1/orders/{order}/steps": {"type": "acknowledge"},
    "POST /api/v1/feeds": {"department": "D1", "officer": "zhang"},
    "POST /api/v1/webhooks": {"url": "https://192.0.2.7/hook", "name": "x"},
    "PATCH /api/v1/webhooks/{webhook}": {"name": "y"},
    "POST /api/v1/webhooks/{webhook}/replay": {},
    "POST /api/v1/backtests": {"limit": {"amount": 5, "unit": "working_day"}, "from": "2025-01-01", "to": "2025-12-31"},
    "POST /api/v1/suspensions": {
        "jurisdiction": "CN-41",
        "clocks": ["promise"],
        "from": "2026-11-02",
        "to": None,
        "document": "文",
        "published_at": "2026-11-02",
        "approver": "乙",
    },
    "POST /api/v1/simulations": {
        "cases": [{"id": "a", "start": "2026-11-02", "limit": {"amount": 1, "unit": "working_day"}}]
    },
}
ORDER_STEPS = "POST /api/v1/orders/{order}/steps"
REVOCATION = {"type": "revoke", "reason": "x"}
"""What a supervisor may do to an order that a head has signed."""
QUERIES = {
    "GET /api/v1/overdue/summary": "?by=department",
    "GET /api/v1/statistics": "?by=department",
    "GET /api/v1/reports/monthly": "?month=2026-11",
    "GET /api/v1/target-gaps": "?year=2026",
    "GET /api/v1/scoring/means": "?period=2026-H2&by=department",
    "GET /api/v1/scoring/sheets": "?month=2026-11&by=department",
    "GET /api/v1/calendars/{code}/days": "?from=2026-11-02&to=2026-11-03",
}
AT = datetime(2020, 1, 1, tzinfo=UTC)


class Town:
    """Three offices, D1 with D11 below it and D2 beside it, each with people, and one application each."""

    def __init__(self, hall: Hall, service: Service) -> None:
        self.hall, self.service = hall, service
        self.keys = hall.keys
        self.numbers: dict[str, str] = {}
        self.order = ""
        self.inspection = ""
        self.finding = ""

    async def build(self) -> None:
        """Make offices, keys and applications."""
        keys = dict(self.keys)
        async with self.service.db.transaction() as tx:
            for code, parent in (("D11", "D1"), ("D2", None)):
                await tx.execute(insert(Department), {"code": code, "name": code, "parent": parent, "changed_at": AT})
                await scope.graft(tx, code, parent)
            for role in (Role.CLERK, Role.REVIEWER, Role.HEAD):
                for code in ("D11", "D2"):
                    order = KeyOrder(role=role, name=f"{role} of {code}", department=code)
                    keys[f"{role} of {code}"] = (await create_key(tx, order, now=AT)).text
            steps = (StepType.RECEIVE, StepType.ASSIGN)
            keys["integration"] = (
                await create_key(tx, KeyOrder(role=Role.INTEGRATION, name="exchange", steps=steps), now=AT)
            ).text
            order = KeyOrder(role=Role.INTEGRATION, name="of D1", department="D1", steps=steps)
            keys["integration of D1"] = (await create_key(tx, order, now=AT)).text
        self.hall.keys = self.keys = keys
        peopled = await self.hall.ask(
            "PUT", "/api/v1/departments/D1", BODIES["PUT /api/v1/departments/{code}"], "admin"
        )
        assert peopled.status == 200, peopled.body
        for code in ("D1", "D11", "D2"):
            who = "head" if code == "D1" else f"head of {code}"
            answer = await self.hall.ask("POST", "/api/v1/applications", a_receipt(department=code), who)
            assert answer.status == 201, answer.body
            self.numbers[code] = str(answer.json()["tracking_number"])
        issued = await self.hall.ask("POST", "/api/v1/orders", BODIES["POST /api/v1/orders"], "supervisor")
        self.order = str(issued.json()["id"])
        inspected = await self.hall.ask("POST", "/api/v1/inspections", INSPECTION, "supervisor")
        self.inspection = str(inspected.json()["id"])
        aimed = await self.hall.ask("PUT", "/api/v1/targets/2026/D1", TARGETS, "supervisor")
        assert aimed.status == 201, aimed.body
        self.finding = await a_finding(self.service, AT)

    async def ask(self, route: str, who: str, office: str = "D1") -> Answer:
        """One valid request of a route."""
        method, _, path = route.partition(" ")
        target = (
            path.replace("{tracking_number}", self.numbers[office])
            .replace("{kind}", "notice")
            .replace("{code}", "CN" if "calendars" in path else "eia-report" if "items" in path else "D1")
            .replace("{key}", "ABCDEFGH")
            .replace("{webhook}", "wh_unknown")
            .replace("{order}", self.order)
            .replace("{inspection}", self.inspection)
            .replace("{checkpoint}", "1")
            .replace("{finding}", self.finding)
            .replace("{version}", "0")
            .replace("{year}", "2026")
            .replace("{department}", "D1")
            .replace("{feed}", "fd_unknown")
            .replace("{address}", "fd_unknown.x.ics")
            .replace("{number}", "1")
        ) + QUERIES.get(route, "")
        body = REVOCATION if route == ORDER_STEPS and who == "supervisor" else BODIES.get(route)
        raw = None if body is None else json.dumps(body).encode()
        headers = [] if who == "nobody" else [("X-API-Key", self.keys[who])]
        return await self.hall.send(method, target, raw, headers)


@pytest.fixture
async def town(hall: Hall, service: Service) -> Town:
    """Offices at work."""
    town = Town(hall, service)
    await town.build()
    return town


async def test_every_route_for_every_role(town: Town, document: Json) -> None:
    routes = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert routes == set(TABLE), "a route is new or gone: say in TABLE who may use it"
    wrong = []
    for route, allowed in TABLE.items():
        for who in sorted(EVERYBODY | {"nobody"}):
            answer = await town.ask(route, who)
            if who in allowed:
                nothing_there = (
                    route.startswith("DELETE")
                    or "{id}" in route
                    or "suspensions/" in route
                    or "{webhook}" in route
                    or "{checkpoint}" in route
                    or "/feeds/" in route
                ) and answer.status == 404
                no_sweep_yet = route == "GET /readyz" and answer.status == 503
                right = answer.status < 300 or nothing_there or no_sweep_yet
            elif who == "nobody":
                right = (answer.status, answer.code) == (401, "credential_missing")
            else:
                right = (answer.status, answer.code) == (403, "role_not_allowed")
            if not right:
                wrong.append(f"{route} for {who}: {answer.status} {answer.body[:200]!r}")
    assert wrong == []


OF_ONE_CASE = [route for route in TABLE if "/api/v1/applications/{" in route]


@pytest.mark.parametrize("route", OF_ONE_CASE)
async def test_a_case_of_another_office_is_not_there(town: Town, route: str, rows: Rows) -> None:
    before = await rows.count()
    unknown = None
    for who in ("clerk", "reviewer", "head", "integration of D1", "clerk of D11", "head of D11"):
        answer = await town.ask(route, who, "D2")
        assert (answer.status, answer.code) == (404, "not_found"), (who, answer.body)
        if unknown is None:
            town.numbers["nowhere"] = "Q0QJ-WRBA-61TW-PZ"
            unknown = (await town.ask(route, who, "nowhere")).body
        assert answer.body == unknown, "what is hidden must look like what does not exist"
    for who in ("clerk of D11", "head of D11"):
        assert (await town.ask(route, who, "D1")).status == 404, "an office above is another office"
    assert await rows.count() == before


@pytest.mark.parametrize("route", OF_ONE_CASE)
async def test_a_case_of_an_office_below_is_one_s_own(town: Town, route: str) -> None:
    for who in ("clerk", "reviewer", "head", "integration of D1"):
        assert (await town.ask(route, who, "D11")).status in (200, 201), who
        town.numbers["D11"] = str(
            (await town.hall.ask("POST", "/api/v1/applications", a_receipt(department="D11"), "head")).json()[
                "tracking_number"
            ]
        )


@pytest.mark.parametrize("route", [route for route in OF_ONE_CASE if route.startswith("GET")])
async def test_those_who_watch_see_every_office(town: Town, route: str) -> None:
    for who in ("supervisor", "auditor", "integration"):
        for office in ("D1", "D11", "D2"):
            assert (await town.ask(route, who, office)).status == 200, (who, office)


async def test_what_an_office_held_it_still_reads_and_touches_no_more(town: Town, rows: Rows, hands: Hands) -> None:
    number = town.numbers["D1"]
    hands.advance(timedelta(hours=1))
    await town.hall.records(number, "assign", department="D2")
    before = await rows.count()
    for route in OF_ONE_CASE:
        answer = await town.ask(route, "clerk")
        if route.startswith("GET"):
            assert answer.status == 200, answer.body
        else:
            assert answer.status in (403, 404), answer.body
    assert await rows.count() == before


async def test_no_filter_widens_a_list(town: Town) -> None:
    for who, seen in (("clerk", {"D1", "D11"}), ("head of D11", {"D11"}), ("clerk of D2", {"D2"})):
        for query in ("", "?department=D2", "?department=D1", "?department=D11"):
            answer = await town.hall.ask("GET", f"/api/v1/applications{query}", role=who)
            assert {row["holder"]["department"] for row in answer.json()["items"]} <= seen, (who, query)


async def test_lists_of_clocks_and_alarms_keep_to_the_office(town: Town, hands: Hands) -> None:
    hands.set("2027-06-01T09:00:00+08:00")
    for who, seen in (("clerk", {"D1", "D11"}), ("head of D11", {"D11"}), ("clerk of D2", {"D2"})):
        for query in ("", "?department=D2", "?department=D1", "?department=D11"):
            answer = await town.hall.ask("GET", f"/api/v1/overdue{query}", role=who)
            assert answer.status == 200, answer.body
            assert {row["holder"]["department"] for row in answer.json()["items"]} <= seen, (who, query)
        rows = (await town.hall.ask("GET", "/api/v1/overdue", role=who)).json()["items"]
        assert {row["holder"]["department"] for row in rows} == seen
        lines = (await town.hall.ask("GET", "/api/v1/overdue/summary?by=department", role=who)).json()["items"]
        assert {line["department"] for line in lines if line["red"]} == seen


async def test_nobody_receives_for_another_office(town: Town, rows: Rows) -> None:
    before = await rows.count()
    for who in ("clerk", "head", "integration of D1"):
        answer = await town.hall.ask("POST", "/api/v1/applications", a_receipt(department="D2"), who)
        assert answer.status in (403, 404, 422), answer.body
    assert await rows.count() == before


async def test_who_may_not_publish_a_version_may_not_try_one(town: Town, rows: Rows) -> None:
    route = "PUT /api/v1/items/{code}"
    raw = json.dumps({**BODIES[route], "name": "another"}).encode()
    before = await rows.count()
    for who in sorted(EVERYBODY - TABLE[route]):
        headers = [("X-API-Key", town.keys[who])]
        answer = await town.hall.send("PUT", "/api/v1/items/eia-report?dry_run=true", raw, headers)
        assert (answer.status, answer.code) == (403, "role_not_allowed"), who
    assert await rows.count() == before


@pytest.mark.parametrize("role", sorted(STEPS))
async def test_each_step_is_for_its_roles(town: Town, role: str, document: Json, rows: Rows) -> None:
    types = set(document["components"]["schemas"]["AnyStep"]["discriminator"]["mapping"])
    assert types == STEPS["head"], "a type of step is new or gone: say in STEPS who may record it"
    least = {
        "missing": ["x"], "reason": "x", "stage": "review", "ground": "hearing", "legal_basis": "x", "announced": None,
        "approver": "局长", "clock": "statutory", "amount": 1, "result": "granted", "result_code": "x",
        "department": "D1", "step": "x", "replaces": None,
    }  # fmt: skip
    target = f"/api/v1/applications/{town.numbers['D1']}/steps"
    for type_ in sorted(types):
        schema = document["components"]["schemas"][
            document["components"]["schemas"]["AnyStep"]["discriminator"]["mapping"][type_].rsplit("/", 1)[1]
        ]
        wanted = set(schema["required"]) | ({"department"} if type_ == "assign" else set())
        body = {"type": type_} | {name: value for name, value in least.items() if name in wanted}
        before = await rows.count()
        answer = await town.hall.ask("POST", target, body, role)
        if type_ in STEPS[role]:
            assert answer.status in (201, 409, 422), (type_, answer.body)
        else:
            assert answer.status == 403, (type_, answer.body)
            assert await rows.count() == before


async def test_a_denied_write_leaves_every_table_as_it_was(town: Town, rows: Rows) -> None:
    before = await rows.count()
    for route, allowed in TABLE.items():
        if not route.startswith("GET"):
            for who in sorted(EVERYBODY - allowed):
                assert (await town.ask(route, who)).status == 403
    assert await rows.count() == before


# --- credentials


def token(header: Json, claims: Json, secret: bytes = b"") -> str:
    """A JWT as an attacker makes it."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    mac = hmac.new(secret, b".".join(parts), sha256).digest() if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


CLAIMS: Json = {"sub": "admin", "role": "admin", "roles": ["admin"], "aud": "shixian", "iss": "https://hall.example"}
PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----\n"
TOKENS = {
    "B280": token({"alg": "nOnE", "typ": "JWT"}, CLAIMS),
    "B281": token({"alg": "HS256"}, CLAIMS, PUBLIC_KEY),
    "B286": token({"alg": "HS256"}, CLAIMS | {"iat": 4_000_000_000}, b"secret"),
    "B288": token({"alg": "HS256"}, CLAIMS | {"aud": "elsewhere"}, b"secret"),
    "B292": token({"alg": "RS256", "jku": "http://127.0.0.1/jwks"}, CLAIMS, b"secret"),
    "B293": token({"alg": "RS256", "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, CLAIMS, b"secret"),
    "B294": token({"alg": "HS256", "crit": ["x"]}, CLAIMS, b"secret"),
    "B296": token({"alg": "HS256"}, CLAIMS, b"secret").rsplit(".", 1)[0] + ".",
    "B302": "x" * (1 << 20),
}


async def attempts(hall: Hall, service: Service) -> Mapping[str, list[tuple[str, str]]]:
    """The credentials of the corpus, as headers."""
    key = hall.keys["admin"]
    async with service.db.transaction() as tx:
        revoked = await create_key(tx, KeyOrder(role=Role.ADMIN, name="revoked"), now=AT)
        expired = await create_key(
            tx, KeyOrder(role=Role.ADMIN, name="expired", expires_at=datetime(2021, 1, 1, tzinfo=UTC)), now=AT
        )
        await revoke_key(tx, revoked.id, by=an_actor(Role.SECURITY), now=AT)
    other = key[:-10] + ("A" if key[-10] != "A" else "B") + key[-9:]
    tries = {
        "B276": [("Authorization", "Bearer")],
        "B278": [("Authorization", "Basic YWRtaW46YWRtaW4=")],
        "B298": [("X-API-Key", revoked.text)],
        "B299": [("X-API-Key", expired.text)],
        "B300": [("X-API-Key", other)],
        "a key as a bearer token": [("Authorization", f"Bearer {key}")],
        "a key twice": [("X-API-Key", key), ("X-API-Key", key)],
        "a key and a blank": [("X-API-Key", f"{key} ")],
        "an empty key": [("X-API-Key", "")],
        "a key in another case": [("X-API-Key", key.swapcase())],
        "a key cut short": [("X-API-Key", key[:-1])],
        "a key with NUL": [("X-API-Key", f"{key}\x00")],
        "a key in full width": [("X-API-Key", "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in key))],
        "the admin key cut short": [("X-API-Key", hall.keys["admin_key"][:-1])],
        "a role in a header": [("X-Role", "admin"), ("X-User", "admin"), ("X-Forwarded-User", "admin")],
        "a cookie": [("Cookie", f"session={key}; X-API-Key={key}")],
    }
    return tries | {
        f"{id_} in {name}": [(name, f"{prefix}{text}")]
        for id_, text in TOKENS.items()
        for name, prefix in (("Authorization", "Bearer "), ("X-API-Key", ""))
    }


async def test_every_bad_credential_gets_one_and_the_same_401(hall: Hall, service: Service, rows: Rows) -> None:
    tries = await attempts(hall, service)
    before = await rows.count()
    bodies = set()
    for name, headers in tries.items():
        for method, target in (("GET", "/api/v1/departments"), ("PUT", "/api/v1/departments/D9")):
            answer = await hall.send(method, target, b'{"name":"x"}' if method == "PUT" else None, headers)
            assert answer.status == 401, (name, answer.body)
            assert answer.headers["www-authenticate"].startswith("ApiKey"), name
            problem = answer.json()
            assert problem["code"] in ("credential_missing", "credential_invalid")
            if any(header == "X-API-Key" for header, _ in headers):
                assert problem["code"] == "credential_invalid", name
            bodies.add(answer.body)
    assert len(bodies) == 2, "one wording for those who send a key, one for those who send none"
    assert await rows.count() == before


async def test_a_key_in_the_query_is_none(hall: Hall) -> None:
    """B301: it would stand in every log on the way."""
    for name in ("api_key", "X-API-Key", "key", "access_token"):
        answer = await hall.send("GET", f"/api/v1/departments?{name}={hall.keys['admin']}")
        assert answer.status in (401, 422)
        assert hall.keys["admin"].encode() not in answer.body


async def test_a_revoked_key_ends_at_once(hall: Hall) -> None:
    made = (await hall.ask("POST", "/api/v1/keys", {"role": "auditor", "name": "x"}, "security")).json()
    hall.keys = {**hall.keys, "new": made["key"]}
    assert (await hall.ask("GET", "/api/v1/departments", role="new")).status == 200
    assert (await hall.ask("DELETE", f"/api/v1/keys/{made['id']}", role="security")).status == 204
    assert (await hall.ask("GET", "/api/v1/departments", role="new")).status == 401


async def test_the_security_officer_gives_himself_nothing(hall: Hall) -> None:
    """`security`: never its own."""
    me = next(
        row["id"]
        for row in (await hall.ask("GET", "/api/v1/keys", role="security")).json()["items"]
        if row["role"] == "security"
    )
    answer = await hall.ask("DELETE", f"/api/v1/keys/{me}", role="security")
    assert answer.status in (403, 409, 422), answer.body


async def test_no_secret_is_read_back(hall: Hall) -> None:
    """B314: a key is shown once."""
    made = (await hall.ask("POST", "/api/v1/keys", {"role": "auditor", "name": "x"}, "security")).json()
    listed = await hall.ask("GET", "/api/v1/keys", role="security")
    assert made["key"].encode() not in listed.body
    assert made["key"].split("_")[2].encode() not in listed.body


async def test_a_body_gives_nobody_a_role(hall: Hall, rows: Rows) -> None:
    """B195: mass assignment."""
    before = await rows.count()
    for extra in (
        {"role": "admin"},
        {"is_admin": True},
        {"source": "import"},
        {"version": 9},
        {"status": "decided"},
        {"tracking_number": "Q0QJ-WRBA-61TW-PZ"},
        {"credential": "x"},
        {"__proto__": {"role": "admin"}},
    ):
        answer = await hall.ask("POST", "/api/v1/applications", a_receipt() | extra)
        assert (answer.status, answer.code) == (422, "input_invalid"), answer.body
    assert await rows.count() == before


async def test_history_has_no_route_that_changes_it(hall: Hall) -> None:
    """B311, B312, B318: no edit, no clearing, no step by itself."""
    number = (await hall.receives())["tracking_number"]
    for method in ("PUT", "PATCH", "DELETE"):
        for target in (f"/api/v1/applications/{number}", f"/api/v1/applications/{number}/steps"):
            assert (await hall.ask(method, target, {}, "admin_key")).status == 405
        for target in (f"/api/v1/applications/{number}/steps/1", "/api/v1/audit", "/api/v1/audit-entries",
                       "/api/v1/users", "/api/v1/accounts"):  # fmt: skip
            assert (await hall.ask(method, target, {}, "admin_key")).status == 404
    assert (await hall.ask("GET", "/api/v1/users", role="integration")).status == 404


async def test_each_use_of_the_admin_key_is_audited(hall: Hall, service: Service) -> None:
    await hall.ask("GET", "/api/v1/departments", role="admin_key")
    async with service.db.read() as tx:
        rows = (await tx.execute(select(AuditEntry.action, AuditEntry.object))).all()
    assert ("use_admin_key", "GET /api/v1/departments") in [tuple(row) for row in rows]
