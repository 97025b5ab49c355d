"""A version of an item as it is shown: the document, what became of it, and the labels of its codes."""

from collections.abc import Sequence
from typing import Any

from app.calendars import catalogue
from app.items.queries import VersionRow
from app.items.schemas import ItemShown
from app.items.validity import Dated, last_day_of
from app.kit.texts import Language, label

__all__ = ["shown_of"]


def shown_of(row: VersionRow, versions: Sequence[Dated], language: Language) -> ItemShown:
    """One stored version; `versions` are all of its item, since the next one ends it."""
    body = row.body
    clocks: list[dict[str, Any]] = [  # JSON objects
        {**clock, **clock_labels(clock, language)} for clock in body.get("clocks", ())
    ]
    calendar = catalogue.for_item(body.get("calendar"), body.get("jurisdiction"))
    return ItemShown.model_validate(
        {
            **body,
            "clocks": clocks,
            "version": row.version,
            "valid_from": row.valid_from,
            "valid_to": last_day_of(versions, row.version),
            "published_at": calendar.local(row.published_at),
            "receipt_rule_label": label("receipt_rule", body.get("receipt_rule", "system_entry"), language),
        }
    )


def clock_labels(clock: dict[str, Any], language: Language) -> dict[str, str]:  # a JSON object
    """The labels of one clock's codes; a kind of the item's own is its own label."""
    return {
        "kind_label": label("clock", clock["kind"], language),
        "party_label": label("party", clock.get("party", "agency"), language),
        "on_expiry_label": label("on_expiry", clock.get("on_expiry", "overdue"), language),
    }
