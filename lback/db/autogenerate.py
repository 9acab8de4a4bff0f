"""`makemigrations`: models against schema through env.py, the file and the SQL of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic.autogenerate.api import RevisionContext
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table

from lback.core.drafting.naming import propose_name
from lback.core.messages import makemigrations as messages
from lback.core.plans import applied
from lback.core.shell import command
from lback.db.alembic_compat import (
    compare_defaults,
    own_context,
    percents_alone,
    sequences_with_quotes,
    writing_each,
)
from lback.db.batched import batched, upgrade_text
from lback.db.command_lines import like
from lback.db.comparing.batches import WholeTable, settle_batches, to_invoke
from lback.db.comparing.checks import without_own_checks
from lback.db.comparing.column_enums import rename_values
from lback.db.comparing.comparing import comparing, with_schemas
from lback.db.comparing.known import KnownTables
from lback.db.comparing.naming import name_all
from lback.db.comparing.ordering import leave_indexes_to_tables, put_in_order
from lback.db.comparing.views import remake_views
from lback.db.comparing.writing import rendering, try_file
from lback.db.directives import describe, full_name, named_changes
from lback.db.not_null import NotNull
from lback.db.own_tables import is_own
from lback.db.performing import Looker
from lback.db.project import boolean_option
from lback.db.questions import GivenAnswers
from lback.db.revising import write_scripts
from lback.db.runner import explained
from lback.db.settling import settle
from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine.reflection import Inspector

    from lback.core.graph.view import GraphView
    from lback.core.lines import Line
    from lback.db.performing import Refuse
    from lback.db.runner import Database
    from lback.db.session import Session, WatchedEnvironment


def _require_columns(given: MetaData | Sequence[MetaData]) -> None:
    """Refuse classes that SQLAlchemy was to reflect, and has not: their tables are bare."""
    several = given if isinstance(given, Sequence) else [given]
    bare = [str(table) for one in several for table in one.tables.values() if not table.columns]
    if bare:
        raise messages.no_columns(sorted(bare))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new revision should be; the names are those of `alembic revision`."""

    message: str | None
    """None: one is proposed from what is done."""
    head: str | None = None
    """Full id of the parent; None: the only head there is."""
    splice: bool = False
    rev_id: str | None = None
    branch_label: str | None = None
    version_path: str | None = None
    depends_on: tuple[str, ...] = ()
    replaces: str | None = None
    """The path below the project's root of a file that this one is to be written over."""

    def line(self, *, autogenerate: bool = False) -> Line:
        """Return what one would type after `alembic` for it."""
        texts = {
            "message": self.message,
            "head": self.head,
            "branch-label": self.branch_label,
            "version-path": self.version_path,
            "rev-id": self.rev_id,
        }
        given = [f"--{name}={text}" for name, text in texts.items() if text is not None]
        given += [f"--depends-on={word}" for word in self.depends_on]
        switches = {"--autogenerate": autogenerate, "--splice": self.splice}
        return ("revision", *(name for name, on in switches.items() if on), *given)


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of a draft: no paths where there was nothing to change, or nothing to write."""

    paths: tuple[Path, ...]
    revisions: tuple[str, ...]
    changes: tuple[str, ...]
    sql: str = ""
    not_compared: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """What the files would hold that were not written."""
    encoding: str = "utf-8"
    """How such a text is written."""


def make_revision(
    database: Database,
    draft: Draft,
    ask: GivenAnswers,
    *,
    with_sql: bool = False,
    dry_run: bool = False,
    refuse: Refuse | None = None,
    about: Callable[[Collection[str]], None] | None = None,
    kept: Path | None = None,
) -> Generated:
    """Compare models and schema and write one revision file, or none if they agree.

    `refuse` raises for a database that has not run what its stamp stands for; `dry_run` tells
    what the file would be, and writes nothing. `about` is told which tables change, before that.
    `kept` is a file with what was once compared and found the same.
    """
    with database.opened(draft.line(autogenerate=True)) as session:
        comparison = _Comparison(
            session, database.graph, draft, ask, refuse, with_sql=with_sql, kept=kept
        )
        comparison.run()
        ask.finish()
        if not comparison.has_changes:
            return Generated((), (), (), not_compared=comparison.not_compared)
        if about is not None:
            about(comparison.tables)
        comparison.name()
        session.scripts.trial = try_file
        if dry_run:
            session.scripts.show_only(draft.replaces)
        with writing_each(comparison.contexts):
            paths, revisions = write_scripts(session, comparison.context)
        encoding = session.scripts.output_encoding
        texts = tuple(text.decode(encoding) for text in (session.scripts.shown or {}).values())
    sql = "".join(comparison.sql)
    changes, left = comparison.changes, comparison.not_compared
    return Generated(paths, revisions, changes, sql, left, texts, encoding)


def make_empty_revision(database: Database, draft: Draft) -> Generated:
    """Write a revision without content; env.py runs only if `revision_environment` says so."""
    with database.opened(draft.line()) as session:
        comparison = _Comparison(session, database.graph, draft, None, autogenerate=False)
        if boolean_option(session.config, "revision_environment"):
            comparison.run()
        session.scripts.trial = try_file
        paths, revisions = write_scripts(session, comparison.context)
    return Generated(paths, revisions, ())


def make_data_revision(database: Database, draft: Draft, table: str) -> Generated:
    """Write a revision that goes through the rows of a table in batches."""
    rows = database.look(lambda view: batched(view, table))[0]
    with database.opened(draft.line()) as session:
        comparison = _Comparison(session, database.graph, draft, None, autogenerate=False)
        given: dict[str, Any] = comparison.context.template_args
        if boolean_option(session.config, "revision_environment"):
            comparison.run()
        code = upgrade_text(rows)
        given |= {"upgrades": code, "downgrades": "pass", "imports": ""}
        session.scripts.trial = try_file
        paths, revisions = write_scripts(session, comparison.context)
        if any(code.encode() not in path.read_bytes() for path in paths):
            session.scripts.discard_generated()
            raise messages.no_data_offline(str(paths[0]))
    return Generated(paths, revisions, ())


def differences(
    database: Database, refuse: Refuse | None = None, kept: Path | None = None
) -> tuple[str, ...]:
    """Return what models and schema disagree on, a line each; asks and writes nothing.

    What is not compared is among it, and said to be so. `kept` is as for `make_revision`.
    """
    with database.opened(("check",)) as session:
        draft = Draft("check", head="heads", splice=True)
        comparison = _Comparison(session, database.graph, draft, None, refuse, kept=kept)
        comparison.run()
    left = (f"not compared: {text}" for text in comparison.not_compared)
    return (*comparison.changes, *left)


class _Comparison:
    """One run of Alembic's autogenerate with what we add to it."""

    def __init__(
        self,
        session: Session,
        graph: GraphView,
        draft: Draft,
        ask: GivenAnswers | None,
        refuse: Refuse | None = None,
        *,
        autogenerate: bool = True,
        with_sql: bool = False,
        kept: Path | None = None,
    ) -> None:
        self.session = session
        self.kept = kept
        self.graph = graph
        self.ask = ask
        self.refuse = refuse
        self.autogenerate = autogenerate
        self.with_sql = with_sql
        self.sql: list[str] = []
        self.not_compared: tuple[str, ...] = ()
        self.theirs: dict[str, Any] = {}
        self.contexts: dict[int, AutogenContext] = {}
        self.dialect: Any = None
        self.seen: Inspector | None = None
        parent = draft.head or only_head(graph)
        place = draft.version_path or session.scripts.place_above(parent)
        arguments = {
            "message": draft.message,
            "autogenerate": autogenerate,
            "sql": False,
            "head": parent,
            "splice": draft.splice,
            "branch_label": draft.branch_label,
            "version_path": place,
            "rev_id": draft.rev_id,
            "depends_on": list(draft.depends_on) or None,
        }
        self.context = RevisionContext(
            session.config,
            session.scripts,
            arguments,
            process_revision_directives=self._edit if autogenerate else None,
        )

    def run(self) -> None:
        """Run env.py with the comparison as its work."""
        with explained(self.session.at):
            self.session.run_env(
                self._compare,
                adjust=self._adjust if self.autogenerate else None,
                template_args=self.context.template_args,
                revision_context=self.context,
            )

    @property
    def has_changes(self) -> bool:
        """Tell whether anything is left to write once the project's own hooks are done."""
        return any(not upgrade.is_empty() for upgrade in self._upgrades())

    @property
    def tables(self) -> frozenset[str]:
        """Return the tables that change."""
        found = (one for upgrade in self._upgrades() for one in named_changes(upgrade))
        return frozenset(one.table for one in found)

    def name(self) -> None:
        """Give a name to what nobody has named: somebody is asked, or the proposal is taken."""
        found = [one for upgrade in self._upgrades() for one in named_changes(upgrade)]
        name = propose_name(list(dict.fromkeys(found)), first=not self.graph.heads)
        for script in self.context.generated_revisions:
            if script.message is None:
                script.message = name if self.ask is None else self.ask.name(name)

    @property
    def changes(self) -> tuple[str, ...]:
        """Return a line for each change."""
        return tuple(
            line for upgrade in self._upgrades() for line in describe(upgrade, self.dialect)
        )

    def _upgrades(self) -> list[ops.UpgradeOps]:
        scripts = self.context.generated_revisions
        return [upgrade for script in scripts for upgrade in script.upgrade_ops_list]

    def _adjust(self, options: dict[str, Any]) -> None:
        """Require models."""
        metadata = options.get("target_metadata")
        if metadata is None or (isinstance(metadata, Sequence) and not metadata):
            env = self.session.at.relative(self.session.at.env_path)
            raise LbackError(
                f"{env} names no models: target_metadata is {metadata!r}.",
                "Import the models there and set `target_metadata = Base.metadata`; "
                "or write the migration by hand with `makemigrations NAME --empty`.",
            )

    def _compare(self, heads: tuple[str, ...], context: MigrationContext) -> Sequence[Any]:
        self.dialect = context.dialect
        if not self.autogenerate:
            self.context.run_no_autogenerate(heads, context)
            return ()
        self._require_current(heads, context)
        _require_columns(context.opts["target_metadata"])
        if self.refuse is not None:
            looker = Looker(self.refuse)
            looker(heads, context)
            if looker.answers[0].error is not None:
                raise looker.answers[0].error
        # The stamp holds no head that another one depends on; Alembic's own test would
        # not take it for complete.
        complete = set(heads) != set(self.graph.heads)
        # Autogenerate has these options, and writes by them; env.py sees its own all the time.
        self.theirs = theirs = context.opts
        context.opts = {
            **theirs,
            "include_object": _without_record(theirs["include_object"]),
            "render_item": rendering(theirs.get("render_item")),
        }
        if context.dialect.name == "sqlite":
            # It changes a table only by copying it, whatever env.py says.
            context.opts["render_as_batch"] = True
        with_schemas(context.opts)
        compare_defaults(context)
        percents_alone(context)
        sequences_with_quotes(context)
        known = KnownTables(self.kept)
        known.look(context)
        try:
            with comparing(context, known) as compared:
                self.context.run_autogenerate(self.graph.heads if complete else heads, context)
        finally:
            context.opts = theirs
        known.keep()
        self.not_compared += tuple(compared[-1].not_compared if compared else ())
        if self.with_sql and self.ask is not None and not self.ask.open:
            batch = context.dialect.name == "sqlite"
            self.sql += [
                sql_of(upgrade, context, self.seen if batch else None)
                for upgrade in self._upgrades()[-1:]
            ]
        return ()

    def _require_current(self, heads: tuple[str, ...], context: MigrationContext) -> None:
        database = cast("WatchedEnvironment", context.environment_context).database
        named = f"The database {database}" if database.distinct else "The database"
        done = applied(self.graph, heads)
        missing = [revision for revision in self.graph.order() if revision not in done]
        if missing:
            count = "1 revision" if len(missing) == 1 else f"{len(missing)} revisions"
            raise LbackError(
                f"{named} lacks {count} of this checkout, {missing[0]} first, so that a "
                "comparison would find those changes again.",
                "Run `migrate` first, then `makemigrations`.",
            )

    def _edit(self, context: MigrationContext, _rev: Any, directives: list[Any]) -> None:
        """Settle what only a person can know, before the project's own hook sees it."""
        script = directives[-1]
        upgrade, downgrade = script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]
        if self.ask is not None:
            self._settle(upgrade, downgrade, context, self.ask)
        own_context(self.context, self.contexts)
        context.opts = self.theirs

    def _settle(
        self,
        upgrade: ops.UpgradeOps,
        downgrade: ops.DowngradeOps,
        context: MigrationContext,
        ask: GivenAnswers,
    ) -> None:
        sqlite = context.dialect.name == "sqlite"
        settled = settle(upgrade, context, ask)
        self.seen = settled.inspector
        name_all(upgrade)
        put_in_order(upgrade, batch=sqlite)
        without_own_checks(upgrade)
        rename_values(upgrade, context, ask)
        if context.connection is not None:
            default = str(context.dialect.default_schema_name)
            remake_views(upgrade, context.connection, settled.renames, default)
        upgrade.reverse_into(downgrade)
        if context.dialect.name in ("mysql", "mariadb"):
            leave_indexes_to_tables(upgrade)
            leave_indexes_to_tables(downgrade)
        not_null = NotNull(context, ask, settled)
        not_null.settle(upgrade)
        not_null.bring_back(downgrade)
        if sqlite and context.connection is not None:
            settle_batches(upgrade, downgrade, context.connection)


def _without_record(theirs: Callable[..., Any] | None) -> Callable[..., bool]:
    """Return what keeps our own table out of a comparison, and does what env.py gave for it."""

    def include_object(thing: Any, name: Any, type_: str, reflected: bool, other: Any) -> bool:
        # lback's own project has the table among its models; there it counts.
        if type_ == "table" and is_own(name) and reflected and other is None:
            return False
        return theirs is None or bool(theirs(thing, name, type_, reflected, other))

    return include_object if theirs is None else like(theirs, include_object)


def only_head(graph: GraphView) -> str:
    """Return the head to build on, "head" for an empty graph; LbackError where several are."""
    if len(graph.heads) > 1:
        names = ", ".join(f"{head} ({graph[head].doc or 'no message'})" for head in graph.heads)
        raise LbackError(
            f"There are {len(graph.heads)} heads: {names}.",
            f"Say on which to build, as {command('--head', graph.heads[0])}; or join them first "
            "with `lback resolve`.",
        )
    return graph.heads[0] if graph.heads else "head"


def sql_of(upgrade: ops.UpgradeOps, context: MigrationContext, batch: Inspector | None) -> str:
    """Return the statements of the directives for the context's dialect.

    `batch` tells what the tables will be like when they are copied; None: they are altered.
    """
    buffer = io.StringIO()
    offline = MigrationContext.configure(
        dialect=context.dialect,
        opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True},
    )
    operations = Operations(offline)
    tables: dict[str, Table] = {}
    for operation in upgrade.ops:
        if not isinstance(operation, ops.ModifyTableOps):
            operations.invoke(operation)
        elif batch is not None:
            _in_batch(operation, batch, operations, tables)
        else:
            for part in operation.ops:
                operations.invoke(to_invoke(part))
    return buffer.getvalue()


def _in_batch(
    changes: ops.ModifyTableOps,
    inspector: Inspector,
    operations: Operations,
    tables: dict[str, Table],
) -> None:
    """Write a batch, which offline has to be told what the table looks like."""
    name = full_name(changes.table_name, changes.schema)
    if isinstance(changes, WholeTable):
        tables[name] = changes.before
    if name not in tables:
        tables[name] = Table(changes.table_name, MetaData(), schema=changes.schema)
        inspector.reflect_table(tables[name], None, resolve_fks=False)
    table = tables[name]
    with operations.batch_alter_table(
        changes.table_name, schema=changes.schema, copy_from=table
    ) as batch:
        for part in changes.ops:
            invoke: Any = batch.invoke
            invoke(to_invoke(part))
    for part in changes.ops:
        if isinstance(part, ops.AddColumnOp):
            table.append_column(to_invoke(part).column)
