"""A rule that is changed in silence is found like a step."""

import pytest

from app.kit.service import Service
from app.proof.checkpoints import take_all
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter, an_item_with_clocks
from tests.proof import tampering


async def found(service: Service) -> list[str]:
    first = (await verify_all(service.db, service.sealer, Asked(record_only=True))).first
    return [] if first is None else [first.kind]


async def test_untouched_rules_are_as_they_were_published(rules: str, service: Service) -> None:
    assert await found(service) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE item_versions SET body = replace(CAST(body AS text), '60', '90'){json} WHERE version = 1",
        "UPDATE item_versions SET valid_from = '2027-01-01' WHERE version = 2",
        "DELETE FROM item_versions WHERE version = 2",
        "UPDATE calendar_editions SET document = 'x'",
        "DELETE FROM suspensions",
        "UPDATE suspensions SET last = '2026-11-03'",
        "UPDATE api_keys SET role = 'head' WHERE name = '乙'",
        "UPDATE api_keys SET revoked_at = NULL WHERE name = '甲'",
        "DELETE FROM api_keys WHERE name = '甲'",
        "DELETE FROM rule_events WHERE seq = 3",
        "DELETE FROM rule_events WHERE seq = (SELECT max(seq) FROM rule_events)",
        "UPDATE rule_events SET body = body || body WHERE seq = 2",
    ],
)
async def test_a_rule_that_is_changed_in_silence_is_found(rules: str, service: Service, statement: str) -> None:
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, statement.replace("{json}", "::json" if tx.dialect.name == "postgresql" else ""))
    assert await found(service) == ["rule"]


async def test_a_rule_taken_away_with_its_link_is_found_by_the_checkpoint(rules: str, service: Service) -> None:
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        await tampering.run(tx, "DELETE FROM rule_events WHERE seq > 8")
        await tampering.run(tx, "DELETE FROM item_versions")
        await tampering.run(tx, "DELETE FROM suspensions")
        await tampering.run(tx, "DELETE FROM calendar_editions")
        await tampering.run(tx, "DELETE FROM api_keys WHERE name IN ('甲', '乙')")
    assert await found(service) == ["rule"]


async def test_a_rule_that_changes_makes_a_checkpoint_due(rules: str, service: Service, counter: Counter) -> None:
    assert await take_all(service) == []
    await counter.publish(an_item_with_clocks().with_(name="又改名"))
    [taken] = await take_all(service)
    assert b'"count":0' in taken.body
    assert await found(service) == []


async def test_the_database_refuses_to_change_a_link(rules: str, service: Service) -> None:
    with pytest.raises(Exception, match="append-only"):
        async with service.db.transaction() as tx:
            await tampering.run(tx, "UPDATE rule_events SET kind = 'x'")
