"""Write units of those who set the rules: departments, items, calendars, suspensions, keys; and their carrying on."""

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from app.calendar_changes import queries, walk
from app.calendar_changes.apply import apply
from app.calendar_changes.arrivals import bring_in
from app.calendar_changes.carry import _carry
from app.calendar_changes.walk import Walker
from app.calendars import arrivals, catalogue
from app.calendars.known import built_in
from app.cli.calendars import Stated, import_calendar
from app.kit.sealing import Sealer
from app.kit.settings import secret_of
from tests.builders.applications import an_item_with_clocks
from tests.calendar_changes.conftest import NOTICE_2027
from tests.calendar_changes.test_arrivals import later
from tests.contract.assault import BODIES
from tests.reliability.stage import Stage, Unit

__all__ = ["CARRIED", "RULES"]

Json = dict[str, Any]  # a JSON object
Act = Callable[[Stage], Awaitable[None]]

ITEM = "/api/v1/items/{code}"
HOLIDAYS: list[str] = list(NOTICE_2027["holidays"])
INSPECTIONS = "/api/v1/inspections"
ENTRIES = "/api/v1/inspections/{inspection}/entries"
WALK = "app/calendar_changes/walk.py:Walker."


def sends(method: str, path: str, body: Json | None, role: str, key: str | None = None) -> Act:
    """One request that succeeds."""

    async def act(stage: Stage) -> None:
        target = path.format(**{name: text for name, text in stage.memory.items() if isinstance(text, str)})
        await stage.done(method, target, body, role, key=key)

    return act


def gone(path: str, role: str) -> Act:
    """What was taken away is taken away: once more it answers the same, or that nothing is there."""

    async def act(stage: Stage) -> None:
        answer = await stage.ask("DELETE", path.format(**stage.memory), None, role)
        assert answer.status_code in (204, 404, 410), answer.text

    return act


async def make_inspection(stage: Stage) -> None:
    made = await stage.done("POST", "/api/v1/inspections", BODIES["POST /api/v1/inspections"], "supervisor")
    stage.memory["inspection"] = made["id"]


async def make_key(stage: Stage) -> None:
    made = await stage.done("POST", "/api/v1/keys", {"role": "auditor", "name": "gone soon"}, "security")
    stage.memory["key"] = made["id"]


async def receive_some(stage: Stage) -> None:
    """Three applications that a change of the calendar, of a place or of the item concerns."""
    for _ in range(3):
        await stage.receive("carried")


async def before_carrying(stage: Stage) -> None:
    document = an_item_with_clocks("carried").with_(jurisdiction="CN-41").build()
    await stage.done("PUT", f"/api/v1/items/{document.pop('code')}", document, "admin")
    await receive_some(stage)
    stage.hands.advance(timedelta(hours=1))
    edition = {**NOTICE_2027, "document": "国办发明电〔2026〕3号（测试）", "workdays": ["2026-12-27", "2026-11-07"]}
    await stage.done("POST", "/api/v1/calendars/CN/editions", edition, "admin")


async def before_overtaking(stage: Stage) -> None:
    await receive_some(stage)
    stage.hands.advance(timedelta(hours=1))
    edition = {**NOTICE_2027, "document": "国办发明电〔2026〕4号（测试）", "holidays": [*HOLIDAYS, "2026-11-05"]}
    await stage.done("POST", "/api/v1/calendars/CN/editions", edition, "admin")


async def carry_overtaken(stage: Stage) -> None:
    """Each set is found changed since it was looked at, and written once more."""
    calls = itertools.count()

    async def overtaken(*given: Any, **more: Any) -> Any:
        written = await apply(*given, **more)
        return [] if next(calls) % 2 == 0 else written

    with mock.patch.object(walk, "apply", overtaken):
        await walk_all(stage)


async def carry(stage: Stage) -> None:
    await _carry(stage.settings, timedelta())
    async with stage.service.db.read() as tx:
        assert not await queries.unfinished(tx)


async def before_letting_go(stage: Stage) -> None:
    await stage.done("POST", "/api/v1/suspensions", {**BODIES["POST /api/v1/suspensions"], "document": "文二"}, "admin")


async def let_go(stage: Stage) -> None:
    """Carry on for one window, then leave it to another process."""
    walker = Walker(stage.service.db, Sealer(secret_of(stage.settings)), stage.service.now.now)
    turns = iter((True, False))
    with mock.patch.object(walk, "WINDOW", 1):
        await walker.walk(go_on=lambda: next(turns, False))


async def walk_all(stage: Stage) -> None:
    await Walker(stage.service.db, Sealer(secret_of(stage.settings)), stage.service.now.now).walk()


async def before_failing(stage: Stage) -> None:
    """A dry run of an edition in the place of one that another edition takes the place of meanwhile."""
    path = "/api/v1/calendars/CN-45/editions"
    first = {**NOTICE_2027, "document": "桂政办〔2026〕1号（测试）", "layer_of": "CN"}
    await stage.done("POST", path, first, "admin")
    in_its_place = {**first, "document": "桂政办〔2026〕2号（测试）", "supersedes": 1}
    await stage.done("POST", f"{path}?dry_run=true", in_its_place, "admin")
    await stage.done("POST", path, in_its_place, "admin")


async def before_arrival(stage: Stage) -> None:
    layers = dict(built_in())
    brought = later(layers["CN"], "国办发明电〔2026〕2号（测试）", "2026-11-01", {"2026-12-25": False})
    stage.memory["layers"] = layers | {"CN": replace(layers["CN"], editions=(*layers["CN"].editions, brought))}


async def arrive(stage: Stage) -> None:
    """The start of a later release, whose data know one edition more."""
    layers = stage.memory["layers"]
    with (
        mock.patch.object(catalogue, "built_in", return_value=layers),
        mock.patch.object(arrivals, "built_in", return_value=layers),
    ):
        await bring_in(stage.service)


def a_file(folder: Path) -> Path:
    """An edition for the command."""
    edition = {name: value for name, value in NOTICE_2027.items() if name != "approver"}
    file = folder / "edition.json"
    file.write_text(json.dumps({**edition, "document": "国办发明电〔2026〕7号（测试）"}), encoding="utf-8")
    return file


async def load_calendar(stage: Stage) -> None:
    await import_calendar(stage.settings, a_file(stage.memory["folder"]), Stated("CN", "李四", "operator", {}))


RULES = [
    Unit(
        "department",
        sends("PUT", "/api/v1/departments/D2", {"name": "某局"}, "admin"),
        route="PUT /api/v1/departments/{code}",
        after_again=frozenset({"audit_entries"}),
    ),
    Unit(
        "item",
        sends("PUT", "/api/v1/items/new", {"name": "x", "department": "D1"}, "admin"),
        route=f"PUT {ITEM}",
        after_again=frozenset({"audit_entries"}),
    ),
    Unit(
        "supervision rules",
        sends("PUT", "/api/v1/supervision-rules", BODIES["PUT /api/v1/supervision-rules"], "supervisor"),
        route="PUT /api/v1/supervision-rules",
        after_again=frozenset({"audit_entries"}),
    ),
    *(
        Unit(
            name,
            sends("PUT", path, BODIES[f"PUT {route}"], "supervisor"),
            route=f"PUT {route}",
            after_again=frozenset({"audit_entries"}),
        )
        for name, route, path in (
            ("scoring", "/api/v1/scoring", "/api/v1/scoring"),
            ("target", "/api/v1/targets/{year}/{department}", "/api/v1/targets/2026/D1"),
        )
    ),
    Unit(
        "inspection",
        sends("POST", INSPECTIONS, BODIES[f"POST {INSPECTIONS}"], "supervisor", key="inspection"),
        route=f"POST {INSPECTIONS}",
        takes_key=True,
    ),
    Unit(
        "entry of an inspection",
        sends("POST", ENTRIES, BODIES[f"POST {ENTRIES}"], "supervisor", key="entry"),
        route=f"POST {ENTRIES}",
        prepare=make_inspection,
        takes_key=True,
    ),
    Unit(
        "key",
        sends("POST", "/api/v1/keys", BODIES["POST /api/v1/keys"], "security", key="a key"),
        route="POST /api/v1/keys",
        takes_key=True,
    ),
    Unit(
        "end of a key",
        sends("DELETE", "/api/v1/keys/{key}", None, "security"),
        route="DELETE /api/v1/keys/{key}",
        prepare=make_key,
        again=gone("/api/v1/keys/{key}", "security"),
    ),
    Unit(
        "edition",
        sends("POST", "/api/v1/calendars/CN/editions", NOTICE_2027, "admin", key="edition"),
        route="POST /api/v1/calendars/{code}/editions",
        takes_key=True,
    ),
    Unit(
        "dry run of an edition",
        sends(
            "POST",
            "/api/v1/calendars/CN/editions?dry_run=true",
            {**NOTICE_2027, "document": "国办发明电〔2026〕8号（测试）"},
            "admin",
            key="dry run",
        ),
        route="POST /api/v1/calendars/{code}/editions",
        takes_key=True,
    ),
    Unit(
        "suspension",
        sends("POST", "/api/v1/suspensions", BODIES["POST /api/v1/suspensions"], "admin", key="suspension"),
        route="POST /api/v1/suspensions",
        takes_key=True,
    ),
    Unit(
        "calendar by command",
        load_calendar,
        sites=("app/kit/service.py:open_service", "app/cli/calendars.py:import_calendar"),
    ),
    Unit(
        "edition of a release",
        arrive,
        sites=("app/calendar_changes/arrivals.py:bring_in",),
        prepare=before_arrival,
    ),
]

CARRIED = [
    Unit(
        "carry a change on",
        carry,
        sites=(f"{WALK}walk", f"{WALK}_write", f"{WALK}_end_of_window"),
        prepare=before_carrying,
        in_steps="a run over all applications: fifty a transaction, each window its own",
        patience=queries.LEASE,
    ),
    Unit(
        "carry a change on that is overtaken",
        carry_overtaken,
        sites=(f"{WALK}walk", f"{WALK}_write", f"{WALK}_write_again", f"{WALK}_end_of_window"),
        prepare=before_overtaking,
        in_steps="as above; what was told too early is rolled back, and told again",
        patience=queries.LEASE,
    ),
    Unit(
        "leave a change to another process",
        let_go,
        sites=(f"{WALK}walk", f"{WALK}_end_of_window", f"{WALK}release"),
        prepare=before_letting_go,
        in_steps="as above, and the claim is given back",
        patience=queries.LEASE,
    ),
    Unit(
        "a dry run that fails",
        walk_all,
        sites=(f"{WALK}walk", f"{WALK}_fail", f"{WALK}_end_of_window"),
        prepare=before_failing,
        in_steps="as above, after the claim the failure",
        patience=queries.LEASE,
    ),
]
