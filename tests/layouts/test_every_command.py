"""Every command in every kind of project, in text and as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from lback.cli.group import COMMANDS
from tests.cli.inside import Done, lback
from tests.layouts.kinds import LAYOUTS, TABLES, Layout
from tests.reports import report_of

# Read the project, before its first migrate and after its last.
_READS = (
    "heads", "heads --at HEAD", "graph", "graph --effects", "show c3", "history", "history users",
    "blame carts", "status", "log", "check", "check --against origin/main", "radar", "doctor",
    "hooks status", "explain LB101", "database list --url sqlite:///x.db", "migrate --plan",
    "merge --plan",
    "resolve --plan", "rebase --plan", "switch --plan", "alembic heads",
)  # fmt: skip
# These need a repository, or a branch that people share.
_NEED_GIT = (
    "heads --at",
    "check --against",
    "radar",
    "hooks",
    "database",
    "rebase",
    "resolve",
    "switch --plan",
)


@pytest.fixture(params=list(LAYOUTS))
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    folder = tmp_path / "project"
    folder.mkdir()
    return LAYOUTS[request.param](folder)


@pytest.mark.untraced
def test_every_command_is_right(layout: Layout, request: pytest.FixtureRequest) -> None:
    """What reads does so before in one form and after in the other; writing takes turns."""
    json = list(LAYOUTS).index(request.node.callspec.params["layout"]) % 2 == 1

    def run(line: str, *codes: int) -> Done:
        return _run(layout, line.split(), json, codes or _codes(layout, line))

    for line in _READS:
        run(line)
    assert "c3" in run("heads").out
    json = not json
    assert not any(layout.tables()), "a command that reads has moved a database"
    run("migrate")
    assert layout.tables() == [set(TABLES)] * len(layout.databases)
    _fill(layout)
    assert "c3" in run("status").out
    run("makemigrations nothing")
    for line in (*_READS, "rollback carts --plan"):
        run(line)
    run("alembic current")
    rolled = run("rollback carts --yes")
    assert layout.tables() == [set(TABLES) - {"carts"}] * len(layout.databases), rolled.said
    run("status")
    run("migrate")
    run("switch")
    for line in ("merge", "resolve", "rebase", "hooks install", "hooks status", "hooks uninstall"):
        run(line)
    run("init", 0, 3)
    assert all(_rows(place, "users") == 1 for place in layout.databases)


def test_no_command_is_forgotten() -> None:
    tried = {line.split()[0] for line in _READS}
    tried |= {
        "makemigrations",
        "init",
        "rollback",
        "merge",
        "resolve",
        "rebase",
        "hooks",
        "migrate",
        "switch",
    }
    # `diff` and `squash` build templates, and have tests of their own; `restore` and `demo` have
    # stories of their own; `hook` is what git calls, and `completion` what a shell does.
    apart = {"diff", "squash", "restore", "demo", "hook", "completion"}
    assert set(COMMANDS) - tried <= apart


def _codes(layout: Layout, line: str) -> tuple[int, ...]:
    if not layout.published and line.startswith(_NEED_GIT):
        return (1,) if line.startswith("check") else (0, 3)  # a check fails closed
    return (0,)


def _run(layout: Layout, line: Sequence[str], json: bool, codes: Sequence[int]) -> Done:
    options = (*layout.options, *(("--json",) if json else ()))
    done = lback(layout.folder, *options, *line)
    said = f"lback {' '.join([*options, *line])} -> {done.code}\n{done.said}"
    assert done.code in codes, said
    assert "Traceback" not in done.said, said
    if json and line[0] != "alembic":
        report = report_of(done.out)
        assert report["exit_code"] == done.code, said
        assert (report["error"] is None) == (done.code < 2), said
    elif done.code > 1:
        assert "next: " in done.err, said
    return done


def _fill(layout: Layout) -> None:
    for place in layout.databases:
        with sqlite3.connect(place) as base:
            for name in TABLES:
                base.execute(f"insert into {name} (id) values (1)")
        base.close()


def _rows(place: Path, table: str) -> int:
    with sqlite3.connect(place) as base:
        ((count,),) = base.execute(f"select count(*) from {table}").fetchall()
    base.close()
    return int(count)
