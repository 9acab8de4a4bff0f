"""Plays a story of random models: by lback, or by plain Alembic beside it, in this process."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from lback.core.plans import plan_downgrade, plan_upgrade
from lback.db.autogenerate import Draft, differences, make_revision
from lback.db.questions import GivenAnswers
from lback.db.schema import whole_computed
from lback.errors import LbackError
from tests.db.projects import Project
from tests.models.changes import Story, tell
from tests.models.spec import ROWS, Models, Table, generate

DIALECTS = {"sqlite": "sqlite", "postgresql": "postgresql", "mariadb": "mysql"}
ENV = """
    from alembic import context
    from tests.models.playing import STAGE

    with STAGE.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=STAGE.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()
"""


class Stage:
    """What env.py finds."""

    engine: sa.Engine
    metadata: sa.MetaData


STAGE = Stage()


class Failed(Exception):
    """A step failed, or came to something else."""


class Lost(Exception):
    """All steps went well, and values are gone."""


class Refused(Exception):
    """What was asked was refused, with a reason."""


# What a database is


def shape(engine: sa.Engine, metadata: sa.MetaData) -> dict[str, Any]:
    """Return all that a database has, but the names that nobody gave."""
    given = {
        str(item.name)
        for table in metadata.tables.values()
        for item in (*table.constraints, *table.indexes)
        if item.name is not None and not _is_short(item, metadata)
    }
    given |= {
        engine.dialect.identifier_preparer.format_constraint(item)
        for table in metadata.tables.values()
        for item in table.constraints
        if item.name is not None
    }
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        inspector: Any = sa.inspect(connection)
        schemas: list[str | None] = [None]
        if engine.dialect.name == "postgresql":
            schemas += [name for name in inspector.get_schema_names() if name == "depot"]
            found["enums"] = {
                f"{enum['schema']}.{enum['name']}": enum["labels"]
                for enum in inspector.get_enums(schema="*")
            }
        for schema in schemas:
            for name in inspector.get_table_names(schema):
                if name != "alembic_version" and not name.startswith("lback_"):
                    full = f"{schema}.{name}" if schema else name
                    found[full] = _table(inspector, name, schema, given, connection)
    return found


def _is_short(item: Any, metadata: sa.MetaData) -> bool:
    return isinstance(item, sa.CheckConstraint) and "ck" in metadata.naming_convention


def _table(inspector: Any, name: str, schema: str | None, given: set[str], connection: Any) -> Any:
    def named(rows: Any) -> list[str]:
        shown = []
        for full in rows:
            row = {key: value for key, value in full.items() if value not in (None, {}, [])}
            if row.get("name") not in given:
                row.pop("name", None)
            if (
                isinstance(row.get("duplicates_index"), str)
                and row["duplicates_index"] not in given
            ):
                row.pop("duplicates_index")
            shown.append(repr(sorted(row.items())))
        return sorted(shown)

    columns = {}
    for column in inspector.get_columns(name, schema):
        default = column.get("default")
        if default is not None and "nextval(" in default:
            default = "nextval"
        whole_computed(column)
        computed = column.get("computed")
        columns[column["name"]] = (
            str(column["type"].compile(dialect=connection.dialect)),
            column["nullable"],
            default,
            column.get("comment"),
            repr(computed and (_plain(computed["sqltext"]), computed.get("persisted"))),
            repr(column.get("identity")),
            getattr(column["type"], "enums", None),
        )
    comment = None
    with contextlib.suppress(NotImplementedError):
        comment = inspector.get_table_comment(name, schema).get("text")
    checks = inspector.get_check_constraints(name, schema)
    return {
        "columns": columns,
        "comment": comment,
        "keys": named(inspector.get_foreign_keys(name, schema)),
        "uniques": named(inspector.get_unique_constraints(name, schema)),
        "indexes": _indexes(inspector, name, schema, connection, named),
        "checks": named({**check, "sqltext": _plain(check["sqltext"])} for check in checks),
        "primary key": inspector.get_pk_constraint(name, schema)["constrained_columns"],
    }


def _plain(text: str) -> str:
    return re.sub(r"[\s()`\"]", "", text).lower()


def _indexes(inspector: Any, name: str, schema: str | None, connection: Any, named: Any) -> Any:
    if connection.dialect.name == "sqlite":  # which does not reflect expressions
        rows = connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name"),
            {"name": name},
        )
        return sorted(_plain(text) for (text,) in rows if text)
    rows = inspector.get_indexes(name, schema)
    if connection.dialect.name == "mysql":  # which has one for each key, whatever it is called
        keys = inspector.get_foreign_keys(name, schema)
        columns = [key["constrained_columns"] for key in keys]
        for row in rows:
            if row["column_names"] in columns and not row["unique"]:
                row["name"] = None
    return named(
        {key: str(value) if key == "dialect_options" else value for key, value in row.items()}
        for row in rows
        if not row.get("duplicates_constraint")
    )


def difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return where two databases differ; "" where they do not."""
    for name in sorted({*found, *wanted}):
        if found.get(name) == wanted.get(name):
            continue
        if name not in found or name not in wanted:
            return f"{name} {'missing' if name in wanted else 'too many'}"
        if name == "enums":
            return f"enums: {found[name]} != {wanted[name]}"
        for part, value in wanted[name].items():
            if found[name][part] != value:
                if part == "columns":
                    for column in sorted({*value, *found[name][part]}):
                        one, two = found[name][part].get(column), value.get(column)
                        if one != two:
                            return f"column {name}.{column}: {one} != {two}"
                return f"{part} of {name}: {found[name][part]} != {value}"
    return ""


# Rows


_UNCHECKED = {
    "postgresql": "SET session_replication_role = replica",
    "mysql": "SET foreign_key_checks = 0",
}


def insert(engine: sa.Engine, models: Models, metadata: sa.MetaData) -> None:
    """Put rows into all tables: what they refer to may come later."""
    with engine.begin() as connection:
        if engine.dialect.name in _UNCHECKED:
            connection.execute(sa.text(_UNCHECKED[engine.dialect.name]))
        for table in models.tables:
            made = metadata.tables[table.full]
            keys = {key.column: models.table(key.table) for key in table.keys}
            for row in range(ROWS):
                values: dict[str, Any] = {"id": models.key(table, row)}
                for column in table.columns:
                    if column.uid in keys:
                        values[column.name] = models.key(keys[column.uid], row)
                    elif column.of is None and not column.identity:
                        values[column.name] = models.value(column, row)
                connection.execute(made.insert().values(values))


def kept(engine: sa.Engine, story: Story, metadata: sa.MetaData, after: bool) -> str:
    """Return which values are gone that the models have room for; "" for none."""
    models = story.after if after else story.before
    others = {table.uid: table for table in story.before.tables}
    laters = {table.uid: table for table in story.after.tables}
    with engine.connect() as connection:
        for table in models.tables:
            old = others.get(table.uid)
            if old is None or table.uid not in laters:
                continue
            made = metadata.tables[table.full]
            new = {column.uid for column in laters[table.uid].columns}
            # Without those that come or go.
            both = new & {column.uid for column in old.columns}
            both |= {each.of for each in table.columns if each.uid in both and each.of}
            stay = [made.c[each.name] for each in table.columns if each.uid in both]
            query = sa.select(made.c.id, *stay).order_by(made.c.id)
            try:
                rows = connection.execute(query).mappings().all()
            except (LookupError, ValueError) as err:  # a value that is none of its type
                return f"{table.full}: {err}"
            if len(rows) != ROWS:
                return f"rows of {table.full}: {len(rows)}"
            for column in table.columns:
                wrong = _wrong(story, models, old, laters[table.uid], column, rows)
                if wrong:
                    return f"{table.full}.{column.name}: {wrong}"
    return ""


def _wrong(story: Story, models: Models, old: Table, new: Table, column: Any, rows: Any) -> str:
    was = next((one for one in old.columns if one.uid == column.uid), None)
    stays = any(one.uid == column.uid for one in new.columns)
    if was is None or not stays:
        return ""
    key = next((key for key in old.keys if key.column == column.uid), None)
    for number, row in enumerate(rows):
        expected = story.before.value(was, number)
        if key is not None:
            expected = story.before.key(story.before.table(key.table), number)
        elif was.identity:
            expected = was.identity + number
        elif column.of is not None:
            table = new if models is story.after else old
            base = next(one for one in table.columns if one.uid == column.of)
            if not any(one.uid == base.uid for one in old.columns):
                return ""
            expected = row[base.name] and row[base.name] * column.times
        if was.kind == column.kind == "enum" and expected is not None:
            expected = models.value(replace(column, nullable=False), number)
        value = row[column.name]
        if expected is None or value == expected:
            continue
        if str(value).partition(" 00:00:00")[0] != str(expected):
            return f"{value!r} for {expected!r}"
    return ""


# One story


@dataclass
class Tools:
    """What makes and runs migrations."""

    make: Callable[[str, Story | None], bool]
    up: Callable[[], None]
    down: Callable[[], None]
    check: Callable[[], str]


def by_lback(project: Project) -> Tools:
    def make(name: str, story: Story | None) -> bool:
        ask = GivenAnswers.from_options(
            story.renames if story else (), True, story.defaults if story else ()
        )
        try:
            return bool(make_revision(project.database(), Draft(name), ask).paths)
        except LbackError as err:
            raise Refused(str(err)) from err

    def up() -> None:
        database = project.database()
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))

    def down() -> None:
        database = project.database()
        (head,) = database.graph.heads
        database.run(lambda stamp: plan_downgrade(database.graph, stamp.revisions, {head}).steps)

    return Tools(make, up, down, lambda: "; ".join(differences(project.database())))


def by_alembic(project: Project) -> Tools:
    def config() -> Config:
        return Config(str(project.config_path), stdout=io.StringIO())

    def make(name: str, story: Story | None) -> bool:
        made = command.revision(config(), name, autogenerate=True)
        return bool(re.search(r"\bop\.", Path(made.path).read_text()))  # type: ignore[union-attr]

    def check() -> str:
        try:
            command.check(config())
        except CommandError as err:
            return str(err)
        return ""

    return Tools(
        make,
        lambda: command.upgrade(config(), "head"),
        lambda: command.downgrade(config(), "-1"),
        check,
    )


TOOLS = {"lback": by_lback, "alembic": by_alembic}


def play(story: Story, tool: str, folder: Path, engine: sa.Engine, other: sa.Engine) -> None:
    """Go from one state to the next, back, and there again; raises where something is wrong."""
    before, after = story.before.metadata(), story.after.metadata()
    wanted = {}
    for name, metadata in (("before", before), ("after", after)):
        empty(other)
        _make_schemas(other, metadata)
        metadata.create_all(other)
        wanted[name] = shape(other, metadata)
    empty(engine)
    # A schema is made by whom the project's first migration is.
    project = Project(folder, ENV)
    tools = TOOLS[tool](project)
    STAGE.engine, STAGE.metadata = engine, before

    def step(name: str, done: Callable[[], Any]) -> Any:
        try:
            return done()
        except (Refused, Failed):
            raise
        except Exception as err:
            raise Failed(f"{name}: {_first_line(err)}") from err

    def same(name: str, state: str, metadata: sa.MetaData) -> None:
        found = difference(shape(engine, metadata), wanted[state])
        if found:
            raise Failed(f"{name}: {found}")

    step("first make", lambda: tools.make("first", None))
    step("first up", tools.up)
    same("first up", "before", before)
    insert(engine, story.before, before)
    STAGE.metadata = after
    if not step("make", lambda: tools.make("second", story)):
        # What was done was undone, or nothing was seen of it.
        same("make", "after", after)
        return
    step("up", tools.up)
    same("up", "after", after)
    lost = kept(engine, story, after, True)
    left = step("check", tools.check)
    if left:
        raise Failed(f"check: {left}")
    step("down", tools.down)
    same("down", "before", before)
    lost = lost or kept(engine, story, before, False)
    step("up again", tools.up)
    same("up again", "after", after)
    lost = lost or kept(engine, story, after, True)
    if lost:
        raise Lost(lost)


def _make_schemas(engine: sa.Engine, metadata: sa.MetaData) -> None:
    with engine.begin() as connection:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _first_line(err: BaseException) -> str:
    return f"{type(err).__name__}: {str(err).partition(chr(10) + '[SQL')[0]}".replace("\n", " ")[
        :300
    ]


def empty(engine: sa.Engine) -> None:
    """Take all out of a database."""
    with engine.begin() as connection:
        name = engine.dialect.name
        if name == "postgresql":
            connection.execute(sa.text("DROP SCHEMA IF EXISTS depot CASCADE"))
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
            return
        if name != "sqlite":
            connection.execute(sa.text("SET foreign_key_checks = 0"))
        for table in sa.inspect(connection).get_table_names():
            connection.execute(sa.text(f"DROP TABLE `{table}`"))
        if name != "sqlite":
            connection.execute(sa.text("SET foreign_key_checks = 1"))


@dataclass
class Score:
    """What came of some stories."""

    right: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        every = self.right + self.refused.total() + len(self.failed) + len(self.lost)
        return (
            f"{self.right} of {every} right, {self.refused.total()} refused, "
            f"{len(self.failed)} failed, {len(self.lost)} lost"
        )

    def why(self) -> str:
        """Return the reasons, the commonest first."""
        seeds = re.compile(r".*\[seed (\d+): .*")
        kinds: dict[str, list[str]] = {}
        for text in self.failed:
            kind = re.sub(r"\b\w+_x\b|\d+|\[.*?\]|'\w+'|\b[0-9a-f]{12}\b", "…", text)
            kinds.setdefault(kind, []).append(seeds.sub(r"\1", text))
        common = sorted(kinds.items(), key=lambda item: -len(item[1]))[:25]
        lines = [f"{len(found)} {kind} ({', '.join(found[:3])})" for kind, found in common]
        return "\n".join([*lines, *self.lost[:5], *map(str, self.refused.most_common(8))])


def play_all(
    kind: str, seeds: range, folder: Path, urls: tuple[str, str], tools: tuple[str, ...]
) -> dict[str, Score]:
    """Play the stories of some seeds by each of the tools."""
    engines = [sa.create_engine(url, poolclass=sa.pool.NullPool) for url in urls]
    scores = {tool: Score() for tool in tools}
    for seed, (tool, score) in itertools.product(seeds, scores.items()):
        random = Random(seed)
        story = tell(random, generate(random, DIALECTS[kind]), random.randint(1, 6))
        try:
            with quiet():
                play(story, tool, folder / f"{tool}-{seed}", *engines)
        except Refused as err:
            score.refused[f"{str(err)[:200]} [seed {seed}]"] += 1
        except Failed as err:
            score.failed.append(f"{err} [seed {seed}: {', '.join(story.done)}]")
        except Lost as err:
            score.lost.append(f"{err} [seed {seed}: {', '.join(story.done)}]")
        else:
            score.right += 1
        shutil.rmtree(folder / f"{tool}-{seed}", ignore_errors=True)
    return scores
