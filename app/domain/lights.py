"""Green, yellow, red: how urgent a running clock is, and the worst of several."""

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Light", "worst"]


class Light(StrEnum):
    """The light of a running clock: yellow from its first warning on, red from its due instant on."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


_GREEN = Light.GREEN
_YELLOW = Light.YELLOW
_RED = Light.RED


def worst(lights: Iterable[Light | None]) -> Light | None:
    """The worst of several lights; None where no clock runs.

    One red clock makes a red application, however many others are green.
    """
    found: Light | None = None
    for light in lights:
        if light is _RED:
            return _RED
        if light is not None and (found is None or light is _YELLOW):
            found = light
    return found
