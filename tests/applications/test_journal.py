"""The one writer of history: sets, statements, random lives."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.applications import events, journal, queries, receive
from app.applications.events import Draft
from app.applications.journal import By, Entry
from app.applications.models import Application, Event, EventPrivate, PublicView
from app.applications.projection import Holder
from app.applications.receive import Receipt
from app.applications.verify import verify
from app.domain import chain
from app.domain.folds import Suspension
from app.domain.steps import BESIDE, Step, StepType
from app.domain.tracking_number import fold_query_code
from app.items.queries import valid_on
from app.kit.db import execute_many
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

BY = By("key:test", "head")


async def many(service: Service, hands: Hands, count: int) -> list[str]:
    """So many applications received in one batch."""
    async with service.db.transaction() as tx:
        pinned = await valid_on(tx, "eia-report", hands.now().date())
        assert pinned is not None
        receipt = Receipt(
            pinned=pinned,
            calendar=receive.calendar_of(pinned),
            source="api",
            channel="window",
            submitted_at=hands.now(),
            holder=Holder("D1", None, None),
            private={"applicant": {"name": "张三"}, "subject": "年产一万吨项目"},
        )
        numbered = [await receive.draw_number(tx) for _ in range(count)]
        entries = [receive.received_entry(receipt, one, BY, sealer=service.sealer) for one in numbered]
        recorded = await journal.append_all(tx, entries, sealer=service.sealer, now=hands.now())
        return [one.number for one in recorded]


def a_step(type_: StepType, hands: Hands, **fields: object) -> Draft:
    return Draft(Step(type=type_, at=hands.now(), **fields))  # type: ignore[arg-type]


async def test_a_batch_takes_as_many_statements_as_one(
    counter: Counter, service: Service, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await many(service, hands, 8)
    hands.advance(timedelta(hours=1))
    counted: list[int] = []
    kept = execute_many

    async def counting(*arguments: object) -> None:
        counted[-1] += bool(arguments[2])
        await kept(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "execute_many", counting)
    for batch in (numbers[:1], numbers[1:]):
        counted.append(0)
        async with service.db.transaction() as tx:
            opened = await journal.open_dossiers(tx, batch, sealer=service.sealer)
            entries = [Entry(one, (a_step(StepType.ACCEPT, hands),), BY) for one in opened]
            await journal.append_all(tx, entries, sealer=service.sealer, now=hands.now())
    assert counted[0] == counted[1] > 0


async def test_unknown_numbers_are_left_out_and_the_rest_stands_in_order(
    counter: Counter, service: Service, hands: Hands
) -> None:
    numbers = await many(service, hands, 3)
    async with service.db.transaction() as tx:
        opened = await journal.open_dossiers(tx, [*reversed(numbers), "Q0QJ-WRBA-61TW-PZ"])
        assert [one.number for one in opened] == sorted(numbers)
        assert await journal.open_dossiers(tx, []) == []
        assert all(not one.facts[0].private for one in opened), "without a sealer nothing is opened"


async def test_nothing_personal_stands_readable_in_the_database(
    counter: Counter, service: Service, hands: Hands
) -> None:
    received = await counter.receive()
    async with service.db.read() as tx:
        stored = [
            bytes(value) if isinstance(value, bytes) else str(value).encode()
            for table in (Application, Event, EventPrivate, PublicView)
            for row in await tx.execute(select(*table.__table__.columns))
            for value in row
        ]
    everything = b"\n".join(stored)
    for secret in ("某某有限公司", "91350100M000100Y43", "13800001234", "年产一万吨项目", received["query_code"]):
        assert secret.encode() not in everything
        assert chain.canonical({"value": secret})[10:-2] not in everything


async def test_the_query_code_is_known_again_by_its_keyed_digest(counter: Counter, service: Service) -> None:
    received = await counter.receive()
    number, code = received["tracking_number"], fold_query_code(received["query_code"].lower())
    assert code is not None
    async with service.db.read() as tx:
        kept = (await tx.execute(select(Application.query_code_hash))).scalar_one()
    assert bytes(kept) == queries.query_code_hash(service.sealer, number, code)


async def test_a_look_may_be_moved_later_only_by_who_has_looked(
    counter: Counter, service: Service, hands: Hands
) -> None:
    [number] = await many(service, hands, 1)
    later = hands.now() + timedelta(days=400)
    async with service.db.transaction() as tx:
        await journal.reschedule(tx, {number: later})
    async with service.db.transaction() as tx:
        [opened] = await journal.open_dossiers(tx, [number], sealer=service.sealer)
        assert opened.head.next_look_at == later
        entry = Entry(opened, (a_step(StepType.ACCEPT, hands),), BY)
        [recorded] = await journal.append_all(tx, [entry], sealer=service.sealer, now=hands.now())
        assert recorded.head.next_look_at is not None
        assert recorded.head.next_look_at < later
        await journal.reschedule(tx, {number: None})
    async with service.db.read() as tx:
        assert (await queries.heads(tx, [number], lock=False))[0].next_look_at is None


async def test_an_event_is_never_recorded_before_the_one_before_it(
    counter: Counter, service: Service, hands: Hands
) -> None:
    [number] = await many(service, hands, 1)
    async with service.db.transaction() as tx:
        [opened] = await journal.open_dossiers(tx, [number], sealer=service.sealer)
        entry = Entry(opened, (a_step(StepType.ACCEPT, hands),), BY)
        behind = hands.now() - timedelta(seconds=3)
        [recorded] = await journal.append_all(tx, [entry], sealer=service.sealer, now=behind)
    assert recorded.facts[-1].step.recorded_at == hands.now()


LIVES = 12
FIELDS: dict[StepType, dict[str, object]] = {
    StepType.START_STAGE: {"stage": "review"},
    StepType.COMPLETE_STAGE: {"stage": "review"},
    StepType.ASSIGN: {"department": "D1", "section": "S"},
    StepType.PAUSE: {"ground": "hearing"},
    StepType.EXTEND: {"clock": "statutory", "amount": 3},
    StepType.DECIDE: {"result": "granted"},
    StepType.CLOSE: {"result_code": "x"},
}


def an_amendment(chance: random.Random, opened: journal.Opened, hands: Hands) -> Draft:
    """One of the steps that stand moved in time, or struck out."""
    before = chance.choice(opened.dossier.steps)
    at = opened.head.submitted_at + (hands.now() - opened.head.submitted_at) * chance.random()
    is_struck = before.type is not StepType.RECEIVE and chance.random() < 0.4
    if before.type is StepType.RECEIVE:
        at = before.at - timedelta(days=chance.randrange(3))
    replaces = None if is_struck else {"occurred_at": chain.stamp(at)}
    if replaces is not None and before.type is StepType.RECEIVE:
        replaces["received_on"] = (at + timedelta(hours=8)).date().isoformat()
    since = before.at if is_struck else min(at, before.at)
    extra: dict[str, chain.Json] = {"step": before.id, "replaces": None if replaces is None else {**replaces}}
    return Draft(Step(type=StepType.AMEND, at=hands.now()), extra, since=since)


def a_suspension(chance: random.Random, opened: journal.Opened, hands: Hands) -> Draft:
    """Some clocks stopped, by a document of the past."""
    at = opened.head.submitted_at + (hands.now() - opened.head.submitted_at) * chance.random()
    first = at.toordinal() + chance.randrange(-3, 9)
    last = chance.choice([None, first + chance.randrange(9)])
    kinds = frozenset(chance.sample(["notice", "statutory", "promise", "delivery", "stage"], 2))
    stated = events.spelled_suspension(Suspension(chance.choice("AB"), kinds, first, last))
    return Draft(Step(type=StepType.RECOMPUTED, at=at), {"cause": "suspension", "suspension": stated})


async def test_after_any_life_what_is_stored_is_what_its_events_give(
    counter: Counter, service: Service, hands: Hands
) -> None:
    """Steps of any type in any order, late ones among them, as an import may bring them: spans rewritten from the first
    changed instant on equal those worked out anew."""
    seed = 20_261_102
    chance = random.Random(seed)
    numbers = await many(service, hands, LIVES)
    types = [type_ for type_ in StepType if type_ is not StepType.RECEIVE and type_ not in BESIDE]
    for _ in range(10):
        hands.advance(timedelta(hours=chance.randrange(1, 200)))
        async with service.db.transaction() as tx:
            entries = []
            for opened in await journal.open_dossiers(tx, numbers, sealer=service.sealer):
                drafts = []
                for _ in range(chance.randrange(1, 4)):
                    type_ = chance.choice(types)
                    since = hands.now() - opened.head.submitted_at
                    at = hands.now() - since * chance.choice([0, 0, 0, chance.random()])
                    step = Step(type=type_, at=at, imported=True, **FIELDS.get(type_, {}))  # type: ignore[arg-type]
                    drafts.append(Draft(step))
                if chance.random() < 0.3:
                    drafts.append(an_amendment(chance, opened, hands))
                if chance.random() < 0.2:
                    drafts.append(a_suspension(chance, opened, hands))
                entries.append(Entry(opened, tuple(drafts), BY))
            await journal.append_all(tx, entries, sealer=service.sealer, now=hands.now())
        verdict = await verify(service.db, service.sealer)
        assert verdict.first is None, f"seed {seed}"
    assert verdict.applications == LIVES
