"""The receipt: what it gives, what it refuses, and who may bring it."""

import asyncio
from collections import Counter as Count
from datetime import timedelta
from typing import Any

import pytest

from app.applications.models import Application
from app.domain import tracking_number
from app.kit.db import Database
from tests.applications.counting import count_of
from tests.builders.applications import Counter, a_receipt, an_item_with_clocks
from tests.builders.departments import a_department, a_section
from tests.conftest import Hands


async def test_a_receipt_gives_number_code_clocks_and_place(counter: Counter) -> None:
    answer = await counter.post("", a_receipt(project_code="2026-410105-1", external_ref="A-1"))
    assert answer.status_code == 201
    document = answer.json()
    number = document["tracking_number"]
    assert tracking_number.parse(number) == number
    assert answer.headers["location"] == f"/api/v1/applications/{number}"
    assert answer.headers["etag"] == '"1"'
    assert len(document["query_code"]) == 8
    shown = {
        name: document[name] for name in ("status", "version", "received_on", "submitted_at", "item", "item_version")
    }
    assert shown == {
        "status": "received",
        "version": 1,
        "received_on": "2026-11-02",
        "submitted_at": "2026-11-02T09:00:00+08:00",
        "item": "eia-report",
        "item_version": 1,
    }
    assert document["holder"] == {"department": "D1", "section": None, "officer": None}
    assert document["light"] == "green"
    states = {(clock["kind"], clock["stage"]): (clock["state"], clock["due_on"]) for clock in document["clocks"]}
    assert states == {
        ("notice", None): ("running", "2026-11-09"),
        ("statutory", None): ("running", "2027-01-01"),
        ("promise", None): ("not_started", None),
        ("delivery", None): ("not_started", None),
        ("stage", "review"): ("not_started", None),
        ("stage", "approval"): ("not_started", None),
    }


async def test_every_code_has_a_label_in_the_language_asked(counter: Counter) -> None:
    for language, status, light in (("en", "Received", "On time"), ("zh-CN", "已收件", "正常")):
        answer = await counter.post("", a_receipt(), **{"Accept-Language": language})
        document = answer.json()
        assert document["status_label"] == status
        assert document["light_label"] == light
        assert answer.headers["content-language"] == language
        unlabelled = [
            name for name in ("status", "light", "receipt_rule", "channel") if f"{name}_label" not in document
        ]
        assert not unlabelled
        for clock in document["clocks"]:
            assert clock["kind_label"]
            assert clock["state_label"]


async def test_the_query_code_is_shown_this_once(counter: Counter) -> None:
    received = await counter.receive()
    assert "query_code" not in await counter.read(received["tracking_number"])
    steps = (await counter.get(f"/{received['tracking_number']}/steps")).text
    assert received["query_code"] not in steps


async def test_numbers_that_identify_are_masked_and_names_are_not(counter: Counter) -> None:
    document = await counter.receive()
    assert document["applicant"]["name"] == "某某有限公司"
    assert document["applicant"]["id_number"] == "9135**********0Y43"
    assert document["applicant"]["phone"] == "138****1234"


@pytest.mark.parametrize(
    ("id_type", "id_number", "status"),
    [
        ("uscc", "91350100M000100Y43", 201),
        ("uscc", "91350100M000100Y44", 422),
        ("uscc", "91350100m000100y43", 201),
        ("uscc", "9135", 422),
        ("resident_id", "11010519491231002X", 201),
        ("resident_id", "11010519491231002x", 201),
        ("resident_id", "110105194912310021", 422),
        ("resident_id", "1101051949123100２X", 422),
        ("passport", "anything", 201),
    ],
)
async def test_an_identity_number_with_a_wrong_check_character_is_refused(
    counter: Counter, id_type: str, id_number: str, status: int
) -> None:
    applicant = {"name": "张三", "id_type": id_type, "id_number": id_number}
    answer = await counter.post("", a_receipt(applicant=applicant))
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["code"] == "id_number_malformed"
        assert answer.json()["errors"][0]["pointer"] == "/applicant/id_number"
        assert id_number not in answer.text


async def test_the_same_post_fifty_times_at_once_makes_one_application(counter: Counter, database: Database) -> None:
    answers = await asyncio.gather(*[counter.post("", a_receipt(), **{"Idempotency-Key": "k-1"}) for _ in range(50)])
    assert Count(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await count_of(database, Application) == 1


async def test_a_key_used_for_another_receipt_is_refused(counter: Counter) -> None:
    first = await counter.post("", a_receipt(), **{"Idempotency-Key": "k-1"})
    assert first.status_code == 201
    other = await counter.post("", a_receipt(subject="else"), **{"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refused_receipt_leaves_the_key_free(counter: Counter) -> None:
    refused = await counter.post("", a_receipt(item="none"), **{"Idempotency-Key": "k-1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "item_unknown")
    assert (await counter.post("", a_receipt(), **{"Idempotency-Key": "k-1"})).status_code == 201


async def test_an_external_reference_names_one_application(counter: Counter) -> None:
    first = await counter.receive(external_ref="A-1")
    again = await counter.post("", a_receipt(external_ref="A-1"))
    assert (again.status_code, again.json()["code"]) == (409, "external_ref_taken")
    assert again.json()["tracking_number"] == first["tracking_number"]
    assert (await counter.post("", a_receipt(external_ref="A-2"))).status_code == 201


async def test_the_same_reference_at_once_makes_one_application(counter: Counter, database: Database) -> None:
    answers = await asyncio.gather(*[counter.post("", a_receipt(external_ref="A-1")) for _ in range(8)])
    assert Count(answer.status_code for answer in answers) == {201: 1, 409: 7}
    assert await count_of(database, Application) == 1


async def test_a_receipt_may_lie_back_and_is_marked_beyond_the_limit(counter: Counter) -> None:
    friday = await counter.receive(submitted_at="2026-10-30T16:00:00+08:00")
    assert (friday["received_on"], friday["late_entry"]) == ("2026-10-30", False)
    thursday = await counter.receive(submitted_at="2026-10-29T16:00:00+08:00")
    assert (thursday["received_on"], thursday["late_entry"]) == ("2026-10-29", True)
    steps = (await counter.get(f"/{thursday['tracking_number']}/steps")).json()["items"]
    assert steps[0]["late_entry"] is True


async def test_a_receipt_ahead_of_the_server_is_now_up_to_five_seconds(counter: Counter) -> None:
    near = await counter.receive(submitted_at="2026-11-02T09:00:05+08:00")
    assert near["submitted_at"] == "2026-11-02T09:00:00+08:00"
    far = await counter.post("", a_receipt(submitted_at="2026-11-02T09:00:06+08:00"))
    assert (far.status_code, far.json()["code"]) == (422, "occurred_in_future")
    assert far.json()["errors"][0]["pointer"] == "/submitted_at"


async def test_the_day_of_the_receipt_is_that_of_the_place(counter: Counter) -> None:
    document = await counter.receive(submitted_at="2026-11-01T17:00:00Z")
    assert document["received_on"] == "2026-11-02"


async def test_a_new_version_counts_for_what_is_received_from_its_first_day_on(counter: Counter, hands: Hands) -> None:
    await counter.publish(an_item_with_clocks().with_(valid_from="2026-11-04", name="another"))
    assert (await counter.receive())["item_version"] == 1
    hands.set("2026-11-04T09:00:00+08:00")
    assert (await counter.receive())["item_version"] == 2
    assert (await counter.receive(submitted_at="2026-11-03T23:59:00+08:00"))["item_version"] == 1


async def test_a_fixed_end_needs_its_basis_and_a_head(counter: Counter) -> None:
    fixed = {"statutory": "2027-03-15"}
    without = await counter.post("", a_receipt(fixed_due=fixed))
    assert (without.status_code, without.json()["code"]) == (422, "fixed_due_basis_missing")
    by_clerk = await counter.as_("clerk").post("", a_receipt(fixed_due=fixed, fixed_due_basis="许可法 50"))
    assert (by_clerk.status_code, by_clerk.json()["code"]) == (403, "role_not_allowed")
    document = await counter.receive(fixed_due=fixed, fixed_due_basis="许可法 50")
    due = {clock["kind"]: clock["due_at"] for clock in document["clocks"]}
    assert due["statutory"] == "2027-03-16T00:00:00+08:00"


async def test_a_fixed_instant_is_the_exclusive_end_and_makes_a_clock_that_the_item_lacks(counter: Counter) -> None:
    fixed = {"renewal": "2026-12-31T12:00:00+08:00"}
    document = await counter.receive(fixed_due=fixed, fixed_due_basis="许可法 50")
    [clock] = [clock for clock in document["clocks"] if clock["kind"] == "renewal"]
    assert (clock["limit"], clock["due_at"], clock["state"]) == (None, "2026-12-31T12:00:00+08:00", "running")


async def test_the_first_holder_may_be_named_and_must_exist(counter: Counter) -> None:
    sections = [a_section("审批科", "李"), a_section("窗口")]
    answer = await counter.client.put(
        "/api/v1/departments/D1",
        json={**without_code(a_department("D1")), "sections": sections},
        headers={"X-API-Key": counter.keys["admin"]},
    )
    assert answer.status_code in (200, 201), answer.text
    document = await counter.receive(section="审批科", officer="李")
    assert document["holder"] == {"department": "D1", "section": "审批科", "officer": "李"}
    for named, code in (({"section": "none"}, "section_unknown"), ({"officer": "none"}, "officer_unknown")):
        refused = await counter.post("", a_receipt(**named))
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def without_code(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "code"}


async def test_an_office_receives_only_for_itself(counter: Counter) -> None:
    answer = await counter.client.put(
        "/api/v1/departments/D2", json=without_code(a_department("D2")), headers={"X-API-Key": counter.keys["admin"]}
    )
    assert answer.status_code in (200, 201), answer.text
    assert (await counter.post("", a_receipt(department="D2"))).status_code == 404
    assert (await counter.post("", a_receipt(department="none"))).status_code == 404
    assert (await counter.as_("admin_key").post("", a_receipt(department="D2"))).status_code == 201
    unknown = await counter.as_("admin_key").post("", a_receipt(department="none"))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "department_unknown")


@pytest.mark.parametrize("role", ["supervisor", "auditor", "admin", "security", "integration"])
async def test_who_may_not_receive_is_refused(counter: Counter, role: str) -> None:
    answer = await counter.as_(role).post("", a_receipt())
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"item": 5}, "/item"),
        ({"unknown": 1}, "/unknown"),
        ({"channel": "pigeon"}, "/channel"),
        ({"applicant": {}}, "/applicant/name"),
        ({"subject": "\u3000"}, "/subject"),
        ({"submitted_at": "2026-11-02T09:00:00"}, "/submitted_at"),
        ({"submitted_at": 1793581200}, "/submitted_at"),
        ({"fixed_due": {"statutory": "soon"}}, "/fixed_due/statutory"),
        ({"fixed_due": {"statutory": "2300-01-01"}}, "/fixed_due/statutory"),
        ({"external_ref": "a\u0000b"}, "/external_ref"),
        ({"external_ref": "x" * 129}, "/external_ref"),
        ({"item": "a/b"}, "/item"),
    ],
)
async def test_what_is_wrong_with_a_receipt_is_pointed_at(
    counter: Counter, change: dict[str, Any], pointer: str
) -> None:
    answer = await counter.post("", a_receipt(**change))
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"fixed_due": {"statutory": "2199-12-31"}}, 201),
        ({"fixed_due": {"statutory": "1949-01-01"}}, 422),
        ({"fixed_due": {"statutory": "2199-12-31T23:59:59.999999+08:00"}}, 201),
        ({"submitted_at": "1949-01-01T00:00:00+14:00"}, 422),
        ({"submitted_at": "2199-12-31T23:59:59-12:00"}, 422),
        ({"submitted_at": "2006-11-30T23:59:59+08:00"}, 422),
        ({"submitted_at": "2007-01-04T09:00:00+08:00"}, 201),
    ],
)
async def test_the_ends_of_time_are_refused_or_counted(counter: Counter, change: dict[str, Any], status: int) -> None:
    answer = await counter.post("", a_receipt(**change, fixed_due_basis="许可法 50"))
    assert answer.status_code == status, answer.text
    if status == 201:
        number = answer.json()["tracking_number"]
        for at in ("1949-01-01T00:00:00+08:00", "2199-12-31T23:59:59+08:00"):
            assert (await counter.get(f"/{number}", as_of=at)).status_code == 200
            assert (await counter.get("", as_of=at)).status_code == 200


async def test_a_number_that_is_taken_is_drawn_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, hands: Hands
) -> None:
    first = await counter.receive()
    drawn = iter([first["tracking_number"], None, "MX6E-M2P3-F3PP-6B"])
    monkeypatch.setattr(tracking_number, "make", lambda _: next(drawn))
    hands.advance(timedelta(minutes=1))
    assert (await counter.receive())["tracking_number"] == "MX6E-M2P3-F3PP-6B"
