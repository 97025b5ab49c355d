"""Seals and keyed digests."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import func, select

from app.kit.db import Database
from app.kit.sealing import Broken, Sealer, SecretCheck, confirm_secret, derived

SEALER = Sealer(b"a secret of the server, long enough")


def test_what_was_sealed_for_a_place_is_read_there() -> None:
    assert SEALER.open(SEALER.seal("张三".encode(), b"N/1"), b"N/1") == "张三".encode()


@pytest.mark.parametrize("cut", [0, 1, 12, 13, 28, 29])
def test_a_shortened_seal_is_broken(cut: int) -> None:
    with pytest.raises(Broken):
        SEALER.open(SEALER.seal(b"", b"N/1")[:cut][:28], b"N/1")


def test_a_changed_or_moved_seal_is_broken() -> None:
    sealed = SEALER.seal(b"x", b"N/1")
    for each, place in (
        (sealed, b"N/2"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"N/1"),
        (b"\x02" + sealed[1:], b"N/1"),
    ):
        with pytest.raises(Broken):
            SEALER.open(each, place)


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(Broken):
        Sealer(b"another secret, just as long as it").open(SEALER.seal(b"x", b"N"), b"N")


def test_without_the_client_s_key_nobody_reads_what_was_sealed_under_it() -> None:
    sealed = SEALER.under(b"key 1").seal(b"x", b"N")
    assert SEALER.under(b"key 1").open(sealed, b"N") == b"x"
    for other in (SEALER, SEALER.under(b"key 2")):
        with pytest.raises(Broken):
            other.open(sealed, b"N")


def test_digests_of_two_purposes_differ() -> None:
    assert SEALER.mac("a", b"x") == SEALER.mac("a", b"x") != SEALER.mac("b", b"x")


async def test_a_database_recognises_the_secret_that_sealed_it(database: Database) -> None:
    async with database.transaction() as tx:
        assert not await confirm_secret(tx, SEALER)  # the service of this test was first, with its own
        assert await tx.scalar(select(func.count()).select_from(SecretCheck)) == 1


def test_sub_keys_are_those_of_hkdf() -> None:
    """What was sealed by the library's HKDF must open for ever."""
    for secret in (b"k", b"s" * 32, b"long" * 40):
        expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"shixian/seal/1").derive(secret)
        assert derived(secret, b"shixian/seal/1") == expected
