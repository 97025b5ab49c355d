"""The proof pack as it travels."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.kit.schemas import Wire

__all__ = ["CheckpointOut", "CheckpointPage", "CheckpointPath", "CoveredOut", "InclusionOut", "PackOut", "WitnessOut"]


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


class CheckpointOut(Wire):
    """A signed checkpoint: where chains stood. `docs/proof.md` says how its hash and signature are checked."""

    n: int
    kind: str = Field(description="`changed` or `full`.")
    record: str = Field(description="The exact text that was hashed and signed.")
    hash: str
    key: str = Field(description="The name of the public key.")
    public_key: str
    signature: str = Field(description="Ed25519.")
    said: dict[str, Any] = Field(description="The record, read as JSON.")


class CheckpointPath(Wire):
    """One checkpoint's address."""

    checkpoint: str = Field(description="Its number, or `latest`.")


class CheckpointPage(Wire):
    """A page of checkpoints, the newest first."""

    items: list[CheckpointOut]
    next_cursor: str | None


class CoveredOut(Wire):
    """The head of a history that a checkpoint covers."""

    checkpoint: int
    seq: int
    hash: str = Field(description="The first 16 digits of the hash of that event.")


class WitnessOut(Wire):
    """What a receipt carries: who keeps it can show that the history has not been written anew."""

    seq: int = Field(description="The place of the last event.")
    hash: str = Field(description="The first 16 digits of its hash.")
    covered: CoveredOut | None = Field(description="By the newest checkpoint that covers it; null before the first.")


class InclusionOut(Wire):
    """How the history of one application is covered by the checkpoints."""

    tracking_number: str
    witness: WitnessOut
    proof: dict[str, Any] | None = Field(
        description="`leaf`, `place`, `count`, `path` and `checkpoint`, as in the proof pack; null before the first."
    )
