"""What Alembic's comparison leaves out, by its own hooks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import conv

from lback.db.alembic_compat import (
    compares_last,
    is_in_batch,
    operations_prefix,
    reflecting_by_one,
    with_unique,
)
from lback.db.comparing.enums import Statements, compare_enums
from lback.db.comparing.identities import compare_identities
from lback.db.comparing.known import KnownTables
from lback.db.comparing.schemas import (
    compare_domains,
    exclude_constraints,
    extension_steps,
    schemas_for,
)
from lback.db.comparing.twins import (
    Snapshot,
    TwinTables,
    index_there,
    meaning,
    plain,
    snapshot,
    snapshots,
)

_WORD = re.compile(r"\w+")
KEY = "lback_comparison"
"""Under what a comparison is among the options of a migration context."""


class Comparing:
    """What one run of autogenerate sees of the models and of the database."""

    def __init__(
        self, context: AutogenContext, known: KnownTables, twins: TwinTables | None = None
    ) -> None:
        assert context.connection is not None
        self.connection = context.connection
        self.inspector = context.inspector
        self.default_schema = self.connection.dialect.default_schema_name
        self.tables = list(context.sorted_tables)
        self.known = known
        self.twins = twins or TwinTables(self.connection, known.unknown(self.tables))
        self.there: dict[tuple[str | None, str], Snapshot] = {}
        self._read: set[str | None] = set()
        self.not_compared: list[str] = []
        for table, reason in sorted(self.twins.failed.items()):
            self.not_compared.append(
                f"defaults, checks, computed columns and indexes of {table} ({reason})"
            )

    def now(self, schema: str | None, name: str) -> Snapshot:
        """Return what a table is in the database."""
        if (schema, name) not in self.there and schema not in self._read:
            self._read.add(schema)
            whole = self.connection.dialect.name == "postgresql" and not self.renamed
            found = snapshots(self.connection, self.inspector, schema) if whole else {}
            self.there.update({(schema, table): one for table, one in found.items()})
        if (schema, name) not in self.there:
            self.there[schema, name] = snapshot(self.connection, self.inspector, name, schema)
        return self.there[schema, name]

    def is_same(self, model: sa.Table) -> bool:
        """Tell whether a table was made by the very text of the models; not if names change."""
        return not self.renamed and (model.schema, model.name) in self.twins.same

    def find(
        self, changes: ops.ModifyTableOps, schema: str | None, there: sa.Table, model: sa.Table
    ) -> None:
        """Note that a table is the same, if it is: Alembic looks for columns that go after this."""
        same = not changes.ops and {*there.columns.keys()} <= {*model.columns.keys()}
        if same and not self.renamed and model.fullname not in self.twins.failed:
            self.known.find(schema, str(there.name))

    @property
    def renamed(self) -> bool:
        """Tell whether all is seen as if renames were done."""
        return getattr(self.inspector, "renames", None) is not None


def comparison_of(context: AutogenContext) -> Comparing | None:
    """Return the comparison at work; None where it is not lback's."""
    if KEY not in context.migration_context.opts:
        return None
    holder, known = context.migration_context.opts[KEY]
    if not holder or holder[-1].inspector is not context.inspector:
        # The models stay the same when all is compared again as if renames were done.
        holder.append(Comparing(context, known, holder[-1].twins if holder else None))
    found: Comparing = holder[-1]
    return found


@compares_last("schema")
def _compare_types(context: AutogenContext, upgrade: ops.UpgradeOps, _named: Any) -> None:
    comparison = comparison_of(context)
    if comparison is None or comparison.connection.dialect.name != "postgresql":
        return
    before, after = compare_enums(comparison.inspector, comparison.connection, comparison.tables)
    inspector, connection, tables = comparison.inspector, comparison.connection, comparison.tables
    domains = compare_domains(inspector, connection, tables)
    comparison.not_compared += domains.changed
    new = [*schemas_for(inspector, tables), *extension_steps(connection, tables)]
    upgrade.ops[:0] = [*new, *before, *domains.new]
    upgrade.ops += [*after, *domains.gone]


# What Alembic and SQLAlchemy say of things that are seen to here.
_SEEN_TO = (
    "Computed default on",
    "autogenerate skipping metadata-specified expression-based index",
    "Skipped unsupported reflection of expression-based index",
    "Cannot correctly sort tables",
)


@contextmanager
def comparing(context: MigrationContext, known: KnownTables) -> Iterator[list[Comparing]]:
    """Let lback compare beside Alembic while this lasts; yields what was compared."""
    compared: list[Comparing] = []
    impl: Any = context.impl
    own = not callable(context.opts.get("compare_server_default"))
    if own:  # Alembic asks the server what two texts come to, or fails at a quote
        impl.compare_server_default = lambda *_args, **_kw: False
    options = context.opts
    options[KEY] = compared, known
    try:
        with warnings.catch_warnings():
            for words in _SEEN_TO:
                warnings.filterwarnings("ignore", words)
            with reflecting_by_one(context):
                yield compared
    finally:
        del options[KEY]
        if own:
            del impl.compare_server_default


def with_schemas(options: dict[str, Any]) -> None:
    """Let Alembic look at the schemas that the models name, where env.py does not say so."""
    given = options["target_metadata"]
    several = given if isinstance(given, Sequence) else [given]
    wanted = {table.schema for metadata in several for table in metadata.tables.values()}
    wanted.discard(None)
    if options.get("include_schemas") or not wanted:
        return
    theirs = options.get("include_name")

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema" and name is not None and name not in wanted:
            return False
        return theirs is None or bool(theirs(name, kind, parents))

    options["include_schemas"] = True
    options["include_name"] = include_name


@compares_last("table")
def _compare_rest(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    there: sa.Table | None,
    model: sa.Table | None,
) -> None:
    comparison = comparison_of(context)
    if comparison is None:
        return
    left = len(comparison.not_compared)
    _compare_table(comparison, context, changes, schema, name, there, model)
    if model is not None and there is not None and len(comparison.not_compared) == left:
        comparison.find(changes, schema, there, model)
    for operation in changes.ops:
        if isinstance(operation, ops.DropIndexOp):
            with_unique(operation)


def _compare_table(
    comparison: Comparing,
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    there: sa.Table | None,
    model: sa.Table | None,
) -> None:
    if model is None:
        assert there is not None
        changes.ops += _indexes_of_dropped(comparison.now(schema, name), there)
        return
    own_types = callable(context.opts.get("compare_type"))
    if comparison.is_same(model):
        for change in [] if own_types else _changes_of_type(changes):
            _take_back_type(changes, change)
        return
    twin = comparison.twins.get(model)
    if twin is None:
        return
    now = Snapshot({}) if there is None else comparison.now(schema, name)
    changes.ops += _indexes(context, changes.ops, now, twin, there, model)
    if there is not None:
        if not own_types:
            _types_alike(context, changes, now, twin)
        if not callable(context.opts.get("compare_server_default")):
            _defaults(changes, now, twin, there, model)
        changes.ops += _uniques(comparison, schema, there, model)
        changes.ops += _names_of_keys(comparison, schema, name, there, model)
        changes.ops += _checks(context, now, twin, there, model)
        if comparison.connection.dialect.name in ("mysql", "mariadb"):
            changes.ops += list(_indexes_of_keys(changes, there, model))
        if comparison.connection.dialect.name == "postgresql":
            changes.ops += list(exclude_constraints(now, twin, there, comparison.connection))
            compare_identities(changes, now, twin, there, comparison.connection.dialect)
            _say_how_to_cast(changes, comparison.connection)
        # PostgreSQL changes no type beneath a computed column.
        needs_room = comparison.connection.dialect.name == "postgresql"
        _computed(changes, now, twin, there, model, needs_room=needs_room)
        comparison.not_compared += _left(context, changes, now, twin, there, model)


def _types_alike(
    context: AutogenContext, changes: ops.ModifyTableOps, now: Snapshot, twin: Snapshot
) -> None:
    """Take back changes to a type that this database shows as the one that there is."""
    for change in _changes_of_type(changes):
        name = change.column_name
        if name not in now.columns or name not in twin.columns:
            continue
        kinds = [each.columns[name]["type"] for each in (now, twin)]
        if any(isinstance(kind, sa.types.NullType) for kind in kinds):
            continue  # one that SQLAlchemy does not know is like no other
        texts = {str(kind.compile(context.dialect)) for kind in kinds}
        if len(texts) == 1:
            _take_back_type(changes, change)


def _changes_of_type(changes: ops.ModifyTableOps) -> list[ops.AlterColumnOp]:
    alters = [one for one in changes.ops if isinstance(one, ops.AlterColumnOp)]
    return [one for one in alters if one.modify_type is not None]


def _take_back_type(changes: ops.ModifyTableOps, change: ops.AlterColumnOp) -> None:
    change.modify_type = None
    if not change.has_changes():
        changes.ops.remove(change)


def _defaults(
    changes: ops.ModifyTableOps, now: Snapshot, twin: Snapshot, there: sa.Table, model: sa.Table
) -> None:
    """Say which defaults are others, by what both are in this database."""
    found = {one.column_name: one for one in changes.ops if isinstance(one, ops.AlterColumnOp)}
    for column in model.columns:
        name = column.name
        if name not in now.columns or name not in there.columns:
            continue
        if any(each.columns[name].get("identity") for each in (now, twin)):
            continue
        if now.computed(name) or twin.computed(name):
            continue
        old = there.columns[name]
        change = found.get(name)
        if now.default(name) != twin.default(name):
            if change is None:
                change = ops.AlterColumnOp(
                    there.name,
                    name,
                    schema=there.schema,
                    existing_type=old.type,
                    existing_nullable=old.nullable,
                    existing_comment=old.comment,
                )
                changes.ops.append(change)
            change.existing_server_default = old.server_default
            change.modify_server_default = column.server_default
        elif change is not None and change.modify_server_default is not False:
            change.modify_server_default = False
            if not change.has_changes():
                changes.ops.remove(change)


def _indexes(
    context: AutogenContext,
    found: list[Any],
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table | None,
    model: sa.Table,
) -> list[ops.MigrateOperation]:
    """Return what is to be done about indexes that Alembic does not see to."""
    if context.dialect is None or context.dialect.name not in ("sqlite", "postgresql"):
        return []
    models = {str(index.name): index for index in model.indexes}
    made: list[ops.MigrateOperation] = []
    for name in sorted({*now.indexes, *twin.indexes}):
        old, new = now.indexes.get(name), twin.indexes.get(name)
        about = [
            one
            for one in found
            if isinstance(one, (ops.CreateIndexOp, ops.DropIndexOp)) and one.index_name == name
        ]
        if (old or new or {}).get("duplicates_constraint"):
            continue
        if old and new and meaning(old) == meaning(new):
            for one in about:  # Alembic has compared two spellings
                found.remove(one)
            continue
        kinds = {type(one) for one in about}
        if old and there is not None and ops.DropIndexOp not in kinds:
            index = index_there(old, there)
            if context.run_object_filters(index, name, "index", True, models.get(name)):
                made.append(ops.DropIndexOp.from_index(index))
        model_ = models.get(name)
        if new is None or model_ is None or ops.CreateIndexOp in kinds:
            continue
        if context.run_object_filters(model_, name, "index", False, None):
            made.append(ops.CreateIndexOp.from_index(model_))
    return made


def _indexes_of_dropped(now: Snapshot, there: sa.Table) -> Iterator[ops.MigrateOperation]:
    """Yield the indexes on expressions of a table that goes: Alembic does not see them."""
    for index in now.indexes.values():
        if "items" in index:
            made = index_there(index, there)
            if not all(isinstance(item, sa.Column) for item in made.expressions):
                yield ops.DropIndexOp.from_index(made)


def _indexes_of_keys(
    changes: ops.ModifyTableOps, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the indexes that MySQL made for foreign keys that go, which it leaves behind.

    It names them after the key, or after the column of a key without a name. An index that it
    needs for a key that stays is not dropped, whatever it is called.
    """
    # Alembic has put its own copies of the indexes beside those that were reflected.
    found = {str(index.name): tuple(index.columns.keys()) for index in there.indexes}
    others = [tuple(index.columns.keys()) for index in model.indexes]
    uniques = (sa.UniqueConstraint, sa.PrimaryKeyConstraint)
    for one in model.constraints:
        others += [tuple(one.columns.keys())] if isinstance(one, uniques) else []
    kept = {tuple(key.column_keys) for key in model.foreign_key_constraints}
    needed = {key for key in kept if not any(key == other[: len(key)] for other in others)}
    for index in model.indexes:
        found.pop(str(index.name), None)
    for drop in [one for one in changes.ops if isinstance(one, ops.DropIndexOp)]:
        if found.pop(str(drop.index_name), None) in needed:
            changes.ops.remove(drop)
    for key in sorted(
        (one for one in changes.ops if isinstance(one, ops.DropConstraintOp)),
        key=lambda one: str(one.constraint_name),
    ):
        if key.constraint_type != "foreignkey":
            continue
        was: Any = key.to_constraint()
        columns = tuple(was.column_keys)
        for name in (str(key.constraint_name), columns[0]):
            if found.get(name) == columns and columns not in needed:
                index = next(one for one in there.indexes if one.name == name)
                del found[name]
                yield ops.DropIndexOp.from_index(index)


def _uniques(
    comparison: Comparing, schema: str | None, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the unique constraints without a name that go."""
    wanted = {
        tuple(column.name for column in item.columns)
        for item in model.constraints
        if isinstance(item, sa.UniqueConstraint)
    }
    if comparison.connection.dialect.name == "sqlite":
        for row in comparison.inspector.get_unique_constraints(there.name, schema):
            columns = tuple(row["column_names"])
            if row["name"] is None and columns not in wanted:
                constraint = sa.UniqueConstraint(*(there.columns[name] for name in columns))
                yield ops.DropConstraintOp.from_constraint(constraint)


def _left(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table,
    model: sa.Table,
) -> Iterator[str]:
    """Yield what differs and is in none of the changes: nobody shall take it for the same."""
    name = f"{there.schema}.{there.name}" if there.schema else str(there.name)
    if now.key != twin.key:
        keys = (", ".join(key) or "none" for key in (now.key, twin.key))
        yield "primary key of {}: ({}), in the models ({})".format(name, *keys)
    seen = {getattr(one, "column_name", None) for one in changes.ops}
    for column in model.columns:
        old, new = now.columns.get(column.name), twin.columns.get(column.name)
        if old is None or new is None or column.name in seen or column.name not in there.columns:
            continue
        if not context.run_object_filters(
            column, column.name, "column", False, there.columns[column.name]
        ):
            continue
        for part in ("type", "nullable", "identity"):
            before, after = (_shown(row.get(part), context) for row in (old, new))
            if before != after:
                yield f"{part} of {name}.{column.name}: {before}, in the models {after}"


def _shown(value: Any, context: AutogenContext) -> str:
    if not isinstance(value, sa.types.TypeEngine):
        return str(value)
    assert context.dialect is not None
    try:
        return plain(value.compile(context.dialect))
    except sa.exc.CompileError:
        return type(value).__name__


class AlterType(ops.AlterColumnOp):
    """Another type, with an expression for the values where PostgreSQL finds none by itself."""

    back: str | None = None

    def reverse(self) -> AlterType:
        """Return the way back."""
        made: Any = super().reverse()
        made.back = made.kw.pop("postgresql_using", None)
        if self.back is not None:
            made.kw["postgresql_using"] = self.back
        return cast("AlterType", made)


@renderers.dispatch_for(AlterType)
def _render_type(context: AutogenContext, operation: AlterType) -> str:
    text = str(renderers.dispatch(ops.AlterColumnOp)(context, operation))
    using = operation.kw.get("postgresql_using")
    return text if using is None else f"{text[:-1]},\n{' ' * 11}postgresql_using={using!r})"


def _say_how_to_cast(changes: ops.ModifyTableOps, connection: Connection) -> None:
    for operation in changes.ops:
        if isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            old, new, name = operation.existing_type, operation.modify_type, operation.column_name
            operation.__class__ = AlterType
            using = _using(connection, name, old, new)
            if using is not None:
                operation.kw["postgresql_using"] = using
            operation.back = _using(connection, name, new, old)  # type: ignore[attr-defined]


_CAST = """
    SELECT CASE WHEN to_regtype(:old) = to_regtype(:new) THEN 'i' ELSE (
        SELECT castcontext::text FROM pg_cast
        WHERE castsource = to_regtype(:old) AND casttarget = to_regtype(:new)
    ) END
"""


def _using(connection: Connection, column: str, old: Any, new: Any) -> str | None:
    """Return what makes a value of one type of another; None where that goes by itself."""
    if isinstance(new, sa.String) and not isinstance(new, sa.Enum):
        return None
    before, after = (str(type_.compile(connection.dialect)) for type_ in (old, new))
    found = connection.scalar(sa.text(_CAST), {"old": before, "new": after})
    if found in ("i", "a"):
        return None
    quoted = connection.dialect.identifier_preparer.quote(column)
    return f"{quoted}::{after}" if found else f"{quoted}::text::{after}"


def _names_of_keys(
    comparison: Comparing, schema: str | None, name: str, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the foreign keys that are named after what is renamed now, by their new names."""
    renames = getattr(comparison.inspector, "renames", None)
    if renames is None:
        return
    dialect = comparison.connection.dialect
    tables = set(renames.tables.values())
    for row in comparison.inspector.get_foreign_keys(name, schema):
        columns = row["constrained_columns"]
        about = {*columns, row["referred_table"], name}
        new = {*renames.columns.get((schema, name), {}).values(), *tables}
        same = [
            key
            for key in model.foreign_key_constraints
            if key.column_keys == columns and key.referred_table.name == row["referred_table"]
        ]
        if row["name"] is None or not about & new or len(same) != 1:
            continue
        options = {key: str(value).upper() for key, value in row["options"].items()}
        wanted = {
            key: str(value).upper()
            for key in ("ondelete", "onupdate")
            if (value := getattr(same[0], key))
        }
        if same[0].name is None or options != wanted:
            continue
        called = str(same[0].name)
        if called != row["name"] and dialect.name == "postgresql":
            yield _renamed(dialect, schema, name, row["name"], called)
        elif called != row["name"]:
            old = sa.ForeignKeyConstraint(
                [there.columns[column] for column in columns],
                [f"{row['referred_table']}.{column}" for column in row["referred_columns"]],
                name=conv(row["name"]),
                **row["options"],
            )
            old.parent = there
            yield ops.DropConstraintOp.from_constraint(old)
            yield ops.CreateForeignKeyOp.from_constraint(same[0])


def _renamed(dialect: Any, schema: str | None, table: str, old: str, new: str) -> Statements:
    quote = dialect.identifier_preparer.quote
    place = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
    alter = f"ALTER TABLE {place} RENAME CONSTRAINT"
    return Statements(
        f"rename constraint {old} to {new}",
        [f"{alter} {quote(old)} TO {quote(new)}"],
        f"rename constraint {new} to {old}",
        [f"{alter} {quote(new)} TO {quote(old)}"],
    )


class CreateCheck(ops.CreateCheckConstraintOp):
    """A new check that every supported Alembic can write."""

    def reverse(self) -> DropCheck:
        """Return the way back."""
        return DropCheck(self)


class DropCheck(ops.DropConstraintOp):
    """A check that goes, and can come back."""

    def __init__(self, check: CreateCheck) -> None:
        super().__init__(
            check.constraint_name,
            check.table_name,
            type_="check",
            schema=check.schema,
            _reverse=check,
        )
        self.check = check

    def reverse(self) -> CreateCheck:
        """Return the way back."""
        self.check.table_name = self.table_name
        self.check.constraint_name = self.constraint_name
        return self.check


@renderers.dispatch_for(CreateCheck)
def _render_check(context: AutogenContext, operation: CreateCheck) -> str:
    prefix = operations_prefix(context)
    name = operation.constraint_name
    shown = f"{prefix}f({str(name)!r})" if name is not None else "None"
    table = [] if is_in_batch(context) else [repr(str(operation.table_name))]
    schema = [f"schema={str(operation.schema)!r}"] if operation.schema and table else []
    text = repr(str(operation.condition))
    return f"{prefix}create_check_constraint({', '.join([shown, *table, text, *schema])})"


def _checks(
    context: AutogenContext, now: Snapshot, twin: Snapshot, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the checks that go and those that come."""
    given = names_given(model, context)
    old = [(row.get("name"), plain(row["sqltext"]), row["sqltext"]) for row in now.checks]
    new = [(row.get("name"), plain(row["sqltext"]), row["sqltext"]) for row in twin.checks]
    for check in list(new):
        same = [one for one in old if one[1] == check[1]]
        same = [one for one in same if check[0] not in given or one[0] == check[0]]
        if same:
            old.remove(same[0])
            new.remove(check)
    for reflected, rows in ((True, old), (False, new)):
        for name, _plain, text in rows:
            constraint = sa.CheckConstraint(sa.text(text), name=name)
            if context.run_object_filters(constraint, name, "check_constraint", reflected, None):
                known = name if reflected or name in given else None
                made = CreateCheck(
                    conv(known) if known else None, there.name, text, schema=there.schema
                )
                yield DropCheck(made) if reflected else made


def names_given(table: sa.Table, context: AutogenContext) -> set[str]:
    """Return the names of constraints that the models say, or their naming convention."""
    preparer = context.dialect.identifier_preparer
    return {
        str(preparer.format_constraint(item)).strip('"`')
        for item in table.constraints
        if item.name is not None
    }


def _computed(
    changes: ops.ModifyTableOps,
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table,
    model: sa.Table,
    *,
    needs_room: bool,
) -> None:
    """Make a column anew that is computed in another way, or of another type."""
    in_the_way = {
        one.column_name
        for one in changes.ops
        if isinstance(one, ops.AlterColumnOp) and one.modify_type is not None and needs_room
    }
    for column in model.columns:
        name = column.name
        old, new = now.computed(name), twin.computed(name)
        if name not in there.columns:
            continue
        if old != new or (old and in_the_way & set(_WORD.findall(old[0]))):
            changes.ops[:] = [
                one
                for one in changes.ops
                if not (isinstance(one, ops.AlterColumnOp) and one.column_name == name)
            ]
            changes.ops += [
                ops.DropColumnOp.from_column_and_tablename(
                    there.schema, there.name, there.columns[name]
                ),
                ops.AddColumnOp.from_column_and_tablename(there.schema, there.name, column),
            ]
