"""The one exception that the law raises."""

from collections.abc import Sequence

__all__ = ["CONFLICTS", "Refusal"]

CONFLICTS = frozenset(
    {
        "step_not_allowed",
        "correction_repeated",
        "correction_too_late",
        "correction_after_acceptance",
        "extension_after_expiry",
        "later_step_conflicts",
    }
)
"""Codes answered 409 with the current state; every other refusal is 422."""

_UNCOUNTABLE = frozenset(
    {"calendar_unknown", "calendar_without_hours", "calendar_without_working_days", "date_out_of_range"}
)
"""Refusals of the count itself: nothing can be said of a history, whatever its steps are allowed."""


class Refusal(Exception):
    """A step that the state or the law does not allow: which rule, which article, and what would be allowed."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        article: str | None = None,
        allowed: Sequence[str] = (),
        pointer: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.article = article
        self.allowed = tuple(allowed)
        self.pointer = pointer

    @property
    def is_of_the_count(self) -> bool:
        """Whether the count itself is refused, and no step of the procedure."""
        return self.code in _UNCOUNTABLE

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, {self.detail!r})"
