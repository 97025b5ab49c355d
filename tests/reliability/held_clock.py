"""Processes whose time a test moves: what stands in a file is added to every clock that they go by.

The gate goes on judging the real clocks; only what the service takes for now is ahead.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from app.kit.now import Now

__all__ = ["AHEAD", "hold"]

AHEAD = "SHIXIAN_TEST_CLOCK_AHEAD"
"""Names the file; it holds whole seconds."""


def hold() -> None:
    """From now on this process goes by the file."""
    plain_now, plain_shifted = Now.now, Now.shifted

    def ahead() -> timedelta:
        return timedelta(seconds=int(Path(os.environ[AHEAD]).read_text(encoding="ascii") or "0"))

    def now(self: Now) -> datetime:
        return plain_now(self) + ahead()

    def shifted(self: Now, real: datetime) -> datetime:
        return plain_shifted(self, real) + ahead()

    Now.now = now  # type: ignore[method-assign]
    Now.shifted = shifted  # type: ignore[method-assign]
