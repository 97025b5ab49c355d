"""The record and what holds of it: steps as recorded, amendments of them, editions applied, known by an instant."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from app.domain.folds import BEGINNING, Fold, Recomputation, folded
from app.domain.items import Item
from app.domain.steps import Amendment, Dossier, Step, StepType

__all__ = [
    "UNRECORDED",
    "Record",
    "amended",
    "dossier_of",
    "first_fold",
    "history_of",
    "known",
    "recomputed",
    "records_of",
    "steps_that_hold",
]

UNRECORDED = 1 << 62
"""The place of what is not recorded yet: after all that is."""

Record = Step | Amendment | Recomputation


def recording(record: Record) -> int:
    """The place of a record in the order of recording."""
    return record.seq or UNRECORDED


def in_legal_order(step: Step) -> tuple[datetime, int]:
    """By the instant at which it happened; of one instant, by the order of recording."""
    return step.at, step.seq or UNRECORDED


def steps_that_hold(records: Iterable[Record]) -> tuple[Step, ...]:
    """From what was recorded, in that order, to the steps that hold, in legal order.

    An amended step stands as it was amended last, under its own number; one that was struck out does not stand.
    """
    standing: dict[int, Step] = {}
    for record in records:
        if isinstance(record, Amendment):
            if record.step is None:
                standing.pop(record.of, None)
            else:
                standing[record.of] = record.step
        elif isinstance(record, Step):
            standing[recording(record)] = record
    return tuple(sorted(standing.values(), key=in_legal_order))


def dossier_of(item: Item, first: Fold, records: Iterable[Record]) -> Dossier:
    """The dossier of all that was recorded, in the order of recording; `first` is the fold of the receipt."""
    known_ = tuple(records)
    amendments = tuple(record for record in known_ if isinstance(record, Amendment))
    applied = tuple(record for record in known_ if isinstance(record, Recomputation))
    folds = folded(first, applied)
    return Dossier(
        item,
        folds[-1].calendar if folds else first.calendar,
        steps_that_hold(known_),
        folds,
        applied,
        amendments,
        tuple(record for record in known_ if isinstance(record, Step)) if amendments else (),
    )


def first_fold(dossier: Dossier) -> Fold:
    """The fold on which an application was received."""
    return dossier.folds[0] if dossier.folds else Fold(BEGINNING, dossier.calendar)


def records_of(dossier: Dossier) -> list[Record]:
    """All that is on record of an application, in the order of recording."""
    steps = dossier.recorded or dossier.steps
    return sorted((*steps, *dossier.amendments, *dossier.recomputations), key=recording)


def known(dossier: Dossier, known_at: datetime) -> Dossier | None:
    """The same dossier as it was on record at an instant; None before its first record."""
    records = records_of(dossier)
    earlier = [record for record in records if record.recorded_at is not None and record.recorded_at <= known_at]
    if len(earlier) == len(records):
        return dossier
    return dossier_of(dossier.item, first_fold(dossier), earlier) if earlier else None


def amended(dossier: Dossier, amendment: Amendment) -> Dossier:
    """The dossier with one more amendment."""
    return dossier_of(dossier.item, first_fold(dossier), [*records_of(dossier), amendment])


def recomputed(dossier: Dossier, *applied: Recomputation) -> Dossier:
    """The dossier with more editions or suspensions applied."""
    recomputations = (*dossier.recomputations, *applied)
    folds = folded(first_fold(dossier), recomputations)
    return replace(dossier, calendar=folds[-1].calendar, folds=folds, recomputations=recomputations)


def history_of(dossier: Dossier) -> Iterator[tuple[Dossier, datetime]]:
    """The dossier as it was on record time after time, with the latest instant on record: to number its ends by.

    First what was recorded in legal order from the beginning; then after each record that went back, and after each run
    of records that went on from the latest instant known. An edition published at that very instant goes back: nothing
    shows any more what held then. When the system wrote down what silence did is of no account, but that it did: an
    acceptance entered after it and dated before it goes back.
    """
    records: list[Record] = []
    first = first_fold(dossier)
    latest = BEGINNING
    run_goes_on = True
    for record in records_of(dossier):
        instant = _instant(record)
        if isinstance(record, Step) and record.type is StepType.DEEMED:
            latest = max(latest, instant)
            continue
        goes_on = (
            instant >= latest if isinstance(record, Step) else isinstance(record, Recomputation) and instant > latest
        )
        if records and (not goes_on or not run_goes_on):
            yield dossier_of(dossier.item, first, records), latest
        run_goes_on = goes_on
        latest = max(latest, instant)
        records.append(record)
    yield dossier, latest


def _instant(record: Record) -> datetime:
    if isinstance(record, Amendment):
        return BEGINNING if record.step is None else record.step.at
    return record.at
