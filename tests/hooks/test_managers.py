"""Living together with core.hooksPath in all its forms and with other hook managers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lback.core.hook_names import NAMES
from lback.vcs.managers import shell_call

from .conftest import Clone, Interpreter, framework

REVISION = "migrations/versions/b_second.py"


def all_under(clone: Clone, manager: str) -> None:
    assert {change.manager for change in clone.install().values()} == {manager}


# --- folders


@pytest.mark.parametrize("form", ["absolute", "relative", "home"])
def test_a_hooks_path_inside_the_git_directory(
    ada: Clone, python: Interpreter, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {
        "absolute": str(ada.path / ".git/mine"),
        "relative": ".git/mine",
        "home": "~/linked/.git/mine",
    }[form]
    if form == "home":
        Path(ada.env["HOME"], "linked").symlink_to(ada.path)
    ada.git("config", "core.hooksPath", value)
    (ada.path / "deep").mkdir()
    assert Clone(ada.path / "deep", ada.env, python).place() == ada.place()
    ada.install()
    assert (ada.path / ".git/mine/pre-commit").exists()
    ada.commit(REVISION)
    assert len(python.calls()) == 1
    ada.uninstall()
    assert list((ada.path / ".git/mine").iterdir()) == []


def test_a_tracked_folder(ada: Clone, bob: Clone, python: Interpreter) -> None:
    ada.git("config", "--global", "core.hooksPath", "tools/hooks")
    ada.write("tools/hooks/pre-commit", "#!/bin/sh\nexit 0\n", mode=0o755)
    changes = ada.install()
    assert {change.state for change in changes.values()} == {"advised"}
    assert shell_call("post-merge") in changes["post-merge"].lines
    assert changes["post-merge"].into == str(ada.path.resolve() / "tools/hooks/post-merge")
    assert {state.state for state in ada.states().values()} == {"unwired"}
    assert sorted(p.name for p in (ada.path / "tools/hooks").iterdir()) == ["pre-commit"]
    changes = ada.install(write=True)
    assert changes["pre-commit"].state == "advised"  # its `exit 0` would come first
    assert changes["post-merge"].state == "installed"
    ada.git("add", ".")
    ada.git("commit", "-qm", "x")
    ada.git("checkout", "-q", "-b", "old")
    ada.commit(REVISION)
    ada.git("checkout", "-q", "main")
    calls = [call.strip("<>").split("> <")[1] for call in python.calls()]
    assert calls == ["post-commit", "post-checkout"]  # nothing calls the one before a commit
    ada.git("push", "-q", "--no-verify")
    bob.git("pull", "-q")  # has no lback: the tracked hooks do nothing
    bob.commit(REVISION)
    bob.git("push", "-q")
    assert python.calls() == []


def test_the_status_of_a_tracked_script_counts(ada: Clone, python: Interpreter) -> None:
    ada.git("config", "core.hooksPath", "tools/hooks")
    fails = "#!/bin/sh\n(exit 3)\n"
    for name in ("pre-commit", "post-checkout", "pre-push"):
        ada.write(f"tools/hooks/{name}", fails, mode=0o755)
    ada.install(write=True)
    ada.write(REVISION)
    ada.git("add", REVISION)
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    assert ada.try_git("push", "-q", "origin", "main:other").returncode == 1
    assert python.calls() == []
    ada.git("commit", "-qm", "x", "--no-verify")
    python.calls()
    assert ada.try_git("checkout", "-q", "-b", "old", "HEAD~1").returncode == 1
    assert len(python.calls()) == 1
    ada.uninstall()
    assert (ada.path / "tools/hooks/post-checkout").read_text() == fails


def test_lines_of_an_older_lback_are_written_anew(ada: Clone, python: Interpreter) -> None:
    ada.git("config", "core.hooksPath", "tools/hooks")
    path = ada.write("tools/hooks/pre-commit", "#!/bin/sh\n(exit 3)", mode=0o755)
    before = path.read_bytes()
    ada.install("pre-commit", write=True)
    lines = path.read_text()
    older = re.sub(r"(?m)^.*lback_status.*\n", "", lines)
    path.write_text(older)
    row = ada.install("pre-commit")["pre-commit"]
    assert (row.state, path.read_text()) == ("unchanged", older)
    assert "--write" in str(row.message)
    assert ada.install("pre-commit", write=True)["pre-commit"].state == "installed"
    assert path.read_text() == lines
    ada.uninstall()
    assert path.read_bytes() == before


@pytest.mark.parametrize("folder", [".husky", "tools/hooks"])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_script_that_reads_what_is_pushed(
    ada: Clone, python: Interpreter, folder: str, shell: str
) -> None:
    ada.git("config", "core.hooksPath", folder)
    own = f"#!/bin/{shell}\ncat >>../mine\n"
    path = ada.write(f"{folder}/pre-push", own, mode=0o755)
    row = ada.install("pre-push", write=True)["pre-push"]
    assert (row.state, row.by_hand, path.read_text()) == ("advised", True, own)
    assert "at the beginning of the file" in str(row.message)
    first, rest = own.split("\n", 1)
    path.write_text("\n".join([first, *row.lines, rest]))
    assert ada.states()["pre-push"].state == "installed"
    old = ada.git("rev-parse", "HEAD")
    new = ada.commit(REVISION)
    line = f"refs/heads/main {new} refs/heads/main {old}"
    python.ends_with(10)
    assert ada.try_git("push", "-q").returncode == 1
    assert python.calls()[0].endswith(f"\n  {line}")
    assert not (ada.path.parent / "mine").exists()
    python.ends_with(0)
    ada.git("push", "-q")
    assert python.calls()[0].endswith(f"\n  {line}")
    assert (ada.path.parent / "mine").read_text() == f"{line}\n"


def test_a_global_relative_path_reaches_work_trees_and_submodules(
    ada: Clone, python: Interpreter
) -> None:
    ada.git("config", "--global", "core.hooksPath", "tools/hooks")
    ada.install(write=True)
    ada.git("add", ".")
    ada.git("commit", "-qm", "Call lback from the team's hooks")
    ada.git("push", "-q")
    python.calls()
    tree = Clone(ada.path.parent / "linked", ada.env, python)
    ada.git("worktree", "add", "-q", "-b", "linked", str(tree.path))
    tree.commit(REVISION)
    assert python.calls() == ["<hook> <pre-commit>"]
    assert {state.state for state in tree.states().values()} == {"installed"}
    outer = Clone(ada.path.parent / "outer", ada.env, python)
    outer.path.mkdir()
    outer.git("init", "-q")
    outer.git("submodule", "--quiet", "add", ada.git("remote", "get-url", "origin"), "inner")
    inner = Clone(outer.path / "inner", ada.env, python)
    inner.commit(REVISION)
    assert python.calls() == []  # the lines are there, and this clone has not installed lback
    assert {change.state for change in inner.install().values()} == {"installed"}
    inner.commit(REVISION, "other\n")
    assert python.calls() == ["<hook> <pre-commit>"]


def test_a_folder_shared_by_all_repositories(ada: Clone, bob: Clone, python: Interpreter) -> None:
    shared = Path(ada.env["HOME"]) / "hooks"
    shared.mkdir()
    ada.git("config", "--global", "core.hooksPath", "~/hooks")
    changes = ada.install(write=True)
    assert {(change.state, change.by_hand) for change in changes.values()} == {("advised", True)}
    assert {state.by_hand for state in ada.states().values()} == {True}
    assert list(shared.iterdir()) == []
    for name, change in changes.items():
        assert change.into == str(shared.resolve() / name)
        (shared / name).write_text("\n".join(("#!/bin/sh", *change.lines, "")))
        (shared / name).chmod(0o755)
    assert {state.state for state in ada.states().values()} == {"installed"}
    ada.commit(REVISION)
    old = ada.git("rev-parse", "HEAD~1")
    ada.git("push", "-q")
    calls = python.calls()
    assert len(calls) == 2
    assert old in calls[1]
    bob.git("pull", "-q")
    assert python.calls() == []
    python.ends_with(10)
    ada.write(REVISION, "other")
    ada.git("add", ".")
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    changes = ada.uninstall()
    assert all("still calls lback" in change.message for change in changes.values())
    ada.git("commit", "-qm", "x")


def test_hooks_as_a_link_into_the_work_tree(ada: Clone) -> None:
    (ada.path / "tools").mkdir()
    (ada.path / ".git/hooks").symlink_to("../tools")
    all_under(ada, "folder")
    assert list((ada.path / "tools").iterdir()) == []


def test_a_hooks_path_set_after_we_installed(ada: Clone) -> None:
    ada.install()
    ada.git("config", "core.hooksPath", "tools/hooks")
    state = ada.states()["pre-commit"]
    assert state.state == "missing"
    assert "is not used" in state.message
    assert {change.state for change in ada.uninstall().values()} == {"removed"}
    assert list((ada.path / ".git/hooks").iterdir()) == []


# --- husky


@pytest.mark.parametrize("version", [8, 9])
def test_husky(ada: Clone, python: Interpreter, version: int) -> None:
    if version == 9:
        ada.git("config", "core.hooksPath", ".husky/_")
        runner = '#!/usr/bin/env sh\n. "${0%/*}/h"\n'
        for name in NAMES:
            ada.write(f".husky/_/{name}", runner, mode=0o755)
        ada.write(
            ".husky/_/h", 'n=${0##*/}\ns=".husky/$n"\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n'
        )
        ada.write(".husky/pre-commit", "echo lint >>.git/trace")
    else:
        ada.git("config", "core.hooksPath", ".husky")
        ada.write(".husky/pre-commit", "#!/bin/sh\necho lint >>.git/trace", mode=0o755)
    before = (ada.path / ".husky/pre-commit").read_bytes()
    all_under(ada, "husky")
    assert (ada.path / ".husky/pre-commit").read_bytes() == before
    assert {change.state for change in ada.install(write=True).values()} == {"installed"}
    assert {change.state for change in ada.install(write=True).values()} == {"unchanged"}
    assert {state.state for state in ada.states().values()} == {"installed"}
    ada.write(REVISION)
    ada.git("add", REVISION)
    python.ends_with(10)
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    python.ends_with(0)
    ada.git("commit", "-qm", "x")
    ada.git("push", "-q")
    calls = python.calls()
    assert [call.split("> <")[1].split(">")[0] for call in calls] == [
        "pre-commit",
        "pre-commit",
        "pre-push",
    ]
    assert "refs/heads/main" in calls[2]
    assert (ada.path / ".git/trace").read_text() == "lint\nlint\n"
    ada.uninstall()
    assert (ada.path / ".husky/pre-commit").read_bytes() == before
    assert not (ada.path / ".husky/post-merge").exists()
    assert not (ada.path / ".git/lback").exists()


def test_a_caller_with_windows_line_ends(ada: Clone, python: Interpreter) -> None:
    """Husky runs its scripts by `sh FILE`; git itself could not start them."""
    ada.git("config", "core.hooksPath", ".husky/_")
    for name in NAMES:
        ada.write(f".husky/_/{name}", f'#!/bin/sh\nsh -e ".husky/{name}" "$@"\n', mode=0o755)
        ada.write(f".husky/{name}", f"{shell_call(name)}\r\n")
    ada.install()
    assert {state.state for state in ada.states().values()} == {"installed"}
    old = ada.git("rev-parse", "HEAD")
    new = ada.commit(REVISION)
    ada.git("commit", "-q", "--amend", "-m", "again")
    ada.git("push", "-q")
    ada.git("checkout", "-q", "-b", "back", old)
    ada.git("checkout", "-q", "back", "--", "migrations")  # files only
    ada.git("merge", "-q", "main")
    ada.git("merge", "-q", "--squash", "main")
    assert new
    assert [call.split("> <")[1].rstrip("\r>") for call in python.calls()] == [
        "pre-commit",
        "pre-push",
        "post-checkout",
        "post-merge",
    ]


def test_lines_that_others_wrote_after_ours_stay(ada: Clone) -> None:
    ada.git("config", "core.hooksPath", ".husky")
    ada.install("pre-push", write=True)
    path = ada.path / ".husky/pre-push"
    path.write_text(path.read_text() + "echo mine\n")
    ada.uninstall()
    assert path.read_text() == "#!/bin/sh\necho mine\n"


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/env node\nconsole.log(1)\n",
        "#!/bin/sh\nexec lint\n",
        "#!/bin/sh\ncat <<END\nx\n",
        "#!/bin/sh\r\nlint\r\n",
        "#!/bin/sh\nlint \\\n",
    ],
)
def test_scripts_that_are_not_written_to(ada: Clone, text: str) -> None:
    ada.git("config", "core.hooksPath", ".husky")
    path = ada.write(".husky/pre-commit", text, mode=0o755)
    assert ada.install("pre-commit", write=True)["pre-commit"].state == "advised"
    assert path.read_bytes() == text.encode()


# --- lefthook and overcommit


def test_lefthook(ada: Clone) -> None:
    text = "# ours\npre-commit:\n  commands:\n    lint:\n      run: lint\n"
    path = ada.write("lefthook.yml", text)
    all_under(ada, "lefthook")
    assert path.read_text() == text
    changes = ada.install(write=True)
    assert changes["pre-commit"].state == "advised"  # the key is there: a second one is no YAML
    assert changes["pre-push"].state == "installed"
    assert "lefthook install" in changes["pre-push"].message
    written = path.read_text()
    assert written.startswith(text)
    assert f"run: '{shell_call('pre-push', '{0}')}'\n      use_stdin: true\n" in written
    assert ada.states()["pre-push"].state == "installed"
    assert not (ada.path / ".git/hooks/pre-push").exists()
    ada.uninstall()
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text", ["{pre-commit: {commands: {}}}\n", "pre-commit:\r\n  x: y\r\n", "- a\n- b"]
)
def test_lefthook_files_that_are_not_written_to(ada: Clone, text: str) -> None:
    path = ada.write("lefthook.yml", text)
    ada.install(write=True)
    assert path.read_bytes() == text.encode() or not text.startswith(("{", "pre-commit:\r"))


def test_lefthook_that_renamed_our_shim(ada: Clone) -> None:
    ada.install()
    folder = ada.path / ".git/hooks"
    (folder / "pre-push").rename(folder / "pre-push.old")
    ada.hook("pre-push", "#!/bin/sh\nlefthook run\n")
    assert "renamed pre-push.old" in ada.states()["pre-push"].message
    ada.uninstall()
    assert [path.name for path in folder.iterdir()] == ["pre-push"]


def test_overcommit(ada: Clone) -> None:
    path = ada.write(".overcommit.yml", "PreCommit:\n  RuboCop:\n    enabled: true\n")
    changes = ada.install(write=True)
    assert changes.pop("post-applypatch").state == "installed"  # it runs none of that name
    assert {change.state for change in changes.values()} == {"advised"}
    assert changes["post-rewrite"].lines[0] == "PostRewrite:"
    assert path.read_text() == "PreCommit:\n  RuboCop:\n    enabled: true\n"


# --- the pre-commit framework

CONFIG = """default_install_hook_types:
  [pre-commit, pre-push, post-checkout, post-merge, post-rewrite]
repos:
  # a comment
  - repo: local
    hooks:
      - id: note
        name: note
        language: system
        entry: sh -c 'echo note >>.git/trace'
        pass_filenames: false
        stages: [pre-commit]
"""
FRAMEWORK_SCRIPT = """#!/usr/bin/env bash
# File generated by pre-commit: https://pre-commit.com
ARGS=(hook-impl --config=.pre-commit-config.yaml --hook-type=pre-commit)
exec python -mpre_commit "${ARGS[@]}"
"""


def test_the_framework_owns_only_what_it_has_installed(ada: Clone) -> None:
    path = ada.write(".pre-commit-config.yaml", CONFIG)
    ada.hook("pre-commit", FRAMEWORK_SCRIPT)
    changes = ada.install()
    assert changes["pre-commit"].state == "advised"
    assert changes["pre-commit"].manager == "pre-commit"
    assert changes["pre-push"].state == "installed"
    assert (ada.path / ".git/hooks/pre-commit").read_text() == FRAMEWORK_SCRIPT
    assert path.read_text() == CONFIG
    assert ada.install(write=True)["pre-commit"].state == "installed"
    assert path.read_text().startswith(CONFIG)
    assert {state.state for state in ada.states().values()} == {"installed"}
    ada.uninstall()
    assert path.read_text() == CONFIG


@pytest.mark.parametrize(
    "text",
    [
        "repos: []\n",
        "repos: [{repo: local, hooks: []}]\n",
        CONFIG + "fail_fast: true\n",
        "repos:\n",
        "- repo: old\n",
    ],
)
def test_framework_files_that_are_not_written_to(ada: Clone, text: str) -> None:
    path = ada.write(".pre-commit-config.yaml", text)
    ada.hook("pre-commit", FRAMEWORK_SCRIPT)
    assert ada.install("pre-commit", write=True)["pre-commit"].state == "advised"
    assert path.read_text() == text


def test_our_shim_under_the_framework_installed_later(ada: Clone) -> None:
    ada.hook("pre-commit", "#!/bin/sh\necho original >>.git/trace\n")
    before = (ada.path / ".git/hooks/pre-commit").read_bytes()
    ada.install("pre-commit")
    folder = ada.path / ".git/hooks"
    (folder / "pre-commit").rename(folder / "pre-commit.legacy")
    ada.hook("pre-commit", '#!/bin/sh\nexec "$0.legacy" "$@"\n')
    ada.commit(REVISION)
    assert (ada.path / ".git/trace").read_text() == "original\n"
    assert len(ada.python.calls()) == 1
    assert ada.uninstall("pre-commit")["pre-commit"].state == "restored"
    assert (folder / "pre-commit.legacy").read_bytes() == before
    ada.commit("other")
    assert (ada.path / ".git/trace").read_text() == "original\noriginal\n"


def test_with_the_real_framework(ada: Clone, bob: Clone, python: Interpreter) -> None:
    ada.commit(".pre-commit-config.yaml", CONFIG)
    ada.git("push", "-q")
    subprocess.run([framework(), "install"], cwd=ada.path, env=ada.env, check=True)
    assert {change.state for change in ada.install(write=True).values()} == {"installed"}
    ada.git("commit", "-qam", "lback under the framework")
    old = ada.git("rev-parse", "HEAD")
    new = ada.commit(REVISION)
    assert python.calls() == ["<hook> <pre-commit>"]
    ada.git("push", "-q")
    calls = python.calls()
    assert calls[0].startswith("<hook> <pre-push> <origin>")
    assert f"refs/heads/main {new} refs/heads/main" in calls[0]
    ada.git("checkout", "-q", "-b", "back", old)
    assert python.calls() == [f"<hook> <post-checkout> <{new}> <{old}> <1>"]
    ada.git("merge", "-q", "main")
    assert python.calls() == ["<hook> <post-merge> <0>"]
    ada.write(REVISION, "other\n")
    ada.git("commit", "-qa", "--amend", "--no-edit")
    assert python.calls() == ["<hook> <pre-commit>", "<hook> <post-rewrite> <amend>"]
    python.ends_with(10)
    ada.write(REVISION, "third\n")
    assert ada.try_git("commit", "-qam", "stopped").returncode == 1
