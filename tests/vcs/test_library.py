"""GitPython gets what all other children of ours get, and its errors leave in git's words."""

from __future__ import annotations

import os

import pytest

from lback.errors import LbackError
from lback.vcs import library
from lback.vcs.committing import stage
from lback.vcs.configuration import forget, record, recorded
from lback.vcs.fetching import fetch_all


def test_children_inherit_nothing_of_a_hook(box, empty, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(empty.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(empty.path / ".git/index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    before = dict(os.environ)
    with library.opened(box.repository) as repo:
        assert library.run(repo, "rev-parse", "--absolute-git-dir").strip() == os.fsencode(
            box.path / ".git"
        )
        assert "GIT_EXTERNAL_DIFF" not in os.environ
        assert os.environ["GIT_NO_LAZY_FETCH"] == "1"
    assert dict(os.environ) == before


def test_the_same_index_as_the_hook(box, monkeypatch):
    box.git("read-tree", "HEAD", "--index-output=.git/other")
    monkeypatch.setenv("GIT_INDEX_FILE", str(box.path / ".git/other"))
    box.write("db/versions/c3.py", "c")
    stage(box.repository, ["db/versions/c3.py"])
    assert "c3.py" in box.git("ls-files")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert "c3.py" not in box.git("ls-files")


def test_a_work_tree_of_its_own(box, tmp_path, at):
    box.git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    second = at(tmp_path / "second")
    second.write("db/versions/c3.py", "c")
    stage(second.repository, ["db/versions/c3.py"])
    assert "c3.py" in second.git("ls-files")
    assert "c3.py" not in box.git("ls-files")


def test_no_option_of_git_is_left_out(box):
    with library.opened(box.repository) as repo:
        assert library.run(repo, "config", "core.fsmonitor") == b"false\n"
        assert library.run(repo, "config", "core.quotePath") == b"false\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda repo: library.run(repo, "rev-parse", "--verify", "nothing"),
        lambda repo: repo.git.rev_parse("nothing", verify=True),
    ],
)
def test_git_words_are_kept(box, wrong):
    with pytest.raises(LbackError, match="git rev-parse: Needed a single revision"):  # noqa: SIM117
        with library.opened(box.repository) as repo:
            wrong(repo)


def test_an_error_of_the_library_alone(box):
    with pytest.raises(LbackError, match="GitPython could not read") as caught:  # noqa: SIM117
        with library.opened(box.repository) as repo:
            repo.commit("nothing")
    assert "git fsck" in caught.value.hint


def test_fetching_tells_each_step(clone, remote, tmp_path):
    other = tmp_path / "other"
    clone.git("clone", "-q", str(remote.path), str(other))
    clone.git("-C", str(other), "commit", "-q", "--allow-empty", "-m", "More")
    clone.git("-C", str(other), "push", "-q", "origin", "HEAD:more")
    said: list[str] = []
    fetch_all(clone.repository, said.append)
    assert "refs/remotes/origin/more" in clone.repository.remote_refs()
    assert any("objects: 100%" in line for line in said)
    clone.git("remote", "set-url", "origin", str(tmp_path / "gone"))
    with pytest.raises(LbackError, match=r"git fetch: .*gone"):
        fetch_all(clone.repository, said.append)


def test_folders_of_hooks_and_the_comments_of_a_person(box):
    config = box.path / ".git/config"
    config.write_text(config.read_text() + "# mine\n")
    folders = ("a#b", " c", 'd"e', "ü")
    for folder in (*folders, *folders):
        record(box.repository, folder)
    assert recorded(box.repository.git) == folders
    forget(box.repository, folders[:1])
    assert recorded(box.repository.git) == folders[1:]
    forget(box.repository, folders)
    assert recorded(box.repository.git) == ()
    assert "[lback]" not in config.read_text()
    assert "# mine" in config.read_text()
