"""Points are exact: whole hundredths inside, a decimal text outside."""

from collections.abc import Sequence
from typing import Final

__all__ = ["HUNDRED", "mean_of", "read_points", "spelled_points"]

HUNDRED: Final = 100
"""Hundredths of a point in one."""


def read_points(text: str) -> int:
    """The hundredths that `-2.5` says."""
    digits = text.removeprefix("-")
    whole, _, fraction = digits.partition(".")
    hundredths = int(whole) * HUNDRED + int(f"{fraction:0<2}"[:2])
    return -hundredths if text.startswith("-") else hundredths


def spelled_points(hundredths: int) -> str:
    """The one spelling of points: no zero that says nothing, no sign before nothing."""
    whole, fraction = divmod(abs(hundredths), HUNDRED)
    text = f"{whole}.{fraction:02d}".rstrip("0").rstrip(".") if fraction else str(whole)
    return f"-{text}" if hundredths < 0 else text


def mean_of(scores: Sequence[int]) -> int | None:
    """The mean of scores that are not negative, rounded half up to the hundredth; None of none."""
    if not scores:
        return None
    count = len(scores)
    return (2 * sum(scores) + count) // (2 * count)
