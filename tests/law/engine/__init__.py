"""A second engine of time-limit law, slow and plain, to compare the product's with.

`answer(case)` takes one case of a What-if and gives its answer. It walks day by day, or through the hours of each day,
and reads everything anew from the list of steps. `tests/law/README.md` tells how it understands what the interface
leaves open.
"""

from tests.law.engine.answers import answer

__all__ = ["answer"]
