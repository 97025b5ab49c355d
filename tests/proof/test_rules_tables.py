"""Whatever column of whatever table of rules is changed in silence: it is found. And no such table is forgotten."""

import ast
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import JSON, Column, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app import tables
from app.access import rulebook
from app.cli.clock import link_acceptance
from app.departments.models import Section
from app.kit.columns import Base, Instant
from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.verify_rules import OF_DEPARTMENTS, RULES, verify_rules
from tests.proof import tampering
from tests.proof.test_tampering import Seen, undone

APP = Path(__file__).parents[2] / "app"
PEOPLED = {
    "name": "测试局",
    "telephone": "1",
    "sections": [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}],
}


@pytest.fixture
async def ruled(rules: str, client: httpx2.AsyncClient, keys: Mapping[str, str], service: Service) -> str:
    """All of it: rules of every kind, a department with people, one below it."""
    for code, body in (("D1", PEOPLED), ("D2", {"name": "下属", "parent": "D1"})):
        answer = await client.put(f"/api/v1/departments/{code}", json=body, headers={"X-API-Key": keys["admin"]})
        assert answer.status_code in (200, 201), answer.text
    sample = (await client.get("/api/v1/supervision-rules", headers={"X-API-Key": keys["supervisor"]})).json()
    body = {**sample["rules"], "limit": {"amount": 9, "unit": "working_day"}}
    answer = await client.put("/api/v1/supervision-rules", json=body, headers={"X-API-Key": keys["supervisor"]})
    assert answer.status_code in (200, 201), answer.text
    async with service.db.transaction() as tx:
        for model in RULES:
            table = model.__table__
            assert isinstance(table, Table)
            if (await tx.execute(select(table).limit(1))).first() is None:
                await a_row(tx, table)
                await rulebook.link_row(tx, model, now=service.now.now())
    return rules


async def a_row(tx: AsyncConnection, table: Table) -> None:
    """A row of a table that has none, and of what it refers to: what it says does not matter."""
    row: dict[str, Any] = {}
    for column in table.columns:
        referred = next((key.column for key in column.foreign_keys), None)
        if isinstance(column.type, JSON):
            row[column.name] = {"x": 2}
        elif referred is None:
            row[column.name] = other(column, None)
        elif referred.table.name == "departments":
            row[column.name] = "D1"
        elif not column.nullable:
            await a_row(tx, referred.table)
            row[column.name] = other(referred, None)
    await tx.execute(insert(table), row)


def other(column: Column[Any], value: object) -> object:
    """Another value of a column."""
    if isinstance(column.type, JSON):
        return ["x"] if isinstance(value, list) else {"x": 1}
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 100
    if isinstance(value, datetime | date):
        return value + timedelta(days=1)
    if isinstance(value, bytes):
        return value + b"x"
    if isinstance(value, str):
        return value + "x"
    if isinstance(column.type, Instant):
        return datetime.fromisoformat("2026-11-02T00:00:00+00:00")
    return {str: "x", int: 7, bytes: b"x", date: date(2026, 11, 2)}[column.type.python_type]


async def found(tx: AsyncConnection) -> set[str]:
    seen = Seen()
    await verify_rules(tx, seen)
    return seen.kinds


@pytest.mark.parametrize("model", [*RULES, *OF_DEPARTMENTS], ids=lambda model: model.__tablename__)
async def test_no_column_of_a_rule_is_changed_in_silence(ruled: str, service: Service, model: type[Base]) -> None:
    table = model.__table__
    assert isinstance(table, Table)
    async with service.db.read() as tx:
        assert await found(tx) == set()
        row = (await tx.execute(select(*table.columns).limit(1))).one()
    mine = [column == getattr(row, column.name) for column in table.primary_key.columns]
    for column in table.columns:
        value = other(column, getattr(row, column.name))
        async with undone(service) as tx:
            await tx.execute(update(table).where(*mine).values({column.name: value}))
            assert await found(tx) == {"rule"}, f"{table.name}.{column.name}"


@pytest.mark.parametrize("model", [*RULES, *OF_DEPARTMENTS], ids=lambda model: model.__tablename__)
async def test_no_row_of_a_rule_is_added_or_taken_away_in_silence(
    ruled: str, service: Service, model: type[Base]
) -> None:
    table = model.__table__
    assert isinstance(table, Table)
    async with service.db.read() as tx:
        row = (await tx.execute(select(*table.columns).limit(1))).one()
    mine = [column == getattr(row, column.name) for column in table.primary_key.columns]
    async with undone(service) as tx:
        await tx.execute(delete(table).where(*mine))
        assert await found(tx) == {"rule"}
    last = list(table.primary_key.columns)[-1]
    forged = {**row._mapping, last.name: other(last, getattr(row, last.name))}
    if table.name == "calendar_editions":
        forged["edition"] += 100  # each calendar has one edition of a number
    async with undone(service) as tx:
        await tx.execute(insert(table), forged)
        assert await found(tx) == {"rule"}


async def test_that_a_clock_was_accepted_is_history(ruled: str, service: Service) -> None:
    async with service.db.transaction() as tx:
        await link_acceptance(tx, "甲", now=service.now.now())
    async with undone(service) as tx:
        assert await found(tx) == set()
        last = "(SELECT max(seq) FROM rule_events)"
        await tampering.run(tx, f"UPDATE rule_events SET key = '乙' WHERE seq = {last}")
        assert await found(tx) == {"rule"}
    await take_all(service)
    async with undone(service) as tx:
        await tampering.run(tx, f"DELETE FROM rule_events WHERE seq = {last}")
        assert await found(tx) == {"rule"}


async def test_a_section_of_no_department_is_found(ruled: str, service: Service) -> None:
    async with undone(service) as tx:
        await tx.execute(insert(Section), {"department": "none", "code": "s", "name": "s", "place": 0})
        assert await found(tx) == {"rule"}


def test_each_table_whose_rows_are_linked_is_walked() -> None:
    linked = set()
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("link_row") and len(node.args) > 1:
                linked.add(ast.unparse(node.args[1]))
    assert linked == {model.__name__ for model in RULES}, "RULES of proof.verify_rules must name it"


def test_no_table_of_rules_is_left_out() -> None:
    rules = {model.__tablename__ for model in (*RULES, *OF_DEPARTMENTS)}
    assert not [name for name in tables.metadata.tables if name.endswith("_rules") and name not in rules]
