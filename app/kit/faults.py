"""What a caller is told when he cannot be served now. Light to import: children at work know little else."""

__all__ = ["Busy", "Clash", "Unavailable"]


class Busy(Exception):
    """All places are taken for longer than a caller should wait; nothing was recorded."""

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Unavailable(Busy):
    """The database does not answer. Whether a commit under way was reached is unknown: repeat with the same key."""


class Clash(Busy):
    """Two transactions stood in each other's way (40001, 40P01); this one was rolled back and may be run again."""
