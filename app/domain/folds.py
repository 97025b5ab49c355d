"""The folds that an application stands on: from when on which edition of its calendar and which suspensions hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.calendar import Calendar

__all__ = ["BEGINNING", "Fold", "Recomputation", "Suspension", "days_ahead", "fold_at", "folded"]

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""From when on the first fold of an application holds: it was there when the application came in."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A published document that stops the clocks of a whole place: the days from `first` to `last` are taken out.

    Disaster, epidemic. Both days are taken out of the clocks of the kinds named, whatever their `pauses_for` says,
    merged with pauses. `last` None: as long as it lasts, until a later document of the same `id` names its end.
    """

    id: str
    clocks: frozenset[str]
    first: int
    last: int | None
    document: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """What holds for an application from `from_at` on: a calendar as published by then, and suspensions."""

    from_at: datetime
    calendar: Calendar
    suspensions: tuple[Suspension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputation:
    """A record that an edition or a suspension, published at `at`, has been applied to one application.

    One of `calendar` and `suspension` is given. It holds from its publication on, however late it was applied.
    """

    at: datetime
    seq: int = 0
    recorded_at: datetime | None = None
    calendar: Calendar | None = None
    suspension: Suspension | None = None

    @property
    def cause(self) -> str:
        """`edition` or `suspension`."""
        return "edition" if self.suspension is None else "suspension"


def folded(first: Fold, applied: Iterable[Recomputation]) -> tuple[Fold, ...]:
    """The folds in order of publication, the one of the receipt first; () where that stands alone and is bare.

    Of several editions published by an instant the one applied last speaks, of several documents on one suspension the
    last. 2020-01-27: the second fold has 01-31 off; before that day the first one stands, whatever is known since.
    """
    known = sorted(applied, key=lambda one: one.seq)
    if not known:
        return (first,) if first.suspensions else ()
    edges = sorted({one.at for one in known})
    folds = [first]
    for edge in edges:
        calendar = first.calendar
        suspensions = {one.id: one for one in first.suspensions}
        for one in known:
            if one.at > edge:
                continue
            if one.suspension is not None:
                suspensions[one.suspension.id] = one.suspension
            if one.calendar is not None:
                calendar = one.calendar
        folds.append(Fold(edge, calendar, tuple(suspensions.values())))
    return tuple(folds)


def fold_at(folds: Sequence[Fold], at: datetime) -> Fold:
    """The fold in force at an instant."""
    found = folds[0]
    for fold in folds[1:]:
        if fold.from_at > at:
            break
        found = fold
    return found


def days_ahead(suspensions: Iterable[Suspension]) -> dict[str, list[tuple[int, int]]]:
    """The days that suspensions with a known end take out of each kind of clock: `(begin, end]`, in order and apart."""
    ahead: dict[str, list[tuple[int, int]]] = {}
    for one in sorted(suspensions, key=lambda one: one.first):
        if one.last is None:
            continue
        for kind in one.clocks:
            days = ahead.setdefault(kind, [])
            if days and one.first - 1 <= days[-1][1]:
                days[-1] = (days[-1][0], max(days[-1][1], one.last))
            else:
                days.append((one.first - 1, one.last))
    return ahead
