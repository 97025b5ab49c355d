"""Write units that nobody asks for, or an operator: sweeps, cards, checkpoints, imports, commands, the start."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from app.access.keys import KeyOrder
from app.access.roles import Role
from app.alarms import sweep as sweeping
from app.alarms.reconcile import reconcile
from app.alarms.sweep import Sweeper
from app.applications.queries import newest_record
from app.backtests import routes as backtests
from app.cli import demo
from app.cli.channels import load_file
from app.cli.clock import accept_clock
from app.cli.keys import make
from app.imports.applications_csv import Files, import_applications
from app.kit.service import open_service
from app.proof.checkpoints import take_all, take_full
from app.scheduler import Ticker
from app.supervision import escalate as escalating
from tests.contract.assault import BODIES
from tests.imports.test_applications_csv import CHECKED, ONE, TWO, folder
from tests.reliability.stage import Stage, Unit
from tests.reliability.units_telling import CHANNELS, dead_letter

__all__ = ["HOUSE", "SWEEPS"]

BATCH = "app/alarms/sweep.py:Sweeper._batch"
OPEN = "app/kit/service.py:open_service"
TAKE = ("app/imports/applications_csv.py:import_applications", "app/imports/applications_csv.py:take")
SWEPT = frozenset({"sweeps"})
"""What the last sweep found: the next one finds nothing."""
LATE = {"late_reason": "补录", "actor": "李四", "approver": "王五"}


# --- sweeps


async def overdue(stage: Stage) -> None:
    """Three applications whose first end has passed unseen, and a mailbox that is told in digests."""
    await load_file(stage.settings, CHANNELS)
    stage.memory["numbers"] = [await stage.receive() for _ in range(3)]
    stage.memory["silent"] = await stage.receive("silent")
    stage.hands.set("2026-11-11T10:00:00+08:00")


async def sweep(stage: Stage) -> None:
    await Sweeper(stage.service).sweep()


async def undone(stage: Stage) -> None:
    """A late entry takes the crossing away for which an alarm, with its order, was raised."""
    at = "2026-11-09T10:00:00+08:00"
    await stage.step(stage.memory["numbers"][0], "accept", occurred_at=at, **LATE)


async def order_unanswered(stage: Stage) -> None:
    await stage.done("POST", "/api/v1/orders", {"department": "D1", "content": "x"}, "supervisor")
    stage.hands.advance(timedelta(days=9))


async def sweep_alarms(stage: Stage) -> None:
    """A sweep that gives no card."""
    with mock.patch.object(sweeping, "escalate", no_card):
        await sweep(stage)


async def no_card(*_: Any) -> int:
    return 0


async def sweep_with_one_that_chokes(stage: Stage) -> None:
    real, poisoned = reconcile, stage.memory["numbers"][0]

    async def reconcile_or_choke(tx: Any, numbers: list[str], **more: Any) -> Any:
        if poisoned in numbers:
            raise ZeroDivisionError(poisoned)
        return await real(tx, numbers, **more)

    with mock.patch.object(sweeping, "reconcile", reconcile_or_choke), mock.patch.object(sweeping, "escalate", no_card):
        await sweep(stage)


async def cards_with_one_that_chokes(stage: Stage) -> None:
    async def choke(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    with mock.patch.object(escalating, "commit", choke):
        await escalating.escalate(stage.service.db, stage.service.sealer, stage.service.now.now())


async def many_overdue(stage: Stage) -> None:
    stage.memory["numbers"] = [await stage.receive() for _ in range(5)]
    stage.hands.advance(timedelta(days=15))


async def sweep_in_batches(stage: Stage) -> None:
    with mock.patch.object(sweeping, "BATCH", 2), mock.patch.object(sweeping, "escalate", no_card):
        await sweep(stage)


SWEEPS = [
    Unit("sweep that raises", sweep, sites=(BATCH,), prepare=overdue, after_again=SWEPT),
    Unit("sweep that withdraws", sweep_alarms, sites=(BATCH,), prepare=undone, after_again=SWEPT),
    Unit(
        "sweep that gives cards",
        sweep,
        sites=(BATCH, "app/supervision/escalate.py:escalate"),
        prepare=order_unanswered,
        in_steps="the alarms, then the cards, fifty a transaction",
        after_again=frozenset({"messages", "deliveries"}),  # the next sweep folds the cards into a digest
    ),
    Unit(
        "sweep in batches",
        sweep_in_batches,
        sites=(BATCH,),
        prepare=many_overdue,
        in_steps="fifty applications a transaction, each with its alarms, orders and messages",
    ),
    Unit(
        "sweep with one that chokes",
        sweep_with_one_that_chokes,
        sites=(BATCH, "app/alarms/sweep.py:Sweeper._one_by_one", "app/alarms/sweep.py:Sweeper._set_aside"),
        prepare=many_overdue,
        in_steps="each application alone, and the one that cannot be reconciled set aside",
    ),
    Unit(
        "order set aside",
        cards_with_one_that_chokes,
        sites=("app/supervision/escalate.py:escalate", "app/supervision/escalate.py:one_by_one"),
        prepare=order_unanswered,
        in_steps="each order alone: its cards, or a rest",
    ),
]


# --- the house


async def nothing_more(_stage: Stage) -> None:
    """Once it was done nobody does it again: each time counts."""


async def enter(stage: Stage) -> None:
    """A process starts, with a clock that is set."""
    settings = stage.settings.model_copy(update={"clock_start": stage.hands.now() + timedelta(days=1)})
    service = await open_service(settings, last_record=newest_record)
    await service.close()


async def some_history(stage: Stage) -> None:
    stage.memory["number"] = await stage.receive()
    await stage.step(stage.memory["number"], "accept")


async def checkpoint(stage: Stage) -> None:
    await take_all(stage.service)


async def full_checkpoint(stage: Stage) -> None:
    await take_full(stage.service)


async def long_ago(stage: Stage) -> None:
    await dead_letter(stage)
    await stage.done("POST", "/api/v1/orders", {"department": "D1", "content": "x"}, "supervisor", key="old")
    stage.hands.advance(timedelta(days=200))


async def tidy(stage: Stage) -> None:
    await Ticker(stage.service).tidy()


def files_of(stage: Stage, applications: list[str], steps: list[str]) -> Files:
    place: Path = stage.memory["folder"] / stage.memory.get("import", "first")
    place.mkdir(exist_ok=True)
    return Files(folder(place, applications, steps), create_missing=True)


async def import_some(stage: Stage) -> None:
    await import_applications(stage.service, files_of(stage, [ONE, TWO], [CHECKED]))


async def import_steps_alone(stage: Stage) -> None:
    later = "a-1,Case closed,2026-10-12T10:00:00+08:00,,,"
    with mock.patch.dict(stage.memory, {"import": "second"}):
        report = await import_applications(stage.service, files_of(stage, [TWO], [later]))
    assert report.steps_new + report.steps_known == 1


async def decided(stage: Stage) -> None:
    await some_history(stage)
    await stage.step(stage.memory["number"], "decide", result="granted")


async def backtest(stage: Stage) -> None:
    """One that is too large for an answer at once, and worked on until its end."""
    with mock.patch.object(backtests, "AT_ONCE", -1):
        body = BODIES["POST /api/v1/backtests"]
        answer = await stage.done("POST", "/api/v1/backtests", body, "supervisor", key="backtest")
    for task in list(stage.service.errands._tasks):
        await task
    shown = await stage.done("GET", f"/api/v1/backtests/{answer['id']}", role="supervisor")
    assert shown["state"] in ("done", "waiting", "running"), shown


async def backtest_anew(stage: Stage) -> None:
    """Whoever waits for one that died asks anew, with another key."""
    with mock.patch.object(backtests, "AT_ONCE", -1):
        await stage.done("POST", "/api/v1/backtests", BODIES["POST /api/v1/backtests"], "supervisor")


async def wrong_code(stage: Stage) -> None:
    answer = await stage.ask(
        "GET", f"/api/v1/public/applications/{stage.memory['number']}", headers={"X-Query-Code": "AAAAAAAA"}
    )
    assert answer.status_code == 404, answer.text


async def with_the_admin_key(stage: Stage) -> None:
    await stage.done("GET", "/api/v1/departments", role="admin_key")


async def vouch(stage: Stage) -> None:
    await accept_clock(stage.settings, "operator")


async def key_by_command(stage: Stage) -> None:
    await make(stage.settings, KeyOrder(role=Role.AUDITOR, name="by command"))


async def demonstration(stage: Stage) -> None:
    """The made-up hall, with one application less to wait for."""
    hall = json.loads(demo.DATA.read_text(encoding="utf-8"))
    await demo.open_hall(stage.service, {**hall, "applications": hall["applications"][:2]})


HOUSE = [
    Unit("start", enter, sites=(OPEN,)),
    Unit("checkpoint", checkpoint, sites=("app/proof/checkpoints.py:write",), prepare=some_history),
    Unit(
        "full checkpoint",
        full_checkpoint,
        sites=("app/proof/checkpoints.py:write",),
        again=checkpoint,
    ),
    Unit("wrong query code", wrong_code, sites=("app/lookup/look_up.py:code_fits",), again=nothing_more),
    Unit("use of the fixed key", with_the_admin_key, sites=("app/access/actor.py:of_admin_key",), again=nothing_more),
    Unit("import", import_some, sites=TAKE, in_steps="fifty applications a transaction, each with its steps"),
    Unit(
        "import of more steps",
        import_steps_alone,
        sites=(*TAKE, "app/imports/applications_csv.py:take_orphans"),
    ),
    Unit(
        "backtest",
        backtest,
        sites=(
            "app/kit/once.py:_run",
            "app/backtests/routes.py:work_on",
            "app/backtests/routes.py:work_on.<locals>.told",
        ),
        route="POST /api/v1/backtests",
        prepare=decided,
        in_steps="begun, then how far it is, then what came of it",
    ),
    Unit("clock vouched for", vouch, sites=(OPEN, "app/cli/clock.py:accept_clock"), again=nothing_more),
    Unit("key by command", key_by_command, sites=(OPEN, "app/cli/keys.py:make"), again=nothing_more),
    Unit(
        "demonstration",
        demonstration,
        sites=("app/cli/demo.py:open_hall", "app/cli/demo.py:assess", "app/cli/demo.py:receive"),
        in_steps="its items, its targets, then its applications one by one",
        after_again=frozenset({"audit_entries"}),
    ),
    Unit("tidying", tidy, sites=("app/scheduler.py:Ticker.tidy",), prepare=long_ago),
]
