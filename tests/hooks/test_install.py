"""Installing beside hooks of all sorts, and giving them back byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lback.core.hook_names import NAMES
from lback.errors import LbackError, UsageError
from lback.vcs import hooks
from lback.vcs.shims import Watched
from lback.vcs.slots import Slot
from tests.worlds.processes import programs

from .conftest import WATCHED, Clone, Interpreter, mode_of

REVISION = "migrations/versions/b_second.py"
HEREDOC = """#!/bin/bash
cat >>"$(git rev-parse --git-dir)/trace" <<'END'
heredoc exit 0
exec nothing
END
[[ -n "$BASH_VERSION" ]] && echo "args $*" >>"$(git rev-parse --git-dir)/trace"
"""
PYTHON = f"""#!{sys.executable}
import pathlib, sys
pathlib.Path(".git/trace").write_text(repr((sys.argv[1:], sys.stdin.read())))
"""
READER = """#!/bin/sh
while read -r line; do echo "read $line" >>.git/trace; done
"""


def trace(clone: Clone) -> str:
    path = clone.path / ".git/trace"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def picture(folder: Path) -> dict[str, tuple[int, Path | bytes]]:
    """Return mode and content of everything in a folder."""
    return {
        path.name: (mode_of(path), path.readlink() if path.is_symlink() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_install_uninstall_leaves_no_trace(ada: Clone) -> None:
    before = picture(ada.path / ".git")
    changes = ada.install()
    assert [change.state for change in changes.values()] == ["installed"] * len(NAMES)
    assert set(changes) == set(NAMES)
    assert all(state.state == "installed" for state in ada.states().values())
    ada.git("commit", "-q", "--allow-empty", "-m", "x")
    ada.git("reset", "-q", "--soft", "HEAD~1")
    changes = ada.uninstall()
    assert [change.state for change in changes.values()] == ["removed"] * len(NAMES)
    assert all(state.state == "missing" for state in ada.states().values())
    after = picture(ada.path / ".git")
    assert {name for name in after if "lback" in name} == set()
    assert {name for name in after if name in NAMES} == set()
    assert set(before) <= set(after)


def test_installing_twice_is_installing_once(ada: Clone) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.install()
    before = picture(ada.path / ".git/hooks")
    dates = {path: path.stat().st_mtime_ns for path in (ada.path / ".git/hooks").iterdir()}
    assert {change.state for change in ada.install().values()} == {"unchanged"}
    assert picture(ada.path / ".git/hooks") == before
    assert dates == {path: path.stat().st_mtime_ns for path in (ada.path / ".git/hooks").iterdir()}


def test_some_only(ada: Clone) -> None:
    ada.install("post-merge")
    assert [name for name, state in ada.states().items() if state.state == "installed"] == [
        "post-merge"
    ]
    with pytest.raises(UsageError, match="no hook 'commit-msg'"):
        ada.install("commit-msg")


@pytest.mark.parametrize("text", [HEREDOC, PYTHON])
def test_an_existing_hook_runs_first(ada: Clone, python: Interpreter, text: str) -> None:
    ada.hook("pre-commit", text, mode=0o750)
    before = picture(ada.path / ".git/hooks")
    change = ada.install("pre-commit")["pre-commit"]
    assert change.state == "installed"
    assert "pre-commit.lback-kept" in change.message
    ada.commit(REVISION)
    assert trace(ada)
    assert python.calls() == ["<hook> <pre-commit>"]
    assert ada.uninstall("pre-commit")["pre-commit"].state == "restored"
    assert picture(ada.path / ".git/hooks") == before


def test_an_existing_hook_gets_arguments_and_input(ada: Clone, python: Interpreter) -> None:
    ada.hook("pre-push", PYTHON)
    ada.hook("post-rewrite", READER)
    ada.install()
    old = ada.git("rev-parse", "HEAD")
    new = ada.commit(REVISION)
    url = ada.git("remote", "get-url", "origin")
    ada.git("push", "-q")
    line = f"refs/heads/main {new} refs/heads/main {old}"
    assert trace(ada) == repr((["origin", url], f"{line}\n"))
    assert python.calls()[-1] == f"<hook> <pre-push> <origin> <{url}>\n  {line}"
    ada.git("push", "-q")
    assert trace(ada) == repr((["origin", url], ""))
    ada.git("push", "-q", "origin", "main:x", "main:y", "main:z")
    assert trace(ada).count("\\n") == 3
    ada.git("commit", "-q", "--amend", "-m", "other")
    assert trace(ada) == f"read {new} {ada.git('rev-parse', 'HEAD')}\n"


def test_an_existing_hook_that_does_not_read(ada: Clone, python: Interpreter) -> None:
    ada.hook("pre-push", "#!/bin/sh\nexit 0\n")
    ada.install()
    for number in range(900):
        ada.write(f".git/refs/heads/many/a-rather-long-name-{number}", ada.git("rev-parse", "HEAD"))
    ada.git("push", "-q", "--all")
    assert "error" not in ada.said.lower()
    assert python.calls()[0].count("\n") == 900


@pytest.mark.parametrize("status", [1, 7])
def test_an_existing_hook_that_fails(ada: Clone, python: Interpreter, status: int) -> None:
    for name in NAMES:
        ada.hook(name, f"#!/bin/sh\nexit {status}\n")
    ada.install()
    ada.write(REVISION)
    ada.git("add", REVISION)
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    assert python.calls() == []
    ada.git("commit", "-qm", "x", "--no-verify")
    assert ada.try_git("push", "-q").returncode == 1
    done = ada.try_git("checkout", "-q", "-b", "old", "HEAD~1")
    assert done.returncode == 1  # git passes on that post-checkout failed
    calls = [call.strip("<>").split("> <")[1] for call in python.calls()]
    assert calls == ["post-commit", "post-checkout"]
    ada.git("merge", "-q", "main")
    assert len(python.calls()) == 1


def test_a_hook_that_was_off_stays_off(ada: Clone) -> None:
    ada.hook("pre-commit", "#!/bin/sh\nexit 1\n", mode=0o644)
    change = ada.install()["pre-commit"]
    assert "not executable" in change.message
    ada.commit(REVISION)
    ada.uninstall()
    assert mode_of(ada.path / ".git/hooks/pre-commit") == 0o644


def test_a_binary_and_a_script_without_a_first_line(ada: Clone, python: Interpreter) -> None:
    true = Path("/bin/true").read_bytes()
    ada.hook("pre-commit", true)
    ada.hook("post-checkout", 'echo "bare $3" >>.git/trace\n')
    before = picture(ada.path / ".git/hooks")
    ada.install()
    ada.commit(REVISION)
    ada.git("checkout", "-q", "-b", "old", "HEAD~1")
    assert trace(ada) == "bare 1\n"
    assert len(python.calls()) == 2
    ada.uninstall()
    assert picture(ada.path / ".git/hooks") == before


def test_a_symbolic_link(ada: Clone) -> None:
    target = ada.write("scripts/check", '#!/bin/sh\necho "${0##*/}" >>.git/trace\n', mode=0o755)
    link = ada.path / ".git/hooks/pre-commit"
    link.parent.mkdir()
    link.symlink_to("../../scripts/check")
    change = ada.install("pre-commit")["pre-commit"]
    assert "own file name" in change.message
    assert target.read_text().startswith("#!/bin/sh\necho")
    ada.commit(REVISION)
    assert trace(ada) == "pre-commit.lback-kept\n"
    ada.uninstall()
    assert link.readlink() == Path("../../scripts/check")


def test_a_dangling_link_and_a_folder(ada: Clone) -> None:
    folder = ada.path / ".git/hooks"
    folder.mkdir()
    (folder / "pre-commit").symlink_to("gone")
    (folder / "pre-push").mkdir()
    changes = ada.install()
    assert changes["pre-commit"].state == "installed"
    assert changes["pre-push"].state == "refused"
    ada.commit(REVISION)
    ada.uninstall()
    assert (folder / "pre-commit").readlink() == Path("gone")
    assert (folder / "pre-push").is_dir()


def test_another_configuration_is_written_over_the_old(ada: Clone, python: Interpreter) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.install()
    place = ada.place()
    other = Watched(("elsewhere",))
    assert {state.state for state in hooks.status(place, python.path, other)} == {"outdated"}
    assert {c.state for c in hooks.install(place, python.path, other)} == {"updated"}
    assert (place.folder / "pre-commit.lback-kept").read_text() == HEREDOC
    assert {state.state for state in hooks.status(place, python.path, other)} == {"installed"}
    assert {state.state for state in hooks.status(place)} == {"installed"}


def test_an_edited_shim_is_not_lost(ada: Clone) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.install()
    path = ada.path / ".git/hooks/pre-commit"
    edited = path.read_text().replace("hook=", "echo mine\nhook=", 1)
    path.write_text(edited)
    assert ada.states()["pre-commit"].state == "edited"
    for change in (ada.install()["pre-commit"], ada.uninstall()["pre-commit"]):
        assert change.state == "refused"
        assert "--force" in change.message
        assert path.read_text() == edited
    assert ada.install(force=True)["pre-commit"].state == "updated"
    assert path.with_name("pre-commit.lback-edited").read_text() == edited
    path.write_text(edited)
    assert ada.uninstall(force=True)["pre-commit"].state == "restored"
    assert path.with_name("pre-commit.lback-edited.2").read_text() == edited
    assert path.read_text() == HEREDOC


def test_a_replaced_shim_is_not_lost(ada: Clone) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.install()
    path = ada.hook("pre-commit", "#!/bin/sh\nnew\n")
    before = picture(ada.path / ".git/hooks")
    assert ada.states()["pre-commit"].state == "foreign"
    assert ada.install()["pre-commit"].state == "refused"
    assert ada.uninstall("pre-commit")["pre-commit"].state == "refused"
    assert picture(ada.path / ".git/hooks") == before
    path.unlink()
    assert ada.states()["pre-commit"].state == "missing"
    assert "first again" in ada.install()["pre-commit"].message
    path.unlink()
    assert ada.uninstall()["pre-commit"].state == "restored"
    assert path.read_text() == HEREDOC


def test_a_shim_that_was_switched_off(ada: Clone) -> None:
    ada.install()
    (ada.path / ".git/hooks/pre-push").chmod(0o644)
    assert ada.states()["pre-push"].state == "disabled"
    assert ada.install()["pre-push"].state == "updated"
    assert ada.states()["pre-push"].state == "installed"


def test_an_install_cut_off_in_the_middle(ada: Clone) -> None:
    path = ada.hook("pre-commit", HEREDOC)
    os.link(path, Slot(path).kept)
    assert ada.install()["pre-commit"].state == "installed"
    ada.uninstall()
    assert path.read_text() == HEREDOC


def test_foreign_hooks_are_left_alone(ada: Clone) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.hook("commit-msg", HEREDOC)
    before = picture(ada.path / ".git/hooks")
    assert ada.states()["pre-commit"].state == "foreign"
    assert ada.uninstall()["pre-commit"].state == "absent"
    assert picture(ada.path / ".git/hooks") == before


def test_a_folder_that_cannot_be_written(ada: Clone) -> None:
    ada.write(".git/file")
    ada.git("config", "core.hooksPath", ".git/file/hooks")
    with pytest.raises(LbackError, match="cannot be written: "):
        ada.install()


def test_a_hooks_path_that_is_a_file(ada: Clone) -> None:
    ada.git("config", "core.hooksPath", "/dev/null")
    with pytest.raises(LbackError, match="switched off"):
        ada.install()


def test_a_bare_repository(ada: Clone) -> None:
    bare = Clone(ada.path.parent / "origin.git", ada.env, ada.python)
    bare.install("pre-push")
    assert (bare.path / "hooks/pre-push").exists()
    other = ada.path.parent / "other.git"
    bare.git("init", "-q", "--bare", str(other))
    bare.git("push", "-q", str(other), "main")
    assert len(ada.python.calls()) == 1


def test_the_modes_follow_the_umask(ada: Clone) -> None:
    earlier = os.umask(0o027)
    try:
        ada.install("pre-commit")
    finally:
        os.umask(earlier)
    assert mode_of(ada.path / ".git/hooks/pre-commit") == 0o750
    assert WATCHED.folders == ("migrations/versions",)


KILLED = """
import json, os, signal, sys
from pathlib import Path
from lback.vcs.environment import outside
from lback.vcs.git import Git
from lback.vcs.hooks import Watched, find, install, uninstall

place = find(Git(Path.cwd(), outside(os.environ)))
left = int(sys.argv[2])

def count(event, args):
    global left
    if event in ("open", "os.rename", "os.link", "os.remove", "os.chmod", "os.mkdir", "os.rmdir"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "install":
    sys.addaudithook(count)
    install(place, "/bin/true", Watched(("m",)), names=["pre-commit", "pre-push"])
else:
    sys.addaudithook(count)
    uninstall(place)
"""


@pytest.mark.parametrize("what", ["install", "uninstall"])
def test_killed_at_any_moment(ada: Clone, what: str) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.hook("pre-push", PYTHON, mode=0o711)
    before = picture(ada.path / ".git/hooks")
    for moment in range(1, 200):
        if what == "uninstall":
            ada.install()
        child = subprocess.run(
            [programs(os.environ) / "python", "-c", KILLED, what, str(moment)],
            cwd=ada.path,
            env=ada.env,
            check=False,
        )
        present = picture(ada.path / ".git/hooks")
        assert {"pre-commit", "pre-push"} <= set(present)
        kept = [one for _, one in present.values()]
        assert all(content in kept for _, content in before.values())
        if what == "uninstall" and moment % 2:
            ada.install()
        ada.uninstall()
        assert picture(ada.path / ".git/hooks") == before
        if child.returncode == 0:
            break
        assert child.returncode == 128 + 9
    assert moment > 4


def test_two_installs_at_once(ada: Clone) -> None:
    ada.hook("pre-commit", HEREDOC)
    ada.hook("pre-push", PYTHON, mode=0o711)
    before = picture(ada.path / ".git/hooks")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", KILLED, "install", "0"],
            cwd=ada.path,
            env={**ada.env, "PYTHONPATH": str(Path(hooks.__file__).parents[2])},
        )
        for _ in range(6)
    ]
    assert [child.wait() for child in children] == [0] * 6
    assert sorted(picture(ada.path / ".git/hooks")) == [
        "pre-commit",
        "pre-commit.lback-kept",
        "pre-push",
        "pre-push.lback-kept",
    ]
    ada.uninstall()
    assert picture(ada.path / ".git/hooks") == before


def test_hooks_of_the_configuration_are_told(ada: Clone) -> None:
    settings = {
        "hook.lint.event": ("pre-commit", "", "pre-push"),
        "hook.lint.command": ("lint --all",),
        "hook.lback.event": ("post-merge", "pre-push"),
        "hook.lback.command": ("lback hook pre-push",),
        "hook.off.event": ("post-checkout",),
        "hook.off.command": ("lint",),
        "hook.off.enabled": ("false",),
    }
    for key, values in settings.items():
        for value in values:
            ada.git("config", "--add", key, value)
    place = replace(ada.place(), heeded=True)
    states = {state.hook: state for state in hooks.status(place)}
    assert {name: (state.state, state.message) for name, state in states.items()} == {
        "pre-commit": ("missing", None),
        "post-commit": ("missing", None),
        "post-applypatch": ("missing", None),
        "post-merge": ("installed", "git runs it by hook.lback.command"),
        "post-checkout": ("missing", None),
        "post-rewrite": ("missing", None),
        "pre-push": ("installed", "git runs it by hook.lback.command, hook.lint.command"),
    }
    ada.install()
    [state] = [one for one in hooks.status(place) if one.hook == "pre-push"]
    assert state.message == (
        "hook.lback.command, hook.lint.command in git's configuration runs lback as well"
    )
    old = hooks.status(replace(place, heeded=False))
    assert "this git is too old to run hook.lback.command" in [one.message for one in old]
