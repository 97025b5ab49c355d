"""Mapping files: which step type or stage an activity of another system is."""

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from app.domain.steps import StepType
from app.kit.schemas import Code, Line, Wire

__all__ = ["CLOSINGS", "Activity", "Mapping", "MappingRefused", "read_mapping"]

CLOSINGS = frozenset({"Case closed", "办结"})
"""Activities that are a `close` without being named in a mapping."""

_NEEDS_MORE = frozenset(
    {StepType.RECEIVE, StepType.EXTEND, StepType.PAUSE, StepType.RESUME, StepType.START_STAGE, StepType.COMPLETE_STAGE}
)
"""Step types that a bare activity row cannot carry: what they need is not in the row."""


class MappingRefused(Exception):
    """A mapping file that cannot be used, with the place and the reason in one line."""


class Activity(Wire):
    """What one activity is: a step of `type`, or the beginning (`event: start`) or completion of `stage`."""

    model_config = ConfigDict(strict=False)

    type: StepType | None = None
    stage: Code | None = None
    name: Line | None = None
    event: Annotated[str, Field(pattern="^(start|complete)$")] = "complete"
    result: Annotated[str, Field(pattern="^(granted|denied)$")] | None = None
    result_code: Code | None = None
    missing: list[Line] = []
    reason: Line | None = None

    @model_validator(mode="after")
    def one_meaning(self) -> Self:
        if (self.type is None) == (self.stage is None):
            raise ValueError("an activity is either a step type or a stage")
        if self.type in _NEEDS_MORE:
            raise ValueError(
                f"an activity cannot be a step of type {self.type}: the row lacks what such a step must say"
            )
        if self.type is StepType.DECIDE and self.result is None:
            raise ValueError("a decision needs a result: granted or denied")
        return self


class Named(Wire):
    """The name of an item or department that the import makes."""

    name: Line


class Mapping(Wire):
    """A whole mapping file. Without one every activity but the closings is a completed stage of its own name."""

    activities: dict[str, Activity] = {}
    items: dict[str, Named] = {}
    departments: dict[str, Named] = {}

    def activity(self, name: str) -> tuple[Activity, bool]:
        """What the activity is, and whether a mapping (or the closing rule) named it."""
        if (named := self.activities.get(name)) is not None:
            return named, True
        if name in CLOSINGS:
            return Activity(type=StepType.CLOSE), True
        return Activity(stage=name, name=name), False


def read_mapping(path: Path | None) -> Mapping:
    """The mapping in `path`, or an empty one for None.

    Raises `MappingRefused` for what is not YAML or not a mapping of activities.
    """
    if path is None:
        return Mapping()
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingRefused(f"{path}: {' '.join(str(error).split())}") from error
    try:
        return Mapping.model_validate(document or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise MappingRefused(f"{path}: {where}: {first['msg']}") from error
