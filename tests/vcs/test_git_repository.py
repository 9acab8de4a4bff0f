"""What a repository is, in every situation that a clone can be in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lback.errors import HistoryMissing, LbackError, UsageError
from lback.vcs.committing import stage
from lback.vcs.discovery import discover
from lback.vcs.log import commits_of
from lback.vcs.remotes import is_certain, lost_head

FOLDERS = ("db/versions",)


def paths(entries):
    return [entry.path for entry in entries]


def test_no_repository_is_none(tmp_path):
    assert discover(tmp_path) is None


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(LbackError, match="There is no folder") as caught:
        discover(tmp_path / "x" / "y")
    assert caught.value.hint


def test_places_from_a_subfolder(box):
    found = discover(box.path / "db" / "versions")
    assert (found.root, found.git_dir) == (box.path, box.path / ".git")
    assert found.common_dir == box.path / ".git"
    assert not found.is_bare and not found.is_shallow and not found.is_partial
    assert found.folder_of(box.path / "db") == "db"
    assert found.folder_of(box.path) == ""
    assert found.folder_of(box.path.parent) is None


def test_file_as_start(box):
    assert discover(box.path / "db/versions/a1.py").root == box.path


def test_before_the_first_commit(empty):
    repository = empty.repository
    head = repository.head()
    assert (head.ref, head.name, head.commit) == ("refs/heads/main", "main", None)
    assert repository.upstream(None) is None
    assert repository.branches() == ()
    assert repository.entries("index", FOLDERS) == ()
    empty.write("db/versions/a.py", "x")
    assert paths(repository.entries("worktree", FOLDERS)) == ["db/versions/a.py"]
    assert repository.untracked(FOLDERS) == ("db/versions/a.py",)
    with pytest.raises(LbackError, match="no commit yet"):
        repository.entries("HEAD", FOLDERS)


def test_head_on_a_branch_and_detached(box):
    sha = box.git("rev-parse", "HEAD")
    box.git("checkout", "-q", "-b", "feature/ünïcode")
    assert box.repository.head().name == "feature/ünïcode"
    box.git("checkout", "-q", "--detach")
    head = box.repository.head()
    assert (head.ref, head.commit) == (None, sha)
    assert head.name == f"HEAD detached at {sha[:7]}"


@pytest.mark.parametrize(
    "name", ["index/x", "a'b", "x$(touch", "a&&b", "weird;rm", "ü", "@x", "a-b.c"]
)
def test_refs_with_unusual_names(box, name):
    box.git("branch", name)
    assert box.repository.commit(name) == box.git("rev-parse", "HEAD")
    assert len(box.repository.entries(name, FOLDERS)) == 2
    assert name in [branch.name for branch in box.repository.branches()]


def test_branch_that_looks_like_an_option(box):
    box.git("update-ref", "refs/heads/--output=x", "HEAD")
    repository = box.repository
    assert len(repository.entries("refs/heads/--output=x", FOLDERS)) == 2
    with pytest.raises(UsageError):
        repository.entries("--output=x", FOLDERS)
    assert not (box.path / "x").exists()


def test_unknown_ref_names_near_ones(box):
    box.git("branch", "feature-login")
    with pytest.raises(UsageError, match="'feature-logn'") as caught:
        box.repository.commit("feature-logn")
    assert "feature-login" in caught.value.hint
    with pytest.raises(UsageError, match="'nothing-like-it'"):
        box.repository.entries("nothing-like-it", FOLDERS)


@pytest.mark.parametrize("ref", ["", "-", "--all", "HEAD:db", "a..b", "HEAD\0", "\n"])
def test_what_is_no_commit(box, ref):
    with pytest.raises(UsageError):
        box.repository.commit(ref)


def test_bare(remote):
    repository = discover(remote.path)
    assert repository.root is None and repository.is_bare
    assert len(repository.entries("HEAD", FOLDERS)) == 2
    assert repository.file("HEAD", "db/versions/a1.py") == b'revision = "a1"\n'
    assert repository.in_progress() is None
    with pytest.raises(LbackError, match="bare"):
        repository.entries("worktree", FOLDERS)
    with pytest.raises(LbackError, match="bare"):
        repository.untracked(FOLDERS)


def test_linked_worktree(box, tmp_path):
    box.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked tree"))
    found = discover(tmp_path / "linked tree" / "db")
    assert found.root == tmp_path / "linked tree"
    assert found.git_dir == box.path / ".git/worktrees/linked-tree"
    assert found.common_dir == box.path / ".git"
    assert found.head().name == "other"


def test_submodule(box, remote):
    box.git("submodule", "--quiet", "add", str(remote.path), "lib/sub")
    found = discover(box.path / "lib/sub/db")
    assert found.root == box.path / "lib/sub"
    assert found.git_dir == box.path / ".git/modules/lib/sub"
    assert found.common_dir == found.git_dir
    box.commit("Add the submodule")
    assert paths(box.repository.entries("HEAD", [""])) == ["db/versions/a1.py", "db/versions/b2.py"]


def test_gitfile_that_points_nowhere(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(LbackError, match="not a git repository"):
        discover(tmp_path)


def test_refusal_for_ownership_tells_the_fix(box, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(LbackError, match="dubious ownership") as caught:
        discover(box.path)
    assert f"git config --global --add safe.directory {box.path}" in caught.value.hint


def test_safe_directory_from_the_environment_is_respected(box, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "*")
    assert len(box.repository.entries("HEAD", FOLDERS)) == 2


def test_without_git(box, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LbackError, match="git was not found"):
        discover(box.path)


def test_sha256(tmp_path, at):
    box = at(tmp_path)
    box.git("init", "-q", "--object-format=sha256")
    sha = box.commit("Add", a1="x = 1\n")
    repository = box.repository
    assert repository.algorithm == "sha256" and len(sha) == 64
    at_commit = repository.entries("HEAD", FOLDERS)
    assert at_commit == repository.entries("worktree", FOLDERS)
    assert at_commit == repository.entries("index", FOLDERS)
    assert repository.read("HEAD", at_commit) == {at_commit[0].blob: b"x = 1\n"}


@pytest.mark.parametrize(
    "folder", ["plain", "with space", "ünï/ço dé", "line\nbreak", 'quo"te', "*"]
)
def test_repository_in_an_odd_folder(template, tmp_path, folder):
    path = tmp_path / folder
    shutil.copytree(template, path)
    found = discover(path / "db")
    assert found.root == path
    assert found.git_dir == path / ".git"
    assert len(found.entries("HEAD", FOLDERS)) == 2
    assert found.entries("worktree", FOLDERS) == found.entries("index", FOLDERS)


def test_merge_base_and_counts(box):
    base = box.git("rev-parse", "HEAD")
    box.git("checkout", "-q", "-b", "feature")
    box.commit("Add c3", c3="x")
    box.git("checkout", "-q", "main")
    box.commit("Add d4", d4="x")
    box.commit("Add e5", e5="x")
    repository = box.repository
    assert repository.merge_base("main", "feature") == base
    assert repository.is_ancestor(base, "main") and not repository.is_ancestor("main", base)


def test_unrelated_histories_have_no_base(box):
    box.git("checkout", "-q", "--orphan", "alone")
    box.commit("Alone")
    assert box.repository.merge_base("main", "alone") is None


def test_shallow_clone_says_so(box, remote, tmp_path):
    box.git("checkout", "-q", "-b", "feature", "HEAD~1")
    box.commit("Add c3", c3="x")
    box.git("push", "-q", str(remote.path), "feature")
    shallow = remote.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch").repository
    assert shallow.is_shallow
    assert len(shallow.entries("HEAD", FOLDERS)) == 2
    with pytest.raises(HistoryMissing, match="shallow") as caught:
        shallow.merge_base("origin/main", "origin/feature")
    assert "fetch-depth: 0" in caught.value.hint


def test_partial_clone_fetches_nothing(remote, tmp_path, box):
    old = box.git("rev-parse", "HEAD")
    box.commit("Change b2", b2="changed\n")
    box.git("push", "-q", str(remote.path), "main")
    partial = remote.clone(tmp_path / "partial", "--filter=blob:none").repository
    assert partial.is_partial and not partial.is_shallow
    assert len(partial.read("HEAD", partial.entries("HEAD", FOLDERS))) == 2
    entries = partial.entries(old, FOLDERS)
    with pytest.raises(HistoryMissing) as caught:
        partial.read(old, entries)
    assert "partial clone" in caught.value.message
    with pytest.raises(HistoryMissing):
        partial.file(old, "db/versions/b2.py")
    assert partial.file(old, "db/versions/none.py") is None
    assert [change.status for change in partial.changes(old, "HEAD", FOLDERS)] == ["M"]


def test_partial_clone_without_trees(remote, tmp_path, box):
    old = box.git("rev-parse", "HEAD~1")
    partial = remote.clone(tmp_path / "partial", "--filter=tree:0").repository
    with pytest.raises(HistoryMissing):
        partial.entries(old, FOLDERS)


def test_missing_promisor_is_not_contacted(remote, tmp_path, box):
    old = box.git("rev-parse", "HEAD")
    box.commit("Change b2", b2="changed\n")
    box.git("push", "-q", str(remote.path), "main")
    partial = remote.clone(tmp_path / "partial", "--filter=blob:none")
    mark = tmp_path / "called"
    partial.git("config", "remote.origin.uploadpack", f"touch {mark};git-upload-pack")
    repository = partial.repository
    with pytest.raises(HistoryMissing):
        repository.read(old, repository.entries(old, FOLDERS))
    assert not mark.exists()
    partial.git("cat-file", "blob", f"{old}:db/versions/b2.py")
    assert mark.exists()


class TestSharedRef:
    def test_remote_head(self, clone):
        shared = clone.repository.upstream(None)
        assert (shared.name, shared.ref) == ("origin/main", "refs/remotes/origin/main")
        assert shared.publishes and shared.commit == clone.git("rev-parse", "origin/main")

    def test_remote_head_elsewhere(self, clone):
        clone.git("push", "-q", "origin", "HEAD:develop")
        clone.git("remote", "set-head", "origin", "develop")
        assert clone.repository.upstream(None).name == "origin/develop"

    def test_dangling_remote_head(self, clone):
        clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
        assert clone.repository.upstream(None).name == "origin/main"

    def test_head_of_the_remote_is_gone(self, clone):
        clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
        repository = clone.repository
        shared = repository.upstream(None)
        assert lost_head(repository, shared) == ("origin", "refs/remotes/origin/gone")
        clone.git("remote", "set-head", "origin", "main")
        repository = clone.repository
        assert lost_head(repository, repository.upstream(None)) is None

    @pytest.mark.parametrize("head", ["gone", None])
    def test_what_the_branch_follows_comes_before_the_usual_names(self, clone, head):
        if head is None:
            clone.git("remote", "set-head", "origin", "-d")
        else:
            clone.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{head}")
        clone.git("push", "-q", "origin", "HEAD:trunk")
        clone.git("checkout", "-q", "-b", "topic", "--track", "origin/trunk")
        assert clone.repository.upstream(None).name == "origin/trunk"
        clone.git("checkout", "-q", "-b", "other", "--no-track")
        assert clone.repository.upstream(None).name == "origin/main"
        clone.git("config", "branch.other.remote", ".")
        clone.git("config", "branch.other.merge", "refs/heads/main")
        assert clone.repository.upstream(None).name == "origin/main"

    def test_what_the_remote_has_of_the_branch_itself_says_nothing(self, clone):
        clone.git("remote", "set-head", "origin", "-d")
        clone.git("checkout", "-q", "-b", "topic")
        clone.git("push", "-q", "-u", "origin", "topic")
        shared = clone.repository.upstream(None)
        assert (shared.name, shared.own) == ("origin/main", False)
        clone.git("branch", "-m", "main", "trunk")
        clone.git("update-ref", "-d", "refs/remotes/origin/main")
        shared = clone.repository.upstream(None)
        assert (shared.name, shared.own) == ("origin/topic", True)
        assert not is_certain(clone.repository, shared)
        clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        assert is_certain(clone.repository, shared)

    def test_the_only_branch_of_the_remote(self, clone):
        clone.git("remote", "set-head", "origin", "-d")
        clone.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
        clone.git("update-ref", "-d", "refs/remotes/origin/main")
        assert clone.repository.upstream(None).name == "origin/trunk"
        clone.git("update-ref", "refs/remotes/origin/other", "HEAD")
        assert clone.repository.upstream(None).name == "main"

    def test_master(self, clone):
        clone.git("remote", "set-head", "origin", "-d")
        clone.git("update-ref", "refs/remotes/origin/master", "HEAD")
        clone.git("update-ref", "-d", "refs/remotes/origin/main")
        assert clone.repository.upstream(None).name == "origin/master"

    def test_only_remote_has_another_name(self, remote, tmp_path):
        clone = remote.clone(tmp_path / "c", "--origin=company")
        assert clone.repository.upstream(None).name == "company/main"

    def test_no_remote_publishes_nothing(self, box):
        shared = box.repository.upstream(None)
        assert (shared.name, shared.publishes) == ("main", False)

    def test_configured_by_hand_publishes(self, box):
        box.git("branch", "release")
        shared = box.repository.upstream("release")
        assert (shared.ref, shared.publishes) == ("refs/heads/release", True)

    @pytest.mark.parametrize("name", ["origin/main", "refs/remotes/origin/main", "origin"])
    def test_configured_remote(self, clone, name):
        assert clone.repository.upstream(name).ref == "refs/remotes/origin/main"

    def test_configured_tag_and_commit(self, box):
        sha = box.git("rev-parse", "HEAD")
        box.git("tag", "-a", "-m", "x", "v1")
        assert box.repository.upstream("v1").commit == sha
        assert box.repository.upstream(sha).commit == sha

    def test_configured_but_not_fetched(self, clone):
        with pytest.raises(HistoryMissing, match="origin/release") as caught:
            clone.repository.upstream("origin/release")
        assert "origin/main" in caught.value.hint  # whether the remote has that is not known
        assert "git fetch origin '+refs/heads/*:refs/remotes/origin/*'" in caught.value.hint
        clone.git("remote", "rename", "origin", "old")
        clone.git("remote", "add", "origin", "/nowhere")
        with pytest.raises(HistoryMissing) as caught:
            clone.repository.upstream("origin/release")
        assert "git fetch origin release:refs/remotes/origin/release" in caught.value.hint

    def test_configured_with_a_slip(self, box):
        with pytest.raises(UsageError) as caught:
            box.repository.upstream("mian")
        assert "main" in caught.value.hint


def test_branches(clone):
    clone.git("checkout", "-q", "-b", "feature")
    clone.commit("Add c3", c3="x")
    found = {branch.name: branch for branch in clone.repository.branches()}
    assert set(found) == {"feature", "main", "origin/main"}
    assert found["feature"].author == "Ben" and found["feature"].current
    assert found["origin/main"].remote and not found["main"].remote
    assert found["feature"].date.startswith("2024-05-01T10:")


def test_pushed_and_unpushed(clone):
    clone.git("checkout", "-q", "-b", "feature")
    sha = clone.commit("Add c3", c3="x")
    repository = clone.repository
    every = ("db/versions/a1.py", "db/versions/c3.py")
    assert repository.pushed(every) == {"db/versions/a1.py"}
    assert repository.is_pushed("origin/main") and not repository.is_pushed(sha)
    clone.git("push", "-q", "origin", "feature")
    assert repository.pushed(every) == set(every)
    assert repository.is_pushed(sha)


def test_changes_follow_renames(box):
    box.write("db/versions/long.py", "".join(f"line {n}\n" for n in range(50)))
    old = box.commit("Add long")
    box.git("mv", "db/versions/long.py", "db/versions/renamed ü.py")
    box.git("rm", "-q", "db/versions/a1.py")
    box.write("db/versions/b2.py", "changed\n")
    box.write("db/notes.txt", "not Python")
    box.commit("Change much", c3="new\n")
    found = {(c.status, c.path, c.old_path) for c in box.repository.changes(old, "HEAD", ["db"])}
    assert found == {
        ("R", "db/versions/renamed ü.py", "db/versions/long.py"),
        ("D", "db/versions/a1.py", None),
        ("M", "db/versions/b2.py", None),
        ("A", "db/versions/c3.py", None),
    }
    assert box.repository.changes(old, "HEAD", []) == ()


class TestWorkTree:
    def test_untracked_ignored_unstaged(self, box):
        box.write(".gitignore", "*_tmp.py\n")
        box.write("db/versions/c_tmp.py")
        box.write("db/versions/neu ü.py")
        box.write("db/versions/a1.py", "edited")
        (box.path / "db/versions/b2.py").unlink()
        box.write("elsewhere/x.py")
        repository = box.repository
        assert repository.untracked(FOLDERS) == ("db/versions/neu ü.py",)
        assert repository.ignored(FOLDERS) == ("db/versions/c_tmp.py",)
        assert repository.unstaged(FOLDERS) == ("db/versions/a1.py", "db/versions/b2.py")
        rules = repository.ignore_rules(["db/versions/c_tmp.py", "db/versions/a1.py"])
        assert rules == {"db/versions/c_tmp.py": ".gitignore:1: *_tmp.py"}

    def test_touched_is_not_unstaged(self, box):
        (box.path / "db/versions/a1.py").touch()
        assert box.repository.unstaged(FOLDERS) == ()

    def test_ignored_folder(self, box):
        box.write(".gitignore", "gen/\n")
        box.write("gen/x.py")
        assert box.repository.ignored(["gen"]) == ("gen/x.py",)

    def test_stage(self, box):
        box.write("db/versions/[c] 3.py", "x\n")
        box.write("db/versions/c.py", "other\n")
        repository = box.repository
        stage(repository, ["db/versions/[c] 3.py"])
        assert box.git("diff", "--cached", "--name-only") == "db/versions/[c] 3.py"
        assert repository.untracked(FOLDERS) == ("db/versions/c.py",)
        stage(repository, [])

    def test_stage_a_removal(self, box):
        (box.path / "db/versions/b2.py").unlink()
        stage(box.repository, ["db/versions/b2.py"])
        assert paths(box.repository.entries("index", FOLDERS)) == ["db/versions/a1.py"]

    def test_stage_ignored_only_when_asked(self, box):
        box.write(".gitignore", "c3.py\n")
        box.write("db/versions/c3.py")
        with pytest.raises(LbackError, match=r"c3\.py is ignored by git \(\.gitignore:1") as caught:
            stage(box.repository, ["db/versions/c3.py"])
        assert "--force" in caught.value.hint
        stage(box.repository, ["db/versions/c3.py"], force=True)
        assert len(box.repository.entries("index", FOLDERS)) == 3

    def test_index_that_is_locked(self, box):
        (box.path / ".git/index.lock").touch()
        with pytest.raises(LbackError, match=r"index\.lock") as caught:
            stage(box.repository, ["db/versions/a1.py"])
        assert "Another git command" in caught.value.hint


class TestInProgress:
    def test_merge(self, box):
        self._diverge(box)
        box.git("merge", "feature", check=False)
        assert box.repository.in_progress() == "merge"
        stages = [(e.path, e.stage) for e in box.repository.entries("index", FOLDERS)]
        assert [stage for path, stage in stages if path.endswith("b2.py")] == [1, 2, 3]
        box.git("merge", "--abort")
        assert box.repository.in_progress() is None

    def test_rebase(self, box):
        self._diverge(box)
        box.git("rebase", "feature", check=False)
        assert box.repository.in_progress() == "rebase"

    def test_cherry_pick(self, box):
        self._diverge(box)
        box.git("cherry-pick", "feature", check=False)
        assert box.repository.in_progress() == "cherry-pick"

    def test_revert(self, box):
        self._diverge(box)
        box.commit("More", b2="more")
        box.git("revert", "HEAD~1", check=False)
        assert box.repository.in_progress() == "revert"

    @staticmethod
    def _diverge(box):
        box.git("checkout", "-q", "-b", "feature")
        box.commit("Theirs", b2="theirs")
        box.git("checkout", "-q", "main")
        box.commit("Ours", b2="ours")


def test_configuration_that_would_meddle(box, tmp_path):
    mark = tmp_path / "ran"
    script = f"!touch {mark}"
    for name, value in {
        "core.pager": f"touch {mark}; cat",
        "pager.log": "true",
        "core.fsmonitor": f"touch {mark}",
        "diff.external": f"touch {mark}",
        "diff.py.textconv": f"touch {mark};cat",
        "diff.orderFile": "/nowhere",
        "color.ui": "always",
        "color.diff": "always",
        "log.showSignature": "true",
        "diff.noprefix": "true",
        "diff.renames": "false",
        "core.quotePath": "true",
        "status.relativePaths": "false",
        "alias.log": script,
        "log.showRoot": "false",
    }.items():
        box.git("config", name, value)
    box.write(".gitattributes", "*.py diff=py\n")
    box.write("db/versions/ü.py", "x")
    repository = box.repository
    assert repository.untracked(FOLDERS) == ("db/versions/ü.py",)
    assert repository.unstaged(FOLDERS) == ()
    assert len(repository.entries("index", FOLDERS)) == 2
    assert len(repository.entries("HEAD", FOLDERS)) == 2
    assert repository.changes("HEAD~1", "HEAD", FOLDERS)[0].path == "db/versions/b2.py"
    assert not mark.exists()


def test_files_by_path(box):
    box.write("pyproject.toml", "[x]\n")
    box.git("add", "pyproject.toml")
    box.write("pyproject.toml", "[y]\n")
    repository = box.repository
    assert repository.file("worktree", "pyproject.toml") == b"[y]\n"
    assert repository.file("index", "pyproject.toml") == b"[x]\n"
    assert repository.file("HEAD", "pyproject.toml") is None
    assert repository.file("HEAD", "db") is None
    assert repository.files("HEAD", ["db/versions/a1.py", "nope"]) == {
        "db/versions/a1.py": b'revision = "a1"\n'
    }
    with pytest.raises(UsageError):
        repository.file("nowhere", "x")


def test_import_is_light():
    import subprocess
    import sys

    code = (
        "import sys, lback.vcs.repository; "
        "print([m for m in ('git', 'alembic', 'sqlalchemy', 'click', 'sqlglot', 'json', 'tempfile')"
        " if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["nowhere", "-x", "a..b", ""])
def test_unknown_names_everywhere(box, name):
    repository = box.repository
    for ask in (
        lambda: repository.merge_base("HEAD", name),
        lambda: repository.is_ancestor(name, "HEAD"),
        lambda: repository.changes(name, "HEAD", FOLDERS),
        lambda: repository.entries(name, FOLDERS),
        lambda: repository.files(name, ["x"]),
        lambda: commits_of(repository, ["x"], name),
    ):
        with pytest.raises(UsageError, match="git knows no commit named"):
            ask()


def test_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(LbackError, match="is gone"):
        discover(Path())
