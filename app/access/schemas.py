"""API keys as they travel."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.access.roles import Role
from app.domain.steps import SYSTEM, StepType
from app.kit.schemas import Code, InstantIn, Line, Wire

__all__ = ["KeyCreated", "KeyIn", "KeyPage", "KeyShown"]


def recordable(step: StepType) -> StepType:
    """A step type that somebody may record; what the system states itself is nobody's to record."""
    if step in SYSTEM:
        raise PydanticCustomError("step_of_the_system", "is recorded by the system alone")
    return step


Recordable = Annotated[StepType, AfterValidator(recordable)]


class KeyIn(Wire):
    """What a new key is for."""

    role: Role
    name: Line = Field(description="Who holds it: a system, a desk.")
    department: Code | None = Field(None, description="Needed for clerk, reviewer and head; possible for integration.")
    steps: Annotated[list[Recordable], Field(max_length=50)] | None = Field(
        None, description="For role integration alone: the step types that it may record."
    )
    expires_at: InstantIn | None = Field(None, description="From this instant on the key is refused.")


class KeyShown(Wire):
    """A key without its text, which nobody can see again."""

    id: str
    role: str
    role_label: str
    name: str
    department: str | None
    steps: list[str] | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None


class KeyCreated(KeyShown):
    """A key at the one moment at which it is shown."""

    key: str = Field(description="What `X-API-Key` must hold; shown this once.")


class KeyPage(Wire):
    """A page of keys by id."""

    items: list[KeyShown]
    next_cursor: str | None
