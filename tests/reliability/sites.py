"""Every place of the service that opens a transaction which writes, read out of its source."""

import ast
from pathlib import Path

import app

__all__ = ["sites"]

APP = Path(app.__file__).parent
APART = ("bench/",)
"""The benchmarks write into databases of their own."""


def sites() -> set[str]:
    """As `app/module.py:function`, the function by its qualified name."""
    found: set[str] = set()
    for file in sorted(APP.rglob("*.py")):
        path = file.relative_to(APP).as_posix()
        if path.startswith(APART):
            continue
        for name, node in functions(ast.parse(file.read_text(encoding="utf-8")), ""):
            if any(opens(each) for each in own(node)):
                found.add(f"app/{path}:{name}")
    return found


def functions(node: ast.AST, prefix: str) -> list[tuple[str, ast.AST]]:
    """Each function below a node, with the qualified name that it has when it runs."""
    found: list[tuple[str, ast.AST]] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((prefix + child.name, child))
            found += functions(child, f"{prefix}{child.name}.<locals>.")
        else:
            found += functions(child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix)
    return found


def own(node: ast.AST) -> list[ast.AST]:
    """What is in a function, without the functions within it."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [child, *own(child)]
    return found


def opens(node: ast.AST) -> bool:
    """Whether it calls `….transaction()`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "transaction"
