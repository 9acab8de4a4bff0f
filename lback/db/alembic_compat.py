"""Every private name of Alembic and SQLAlchemy that lback uses, each with why, and nowhere else.

Looked up in the oldest versions that lback supports (Alembic 1.13.0, SQLAlchemy 2.0.25) and in
the newest when this was written (1.20.1, 2.1.9): the same in both where nothing else is said.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from alembic.autogenerate import compare, render
from alembic.autogenerate.api import AutogenContext, RevisionContext
from alembic.autogenerate.render import (
    _alembic_autogenerate_prefix,
    _render_server_default,
    _repr_type,
)
from alembic.config import Config
from alembic.operations.batch import ApplyBatchImpl
from alembic.operations.ops import DowngradeOps, MigrationScript, UpgradeOps
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory, write_hooks
from sqlalchemy import Table, event
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.sql import operators

try:
    from alembic.util import DispatchPriority
except ImportError:  # pragma: no cover
    DispatchPriority = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from alembic.operations.ops import MigrateOperation
    from alembic.runtime.migration import MigrationContext, StampStep
    from sqlalchemy import Column
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.types import TypeEngine

_Function = TypeVar("_Function", bound=Callable[..., Any])

_PLAIN_LITERAL = re.compile(r"'([A-Za-z0-9_.-]+)'")

# From 1.16 on Alembic reads pyproject.toml.
READS_PYPROJECT = hasattr(Config, "get_alembic_option")


def compare_defaults(context: MigrationContext) -> None:
    """Let autogenerate compare server defaults, where env.py has no way of its own.

    A context reads that option when it is made; what env.py is shown stays as it was.
    """
    if not context._user_compare_server_default:
        context._user_compare_server_default = True


def percents_alone(context: MigrationContext) -> None:
    """Let what a migration has of SQL be as it is: drivers want % twice, and get that when it runs.

    Alembic writes an expression as the driver gets it, so that '50% off' became '50%% off'.
    """
    impl: Any = context.impl
    theirs = impl.render_ddl_sql_expr
    if context.dialect.identifier_preparer._double_percents:

        def render(*args: Any, **kw: Any) -> str:
            return str(theirs(*args, **kw)).replace("%%", "%")

        impl.render_ddl_sql_expr = render


def name_writer(dialect: Dialect) -> Callable[[str], str]:
    """Return what quotes a name in a statement that a migration executes, with each % once."""
    preparer = dialect.identifier_preparer
    quote: Callable[[str], str] = preparer.quote
    return (lambda name: quote(name).replace("%%", "%")) if preparer._double_percents else quote


def sql_of(item: Any, dialect: Dialect, **kw: Any) -> str:
    """Return the SQL of a type, an expression or a statement, with each % once.

    It is compiled for the driver, which may want % twice: that is seen to where it is executed.
    """
    text = str(item.compile(dialect=dialect, **kw))
    return text.replace("%%", "%") if dialect.identifier_preparer._double_percents else text


def final_name(item: Any, dialect: Dialect) -> str | None:
    """Return what a constraint or an index is called in the database, which cuts long names."""
    if item.name is None:
        return None
    name = dialect.identifier_preparer.format_constraint(item, _alembic_quote=False)
    return None if name is None else str(name)


def comes_back_with(drop: Any, options: Mapping[str, Any]) -> None:
    """Let a constraint that is dropped have options on the way back that were not reflected."""
    if options and drop._reverse is not None:
        drop._reverse.kw.update(options)


def sequences_with_quotes(context: MigrationContext) -> None:
    """Let Alembic find the sequence of a column of PostgreSQL whose table has a quote in its name.

    It takes the name out of a literal, in which each quote stands twice.
    """
    impl: Any = context.impl
    theirs = impl.autogen_column_reflect
    if context.dialect.name != "postgresql":
        return

    def reflect(inspector: Any, table: Any, column: Any) -> None:
        default = column.get("default")
        if not isinstance(default, str) or not default.startswith("nextval('"):
            theirs(inspector, table, column)
            return
        column["default"] = default.replace("''", "'")
        theirs(inspector, table, column)
        if "default" in column:
            column["default"] = default

    impl.autogen_column_reflect = reflect


class Directory(ScriptDirectory):
    """Alembic's folder of revisions, whose new files a subclass may write in its own way."""

    created: datetime | None = None
    """When a new revision says that it was made; None: now."""
    makes_folders = True
    """Whether the folder of a new revision is made where it is missing."""

    def write_from_template(self, template: Path, path: Path, given: Mapping[str, Any]) -> None:
        """Write the new file at `path`."""
        raise NotImplementedError

    def locations(self) -> tuple[Path, ...]:
        """Return the folders that may hold revisions."""
        # Alembic's public option is what was written, not what it leads to. Texts before 1.16.
        return tuple(Path(place).absolute() for place in self._version_locations)

    def _generate_template(self, src: Any, dest: Any, **kw: Any) -> None:
        # The only place between the choice of a file's name and the writing. Texts before 1.16.
        self.write_from_template(Path(src), Path(dest), kw)

    def _ensure_directory(self, path: Any) -> None:
        # Alembic makes the folder before it fills in the template.
        if self.makes_folders:
            super()._ensure_directory(path)

    def _generate_create_date(self) -> datetime:
        # A reverting revision is the same whenever it is planned: its date is not "now".
        return self.created or super()._generate_create_date()


def found_exactly(scripts: ScriptDirectory, revision: str) -> Any:
    """Return the script of a full id, None where there is none."""
    # get_revision() searches for prefixes, which is slow, and takes one for an id.
    return scripts.revision_map._revision_map.get(revision)


def stamped(scripts: ScriptDirectory, revision: str, rows: tuple[str, ...]) -> list[StampStep]:
    """Return what `alembic stamp REVISION` does to these rows of the version table."""
    # The only place where Alembic decides it.
    return scripts._stamp_revs((revision,), rows)


def run_write_hooks(scripts: ScriptDirectory, path: Path) -> None:
    """Run the project's post-write hooks on a file, as `alembic revision` does."""
    # `hooks` from 1.16 on, `hook_config` before. Alembic runs them within generate_revision() only.
    hooks = getattr(scripts, "hooks", None) or getattr(scripts, "hook_config", None)
    if hooks:
        write_hooks._run_hooks(str(path), hooks)


class _Strict:
    """What Alembic's hooks take for the module that starts programs: a failure is one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def run(self, *args: Any, **kw: Any) -> Any:
        kw["check"] = True
        return subprocess.run(*args, **kw)  # noqa: PLW1510


@contextmanager
def failing_hooks() -> Iterator[None]:
    """Let a post-write hook that ends with another status than 0 raise CalledProcessError."""
    # Alembic starts them and does not look.
    hooks: Any = write_hooks
    before, hooks.subprocess = hooks.subprocess, _Strict()
    try:
        yield
    finally:
        hooks.subprocess = before


def speak_through(environment: type[EnvironmentContext]) -> None:
    """Let `alembic.context`, which speaks to the class it was made of, speak to a subclass too."""
    # A subclass is looked up by itself, and there are no public words for it.
    EnvironmentContext._setups[environment] = EnvironmentContext._setups[EnvironmentContext]


def make_version_table(context: MigrationContext) -> None:
    """Create the version table where it is missing."""
    # Public ways (stamp, run_migrations) create it for a look at the database as well.
    context._ensure_version_table()


def send_stamps_alike(context: MigrationContext, connection: Connection) -> None:
    """Let each change of a row of the version table be one statement, its revisions as values.

    HeadMaintainer writes the revisions into the statement, so that SQLAlchemy compiles it anew
    for each, which takes longer than most migrations.
    """
    table = context._version
    column = table.columns.get("version_num")
    if column is None or type(column.type) is not sa.String:
        return
    alike = (
        sa.update(table)
        .values({column: sa.bindparam("revision")})
        .where(column == sa.bindparam("before"))
    )

    def send(
        _connection: Connection, statement: Any, many: Any, single: Any, _options: Any
    ) -> tuple[Any, Any, Any]:
        if many or single or not isinstance(statement, sa.Update) or statement.table is not table:
            return statement, many, single
        revision, before = _stamped_by(statement, column)
        if revision is None or before is None:
            return statement, many, single
        return alike, many, {"revision": revision, "before": before}

    event.listen(connection, "before_execute", send, retval=True)


def _stamped_by(statement: sa.Update, column: Any) -> tuple[str | None, str | None]:
    """Return the revision that an update writes, and the one in whose place; None: another one."""
    # There are no public words for what an update changes.
    values: Any = statement._values
    where = statement.whereclause
    if values is None or [*values] != [column.name] or not isinstance(where, sa.BinaryExpression):
        return None, None
    if where.left is not column or where.operator is not operators.eq:
        return None, None
    return _plain(values[column.name]), _plain(where.right)


def _plain(value: Any) -> str | None:
    """Return the revision that a literal is, None for one that a database may read in its way."""
    literal = isinstance(value, sa.ColumnClause) and value.is_literal
    found = _PLAIN_LITERAL.fullmatch(value.name) if literal else None
    return found[1] if found is not None else None


class _OldRow(str):
    """The same text, and no other string is equal to it."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def row_as_it_is(heads: set[str], row: str) -> str:
    """Return a row of the version table as one that Alembic may change into itself.

    After each step HeadMaintainer.update_to_step() deletes, inserts or changes a row, and insists
    that a changed one is not among `heads`, its own set, which it hands to the step.
    """
    old = _OldRow(row)
    heads.remove(row)
    heads.add(old)
    return old


def is_kept_each(context: MigrationContext) -> bool:
    """Tell whether each revision has a transaction of its own."""
    # What configure() was given, or this Alembic's default for it.
    return bool(context._transaction_per_migration)


def is_outside(context: MigrationContext) -> bool:
    """Tell whether env.py has begun the transaction itself, so that Alembic ends none."""
    # begin_transaction() goes by it, and nothing public tells.
    return bool(context._in_external_transaction)


def commits_each_statement(connection: Connection) -> bool:
    """Tell whether a connection, or its engine, is in AUTOCOMMIT mode."""
    # get_isolation_level() asks the server, which knows nothing of it.
    asks = getattr(connection, "_is_autocommit_isolation", None)
    return asks is not None and bool(asks())


@contextmanager
def around_batches(around: Callable[[Connection | None, str], Any]) -> Iterator[None]:
    """Enter `around(connection, table)` around each copy of a table, while this lasts."""
    # The one step from the new table to its name; there is no event for it. Alembic before 1.0.
    create = ApplyBatchImpl._create

    def surrounded(self: ApplyBatchImpl, op_impl: DefaultImpl) -> None:
        with around(None if op_impl.as_sql else op_impl.connection, self.table.name):
            create(self, op_impl)

    ApplyBatchImpl._create = surrounded  # type: ignore[method-assign]
    try:
        yield
    finally:
        ApplyBatchImpl._create = create  # type: ignore[method-assign]


def is_in_batch(context: AutogenContext) -> bool:
    """Tell whether a directive is written within `with op.batch_alter_table()`."""
    # A renderer of one's own has to leave out the table there, as Alembic's do.
    return bool(context._has_batch)


def compares_last(target: str) -> Callable[[_Function], _Function]:
    """Let a function compare once Alembic has; what it gets depends on the target."""
    # Before 1.18 it comes last by being registered last, and there are no priorities.
    late: Any = {"priority": DispatchPriority.LAST} if DispatchPriority is not None else {}
    return compare.comparators.dispatch_for(target, **late)


def undone(drop: Any) -> Any:
    """Return the directive of which a drop is the way back, None where it is not known."""
    # reverse() raises then, and makes another one.
    return drop._reverse


def with_unique(drop: Any) -> None:
    """Let the way back of a dropped index know that it was unique."""
    # Alembic 1.13 makes the index of what the drop itself was given.
    if drop._reverse is not None:
        drop.kw.setdefault("unique", drop._reverse.unique)


@contextmanager
def reflecting_by_one(context: MigrationContext) -> Iterator[None]:
    """Let the tables that foreign keys lead to be reflected by the same inspector."""
    # Before 1.18 SQLAlchemy follows them by an inspector of its own, in the order of a set: it
    # knows no renames and has no listener of Alembic's. From 1.18 on Alembic follows none.
    theirs = Inspector.reflect_table

    def reflect(
        self: Inspector, table: Table, include_columns: Any = None, *more: Any, **kw: Any
    ) -> None:
        if more or kw:  # Alembic before 1.18 gives neither
            theirs(self, table, include_columns, *more, **kw)
            return
        theirs(self, table, include_columns, resolve_fks=False)
        for row in self.get_foreign_keys(table.name, schema=table.schema):
            place, name = row["referred_schema"], row["referred_table"]
            known = {(other.schema, other.name) for other in table.metadata.tables.values()}
            if (place, name) not in known:
                other = Table(name, table.metadata, schema=place)
                listen = context.impl._compat_autogen_column_reflect(self)
                event.listen(other, "column_reflect", listen)
                reflect(self, other)

    Inspector.reflect_table = reflect  # type: ignore[method-assign]
    try:
        yield
    finally:
        Inspector.reflect_table = theirs  # type: ignore[method-assign]


def own_context(made: RevisionContext, by: dict[int, AutogenContext]) -> None:
    """Note by which context the newest part of a revision is to be written: its database's."""
    context = made._last_autogen_context
    script = made.generated_revisions[-1]
    for part in (script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]):
        by[id(part)] = context


@contextmanager
def writing_each(by: Mapping[int, AutogenContext]) -> Iterator[None]:
    """Write each database's part of a revision by its own context, where Alembic takes the last."""
    module: Any = render
    theirs = module._render_cmd_body

    def body(part: Any, context: AutogenContext) -> str:
        own = by.get(id(part), context)
        own.imports = context.imports
        return str(theirs(part, own))

    module._render_cmd_body = body
    try:
        yield
    finally:
        module._render_cmd_body = theirs


def temporary(table: Table) -> None:
    """Let a table be created as a temporary one."""
    # `prefixes` is public as an argument, and a copy of a table takes none.
    table._prefixes = [*table._prefixes, "TEMPORARY"]


def named_alike(copy: Table, table: Table) -> None:
    """Let a copy without the schema keep names that a convention makes of `index=True`."""
    pairs: tuple[tuple[Any, Any], ...] = (
        (copy.indexes, table.indexes),
        (copy.constraints, table.constraints),
    )
    for items, others in pairs:
        names = {
            tuple(one.columns.keys()): one.name
            for one in others
            if getattr(one, "_column_flag", False)
        }
        for item in items:
            if getattr(item, "_column_flag", False):
                item.name = names.get(tuple(item.columns.keys()), item.name)


def in_batch(context: AutogenContext) -> Any:
    """Write directives within `with op.batch_alter_table()` while this lasts."""
    return context._within_batch()


def operations_prefix(context: AutogenContext) -> str:
    """Return what stands before an operation's name: `op.`, or `batch_op.` in a batch."""
    return _alembic_autogenerate_prefix(context)


def type_text(kind: TypeEngine[Any], context: AutogenContext) -> str:
    """Return a type as Alembic writes it, its import noted, through the project's render_item."""
    return _repr_type(kind, context)


def default_text(default: Any, context: AutogenContext) -> str:
    """Return a server default as Alembic writes it, its import noted."""
    return str(_render_server_default(default, context))


def compared(context: MigrationContext, inspector: Inspector) -> list[MigrateOperation]:
    """Return what the models change in the schema that an inspector tells of."""
    autogen = AutogenContext(context, autogenerate=True)
    # Made by itself at first use, from the connection; the public ways take no other.
    vars(autogen)["inspector"] = inspector
    script = MigrationScript(None, UpgradeOps([]), DowngradeOps([]))
    compare._populate_migration_script(autogen, script)
    assert script.upgrade_ops is not None
    return script.upgrade_ops.ops


def copy_column(column: Column[Any]) -> Column[Any]:
    """Return a column that no table has yet."""
    # The public copy() is deprecated since SQLAlchemy 1.4, with no other in its place.
    return column._copy()


def compared_by_others(options: Mapping[str, Any]) -> bool:
    """Tell whether others than Alembic and lback compare tables or columns."""
    # From 1.18 on a project names the plugins that it takes; all else is registered for everybody.
    if options.get("autogenerate_plugins"):
        return True
    registry: dict[Any, Any] = compare.comparators._registry
    for target, given in registry.items():
        words = target if isinstance(target, tuple) else (target,)
        for one in given if {"table", "column"} & {*map(str, words)} else ():
            function = one[0] if isinstance(one, tuple) else one
            if not function.__module__.startswith(("alembic.", "lback.")):
                return True
    return False
