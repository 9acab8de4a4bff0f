"""The shims under real git: when they start Python, with what, and that they never break git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lback.core.hook_names import NAMES
from lback.vcs.git import Git
from lback.vcs.hooks import find, install
from lback.vcs.shims import Watched, read_mark, render

from .conftest import WATCHED, Clone, Interpreter

NULL = "0" * 40
REVISION = "migrations/versions/b_second.py"


# --- when there is something to look at


def test_nothing_relevant_starts_nothing(ada: Clone, bob: Clone, python: Interpreter) -> None:
    ada.install()
    bob.commit("docs")
    bob.git("push", "-q")
    ada.git("pull", "-q")
    ada.commit("notes")
    ada.git("commit", "-q", "--amend", "-m", "other words")
    ada.git("push", "-q")
    ada.git("checkout", "-q", "-b", "feature")
    ada.commit("feature")
    ada.git("push", "-q", "origin", "feature")
    ada.git("checkout", "-q", "main")
    bob.commit("more")
    bob.git("pull", "-q", "--no-edit")
    bob.git("push", "-q")
    ada.commit("local")
    ada.git("pull", "-q", "--rebase")
    ada.git("tag", "-a", "v1", "-m", "v1")
    ada.git("push", "-q", "origin", "v1")
    ada.git("push", "-q", "origin", ":feature")
    assert python.calls() == []


def test_pre_commit_sees_what_is_staged(ada: Clone, python: Interpreter) -> None:
    ada.install("pre-commit")
    ada.commit(REVISION)
    assert python.calls() == ["<hook> <pre-commit>"]
    ada.commit("app/models.py")
    assert python.calls() == ["<hook> <pre-commit>"]
    ada.commit("alembic.ini")
    assert python.calls() == ["<hook> <pre-commit>"]
    ada.commit("app/views.py")
    assert python.calls() == []
    ada.git("rm", "-q", REVISION)
    ada.git("commit", "-qm", "gone")
    assert python.calls() == ["<hook> <pre-commit>"]


def test_pre_commit_sees_untracked_and_ignored_revisions(ada: Clone, python: Interpreter) -> None:
    ada.install("pre-commit")
    ada.commit("one")
    assert python.calls() == []
    ada.write("migrations/versions/__pycache__/a_first.pyc")
    ada.write("migrations/versions/notes.txt")
    ada.commit("two")
    assert python.calls() == []
    ada.write(REVISION)
    ada.commit("three")
    ada.commit("four")
    assert len(python.calls()) == 2
    ada.write(".git/info/exclude", "b_*\n")
    ada.commit("five")
    assert len(python.calls()) == 1
    (ada.path / REVISION).unlink()
    ada.commit("six")
    ada.commit("seven")
    assert python.calls() == []
    ada.write(REVISION)
    ada.commit("eight")
    assert len(python.calls()) == 1


def test_pre_commit_sees_a_revision_that_reset_let_go(ada: Clone, python: Interpreter) -> None:
    ada.install("pre-commit")
    ada.commit(REVISION)
    ada.commit("one")
    python.calls()
    ada.git("reset", "-q", "HEAD~2")
    ada.commit("readme", "again\n")
    assert python.calls() == ["<hook> <pre-commit>"]


def test_pre_commit_in_the_first_commit_and_a_partial_one(ada: Clone, python: Interpreter) -> None:
    fresh = Clone(ada.path.parent / "fresh", ada.env, python)
    fresh.path.mkdir()
    fresh.git("init", "-q")
    fresh.install()
    fresh.commit("readme")
    assert python.calls() == []
    fresh.write(REVISION)
    fresh.write("readme", "changed")
    fresh.git("add", REVISION)
    fresh.git("commit", "-qm", "only", "readme")
    assert python.calls() == ["<hook> <pre-commit>"]  # not staged in the partial index
    fresh.git("commit", "-qm", "rest")
    assert len(python.calls()) == 1


def test_one_git_asks_once_whether_a_commit_is_relevant(ada: Clone, python: Interpreter) -> None:
    """post-commit takes the word of pre-commit for the commit of this git process alone."""
    ada.install()
    ada.commit(REVISION)
    ada.git("revert", "--no-edit", "HEAD")
    ada.commit("one")
    python.calls()
    trace, idle = ada.path.parent / "trace", ada.path / ".git/lback-idle"
    ada.commit("two", GIT_TRACE=str(trace))
    assert trace.read_text().count("built-in: git diff ") == 1
    assert idle.read_text() == ""
    refuses = ada.hook("commit-msg", "#!/bin/sh\nexit 1\n")
    assert ada.try_git("commit", "-q", "--allow-empty", "-m", "never").returncode == 1
    refuses.unlink()
    assert idle.read_text().strip().isdigit()  # of a git that has made no commit
    assert python.calls() == []
    ada.git("cherry-pick", "HEAD~3")
    assert python.calls() == ["<hook> <post-commit>"]


def test_a_kept_post_commit_runs_for_every_commit(ada: Clone, python: Interpreter) -> None:
    ada.hook("post-commit", "#!/bin/sh\necho mine >>../mine\n")
    ada.install()
    ada.commit("one")
    ada.commit("two")
    assert (ada.path.parent / "mine").read_text() == "mine\n" * 2
    assert python.calls() == []


def test_a_git_of_the_same_number_is_asked_anew(ada: Clone, python: Interpreter) -> None:
    ada.install()
    ada.commit("one")
    trace, idle = ada.path.parent / "trace", ada.path / ".git/lback-idle"
    refuses = ada.hook("commit-msg", "#!/bin/sh\nexit 1\n")
    ada.write("one", "changed")
    ada.git("add", "one")
    assert ada.try_git("commit", "-qm", "never").returncode == 1
    refuses.unlink()
    before = idle.stat()

    def commits() -> bool:
        """Return whether git is asked where one with the number of this process commits."""
        trace.unlink(missing_ok=True)
        idle.write_text(f"{os.getpid()}\n")
        os.utime(idle, ns=(before.st_atime_ns, before.st_mtime_ns))
        env = {**ada.env, "GIT_TRACE": str(trace)}
        subprocess.run([".git/hooks/post-commit"], cwd=ada.path, env=env, check=True)
        return trace.exists()

    assert not commits()
    ada.git("reset", "-q", "--hard")  # as a cherry-pick does, it takes something into the index
    assert commits()
    assert python.calls() == []


def test_post_commit_of_what_pre_commit_has_not_seen(ada: Clone, python: Interpreter) -> None:
    ada.install()
    ada.commit(REVISION)
    assert python.calls() == ["<hook> <pre-commit>"]
    ada.git("commit", "-q", "--allow-empty", "-m", "nothing")
    ada.commit("readme", "more\n")
    assert python.calls() == []
    ada.git("revert", "--no-edit", "HEAD~2")
    ada.git("cherry-pick", "HEAD~3")
    assert python.calls() == ["<hook> <post-commit>"] * 2
    ada.git("commit", "-q", "--allow-empty", "-m", "nothing")
    ada.commit("migrations/versions/c_third.py", "", LBACK_SKIP="1")
    assert python.calls() == []
    ada.git("format-patch", "-1", "-o", "..")
    (patch,) = ada.path.parent.glob("0001*")
    ada.git("reset", "-q", "--hard", "HEAD~")
    ada.git("am", "-q", str(patch))
    assert python.calls() == ["<hook> <post-applypatch>"]
    ada.git("checkout", "-q", "-b", "other", "HEAD~3")
    ada.commit("notes")
    python.calls()
    ada.git("rebase", "-q", "--apply", "main")
    assert not [call for call in python.calls() if "applypatch" in call or "commit" in call]


@pytest.mark.parametrize("how", ["fast-forward", "merge", "squash", "octopus"])
def test_post_merge(ada: Clone, bob: Clone, python: Interpreter, how: str) -> None:
    bob.commit(REVISION)
    bob.git("push", "-q", "origin", "main", "main:third")
    ada.install("post-merge")
    if how == "octopus":
        ada.git("fetch", "-q")
        ada.git("checkout", "-q", "-b", "side")
        ada.commit("side")
        ada.git("checkout", "-q", "main")
    if how != "fast-forward":
        ada.commit("mine")
    if how == "octopus":
        ada.git("merge", "-q", "--no-edit", "side", "origin/third")
    else:
        ada.git("pull", "-q", "--no-edit", *(["--squash"] if how == "squash" else []))
    assert python.calls() == [f"<hook> <post-merge> <{1 if how == 'squash' else 0}>"]
    assert "stand-in: post-merge" in ada.said


def test_post_merge_without_reflogs(ada: Clone, bob: Clone, python: Interpreter) -> None:
    ada.git("config", "core.logAllRefUpdates", "false")
    bob.commit(REVISION)
    bob.git("push", "-q")
    ada.install("post-merge")
    ada.git("pull", "-q")
    assert len(python.calls()) == 1


def test_post_rewrite_after_pull_with_rebase(ada: Clone, bob: Clone, python: Interpreter) -> None:
    bob.commit(REVISION)
    bob.git("push", "-q")
    ada.install()
    olds = [ada.commit("mine"), ada.commit("mine too")]
    ada.git("pull", "-q", "--rebase")
    news = ada.git("rev-list", "--reverse", "origin/main..").split()
    pairs = [f"{old} {new}" for old, new in zip(olds, news, strict=True)]
    assert python.calls() == ["\n  ".join(["<hook> <post-rewrite> <rebase>", *pairs])]


def test_post_rewrite_where_the_rebase_moved_orig_head(
    ada: Clone, bob: Clone, python: Interpreter
) -> None:
    bob.commit(REVISION)
    bob.git("push", "-q")
    ada.install("post-rewrite")
    ada.commit("mine")
    ada.git("fetch", "-q")
    ada.git("rebase", "-q", "-x", "git reset -q --hard", "origin/main")
    assert len(python.calls()) == 1


def test_post_rewrite_after_an_amend(ada: Clone, python: Interpreter) -> None:
    old = ada.commit(REVISION)
    ada.install("post-rewrite")
    ada.git("commit", "-q", "--amend", "-m", "words only")
    assert python.calls() == []
    old = ada.git("rev-parse", "HEAD")
    ada.write(REVISION, "revision = 'c'\n")
    ada.git("commit", "-qa", "--amend", "--no-edit")
    new = ada.git("rev-parse", "HEAD")
    assert python.calls() == [f"<hook> <post-rewrite> <amend>\n  {old} {new}"]


def test_hooks_are_quiet_inside_a_rebase(ada: Clone, bob: Clone, python: Interpreter) -> None:
    bob.commit(REVISION)
    bob.git("push", "-q")
    ada.commit("migrations/versions/c_third.py")
    ada.commit("app/models.py")
    ada.install("post-checkout", "post-rewrite")
    ada.git("fetch", "-q")
    reword = {"GIT_SEQUENCE_EDITOR": "sed -i s/^pick/reword/"}
    ada.git("rebase", "-q", "-i", "origin/main", **reword)
    calls = python.calls()
    assert len(calls) == 1
    assert calls[0].startswith("<hook> <post-rewrite> <rebase>")


def test_a_rebase_that_only_fast_forwards(ada: Clone, bob: Clone, python: Interpreter) -> None:
    old = ada.git("rev-parse", "HEAD")
    new = bob.commit(REVISION)
    bob.git("push", "-q")
    ada.install()
    ada.git("fetch", "-q")
    ada.git("rebase", "-q", "origin/main")
    assert python.calls() == [f"<hook> <post-checkout> <{old}> <{new}> <1>"]


def test_post_checkout_of_branches_only(ada: Clone, python: Interpreter) -> None:
    old = ada.git("rev-parse", "HEAD")
    ada.git("branch", "twin")
    ada.git("checkout", "-q", "-b", "feature")
    new = ada.commit(REVISION)
    ada.install("post-checkout")
    ada.git("checkout", "-q", "main")
    assert python.calls() == [f"<hook> <post-checkout> <{new}> <{old}> <1>"]
    ada.git("switch", "-q", "--detach", "feature")
    assert len(python.calls()) == 1
    ada.git("checkout", "-q", "feature")
    ada.git("checkout", "-q", "main", "--", "readme")
    ada.git("checkout", "-q", "-b", "new")
    ada.git("worktree", "add", "-q", str(ada.path.parent / "tree"), "main")
    assert python.calls() == []


def test_a_clone_with_the_shims_as_template(ada: Clone, python: Interpreter) -> None:
    ada.install()
    target, template = ada.path.parent / "copy", ada.path.parent / "template"
    shutil.copytree(ada.path / ".git/hooks", template / "hooks")
    bare = str(ada.path.parent / "origin.git")
    ada.git("clone", "-q", f"--template={template}", bare, str(target))
    assert (target / ".git/hooks/post-checkout").exists()
    assert python.calls() == []


def test_pre_push_reads_the_refs(ada: Clone, python: Interpreter) -> None:
    ada.install("pre-push")
    old = ada.git("rev-parse", "HEAD")
    new = ada.commit(REVISION)
    url = ada.git("remote", "get-url", "origin")
    ada.git("push", "-q")
    head = f"<hook> <pre-push> <origin> <{url}>"
    assert python.calls() == [f"{head}\n  refs/heads/main {new} refs/heads/main {old}"]
    ada.git("push", "-q", "origin", "main:again")
    assert python.calls() == []  # nothing that origin's main does not have
    ada.git("checkout", "-q", "-b", "feature")
    last = ada.commit("app/models.py")
    ada.git("push", "-q", "origin", "feature")
    assert python.calls() == [f"{head}\n  refs/heads/feature {last} refs/heads/feature {NULL}"]
    ada.git("push", "-q", "origin", "+main:feature")
    assert len(python.calls()) == 1
    ada.git("push", "-q", url, "main:elsewhere")  # no remote-tracking refs: ask lback
    assert len(python.calls()) == 1


def test_pre_push_of_a_commit_for_review(ada: Clone, python: Interpreter) -> None:
    ada.install("pre-push")
    new = ada.commit(REVISION)
    ada.git("push", "-q", "origin", "HEAD:refs/for/main%topic=b")
    assert python.calls()[0].endswith(f"\n  HEAD {new} refs/for/main%topic=b {NULL}")


def test_pre_push_of_very_many_branches(ada: Clone, python: Interpreter) -> None:
    for number in range(12):
        ada.git("branch", f"b{number}")
    ada.install("pre-push")
    ada.git("push", "-q", "--all")
    assert python.calls()[0].count("refs/heads/b") == 24


# --- what may stop git, and what may not


def test_only_a_finding_stops_a_commit(ada: Clone, python: Interpreter) -> None:
    ada.install()
    ada.write(REVISION)
    ada.git("add", REVISION)
    python.ends_with(10)
    assert ada.try_git("commit", "-qm", "stopped").returncode == 1
    ada.git("commit", "-qm", "passes", "--no-verify")
    assert ada.try_git("push", "-q").returncode == 1
    ada.git("push", "-q", "--no-verify")


@pytest.mark.parametrize("number", [1, 2, 3, 70, 126, 127, 137, 255])
def test_a_failure_never_stops_a_commit(ada: Clone, python: Interpreter, number: int) -> None:
    ada.install()
    python.ends_with(number)
    ada.commit(REVISION)
    lines = ada.try_git("commit", "-q", "--amend", "-m", "again").stderr.splitlines()
    complaints = [line for line in lines if line.startswith("lback:")]
    assert all("status" in line and "skipped" in line for line in complaints)
    ada.git("push", "-q")
    assert f"status {number}; pre-push skipped" in ada.said


@pytest.mark.parametrize("number", [1, 2, 10, 70])
def test_post_hooks_never_fail(ada: Clone, bob: Clone, python: Interpreter, number: int) -> None:
    bob.commit(REVISION)
    bob.git("push", "-q")
    ada.install()
    python.ends_with(number)
    ada.git("pull", "-q")
    ada.git("checkout", "-q", "-b", "old", "HEAD~1")
    assert len(python.calls()) == 2


def test_skipping(ada: Clone, python: Interpreter) -> None:
    ada.hook("pre-commit", "#!/bin/sh\necho original >&2\n")
    ada.install()
    python.ends_with(10)
    ada.commit(REVISION, LBACK_SKIP="1")
    assert "original" in ada.said or (ada.path / ".git/hooks/pre-commit.lback-kept").exists()
    assert python.calls() == []
    ada.write("app/models.py")
    ada.git("add", ".")
    assert ada.try_git("commit", "-qm", "x", LBACK_SKIP="0").returncode == 1


def real_python(folder: Path, home: Path, options: str = "-I -S") -> str:
    """Put a real interpreter in place that has lback in `home` alone."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    script = folder / "real-python"
    script.write_text(
        f'#!/bin/sh\na=$1 b=$2\nshift 3\nexec "{base}" {options} "$a" "$b" "{home}" "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def package(home: Path, main: str, start: str = "") -> None:
    (home / "lback/vcs").mkdir(parents=True)
    (home / "lback/__init__.py").write_text(start)
    (home / "lback/vcs/__init__.py").write_text("")
    (home / "lback/__main__.py").write_text(main)


@pytest.mark.parametrize(
    ("main", "start", "stops", "said"),
    [
        ("raise SystemExit(0)", "", False, ""),
        ("raise SystemExit(1)", "", True, ""),
        ("raise SystemExit(2)", "", False, "lback: ended with status 2; pre-commit skipped"),
        ("import os; os._exit(1)", "", False, "lback: ended with status 1"),
        ("import nothing_like_it", "", False, "lback: ModuleNotFoundError: No module named"),
        ("", "import nothing_like_it", False, "run 'lback hooks install' again"),
        ("def :", "", False, "lback: SyntaxError: invalid syntax"),
        ("raise RuntimeError('two\\nlines')", "", False, "lback: RuntimeError: two; hook skipped"),
        (
            "raise RuntimeError('a\\x1b[31m\\u202e')",
            "",
            False,
            "RuntimeError: a\\x1b[31m\\u202e; hook",
        ),
        ("import os; os.kill(os.getpid(), 9)", "", False, "status 137; pre-commit skipped"),
        ("raise KeyboardInterrupt", "", False, "status 130; pre-commit skipped"),
    ],
)
def test_a_broken_lback_is_one_line(
    ada: Clone, tmp_path: Path, main: str, start: str, stops: bool, said: str
) -> None:
    package(tmp_path / "other", main, start)
    ada.env["PATH"] = minimal_path(tmp_path)
    interpreter = real_python(tmp_path, tmp_path / "other")
    install(ada.place(), interpreter, WATCHED, names=["pre-commit"])
    ada.write(REVISION)
    ada.git("add", REVISION)
    done = ada.try_git("commit", "-qm", "x")
    assert done.returncode == (1 if stops else 0), done.stderr
    own = [line for line in done.stderr.splitlines() if "Killed" not in line]
    assert len(own) == (1 if said else 0), done.stderr
    assert said in done.stderr


def test_an_interpreter_that_cannot_start_is_no_finding(ada: Clone, tmp_path: Path) -> None:
    package(tmp_path / "other", "raise SystemExit(0)")
    interpreter = real_python(tmp_path, tmp_path / "other", "-S")
    install(ada.place(), interpreter, WATCHED, names=["pre-commit"])
    ada.write(REVISION)
    ada.git("add", REVISION)
    ada.git("commit", "-qm", "x", PYTHONHOME="/nowhere")
    assert "pre-commit skipped" in ada.said


def minimal_path(tmp_path: Path) -> str:
    """Return a PATH with git and the shell's bare needs, as graphical clients have."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name in ("git", "sh", "cat", "rm"):
        found = shutil.which(name)
        assert found
        if not (folder / name).exists():
            (folder / name).symlink_to(found)
    return str(folder)


def test_the_work_tree_is_never_imported(ada: Clone, tmp_path: Path) -> None:
    package(tmp_path / "other", "import types, runpy, json; raise SystemExit(0)")
    trap = "import sys; sys.stderr.write('TRAPPED')\n"
    for name in ("lback.py", "json.py", "runpy.py", "sitecustomize.py"):
        ada.write(name, trap)
    install(
        ada.place(), real_python(tmp_path, tmp_path / "other", "-S"), WATCHED, names=["pre-commit"]
    )
    ada.git("add", ".")
    ada.commit(REVISION)
    done = ada.try_git("commit", "-q", "--amend", "-m", "x")
    assert "TRAPPED" not in done.stderr
    assert "skipped" not in done.stderr


def test_a_gone_interpreter(ada: Clone, python: Interpreter, tmp_path: Path) -> None:
    ada.install()
    Path(python.path).unlink()
    ada.env["PATH"] = minimal_path(tmp_path)
    ada.commit(REVISION)
    ada.git("push", "-q")
    assert ada.said.splitlines() == [
        f"lback: not found with {python.path}; pre-push skipped; run 'lback hooks install' again"
    ]


def test_a_gone_interpreter_with_lback_on_the_path(ada: Clone, tmp_path: Path) -> None:
    install(ada.place(), "/nowhere/python", WATCHED, names=["pre-commit"])
    folder = Path(minimal_path(tmp_path))
    ada.env["PATH"] = str(folder)
    (folder / "lback").write_text('#!/bin/sh\n[ "$2" = --help ] || exit 1\n')
    (folder / "lback").chmod(0o755)
    ada.write(REVISION)
    ada.git("add", REVISION)
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    (folder / "lback").write_text("#!/bin/sh\necho another program; exit 1\n")
    ada.git("commit", "-qm", "x")
    assert "another program" not in ada.said


def test_a_gone_interpreter_with_python3_on_the_path(ada: Clone, tmp_path: Path) -> None:
    package(tmp_path / "other", "import sys; print('asked', sys.argv[1:]); sys.exit(1)")
    install(ada.place(), "/nowhere/python", WATCHED, names=["pre-commit"])
    folder = Path(minimal_path(tmp_path))
    ada.env["PATH"] = str(folder)
    Path(real_python(tmp_path, tmp_path / "other")).rename(folder / "python3")
    ada.write(REVISION)
    ada.git("add", REVISION)
    assert ada.try_git("commit", "-qm", "x").returncode == 1
    assert "asked ['hook', 'pre-commit']" in ada.said


# --- places


def test_a_linked_work_tree(ada: Clone, python: Interpreter) -> None:
    ada.install()
    tree = Clone(ada.path.parent / "linked", ada.env, python)
    ada.git("worktree", "add", "-q", "-b", "linked", str(tree.path))
    tree.commit(REVISION)
    assert python.calls() == ["<hook> <pre-commit>"]
    tree.git("checkout", "-q", "-b", "old", "HEAD~1")
    assert len(python.calls()) == 1
    tree.commit("unrelated")
    assert python.calls() == []
    assert tree.place().folder == ada.place().folder


def test_a_submodule(ada: Clone, bob: Clone, python: Interpreter) -> None:
    outer = Clone(ada.path.parent / "outer", ada.env, python)
    outer.path.mkdir()
    outer.git("init", "-q")
    outer.git("submodule", "--quiet", "add", ada.git("remote", "get-url", "origin"), "inner")
    outer.commit("readme")
    inner = Clone(outer.path / "inner", ada.env, python)
    inner.install()
    assert (outer.path / ".git/modules/inner/hooks/pre-commit").exists()
    inner.commit(REVISION)
    inner.commit("unrelated")
    assert python.calls() == ["<hook> <pre-commit>"]
    assert not (outer.path / ".git/hooks/pre-push").exists()


def test_a_project_with_odd_names(ada: Clone, python: Interpreter) -> None:
    folder = "it's [a] $HOME `x` *"
    watched = Watched((f"{folder}/versions",), ("app?/**/*.py",), ('a "b".ini',))
    install(find(Git(ada.path, ada.env)), python.path, watched)
    ada.commit("unrelated")
    assert python.calls() == []
    ada.commit(f"{folder}/versions/b.py")
    ada.commit("app1/deep/down/thing.py")
    ada.commit('a "b".ini')
    assert len(python.calls()) == 3
    ada.write(f"{folder}/versions/c.py")
    ada.commit("unrelated too")
    assert len(python.calls()) == 1


def test_folders_below_the_version_folder(ada: Clone, python: Interpreter) -> None:
    ada.write("migrations/versions/2024/old.py")
    ada.git("add", ".")
    ada.git("commit", "-qm", "x")
    ada.write("migrations/versions/2024/05/new.py")
    for recursive, expected in ((False, 0), (True, 1)):
        watched = Watched(WATCHED.folders, recursive=recursive)
        install(ada.place(), python.path, watched, names=["pre-commit"])
        ada.git("commit", "-q", "--allow-empty", "-m", "x")
        assert len(python.calls()) == expected


def test_other_settings_of_git_do_not_matter(ada: Clone, python: Interpreter) -> None:
    ada.install()
    for key, value in {
        "diff.external": "/bin/false",
        "diff.noprefix": "true",
        "diff.ignoreSubmodules": "all",
        "diff.relative": "true",
        "core.quotePath": "true",
    }.items():
        ada.git("config", key, value)
    ada.commit("unrelated", GIT_LITERAL_PATHSPECS="1", GIT_EXTERNAL_DIFF="/bin/false")
    assert python.calls() == []
    ada.commit(REVISION, GIT_LITERAL_PATHSPECS="1")
    assert len(python.calls()) == 1


def test_from_a_folder_below_the_top(ada: Clone, python: Interpreter) -> None:
    ada.write("deep/down/file")
    below = Clone(ada.path / "deep/down", ada.env, python)
    assert below.place() == ada.place()
    below.install()
    below.commit("file")
    assert python.calls() == []


# --- the text itself


@pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix", "busybox sh", "mksh"])
def test_in_every_shell(ada: Clone, bob: Clone, python: Interpreter, shell: str) -> None:
    program = shutil.which(shell.split(maxsplit=1)[0])
    if program is None:
        pytest.skip(f"{shell} is not installed")
    ada.install()
    for name in NAMES:
        path = ada.path / ".git/hooks" / name
        text = path.read_text()
        path.write_text(text.replace("#!/bin/sh", f"#!{' '.join([program, *shell.split()[1:]])}"))
    old = ada.git("rev-parse", "HEAD")
    ada.commit("unrelated")
    new = ada.commit(REVISION)
    ada.commit("more")
    ada.git("push", "-q")
    ada.git("checkout", "-q", "-b", "back", old)
    ada.write("x")
    ada.git("add", "x")
    ada.git("commit", "-qm", "x")
    ada.git("commit", "-q", "--amend", "-m", "y")
    ada.git("rebase", "-q", "main")
    ada.git("checkout", "-q", "back")
    ada.git("checkout", "-q", "-B", "side", old)
    ada.git("merge", "-q", "main")
    calls = [call.split("\n")[0].split("> <")[1].rstrip(">") for call in python.calls()]
    assert new
    assert calls == [
        "pre-commit",
        "pre-push",
        "post-checkout",
        "post-rewrite",
        "post-checkout",
        "post-merge",
    ]


def test_the_text_is_plain_sh_with_unix_line_ends(python: Interpreter) -> None:
    text = render("pre-commit", python.path, WATCHED)
    assert b"\r" not in text
    assert re.search(rb"@[A-Z]+@", text) is None
    assert text.startswith(b"#!/bin/sh\n# lback-hook 1 ")
    subprocess.run(["sh", "-n"], input=text, check=True)


def test_the_mark_tells_edits(python: Interpreter) -> None:
    text = render("pre-commit", python.path, WATCHED)
    mark = read_mark(text)
    assert mark is not None
    assert mark.intact
    edited = read_mark(text + b"echo more\n")
    assert edited is not None
    assert not edited.intact
    assert read_mark(b"#!/bin/sh\nexit 0\n") is None
    assert os.fsencode(python.path.replace("'", "'\\''")) in text


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_git_directory_elsewhere(ada: Clone, python: Interpreter, shell: str) -> None:
    apart = Clone(ada.path.parent / "apart", ada.env, python)
    apart.path.mkdir()
    apart.git("init", "-q", "--separate-git-dir", str(ada.path.parent / "kept.git"))
    apart.install()
    path = ada.path.parent / "kept.git/hooks/pre-commit"
    path.write_text(path.read_text().replace("/bin/sh", shell))
    apart.commit("readme")
    apart.git("commit", "-q", "--allow-empty", "-m", "x")
    assert apart.said == ""
    assert python.calls() == []
    apart.write(REVISION)
    apart.commit("notes")
    assert len(python.calls()) == 1
    bare = str(ada.path.parent / "kept.git")
    apart.git(f"--git-dir={bare}", f"--work-tree={apart.path}", "commit", "--allow-empty", "-qmx")
    assert len(python.calls()) == 1


def test_standard_input_that_never_ends(ada: Clone, python: Interpreter) -> None:
    ada.install()
    ada.write(REVISION)
    ada.git("add", REVISION)
    reader, writer = os.pipe()
    try:
        subprocess.run(
            [".git/hooks/pre-commit"], cwd=ada.path, stdin=reader, check=True, timeout=60
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert python.calls() == ["<hook> <pre-commit>"]


def test_the_output_of_push_stays_clean(ada: Clone, python: Interpreter) -> None:
    ada.install()
    ada.commit(REVISION)
    Path(python.path).write_text("#!/bin/sh\necho noise\n")
    done = ada.try_git("push", "--porcelain")
    assert "noise" not in done.stdout
    assert "noise" in done.stderr
