"""Verification: whatever is changed behind the service's back is found, in the right place, and nothing else is."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typer import Typer
from typer.testing import CliRunner

from app.applications.verify import Verdict, verify
from app.cli import verify as command
from app.kit.db import Database
from app.kit.service import Service
from tests.builders.applications import Counter
from tests.conftest import Hands

PAUSE = {"ground": "hearing", "legal_basis": "许可法 45", "announced": None, "approver": "王"}
Tamper = Callable[[AsyncConnection, str, str], Awaitable[None]]


@pytest.fixture
async def numbers(bare_counter: Counter, hands: Hands) -> list[str]:
    """Three applications of five events each, in the order of their numbers."""
    counter = bare_counter
    found = []
    for _ in range(3):
        number = (await counter.receive())["tracking_number"]
        for type_, fields in (
            ("request_correction", {"missing": ["报告书"]}),
            ("submit_correction", {}),
            ("accept", {"note": "齐全"}),
            ("pause", PAUSE),
        ):
            hands.advance(timedelta(hours=1))
            await counter.step(number, type_, **fields)
        found.append(number)
    return sorted(found)


async def checked(service: Service, number: str | None = None) -> Verdict:
    return await verify(service.db, service.sealer, number=number)


async def unlock(tx: AsyncConnection) -> None:
    """What somebody with the database password does first: take away what keeps history from being changed."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        return
    rows = (await tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))).scalars().all()
    for name in rows:
        await tx.execute(text(f'DROP TRIGGER "{name}"'))
    await tx.execute(text("PRAGMA defer_foreign_keys = ON"))


async def tampered(database: Database, tamper: Tamper, number: str, other: str) -> None:
    async with database.transaction() as tx:
        await unlock(tx)
        await tamper(tx, number, other)


async def run(tx: AsyncConnection, statement: str, **values: object) -> None:
    await tx.execute(text(statement), values)


async def edit_a_body(tx: AsyncConnection, number: str, other: str) -> None:
    row = (await tx.execute(text("SELECT body FROM events WHERE number = :n AND seq = 3"), {"n": number})).one()
    body = bytes(row.body).replace(b"submit_correction", b"submit_Correction")
    await run(tx, "UPDATE events SET body = :b WHERE number = :n AND seq = 3", b=body, n=number)


async def move_the_instant_beside_the_body(tx: AsyncConnection, number: str, other: str) -> None:
    await run(
        tx,
        "UPDATE spans SET due_on = due_on + 3 WHERE number = :n AND clock = 'statutory'",
        n=number,
    )


async def delete_in_the_middle(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "DELETE FROM events WHERE number = :n AND seq = 3", n=number)


async def delete_and_renumber(tx: AsyncConnection, number: str, other: str) -> None:
    await delete_in_the_middle(tx, number, other)
    for seq in (4, 5):
        await run(tx, "UPDATE events SET seq = :to WHERE number = :n AND seq = :s", to=seq - 1, s=seq, n=number)
    await run(tx, "UPDATE applications SET version = 4 WHERE number = :n", n=number)


async def swap(tx: AsyncConnection, number: str, other: str) -> None:
    for was, to in ((2, 99), (3, 2), (99, 3)):
        await run(tx, "UPDATE events SET seq = :to WHERE number = :n AND seq = :s", to=to, s=was, n=number)


async def move_to_another(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "DELETE FROM events WHERE number = :n AND seq = 4", n=number)
    await run(tx, "UPDATE events SET number = :n WHERE number = :o AND seq = 4", n=number, o=other)


async def cut_the_tail(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "DELETE FROM events WHERE number = :n AND seq = 5", n=number)


async def change_the_head(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "UPDATE applications SET head_hash = :h WHERE number = :n", h=bytes(32), n=number)


async def forge_an_event(tx: AsyncConnection, number: str, other: str) -> None:
    await run(
        tx,
        "INSERT INTO events (number, seq, type, occurred_at, recorded_at, algorithm, body, hash)"
        " SELECT number, 6, type, occurred_at, recorded_at, algorithm, body, hash FROM events"
        " WHERE number = :n AND seq = 5",
        n=number,
    )


async def change_a_sealed_value(tx: AsyncConnection, number: str, other: str) -> None:
    await run(
        tx,
        "UPDATE event_private SET sealed = (SELECT sealed FROM event_private WHERE number = :o AND seq = 4)"
        " WHERE number = :n AND seq = 4",
        n=number,
        o=other,
    )


async def drop_a_sealed_value(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "DELETE FROM event_private WHERE number = :n AND seq = 4", n=number)


async def change_the_status(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "UPDATE applications SET status = 'closed' WHERE number = :n", n=number)


async def change_the_receipt(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "UPDATE applications SET project_code = 'X' WHERE number = :n", n=number)


async def delete_a_span(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "DELETE FROM spans WHERE number = :n AND clock = 'promise'", n=number)


async def change_a_stretch(tx: AsyncConnection, number: str, other: str) -> None:
    await run(tx, "UPDATE stretches SET officer = 'X' WHERE number = :n", n=number)


async def swap_the_view(tx: AsyncConnection, number: str, other: str) -> None:
    await run(
        tx,
        "UPDATE public_views SET sealed = (SELECT sealed FROM public_views WHERE number = :o) WHERE number = :n",
        n=number,
        o=other,
    )


async def test_untouched_history_is_whole(numbers: list[str], service: Service) -> None:
    assert await checked(service) == Verdict(3, 15, 0, None)
    assert await checked(service, numbers[1]) == Verdict(1, 5, 0, None)


@pytest.mark.parametrize(
    ("tamper", "seq", "kind"),
    [
        (edit_a_body, 3, "hash"),
        (delete_in_the_middle, 3, "gap"),
        (delete_and_renumber, 3, "hash"),
        (swap, 2, "hash"),
        (move_to_another, 4, "hash"),
        (cut_the_tail, 5, "tail"),
        (change_the_head, 5, "head"),
        (forge_an_event, 6, "hash"),
        (change_a_sealed_value, 4, "sealed"),
        (drop_a_sealed_value, 4, "sealed"),
        (change_the_status, 5, "head_row"),
        (change_the_receipt, 5, "head_row"),
        (move_the_instant_beside_the_body, 5, "spans"),
        (delete_a_span, 5, "spans"),
        (change_a_stretch, 5, "stretches"),
        (swap_the_view, 5, "public_view"),
    ],
)
async def test_what_was_tampered_with_is_named(
    numbers: list[str], service: Service, tamper: Tamper, seq: int, kind: str
) -> None:
    _, number, other = numbers
    await tampered(service.db, tamper, number, other)
    verdict = await checked(service)
    assert verdict.first is not None
    assert (verdict.first.number, verdict.first.seq, verdict.first.kind) == (number, seq, kind)
    broken = {number, other} if tamper is move_to_another else {number}
    assert verdict.broken == len(broken)
    alone = await checked(service, number)
    assert alone.first == verdict.first
    assert (await checked(service, numbers[0])).first is None


async def test_the_walk_counts_aloud(numbers: list[str], service: Service) -> None:
    heard: list[int] = []
    await verify(service.db, service.sealer, tell=heard.append)
    assert heard == [3]


async def test_the_service_goes_on_for_others(numbers: list[str], service: Service, bare_counter: Counter) -> None:
    await tampered(service.db, edit_a_body, numbers[0], numbers[1])
    assert (await bare_counter.get(f"/{numbers[1]}")).status_code == 200


def invoked(*arguments: str) -> tuple[int, str]:
    tree = Typer()
    tree.command("verify")(command.verify_history)
    result = CliRunner().invoke(tree, arguments)
    return result.exit_code, result.output


@pytest.fixture
def environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of `service`, for a command in this process."""
    monkeypatch.setattr(command, "load_settings", lambda: service.settings)


async def in_thread(*arguments: str) -> tuple[int, str]:
    return await asyncio.to_thread(invoked, *arguments)


async def test_the_command_says_that_history_is_whole(numbers: list[str], environment: None) -> None:
    code, output = await in_thread()
    assert (code, "3 applications with 15 events, 0 orders with 0 steps, " in output) == (0, True)
    assert "history is as it was recorded." in output.replace("\n", " ")
    assert (await in_thread("--jobs", "2")) == (code, output)
    assert (await in_thread("--application", numbers[0].lower().replace("-", "")))[0] == 0


async def test_the_command_names_the_first_broken_link_and_ends_with_one(
    numbers: list[str], environment: None, service: Service
) -> None:
    await tampered(service.db, delete_in_the_middle, numbers[1], numbers[2])
    code, output = await in_thread()
    assert code == 1
    assert f"First broken link: application {numbers[1]}, seq 3, kind gap" in output.replace("\n", " ")


async def test_the_command_tells_what_it_could_not_do_from_what_is_broken(environment: None) -> None:
    assert (await in_thread("--application", "Q0QJ"))[0] == 3
    assert (await in_thread("--application", "Q0QJ-WRBA-61TW-PZ"))[0] == 3
