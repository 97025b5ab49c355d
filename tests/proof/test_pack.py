"""The proof pack, checked by a program of one file that shares no code with the service."""

import ast
import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert

from app.access import scope
from app.access.keys import KeyOrder, create_key
from app.access.roles import Role
from app.departments.models import Department
from app.domain import chain
from app.kit.service import Service
from app.proof import checkpoints
from app.proof.checkpoints import take_all, take_changed
from app.proof.export import spelled
from app.proof.offline import verify_pack
from app.proof.offline.verify_pack import Wrong
from app.proof.pack import signed_pack
from app.proof.queries import records_after
from app.proof.signing import record_hash, signer_of
from tests.builders.applications import Counter
from tests.conftest import Hands

VERIFIER = Path(__file__).parents[2] / "app" / "proof" / "offline" / "verify_pack.py"
Pack = dict[str, Any]  # a JSON document


def checked(folder: Path, pack: object, *more: str) -> tuple[int, str]:
    """What the verifier says, run as somebody without the service would run it."""
    file = folder / "pack.json"
    file.write_text(json.dumps(pack, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-I", str(VERIFIER), str(file), *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def fault_in(pack: Pack, *, keys: tuple[str, ...] = (), kept: str | None = None) -> str | None:
    """What the verifier has against it; None where everything holds."""
    try:
        verify_pack.check(
            pack, [*keys], None if kept is None else verify_pack.read_copy(kept, [*keys]), lambda *_: None
        )
    except (Wrong, KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        return f"{type(fault).__name__}: {fault}"
    return None


def signed_again(pack: Pack, service: Service) -> Pack:
    """What somebody who holds the signing key would hand out."""
    rest = {name: value for name, value in pack.items() if name != "signature"}
    found: Pack = json.loads(signed_pack(rest, signer_of(service.settings, service.sealer)))
    return found


async def copy_of(service: Service) -> str:
    """The checkpoints as they were sent away."""
    async with service.db.read() as tx:
        return "".join(spelled(record) for record in await records_after(tx, 0, 100))


@pytest.fixture
async def pack(numbers: list[str], counter: Counter) -> Pack:
    """The pack of an application with one step that no checkpoint covers."""
    await counter.step(numbers[2], "complete_stage", stage="review")
    answer = await counter.get(f"/{numbers[2]}/proof")
    assert answer.status_code == 200, answer.text
    found: Pack = answer.json()
    return found


async def test_a_pack_holds_in_both_languages(pack: Pack, service: Service, tmp_path: Path) -> None:
    own = signer_of(service.settings, service.sealer)
    code, said = checked(tmp_path, pack, "--language", "en", "--key", own.id)
    assert code == 0, said
    assert "chain: 6 events" in said
    assert "checkpoint 2 covers the history up to event 5" in said
    assert "checkpoint 2 says that it saw all that was recorded then" in said
    assert "1 events since are covered by no checkpoint yet" in said
    assert f"the signature of the whole pack holds, key {own.id}" in said
    code, said = checked(tmp_path, pack, "--key", own.public_key.hex())
    assert (code, "结论：完整，未被改动" in said) == (0, True)


async def test_without_the_key_that_is_expected_a_pack_is_never_called_proved(pack: Pack, tmp_path: Path) -> None:
    """Whoever forges one can sign it with a key of their own."""
    code, said = checked(tmp_path, pack, "--language", "en")
    assert code == 0
    assert "! no expected key was given" in said
    assert "! 1 events since are covered by no checkpoint yet" in said
    assert "✓ no expected key" not in said
    assert said.endswith("verdict: at one with itself, but not proved (see the lines marked !)\n")


async def test_a_pack_holds_against_the_copy_kept_elsewhere(pack: Pack, service: Service, tmp_path: Path) -> None:
    lines = (await copy_of(service)).splitlines(keepends=True)
    assert len(lines) == 3
    kept = tmp_path / "kept.jsonl"
    kept.write_text("".join(lines), encoding="utf-8")
    assert checked(tmp_path, pack, "--checkpoints", str(kept))[0] == 0
    kept.write_text(lines[0], encoding="utf-8")
    assert checked(tmp_path, pack, "--checkpoints", str(kept))[0] == 1
    kept.write_text(lines[0] + lines[2], encoding="utf-8")
    assert checked(tmp_path, pack, "--checkpoints", str(kept))[0] == 3


async def test_the_pack_shows_timeline_item_and_calculation(pack: Pack) -> None:
    assert [step["type"] for step in pack["timeline"]][:2] == ["receive", "request_correction"]
    assert pack["item"]["document"]["name"]
    assert {one["kind"] for one in pack["calculation"]["clocks"]} >= {"statutory", "promise"}
    assert all(one["days"] for one in pack["calculation"]["explanations"])


async def test_numbers_that_are_masked_for_everybody_are_not_opened(pack: Pack) -> None:
    assert "applicant" in json.loads(pack["events"][0]["body"])["private"]
    assert "applicant" not in pack["events"][0]["private"]
    assert pack["timeline"][0]["applicant"]["name"]
    assert pack["timeline"][0]["applicant"]["id_number"].count("*") > 4


def body_of(pack: Pack, place: int, old: str, new: str) -> None:
    body = pack["events"][place]["body"]
    assert old in body
    pack["events"][place]["body"] = body.replace(old, new, 1)


def flip(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


SPOILT: dict[str, Callable[[Pack], object]] = {
    "a body": lambda p: body_of(p, 1, "request_correction", "request_Correction"),
    "an event less": lambda p: p["events"].pop(2),
    "the covered tail cut": lambda p: (
        p["events"].__delitem__(slice(4, None)),
        p["timeline"].__delitem__(slice(4, None)),
    ),
    "two swapped": lambda p: p["events"].insert(1, p["events"].pop(2)),
    "a hash": lambda p: p["events"][3].update(hash=flip(p["events"][3]["hash"])),
    "the number": lambda p: p.update(tracking_number="Q0QJ-WRBA-61TW-PZ"),
    "a personal value": lambda p: p["events"][0]["private"]["subject"].__setitem__(1, "别的项目"),
    "a value never committed to": lambda p: p["events"][1]["private"].update(name=["00", "x"]),
    "the timeline": lambda p: p["timeline"][0].update(type="accept"),
    "the leaf": lambda p: p["proof"]["leaf"].update(seq=4),
    "the path": lambda p: p["proof"]["path"].__setitem__(0, flip(p["proof"]["path"][0])),
    "a shorter path": lambda p: p["proof"]["path"].pop(),
    "the place": lambda p: p["proof"].update(place=(p["proof"]["place"] + 1) % 6),
    "the record": lambda p: p["proof"]["checkpoint"].update(
        record=p["proof"]["checkpoint"]["record"].replace('"events":30', '"events":31')
    ),
    "the signature": lambda p: p["proof"]["checkpoint"].update(signature=flip(p["proof"]["checkpoint"]["signature"])),
    "no events": lambda p: p.update(events=[]),
    "no proof": lambda p: p.pop("proof"),
}


async def test_a_pack_that_was_touched_does_not_hold(pack: Pack, service: Service) -> None:
    """Not even when it was signed again by whoever holds the key: each layer finds what is its own."""
    passed = []
    for name, spoil in SPOILT.items():
        spoilt = copy.deepcopy(pack)
        spoil(spoilt)
        if fault_in(signed_again(spoilt, service)) is None:
            passed.append(name)
    assert passed == []
    assert fault_in(signed_again(pack, service)) is None


def places(value: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to each value of a document that holds no others."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*way, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from places(inner, (*way, place))
    else:
        yield way


def another(value: object) -> object:
    """The value with one character changed."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    assert isinstance(value, str)
    return value[:-1] + ("1" if value[-1:] != "1" else "2")


async def test_each_value_of_a_pack_that_is_changed_by_a_byte_is_refused(pack: Pack) -> None:
    ways = list(places(pack))
    assert {way[0] for way in ways} == set(pack)
    passed = []
    for way in ways:
        holder: Any = pack  # a JSON document
        for step in way[:-1]:
            holder = holder[step]
        kept = holder[way[-1]]
        holder[way[-1]] = another(kept)
        if fault_in(pack) is None:
            passed.append(way)
        holder[way[-1]] = kept
    assert (passed, fault_in(pack)) == ([], None)


async def test_a_name_that_stands_twice_is_refused(pack: Pack, tmp_path: Path) -> None:
    file = tmp_path / "pack.json"
    text = json.dumps(pack, ensure_ascii=False)
    file.write_text('{"item": {},' + text[1:], encoding="utf-8")
    assert verify_pack.read(text) == pack
    with pytest.raises(SystemExit) as left:
        verify_pack.main([str(file)])
    assert left.value.code == 3


async def test_a_checkpoint_that_left_heads_over_says_so(
    numbers: list[str],
    counter: Counter,
    service: Service,
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for number in numbers:
        await counter.step(number, "complete_stage", stage="review")
    monkeypatch.setattr(checkpoints, "AT_ONCE", 4)
    await take_changed(service)
    cut: Pack = (await counter.get(f"/{numbers[0]}/proof")).json()
    code, said = checked(tmp_path, cut, "--language", "en")
    assert code == 0
    assert "checkpoint 4 left some of what was recorded then to the next; the last that saw all is 3" in said
    hands.advance(timedelta(minutes=1))
    await take_changed(service)
    rest: Pack = (await counter.get(f"/{numbers[5]}/proof")).json()
    kept = await copy_of(service)
    assert [json.loads(json.loads(line)["record"])["complete"] for line in kept.splitlines()] == [1, 2, 3, 3, 5]
    assert (fault_in(cut, kept=kept), fault_in(rest, kept=kept)) == (None, None)


def signed_as(line: str, service: Service, **said: object) -> str:
    """A line of a file of checkpoints that says something else, signed by the service's own key."""
    signer = signer_of(service.settings, service.sealer)
    told = json.loads(line)
    body = chain.canonical(json.loads(told["record"]) | said)
    return json.dumps(
        told | {"record": body.decode(), "hash": record_hash(body).hex(), "signature": signer.sign(body).hex()}
    )


async def test_what_a_checkpoint_says_of_the_last_complete_one_must_be_possible(pack: Pack, service: Service) -> None:
    lines = (await copy_of(service)).splitlines()
    for complete in (4, -1, "2", None, True):
        with pytest.raises(Wrong):
            verify_pack.read_copy("\n".join([*lines[:2], signed_as(lines[2], service, complete=complete)]), [])
    for complete, follows in ((2, True), (3, True), (1, False), (0, False)):
        text = "\n".join([*lines[:2], signed_as(lines[2], service, complete=complete)])
        if follows:
            verify_pack.read_copy(text, [])
        else:
            with pytest.raises(Wrong, match="another last complete one"):
                verify_pack.read_copy(text, [])
    spoilt = copy.deepcopy(pack)
    spoilt["proof"]["checkpoint"] = json.loads(signed_as(lines[1], service, complete=3))
    assert fault_in(signed_again(spoilt, service)) == "Wrong: the checkpoint names no last complete one"


def dated(pack: Pack, service: Service, place: int, by: timedelta) -> Pack:
    """The pack whose last event says that it was recorded at another time, hashed and signed again."""
    spoilt = copy.deepcopy(pack)
    event = spoilt["events"][place - 1]
    body = json.loads(event["body"])
    body["recorded_at"] = chain.stamp(datetime.fromisoformat(body["recorded_at"]) + by)
    spelled_ = chain.canonical(body)
    hashed = chain.link(
        spoilt["tracking_number"], place, bytes.fromhex(spoilt["events"][place - 2]["hash"]), spelled_
    ).hex()
    event.update(body=spelled_.decode(), hash=hashed)
    spoilt["timeline"][place - 1].update(hash=hashed, recorded_at=body["recorded_at"])
    return signed_again(spoilt, service)


async def test_an_event_dated_before_the_checkpoint_that_covers_the_one_before_it_is_found(
    pack: Pack, service: Service
) -> None:
    assert fault_in(dated(pack, service, 6, timedelta(minutes=-64))) is None
    fault = fault_in(dated(pack, service, 6, timedelta(minutes=-66)))
    assert fault == "Wrong: event 6 is dated before checkpoint 2, which did not see it"


async def test_an_event_dated_before_a_later_checkpoint_is_found_by_the_copy(
    numbers: list[str], counter: Counter, service: Service, hands: Hands
) -> None:
    hands.advance(timedelta(hours=1))
    await counter.step(numbers[0], "complete_stage", stage="review")
    await take_all(service)
    hands.advance(timedelta(hours=1))
    await counter.step(numbers[1], "complete_stage", stage="review")
    found: Pack = (await counter.get(f"/{numbers[1]}/proof")).json()
    kept = await copy_of(service)
    assert fault_in(found, kept=kept) is None
    forged = dated(found, service, 6, timedelta(minutes=-70))
    assert fault_in(forged) is None
    assert fault_in(forged, kept=kept) == "Wrong: event 6 is dated before checkpoint 4, which did not see it"


async def test_before_the_first_checkpoint_a_pack_says_so(counter: Counter, service: Service, tmp_path: Path) -> None:
    number = (await counter.receive())["tracking_number"]
    found: Pack = (await counter.get(f"/{number}/proof")).json()
    own = signer_of(service.settings, service.sealer)
    code, said = checked(tmp_path, found, "--language", "en", "--key", own.id)
    assert (code, "no checkpoint covers this application yet" in said) == (0, True)


async def test_a_pack_signed_by_another_key_does_not_hold(pack: Pack, tmp_path: Path) -> None:
    assert checked(tmp_path, pack, "--key", "0123456789abcdef")[0] == 1


async def test_the_service_hands_out_the_verifier(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/verify_pack.py")
    assert (answer.status_code, answer.content) == (200, VERIFIER.read_bytes())


async def test_another_office_gets_no_pack(numbers: list[str], counter: Counter, service: Service) -> None:
    async with service.db.transaction() as tx:
        await tx.execute(insert(Department), {"code": "D9", "name": "x", "changed_at": service.now.now()})
        await scope.graft(tx, "D9", None)
        order = KeyOrder(role=Role.CLERK, name="x", department="D9")
        key = (await create_key(tx, order, now=service.now.now())).text
    path = f"/api/v1/applications/{numbers[0]}/proof"
    assert (await counter.client.get(path, headers={"X-API-Key": key})).status_code == 404


def test_what_is_no_pack_says_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(VERIFIER), str(tmp_path / "none")], capture_output=True, check=False)
    assert done.returncode == 3


def test_the_verifier_needs_nothing_of_the_service() -> None:
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots <= set(sys.stdlib_module_names) | {"cryptography"}
