"""The schema of a database as it will be once some of it has been renamed, to compare with."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import ARRAY, Enum, MetaData, Table, TextClause, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.sql.compiler import RESERVED_WORDS

Key = tuple[str | None, str]
"""Schema and table."""

_KINDS = (
    "columns",
    "pk_constraint",
    "foreign_keys",
    "indexes",
    "unique_constraints",
    "check_constraints",
    "table_comment",
    "table_options",
)
# In an expression: a text, a quoted name, a name.
_WORD = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")+)"|`([^`]+)`|(\b[^\W\d]\w*\b)""")


_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(slots=True)
class Renames:
    """What is called otherwise: tables, and by a table's new name its columns and the rest."""

    tables: dict[Key, str] = field(default_factory=dict)
    columns: dict[Key, dict[str, str]] = field(default_factory=dict)
    names: dict[Key, dict[str, str]] = field(default_factory=dict)
    """Of indexes and constraints."""
    types: dict[Key, str] = field(default_factory=dict)
    """Of enums, by schema and name."""
    values: dict[Key, dict[str, str]] = field(default_factory=dict)
    """Of enums, by the schema and the new name of the type."""

    def before(self, table: str, schema: str | None) -> str:
        """Return what a table is called now."""
        for (place, old), new in self.tables.items():
            if (place, new) == (schema, table):
                return old
        return table

    def after(self, table: str, schema: str | None) -> str:
        """Return what a table will be called."""
        return self.tables.get((schema, table), table)


class RenamedInspector(Inspector):
    """Tells of a database as if the renames had been done."""

    inner: Inspector
    renames: Renames
    context: MigrationContext

    @classmethod
    def of(cls, inner: Inspector, renames: Renames, context: MigrationContext) -> Inspector:
        """Return an inspector of the same kind that sees what will be."""
        kind: Any = type("Renamed", (cls, type(inner)), {})
        seen: RenamedInspector = kind.__new__(kind)
        vars(seen).update(vars(inner))
        seen.inner, seen.renames, seen.context = inner, renames, context
        seen.info_cache = {}
        return seen

    def get_table_names(self, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the new names."""
        return [
            self.renames.after(name, schema) for name in self.inner.get_table_names(schema, **kw)
        ]

    def get_enums(self, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """Return the enums of PostgreSQL by their new names."""
        inner: Any = self.inner
        types = self.renames.types
        place = None if schema == self.inner.default_schema_name else schema
        found = []
        for enum in inner.get_enums(schema, **kw):
            name = types.get((place, enum["name"]), enum["name"])
            values = self.renames.values.get((place, name), {})
            labels = [values.get(label, label) for label in enum["labels"]]
            found.append({**enum, "name": name, "labels": labels})
        return found

    def has_table(self, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Tell whether there will be such a table."""
        return self.inner.has_table(self.renames.before(table_name, schema), schema, **kw)

    def seen(self, kind: str, found: Any, table: str, schema: str | None) -> Any:
        """Return what was reflected of a table, by the new names."""
        if not isinstance(found, list):
            return self._row(kind, found, table, schema)
        return [self._row(kind, row, table, schema) for row in found]

    def _row(self, kind: str, row: Any, table: str, schema: str | None) -> Any:
        columns = self.renames.columns.get((schema, table), {})
        names = self.renames.names.get((schema, table), {})
        if kind in ("table_comment", "table_options"):
            return row
        made = dict(row)
        if kind == "columns":
            return self._column(made, columns, table, schema)
        if kind == "foreign_keys" and self.dialect.name in ("mysql", "mariadb"):
            # The server names them after their table, and renames them with it.
            before = self.renames.before(table, schema)
            number = str(made["name"]).removeprefix(f"{before}_ibfk_")
            made["name"] = f"{table}_ibfk_{number}" if number.isdecimal() else made["name"]
        if made.get("name") in names:
            made["name"] = names[made["name"]]
        for key in made.keys() - {"name", "comment", "options", "referred_schema"}:
            if key in ("duplicates_constraint", "duplicates_index"):
                made[key] = names.get(row[key], row[key])
            elif not key.startswith("referred_"):
                made[key] = self.revalued(renamed_in(row[key], columns))
        if kind == "foreign_keys":
            place = row["referred_schema"]
            there = self.renames.after(row["referred_table"], place)
            others = self.renames.columns.get((place, there), {})
            made["referred_table"] = there
            made["referred_columns"] = renamed_in(row["referred_columns"], others)
        return made

    def _column(
        self, made: dict[str, Any], columns: dict[str, str], table: str, schema: str | None
    ) -> dict[str, Any]:
        if made["name"] in columns:
            # A hook of Alembic's knows the sequence of a column by the old name.
            old = Table(self.renames.before(table, schema), MetaData(), schema=schema)
            reflect: Any = self.context.impl.autogen_column_reflect
            reflect(self.inner, old, made)
        if made.get("computed"):
            text = renamed_in(made["computed"]["sqltext"], columns)
            made["computed"] = {**made["computed"], "sqltext": text}
        made["name"] = columns.get(made["name"], made["name"])
        kind = made["type"]
        if isinstance(kind, ARRAY):
            made["type"] = copy(kind)
            made["type"].item_type = self._enum(kind.item_type)
        else:
            made["type"] = self._enum(kind)
        if isinstance(kind, Enum) and made["type"].name != kind.name:
            renamed = {str(kind.name): str(made["type"].name)}
            made["default"] = renamed_in(made.get("default"), renamed)
        if made.get("default"):
            made["default"] = self.revalued(made["default"])
        return made

    def _enum(self, kind: Any) -> Any:
        """Return an enum type by its new name, with the new values; any other as it is."""
        if not isinstance(kind, Enum):
            return kind
        made = copy(kind)
        made.name = self.renames.types.get((kind.schema, str(kind.name)), kind.name)
        values = self.renames.values.get((kind.schema, str(made.name)), {})
        made.enums = [values.get(label, label) for label in kind.enums]
        return made

    def revalued(self, value: Any) -> Any:
        """Return an expression of PostgreSQL with the new values of enums in it."""
        if isinstance(value, dict):
            return {key: self.revalued(item) for key, item in value.items()}
        for (schema, name), values in self.renames.values.items() if isinstance(value, str) else ():
            types = (name, f'"{name}"', *([f"{schema}.{name}"] if schema else []))
            texts = {
                f"'{_escaped(old)}'::{kind}": f"'{_escaped(new)}'::{kind}"
                for old, new in values.items()
                for kind in types
            }
            if texts:
                every = re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))))
                value = every.sub(lambda match, texts=texts: texts[match[0]], value)  # type: ignore[misc]
        return value


def _escaped(label: str) -> str:
    return label.replace("'", "''")


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and name not in RESERVED_WORDS


def renamed_in(value: Any, columns: dict[str, str]) -> Any:
    """Return names, or an expression, with the columns' new names in it."""
    if not columns:
        return value
    if isinstance(value, str):

        def new(match: re.Match[str]) -> str:
            name = next((group for group in match.groups() if group), None)
            if name not in columns:
                return match[0]
            # Names of MySQL have their marks in all that it tells.
            bare = match[0] == name and not _is_plain(columns[name])
            return f'"{columns[name]}"' if bare else match[0].replace(name, columns[name])

        return columns.get(value) or _WORD.sub(new, value)
    if isinstance(value, TextClause):  # the predicate of an index of SQLite
        return text(renamed_in(value.text, columns))
    if isinstance(value, (list, tuple)):
        return [renamed_in(item, columns) for item in value]
    if isinstance(value, dict):
        return {columns.get(key, key): renamed_in(item, columns) for key, item in value.items()}
    return value


def _one(kind: str) -> Callable[..., Any]:
    def get(self: RenamedInspector, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        before = self.renames.before(table_name, schema)
        found = getattr(self.inner, f"get_{kind}")(before, schema=schema, **kw)
        return self.seen(kind, found, table_name, schema)

    return get


def _many(kind: str) -> Callable[..., Any]:
    def get(
        self: RenamedInspector,
        schema: str | None = None,
        filter_names: Collection[str] | None = None,
        **kw: Any,
    ) -> Any:
        if filter_names is not None:
            filter_names = [self.renames.before(name, schema) for name in filter_names]
        found = getattr(self.inner, f"get_multi_{kind}")(
            schema=schema, filter_names=filter_names, **kw
        )
        after = {
            (place, self.renames.after(name, place)): row for (place, name), row in found.items()
        }
        return {key: self.seen(kind, row, key[1], key[0]) for key, row in after.items()}

    return get


for _kind in _KINDS:
    setattr(RenamedInspector, f"get_{_kind}", _one(_kind))
    setattr(RenamedInspector, f"get_multi_{_kind}", _many(_kind))
