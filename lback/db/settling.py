"""What autogenerate leaves open, settled by whoever knows: renames and drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.reflection import Inspector

from lback.core.drafting.asking import (
    ColumnSketch,
    TableSketch,
    column_candidates,
    in_turn,
    table_candidates,
)
from lback.core.messages import makemigrations as messages
from lback.db.alembic_compat import compared, final_name
from lback.db.comparing.column_enums import labels_of
from lback.db.comparing.enums import EnumType
from lback.db.comparing.twins import enums_of
from lback.db.directives import (
    RenameColumn,
    RenameName,
    RenameTable,
    full_name,
    mark_loss,
    type_shown,
)
from lback.db.questions import DROP, KEEP, GivenAnswers
from lback.db.renaming import Key, RenamedInspector, Renames


class Settled(NamedTuple):
    """What goes by the new names."""

    inspector: Inspector
    rows: Callable[[str, str | None, str | None], int | None]
    """Counts the rows of a table, or the values of a column, as far as somebody would wait."""
    models: Mapping[Key, sa.Table]
    renames: Renames


# Options that say nothing, as they are shown: an expression has no truth of its own.
_NOTHING = {"None", "False", "[]", "{}"}
# More rows than these are not counted: nobody has to wait for a question.
_COUNTED = 10_000


def settle(upgrade: ops.UpgradeOps, context: MigrationContext, answers: GivenAnswers) -> Settled:
    """Let drops and adds that are renames be such; ask for the other drops.

    The comparison is made again with a schema in which the renames have been done, so that
    whatever else changed is found there by its new name.
    """
    settling = _Settling(upgrade, context, answers)
    settling.run()
    return Settled(
        settling.inspector,
        settling.count,
        settling.models,
        settling.renames,
    )


class _Settling:
    def __init__(
        self, upgrade: ops.UpgradeOps, context: MigrationContext, answers: GivenAnswers
    ) -> None:
        assert context.connection is not None
        self.upgrade = upgrade
        self.context = context
        self.answers = answers
        self.renames = Renames()
        self.real: Inspector = sa.inspect(context.connection)
        self.inspector = self.real
        self.steps: list[ops.MigrateOperation] = []
        self.models = _models(context)
        self.decided: dict[str, str] = {}
        # Where env.py compares several databases, an answer may be for another one.
        self.only = context.opts["upgrade_token"] == "upgrades"

    def run(self) -> None:
        """Settle tables, then their columns, then names of indexes and constraints."""
        dropped = {_name(op) for op in self.upgrade.ops if isinstance(op, ops.DropTableOp)}
        if not self.models and not dropped <= self.answers.drops:
            raise messages.no_tables()
        for find in (self._tables, self._columns, self._names):
            before = len(self.steps)
            find()
            if len(self.steps) > before:
                self.inspector = RenamedInspector.of(self.real, self.renames, self.context)
                self.upgrade.ops[:] = compared(self.context, self.inspector)
        self._drops()
        self.upgrade.ops[:0] = self.steps

    # Tables

    def _tables(self) -> None:
        dropped = {_name(op): op for op in self.upgrade.ops if isinstance(op, ops.DropTableOp)}
        created = {_name(op): op for op in self.upgrade.ops if isinstance(op, ops.CreateTableOp)}
        given = self._given_tables()
        for (schema, old), new in given.items():
            dropped.pop(full_name(old, schema), None)
            created.pop(full_name(new, schema), None)
        for name, operation in sorted(dropped.items()):
            chosen = self._table_question(name, operation, created)
            if chosen is not None:
                given[operation.schema, operation.table_name] = created.pop(chosen).table_name
        self.renames.tables.update(given)
        for schema in {schema for schema, _ in given}:
            turns = in_turn({old: new for (place, old), new in given.items() if place == schema})
            for old, new in turns:
                here = old
                if old.lower() == new.lower() and self.context.dialect.name == "sqlite":
                    # Which takes the two for one name, and that for taken.
                    here = f"{new}_"
                    self.steps.append(RenameTable(old, here, schema=schema))
                self.steps.append(RenameTable(here, new, schema=schema))

    def _given_tables(self) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for old, new in self.answers.renames.items():
            key = self._table(old)
            if key is None:
                continue
            there = self._model(new)
            if there is None:
                raise messages.no_rename(old, new, f"the models have no table {new}")
            if there[0] != key[0]:
                raise messages.no_rename(old, new, "a rename leaves a table in its schema")
            if self._model(old) and old not in self.answers.renames.values():
                raise messages.no_rename(old, new, f"the models still have {old}")
            if self._table(new) and new not in self.answers.renames:
                raise messages.no_rename(old, new, f"the database has a table {new} already")
            self.answers.use(f"--rename {messages.rename_of(old, new)}")
            found[key] = there[1]
        return found

    def _table_question(
        self, name: str, gone: ops.DropTableOp, created: Mapping[str, ops.CreateTableOp]
    ) -> str | None:
        facts = self._table_facts(gone.to_table(), name)
        candidates = table_candidates(
            facts,
            [
                self._table_facts(operation.to_table(), new)
                for new, operation in created.items()
                if operation.schema == gone.schema
            ],
        )
        if not candidates or self.answers.no_rename:
            return None
        answer = self.answers.became(
            name, facts.definition, candidates, self._rows(gone.schema, gone.table_name)
        )
        if answer in created:
            return answer
        self.decided[name] = answer
        return None

    # Columns

    def _columns(self) -> None:
        given = self._given_columns()
        for changes in self._changes():
            key = changes.schema, changes.table_name
            self._column_questions(changes, given.setdefault(key, {}))
        for key, renames in given.items():
            if not renames:
                continue
            schema, name = key
            table = sa.Table(name, sa.MetaData(), schema=schema)
            self.inspector.reflect_table(table, None, resolve_fks=False)
            called = {column.name: column for column in table.columns}
            for old, new in in_turn(renames):
                column = called.pop(old)
                if self.context.dialect.name not in ("mysql", "mariadb"):
                    column.autoincrement = "auto"  # Alembic warns of it elsewhere
                step = RenameColumn(name, new, column, schema=schema)
                called[new] = step.reverse().old
                if column.computed is None:
                    self.steps.append(step)
                    continue
                # What is written for other columns would make a plain column of it on MySQL.
                dialect = self.context.dialect
                self.steps.append(
                    RenameName("column", name, old, new, schema=schema, dialect=dialect)
                )
            self.renames.columns[key] = renames

    def _given_columns(self) -> dict[Key, dict[str, str]]:
        found: dict[Key, dict[str, str]] = {}
        for old, new in self.answers.renames.items():
            if self._table(old):
                continue
            table, _, column = old.rpartition(".")
            new_table, _, new_column = new.rpartition(".")
            key = self._renamed_table(table)
            if (key is None or key not in self.models) and self._is_value(table, column):
                continue
            if key is None or key not in self.models:
                if self.only:
                    what = "column" if table else "table"
                    raise messages.no_rename(old, new, f"the database has no {what} {old}")
                continue
            if new_table not in (table, full_name(key[1], key[0])):
                raise messages.no_rename(old, new, "a rename leaves a column in its table")
            here = {row["name"] for row in self.inspector.get_columns(key[1], schema=key[0])}
            there = {row.name for row in self.models[key].columns}
            pairs = [pair.rpartition(".") for pair in self.answers.renames]
            sources = {name for place, _, name in pairs if self._renamed_table(place) == key}
            targets = {
                target.rpartition(".")[2]
                for source, target in self.answers.renames.items()
                if self._renamed_table(source.rpartition(".")[0]) == key
            }
            if column not in here:
                raise messages.no_rename(old, new, f"the database has no column {old}")
            if new_column not in there:
                raise messages.no_rename(old, new, f"the models have no column {new}")
            if column in there and column not in targets:
                raise messages.no_rename(old, new, f"the models still have {old}")
            if new_column in here and new_column not in sources:
                raise messages.no_rename(old, new, f"the database has a column {new} already")
            self.answers.use(f"--rename {messages.rename_of(old, new)}")
            found.setdefault(key, {})[column] = new_column
        return found

    def _is_value(self, type_: str, label: str) -> bool:
        """Tell whether it is a value of an enum of the database; of a table, first."""
        if self.context.dialect.name in ("mysql", "mariadb"):
            table, _, column = type_.rpartition(".")
            key = self._renamed_table(table)
            rows = self.inspector.get_columns(key[1], schema=key[0]) if key is not None else []
            # By its name now, or the one that it gets.
            names = {column} | {
                old.rpartition(".")[2]
                for old, new in self.answers.renames.items()
                if new.rpartition(".")[2] == column
                and self._renamed_table(old.rpartition(".")[0]) == key
            }
            kinds = [labels_of(row["type"]) or () for row in rows if row["name"] in names]
            return any(label in labels for labels in kinds)
        if self.context.dialect.name != "postgresql":
            return False
        enums: Any = self.real
        schema, _, name = type_.rpartition(".")
        return any(
            one["name"] in (type_, name) and label in one["labels"]
            for one in enums.get_enums(schema or None)
        )

    def _column_questions(self, changes: ops.ModifyTableOps, renames: dict[str, str]) -> None:
        table = full_name(changes.table_name, changes.schema)
        added = {
            operation.column.name: operation.column
            for operation in changes.ops
            if isinstance(operation, ops.AddColumnOp)
            and operation.column.name not in renames.values()
            and operation.column.computed is None
        }
        for operation in self._dropped_columns(changes):
            if operation.column_name in renames:
                continue
            old = operation.to_column(self.context)
            if old.computed is not None:  # which holds nothing of its own
                continue
            same = [
                name
                for name, column in added.items()
                if not self.context.impl.compare_type(old, column)
            ]
            facts = self._facts(old)
            candidates = [
                candidate._replace(name=f"{table}.{candidate.name}")
                for candidate in column_candidates(
                    facts, [self._facts(column) for column in added.values()], same
                )
            ]
            if not candidates or self.answers.no_rename:
                continue
            answer = self.answers.became(
                f"{table}.{old.name}",
                facts.definition,
                candidates,
                self._rows(changes.schema, changes.table_name, old.name),
            )
            new = answer.rpartition(".")[2]
            if new in added and answer not in (DROP, KEEP):
                renames[old.name] = new
                del added[new]
            else:
                self.decided[f"{table}.{old.name}"] = answer

    # Names of indexes and constraints

    def _names(self) -> None:
        self.called: dict[tuple[str | None, ...], dict[str, tuple[str, str, str]]] = {}
        if self.context.dialect.name not in ("postgresql", "mysql", "mariadb"):
            return  # there they are made anew, which loses nothing
        for changes in self._changes():
            for kind, old, new in _same_but_for_the_name(changes, self.context.dialect):
                self._rename(kind, (changes.schema, changes.table_name), old, new)
        if self.context.dialect.name == "postgresql":
            self._types()
            self._values()
            for schema, old in list(self.renames.tables):
                self.renames.columns.setdefault((schema, self.renames.tables[schema, old]), {})
            for key, columns in self.renames.columns.items():
                self._follow(key, columns)
        dialect = self.context.dialect
        for (schema, *_), group in self.called.items():
            of = {old: (kind, table) for old, (kind, table, _) in group.items()}
            for old, new in in_turn({old: new for old, (_, _, new) in group.items()}):
                kind, table = of[new] = of.pop(old)
                step = RenameName(kind, table, old, new, schema=schema, dialect=dialect)
                self.steps.append(step)

    def _rename(self, kind: str, key: Key, old: str, new: str, *, apart: bool = False) -> None:
        """Note a rename; `apart` where another table may have the same name."""
        apart = apart or self.context.dialect.name != "postgresql"
        names = self.renames.names.setdefault(key, {})
        if old in names or old == new:
            return
        names[old] = new
        self.called.setdefault(key if apart else key[:1], {})[old] = kind, key[1], new

    def _types(self) -> None:
        """Find the enums that the models call otherwise, with the same labels."""
        dialect = self.context.dialect
        kept = {(enum.schema, enum.name) for enum in enums_of(self.models.values(), dialect)}
        for changes in self._changes():
            for part in changes.ops:
                kinds = (getattr(part, f"{word}_type", None) for word in ("existing", "modify"))
                old, new = (getattr(kind, "item_type", kind) for kind in kinds)
                if not isinstance(old, sa.Enum) or not isinstance(new, sa.Enum):
                    continue
                key, name = (old.schema, str(old.name)), new.name
                same = old.enums == new.enums and old.schema == new.schema and key not in kept
                if same and name and key not in self.renames.types:
                    self.renames.types[key] = name
                    step = RenameName("type", "", key[1], name, schema=key[0], dialect=dialect)
                    self.steps.append(step)

    def _values(self) -> None:
        """Let values of enums that go and come be renamed ones, where somebody says so."""
        dialect = self.context.dialect
        seen: Any = RenamedInspector.of(self.real, self.renames, self.context)
        for enum in enums_of(self.models.values(), dialect):
            place = None if enum.schema == self.real.default_schema_name else enum.schema
            there = next((one for one in seen.get_enums(place) if one["name"] == enum.name), None)
            if there is None:
                continue
            shown = full_name(str(enum.name), place)
            found = self.answers.renamed_values(shown, there["labels"], enum.enums)
            if found:
                self.renames.values[place, str(enum.name)] = found
                type_ = EnumType(dialect, (place or "", str(enum.name)), "")
                self.steps += [type_.value_renamed(old, new) for old, new in found.items()]

    def _follow(self, key: Key, columns: Mapping[str, str]) -> None:
        """Let what PostgreSQL has named after a table and its columns be named after the new."""
        schema, table = key
        before = self.renames.before(table, schema)
        model = self.models.get(key)
        reflected: list[tuple[str, Any]] = [
            ("pkey", {**self.real.get_pk_constraint(before, schema=schema), "pkey": True}),
            *(("key", row) for row in self.real.get_unique_constraints(before, schema=schema)),
            *(("fkey", row) for row in self.real.get_foreign_keys(before, schema=schema)),
            *(("check", row) for row in self.real.get_check_constraints(before, schema=schema)),
        ]
        for end, row in reflected:
            old = row["name"]
            held = row.get("column_names") or row.get("constrained_columns") or []
            middle = [] if end == "pkey" else held
            if end == "check" and model is not None:
                called = {final_name(one, self.context.dialect) for one in model.constraints}
                alike = str(old).replace(before, table, 1)
                if old not in called and alike in called:  # by a naming convention
                    self._rename("constraint", key, old, alike, apart=True)
                    continue
            if end == "check":
                middle = [name for name in columns if old == f"{before}_{name}_check"]
            new = "_".join([table, *(columns.get(name, name) for name in middle), end])
            named = _name_in(
                model, end, [columns.get(name, name) for name in held], self.context.dialect
            )
            if named is not None:
                new = named
            elif old != "_".join([before, *middle, end]):
                continue
            if old and len(new) < 64:
                self._rename("constraint", key, old, new, apart=end in ("fkey", "check"))
        for row in self.real.get_columns(before, schema=schema):
            old = f"{before}_{row['name']}_seq"
            new = f"{table}_{columns.get(row['name'], row['name'])}_seq"
            owned = "nextval(" in str(row.get("default")) or row.get("identity")
            if owned and len(new) < 64 and self.real.has_sequence(old, schema=schema):
                self._rename("sequence", key, old, new)

    # Drops

    def _drops(self) -> None:
        for operation in sorted(self.upgrade.ops, key=lambda op: getattr(op, "table_name", "")):
            if isinstance(operation, ops.DropTableOp):
                name = _name(operation)
                facts = self._table_facts(operation.to_table(), name)
                before = self.renames.before(operation.table_name, operation.schema)
                rows = self._rows(operation.schema, before)
                if self._is_dropped(name, facts.definition, rows):
                    mark_loss(operation)
                else:
                    self._leave(operation.schema, operation.table_name)
        for changes in list(self._changes()):
            table = full_name(changes.table_name, changes.schema)
            for part in self._dropped_columns(changes):
                old = part.to_column(self.context)
                if old.computed is not None:
                    continue
                definition = self._facts(old).definition
                rows = self._rows(changes.schema, changes.table_name, part.column_name)
                if self._is_dropped(f"{table}.{part.column_name}", definition, rows):
                    mark_loss(part)
                else:
                    changes.ops.remove(part)
            if not changes.ops:
                self.upgrade.ops.remove(changes)

    def _is_dropped(self, name: str, definition: str, rows: Any) -> bool:
        answer = self.decided.get(name) or self.answers.became(name, definition, (), rows)
        return answer == DROP

    def _leave(self, schema: str | None, table: str) -> None:
        self.upgrade.ops[:] = [
            operation
            for operation in self.upgrade.ops
            if not isinstance(operation, (ops.DropTableOp, ops.ModifyTableOps))
            or (operation.schema, operation.table_name) != (schema, table)
        ]

    # What is there

    def _changes(self) -> Iterator[ops.ModifyTableOps]:
        dropped = {_name(op) for op in self.upgrade.ops if isinstance(op, ops.DropTableOp)}
        for operation in self.upgrade.ops:
            if isinstance(operation, ops.ModifyTableOps) and _name(operation) not in dropped:
                yield operation

    def _dropped_columns(self, changes: ops.ModifyTableOps) -> list[ops.DropColumnOp]:
        """Return what goes in the order of the table's columns, where Alembic has none."""
        dropped = [part for part in changes.ops if isinstance(part, ops.DropColumnOp)]
        return sorted(dropped, key=lambda part: self._facts(part.to_column(self.context)).position)

    def _table(self, name: str) -> Key | None:
        """Return the table of the database that is called so."""
        return self._split(name, lambda schema: set(self.real.get_table_names(schema)))

    def _model(self, name: str) -> Key | None:
        return self._split(name, lambda schema: {key[1] for key in self.models if key[0] == schema})

    def _split(self, name: str, names: Any) -> Key | None:
        if name in names(None):
            return None, name
        schema, _, table = name.rpartition(".")
        known = {*self.real.get_schema_names(), *(key[0] for key in self.models)}
        return (schema, table) if schema in known and table in names(schema) else None

    def _renamed_table(self, name: str) -> Key | None:
        """Return the table that will be called so, or is now, by its new name."""
        new = self._model(name)
        if new and self._table(full_name(self.renames.before(new[1], new[0]), new[0])):
            return new
        key = self._table(name)
        return None if key is None else (key[0], self.renames.after(key[1], key[0]))

    def _facts(self, column: sa.Column[Any], position: int = 0) -> ColumnSketch:
        held = set()
        if column.primary_key:
            held.add("primary key")
        if column.unique:
            held.add("unique")
        held |= {f"foreign key to {key.target_fullname}" for key in column.foreign_keys}
        if column.table is not None:
            # By name: `==` of two columns is SQL, for which a type of the project may not be made.
            position = column.table.columns.keys().index(column.key)
            for constraint in column.table.constraints:
                if isinstance(constraint, sa.UniqueConstraint) and column.key in constraint.columns:
                    held.add("unique")
        type_ = type_shown(column.type, self.context.dialect)
        return ColumnSketch(column.name, type_, bool(column.nullable), position, frozenset(held))

    def _table_facts(self, table: sa.Table, name: str) -> TableSketch:
        return TableSketch(name, tuple(self._facts(column) for column in table.columns))

    def count(self, table: str, schema: str | None, column: str | None) -> int | None:
        """Count rows of a table, or values of a column, by the names that they have now."""
        before = self.renames.before(table, schema)
        old = {new: was for was, new in self.renames.columns.get((schema, table), {}).items()}
        name = None if column is None else old.get(column, column)
        return count_rows(self.context, self.answers, before, schema, name)

    def _rows(self, schema: str | None, table: str, column: str | None = None) -> Any:
        """Return what counts the rows that go with it; not all where they are many."""
        before = self.renames.before(table, schema)
        return lambda: messages.rows(
            count_rows(self.context, self.answers, before, schema, column), _COUNTED
        )


def count_rows(
    context: MigrationContext,
    answers: GivenAnswers,
    table: str,
    schema: str | None,
    column: str | None = None,
) -> int | None:
    """Count rows where there are any: what is compared may be a template."""
    if answers.count is not None:
        return answers.count(table, schema, column)
    assert context.connection is not None
    return count_rows_of(context.connection, table, schema, column)


def count_rows_of(
    connection: Connection, table: str, schema: str | None, column: str | None = None
) -> int | None:
    """Count rows, or those with a value in a column; None where the database does not tell."""
    source = sa.table(table, sa.column(column or "?"), schema=schema)
    rows = sa.select(sa.literal(1).label("n")).select_from(source)
    if column is not None:
        rows = rows.where(source.c[column].is_not(None))
    counted = sa.select(sa.func.count()).select_from(rows.limit(_COUNTED + 1).subquery())
    # Rolled back, it holds no lock on the table while somebody thinks about the question.
    try:
        with connection.begin_nested() as aside:
            number = int(connection.execute(counted).scalar_one())
            aside.rollback()
    except sa.exc.SQLAlchemyError:
        return None
    return number


def _models(context: MigrationContext) -> dict[Key, sa.Table]:
    default = context.dialect.default_schema_name
    tables = AutogenContext(context, autogenerate=True).sorted_tables
    return {
        (None if table.schema == default else table.schema, str(table.name)): table
        for table in tables
    }


def _name(operation: Any) -> str:
    return full_name(operation.table_name, operation.schema)


def _name_in(model: sa.Table | None, end: str, columns: list[str], dialect: Dialect) -> str | None:
    """Return what the models call a primary or foreign key."""
    for constraint in model.constraints if model is not None else ():
        kinds = (sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint)
        if not isinstance(constraint, kinds) or isinstance(constraint, kinds[end == "pkey"]):
            continue
        if [column.name for column in constraint.columns] == columns:
            return final_name(constraint, dialect) if isinstance(constraint.name, str) else None
    return None


def _same_but_for_the_name(
    changes: ops.ModifyTableOps, dialect: Dialect
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, old and new name of what would be dropped to be made anew."""
    made = [
        (operation, _signature(operation))
        for operation in changes.ops
        if isinstance(operation, (ops.CreateIndexOp, ops.CreateUniqueConstraintOp))
    ]
    for drop in changes.ops:
        if not isinstance(drop, (ops.DropIndexOp, ops.DropConstraintOp)):
            continue
        signature = _signature(drop)
        for create, other in made:
            if signature is None or signature != other:
                continue
            kind = signature[0]
            old, new = (final_name(op.to_diff_tuple()[1], dialect) for op in (drop, create))
            if isinstance(old, str) and isinstance(new, str):
                made.remove((create, other))
                yield kind, old, new
                break


def _signature(operation: Any) -> tuple[str, ...] | None:
    thing = operation.to_diff_tuple()[1]
    if isinstance(thing, sa.UniqueConstraint):
        return ("constraint", *(column.name for column in thing.columns))
    if not isinstance(thing, sa.Index):
        return None
    parts = [str(getattr(part, "name", part)) for part in thing.expressions]
    options = sorted(
        f"{key}={value}"
        for key, value in thing.dialect_kwargs.items()
        if str(value) not in _NOTHING
    )
    return ("index", str(bool(thing.unique)), *parts, *options)
