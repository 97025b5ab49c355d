"""Revisions: the due instants of a clock, numbered in the order in which the record brought them.

Each instant of a clock's life has an end: the due instant that stands then, by what is on record now. A record that
puts another end there gives it a number of its own; a number, once given, names that end alone. So the revision at an
instant is that of the record which last changed the end there: it never falls, and what leaves the end as it was
leaves its number. A pause without a known end takes the end away and leaves the number.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from app.domain.folds import BEGINNING
from app.domain.spans import Span

__all__ = ["Kept", "Key", "Numbered", "State", "renumbered", "revised"]

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
    latest: datetime
    """The latest instant on record by then: what lies beyond is only expected, and has no number yet."""


def renumbered(states: Iterable[State]) -> dict[Key, list[Numbered]]:
    """The ends of all clocks as the last state has them, numbered in the order of recording."""
    ends: dict[Key, _Ends] = {}
    since = BEGINNING
    marks: dict[Key, list[Numbered]] = {}
    for marks, latest in states:
        for key, fresh in marks.items():
            ends.setdefault(key, _Ends()).take(fresh, since, latest)
        since = latest
    return {key: ends[key].shown(fresh, since) for key, fresh in marks.items()}


class _Line:
    """The ends of one round, instant by instant: what was told of it, and under which number each end came."""

    __slots__ = ("before", "seen", "told")

    def __init__(self, before: int) -> None:
        self.before = before
        """The number that the rounds before had reached."""
        self.told: list[Numbered] = []
        """From when on which end was the last that was not null, and its number."""
        self.seen: list[Numbered] = []
        """The marks that made it so."""

    def tell(self, at: datetime, round_: int, due_at: datetime | None, number: int) -> None:
        """An end that stands from an instant on, after all that was told."""
        if self.told and self.told[-1].at == at:
            self.told.pop()
        self.told.append(Numbered(at, round_, due_at, number))

    def goes_on(self, marks: Sequence[Numbered], since: datetime) -> bool:
        """Whether marks only add, from an instant on, to those seen before."""
        known = len(self.seen)
        return len(marks) >= known and _same(marks[:known], self.seen) and all(one.at >= since for one in marks[known:])


def _same(some: Sequence[Numbered], others: Sequence[Numbered]) -> bool:
    """Whether marks say the same of a clock, whatever their numbers."""
    return [(one.at, one.due_at) for one in some] == [(one.at, one.due_at) for one in others]


class _Piece:
    """A stretch of a line in which neither what is told nor what was told before changes."""

    __slots__ = ("at", "due_at", "group", "known")

    def __init__(self, at: datetime, due_at: datetime | None, known: Numbered | None) -> None:
        self.at = at
        self.due_at = due_at
        """The end that stands now; None for none."""
        self.known = known
        """The last end that was not null before, and its number."""
        self.group: int | None = None
        """Which of the new ends it belongs to."""


class _Ends:
    """The ends of one clock over all its rounds, while the record grows."""

    __slots__ = ("highest", "lines")

    def __init__(self) -> None:
        self.highest = 0
        self.lines: dict[int, _Line] = {}

    def take(self, marks: Iterable[Numbered], since: datetime, until: datetime | None) -> None:
        """More is on record, whose latest instant was `since` and is `until`; None takes in what is only expected."""
        rounds: dict[int, list[Numbered]] = {number: [] for number in self.lines}  # one may have vanished
        for number, of_round in groupby(marks, attrgetter("round")):
            by_then = [mark for mark in of_round if until is None or mark.at <= until]
            if by_then:
                rounds[number] = by_then
        rounds = dict(sorted(rounds.items()))
        if all(self.lines.get(number, _Line(0)).goes_on(told, since) for number, told in rounds.items()):
            for number, told in rounds.items():  # a round begins with the number that those before it have reached
                self._go_on(self.lines.setdefault(number, _Line(self.highest)), told)
        else:
            for number in rounds:
                self.lines.setdefault(number, _Line(self.highest))
            self._go_back(rounds)
        for number, told in rounds.items():
            self.lines[number].seen = told

    def shown(self, marks: list[Numbered], since: datetime) -> list[Numbered]:
        """The numbers from when on, round by round, with those that the ends only expected would have."""
        self.take(marks, since, None)
        return [told for number in sorted({mark.round for mark in marks}) for told in self.lines[number].told]

    def _go_on(self, line: _Line, marks: Sequence[Numbered]) -> None:
        """In legal order: one number more with each end that differs from the last that was not null."""
        for mark in marks[len(line.seen) :]:
            last = line.told[-1] if line.told else Numbered(mark.at, mark.round, None, line.before)
            if mark.due_at is None or mark.due_at == last.due_at:
                if not line.told:
                    line.told.append(last)
                continue
            self.highest += 1
            line.tell(mark.at, mark.round, mark.due_at, self.highest)

    def _go_back(self, rounds: dict[int, list[Numbered]]) -> None:
        """Number the ends that a record has put where others stood: that of the present first, then in legal order."""
        pieces = {number: list(_pieces(told, self.lines[number].told)) for number, told in rounds.items()}
        groups = 0
        for of_round in pieces.values():
            groups = _grouped(of_round, groups)
        last = next((pieces[number][-1] for number in reversed(rounds) if rounds[number]), None)
        present = groups - 1 if last is not None and last.group is not None else None
        for number, of_round in pieces.items():
            line = self.lines[number]
            line.told = []
            for piece in of_round:
                if piece.group is not None:
                    place = piece.group if present is None else 0 if piece.group == present else piece.group + 1
                    line.tell(piece.at, number, piece.due_at, self.highest + 1 + place)
                elif piece.known is not None:
                    line.tell(piece.at, number, piece.known.due_at, piece.known.revision)
                else:  # nothing stood here, and nothing does but a pause without a known end
                    line.tell(piece.at, number, None, line.before)
        self.highest += groups


def _pieces(marks: Sequence[Numbered], told: Sequence[Numbered]) -> Iterator[_Piece]:
    """A line cut wherever what is told now changes, or what was told before."""
    fresh = {mark.at: mark for mark in marks}  # of several at one instant only the last stands for any time
    before = {one.at: one for one in told}
    due_at: datetime | None = None
    known: Numbered | None = None
    for at in sorted(fresh.keys() | before.keys()):
        due_at = fresh[at].due_at if at in fresh else due_at
        known = before.get(at, known)
        yield _Piece(at, due_at, known)


def _grouped(pieces: Iterable[_Piece], groups: int) -> int:
    """Tell the new ends apart, in legal order: a pause without a known end parts none; how many there are then."""
    due_at: datetime | None = None
    for piece in pieces:
        if piece.due_at is None:
            continue
        if piece.known is not None and piece.known.due_at == piece.due_at:
            due_at = None
            continue
        if piece.due_at != due_at:
            groups += 1
            due_at = piece.due_at
        piece.group = groups - 1
    return groups


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
