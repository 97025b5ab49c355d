"""How the tests of the law run while mutants are tried: the same examples each time, few of them, none shrunk."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

MUTANTS = os.environ.get("SHIXIAN_TEST_MUTANTS") == "1"
"""`make test-mutants` sets it: a property that fails by chance would be laid to the mutant that was under test."""

FEW = 12
"""Examples of one property: one that lives is met by every property, and fewer examples can only kill fewer."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each property keeps its own settings, but for what makes a run long or different from the last one."""
    if not MUTANTS:
        return
    for item in items:
        test = getattr(item, "obj", None)
        chosen = getattr(test, "_hypothesis_internal_use_settings", None)  # Hypothesis has no open name for it
        if test is not None and isinstance(chosen, settings):
            test._hypothesis_internal_use_settings = settings(
                chosen,
                max_examples=min(chosen.max_examples, FEW),
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            )
