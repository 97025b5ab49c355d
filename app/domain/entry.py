"""One record enters a dossier as live entry has it: judged when it is recorded, by what holds then."""

from app.domain import procedure
from app.domain.corrections import Record, amended, recomputed
from app.domain.folds import Recomputation
from app.domain.refusal import Refusal
from app.domain.steps import Amendment, Dossier, Step

__all__ = ["enter", "entered"]


def enter(dossier: Dossier, record: Record) -> Dossier:
    """The dossier with one more record, or the refusal that live entry gets; an edition is refused by nobody."""
    if isinstance(record, Recomputation):
        return recomputed(dossier, record)
    if isinstance(record, Amendment):
        if all(step.seq != record.of for step in dossier.steps):
            raise Refusal("step_unknown", "The application has no such step.", pointer="/step")
        procedure.check_amendment(dossier, record)
        return amended(dossier, record)
    procedure.check(dossier, record, now=record.recorded_at or record.at)
    return dossier.with_step(record)


def entered(dossier: Dossier, records: list[Record]) -> tuple[Dossier, list[Step | Amendment]]:
    """The dossier after all records that live entry would take, and those that it would not: they change nothing.

    Raises where nothing can be counted at all.
    """
    refused: list[Step | Amendment] = []
    for record in records:
        try:
            dossier = enter(dossier, record)
        except Refusal as refusal:
            if refusal.is_of_the_count or isinstance(record, Recomputation):
                raise
            refused.append(record)
    return dossier, refused
