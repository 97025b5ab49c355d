"""A version of an item that is only tried: each open application of the item drawn anew under it, by its own steps.

None moves in truth: an application keeps the version that it pinned at its receipt.
"""

from datetime import datetime
from typing import Any, NamedTuple

from app.applications.history import Opened
from app.applications.published import standing
from app.calendar_changes.moves import Effect, effect_under
from app.calendars import catalogue
from app.departments.queries import Names
from app.domain.corrections import Record, dossier_of, first_fold, records_of
from app.domain.entry import entered
from app.domain.folds import BEGINNING, Fold, Recomputation
from app.domain.refusal import Refusal
from app.domain.steps import OPEN, Step, StepType
from app.items.queries import Document, PinnedItem
from app.items.reading import item_of
from app.items.schemas import ItemDocument

__all__ = ["Version", "spelled_version", "version_of"]

Json = dict[str, Any]  # a JSON object

_NOTHING = Effect((), touches=False)


class Version(NamedTuple):
    """A version of an item as it would be, beside the halls by which departments count."""

    pinned: PinnedItem
    names: Names

    @property
    def item(self) -> str:
        """The code of the item."""
        return self.pinned.item.code

    def effect_on(self, opened: Opened, now: datetime) -> Effect:
        """What would be of the clocks of an open application; steps that the version would not allow change nothing."""
        if str(opened.head.status) not in OPEN:
            return _NOTHING
        try:
            first, records = self._records(opened, now)
            other, refused = entered(dossier_of(self.pinned.item, first, ()), records)
            return effect_under(opened.dossier, other, now)._replace(refused=len(refused))
        except Refusal:
            return _NOTHING._replace(is_counted=False)

    def _records(self, opened: Opened, now: datetime) -> tuple[Fold, list[Record]]:
        """All that is on record, in the order of recording; what silence did the other version says itself.

        Where that names another calendar or another place, the editions and suspensions are those of its own.
        """
        dossier = opened.dossier
        records = [one for one in records_of(dossier) if not (isinstance(one, Step) and one.type is StepType.DEEMED)]
        if _counts_by(self.pinned.body) == _counts_by(opened.pinned.body):
            return first_fold(dossier), records
        own = [one for one in records if not isinstance(one, Recomputation)]
        receipt = own[0]
        assert isinstance(receipt, Step), "the record begins with the receipt"  # noqa: S101
        first, published = self._folds(receipt, now)
        merged: list[Record] = []
        for record in own:
            while published and published[0].at <= (record.recorded_at or now):
                merged.append(_placed(published.pop(0), merged))
            merged.append(record)
        while published:
            merged.append(_placed(published.pop(0), merged))
        return first, merged

    def _folds(self, receipt: Step, now: datetime) -> tuple[Fold, list[Recomputation]]:
        """What the receipt would have stood on, and what was published on the way, in order."""
        since = receipt.recorded_at or receipt.at
        calendar, place = _counts_by(self.pinned.body)
        hall = self.names.calendar(receipt.department or self.pinned.item.department)
        begun = catalogue.published_by(catalogue.for_item(calendar, place, hall).code, since)
        published = [Recomputation(at=at, calendar=state) for at, state in catalogue.after(begun) if at <= now]
        stops = [(at, one) for at, one in catalogue.stops(place) if since < at <= now]
        published += [Recomputation(at=at, suspension=suspension) for at, suspension in stops]
        first = Fold(BEGINNING, begun, standing(place, begun.day_of(receipt.at), since))
        return first, sorted(published, key=lambda one: one.at)


def _counts_by(body: Document) -> tuple[str | None, str | None]:
    """What of an item says by which calendar it counts, and in which place."""
    return body.get("calendar"), body.get("jurisdiction")


def _placed(applied: Recomputation, before: list[Record]) -> Recomputation:
    """What is applied, recorded right behind what was recorded last."""
    return Recomputation(
        at=applied.at,
        seq=before[-1].seq,
        recorded_at=applied.at,
        calendar=applied.calendar,
        suspension=applied.suspension,
    )


def spelled_version(code: str, version: int, body: Document) -> Json:
    """A version as JSON, for a run."""
    return {"item": code, "version": version, "body": body}


def version_of(spelled: Json, names: Names) -> Version:
    """The version that `spelled_version` spelled."""
    document = ItemDocument.model_validate(spelled["body"])
    item = item_of(document, spelled["version"])
    return Version(PinnedItem(item, spelled["body"], document.name or item.code), names)
