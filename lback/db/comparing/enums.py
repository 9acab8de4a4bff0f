"""Enum types of PostgreSQL: made, changed and dropped beside the columns that have them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import Operations, ops
from sqlalchemy.engine import Connection

from lback.db.alembic_compat import name_writer, operations_prefix, sql_of
from lback.db.comparing.twins import enums_of
from lback.db.directives import escaped
from lback.db.renaming import renamed_in

_Words = Sequence[str]

_USERS = """
    SELECT n.nspname, c.relname, a.attname, t.typname <> e.typname AS many,
        pg_get_expr(d.adbin, d.adrelid) AS default_
    FROM pg_type AS e
    JOIN pg_namespace AS en ON en.oid = e.typnamespace
    JOIN pg_type AS t ON t.oid = e.oid OR t.oid = e.typarray
    JOIN pg_attribute AS a ON a.atttypid = t.oid AND NOT a.attisdropped AND a.attnum > 0
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE en.nspname = :schema AND e.typname = :name
    ORDER BY 1, 2, a.attnum
"""


# What has values of the type in its text, and stands in the way of another type of the name.
_HOLDERS = """
    SELECT 'constraint', con.conname, pg_get_constraintdef(con.oid)
    FROM pg_constraint AS con JOIN pg_class AS c ON c.oid = con.conrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (con.conkey)
    WHERE con.contype = 'c' AND n.nspname = :schema AND c.relname = :table AND a.attname = :column
    UNION ALL
    SELECT 'index', x.relname, pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
    JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table
    AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)
    AND EXISTS (
        SELECT FROM pg_depend AS d JOIN pg_attribute AS a
        ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.objid = i.indexrelid AND d.refobjid = c.oid AND a.attname = :column
    )
    ORDER BY 1, 2
"""


class Statements(ops.MigrateOperation):
    """Statements that autogenerate can write and turn round."""

    def __init__(self, told: str, up: Sequence[str], back_told: str, back: Sequence[str]) -> None:
        self.told = told
        self.up = tuple(up)
        self.back_told = back_told
        self.back = tuple(back)

    def reverse(self) -> Statements:
        """Return the way back."""
        return Statements(self.back_told, self.back, self.told, self.up)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return it in the form of Alembic's diffs."""
        return ("execute", self.up)


@Operations.implementation_for(Statements)
def _run(operations: Operations, operation: Statements) -> None:
    for statement in operation.up:
        operations.execute(escaped(statement))


@renderers.dispatch_for(Statements)
def _render(context: AutogenContext, operation: Statements) -> list[str]:
    prefix = operations_prefix(context)
    return [f"{prefix}execute({escaped(statement)!r})" for statement in operation.up]


@contextmanager
def alone() -> Iterator[None]:
    """Let alembic_postgresql_enum, where env.py has it, see no enum type: each is seen to here."""
    package: Any = sys.modules.get("alembic_postgresql_enum.configuration")
    if package is None:
        yield
        return
    given = package.get_configuration()
    package.set_configuration(replace(given, include_name=lambda _name: False))
    try:
        yield
    finally:
        package.set_configuration(given)


class ChangedType(Statements):
    """Other values of a type, and the columns that have it."""

    users: Sequence[_User] = ()
    rebuilt = False
    """Whether the columns are moved to another type on the way up."""


def compare_enums(
    inspector: Any,
    connection: Connection,
    tables: Iterable[sa.Table],
    changes: Sequence[ops.MigrateOperation],
) -> tuple[list[ops.MigrateOperation], list[ops.MigrateOperation]]:
    """Return what is to be done before the tables change, and what afterwards."""
    dialect = connection.dialect
    default = inspector.default_schema_name
    tables = list(tables)
    models = {(enum.schema or default, enum.name): enum for enum in enums_of(tables, dialect)}
    schemas = {default, *(schema for schema, _ in models)}
    schemas |= {table.schema or default for table in tables}
    there = {
        (schema, enum["name"]): tuple(enum["labels"])
        for schema in schemas
        for enum in inspector.get_enums(schema)
    }
    before: list[ops.MigrateOperation] = []
    after: list[ops.MigrateOperation] = []
    for key, enum in models.items():
        type_ = EnumType(dialect, key, default)
        labels = tuple(enum.enums)
        if key not in there:
            before.append(type_.made(labels))
        elif there[key] != labels:
            columns = [
                _renamed(_with_holders(connection, user), inspector)
                for user in users_of(connection, key)
            ]
            used = _spoken_of(tables, set(labels) - set(there[key]), dialect)
            gone = _gone_with_values(columns, labels, type_, changes)
            before.append(type_.changed(there[key], labels, columns, gone, rebuilt=used))
    for key in sorted(there.keys() - models.keys()):
        # A type that no column has is not known to be this project's.
        if users_of(connection, key):
            after.append(EnumType(dialect, key, default).made(there[key]).reverse())
    return before, after


class _User(NamedTuple):
    """A column that has a type."""

    schema: str | None
    table: str
    column: str
    many: bool
    default: str | None
    holders: tuple[tuple[str, str, str], ...] = ()
    """Kind, name and text of the checks and indexes that speak of it."""


_Holder = tuple["str | None", str, str, str, str]
"""Schema, table, kind, name and text of a check or an index."""


def users_of(connection: Connection, key: tuple[str, str]) -> list[_User]:
    """Return the columns that have a type."""
    rows = connection.execute(sa.text(_USERS), {"schema": key[0], "name": key[1]})
    return [_User(*row) for row in rows]


def _with_holders(connection: Connection, user: _User) -> _User:
    where = {"schema": user.schema, "table": user.table, "column": user.column}
    rows = connection.execute(sa.text(_HOLDERS), where)
    return user._replace(holders=tuple((kind, name, text) for kind, name, text in rows))


def _gone_with_values(
    users: Sequence[_User],
    labels: _Words,
    type_: EnumType,
    changes: Sequence[ops.MigrateOperation],
) -> list[_Holder]:
    """Take out of the changes what goes with a value: it has to, before the type is another.

    A default that goes with one is not set again on the way back before the value is there.
    """
    gone = []
    tables = [one for one in changes if isinstance(one, ops.ModifyTableOps)]
    for user in users:
        lost = [
            (kind, name, text)
            for kind, name, text in user.holders
            if not all(label in labels for label in type_.labels_in(text))
        ]
        for each in tables:
            if (each.schema, each.table_name) != (user.schema, user.table):
                continue
            for part in list(each.ops):
                named = [one for one in lost if one[1] == _dropped_name(part)]
                if named:
                    each.ops.remove(part)
                    gone.append((user.schema, user.table, *named[0]))
                elif isinstance(part, ops.AlterColumnOp) and part.column_name == user.column:
                    kept = type_.labels_in(user.default or "")
                    if part.modify_server_default is not False and set(kept) - set(labels):
                        part.existing_server_default = None
    return gone


def _dropped_name(operation: Any) -> str | None:
    if isinstance(operation, ops.DropConstraintOp):
        return str(operation.constraint_name)
    return str(operation.index_name) if isinstance(operation, ops.DropIndexOp) else None


def _renamed(user: _User, inspector: Any) -> _User:
    """Return a column as it is called when the statements come."""
    schema = None if user.schema == inspector.default_schema_name else user.schema
    renames = getattr(inspector, "renames", None)
    if renames is None:
        return user._replace(schema=schema)
    table = renames.after(user.table, schema)
    column = renames.columns.get((schema, table), {}).get(user.column, user.column)
    names = renames.names.get((schema, table), {})
    columns = {**renames.columns.get((schema, table), {}), user.table: table}
    holders = [
        (
            kind,
            names.get(name, name),
            inspector.revalued(renamed_in(text, {**columns, name: names.get(name, name)})),
        )
        for kind, name, text in user.holders
    ]
    return user._replace(
        schema=schema,
        table=table,
        column=column,
        default=inspector.revalued(user.default),
        holders=tuple(holders),
    )


def _spoken_of(tables: Iterable[sa.Table], labels: set[str], dialect: Any) -> bool:
    """Tell whether a default, a check or an index has one of these values in it."""
    texts = []
    for table in tables:
        for column in table.columns:
            default = column.server_default
            if isinstance(default, sa.DefaultClause):
                texts.append(
                    f"'{default.arg}'" if isinstance(default.arg, str) else str(default.arg)
                )
        texts += [
            str(item.sqltext.compile(compile_kwargs={"literal_binds": True}))
            for item in table.constraints
            if isinstance(item, sa.CheckConstraint)
        ]
        for index in table.indexes:
            where = index.dialect_options["postgresql"]["where"]
            texts += [] if where is None else [_compiled(where, dialect)]
    return any(f"'{label}'" in text for label in labels for text in texts)


def _compiled(clause: Any, dialect: Any) -> str:
    try:
        return sql_of(clause, dialect, compile_kwargs={"literal_binds": True})
    except sa.exc.CompileError:
        return str(clause)


class EnumType:
    """An enum type of the database by its name."""

    def __init__(self, dialect: Any, key: tuple[str, str], default: str) -> None:
        self.quote = name_writer(dialect)
        self.name = key[1]
        place = "" if key[0] == default else f"{self.quote(key[0])}."
        self.place = place
        self.shown = (f"{key[0]}." if place else "") + key[1]
        self.quoted = place + self.quote(key[1])

    def made(self, labels: _Words) -> Statements:
        """Return how it is made."""
        return Statements(
            f"create type {self.shown} ({', '.join(labels)})",
            [f"CREATE TYPE {self.quoted} AS ENUM ({_listed(labels)})"],
            f"drop type {self.shown}",
            [f"DROP TYPE {self.quoted}"],
        )

    def changed(
        self,
        old: _Words,
        new: _Words,
        columns: Sequence[_User],
        gone: Sequence[_Holder],
        *,
        rebuilt: bool,
    ) -> ChangedType:
        """Return how its values change: added to it, or by a new type for the columns.

        `gone` are checks and indexes that go with a value.
        """
        up = None if rebuilt else self._added(old, new)
        # What came by ADD VALUE nothing can have before the transaction is done.
        lost = any(set(self.labels_in(user.default or "")) - set(new) for user in columns)
        back = None if rebuilt or gone or lost else self._added(new, old)
        dropped = {holder[3] for holder in gone}
        kept = [
            user._replace(holders=tuple(one for one in user.holders if one[1] not in dropped))
            for user in columns
        ]
        made = ChangedType(
            self._told(old, new),
            [*map(self._drop, gone), *(up or self._rebuilt(new, kept))],
            self._told(new, old),
            [*(back or self._rebuilt(old, kept)), *map(self._add, gone)],
        )
        made.users, made.rebuilt = columns, up is None
        return made

    def _drop(self, holder: _Holder) -> str:
        """Return what takes a check or an index away."""
        schema, table, kind, name, _text = holder
        place = "" if schema is None else f"{self.quote(schema)}."
        if kind == "index":
            return f"DROP INDEX {place}{self.quote(name)}"
        return f"ALTER TABLE {place}{self.quote(table)} DROP CONSTRAINT {self.quote(name)}"

    def _add(self, holder: _Holder) -> str:
        """Return what makes a check or an index again."""
        schema, table, kind, name, text = holder
        place = "" if schema is None else f"{self.quote(schema)}."
        add = f"ALTER TABLE {place}{self.quote(table)} ADD CONSTRAINT {self.quote(name)} {text}"
        return text if kind == "index" else add

    def _told(self, old: _Words, new: _Words) -> str:
        more = ", ".join(label for label in new if label not in old)
        less = ", ".join(label for label in old if label not in new)
        parts = [f"add {more}" if more else "", f"remove {less}" if less else ""]
        return f"change type {self.shown}: {', '.join(filter(None, parts)) or 'order of values'}"

    def value_renamed(self, old: str, new: str) -> Statements:
        """Return how a value gets another name, in all rows at once."""
        alter = f"ALTER TYPE {self.quoted} RENAME VALUE"
        return Statements(
            f"rename value {old} of type {self.shown} to {new}",
            [f"{alter} {_quoted(old)} TO {_quoted(new)}"],
            f"rename value {new} of type {self.shown} to {old}",
            [f"{alter} {_quoted(new)} TO {_quoted(old)}"],
        )

    def _added(self, old: _Words, new: _Words) -> list[str] | None:
        """Return how values are added, where nothing else happens."""
        if [label for label in new if label in old] != list(old) or len(old) == len(new):
            return None
        made = []
        for place, label in enumerate(new):
            if label in old:
                continue
            where = f"AFTER {_quoted(new[place - 1])}" if place else f"BEFORE {_quoted(old[0])}"
            made.append(f"ALTER TYPE {self.quoted} ADD VALUE {_quoted(label)} {where}")
        return made

    def _rebuilt(self, labels: _Words, columns: Sequence[_User]) -> list[str]:
        """Return how the type is made anew under its name, and the columns moved to it."""
        quote = self.quote
        away = f"{self.name}_old"
        made = [
            f"ALTER TYPE {self.quoted} RENAME TO {quote(away)}",
            f"CREATE TYPE {self.quoted} AS ENUM ({_listed(labels)})",
        ]
        # Where a value of theirs is none any more, they are left to fail as they stand.
        holders: dict[_Holder, None] = {
            (user.schema, user.table, *holder): None
            for user in columns
            for holder in user.holders
            if all(label in labels for label in self.labels_in(holder[2]))
        }
        made += map(self._drop, holders)
        for user in columns:
            place = "" if user.schema is None else f"{quote(user.schema)}."
            column, many = quote(user.column), "[]" if user.many else ""
            alter = f"ALTER TABLE {place}{quote(user.table)} ALTER COLUMN {column}"
            if user.default:
                made.append(f"{alter} DROP DEFAULT")
            made.append(
                f"{alter} TYPE {self.quoted}{many} USING {column}::text{many}::{self.quoted}{many}"
            )
            if user.default and set(self.labels_in(user.default)) <= set(labels):
                made.append(f"{alter} SET DEFAULT {user.default}")
        made.append(f"DROP TYPE {self.place}{quote(away)}")
        made += map(self._add, holders)
        return made

    def labels_in(self, text: str) -> list[str]:
        """Return the values of this type in the text of a default, a check or an index."""
        kinds = "|".join(re.escape(kind) for kind in (self.quoted, self.name, self.shown))
        found: list[str] = []
        for literal, many in re.findall(rf"'((?:[^']|'')*)'::(?:{kinds})(\[\])?", text):
            value = literal.replace("''", "'")
            found += _items(value) if many else [value]
        return found


def _items(value: str) -> list[str]:
    """Return the values in the text of an array."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^{},"]+)', value)
    return [re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in found if bare != "NULL"]


def _listed(labels: _Words) -> str:
    return ", ".join(map(_quoted, labels))


def _quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"
