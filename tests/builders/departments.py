"""Departments for tests: the document that a client would send."""

from typing import Any

__all__ = ["a_department", "a_section"]

Json = dict[str, Any]  # a JSON object


def a_section(code: str, *officers: str) -> Json:
    """A section whose officers are named like their codes."""
    return {"code": code, "name": f"{code}科", "officers": [{"code": o, "name": f"{o}同志"} for o in officers]}


def a_department(code: str, parent: str | None = None, **more: Any) -> Json:  # JSON values
    """A department without sections."""
    return {"code": code, "name": f"{code}局", "parent": parent, **more}
