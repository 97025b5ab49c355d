"""The tracking number against a plain reading of ISO 7064, and against the errors people make when they type."""

import random

import pytest

from app.domain import tracking_number
from app.domain.refusal import Refusal
from app.domain.tracking_number import Malformed, fold_query_code, make, parse, query_code

CROCKFORD = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
RADIX36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TRIALS = 20_000


def plainly_valid(text: str) -> bool:
    """ISO 7064 pure system, read word by word: the sum of value times 36 to the place, modulo 1271, is 1."""
    return sum(RADIX36.index(symbol) * pow(36, place, 1271) for place, symbol in enumerate(reversed(text))) % 1271 == 1


def numbers(count: int) -> list[str]:
    chance = random.Random(1271)
    drawn = (make(chance.randbytes(8)) for _ in range(2 * count))
    return [number for number in drawn if number is not None][:count]


def test_the_example_of_the_standard_has_its_check_characters() -> None:
    assert tracking_number.check_characters("ISO79") == "3W"


def test_every_number_is_valid_under_the_plain_reading_and_printed_in_groups() -> None:
    for number in numbers(TRIALS):
        plain = number.replace("-", "")
        assert plainly_valid(plain)
        assert set(plain) <= CROCKFORD
        assert [len(group) for group in number.split("-")] == [4, 4, 4, 2]
        assert parse(number) == number


def test_about_four_draws_in_five_are_kept() -> None:
    chance = random.Random(36)
    kept = sum(make(chance.randbytes(8)) is not None for _ in range(TRIALS))
    assert 0.77 < kept / TRIALS < 0.80


def test_all_sixty_random_bits_reach_the_number() -> None:
    seen = [set[str]() for _ in range(12)]
    for number in numbers(TRIALS):
        for place, symbol in enumerate(number.replace("-", "")[:12]):
            seen[place].add(symbol)
    assert all(symbols == CROCKFORD for symbols in seen)


def test_parse_agrees_with_the_plain_reading_on_random_text() -> None:
    chance = random.Random(7064)
    for _ in range(TRIALS):
        text = "".join(chance.choice(sorted(CROCKFORD)) for _ in range(14))
        assert accepted(text) == plainly_valid(text)


@pytest.mark.parametrize("spoil", ["single", "neighbours", "jump", "rotation"])
def test_no_error_of_one_hand_is_missed(spoil: str) -> None:
    chance = random.Random(spoil)
    tried = 0
    for number in numbers(TRIALS):
        plain = number.replace("-", "")
        wrong = spoiled(plain, spoil, chance)
        if wrong != plain:
            tried += 1
            assert not accepted(wrong), f"{plain} -> {wrong}"
    assert tried > TRIALS * 0.9


def spoiled(plain: str, how: str, chance: random.Random) -> str:
    symbols = list(plain)
    if how == "single":
        symbols[chance.randrange(14)] = chance.choice(sorted(CROCKFORD))
    elif how == "neighbours":
        place = chance.randrange(13)
        symbols[place], symbols[place + 1] = symbols[place + 1], symbols[place]
    elif how == "jump":
        place = chance.randrange(12)
        symbols[place], symbols[place + 2] = symbols[place + 2], symbols[place]
    else:
        symbols = symbols[1:] + symbols[:1]
    return "".join(symbols)


def accepted(text: str) -> bool:
    try:
        parse(text)
    except Malformed:
        return False
    return True


def test_input_forgives_case_dashes_spaces_lookalikes_and_full_width() -> None:
    number = next(n for n in numbers(1000) if "0" in n and "1" in n)
    plain = number.replace("-", "")
    for typed in (
        number.lower(),
        plain,
        f"  {' '.join(plain)}\n",
        number.replace("-", "\u2013"),
        number.replace("-", "\u200b"),
        plain.replace("0", "O").replace("1", "I"),
        plain.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(symbol) + 0xFEE0) for symbol in plain),
    ):
        assert parse(typed) == number


@pytest.mark.parametrize(
    "text",
    ["", "-", "Q0QJ", "Q0QJ-WRBA-61TW-P", "Q0QJ-WRBA-61TW-PZZ", "U" * 14, "0" * 14, "Q0QJ\x00WRBA61TWPZ", "\ud800" * 14,
     "Q0QJ-WRBA-61TW-P\u0665", "ß" * 7, "x" * 100_000, "Q0QJ_WRBA_61TW_PZ", "'; DROP TABLE applications; --"],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(text)
    assert isinstance(refused.value, Refusal)
    assert refused.value.code == "tracking_number_malformed"


def test_a_wrong_count_of_random_bytes_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="8 random bytes"):
        make(b"1234567")
    with pytest.raises(ValueError, match="5 random bytes"):
        query_code(b"1234")


def test_a_query_code_has_eight_symbols_and_folds_like_a_number() -> None:
    chance = random.Random(8)
    codes = [query_code(chance.randbytes(5)) for _ in range(2_000)]
    assert all(len(code) == 8 and set(code) <= CROCKFORD for code in codes)
    assert set().union(*codes) == CROCKFORD
    assert all(fold_query_code(f" {code[:4].lower()}-{code[4:]} ") == code for code in codes)
    assert fold_query_code("1O1l") is None
    assert fold_query_code("\x00") is None
