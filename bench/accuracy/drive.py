"""Migrates one tree step by step on a throw-away database and writes down what changed.

`python -m bench.accuracy.drive JOB.json` runs in the tree's own virtual environment. This is the
one place of the bench that runs strangers' migrations; it writes one JSON object a line.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from bench.accuracy.copies import database
from bench.accuracy.picture import Picture, difference, picture
from bench.accuracy.seeding import changed, rows, seed

SCHEMA_WORDS = ("ALTER", "CREATE", "DROP", "RENAME")


class Tree:
    """The revisions of a tree, and how one of them is run."""

    def __init__(self, folder: Path, parent: Path) -> None:
        self.config = Config()
        self.config.set_main_option("script_location", str(parent))
        self.config.set_main_option("version_locations", str(folder))
        self.config.set_main_option("path_separator", "os")
        self.config.set_main_option("recursive_version_locations", "true")
        self.script = ScriptDirectory.from_config(self.config)

    def revisions(self) -> list[Script]:
        """Return all revisions, parents first."""
        return list(self.script.walk_revisions())[::-1]

    def run(self, url: URL, script: Script, *, up: bool) -> tuple[Picture, list[str]]:
        """Run one direction of one revision; return the schema after it and the statements."""
        made = MigrationStep.upgrade_from_script if up else MigrationStep.downgrade_from_script
        step = made(self.script.revision_map, script)
        engine = sa.create_engine(url, poolclass=NullPool)
        said: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", _listener(said))
        self.config.set_main_option("sqlalchemy.url", str(url).replace("%", "%%"))
        with (
            EnvironmentContext(self.config, self.script, fn=lambda *_: [step]) as context,
            engine.connect() as connection,
        ):
            context.configure(connection=connection, transaction_per_migration=True)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        with engine.connect() as connection:
            return picture(connection), said


def _listener(said: list[str]) -> Any:
    def listen(_1: Any, _2: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(SCHEMA_WORDS):
            said.append(" ".join(statement.split()))

    return listen


def drive(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what each direction of each revision did; what fails is stepped over.

    On SQLite each downgrade runs at once, on a copy; elsewhere a copy takes long, and the
    downgrades run from the last revision to the first in the end.
    """
    tree = Tree(Path(job["folder"]), Path(job["parent"]))
    server = make_url(job["server"])
    copies = job["down"] and server.get_backend_name() == "sqlite"
    with database(server, job["name"]) as url:
        walk = Walk(tree, url)
        walk.start(job["start"])
        yield {"start": walk.now}
        scripts = tree.revisions()
        for script in scripts:
            started = time.perf_counter()
            walk.tell(job["rows"].get(script.revision, ()))
            written = _rows_written(tree, server, url, script, job) if job["seed"] else {}
            told = {**walk.step(script, up=True), "rows": written}
            yield told
            if copies and "error" not in told and has_way_down(script):
                with database(server, f"{job['name']}_down", url) as other:
                    yield _one(tree, other, script, walk.now, up=False)[0]
            print(f"{script.revision} {time.perf_counter() - started:.1f} s", file=sys.stderr)
        if job["down"] and not copies:
            for script in reversed(scripts):
                if script.revision in walk.done:
                    yield walk.step(script, up=False)


def _rows_written(
    tree: Tree, server: URL, url: URL, script: Script, job: dict[str, Any]
) -> dict[str, list[str]]:
    """Return the columns in which a revision's upgrade() changes rows that were made up.

    It runs on a copy, which has a row in each table that takes one; a revision that fails
    there says nothing.
    """
    with database(server, f"{job['name']}_rows", url) as other:
        seed(other)
        before = rows(other)
        try:
            tree.run(other, script, up=True)
        except Exception as problem:  # the rows may be in its way
            print(f"{script.revision} with rows: {problem}"[:200], file=sys.stderr)
            return {}
        return changed(before, rows(other))


class Walk:
    """One database on its way through the revisions."""

    def __init__(self, tree: Tree, url: URL) -> None:
        self.tree = tree
        self.url = url
        self.now: Picture = {}
        self.heads: set[str] = set()
        self.done: set[str] = set()

    def start(self, name: str) -> None:
        """Do what the application does before its first revision."""
        if name:
            module, _, path = name.partition(":")
            found = attrgetter(path)(import_module(module))
            engine = sa.create_engine(self.url, poolclass=NullPool)
            if isinstance(found, sa.MetaData):
                found.create_all(engine)
            else:
                found()
            with engine.connect() as connection:
                self.now = picture(connection)

    def tell(self, statements: Iterable[str]) -> None:
        """Run statements that insert rows."""
        with sa.create_engine(self.url, poolclass=NullPool).begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def step(self, script: Script, *, up: bool) -> dict[str, Any]:
        """Run one direction of one revision, or stamp past it where it fails."""
        told, after = _one(self.tree, self.url, script, self.now, up=up)
        below = set(script._all_down_revisions)
        if up:
            self.heads = (self.heads - below) | {script.revision}
        else:
            self.heads = (self.heads - {script.revision}) | self._bared(script, below)
        if after is None:
            after = _stepped_over(self.url, self.heads)
            told["changes"] = difference(self.now, after)
        elif up and has_way_down(script):
            self.done.add(script.revision)
        told["kept"] = True
        self.now = after
        return told

    def _bared(self, script: Script, below: set[str]) -> set[str]:
        """Return the parents that no other revision of the database stands on."""
        rest = tuple(self.heads - {script.revision})
        lower = self.tree.script.revision_map.iterate_revisions(rest, "base") if rest else ()
        return below - {one.revision for one in lower if one is not None}


def has_way_down(script: Script) -> bool:
    """Tell whether a revision has a downgrade() at all."""
    return hasattr(script.module, "downgrade")


def _one(
    tree: Tree, url: URL, script: Script, before: Picture, *, up: bool
) -> tuple[dict[str, Any], Picture | None]:
    told: dict[str, Any] = {
        "revision": script.revision,
        "direction": "upgrade" if up else "downgrade",
    }
    try:
        after, said = tree.run(url, script, up=up)
    except Exception as problem:  # strangers' code may raise anything
        traceback.print_exc()
        return {**told, "error": f"{type(problem).__name__}: {problem}"[:600]}, None
    return {**told, "changes": difference(before, after), "statements": said}, after


def _stepped_over(url: URL, heads: set[str]) -> Picture:
    """Stamp past a revision that failed, so that the next ones can be tried."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        context._ensure_version_table()
        connection.execute(context._version.delete())
        for head in heads:
            connection.execute(context._version.insert().values(version_num=head))
    with engine.connect() as connection:
        return picture(connection)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    if job["stand_ins"]:
        from bench.accuracy.stand_ins import Missing

        Missing().install()
    with Path(job["out"]).open("w") as out:
        for line in drive(job):
            print(json.dumps(line, default=str), file=out, flush=True)


if __name__ == "__main__":
    main()
