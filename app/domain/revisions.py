"""Revisions: the due instants of a clock, numbered in the order in which the record brought them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from app.domain.spans import Span

__all__ = ["Kept", "Key", "Numbered", "State", "in_legal_order", "renumbered", "revised"]

Key = tuple[str, str]
"""Kind and stage of a clock."""


class Numbered(NamedTuple):
    """From when on a clock has a due instant (None: an open pause without a known end), and its number."""

    at: datetime
    round: int
    due_at: datetime | None
    revision: int


class Kept(NamedTuple):
    """One clock over all its rounds: its spans, and its end after each event with the round."""

    spans: tuple[Span, ...]
    marks: list[Numbered]


class State(NamedTuple):
    """The ends of all clocks at one time in the order of recording."""

    marks: dict[Key, list[Numbered]]
    goes_on: bool
    """Whether the records since the state before only went on where that one ended."""


def in_legal_order(marks: Iterable[Numbered]) -> list[Numbered]:
    """Ends numbered as if recorded in legal order: one number more with each that differs from the last known."""
    number = 0
    due: tuple[int, datetime | None] | None = None
    numbered: list[Numbered] = []
    for mark in marks:
        if mark.due_at is not None and (mark.round, mark.due_at) != due:
            number += 1
            due = (mark.round, mark.due_at)
        numbered.append(Numbered(mark.at, mark.round, mark.due_at, number))
    return numbered


def renumbered(states: Iterator[State]) -> dict[Key, list[Numbered]]:
    """The ends of all clocks as the last state has them, numbered in the order of recording.

    A record numbers the due instants that it brings into the history: that of the present first, then those that it put
    into the past. A due instant that stood at the same time before keeps its number, so that no number ever names two
    crossings. The first state is numbered in legal order.
    """
    first = {key: in_legal_order(marks) for key, marks in next(states).marks.items()}
    highest = {key: max((mark.revision for mark in marks), default=0) for key, marks in first.items()}
    known = {key: _last_of_each_instant(marks) for key, marks in first.items()}
    for marks, goes_on in states:
        fresh = {key: _last_of_each_instant(ends) for key, ends in marks.items()}
        known = {key: _numbered(ends, known.get(key, []), highest, key, goes_on=goes_on) for key, ends in fresh.items()}
    return known


def _last_of_each_instant(marks: Iterable[Numbered]) -> list[Numbered]:
    """The ends of a clock; of several at one instant in one round the last."""
    noted: list[Numbered] = []
    for mark in marks:
        if noted and noted[-1].at == mark.at and noted[-1].round == mark.round:
            noted.pop()
        noted.append(mark)
    return noted


def _numbered(
    fresh: list[Numbered], before: list[Numbered], highest: dict[Key, int], key: Key, *, goes_on: bool
) -> list[Numbered]:
    """The ends of a clock after more records, numbered by those before them."""
    groups: list[list[int]] = []
    due: tuple[int, datetime | None] | None = None
    for position, mark in enumerate(fresh):
        if groups and (mark.due_at is None or (mark.round, mark.due_at) == due):
            groups[-1].append(position)
        else:
            groups.append([position])
        if mark.due_at is not None:
            due = (mark.round, mark.due_at)
    numbers: list[int | None] = [_kept(group, fresh, before) for group in groups]
    new = [g for g, number in enumerate(numbers) if number is None]
    if new and new[-1] == len(groups) - 1 and not goes_on:
        new.insert(0, new.pop())
    for g in new:
        numbers[g] = highest[key] = highest.get(key, 0) + 1
    return [
        fresh[position]._replace(revision=number or 0)
        for group, number in zip(groups, numbers, strict=True)
        for position in group
    ]


def _kept(group: list[int], fresh: list[Numbered], before: list[Numbered]) -> int | None:
    """The number under which one of a group's due instants stood at the same time before; None when none did."""
    for position in group:
        mark = fresh[position]
        end = fresh[position + 1].at if position + 1 < len(fresh) else None
        for earlier, over in zip(before, [*(one.at for one in before[1:]), None], strict=False):
            if (
                mark.due_at is not None
                and (earlier.round, earlier.due_at) == (mark.round, mark.due_at)
                and (end is None or earlier.at < end)
                and (over is None or over > mark.at)
            ):
                return earlier.revision
    return 0 if all(fresh[position].due_at is None for position in group) else None


def revised(spans: Iterable[Span], marks: list[Numbered]) -> Iterator[Span]:
    """The spans of one clock with the numbers of its ends; neighbours that no longer differ become one."""
    last: Span | None = None
    for span in spans:
        revision = span.revision
        for mark in marks:
            if mark.at <= span.from_at and mark.round == span.round:
                revision = mark.revision
        shown = span._replace(revision=revision)
        if (
            last is not None
            and last.to_at == shown.from_at
            and last._replace(from_at=shown.from_at, to_at=shown.to_at) == shown
        ):
            last = last._replace(to_at=shown.to_at)
            continue
        if last is not None:
            yield last
        last = shown
    if last is not None:
        yield last
