"""The rules of findings are data in versions, and history."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text

from app.findings.rule_schemas import FindingRulesIn
from app.findings.sentences import SENTENCES
from app.kit.db import Database
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.findings.conftest import Json, Watch
from tests.findings.test_entering import LATE
from tests.proof import tampering


async def test_the_built_in_rules_stand_until_something_is_published(watch: Watch) -> None:
    shown = (await watch.get("/rules")).json()
    assert (shown["version"], shown["published_at"]) == (0, None)
    assert FindingRulesIn.model_validate(shown["rules"]) == FindingRulesIn()
    assert {one["rule"] for one in shown["told"]} == set(FindingRulesIn.model_fields) - {"source"}
    assert all(one["reason"] and one["innocent"] for one in shown["told"])


async def test_a_version_is_made_once_and_each_stays(watch: Watch) -> None:
    first = await watch.post("/rules", {"burst": {"count": 20}, "source": "某监〔2026〕1号"})
    assert (first.status_code, first.json()["version"]) == (201, 1)
    assert first.json()["rules"]["burst"] == {"enabled": True, "count": 20, "minutes": 30}
    again = await watch.post("/rules", {"burst": {"count": 20}, "source": "某监〔2026〕1号"})
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert (await watch.get("/rules/0")).json()["rules"]["burst"]["count"] == 15
    assert (await watch.get("/rules/1")).json()["rules"]["burst"]["count"] == 20
    assert (await watch.get("/rules/7")).status_code == 404


async def test_under_other_rules_everything_is_looked_at_anew_and_what_was_found_is_kept(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-10T10:00:00+08:00")
    await counter.step(number, "accept", occurred_at="2026-11-03T10:00:00+08:00", **LATE)
    [seen] = await watch.look("2026-11-10T11:00:00+08:00", rule="late_entry")
    laxer = {"late_entry": {"after": {"amount": 10, "unit": "working_day"}}}
    assert (await watch.post("/rules", laxer)).status_code == 201
    assert await watch.look("2026-11-10T12:00:00+08:00", rule="late_entry") == []
    one = (await watch.get(f"/{seen['id']}")).json()["finding"]
    assert one["stood"][0]["to_at"] == "2026-11-10T12:00:00+08:00"
    assert [each["id"] for each in await watch.found(as_of="2026-11-10T11:30:00+08:00", rule="late_entry")] == [
        seen["id"]
    ]
    assert (await watch.post("/rules", {})).status_code == 201
    [back] = await watch.look("2026-11-10T13:00:00+08:00", rule="late_entry")
    assert back["id"] == seen["id"], "the same evidence is the same finding"
    assert len(back["stood"]) == 2
    assert (await watch.post("/rules", {"late_entry": {**laxer["late_entry"], "enabled": False}})).status_code == 201
    assert await watch.look("2026-11-10T14:00:00+08:00", rule="late_entry") == []
    one = (await watch.get(f"/{seen['id']}")).json()["finding"]
    assert [each["cause"] for each in one["stood"]] == ["gone", "disabled"]


async def test_rules_changed_in_silence_are_found(watch: Watch, service: Service, database: Database) -> None:
    assert (await watch.post("/rules", {"burst": {"count": 20}})).status_code == 201
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("UPDATE finding_rules SET published_by = 'nobody'"))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == "rule"


WRONG: Mapping[str, Json] = {
    "an unknown rule": {"rumours": {"enabled": True}},
    "a share over all": {"pause_at_end": {"used_share": 101}},
    "no share": {"pause_at_end": {}},
    "a day that ends before it begins": {"off_hours": {"opens": 600, "closes": 600}},
    "a burst of one": {"burst": {"count": 1}},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_are_no_rules_is_refused(watch: Watch, wrong: str) -> None:
    answer = await watch.post("/rules", WRONG[wrong])
    assert (answer.status_code, (await watch.get("/rules")).json()["version"]) == (422, 0)


def test_each_rule_speaks_both_languages() -> None:
    assert set(SENTENCES) == set(FindingRulesIn.model_fields) - {"source"}
