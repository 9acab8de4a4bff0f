"""A hook's variables reach the children of the hook's repository, and no other's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lback.vcs import environment
from lback.vcs.discovery import discover

FOLDERS = ("db/versions",)
CODE = """
import sys
sys.path.insert(0, {code!r})
from pathlib import Path
from lback.vcs.discovery import discover
found = discover(Path({start!r}))
with open({out!r}, "a") as out:
    print(found.root, found.git_dir, [e.name for e in found.entries({at!r}, ["db/versions"])],
          sep="|", file=out)
"""


@pytest.fixture
def hook(tmp_path):
    """Install a hook that tells what lback sees in it."""

    def install(box, name, start=".", at="index"):
        out = tmp_path / "seen"
        script = tmp_path / "look.py"
        code = str(Path(__file__).parents[2])
        script.write_text(CODE.format(code=code, start=str(start), out=str(out), at=at))
        folder = box.path / box.git("rev-parse", "--git-path", "hooks")
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\nexec {sys.executable} {script}\n")
        (folder / name).chmod(0o755)
        return lambda: out.read_text().splitlines()[-1].split("|")

    return install


def test_commit_of_everything_shows_its_own_index(box, hook):
    seen = hook(box, "pre-commit")
    box.write("db/versions/a1.py", "edited")
    (box.path / "db/versions/b2.py").unlink()
    box.git("commit", "-q", "-a", "-m", "x")
    assert seen() == [str(box.path), str(box.path / ".git"), "['a1.py']"]


def test_partial_commit_shows_its_own_index(box, hook):
    seen = hook(box, "pre-commit", start="db/versions")
    box.write("db/versions/c3.py", "c")
    box.write("db/versions/d4.py", "d")
    box.git("add", "-A")
    box.git("commit", "-q", "-m", "x", "db/versions/d4.py")
    assert seen()[2] == "['a1.py', 'b2.py', 'd4.py']"


def test_commit_in_a_linked_worktree(box, hook, tmp_path, at):
    box.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = at(tmp_path / "linked")
    seen = hook(linked, "pre-commit", start="db")
    (linked.path / "db/versions/b2.py").unlink()
    linked.git("commit", "-q", "-a", "-m", "x")
    assert seen() == [str(linked.path), str(box.path / ".git/worktrees/linked"), "['a1.py']"]


def test_hook_that_looks_at_another_repository(box, hook, empty):
    empty.commit("Other", zz="x")
    seen = hook(box, "pre-commit", start=empty.path)
    box.write("db/versions/a1.py", "edited")
    box.git("commit", "-q", "-a", "-m", "x")
    assert seen() == [str(empty.path), str(empty.path / ".git"), "['zz.py']"]


def test_linked_worktree_hook_that_looks_at_the_main_one(box, hook, tmp_path, at):
    box.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = at(tmp_path / "linked")
    seen = hook(linked, "pre-commit", start=box.path)
    (linked.path / "db/versions/b2.py").unlink()
    linked.git("commit", "-q", "-a", "-m", "x")
    assert seen() == [str(box.path), str(box.path / ".git"), "['a1.py', 'b2.py']"]


def test_commit_in_a_submodule(box, remote, hook, at):
    box.git("submodule", "--quiet", "add", str(remote.path), "sub")
    sub = at(box.path / "sub")
    seen = hook(sub, "pre-commit")
    (sub.path / "db/versions/b2.py").unlink()
    sub.git("commit", "-q", "-a", "-m", "x")
    assert seen() == [str(sub.path), str(box.path / ".git/modules/sub"), "['a1.py']"]
    seen = hook(sub, "pre-commit", start=box.path)
    sub.git("commit", "-q", "--allow-empty", "-m", "x")
    assert seen()[:1] == [str(box.path)]


def test_hook_of_the_super_project_looks_into_a_submodule(box, remote, hook):
    box.git("submodule", "--quiet", "add", str(remote.path), "sub")
    seen = hook(box, "pre-commit", start="sub")
    (box.path / "db/versions/b2.py").unlink()
    box.git("commit", "-q", "-a", "-m", "x")
    assert seen()[2] == "['a1.py', 'b2.py']"


def test_pushed_objects_in_quarantine(clone, remote, hook, tmp_path):
    sha = clone.commit("Add c3", c3="x")
    seen = hook(remote, "pre-receive", at=sha)
    clone.git("push", "-q", "origin", "main")
    assert seen()[2] == "['a1.py', 'b2.py', 'c3.py']"


def test_work_tree_apart_from_its_git_folder(box, monkeypatch, tmp_path):
    moved = tmp_path / "apart.git"
    (box.path / ".git").rename(moved)
    monkeypatch.setenv("GIT_DIR", str(moved))
    monkeypatch.setenv("GIT_WORK_TREE", str(box.path))
    monkeypatch.chdir(box.path)
    found = discover(Path("db"))
    assert (found.root, found.git_dir) == (box.path, moved)
    assert len(found.entries("index", FOLDERS)) == 2
    assert discover(tmp_path) is None


def test_git_folder_named_without_a_work_tree(box, monkeypatch, tmp_path):
    moved = tmp_path / "apart.git"
    (box.path / ".git").rename(moved)
    monkeypatch.setenv("GIT_DIR", "../apart.git")
    monkeypatch.chdir(box.path)
    found = discover(Path("db"))
    assert found.root == box.path
    assert found.untracked(FOLDERS) == ()


def test_git_folder_that_is_wrong(box, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "gone"))
    assert discover(box.path).root == box.path


def test_what_children_inherit(tmp_path):
    environ = {
        "PATH": "/bin",
        "LC_ALL": "de_DE.UTF-8",
        "GIT_DIR": ".git",
        "GIT_INDEX_FILE": ".git/index.lock",
        "GIT_PREFIX": "sub/",
        "GIT_EXTERNAL_DIFF": "x",
        "GIT_GLOB_PATHSPECS": "1",
        "GIT_CONFIG_PARAMETERS": "'a.b'='c'",
        "GIT_CONFIG_COUNT": "0",
        "GIT_SSH_COMMAND": "ssh",
    }
    inside = environment.inside(environ, tmp_path)
    assert inside["GIT_INDEX_FILE"] == str(tmp_path / ".git/index.lock")
    for name in ("GIT_DIR", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_GLOB_PATHSPECS", "LC_ALL"):
        assert name not in inside
    assert (inside["GIT_OPTIONAL_LOCKS"], inside["GIT_TERMINAL_PROMPT"]) == ("0", "0")
    assert (inside["LC_MESSAGES"], inside["LC_CTYPE"]) == ("C", "de_DE.UTF-8")
    stranger = environment.stranger(environ)
    assert "GIT_INDEX_FILE" not in stranger and "GIT_CONFIG_PARAMETERS" not in stranger
    assert stranger["GIT_CONFIG_COUNT"] == "0" and stranger["GIT_SSH_COMMAND"] == "ssh"
