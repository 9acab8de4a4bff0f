"""What Alembic's comparison leaves out, by its own hooks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from lback.db.alembic_compat import (
    compares_last,
    name_writer,
    reflecting_by_one,
    sql_of,
    with_unique,
)
from lback.db.comparing.casts import (
    say_how_to_cast,
    take_back_alike,
)
from lback.db.comparing.checks import compare_checks
from lback.db.comparing.columns import compare_computed, compare_defaults
from lback.db.comparing.enums import alone, compare_enums
from lback.db.comparing.identities import compare_identities
from lback.db.comparing.indexes import (
    compare_indexes,
    indexes_in_use,
    indexes_of_dropped,
    indexes_of_keys,
)
from lback.db.comparing.keys import (
    Waiting,
    compare_waiting,
    names_of_keys,
    uniques_without_name,
    waiting,
)
from lback.db.comparing.known import KnownTables
from lback.db.comparing.schemas import (
    compare_domains,
    exclude_constraints,
    extension_steps,
    schemas_for,
    sequences_for,
)
from lback.db.comparing.twins import (
    Snapshot,
    TwinTables,
    plain,
    snapshot,
    snapshots,
)

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

    @cached_property
    def waiting(self) -> Waiting:
        """Return which unique constraints of PostgreSQL wait."""
        return waiting(self.connection, self.inspector)

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
    if comparison is None:
        return
    sequences = list(sequences_for(comparison.connection, comparison.tables))
    if comparison.connection.dialect.name != "postgresql":
        upgrade.ops[:0] = sequences
        return
    before, after = compare_enums(
        comparison.inspector, comparison.connection, comparison.tables, upgrade.ops
    )
    inspector, connection, tables = comparison.inspector, comparison.connection, comparison.tables
    domains = compare_domains(inspector, connection, tables)
    comparison.not_compared += domains.changed
    new = [*schemas_for(inspector, tables), *extension_steps(connection, tables), *sequences]
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
            with reflecting_by_one(context), alone():
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
        changes.ops += indexes_of_dropped(comparison.now(schema, name), there)
        return
    own_types = callable(context.opts.get("compare_type"))
    if comparison.is_same(model):
        own_defaults = callable(context.opts.get("compare_server_default"))
        changes.ops[:] = [
            one
            for one in changes.ops
            if isinstance(one, ops.AlterColumnOp)
            and (
                (own_types and one.modify_type is not None)
                or (own_defaults and one.modify_server_default is not False)
            )
        ]
        return
    twin = comparison.twins.get(model)
    if twin is None:
        return
    now = Snapshot({}) if there is None else comparison.now(schema, name)
    changes.ops += compare_indexes(context, changes.ops, now, twin, there, model)
    if there is not None:
        if not own_types:
            take_back_alike(context, changes, now, twin)
        if not callable(context.opts.get("compare_server_default")):
            compare_defaults(changes, now, twin, there, model)
        changes.ops += uniques_without_name(comparison.inspector, schema, there, model)
        changes.ops += names_of_keys(comparison.inspector, schema, name, there, model)
        changes.ops += compare_checks(context, now, twin, there, model)
        if comparison.connection.dialect.name in ("mysql", "mariadb"):
            changes.ops += list(
                indexes_of_keys(changes, there, model, comparison.connection.dialect)
            )
            quote = name_writer(comparison.connection.dialect)
            changes.ops += list(indexes_in_use(changes, there, model, quote))
        if comparison.connection.dialect.name == "postgresql":
            changes.ops += list(exclude_constraints(now, twin, there, comparison.connection))
            changes.ops += list(
                compare_waiting(context, changes, comparison.waiting, (schema, name), there, model)
            )
            compare_identities(changes, now, twin, there, comparison.inspector)
            say_how_to_cast(changes, model, comparison.connection)
        # PostgreSQL changes no type beneath a computed column.
        needs_room = comparison.connection.dialect.name == "postgresql"
        compare_computed(changes, now, twin, there, model, needs_room=needs_room)
        comparison.not_compared += _left(context, changes, now, twin, there, model)


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
        return plain(sql_of(value, context.dialect))
    except sa.exc.CompileError:
        return type(value).__name__
