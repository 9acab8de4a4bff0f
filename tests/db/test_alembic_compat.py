"""One module knows the private names of Alembic and SQLAlchemy."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

import lback.db
from lback.db import alembic_compat

HOUSE = Path(__file__).parents[2] / "lback"
COMPAT = Path(alembic_compat.__file__)
FOREIGN = ("alembic", "sqlalchemy")
# A named tuple's own methods have this form.
OF_TUPLES = {"_replace", "_asdict", "_fields", "_field_defaults", "_make"}
OWN = {"self", "cls", "super"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in OF_TUPLES


def holder(node: ast.expr) -> str:
    """Return the name that an attribute is asked of; "" for anything else."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else ""


def private_names(path: Path) -> Iterator[str]:
    """Find private names of others: attributes, what is imported, and texts for getattr()."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Attribute):
            if is_private(node.attr) and holder(node.value) not in OWN:
                yield f"{node.lineno}: .{node.attr}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(FOREIGN):
            yield from (f"{node.lineno}: {one.name}" for one in node.names if is_private(one.name))
        elif isinstance(node, ast.Call) and holder(node.func) in {"getattr", "setattr", "hasattr"}:
            for one in node.args[1:2]:
                if isinstance(one, ast.Constant) and is_private(str(one.value)):
                    yield f"{node.lineno}: {one.value}"


def modules() -> list[str]:
    found = pkgutil.iter_modules(lback.db.__path__, f"{lback.db.__name__}.")
    return [one.name for one in found if not one.ispkg]


def test_no_other_module_uses_a_private_name() -> None:
    paths = HOUSE.glob("db/*.py")
    found = {one.name: list(private_names(one)) for one in paths if one != COMPAT}
    assert {name: names for name, names in found.items() if names} == {}
    assert list(private_names(COMPAT))


@pytest.mark.parametrize("name", modules())
def test_no_other_class_overrides_a_private_name(name: str) -> None:
    module = importlib.import_module(name)
    if module is alembic_compat:
        return
    for _, one in inspect.getmembers(module, inspect.isclass):
        theirs = [base for base in one.__mro__ if base.__module__.startswith(FOREIGN)]
        if one.__module__ == name and theirs:
            own = {key for key in vars(one) if is_private(key)}
            assert not [key for key in own for base in theirs if hasattr(base, key)]
            used, stored = of_self(one)
            assert used <= own | stored, one


def of_self(kind: type) -> tuple[set[str], set[str]]:
    """Return the private attributes of itself that a class reads, and those that it makes."""
    used, stored = set(), set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kind)))):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and holder(node.value) in OWN:
            (stored if isinstance(node.ctx, ast.Store) else used).add(node.attr)
    return used, stored


def test_alembic_still_has_what_is_overridden() -> None:
    """A new name there would leave ours uncalled, without a word."""
    own = [key for key in vars(alembic_compat.Directory) if is_private(key)]
    assert own == ["_generate_template", "_ensure_directory", "_generate_create_date"]
    text = inspect.getsource(ScriptDirectory.generate_revision)
    for name in own:
        assert f"self.{name}(" in text
