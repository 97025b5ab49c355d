"""An order is part of the record: what is changed in it is found."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text

from app.kit.db import Database
from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.verify import Asked, verify_all
from tests.proof import tampering
from tests.supervision.conftest import PROOF, Desk


async def an_answered_order(desk: Desk) -> str:
    id_: str = (await desk.issue())["id"]
    await desk.as_("head").step(id_, "acknowledge")
    await desk.as_("head").step(id_, "answer", answer="已办。", documents=PROOF)
    return id_


async def test_an_untouched_order_holds(desk: Desk, service: Service) -> None:
    await an_answered_order(desk)
    await take_all(service)
    await desk.issue()
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert (verdict.broken, verdict.first) == (0, None)


TAMPERINGS: Mapping[str, tuple[str, str]] = {
    "a body": ("UPDATE order_events SET body = (SELECT body FROM order_events WHERE seq = 2) WHERE seq = 3", "hash"),
    "a step in the middle": ("DELETE FROM order_events WHERE seq = 2", "gap"),
    "the last step": ("DELETE FROM order_events WHERE seq = 3", "tail"),
    "the status": ("UPDATE orders SET status = 'closed'", "head_row"),
    "the department": ("UPDATE orders SET section = 'x'", "head_row"),
    "what is sealed": ("UPDATE order_private SET sealed = (SELECT sealed FROM order_private WHERE seq = 1)", "sealed"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_a_changed_order_is_found(desk: Desk, service: Service, database: Database, what: str) -> None:
    id_ = await an_answered_order(desk)
    statement, kind = TAMPERINGS[what]
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        if "seq = 3" in statement and statement.startswith("DELETE"):
            await tx.execute(text("DELETE FROM order_private WHERE seq = 3"))
        await tx.execute(text(statement))
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert verdict.first is not None
    assert (verdict.first.number, verdict.first.kind) == (id_, kind)


async def test_a_tail_that_was_cut_with_its_head_is_found_by_the_checkpoint(
    desk: Desk, service: Service, database: Database
) -> None:
    id_ = await an_answered_order(desk)
    await take_all(service)
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("DELETE FROM order_private WHERE seq = 3"))
        await tx.execute(text("DELETE FROM order_events WHERE seq = 3"))
        await tx.execute(
            text(
                "UPDATE orders SET version = 2, status = 'acknowledged', "
                "head_hash = (SELECT hash FROM order_events WHERE seq = 2)"
            )
        )
    verdict = await verify_all(service.db, service.sealer, Asked(record_only=True))
    assert verdict.first is not None
    assert (verdict.first.number, verdict.first.kind) == (id_, "covered")
