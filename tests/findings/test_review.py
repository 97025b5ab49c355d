"""A verdict on a finding: once, by nobody concerned, corrected by a further one, never changed in silence."""

import asyncio

from sqlalchemy import text

from app.kit.db import Database
from app.kit.service import Service
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter
from tests.builders.findings import a_finding
from tests.conftest import Hands
from tests.findings.conftest import Watch
from tests.findings.test_entering import LATE
from tests.proof import tampering

REVIEW = {"verdict": "justified", "note": "系统停机一天，有记录。", "actor": "监察员"}


async def test_a_reviewed_finding_stays_reviewed_and_one_that_grew_names_it(
    counter: Counter, watch: Watch, hands: Hands
) -> None:
    number = (await counter.receive())["tracking_number"]
    hands.set("2026-11-20T10:00:00+08:00")
    done = await counter.step(number, "accept", occurred_at="2026-11-03T10:00:00+08:00", **LATE)
    [seen] = await watch.look("2026-11-20T11:00:00+08:00", rule="late_entry")
    assert (seen["state"], seen["review"]) == ("open", None)
    answer = await watch.post(f"/{seen['id']}/review", REVIEW)
    assert answer.status_code == 201, answer.text
    assert answer.json()["finding"]["state"] == "reviewed"
    hands.set("2026-11-20T12:00:00+08:00")
    await counter.step(number, "start_stage", stage="review")
    [again] = await watch.look("2026-11-20T13:00:00+08:00", rule="late_entry")
    assert (again["id"], again["state"]) == (seen["id"], "reviewed")
    assert again["review"]["note"] == REVIEW["note"]
    await counter.step(
        number,
        "amend",
        step=done["step"]["id"],
        replaces={"occurred_at": "2026-11-02T10:00:00+08:00"},
        reason="日期录错",
        approver="局长",
        actor="甲",
    )
    assert [one["id"] for one in await watch.look("2026-11-20T14:00:00+08:00", rule="late_entry")] != [seen["id"]]
    [old] = await watch.found(as_of="2026-11-20T13:00:00+08:00", rule="late_entry")
    assert (old["id"], old["state"]) == (seen["id"], "reviewed")


async def test_a_second_review_must_say_that_it_corrects_the_first(watch: Watch, service: Service) -> None:
    id_ = await a_finding(service, service.now.now())
    assert (await watch.post(f"/{id_}/review", {**REVIEW, "corrects": 1})).status_code == 409
    assert (await watch.post(f"/{id_}/review", REVIEW)).status_code == 201
    refused = await watch.post(f"/{id_}/review", {**REVIEW, "verdict": "unfounded"})
    assert (refused.status_code, refused.json()["code"]) == (409, "finding_reviewed")
    assert refused.json()["current"] == {"reviews": 1}
    corrected = await watch.post(f"/{id_}/review", {**REVIEW, "verdict": "referred", "corrects": 1})
    assert corrected.status_code == 201
    assert [one["verdict"] for one in corrected.json()["reviews"]] == ["justified", "referred"]
    assert corrected.json()["finding"]["review"]["corrects"] == 1


async def test_of_two_at_once_one_is_the_first(watch: Watch, service: Service) -> None:
    id_ = await a_finding(service, service.now.now())
    answers = await asyncio.gather(*(watch.post(f"/{id_}/review", REVIEW) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


async def test_the_same_key_answers_the_same_once(watch: Watch, service: Service) -> None:
    id_ = await a_finding(service, service.now.now())
    first, again = [await watch.post(f"/{id_}/review", REVIEW, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_neither_the_officer_nor_the_section_reviews_it(watch: Watch, service: Service) -> None:
    people = [{"code": "zhang", "name": "张三"}, {"code": "li", "name": "李四"}]
    document = {"name": "测试局", "sections": [{"code": "s", "name": "科", "officers": people}]}
    answer = await watch.client.put("/api/v1/departments/D1", json=document, headers=watch.as_("admin").headers())
    assert answer.status_code == 200, answer.text
    id_ = await a_finding(service, service.now.now(), officer="zhang")
    for name in ("zhang", "张三", "张 三", "李四", "LI"):
        refused = await watch.post(f"/{id_}/review", {**REVIEW, "actor": name})
        assert (refused.status_code, refused.json()["code"]) == (403, "finding_concerns_you"), name
    assert (await watch.as_("head").post(f"/{id_}/review", REVIEW)).status_code == 403
    assert (await watch.post(f"/{id_}/review", REVIEW)).status_code == 201


async def test_a_head_sees_the_own_office_alone(watch: Watch, service: Service) -> None:
    for code in ("D1", "D9"):
        if code != "D1":
            document = {"name": code}
            await watch.client.put(f"/api/v1/departments/{code}", json=document, headers=watch.as_("admin").headers())
        await a_finding(service, service.now.now(), department=code)
    seen = await watch.as_("head").found()
    assert [one["holder"]["department"] for one in seen] == ["D1"]
    [other] = await watch.found(department="D9")
    assert (await watch.as_("head").get(f"/{other['id']}")).status_code == 404
    assert (await watch.get(f"/{other['id']}")).status_code == 200


async def test_a_review_changed_in_silence_is_found(watch: Watch, service: Service, database: Database) -> None:
    id_ = await a_finding(service, service.now.now())
    assert (await watch.post(f"/{id_}/review", REVIEW)).status_code == 201
    assert (await verify_all(service.db, service.sealer, Asked())).first is None
    async with database.transaction() as tx:
        await tampering.unlock(tx)
        await tx.execute(text("UPDATE finding_reviews SET verdict = 'unfounded'"))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert found.kind == "rule"
    assert "finding_reviews" in found.detail
