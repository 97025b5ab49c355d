"""What is published of small numbers: nobody can reckon back what is hidden."""

import random
from collections.abc import Mapping, Sequence

import pytest

from app.statistics.disclosure import SMALL, Hidden, Sum, hide

Key = str


def test_counts_of_one_to_four_are_hidden_and_none_and_five_are_shown() -> None:
    values = {str(count): count for count in range(8)}
    assert hide(values, []) == {str(count): Hidden.SMALL for count in range(1, 5)}


def test_with_one_small_part_the_smallest_of_the_others_is_hidden_too() -> None:
    values = {"all": 60, "a": 3, "b": 20, "c": 37}
    assert hide(values, [Sum("all", ("a", "b", "c"))]) == {"a": Hidden.SMALL, "b": Hidden.BESIDE}


def test_two_small_parts_that_are_small_together_take_a_third_with_them() -> None:
    values = {"all": 60, "a": 2, "b": 2, "c": 56}
    assert hide(values, [Sum("all", ("a", "b", "c"))])["c"] is Hidden.BESIDE


def test_two_fours_that_make_up_a_shown_eight_hide_the_eight() -> None:
    values = {"all": 8, "a": 4, "b": 4}
    assert hide(values, [Sum("all", ("a", "b"))])["all"] is Hidden.BESIDE


def test_the_parts_of_a_small_whole_are_all_hidden_those_of_none_with_them() -> None:
    values = {"all": 4, "a": 1, "b": 1, "c": 1, "d": 1, "e": 0}
    found = hide(values, [Sum("all", ("a", "b", "c", "d", "e"))])
    assert found == {"all": Hidden.SMALL, **dict.fromkeys("abcde", Hidden.BESIDE)}


def test_few_late_ones_hide_those_in_time_only_where_no_rest_hides_them() -> None:
    values = {"closed": 30, "in time": 27, "late": 3}
    verdicts = ("in time", "late")
    assert set(hide(values, [Sum("closed", verdicts)])) == {"in time", "late"}
    assert set(hide({**values, "closed": 40}, [Sum("closed", verdicts, rest=10)])) == {"late"}


def test_parts_that_do_not_make_up_their_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="all"):
        hide({"all": 3, "a": 1}, [Sum("all", ("a",))])


def test_where_all_is_hidden_and_nothing_is_left_to_hide_it_ends() -> None:
    values = {"all": 5, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    assert set(hide(values, [Sum("all", ("a", "b", "c", "d", "e"))])) == set(values)


def a_table(chance: random.Random) -> tuple[dict[Key, int], list[Sum[Key]]]:
    """A tree of two departments with two items each, closed and verdicts at each."""
    values: dict[Key, int] = {}
    tree = {"a": ["a1", "a2"], "b": ["b1", "b2"], "": ["a", "b"]}
    for item in (*tree["a"], *tree["b"]):
        late, in_time = chance.choice((0, 0, 1, 2, 4, 6)), chance.choice((0, 1, 3, 5, 8))
        rest = chance.choice((0, 0, 0, 1, 5))
        values |= {f"{item}L": late, f"{item}T": in_time, f"{item}C": late + in_time + rest}
    sums: list[Sum[Key]] = []
    for node, parts in tree.items():
        for figure in "LTC":
            values[node + figure] = sum(values[part + figure] for part in parts)
            sums.append(Sum(node + figure, tuple(part + figure for part in parts)))
    for node in (*tree["a"], *tree["b"], *tree):
        closed, late, in_time = (values[node + figure] for figure in "CLT")
        sums.append(Sum(f"{node}C", (f"{node}T", f"{node}L"), closed - late - in_time))
    return values, sums


Domain = dict[Key, tuple[int, int]]


def solved(domain: Domain, sums: Sequence[Sum[Key]]) -> bool:
    """Whether whole numbers within these bounds fulfil every sum: narrowed, then tried, until none or one is found."""
    moved = True
    while moved:
        moved = False
        for one in sums:
            for key in (one.whole, *one.parts):
                low, high = domain[key]
                others = [domain[part] for part in one.parts if part != key]
                least, most = sum(low for low, _ in others), sum(high for _, high in others)
                if key == one.whole:
                    narrow = (max(low, least), high if one.rest is not None else min(high, most))
                else:
                    whole = domain[one.whole]
                    narrow = (low if one.rest is not None else max(low, whole[0] - most), min(high, whole[1] - least))
                if narrow[0] > narrow[1]:
                    return False
                if narrow != (low, high):
                    domain[key], moved = narrow, True
    unsure = [key for key, (low, high) in domain.items() if low < high]
    if not unsure:
        return True
    first = min(unsure, key=lambda key: domain[key][1])
    low, high = domain[first]
    return any(solved({**domain, first: (tried, tried)}, sums) for tried in range(low, high + 1))


def may_be_another(values: Mapping[Key, int], sums: Sequence[Sum[Key]], hidden: Mapping[Key, Hidden], of: Key) -> bool:
    """Whether all that is shown would be the same if a small hidden count were another one.

    Of a count hidden beside it the reader knows nothing, and of a rest only that there may be one.
    """
    domain: Domain = {
        key: (value, value) if key not in hidden else (1, SMALL - 1) if hidden[key] is Hidden.SMALL else (0, 60)
        for key, value in values.items()
    }
    return any(solved({**domain, of: (other, other)}, sums) for other in range(1, SMALL) if other != values[of])


def left_small(values: Mapping[Key, int], sums: Sequence[Sum[Key]], hidden: Mapping[Key, Hidden]) -> list[Sum[Key]]:
    """Shown wholes of which what is hidden is small together."""
    found = []
    for one in sums:
        together = sum(values[part] for part in one.parts if part in hidden)
        if one.whole not in hidden and together and together + (one.rest or 0) < SMALL:
            found.append(one)
    return found


def test_of_two_hundred_small_tables_hardly_a_count_can_be_told_by_solving_all_sums_at_once() -> None:
    told: list[str] = []
    without: list[str] = []
    for seed in range(200):
        values, sums = a_table(random.Random(seed))
        hidden = hide(values, sums)
        assert all(key in hidden for key, value in values.items() if 0 < value < SMALL)
        assert not left_small(values, sums, hidden), f"seed {seed}"
        small = {key: why for key, why in hidden.items() if values[key] in range(1, SMALL)}
        told += [f"{seed} {key}" for key in small if not may_be_another(values, sums, hidden, key)]
        alone = dict.fromkeys(small, Hidden.SMALL)
        without += [f"{seed} {key}" for key in small if not may_be_another(values, sums, alone, key)]
    assert len(told) == 9, told
    assert len(without) == 873, "what hiding the small ones alone would tell; docs/figures.md names both"
