"""The proof pack as it travels."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.kit.schemas import Wire

__all__ = ["PackOut"]


class PackOut(Wire):
    """Everything that proves one application's history; `docs/proof.md` says how it is checked without this service."""

    format: str = Field(description="`shixian/proof/1`.")
    tracking_number: str
    made_at: datetime
    item: dict[str, Any] = Field(description="Code, version and document of the item that was pinned.")
    timeline: list[dict[str, Any]] = Field(description="The steps as `GET …/steps` shows them.")
    calculation: dict[str, Any] = Field(description="The clocks, and the explanation of each that has begun.")
    events: list[dict[str, Any]] = Field(description="Each event to the byte, its hash, and what it commits to.")
    proof: dict[str, Any] | None = Field(
        description="The head that the newest covering checkpoint signed, the way to its root, and that checkpoint; "
        "null before the first."
    )
    signature: dict[str, Any] = Field(description="`key`, `public_key` and `signature` over all the rest.")
