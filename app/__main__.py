"""`python -m app` and the command `shixian`."""

import sys
from typing import Final

import typer

from app.cli.root import commands
from app.kit.db import Busy
from app.kit.settings import SettingsError

__all__ = ["main"]

REFUSED: Final = 78
"""The configuration does not allow a start (EX_CONFIG)."""
UNAVAILABLE: Final = 69
"""The database cannot be reached or is busy (EX_UNAVAILABLE)."""


def main() -> None:
    """Run a command; what an operator can put right is told in one line, without a stack."""
    try:
        commands()
    except SettingsError as refused:
        typer.echo(f"shixian: {refused}", err=True)
        sys.exit(REFUSED)
    except Busy as busy:
        typer.echo(f"shixian: {busy}", err=True)
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    main()
