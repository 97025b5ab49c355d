"""One history drawn under several folds, spliced: each drawing cut to the time in which its fold stands."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.revisions import Kept, Key, Numbered
from app.domain.silence import Deemed
from app.domain.spans import ClockState, Span, Stretch

__all__ = ["Drawn", "spliced"]

_STOPPED = frozenset({ClockState.MET, ClockState.MISSED, ClockState.VOID})


class Drawn(NamedTuple):
    """A history as one fold has it, or as all its folds have it together."""

    kept: dict[Key, Kept]
    stretches: tuple[Stretch, ...]
    odd: tuple[str, ...]
    deemed: tuple[Deemed, ...] = ()
    received_on: int | None = None


class _Window(NamedTuple):
    """The time `[from_at, to_at)` in which a clock goes by the drawing of one fold; None for a fold that it skips."""

    from_at: datetime
    to_at: datetime | None

    def cut(self, span: Span) -> Span | None:
        """The part of a span that lies in it."""
        from_at = max(span.from_at, self.from_at)
        to_at = _earlier(span.to_at, self.to_at)
        if to_at is not None and to_at <= from_at:
            return None
        return span if from_at == span.from_at and to_at == span.to_at else span._replace(from_at=from_at, to_at=to_at)


def spliced(drawings: Sequence[tuple[datetime, Drawn]]) -> Drawn:
    """The drawings of the folds, in order of publication, as one: the time before a publication shows what held then.

    A clock that has stopped keeps the edition under which it stopped, until something revives it.
    """
    edges = [from_at for from_at, _ in drawings]
    drawn = [one for _, one in drawings]
    keys = dict.fromkeys(key for one in drawn for key in one.kept)
    kept = {key: _spliced([one.kept.get(key, _NOTHING) for one in drawn], edges) for key in keys}
    odd = tuple(dict.fromkeys(code for one in drawn for code in one.odd))
    return Drawn(kept, _stretches([one.stretches for one in drawn], edges), odd, (), drawn[-1].received_on)


_NOTHING = Kept((), [])


def _spliced(kept: Sequence[Kept], edges: Sequence[datetime]) -> Kept:
    """One clock over its rounds, each of which is spliced for itself."""
    spans: list[Span] = []
    marks: list[Numbered] = []
    for round_ in sorted({span.round for one in kept for span in one.spans}):
        of_round = [[span for span in one.spans if span.round == round_] for one in kept]
        windows = _windows(of_round, edges)
        for window, drawn, one in zip(windows, of_round, kept, strict=True):
            if window is None:
                continue
            spans.extend(part for span in drawn if (part := window.cut(span)) is not None)
            marks.extend(_within(window, [mark for mark in one.marks if mark.round == round_]))
    return Kept(tuple(spans), marks)


def _windows(drawn: Sequence[Sequence[Span]], edges: Sequence[datetime]) -> list[_Window | None]:
    windows: list[_Window | None] = []
    begin: datetime | None = edges[0]
    for spans, end in zip(drawn, [*edges[1:], None], strict=True):
        if begin is None or (end is not None and end <= begin):
            windows.append(None)
            continue
        until = end
        if end is not None:
            for span in spans:
                if span.state in _STOPPED and span.from_at < end and (span.to_at is None or span.to_at > end):
                    until = span.to_at
        windows.append(_Window(begin, until))
        begin = until
    return windows


def _within(window: _Window, marks: Iterable[Numbered]) -> list[Numbered]:
    """The ends that hold in a window; the one in force at its beginning counts from there."""
    found: list[Numbered] = []
    for mark in marks:
        if window.to_at is not None and mark.at >= window.to_at:
            break
        if mark.at <= window.from_at:
            found = [mark._replace(at=window.from_at)]
        else:
            found.append(mark)
    return found


def _stretches(drawn: Sequence[Sequence[Stretch]], edges: Sequence[datetime]) -> tuple[Stretch, ...]:
    """Status and holder: those of each fold while it stands."""
    found: list[Stretch] = []
    for stretches, begin, end in zip(drawn, edges, [*edges[1:], None], strict=True):
        for stretch in stretches:
            from_at, to_at = max(stretch.from_at, begin), _earlier(stretch.to_at, end)
            if to_at is not None and to_at <= from_at:
                continue
            if found and found[-1].to_at == from_at and found[-1][2:] == stretch[2:]:
                found[-1] = found[-1]._replace(to_at=to_at)
            else:
                found.append(stretch._replace(from_at=from_at, to_at=to_at))
    return tuple(found)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two ends; None is none."""
    if one is None or other is None:
        return one or other
    return min(one, other)
