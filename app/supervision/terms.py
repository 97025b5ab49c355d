"""The terms of an order as its first event spells them, and as the law of time reads them."""

from collections.abc import Mapping
from typing import Any

from app.domain.chain import Json
from app.domain.items import Extension
from app.domain.units import Limit, Unit
from app.supervision.course import CardRule, Terms

__all__ = ["read_terms", "spelled_terms"]


def spelled_terms(terms: Terms) -> dict[str, Json]:
    """Terms in the one spelling that is recorded."""
    return {
        "limit": spelled_limit(terms.limit),
        "rework_limit": spelled_limit(terms.rework_limit),
        "extension": {"amount": terms.extension.amount, "times": terms.extension.times},
        "warn_before": spelled_limit(terms.warn_before),
        "cards": [
            {
                "colour": card.colour,
                "after": spelled_limit(card.after),
                "points": card.points,
                "recommends": card.recommends,
            }
            for card in terms.cards
        ],
    }


def read_terms(spelled: Mapping[str, Any]) -> Terms:
    """The terms that `spelled_terms` wrote, and that a set of rules holds under the same names."""
    extension = spelled["extension"]
    return Terms(
        limit_of(spelled["limit"]),
        limit_of(spelled["rework_limit"]),
        Extension(extension["amount"], extension["times"]),
        None if spelled["warn_before"] is None else limit_of(spelled["warn_before"]),
        tuple(
            CardRule(
                card["colour"],
                None if card["after"] is None else limit_of(card["after"]),
                card["points"],
                card["recommends"],
            )
            for card in spelled["cards"]
        ),
    )


def spelled_limit(limit: Limit | None) -> dict[str, Json] | None:
    """A limit as amount and unit."""
    return None if limit is None else {"amount": limit.amount, "unit": str(limit.unit)}


def limit_of(spelled: Mapping[str, Any]) -> Limit:
    """The limit that amount and unit name."""
    return Limit(spelled["amount"], Unit(spelled["unit"]))
