"""Squashes one tree and brings databases from everywhere to its head: `drive JOB.json`.

Runs in the tree's own virtual environment, where lback is installed, too. It runs strangers'
migrations, on throw-away databases; it writes one JSON object a line.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL, make_url

from bench.accuracy.copies import database
from bench.squashed.before import prepare_process
from lback.app.blame import BlameOptions, blame
from lback.app.migrate import MigrateOptions, migrate
from lback.app.squash import SquashOptions, squash
from lback.core.graph.view import GraphView
from lback.core.squash.plan import plan_squash
from lback.db.squashing.exact import BuiltSchema, read_built
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.options import Options

ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["SQUASHED_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''\
"""{about}"""
import sqlalchemy as sa
from alembic import op
{imports}
revision = "{name}"
down_revision = {down}


def upgrade():
{body}


def downgrade():
    pass
'''


class Trial:
    """One tree on one kind of database, squashed up to so many revisions below its head."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.root = Path(job["root"])
        self.old = Path(f"{job['root']}-old")
        self.server = make_url(job["server"])
        self.name = job["name"]
        self.told: dict[str, Any] = {}

    def run(self, above: int) -> Iterator[dict[str, Any]]:
        """Yield what came out, as it comes out."""
        graph = _context(self.old).revisions.graph()
        order = list(graph.order())
        to = _closed(graph, order, above)
        below = graph.ancestors([to])
        before = [name for name in order if name in below and name != to]
        stops = sorted(
            random.Random(self.job["seed"]).sample(before, min(self.job["stops"], len(before))),
            key=order.index,
        )
        yield {"to": to, "revisions": len(order), "below": len(before), "stops": len(stops)}
        with ExitStack() as stack:
            # Databases at old revisions, before anybody squashed anything.
            walk = stack.enter_context(database(self.server, f"{self.name}_walk"))
            copies: dict[str, URL] = {}
            for number, name in enumerate([*stops, to, *order[order.index(to) + 1 :][:2]]):
                self.migrate(self.old, walk, name)
                copies[name] = stack.enter_context(
                    database(self.server, f"{self.name}_at{number}", walk)
                )
            self.migrate(self.old, walk)
            wanted = _read(walk)
            yield {"tables": len(wanted.schema.tables), "rows": _sum(wanted)}
            people = self.people(self.old, wanted)
            squashed = self.squash(to)
            yield squashed
            if "error" in squashed:
                return
            blamed = self.people(self.root, wanted)
            yield {"blamed": len(people), "blame differs": _differing(people, blamed)}
            yield from self.fresh(stack, wanted)
            for name in [*copies][len(stops) :]:
                yield self.plain(copies[name], name, wanted)
            for name in stops:
                yield self.inside(copies[name], name, wanted)

    def squash(self, to: str) -> dict[str, Any]:
        """Squash all below a revision, with the answer of the job to each question."""
        with self.at(self.server, "squash"):
            ctx = _context(self.root)
            options: dict[str, Any] = {"to": to}
            asked = squash(ctx, SquashOptions(**options, plan=True)).statements
            answer = self.job["answer"]
            names = dict.fromkeys(row.revision for row in asked if not row.known)
            if answer == "drop":
                options["accept_unknown"] = tuple(names)
                options["data"] = ("drop",)
            else:
                options["data"] = (answer, *(f"{name}={answer}" for name in names))
            options["data"] += tuple(self.job["answers"])
            options |= self.job["options"]
            frozen: list[str] = []
            while True:
                started = time.perf_counter()
                try:
                    done = squash(_context(self.root), SquashOptions(**options))
                    break
                except LbackError as err:
                    # Whoever squashes is asked for each; here the answer is yes.
                    found = re.findall(r"--freeze ([^\s`]+)", err.hint or "")
                    if not found:
                        return {"error": err.message, "hint": err.hint, "asked": len(asked)}
                    frozen += found
                    options["freeze"] = tuple(frozen)
            took = time.perf_counter() - started
        _git(self.root, "commit", "-qm", "squash")
        text = (self.root / done.path).read_text()
        return {
            "squashed": len(done.replaces) + 1,
            "asked": len(asked),
            "unread": len(names),
            "seconds": round(took, 1),
            "lines": text.count("\n"),
            "seeds": sum(row.rows for row in done.seeds),
            "frozen": frozen,
            "proof": [str(one) for one in done.proof],
        }

    def people(self, root: Path, wanted: BuiltSchema) -> dict[str, list[str]]:
        """Return who brought each column of each table."""
        found = {}
        with self.at(self.server, "people"):
            for table in wanted.schema.tables:
                try:
                    told = blame(_context(root), BlameOptions(table))
                except LbackError as err:
                    found[table] = [err.message]
                    continue
                found[table] = [
                    f"{column.name} {_author(column.added_by)} {_author(column.changed_by)}"
                    for column in told.columns
                ]
        return found

    def fresh(self, stack: ExitStack, wanted: BuiltSchema) -> Iterator[dict[str, Any]]:
        """Bring new databases to head by plain Alembic, with the old files and with the new one."""
        took = {}
        for word, root in (("old", self.old), ("new", self.root)):
            tries = []
            for number in range(self.job["runs"]):
                url = stack.enter_context(database(self.server, f"{self.name}_{word}{number}"))
                started = time.perf_counter()
                self.alembic(root, url)
                tries.append(time.perf_counter() - started)
            took[word] = round(min(tries), 2)
        url = make_url(url)
        differs = self.differs(wanted, _read(url))
        yield {"fresh": took, "times": round(took["old"] / took["new"], 1), "differs": differs}

    def plain(self, url: URL, name: str, wanted: BuiltSchema) -> dict[str, Any]:
        """Bring a database at the squash or above it on by plain Alembic."""
        try:
            self.alembic(self.root, url)
        except Exception as problem:
            return {"above": name, "bad": f"{type(problem).__name__}: {problem}"[:600]}
        return {"above": name, "bad": self.differs(wanted, _read(url))}

    def inside(self, url: URL, name: str, wanted: BuiltSchema) -> dict[str, Any]:
        """Bring a database inside the squash on by lback."""
        try:
            self.migrate(self.root, url)
        except Exception as problem:
            traceback.print_exc()
            return {"inside": name, "bad": f"{type(problem).__name__}: {problem}"[:600]}
        return {"inside": name, "bad": self.differs(wanted, _read(url))}

    def differs(self, wanted: BuiltSchema, found: BuiltSchema) -> list[str]:
        """Return where two databases are not the same; rows of a clock or by chance are counted."""
        first, second = wanted.schema, found.schema
        shown = [
            f"table {name}"
            for name in first.tables.keys() | second.tables.keys()
            if first.tables.get(name) != second.tables.get(name)
        ]
        shown += [
            f"{key}"
            for key in first.others.keys() | second.others.keys()
            if first.others.get(key) != second.others.get(key) and "lback_" not in key[1]
        ]
        for name in sorted(wanted.rows.keys() | found.rows.keys()):
            one, other = wanted.rows.get(name, Counter()), found.rows.get(name, Counter())
            if one != other and (sum(one.values()) != sum(other.values())):
                shown.append(f"rows of {name}: {sum(other.values())}, not {sum(one.values())}")
            elif one != other:
                self.told.setdefault("counted", set()).add(name)
        return shown

    def migrate(self, root: Path, url: URL, to: str | None = None) -> None:
        with self.at(url, "migrate"):
            migrate(_context(root), MigrateOptions(to or "heads"))

    def alembic(self, root: Path, url: URL) -> None:
        os.environ["SQUASHED_URL"] = url.render_as_string(hide_password=False)
        command.upgrade(Config(str(root / "alembic.ini")), "heads")

    def at(self, url: URL, _why: str) -> ExitStack:
        """Let env.py connect to a database; a server's own stands for none."""
        stack = ExitStack()
        if url == self.server:
            url = stack.enter_context(database(self.server, f"{self.name}_own"))
        os.environ["SQUASHED_URL"] = url.render_as_string(hide_password=False)
        return stack


def prepare(job: dict[str, Any]) -> None:
    """Make two repositories of the tree, with a commit and an author for each revision."""
    old = Path(f"{job['root']}-old")
    for place in (old, Path(job["root"])):
        shutil.rmtree(place, ignore_errors=True)
    source, parent = Path(job["source"]), Path(job["parent"])
    shutil.copytree(
        source / parent, old / parent, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    (old / parent / "env.py").write_text(job.get("first", "") + ENV)
    (old / "alembic.ini").write_text(job["ini"])
    (old / ".gitignore").write_text("__pycache__/\n")
    for path, (text, other) in job["mended"].items():
        place = old / job["folder"] / path
        place.write_text(place.read_text().replace(text, other))
    graph = _context(old).revisions.graph()
    for name, statements in job["rows"].items():
        _before(old, job["folder"], graph, name, "rows_", _rows(statements))
    if job["start"]:
        first = next(name for name in graph.order())
        module, _, path = job["start"].partition(":")
        call = f"{path}.create_all(op.get_bind())" if "metadata" in path else f"{path}()"
        imports = f"from {module} import {path.partition('.')[0]}\n"
        _before(old, job["folder"], graph, first, "start_", f"    {call}", imports)
    _git(old, "init", "-q", "-b", "main")
    _git(old, "add", "alembic.ini", ".gitignore", str(parent / "env.py"))
    _git(old, "commit", "-qm", "begin")
    graph = _context(old).revisions.graph()
    for name in graph.order():
        _git(old, "add", "--", graph[name].path)
        _git(old, "commit", "-qm", name, f"--author=Author of {name[:20]} <{name[:20]}@x.org>")
    _git(old, "add", "-A")
    _git(old, "commit", "-q", "--allow-empty", "-m", "rest")


def _rows(statements: list[str]) -> str:
    return "\n".join(f"    op.execute({' '.join(one.split())!r})" for one in statements)


def _before(
    root: Path, folder: str, graph: GraphView, name: str, word: str, body: str, imports: str = ""
) -> None:
    """Put a revision of ours below another one."""
    node = graph[name]
    made, down = f"{word}{name}", ", ".join(map(repr, node.parents))
    text = REVISION.format(
        about="rows of the application",
        name=made,
        down=f"({down},)" if down else None,
        body=body,
        imports=imports,
    )
    (root / folder / f"{made}.py").write_text(text)
    path = root / node.path
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines):
        if line.startswith("down_revision"):
            lines[number] = f"down_revision = {made!r}"
    path.write_text("\n".join(lines))


def _closed(graph: GraphView, order: list[str], above: int) -> str:
    """Return the revision so far below the head, or the nearest one that closes a range.

    Of several heads the one is meant on which most stand.
    """
    head = max(graph.heads, key=lambda name: len(graph.ancestors([name])))
    if not above:
        return head
    line = [one for one in order if one in graph.ancestors([head])]
    wanted = len(line) - 1 - above
    for place in sorted(range(len(line) - 1), key=lambda place: abs(place - wanted)):
        try:
            plan_squash(graph, line[place], None)
        except LbackError:
            continue
        return line[place]
    return head


def _context(root: Path) -> Context:
    return Context(Options(directory=str(root)))


def _author(by: Any) -> str:
    return by.commit.author if by is not None and by.commit is not None else "-"


def _differing(first: dict[str, list[str]], second: dict[str, list[str]]) -> list[str]:
    return [
        f"{table}: {one} / {other}"
        for table in first
        for one, other in zip(first[table], second[table], strict=False)
        if one != other
    ] + [table for table in first if len(first[table]) != len(second[table])]


def _read(url: URL) -> BuiltSchema:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return read_built(connection)


def _sum(found: BuiltSchema) -> int:
    return sum(sum(rows.values()) for rows in found.rows.values())


def _git(root: Path, *line: str) -> None:
    subprocess.run(["git", *line], cwd=root, check=True, capture_output=True)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    if job["stand_ins"]:
        from bench.accuracy.stand_ins import Missing

        Missing().install()
    prepare_process(job["package"])
    prepare(job)
    with Path(job["out"]).open("w") as out:
        for above in job["above"]:
            root = Path(job["root"])
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(f"{root}-old", root)
            trial = Trial(job)
            for told in trial.run(above):
                print(json.dumps({"above head": above, **told}, default=str), file=out, flush=True)
            counted = sorted(trial.told.get("counted", ()))
            print(json.dumps({"counted only": counted}), file=out, flush=True)


if __name__ == "__main__":
    main()
