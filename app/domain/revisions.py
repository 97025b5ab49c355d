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
    into the past. A due instant that stood at the same time before keeps its number, however much was recorded in
    between, so that no number ever names two crossings and no crossing changes its number. The first state is numbered
    in legal order.
    """
    known = {key: in_legal_order(marks) for key, marks in next(states).marks.items()}
    highest = {key: max((mark.revision for mark in marks), default=0) for key, marks in known.items()}
    for marks, goes_on in states:
        known = {key: _numbered(ends, known.get(key, []), highest, key, goes_on=goes_on) for key, ends in marks.items()}
    return known


class _Piece(NamedTuple):
    """A stretch of time in which an end had one number before, or none."""

    mark: Numbered
    number: int | None


def _numbered(
    fresh: list[Numbered], before: list[Numbered], highest: dict[Key, int], key: Key, *, goes_on: bool
) -> list[Numbered]:
    """The ends of a clock after more records, numbered by those before them."""
    groups: list[list[_Piece]] = []
    due: tuple[int, datetime | None] | None = None
    for piece in _pieces(fresh, before):
        mark = piece.mark
        if groups and (mark.due_at is None or (mark.round, mark.due_at) == due):
            groups[-1].append(piece)
        else:
            groups.append([piece])
        if mark.due_at is not None:
            due = (mark.round, mark.due_at)
    first = [_first_number(group) for group in groups]
    new = [place for place, number in enumerate(first) if number is None]
    if new and new[-1] == len(groups) - 1 and not goes_on:
        new.insert(0, new.pop())
    for place in new:
        first[place] = highest[key] = highest.get(key, 0) + 1
    numbered: list[Numbered] = []
    for group, start in zip(groups, first, strict=True):
        number = start or 0
        for piece in group:
            number = number if piece.number is None else piece.number
            numbered.append(piece.mark._replace(revision=number))
    return numbered


def _first_number(group: list[_Piece]) -> int | None:
    """The number with which a due instant begins: the first that it ever had; None when it is new."""
    if all(piece.mark.due_at is None for piece in group):
        return 0
    return next((piece.number for piece in group if piece.number is not None), None)


def _pieces(fresh: list[Numbered], before: list[Numbered]) -> Iterator[_Piece]:
    """The ends of a clock, each cut where the number changes that it had before.

    Of several ends at one instant all but the last stand for no time; such a one is known by its instant.
    """
    passing = [mark for mark, over in _until(before) if over == mark.at]
    lasting = [(mark, over) for mark, over in _until(before) if over != mark.at]
    for mark, over in _until(fresh):
        if over == mark.at:
            same = [known for known in passing if known._replace(revision=mark.revision) == mark]
            yield _Piece(mark, same[0].revision if same and mark.due_at is not None else None)
            continue
        number: int | None = None
        begun = False
        for known, ended in lasting:
            if (ended is not None and ended <= mark.at) or (over is not None and known.at >= over):
                continue
            same_end = mark.due_at is not None and (known.round, known.due_at) == (mark.round, mark.due_at)
            if known.at > mark.at and not begun:
                begun = True
                yield _Piece(mark, None)
            if not begun or (same_end and known.revision != number):
                begun = True
                number = known.revision if same_end else None
                yield _Piece(mark._replace(at=max(mark.at, known.at)), number)
        if not begun:
            yield _Piece(mark, None)


def _until(marks: list[Numbered]) -> Iterator[tuple[Numbered, datetime | None]]:
    """The ends of a clock, each with the instant at which the next one takes its place."""
    for position, mark in enumerate(marks):
        yield mark, marks[position + 1].at if position + 1 < len(marks) else None


def revised(spans: Iterable[Span], marks: list[Numbered]) -> Iterator[Span]:
    """The spans of one clock with the numbers of its ends; neighbours that no longer differ become one."""
    last: Span | None = None
    for span in spans:
        for shown in _with_numbers(span, marks):
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


def _with_numbers(span: Span, marks: list[Numbered]) -> Iterator[Span]:
    """A span, cut where the number of its end changes."""
    revision = span.revision
    begin = span.from_at
    for mark in marks:
        if mark.round != span.round:
            continue
        if mark.at > begin and mark.revision != revision:
            if span.to_at is not None and mark.at >= span.to_at:
                break
            yield span._replace(from_at=begin, to_at=mark.at, revision=revision)
            begin = mark.at
        revision = mark.revision
    yield span._replace(from_at=begin, revision=revision)
