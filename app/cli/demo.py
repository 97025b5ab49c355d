"""`shixian demo`: the real permits and a made-up hall on the embedded database, served to try the service with."""

import asyncio
import json
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import true

from app.access.actor import ADMIN_KEY, Actor
from app.access.roles import EVERY
from app.applications.queries import known_ref
from app.applications.receive import receive_application
from app.applications.record import Asked, record_step
from app.applications.schemas import ReceiptIn
from app.applications.step_schemas import BY_TYPE
from app.assessment.inspection_queries import Filters, inspections_page
from app.assessment.inspection_schemas import InspectionIn
from app.assessment.inspections import record_inspection
from app.assessment.target_schemas import TargetsIn
from app.assessment.targets import set_targets
from app.calendars import catalogue
from app.cli import serve
from app.cli.imports import import_folder
from app.cli.opening import bring_up, opened
from app.departments.save import save_department
from app.departments.schemas import DepartmentIn
from app.imports.applications_csv import Files
from app.imports.mapping import read_mapping
from app.items.publish import publish
from app.items.schemas import ItemIn
from app.kit.service import Service
from app.kit.settings import load_settings

__all__ = ["demo"]

DATA = Path(__file__).parent / "data" / "hall.json"
PERMITS = Path(__file__).parent.parent / "imports" / "data" / "permits"
LATE_REASON = "演示数据，虚构"

Document = dict[str, Any]  # a part of hall.json, whose shape the wire models check


def demo(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1, unless SHIXIAN_PORT is set.", min=0, max=65535)] = 8000,
) -> None:
    """Load 726 real permits and a small made-up hall into var/demo.db, print addresses and a key, and serve.

    A second start goes on with the same data. `SHIXIAN_…` settings that are set stand; the database and the key are
    chosen only where they are not.
    """
    os.environ.setdefault("SHIXIAN_MODE", "demo")
    os.environ.setdefault("SHIXIAN_DATABASE_URL", "sqlite:///var/demo.db")
    os.environ.setdefault("SHIXIAN_ADMIN_KEY", secrets.token_urlsafe(32))
    os.environ.setdefault("SHIXIAN_LOG_FORMAT", "console")
    os.environ.setdefault("SHIXIAN_LOG_LEVEL", "warning")
    os.environ.setdefault("SHIXIAN_PORT", str(port))
    settings = load_settings()
    number = asyncio.run(load())
    key = os.environ["SHIXIAN_ADMIN_KEY"]
    at = f"http://{settings.host}:{settings.port}"
    typer.echo(
        "\n".join(
            (
                "",
                "726 real permits of a Dutch municipality, 2010 to 2012 (J.C.A.M. Buijs, WABO receipt phase,",
                "doi:10.4121/uuid:a07386a5-7be3-4367-9535-70bc9e77dbe6), and a hall that is made up (虚构).",
                "",
                f"  look-up            {at}/            for instance {number}",
                f"  supervision board  {at}/supervision (sign in with the key below)",
                f"  interface          {at}/docs",
                f"  overdue today      curl -H 'X-API-Key: {key}' '{at}/api/v1/overdue?limit=5'",
                "  overdue on 12 December 2011: the same with &as_of=2011-12-12T09:00:00%2B01:00",
                "  scores of a month  the same with /api/v1/scoring/sheets?month=2011-12&by=department",
                "",
                f"  key                {key}",
                "",
                "Stop with Ctrl-C.",
                "",
            )
        )
    )
    serve.serve()


async def load() -> str:
    """Bring all data in that is not there yet; a number to try the look-up with."""
    settings = load_settings()
    await bring_up(settings)
    mapping = read_mapping(PERMITS / "mapping.yaml")
    report = await import_folder(settings, Files(PERMITS, mapping, create_missing=True))
    typer.echo("\n".join(report.lines()[:2]))
    async with opened(settings) as service:
        return await open_hall(service, json.loads(DATA.read_text(encoding="utf-8")))


async def open_hall(service: Service, hall: Document) -> str:
    """Receive the made-up applications, once; the number of the first one."""
    actor = Actor(ADMIN_KEY, EVERY, name="demo")
    now = service.now.now()
    async with service.db.transaction() as tx:
        for department in hall["departments"]:
            await save_department(tx, actor, department["code"], DepartmentIn.model_validate(department), now=now)
        for item in hall["items"]:
            await publish(tx, actor, item["code"], ItemIn.model_validate_json(json.dumps(item)), now)
    await assess(service, actor, hall, now)
    number = ""
    for place, application in enumerate(hall["applications"], start=1):
        received = await receive(service, actor, application, f"demo-{place}", now)
        number = number or received
    return number


async def assess(service: Service, actor: Actor, hall: Document, now: datetime) -> None:
    """Set the hall's made-up targets of the year, and record one made-up inspection, once."""
    zone = ZoneInfo(service.settings.time_zone)
    today = now.astimezone(zone).date()
    said = {name: value for name, value in hall["targets"].items() if name != "department"}
    department = hall["targets"]["department"]
    async with service.db.transaction() as tx:
        targets = TargetsIn.model_validate(said)
        await set_targets(tx, actor, today.year, department, targets, zone=zone, now=now)
        if not await inspections_page(tx, Filters(department), None, 1, seen=true()):
            when = {"quarter": f"{today.year}-Q{(today.month + 2) // 3}", "inspected_on": today.isoformat()}
            asked = InspectionIn.model_validate_json(json.dumps(hall["inspection"] | when))
            await record_inspection(tx, actor, asked, sealer=service.sealer, zone=zone, now=now)


async def receive(service: Service, actor: Actor, application: Document, ref: str, now: datetime) -> str:
    """Receive one made-up application so many working days ago, and record its steps; its number."""
    calendar = catalogue.newest("CN")
    async with service.db.transaction() as tx:
        if (known := await known_ref(tx, "api", ref)) is not None:
            return known
        day = calendar.nth(calendar.day_of(now) + 1, -application["working_days_ago"] - 1)
        submitted_at = min(calendar.midnight(day) + timedelta(hours=9, minutes=10), now)
        receipt = ReceiptIn.model_validate(
            {
                "item": application["item"],
                "applicant": {"name": application["applicant"]},
                "subject": application["subject"],
                "channel": "window",
                "submitted_at": submitted_at,
                "external_ref": ref,
            }
        )
        received = await receive_application(tx, actor, receipt, sealer=service.sealer, now=now)
        number = received.recorded.number
        for step in application["steps"]:
            stated = {key: value for key, value in step.items() if key != "after_days"}
            at = calendar.midnight(calendar.nth(day, step["after_days"])) + timedelta(hours=10)
            document = {
                **stated,
                "occurred_at": min(at, now).isoformat(),
                "late_reason": LATE_REASON,
                "actor": "乙（虚构）",
            }
            asked = Asked(BY_TYPE[step["type"]].model_validate_json(json.dumps(document)))
            await record_step(tx, actor, number, asked, sealer=service.sealer, now=now)
    return number
