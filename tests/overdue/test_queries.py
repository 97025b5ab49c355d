"""Which way a list is read: by an index whatever is open, and without a gap between two ways."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from app.alarms.queries import LAST_SWEEP
from app.kit.db import driver
from app.kit.service import Service
from app.kit.statements import Hot
from app.overdue.near import LAST_WRITTEN, near_crossing, near_page, shape_of, values_of
from app.overdue.queries import entries
from app.overdue.selection import ListKind, Moment, Place, Selection
from tests.builders.access import an_actor
from tests.builders.applications import Counter
from tests.conftest import Hands

OVERDUE = Selection(reader=an_actor())
DUE_SOON = Selection(reader=an_actor(), kind=ListKind.DUE_SOON)


A_BUREAU = """
INSERT INTO spans (number, clock, stage, round, from_at, open, party, state, extended, counts_from, used_before, due_on,
  due_at, yellow_at, warnings, after, provisional, fixed, calendar, revision, item, department)
SELECT 'n' || n, 'promise', '', 0, now() - interval '20 days', true, 'agency', 'running', 0, 739000, 0, 739004,
  now() + n * interval '5 minutes', now() + n * interval '5 minutes' - interval '1 day',
  '[]', '[]', false, false, 'CN@23', 1, 'i', 'D' || n % 20
FROM generate_series(-2000, 20000) AS n
"""
"""22,001 open clocks of twenty departments, for a planner to have something to choose between."""


class Planned(Exception):
    """Undoes what a plan was made on."""


async def plan_of_a_bureau(service: Service, hot: Hot, values: dict[str, Any]) -> str:
    """How PostgreSQL reads a statement where there is much to read, by its own choice."""
    told = ""
    form = hot.form(service.db.engine.sync_engine.dialect)
    with suppress(Planned):
        async with service.db.transaction() as tx:
            connection = await driver(tx)
            await connection.execute(A_BUREAU)
            await connection.execute("ANALYZE spans")
            rows = await connection.fetch(f"EXPLAIN {form.sql}", *form.arguments(values))
            told = "\n".join(row[0] for row in rows)
            raise Planned
    return told


async def plan(service: Service, hot: Hot, values: dict[str, Any]) -> str:
    form = hot.form(service.db.readers.sync_engine.dialect)
    async with service.db.borrow() as connection:
        if service.db.dialect == "sqlite":
            rows = await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {form.sql}", form.arguments(values))
            return "\n".join(row[3] for row in rows)
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET enable_bitmapscan = off")
        rows = await connection.fetch(f"EXPLAIN {form.sql}", *form.arguments(values))
        await connection.execute("RESET enable_seqscan")
        await connection.execute("RESET enable_bitmapscan")
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("selection", "goes_on", "index"),
    [
        (OVERDUE, False, "ix_spans_open_due_at"),
        (OVERDUE, True, "ix_spans_open_due_at"),
        (DUE_SOON, False, "ix_spans_open_yellow_at"),
        (Selection(reader=an_actor(), department="D1", clock="promise"), False, "ix_spans_open_due_at"),
    ],
)
async def test_a_page_near_the_present_is_read_from_its_index(
    service: Service, selection: Selection, goes_on: bool, index: str
) -> None:
    now = service.now.now()
    values = values_of(selection) | {"at": now}
    values |= {f"after_{name}": value for name, value in Place(now, "", "", "", 0)._asdict().items()}
    shape = shape_of(selection)._replace(limit=51, goes_on=goes_on)
    if service.db.dialect == "postgresql":
        told = await plan_of_a_bureau(service, near_page(shape), values)
        assert "Seq Scan on spans" not in told
    else:
        told = await plan(service, near_page(shape), values)
    assert index in told
    if selection.kind is ListKind.OVERDUE and service.db.dialect == "sqlite":
        assert "SCAN spans" not in told


async def test_what_every_poll_asks_beside_the_page_is_one_step_in_an_index(service: Service) -> None:
    now = service.now.now()
    values = values_of(DUE_SOON) | {"at": now, "until": now + timedelta(seconds=1)}
    near = plan_of_a_bureau if service.db.dialect == "postgresql" else plan
    told = await near(service, near_crossing(shape_of(DUE_SOON)), values)
    assert "ix_spans_open_yellow_at" in told
    assert "ix_spans_open_due_at" in told or "ix_spans_once_due_at" in told
    assert "ix_applications_recorded_at" in await plan(service, LAST_WRITTEN, {})
    assert "ix_sweeps_finished_at" in await plan(service, LAST_SWEEP, {})


@pytest.mark.parametrize("selection", [OVERDUE, DUE_SOON])
async def test_every_way_to_a_list_leads_to_the_same_rows(
    counter: Counter, service: Service, hands: Hands, selection: Selection
) -> None:
    known = [(await counter.receive())["tracking_number"] for _ in range(4)]
    hands.advance(timedelta(days=4 if selection is DUE_SOON else 20))
    begun = hands.now()
    here = await entries(service.db, selection, Moment(begun, begun), limit=50)
    assert len(here) == 4
    hands.advance(timedelta(seconds=40))
    await counter.step(known[0], "accept")
    await counter.step(
        known[1],
        "explain_delay" if selection is OVERDUE else "accept",
        **({"clock": "notice", "reason": "说明"} if selection is OVERDUE else {}),
    )
    now = hands.now()
    near = await entries(service.db, selection, Moment(begun, now), limit=50)
    far = await entries(service.db, selection, Moment(begun, now + timedelta(days=1)), limit=50)
    places = [entry.place for entry in here]
    assert [entry.place for entry in near] == places, "read from the open ends and from what was written since"
    assert [entry.place for entry in far] == places, "read from the spans that held then"
    after = await entries(service.db, selection, Moment(begun, now), after=places[1], limit=50)
    assert [entry.place for entry in after] == places[2:]
