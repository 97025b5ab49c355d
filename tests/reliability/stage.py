"""One write unit after the other on one database: each dies at its points, and is done again."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI

from app.applications.queries import newest_record
from app.calendars import catalogue
from app.calendars.watch import refresh
from app.kit.service import Service, open_service
from app.kit.settings import Settings
from app.kit.throttle import Throttle
from app.main import create_app
from tests.builders.applications import a_receipt
from tests.conftest import Hands
from tests.reliability.dying import Died, Reaper
from tests.reliability.vault import State, Vault, differences

__all__ = ["Examined", "Stage", "Unit", "examine"]

Json = dict[str, Any]  # a JSON object


@dataclass
class Stage:
    """The service in this process, opened anew after each death; what earlier units left in memory."""

    settings: Settings
    hands: Hands
    reaper: Reaper
    vault: Vault
    keys: dict[str, str]
    memory: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False
    """Whether the last answer to a request with a key was one that was kept."""
    app: FastAPI | None = None
    service_: Service | None = None

    @property
    def service(self) -> Service:
        assert self.service_ is not None
        return self.service_

    async def open(self) -> None:
        """A process that has just started."""
        catalogue.forget()
        service = await open_service(self.settings, last_record=newest_record)
        service.throttle = Throttle(per_minute=10**9, total_per_minute=10**9)
        await refresh(service.db)
        self.service_ = service
        if self.app is None:
            self.app = create_app(service)
        self.app.state.service = service

    async def close(self) -> None:
        """Its end: what died leaves broken connections, which do not let themselves be closed."""
        service, self.service_ = self.service_, None
        if service is not None:
            with suppress(Died, OSError, ValueError):
                await service.close()

    async def ask(
        self, method: str, path: str, body: Json | None = None, role: str = "head", key: str | None = None, **more: Any
    ) -> httpx2.Response:
        """One request under one role's key."""
        assert self.app is not None
        headers = {"X-API-Key": self.keys[role], "Accept-Language": "en", **more.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            answer = await client.request(method, path, json=body, headers=headers, **more)
        if key is not None:
            self.replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return answer

    async def done(self, method: str, path: str, body: Json | None = None, role: str = "head", **more: Any) -> Any:
        """One request that succeeds; what it answers."""
        answer = await self.ask(method, path, body, role, **more)
        assert answer.status_code in (200, 201, 202, 204), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def receive(self, item: str = "eia-report", **more: Any) -> str:
        """A new application; its number."""
        return str((await self.done("POST", "/api/v1/applications", a_receipt(item, **more)))["tracking_number"])

    async def step(self, number: str, type_: str, **fields: Any) -> Json:
        """A step that is recorded."""
        answer: Json = await self.done("POST", f"/api/v1/applications/{number}/steps", {"type": type_, **fields})
        return answer


Act = Callable[[Stage], Awaitable[object]]


async def nothing(_stage: Stage) -> None:
    """No preparation."""


class Unit(NamedTuple):
    """Something that writes, in one transaction: all of it is on record, or nothing."""

    name: str
    act: Act
    """Does it, and sees that it was done; the same again with the same Idempotency-Key."""
    sites: Sequence[str] = ("app/kit/once.py:_run",)
    """Where its transactions are opened."""
    route: str = ""
    """The route that it goes through, as the OpenAPI document names it."""
    prepare: Act = nothing
    in_steps: str = ""
    """Why it takes several transactions: each of them is then whole, and the next run goes on."""
    takes_key: bool = False
    """Done again after its commit it answers what it answered, and writes nothing."""
    again: Act | None = None
    """How it is done again after its commit, where that is not the same."""
    after_again: frozenset[str] = frozenset()
    """Tables in which something else stands when it is done once more: the trail of who asked, the next digest."""
    patience: timedelta = timedelta()
    """How long whoever goes on waits for the claim of the one that died to run out."""


class Examined(NamedTuple):
    """What was tried of a unit."""

    unit: str
    points: int
    deaths: int


async def examine(stage: Stage, unit: Unit, choose: Callable[[int], Sequence[int]]) -> Examined:
    """Let a unit die at the chosen ones of its points; raises `AssertionError` where a death leaves a part of it."""
    stage.reaper.throw(f"before {unit.name}")
    await stage.open()
    await unit.prepare(stage)
    await stage.close()
    stage.vault.settle()
    stage.vault.keep()
    begun = stage.hands.now()
    states = await rehearse(stage, unit)
    points, total = stage.reaper.points, len(stage.reaper.points)
    places = [place for place in choose(total) if place < total]
    for place in places:
        stage.vault.restore()
        where = f"{unit.name}: dead at {place} of {total}, {points[place].what!r}"
        commits = await die(stage, unit, place, where)
        left = stage.vault.state()
        assert left == states[commits], f"{where}: differs in {differences(states[commits], left)}"
        if left == states[0]:
            stage.vault.rewind()
        await do_again(stage, unit, states, where)
        stage.hands.set(begun)
    return Examined(unit.name, total, len(places))


async def rehearse(stage: Stage, unit: Unit) -> list[State]:
    """Do it without a death: the state before it, and after each of its commits."""
    states = [stage.vault.state()]
    await stage.open()
    stage.reaper.on_commit = lambda: states.append(stage.vault.state())
    stage.reaper.begin(unit.name)
    try:
        await unit.act(stage)
    finally:
        stage.reaper.on_commit = None
    stage.reaper.rest()
    await stage.close()
    stage.vault.settle()
    assert stage.vault.state() == states[-1], f"{unit.name}: something was written outside of a transaction"
    assert stage.reaper.sites == set(unit.sites), f"{unit.name} opens transactions at {sorted(stage.reaper.sites)}"
    changes = sum(one != other for one, other in pairwise(states))
    if unit.in_steps:
        assert changes > 1, f"{unit.name} is said to take several transactions"
    else:
        assert changes == 1, f"{unit.name} changes what is on record {changes} times"
    return states


async def die(stage: Stage, unit: Unit, place: int, where: str) -> int:
    """Do it until the death; how many commits there were before it."""
    await stage.open()
    stage.reaper.begin(unit.name, dies_at=place)
    try:
        await unit.act(stage)
    except BaseException:
        if not stage.reaper.dead:
            raise
    assert stage.reaper.dead, f"{where}: it did not come there"
    commits = stage.reaper.commits
    await stage.close()
    stage.reaper.rest()
    stage.vault.settle()
    return commits


async def do_again(stage: Stage, unit: Unit, states: list[State], where: str) -> None:
    """After a death: the same again ends where one without a death ends."""
    whole, left = states[-1], stage.vault.state()
    is_done = left == whole
    await stage.open()
    stage.hands.advance(unit.patience)
    stage.reaper.begin(unit.name if left in (states[0], whole) else f"{unit.name}, the rest")
    if is_done and unit.again is not None:
        await unit.again(stage)
    else:
        await unit.act(stage)
    stage.reaper.rest()
    if unit.takes_key:
        assert stage.replayed == is_done, f"{where}: answered {'anew' if is_done else 'as if it had been done'}"
    await stage.close()
    stage.vault.settle()
    found = stage.vault.state()
    if unit.in_steps:  # claimed anew, at another time, by another name: the same rows all the same
        rows, wanted_rows = rows_of(found, unit.after_again), rows_of(whole, unit.after_again)
        assert rows == wanted_rows, f"{where}: done again it differs in {differences(whole, found)}"
        return
    more = unit.after_again if is_done else frozenset()
    trimmed = {name: content for name, content in found.items() if name not in more}
    wanted = {name: content for name, content in whole.items() if name not in more}
    assert trimmed == wanted, f"{where}: done again it differs in {differences(wanted, trimmed)}"


def rows_of(state: State, but: frozenset[str]) -> dict[str, int]:
    return {name: content.rows for name, content in state.items() if name not in but}
