"""What machines are told."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.kit.schemas import Wire

__all__ = ["Alive", "CheckOut", "Ready"]


class Alive(Wire):
    """The process answers."""

    status: Literal["alive"]


class CheckOut(Wire):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str


class Ready(Wire):
    """This process may be asked."""

    status: Literal["ready", "degraded"] = Field(description="`degraded`: with a warning that somebody should look at.")
    checks: list[CheckOut]
    swept_at: datetime | None
