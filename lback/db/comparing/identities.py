"""Columns of PostgreSQL that count by themselves: by a sequence, by an identity, or otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.engine.reflection import Inspector

from lback.db.alembic_compat import name_writer
from lback.db.comparing.enums import Statements
from lback.db.comparing.twins import Snapshot
from lback.db.directives import full_name
from lback.db.renaming import renamed_in

_SERIAL = re.compile(r"nextval\('((?:[^']|'')+)'")
_OPTIONS = {
    "start": "START WITH",
    "increment": "INCREMENT BY",
    "minvalue": "MINVALUE",
    "maxvalue": "MAXVALUE",
    "cache": "CACHE",
}
_Identity = Mapping[str, Any]


class AlterIdentity(Statements):
    """Another way for a column to count; its rows and where it has got to are kept."""

    column_name = ""


def compare_identities(
    changes: ops.ModifyTableOps,
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table,
    inspector: Inspector,
) -> None:
    """Write what Alembic cannot: an identity in place of another, of a sequence, or of none."""
    for name, row in twin.columns.items():
        if name not in now.columns or name not in there.columns:
            continue
        old, new = now.columns[name].get("identity"), row.get("identity")
        if old == new:
            continue
        for one in [one for one in changes.ops if isinstance(one, ops.AlterColumnOp)]:
            if one.column_name == name:
                one.modify_server_default = one.existing_server_default = False
                if not one.has_changes():
                    changes.ops.remove(one)
        column = _Column(there, name, inspector.dialect)
        before, after = (
            _SERIAL.search(str(each.columns[name].get("default"))) for each in (now, twin)
        )
        sequence = _renamed(before[1], there, inspector) if before else None
        if sequence is None and after:
            sequence = column.sequence
        up = column.steps(old, new, sequence, serial=bool(after))
        back = column.steps(new, old, sequence, serial=bool(before))
        told = f"alter column {full_name(str(there.name), there.schema)}.{name}: identity changed"
        made = AlterIdentity(told, up, told, back)
        made.column_name = name
        changes.ops.append(made)


class _Column:
    def __init__(self, table: sa.Table, name: str, dialect: Any) -> None:
        quote = name_writer(dialect)
        place = f"{quote(table.schema)}." if table.schema else ""
        self.table, self.name = f"{place}{quote(table.name)}", quote(name)
        self.place = place
        self.sequence = f"{place}{quote(f'{table.name}_{name}_seq')}"
        self.alter = f"ALTER TABLE {self.table} ALTER COLUMN {self.name}"
        self.own = f"pg_get_serial_sequence({_literal(self.table)}, {_literal(name)})"

    def steps(
        self, old: _Identity | None, new: _Identity | None, sequence: str | None, *, serial: bool
    ) -> list[str]:
        """Return the statements; `serial` tells that it counts by a sequence in the end."""
        if old is not None and new is not None:
            return [f"{self.alter} {_changed(old, new)}"]
        made = []
        if old is not None:
            made.append(f"{self.alter} DROP IDENTITY")
        elif sequence is not None:
            made += [f"{self.alter} DROP DEFAULT", f"DROP SEQUENCE {sequence}"]
        if new is not None:
            how = "ALWAYS" if new["always"] else "BY DEFAULT"
            made += [
                f"{self.alter} SET NOT NULL",
                f"{self.alter} ADD GENERATED {how} AS IDENTITY ({_options(new)})",
                self._go_on(self.own, new["start"]),
            ]
        elif serial and sequence is not None:
            made += [
                f"CREATE SEQUENCE {sequence} OWNED BY {self.table}.{self.name}",
                f"{self.alter} SET DEFAULT nextval({_literal(sequence)})",
                self._go_on(_literal(sequence), 1),
            ]
        return made

    def _go_on(self, sequence: str, start: int) -> str:
        """Return what lets it count on from the rows there are."""
        most = f"max({self.name})"
        return f"SELECT setval({sequence}, {most}) FROM {self.table} HAVING {most} >= {start}"


def _renamed(literal: str, table: sa.Table, inspector: Inspector) -> Any:
    """Return the name of a sequence, with its schema, as it is when the statements come."""
    renames = getattr(inspector, "renames", None)
    schema = None if table.schema == inspector.default_schema_name else table.schema
    names = {} if renames is None else renames.names.get((schema, table.name), {})
    name = literal.replace("''", "'")
    return name_writer(inspector.dialect)(names[name]) if name in names else renamed_in(name, names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _options(identity: _Identity) -> str:
    parts = [f"{word} {identity[key]}" for key, word in _OPTIONS.items()]
    return " ".join([*parts, "CYCLE" if identity["cycle"] else "NO CYCLE"])


def _changed(old: _Identity, new: _Identity) -> str:
    parts = []
    if old["always"] != new["always"]:
        parts.append(f"SET GENERATED {'ALWAYS' if new['always'] else 'BY DEFAULT'}")
    parts += [f"SET {word} {new[key]}" for key, word in _OPTIONS.items() if old[key] != new[key]]
    if old["cycle"] != new["cycle"]:
        parts.append("SET CYCLE" if new["cycle"] else "SET NO CYCLE")
    return " ".join(parts)
