"""Where an answer differs from what a case expects. What a case does not name is not compared."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

__all__ = ["Difference", "differences"]

Json = Any  # a value of an answer

NOTHING = "(nothing)"


class Difference(NamedTuple):
    """One field in which an answer differs."""

    field: str
    expected: Json
    got: Json


def differences(expected: dict[str, Json], got: dict[str, Json]) -> list[Difference]:
    """Every difference of one answer, in the order in which the case names its fields.

    Instants are compared as instants: `2025-02-15T00:00:00+08:00` is `2025-02-14T16:00:00Z`. A clock is found by its
    `kind`, `stage` and `round`, an effect of silence by its `clock`; of the violations the codes are compared, all of
    them and in their order.
    """
    if "error" in got and "error" not in expected:
        return [Difference("error", NOTHING, _problem(got["error"]))]
    return list(_object("", expected, got))


def _problem(problem: Json) -> Json:
    if isinstance(problem, dict):
        return " ".join(str(problem[part]) for part in ("code", "detail") if problem.get(part)) or problem
    return problem


def _object(at: str, expected: dict[str, Json], got: Json) -> Iterator[Difference]:
    if not isinstance(got, dict):
        yield Difference(at or "(answer)", expected, got)
        return
    for field, wanted in expected.items():
        place = f"{at}.{field}" if at else field
        if field == "error":
            yield from _error(place, wanted, got.get("error"))
        elif field not in got:
            if wanted is not None:
                yield Difference(place, wanted, NOTHING)
        elif field == "violations":
            yield from _codes(place, wanted, got[field])
        elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
            yield from _members(place, wanted, got[field])
        elif isinstance(wanted, dict):
            yield from _object(place, wanted, got[field])
        elif not _same(wanted, got[field]):
            yield Difference(place, wanted, got[field])


def _error(at: str, wanted: Json, got: Json) -> Iterator[Difference]:
    """`true`: any error; an object: the fields that it names."""
    if got is None:
        yield Difference(at, wanted, NOTHING)
    elif isinstance(wanted, dict):
        yield from _object(at, wanted, got)


def _codes(at: str, wanted: Sequence[Json], got: Json) -> Iterator[Difference]:
    expected, found = _codes_of(wanted), _codes_of(got)
    if expected != found:
        yield Difference(at, expected, found)


def _codes_of(violations: Json) -> Json:
    if not isinstance(violations, list):
        return violations
    return [one.get("code") if isinstance(one, dict) else one for one in violations]


KEYS = ("kind", "stage", "round", "clock", "rung", "date")


def _members(at: str, wanted: Sequence[dict[str, Json]], got: Json) -> Iterator[Difference]:
    """Each expected member among those of the answer; it is the first that has the same key fields."""
    if not isinstance(got, list):
        yield Difference(at, wanted, got)
        return
    for member in wanted:
        keys = {key: member[key] for key in KEYS if key in member}
        place = f"{at}[{','.join(str(value) for value in keys.values())}]"
        found = next(
            (one for one in got if isinstance(one, dict) and all(one.get(key) == keys[key] for key in keys)), None
        )
        if found is None:
            yield Difference(place, member, NOTHING)
        else:
            yield from _object(place, {key: value for key, value in member.items() if key not in keys}, found)


def _same(wanted: Json, got: Json) -> bool:
    if wanted == got and isinstance(wanted, bool) == isinstance(got, bool):
        return True
    if isinstance(wanted, str) and isinstance(got, str):
        one, other = _instant(wanted), _instant(got)
        return one is not None and one == other
    return False


def _instant(text: str) -> datetime | None:
    """An instant with an offset; None for a date, a code or anything else."""
    if "T" not in text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant
