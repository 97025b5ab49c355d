"""The tracking number of an application: random, with two check characters, forgiving to type."""

import re
import unicodedata

from app.domain.refusal import Refusal

__all__ = ["QUERY_CODE_BYTES", "RANDOM_BYTES", "Malformed", "fold_query_code", "make", "parse", "query_code"]

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
MODULUS = 1271
RADIX = 36

RANDOM_BYTES = 8
QUERY_CODE_BYTES = 5

SEPARATORS = re.compile("[\\s\\-\u2010-\u2015\u2212\u200b-\u200d\u2060\ufeff\u00ad]+")
TYPED = re.compile(r"[0-9A-Za-z]+", re.ASCII)
LOOKALIKES = str.maketrans("OIL", "011")
LONGEST_INPUT = 64


class Malformed(Refusal):
    """What was typed is no tracking number: wrong length, a foreign character, or check characters that do not fit."""

    def __init__(self) -> None:
        super().__init__("tracking_number_malformed", "This is not a tracking number: check what was typed.")


def make(random_bytes: bytes) -> str | None:
    """The tracking number of 60 random bits, printed; None when its check characters fall outside the 32 symbols.

    About one draw in five is refused so; the caller draws again.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a tracking number is made of {RANDOM_BYTES} random bytes")
    text = spell(int.from_bytes(random_bytes, "big"), 12)
    check = check_characters(text)
    if check[0] not in SYMBOLS or check[1] not in SYMBOLS:
        return None
    return printed(text + check)


def parse(text: str) -> str:
    """The printed form of what a person typed: lower case, without dashes, O for 0, I or L for 1.

    Raises `Malformed` when the check characters do not fit, so that no database is asked.
    """
    plain = fold(text)
    if len(plain) != 14 or int(plain, RADIX) % MODULUS != 1:
        raise Malformed
    return printed(plain)


def query_code(random_bytes: bytes) -> str:
    """The eight symbols of 40 random bits that are printed on the receipt beside the tracking number."""
    if len(random_bytes) != QUERY_CODE_BYTES:
        raise ValueError(f"a query code is made of {QUERY_CODE_BYTES} random bytes")
    return spell(int.from_bytes(random_bytes, "big"), 8)


def fold_query_code(text: str) -> str | None:
    """The query code that a person typed, folded like a tracking number; None when it cannot be one."""
    try:
        plain = fold(text)
    except Malformed:
        return None
    return plain if len(plain) == 8 else None


def check_characters(text: str) -> str:
    """The two check characters of ISO 7064 MOD 1271-36: `ISO79` has `3W`."""
    high, low = divmod((1 - remainder(text)) % MODULUS, RADIX)
    return ALPHABET[high] + ALPHABET[low]


def remainder(text: str) -> int:
    """The weighted sum of the symbols modulo 1271, with two places left open for the check characters."""
    total = 0
    for symbol in text:
        total = (total * RADIX + VALUE[symbol]) % MODULUS
    return total * RADIX * RADIX % MODULUS


def spell(bits: int, length: int) -> str:
    """The lowest `5 * length` bits as symbols, highest first."""
    return "".join(SYMBOLS[bits >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def printed(plain: str) -> str:
    """Fourteen symbols in groups of four."""
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:12]}-{plain[12:]}"


def fold(text: str) -> str:
    """What was typed, reduced to the 32 symbols; raises `Malformed` on anything that is none of them."""
    if len(text) > LONGEST_INPUT:
        raise Malformed
    plain = SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not TYPED.fullmatch(plain):
        raise Malformed
    plain = plain.upper().translate(LOOKALIKES)
    if "U" in plain:
        raise Malformed
    return plain
