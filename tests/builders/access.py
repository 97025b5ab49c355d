"""Actors for tests that call acts and queries without HTTP."""

from app.access.actor import Actor
from app.access.roles import EVERY, Held
from app.domain.steps import StepType

__all__ = ["an_actor"]


def an_actor(role: Held = EVERY, department: str | None = None, steps: frozenset[StepType] | None = None) -> Actor:
    """An actor with one role; the credential is called like it."""
    return Actor(f"key:{role}", role, department, f"{role} of {department}", steps, "request-1")
