"""Nothing of a stranger's branch runs: in no hook of real git, and in no command that reads."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.security.hostile import SETTINGS, Hostile, make_hostile
from tests.worlds.texts import VERSIONS

READING = (
    ("heads",), ("heads", "--at", "main"), ("heads", "--json"), ("graph",),
    ("graph", "--effects", "--json"), ("graph", "--format", "mermaid"), ("show", "e2"),
    ("history",), ("history", "evil"), ("blame", "evil"), ("radar",), ("radar", "--json"),
    ("check",), ("check", "--against", "main"), ("check", "--at", "stranger", "--against", "main"),
    ("check", "--at", "index", "--siblings", "--format", "sarif"), ("hooks", "status"),
    ("merge", "--plan"), ("resolve", "--plan"), ("rebase", "--plan", "--no-database"), ("merge",),
    ("rebase", "--no-database", "--onto", "main"), ("explain", "LB101"), ("--version",),
    ("database", "list", "--url", "sqlite:///x.db"),
    ("-C", "embedded", "heads"), ("-C", "embedded", "merge"), ("-c", "pyproject.toml", "heads"),
    ("completion", "bash"), ("graph", "--schema"), ("graph", "--format", "html", "-o", "page.html"),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    make_hostile(place)
    return place


@pytest.fixture
def team(made: Path) -> Hostile:
    """Return the clone with the stranger's branch checked out as it was."""
    team = Hostile("Eve", made / "shop" / "grace")
    team.ran = made / "ran"
    team.git("-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard")
    team.git("-c", "core.hooksPath=/dev/null", "checkout", "-q", "-f", "-B", "stranger", "trap")
    return team


def test_traps_do_work(team: Hostile) -> None:
    """What the other tests look for is left by what they say does not run."""
    for command in (("./evil",), ("python3", "-c", "import click")):
        place = team.folder / command[0]
        program = os.fspath(place) if command[0].startswith(".") else command[0]
        team.try_(program, *command[1:], PYTHONPATH=".")
    found = team.traps()
    assert {"program-evil", "module-click", "module-sitecustomize"} <= set(found)
    for name in found:
        (team.ran / name).unlink()


def test_commands_that_read(team: Hostile) -> None:
    for command in READING:
        done = team.try_("lback", *command)
        assert done.returncode in (0, 1, 2, 3), f"{command}\n{done.stdout}{done.stderr}"
        assert team.traps() == [], command
    assert "LB101 11 heads" in team.try_("lback", "check", "--at", "stranger").stdout
    assert "brought as files" in team.try_("lback", "-C", "embedded", "heads").stderr


def test_a_shared_branch_that_looks_like_an_option(team: Hostile) -> None:
    text = SETTINGS.format(upstream="--upload-pack=touch ran4")
    team.write("pyproject.toml", text)
    for command in READING[7:14]:
        assert team.try_("lback", *command).returncode in (0, 1, 2, 3), command
    team.try_("git", "commit", "-q", "-a", "-m", "Settings")
    assert team.traps() == []


def test_hooks(team: Hostile, made: Path) -> None:
    """Checkout, commit, amend, merge, rebase, cherry-pick and push with real git."""
    said = []

    def git(*arguments: str) -> None:
        done = team.try_("git", *arguments, PYTHONPATH=f".{os.pathsep}src{os.pathsep}{team.folder}")
        said.append(done.stderr)
        assert team.traps() == [], (arguments, done.stderr)

    git("switch", "-q", "main")
    git("switch", "-q", "stranger")
    assert "on_checkout" in said[-1]
    assert "git config lback.onCheckout switch" in said[-1]
    for name in ("models/more.py", f"{VERSIONS}/more.py"):
        team.write(name, "revision = 'more'\ndown_revision = 'e2'\n")
    git("add", "-A")
    git("commit", "-q", "-m", "More")
    git("commit", "-q", "--no-verify", "-m", "More")
    git("commit", "-q", "--amend", "--no-verify", "-m", "More still")
    git("switch", "-q", "-c", "mine", "main")
    team.revise("m1", ("s1",))
    git("add", "-A")
    git("commit", "-q", "-m", "Mine")
    git("merge", "-q", "--no-edit", "stranger")
    git("reset", "-q", "--hard", "HEAD~1")
    git("rebase", "-q", "stranger")
    git("cherry-pick", "main")
    git("cherry-pick", "--abort")
    git("push", "-q", "origin", "HEAD:refs/heads/theirs")
    git("switch", "-q", "main")
    assert not any("Traceback" in one for one in said)


def test_a_server_that_is_pushed_to(team: Hostile, made: Path) -> None:
    server = made / "shop" / "shop.git"
    hook = Path(__file__).parents[2] / "hooks" / "pre-receive"
    shutil.copy(hook, server / "hooks" / "pre-receive")
    team.git("-C", os.fspath(server), "config", "lback.branches", "*")
    team.git("-C", os.fspath(server), "config", "lback.python", sys.executable)
    done = team.try_("git", "push", "-q", "--no-verify", "origin", "stranger:refs/heads/pushed")
    assert done.returncode == 1, done.stderr
    assert "LB1" in done.stderr
    assert team.traps() == []
    (server / "hooks" / "pre-receive").unlink()
