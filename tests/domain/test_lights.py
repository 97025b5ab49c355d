"""Lights: the worst of several."""

import pytest

from app.domain.lights import Light, worst

GREEN, YELLOW, RED = Light.GREEN, Light.YELLOW, Light.RED


@pytest.mark.parametrize(
    ("lights", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([GREEN, None], GREEN),
        ([GREEN, YELLOW, GREEN], YELLOW),
        ([YELLOW, GREEN], YELLOW),
        ([GREEN, YELLOW, RED, GREEN], RED),
    ],
)
def test_one_late_clock_makes_a_late_application(lights: list[Light | None], expected: Light | None) -> None:
    assert worst(lights) is expected
