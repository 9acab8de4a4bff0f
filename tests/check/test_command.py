"""The command as people and scripts call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.team import Team, content
from tests.reports import report_of
from tests.worlds.processes import python
from tests.worlds.texts import VERSIONS

ROOT = Path(__file__).parents[2]
_HEAVY = ("alembic", "sqlalchemy", "git", "sqlglot", "hypothesis", "rich")
_PROBE = f"""
import json, sys
from lback.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as leave:
    assert not leave.code, leave.code
print("\\n" + json.dumps([name for name in {_HEAVY!r} if name in sys.modules]))
"""
_KEYS = {
    "code", "severity", "message", "hint", "path", "line", "revisions", "tables", "commits"
}  # fmt: skip


def lback(team: Team, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(("-m", "lback", "check", *arguments), team.path, os.environ)


@pytest.fixture
def forked(team: Team) -> Team:
    team.branch("mine")
    team.add("c3", "b2", table="carts")
    team.git("checkout", "-q", "main")
    Team(team.path, "Ben").add("d4", "b2", table="carts")
    team.git("checkout", "-q", "mine")
    return team


def test_text(forked: Team) -> None:
    done = lback(forked)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "worktree: 3 revisions, 1 head (c3)",
        "merged with main: 2 heads (c3, d4)",
        "new here: c3",
        "✗ 2 errors",
    ]
    assert lines[4].startswith(f"{VERSIONS}/c3.py:11: LB102 ")


@pytest.mark.parametrize("arguments", [("--json",), ("--format", "json")])
def test_json(forked: Team, arguments: tuple[str, ...]) -> None:
    data = report_of(lback(forked, *arguments).stdout)
    assert (data["lback"], data["command"], data["exit_code"]) == (1, "check", 1)
    assert (data["status"], data["error"]) == ("findings", None)
    assert {
        "against", "merge_base", "heads", "would_be_heads", "new_revisions", "overlaps", "siblings"
    } <= set(data["data"])  # fmt: skip
    assert data["data"]["overlaps"][0]["left"]["commit"]["author"] == "Ada"
    assert data["data"]["overlaps"][0]["right"]["commit"]["author"] == "Ben"
    assert all(set(one) == _KEYS for one in data["findings"])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--fail-on", "never"), 0),
        (("--select", "LB2"), 0),
        (("--against", "nowhere"), 2),
        (("--select", "XX1"), 2),
        (("--write-baseline",), 2),
        (("--format", "xml"), 2),
        (("--against", "main", "--format", "junit"), 1),
    ],
)
def test_exit_status(forked: Team, arguments: tuple[str, ...], status: int) -> None:
    assert lback(forked, *arguments).returncode == status


def test_the_summary_of_a_job(forked: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    page = forked.path.parent / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert lback(forked, "--format", "github").returncode == 1
    assert page.read_text().startswith("before\n<!-- lback check -->\n")


def test_after_what_it_advises_it_is_green(team: Team) -> None:
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    team.git("checkout", "-q", "mine")
    assert "`lback rebase`" in lback(team, "--against", "main").stdout
    team.git("merge", "-q", "--no-edit", "main")
    command = ("-m", "lback", "rebase", "--onto", "main", "--no-database")
    done = python(command, team.path, os.environ)
    assert done.returncode == 0, done.stderr + done.stdout
    team.commit("Rebase")
    done = lback(team, "--against", "main")
    assert done.returncode == 0, done.stdout
    assert "1 head (c3)" in done.stdout


def test_it_imports_nothing_heavy(forked: Team) -> None:
    forked.write(
        f"{VERSIONS}/e5.py", content("e5", "c3", "op.drop_table('x')", "op.create_table('x')")
    )
    forked.commit()
    child = subprocess.run(
        [sys.executable, "-c", _PROBE, "check", "--fail-on", "never", "--siblings"],
        cwd=forked.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert json.loads(child.stderr.splitlines()[-1]) == []


@pytest.mark.parametrize("first", ["utf-8", "ascii"])
def test_what_one_locale_has_remembered_is_no_name_in_another(forked: Team, first: str) -> None:
    """Git is not asked for a path as another encoding reads it, nor a file taken for a new one."""
    forked.write(f"{VERSIONS}/größe.py", content("grösse", "c3", "pass", "pass"))
    forked.commit()
    for encoding in (first, "utf-8", "ascii", "utf-8"):
        utf8 = encoding == "utf-8"
        env = {"PYTHONUTF8": str(int(utf8)), "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
        for command in (("heads",), ("blame", "carts")):
            done = subprocess.run(
                [sys.executable, "-m", "lback", "-C", str(forked.path), *command, "--json"],
                env=os.environ | env | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout
            if command == ("heads",):
                heads = report_of(done.stdout)["data"]["heads"]
                assert all(one["commit"] for one in heads)
