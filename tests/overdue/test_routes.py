"""The polled lists through HTTP: right at the instant asked, whether or not a sweep has run."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders.applications import Counter, an_item_with_clocks
from tests.builders.departments import a_department, a_section
from tests.conftest import Hands

Json = dict[str, Any]  # a JSON object


async def asked(counter: Counter, path: str = "/overdue", **query: str) -> Json:
    answer = await counter.client.get(f"/api/v1{path}", params=query, headers=counter.headers())
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def status(counter: Counter, path: str, tag: str | None = None, **query: str) -> int:
    more = {} if tag is None else {"If-None-Match": tag}
    answer = await counter.client.get(f"/api/v1{path}", params=query, headers=counter.headers(**more))
    return answer.status_code


def numbers(page: Json) -> list[str]:
    return [row["tracking_number"] for row in page["items"]]


def keys_of(page: Json) -> list[tuple[str, str]]:
    return [(row["tracking_number"], row["clock"]["kind"]) for row in page["items"]]


def due_at(application: Json, kind: str = "notice") -> str:
    return str(next(clock["due_at"] for clock in application["clocks"] if clock["kind"] == kind))


async def test_a_clock_is_overdue_from_its_due_instant_on_and_not_before(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    end = datetime.fromisoformat(due_at(received))
    hands.set(end - timedelta(microseconds=1))
    assert numbers(await asked(counter)) == []
    hands.set(end)
    assert numbers(await asked(counter)) == [received["tracking_number"]]


async def test_a_past_or_coming_instant_is_asked_like_the_present(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    end = datetime.fromisoformat(due_at(received))
    assert numbers(await asked(counter, as_of=end.isoformat())) == [received["tracking_number"]]
    assert numbers(await asked(counter, as_of=(end - timedelta(seconds=1)).isoformat())) == []
    hands.set(end + timedelta(days=400))
    assert keys_of(await asked(counter, as_of=end.isoformat())) == [(received["tracking_number"], "notice")]
    assert numbers(await asked(counter, as_of="1999-01-01T00:00:00+08:00")) == []


async def test_a_row_says_which_application_whose_and_why(counter: Counter, hands: Hands) -> None:
    received = await counter.receive(subject="年产二万吨项目", external_ref="X-1")
    hands.set(due_at(received))
    hands.advance(timedelta(days=3))
    await counter.step(received["tracking_number"], "explain_delay", clock="notice", reason="资料待核实")
    [row] = (await asked(counter))["items"]
    assert row["external_ref"] == "X-1"
    assert row["item"] == "eia-report"
    assert row["department"] == "D1"
    assert row["holder"] == {"department": "D1", "section": None, "officer": None}
    assert row["subject"] == "年产二万吨项目"
    assert row["reason"] == "资料待核实"
    assert row["clock"]["light"] == "red"
    [before] = (await asked(counter, as_of=due_at(received)))["items"]
    assert before["reason"] is None


async def test_a_clock_that_stopped_late_is_listed_only_when_asked_for(counter: Counter, hands: Hands) -> None:
    late, exact = await counter.receive(), await counter.receive()
    end = due_at(late)
    hands.set(end)
    await counter.step(exact["tracking_number"], "accept")
    hands.advance(timedelta(seconds=1))
    await counter.step(late["tracking_number"], "accept")
    assert keys_of(await asked(counter, clock="notice")) == []
    stopped = await asked(counter, clock="notice", include_stopped="true")
    assert numbers(stopped) == [late["tracking_number"]]
    assert stopped["items"][0]["clock"]["state"] == "missed"
    assert sorted(numbers(await asked(counter, clock="notice", as_of=end))) == sorted([late["tracking_number"]]), (
        "what stopped exactly at its end was never seen overdue"
    )


async def test_filters_narrow_the_list(counter: Counter, hands: Hands) -> None:
    admin = {"X-API-Key": counter.keys["admin"]}
    body = a_department("D1", sections=[a_section("S1", "O1")])
    body.pop("code", None)
    answer = await counter.client.put("/api/v1/departments/D1", json=body, headers=admin)
    assert answer.status_code in (200, 201), answer.text
    below = a_department("D1-1", "D1")
    below.pop("code", None)
    answer = await counter.client.put("/api/v1/departments/D1-1", json=below, headers=admin)
    assert answer.status_code in (200, 201), answer.text
    await counter.publish(an_item_with_clocks("other"))
    plain = (await counter.receive())["tracking_number"]
    held = (await counter.receive(section="S1", officer="O1"))["tracking_number"]
    lower = (await counter.receive(item="other", department="D1-1"))["tracking_number"]
    hands.advance(timedelta(days=20))

    async def found(**query: str) -> set[str]:
        return set(numbers(await asked(counter, clock="notice", **query)))

    assert await found() == {plain, held, lower}
    assert await found(department="D1") == {plain, held, lower}
    assert await found(department="D1-1") == {lower}
    assert await found(department="none") == set()
    assert await found(section="S1") == {held}
    assert await found(section="") == {plain, lower}
    assert await found(officer="O1") == {held}
    assert await found(officer="") == {plain, lower}
    assert await found(item="other") == {lower}
    assert await found(stage="") == {plain, held, lower}
    assert await found(stage="review") == set()
    assert await found(party="applicant") == set()
    assert await found(party="agency") == {plain, held, lower}
    summary = await asked(counter, "/overdue/summary", by="section", clock="notice")
    assert [(line["section"], line["red"]) for line in summary["items"]] == [("S1", 1), (None, 2)]


async def test_min_overdue_is_in_each_clocks_own_unit(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    await counter.receive()
    hands.set(due_at(received))
    for _ in range(6):
        hands.advance(timedelta(days=1))
        rows = (await asked(counter))["items"]
        assert len(rows) == 2
        overdue = rows[0]["clock"]["overdue"]
        assert len((await asked(counter, min_overdue=str(overdue)))["items"]) == 2
        assert (await asked(counter, min_overdue=str(overdue + 1)))["items"] == []
        for least, red in ((overdue, 2), (overdue + 1, 0)):
            summary = await asked(counter, "/overdue/summary", by="clock", min_overdue=str(least or 1))
            assert sum(line["red"] for line in summary["items"]) == (red if least or overdue else 0)


async def test_pages_are_cut_by_due_instant_and_pin_the_instant_of_the_first(counter: Counter, hands: Hands) -> None:
    applications = []
    for _ in range(7):
        applications.append(await counter.receive())
        hands.advance(timedelta(days=1))
    hands.advance(timedelta(days=30))
    whole = await asked(counter)
    order = [(row["clock"]["due_at"], row["tracking_number"]) for row in whole["items"]]
    assert order == sorted(order)

    first = await counter.client.get("/api/v1/overdue?limit=3", headers=counter.headers())
    page = first.json()
    walked = numbers(page)
    hands.advance(timedelta(seconds=30))
    leaver = numbers(whole)[4]
    await counter.step(leaver, "accept")
    link: str | None = first.headers["Link"]
    while link is not None:
        assert link.endswith('; rel="next"')
        following = await counter.client.get(link[1 : link.index(">")], headers=counter.headers())
        assert following.json()["as_of"] == page["as_of"]
        walked += numbers(following.json())
        link = following.headers.get("Link")
    assert walked == numbers(whole), "who was overdue when the walk began stands in it"
    assert leaver not in numbers(await asked(counter, clock="notice"))


async def test_a_cursor_continues_its_own_list_only(counter: Counter, hands: Hands) -> None:
    for _ in range(3):
        await counter.receive()
    hands.advance(timedelta(days=30))
    cursor = (await asked(counter, limit="1"))["next_cursor"]
    assert await status(counter, "/overdue", cursor=cursor, limit="2") == 200
    assert await status(counter, "/overdue", cursor=cursor, item="other") == 422
    assert await status(counter, "/due-soon", cursor=cursor) == 422
    assert await status(counter, "/overdue", cursor=cursor[:-4]) == 422


async def test_a_poll_that_finds_nothing_new_is_304_and_says_of_when(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    hands.set(due_at(received))
    first = await counter.client.get("/api/v1/overdue", headers=counter.headers())
    tag = first.headers["ETag"]
    hands.advance(timedelta(hours=3))
    second = await counter.client.get("/api/v1/overdue", headers=counter.headers(**{"If-None-Match": tag}))
    assert second.status_code == 304
    assert second.content == b""
    assert second.headers["ETag"] == tag
    assert datetime.fromisoformat(second.headers["X-As-Of"]) == hands.now()
    assert first.headers["X-As-Of"] == first.json()["as_of"]


async def test_the_tag_changes_when_a_clock_crosses_when_a_day_begins_and_when_a_step_is_recorded(
    counter: Counter, hands: Hands
) -> None:
    received = await counter.receive()
    later = due_at(received)

    async def tag() -> str:
        answer = await counter.client.get("/api/v1/overdue", headers=counter.headers())
        return str(answer.headers["ETag"])

    hands.set(datetime.fromisoformat(later) - timedelta(milliseconds=1))
    before = await tag()
    hands.set(later)
    crossed = await tag()
    assert crossed != before
    hands.advance(timedelta(hours=23, minutes=59, seconds=59))
    assert await tag() == crossed
    hands.advance(timedelta(seconds=1))
    next_day = await tag()
    assert next_day != crossed
    await counter.step(received["tracking_number"], "explain_delay", clock="notice", reason="说明")
    explained = await tag()
    assert explained != next_day
    await counter.step(received["tracking_number"], "accept")
    assert await tag() == before, "an empty list is an empty list"


async def test_tags_differ_by_query_language_and_scope(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    hands.set(due_at(received))

    async def tag(query: str = "", **headers: str) -> str:
        answer = await counter.client.get(f"/api/v1/overdue{query}", headers=headers)
        return str(answer.headers["ETag"])

    head, supervisor = counter.keys["head"], counter.keys["supervisor"]
    tags = [
        await tag(**{"X-API-Key": head}),
        await tag("?limit=50", **{"X-API-Key": head}),
        await tag(**{"X-API-Key": head, "Accept-Language": "en"}),
        await tag(**{"X-API-Key": supervisor}),
    ]
    assert len(set(tags)) == 4
    assert await tag(**{"X-API-Key": counter.keys["clerk"]}) == tags[0], "clerk and head of D1 see the same"


async def test_a_write_of_this_process_is_seen_at_once(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    hands.set(due_at(received))
    assert len((await asked(counter))["items"]) == 1
    await counter.step(received["tracking_number"], "accept")
    assert (await asked(counter, clock="notice"))["items"] == []


async def test_gone_names_what_was_finished_moved_away_or_corrected_later(counter: Counter, hands: Hands) -> None:
    decided, untouched, corrected = [await counter.receive() for _ in range(3)]
    end = datetime.fromisoformat(due_at(decided))
    hands.set(end + timedelta(hours=1))
    since = hands.now().isoformat()
    hands.advance(timedelta(minutes=2))
    await counter.step(decided["tracking_number"], "accept")
    await counter.step(
        corrected["tracking_number"],
        "accept",
        occurred_at=(end - timedelta(hours=2)).isoformat(),
        late_reason="系统故障",
    )
    explained = await counter.receive()
    page = await asked(counter, changed_since=since, clock="notice")
    assert page["items"] == []
    gone = {(row["tracking_number"], row["clock"], row["stage"]) for row in page["gone"]}
    assert gone == {(decided["tracking_number"], "notice", None), (corrected["tracking_number"], "notice", None)}
    await counter.step(untouched["tracking_number"], "explain_delay", clock="notice", reason="说明")
    page = await asked(counter, changed_since=since, clock="notice")
    assert numbers(page) == [untouched["tracking_number"]]
    assert explained["tracking_number"] not in {row["tracking_number"] for row in page["gone"]}
    assert "gone" not in await asked(counter)


async def test_changed_since_shows_what_crossed_and_what_a_new_day_changed(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    end = datetime.fromisoformat(due_at(received))
    hands.set(end + timedelta(minutes=1))
    crossed = await asked(counter, changed_since=(end - timedelta(minutes=1)).isoformat())
    assert numbers(crossed) == [received["tracking_number"]]
    assert crossed["gone"] == []
    assert numbers(await asked(counter, changed_since=end.isoformat())) == []
    for _ in range(8):
        hands.advance(timedelta(days=1))
        since = (hands.now() - timedelta(days=1)).isoformat()
        [row] = (await asked(counter))["items"]
        [before] = (await asked(counter, as_of=since))["items"]
        changed = await asked(counter, changed_since=since)
        assert bool(changed["items"]) == (row["clock"] != before["clock"])


async def test_due_soon_lists_yellow_lights_and_says_when_they_turned_red(counter: Counter, hands: Hands) -> None:
    received = await counter.receive()
    clock = next(clock for clock in received["clocks"] if clock["kind"] == "notice")
    yellow = datetime.fromisoformat(clock["warnings"][0]["at"])
    hands.set(yellow - timedelta(seconds=1))
    assert (await asked(counter, "/due-soon"))["items"] == []
    hands.set(yellow)
    [row] = (await asked(counter, "/due-soon"))["items"]
    assert row["clock"]["light"] == "yellow"
    changed = await asked(counter, "/due-soon", changed_since=(yellow - timedelta(seconds=1)).isoformat())
    assert numbers(changed) == [received["tracking_number"]]
    hands.set(clock["due_at"])
    page = await asked(counter, "/due-soon", changed_since=yellow.isoformat())
    assert page["items"] == []
    assert page["gone"] == [{"tracking_number": received["tracking_number"], "clock": "notice", "stage": None}]
    assert numbers(await asked(counter, "/due-soon", as_of=yellow.isoformat())) == [received["tracking_number"]]


@pytest.mark.parametrize("by", ["department", "item", "section", "officer", "clock"])
async def test_a_summary_counts_every_running_clock_once(counter: Counter, hands: Hands, by: str) -> None:
    known = [await counter.receive() for _ in range(3)]
    await counter.step(known[2]["tracking_number"], "accept")
    for instant in (hands.now(), due_at(known[0]), due_at(known[0], "statutory")):
        hands.set(instant)
        summary = await asked(counter, "/overdue/summary", by=by)
        total = {light: sum(line[light] for line in summary["items"]) for light in ("red", "yellow", "green")}
        assert next(iter(summary["items"][0])) == by
        clocks = [
            clock["light"]
            for each in known
            for clock in (await counter.read(each["tracking_number"]))["clocks"]
            if clock["state"] == "running"
        ]
        assert total == {light: clocks.count(light) for light in ("red", "yellow", "green")}
        past = await asked(counter, "/overdue/summary", by=by, as_of=hands.now().isoformat())
        assert past["items"] == summary["items"]
        hands.advance(timedelta(days=365))
        assert (await asked(counter, "/overdue/summary", by=by, as_of=past["as_of"]))["items"] == summary["items"]


async def test_names_stand_beside_codes(counter: Counter, hands: Hands) -> None:
    await counter.receive()
    by_clock = await asked(counter, "/overdue/summary", by="item")
    assert by_clock["items"][0]["name"] == "建设项目环境影响报告书审批"
    by_department = await asked(counter, "/overdue/summary", by="department")
    assert by_department["items"][0]["name"] == "测试局"
    by_section = await asked(counter, "/overdue/summary", by="section")
    assert (by_section["items"][0]["section"], by_section["items"][0]["name"]) == (None, None)


async def test_an_office_sees_its_own_clocks_only(counter: Counter, hands: Hands) -> None:
    other = a_department("D2")
    other.pop("code", None)
    admin = {"X-API-Key": counter.keys["admin"]}
    await counter.client.put("/api/v1/departments/D2", json=other, headers=admin)
    await counter.publish(an_item_with_clocks("elsewhere", "D2"))
    everybody = counter.as_("admin_key")
    mine, theirs = await counter.receive(), await everybody.receive(item="elsewhere")
    hands.advance(timedelta(days=30))
    assert set(numbers(await asked(counter))) == {mine["tracking_number"]}
    assert set(numbers(await asked(counter.as_("supervisor")))) == {
        mine["tracking_number"],
        theirs["tracking_number"],
    }
    summary = await asked(counter, "/overdue/summary", by="department")
    assert [line["department"] for line in summary["items"]] == ["D1"]
    assert numbers(await asked(counter, department="D2")) == []


@pytest.mark.parametrize("path", ["/overdue", "/due-soon", "/overdue/summary?by=item", "/overdue/stream"])
async def test_who_may_not_read_applications_is_told_so(counter: Counter, path: str) -> None:
    assert (await counter.client.get(f"/api/v1{path}")).status_code == 401
    for role, expected in (("admin", 403), ("security", 403)):
        answer = await counter.client.get(f"/api/v1{path}", headers={"X-API-Key": counter.keys[role]})
        assert answer.status_code == expected, role


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/overdue", {"as_of": "2026-11-02T09:00:00"}),
        ("/overdue", {"as_of": "yesterday"}),
        ("/overdue", {"min_overdue": "-1"}),
        ("/overdue", {"min_overdue": "1.5"}),
        ("/overdue", {"limit": "501"}),
        ("/overdue", {"limit": "0"}),
        ("/overdue", {"include_stopped": "maybe"}),
        ("/overdue", {"party": "nobody"}),
        ("/overdue", {"colour": "red"}),
        ("/overdue", {"cursor": "AAAA"}),
        ("/overdue", {"department": "a\x00b"}),
        ("/overdue", {"as_of": "2026-11-02T09:00:00Z", "changed_since": "2026-11-02T10:00:00Z"}),
        ("/due-soon", {"min_overdue": "1"}),
        ("/overdue/summary", {}),
        ("/overdue/summary", {"by": "colour"}),
        ("/overdue/summary", {"by": "item", "limit": "5"}),
        ("/overdue/stream", {"limit": "0"}),
    ],
)
async def test_a_malformed_query_is_refused_with_a_pointer(counter: Counter, path: str, query: dict[str, str]) -> None:
    answer = await counter.client.get(f"/api/v1{path}", params=query, headers=counter.headers())
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["errors"][0]["in"] == "query"
    assert answer.headers["content-type"] == "application/problem+json"


def moves(chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
    while True:
        yield chance.choice(
            [
                ("accept", {}),
                ("decide", {"result": "granted"}),
                ("deliver", {}),
                ("start_stage", {"stage": "review"}),
                ("complete_stage", {"stage": "review"}),
                ("resume", {}),
                ("withdraw", {"reason": "自愿"}),
                ("assign", {"department": "D1"}),
                ("submit_correction", {}),
            ]
        )


async def test_lists_agree_with_what_each_application_says_of_itself(counter: Counter, hands: Hands) -> None:
    chance = random.Random(20261102)
    begin = hands.now()
    known: list[str] = []
    step = moves(chance)
    for _ in range(10):
        known.append((await counter.receive())["tracking_number"])
        hands.advance(timedelta(hours=chance.randrange(1, 60)))
        for number in chance.sample(known, len(known) // 2):
            type_, fields = next(step)
            await counter.post(f"/{number}/steps", {"type": type_, **fields})
    span = int((hands.now() - begin).total_seconds())
    instants = [begin + timedelta(seconds=chance.randrange(0, 4 * span)) for _ in range(12)] + [hands.now()]
    for at in instants:
        expected: dict[str, list[tuple[str, str, str | None]]] = {"red": [], "yellow": []}
        for number in known:
            answer = await counter.get(f"/{number}/clocks", as_of=at.isoformat())
            if answer.status_code == 404:
                continue
            for clock in answer.json()["items"]:
                if clock["light"] in expected:
                    expected[clock["light"]].append((number, clock["kind"], clock["stage"]))
        for path, light in (("/overdue", "red"), ("/due-soon", "yellow")):
            page = await asked(counter, path, as_of=at.isoformat(), limit="500")
            found = [(row["tracking_number"], row["clock"]["kind"], row["clock"]["stage"]) for row in page["items"]]
            assert sorted(found, key=str) == sorted(expected[light], key=str), (path, at)
