"""Runs a migration's text for real, with an `op` that writes down what it is asked for."""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa


class Deed(NamedTuple):
    """What was asked of the database: as Effect names it, so that the two compare."""

    kind: str
    object: str
    table: str | None
    name: str | None


# Directive: kind, object, and which arguments are the table and the name.
_DIRECTIVES: dict[str, tuple[str, str, str | None, str | None]] = {
    "add_column": ("create", "column", "table_name", "column"),
    "drop_column": ("drop", "column", "table_name", "column_name"),
    "alter_column": ("alter", "column", "table_name", "column_name"),
    "create_table": ("create", "table", "table_name", None),
    "drop_table": ("drop", "table", "table_name", None),
    "rename_table": ("rename", "table", "old_table_name", None),
    "create_index": ("create", "index", "table_name", "index_name"),
    "drop_index": ("drop", "index", "table_name", "index_name"),
    "create_unique_constraint": ("create", "constraint", "table_name", "constraint_name"),
    "drop_constraint": ("drop", "constraint", "table_name", "constraint_name"),
}
_ORDER: dict[str, tuple[str, ...]] = {
    "add_column": ("table_name", "column"),
    "drop_column": ("table_name", "column_name"),
    "alter_column": ("table_name", "column_name"),
    "create_table": ("table_name",),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
    "create_index": ("index_name", "table_name", "columns"),
    "drop_index": ("index_name", "table_name"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "drop_constraint": ("constraint_name", "table_name"),
}
_SQL = re.compile(
    r"(?i)\s*(?:(drop) table (\w+)|(update) (\w+) set|(delete) from (\w+)|(insert) into (\w+)|"
    r"alter table (\w+) (add|drop) column (\w+))"
)


class Recorder:
    """Stands for `alembic.op`; `deeds` is what it was asked for, in order."""

    def __init__(self, dialect: str = "postgresql", *, batch: str | None = None) -> None:
        self.deeds: list[Deed] = []
        self.dialect = dialect
        self._batch = batch

    def __getattr__(self, directive: str) -> Callable[..., None]:
        if directive not in _DIRECTIVES:
            raise AttributeError(directive)

        def record(*given: Any, **named: Any) -> None:
            order = _ORDER[directive]
            if self._batch is not None:
                order = tuple(one for one in order if one != "table_name")
            values = {**dict(zip(order, given, strict=False)), **named}
            kind, what, table, name = _DIRECTIVES[directive]
            owner = self._batch or values[table or ""]
            part = values[name] if name else None
            shown = part.name if isinstance(part, sa.Column) else part
            self.deeds.append(Deed(kind, what, owner, shown))

        return record

    def execute(self, statement: Any) -> None:
        """Write down what one of the few statements that programs have does."""
        text = str(statement)
        found = _SQL.match(text)
        if not found:
            if text.strip().upper().startswith("SELECT 1"):
                return
            raise AssertionError(f"no program executes {text!r}")
        words = [one for one in found.groups() if one]
        if words[0].lower() == "drop":
            self.deeds.append(Deed("drop", "table", words[1], None))
        elif len(words) == 2:
            self.deeds.append(Deed(words[0].lower(), "data", words[1], None))
        else:
            kind = {"add": "create"}.get(words[1].lower(), "drop")
            self.deeds.append(Deed(kind, "column", words[0], words[2]))

    @contextlib.contextmanager
    def batch_alter_table(self, table_name: str, **_: Any) -> Iterator[Recorder]:
        """Give a recorder whose directives are about one table."""
        inner = Recorder(self.dialect, batch=table_name)
        inner.deeds = self.deeds
        yield inner

    def get_bind(self) -> Any:
        """Return a connection of which dialect and execute() are known."""
        dialect = types.SimpleNamespace(name=self.dialect)
        return types.SimpleNamespace(
            dialect=dialect,
            engine=types.SimpleNamespace(name=self.dialect, dialect=dialect),
            execute=self.execute,
            exec_driver_sql=self.execute,
        )

    def get_context(self) -> Any:
        """Return a migration context of which the dialect is known."""
        return types.SimpleNamespace(
            dialect=types.SimpleNamespace(name=self.dialect), bind=self.get_bind()
        )

    def f(self, name: str) -> str:
        """Return the name: it follows no convention."""
        return name


class Ran(NamedTuple):
    """What a program did; `error` is what it ended by, "" where it ran to its end."""

    deeds: list[Deed]
    error: str


def run(text: str, *, dialect: str = "postgresql", environ: str = "") -> Ran:
    """Run upgrade() of a migration's text; `environ` is the value of the variable FUZZ."""
    op = Recorder(dialect)
    alembic = types.SimpleNamespace(op=op)

    def import_(name: str, *rest: Any) -> Any:
        if name == "alembic.op":
            return op if rest and len(rest) > 2 and rest[2] else alembic
        return alembic if name == "alembic" else builtins.__import__(name, *rest)

    names: dict[str, Any] = {
        "__builtins__": {**vars(builtins), "__import__": import_},
        "__name__": "revision_of_a_test",
    }
    before = os.environ.get("FUZZ")
    os.environ["FUZZ"] = environ
    try:
        exec(compile(text, "<program>", "exec"), names)
        names["upgrade"]()
    except Exception as err:  # whatever a program ends by
        return Ran(op.deeds, f"{type(err).__name__}: {err}")
    finally:
        os.environ.pop("FUZZ", None) if before is None else os.environ.update(FUZZ=before)
    return Ran(op.deeds, "")
