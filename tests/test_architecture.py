"""What the import contract and the linter cannot see of the house's rules."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.tables import metadata

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"

MEANINGLESS = {"utils", "helpers", "common", "misc", "manager", "service", "base"}
ALLOWED = {APP / "kit" / "service.py"}  # holds one value: what a running service consists of

MEASURED_AGAINST = {
    APP / "bench" / "look_up_peer.py"
}  # built as other services are, for the product to be held against

LONG_FILE, LONG_FUNCTION = 400, 60


def modules() -> list[Path]:
    return sorted(path for path in APP.rglob("*.py"))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_imports_keep_the_contract() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_name_says_what_is_inside() -> None:
    paths = [path for path in [*modules(), *(p for p in APP.rglob("*") if p.is_dir())] if path not in ALLOWED]
    assert [str(path.relative_to(ROOT)) for path in paths if path.stem in MEANINGLESS] == []


def test_only_the_database_of_the_kit_commits() -> None:
    found = [
        place(path, node)
        for path in modules()
        if path != APP / "kit" / "db.py"
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        if not node.args  # `chain.commit(salt, value)` makes a commitment, and ends no transaction
    ]
    assert found == []


def test_no_orm_session_and_no_relationship() -> None:
    """A table knows the key of another feature's table by name; the upper feature joins when it asks."""
    names = {"relationship", "sessionmaker", "async_sessionmaker", "AsyncSession"}
    found = [
        place(path, node)
        for path in modules()
        if path not in MEASURED_AGAINST
        for node in nodes(path)
        if isinstance(node, ast.Name) and node.id in names
    ]
    assert found == []


def test_imports_stand_open_at_the_top() -> None:
    """An import under TYPE_CHECKING is an import, and would hide a circle."""
    found = [
        place(path, node)
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"
    ]
    assert found == []


def test_an_init_file_is_a_sentence_at_most() -> None:
    found = []
    for path in APP.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        sentence = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        if body and not sentence:
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_every_file_says_in_a_docstring_what_it_is_for() -> None:
    found = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [str(path.relative_to(ROOT)) for path in found] == []


def test_tables_of_an_application_carry_its_number_in_every_unique_key() -> None:
    """So that they can be distributed by it. `external_refs` is found by the reference, and leads to the number."""
    found = []
    for table in metadata.tables.values():
        if "number" not in table.columns or table.name == "external_refs":
            continue
        keys = [list(table.primary_key.columns.keys())]
        keys += [list(index.columns.keys()) for index in table.indexes if index.unique]
        found += [f"{table.name}{key}" for key in keys if "number" not in key]
    assert found == []


def test_what_grew_long_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Fails never: a long file is asked whether it answers two questions."""
    places = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > LONG_FILE:
            places.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > LONG_FUNCTION:
                    places.append(f"{place(path, node)}: {node.name} has {length} lines")
    if places:
        with capsys.disabled():
            sys.stdout.write("\nplaces to look at:\n" + "".join(f"  {text}\n" for text in places))
