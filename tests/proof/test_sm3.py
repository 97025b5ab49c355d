"""SM3 as a second algorithm: alone, beside SHA-256, from the middle of a history on; and where a machine has it not."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text

from app.access.models import RuleEvent
from app.applications.models import Event
from app.domain import chain
from app.kit import settings as settings_module
from app.kit.db import HASH
from app.kit.service import Service
from app.kit.settings import Settings
from app.proof.checkpoints import take_all
from app.proof.offline import verify_pack
from app.proof.verify import Asked, verify_all
from tests.builders.applications import Counter, an_item_with_clocks
from tests.proof import tampering
from tests.proof.test_pack import checked, fault_in

WITHOUT_SM3 = pytest.mark.skipif(not chain.has_sm3(), reason="this machine's OpenSSL has no SM3")


def chain_with(service: Service, name: str) -> None:
    """As if the service had been started anew under another setting."""
    service.db.engine.sync_engine.update_execution_options(**{HASH: chain.ALGORITHMS[name]})


def broken_sm3(name: str, data: bytes = b"") -> Any:
    """`hashlib.new` of a machine without SM3."""
    if name == "sm3":
        raise ValueError("unsupported hash type sm3")
    return getattr(hashlib, name)(data)


async def sizes(service: Service, number: str) -> list[tuple[int, int]]:
    async with service.db.read() as tx:
        rows = await tx.execute(select(Event.algorithm, Event.hash).where(Event.number == number).order_by(Event.seq))
        return [(algorithm, len(hashed)) for algorithm, hashed in rows]


@WITHOUT_SM3
def test_a_link_is_of_the_algorithm_that_it_names() -> None:
    parts = ("N", 1, b"before", b"body")
    sha, sm3 = chain.link(*parts), chain.link(*parts, chain.SM3)
    assert (len(sha), len(sm3)) == (32, 32)
    assert chain.link(*parts, chain.BOTH) == sha + sm3
    spelled = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"shixian/event/1", b"N", (1).to_bytes(8, "big"), b"before", b"body")
    )
    assert hashlib.new("sm3", spelled).digest() == sm3


@WITHOUT_SM3
async def test_a_chain_whose_setting_changed_half_way_holds(counter: Counter, service: Service, tmp_path: Path) -> None:
    number = (await counter.receive())["tracking_number"]
    for name, step in (("sm3", "accept"), ("sha256+sm3", "start_stage"), ("sha256", "complete_stage")):
        chain_with(service, name)
        await counter.step(number, step, **({} if step == "accept" else {"stage": "review"}))
    chain_with(service, "sm3")
    whole = (await counter.receive())["tracking_number"]
    await counter.step(whole, "accept")
    await counter.publish(an_item_with_clocks().with_(name="改名"))
    await take_all(service)
    assert await sizes(service, number) == [(1, 32), (2, 32), (3, 64), (1, 32)]
    assert await sizes(service, whole) == [(2, 32), (2, 32)]
    async with service.db.read() as tx:
        assert set((await tx.execute(select(RuleEvent.algorithm))).scalars()) == {1, 2}
    verdict = await verify_all(service.db, service.sealer, Asked())
    assert (verdict.broken, verdict.first) == (0, None)
    for one in (number, whole):
        pack = (await counter.get(f"/{one}/proof")).json()
        assert checked(tmp_path, pack)[0] == 0
        pack["events"][1]["hash"] = "00" + pack["events"][1]["hash"][2:]
        assert fault_in(pack) is not None


@WITHOUT_SM3
async def test_tampering_is_found_under_both(counter: Counter, service: Service) -> None:
    chain_with(service, "sha256+sm3")
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    async with service.db.transaction() as tx:
        await tampering.unlock(tx)
        # the digest of SHA-256 stays: that of SM3 alone is another one
        hashed = bytes((await tx.execute(text("SELECT hash FROM events WHERE seq = 1"))).scalar_one())
        await tampering.run(tx, "UPDATE events SET hash = :h WHERE seq = 1", h=hashed[:32] + bytes(32))
    found = (await verify_all(service.db, service.sealer, Asked())).first
    assert found is not None
    assert (found.seq, found.kind) == (1, "hash")


@WITHOUT_SM3
async def test_an_algorithm_renamed_is_found(counter: Counter, service: Service) -> None:
    number = (await counter.receive())["tracking_number"]
    for algorithm, kind in ((2, "hash"), (3, "hash"), (7, "algorithm")):
        async with service.db.transaction() as tx:
            await tampering.unlock(tx)
            await tampering.run(tx, "UPDATE events SET algorithm = :a WHERE number = :n", a=algorithm, n=number)
        found = (await verify_all(service.db, service.sealer, Asked())).first
        assert found is not None
        assert found.kind == kind


def test_a_machine_without_sm3_refuses_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "has_sm3", lambda: False)
    for name in ("sm3", "sha256+sm3"):
        with pytest.raises(ValidationError, match="has no SM3"):
            Settings(_env_file=None, mode="test", chain_hash=name)
    assert Settings(_env_file=None, mode="test").chain_hash == "sha256"


@WITHOUT_SM3
async def test_a_machine_without_sm3_says_nothing_of_what_was_chained_with_it(
    counter: Counter, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chain_with(service, "sm3")
    number = (await counter.receive())["tracking_number"]
    pack = (await counter.get(f"/{number}/proof")).json()
    monkeypatch.setattr(hashlib, "new", broken_sm3)
    assert not chain.has_sm3()
    with pytest.raises(chain.Sm3Missing):
        await verify_all(service.db, service.sealer, Asked())
    with pytest.raises(SystemExit) as ended:
        verify_pack.check(json.loads(json.dumps(pack)), [], None, lambda *_: None)
    assert ended.value.code == 3
    assert "no SM3" in capsys.readouterr().err
