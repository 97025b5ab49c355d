"""What a person types as a tracking number: how long it may be, which letters it never has, what the refusal says."""

import pytest

from app.domain.tracking_number import Malformed, parse

NUMBER = "Q0QJ-WRBA-61TW-PZ"


def test_sixty_four_characters_are_read_and_one_more_is_refused() -> None:
    symbols = NUMBER.replace("-", "")
    assert parse("-" * 50 + symbols) == NUMBER
    with pytest.raises(Malformed):
        parse("-" * 51 + symbols)


def test_a_u_is_refused_even_where_the_check_characters_fit() -> None:
    body = "Q0QJWRBA61TU"
    check = next(
        f"{one}{two}"
        for one in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        for two in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        if int(f"{body}{one}{two}", 36) % 1271 == 1
    )
    for typed in (body + check, (body + check).lower()):
        with pytest.raises(Malformed):
            parse(typed)


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(Malformed) as refused:
        parse("nothing")
    assert (refused.value.code, refused.value.detail) == (
        "tracking_number_malformed",
        "This is not a tracking number: check what was typed.",
    )
