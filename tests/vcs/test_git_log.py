"""Who brought a file, who edited it, and where a lost one can still be found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lback.errors import HistoryMissing
from lback.vcs.log import co_authors, commits_of, histories
from lback.vcs.refs import refs_with
from lback.vcs.walk import find_in_history

A1 = "db/versions/a1.py"
B2 = "db/versions/b2.py"
FOLDERS = ("db/versions",)


def revision(name, body="pass", parent="None"):
    filler = "\n".join(f"# line {number}" for number in range(10))
    return f'"""{name}"""\nrevision = "{name}"\ndown_revision = {parent}\n{filler}\n{body}\n'


def subjects(history):
    return [commit.subject for commit in history.edits]


def test_each_file_has_its_commit(box):
    found = commits_of(box.repository, [A1, B2, "db/versions/none.py"])
    assert {path: commit.subject for path, commit in found.items()} == {
        A1: "Add a1",
        B2: "Add b2",
    }
    commit = found[B2]
    assert commit.sha == box.git("rev-parse", "HEAD")
    assert (commit.author, commit.email) == ("Ana", "ana@example.org")
    assert commit.date.startswith("2024-05-01T10:") and commit.date.endswith("+02:00")


def test_no_commit_yet(empty):
    assert commits_of(empty.repository, [A1]) == {}
    assert commits_of(empty.repository, []) == {}


def test_edits_are_not_who_brought(box):
    box.commit("Edit a1", a1="edited")
    box.commit("Other", c3="x")
    box.commit("Edit a1 again", a1="edited again")
    history = histories(box.repository, [A1])[A1]
    assert history.brought.subject == "Add a1"
    assert subjects(history) == ["Edit a1 again", "Edit a1"]


def test_at_an_older_commit(box):
    box.commit("Edit a1", a1="edited")
    history = histories(box.repository, [A1, B2], "HEAD~2")
    assert list(history) == [A1] and history[A1].edits == ()


def test_follows_renames_and_folder_moves(box):
    box.commit("Add c3", c3=revision("c3"))
    box.git("mv", "db/versions/c3.py", "db/versions/c3_named.py")
    box.commit("Rename")
    box.git("mv", "db", "migrations")
    box.commit("Move the folder")
    path = "migrations/versions/c3_named.py"
    box.write(path, revision("c3", "edited"))
    box.commit("Edit")
    found = histories(box.repository, [path, "migrations/versions/a1.py"])
    assert found[path].brought.subject == "Add c3"
    assert subjects(found[path]) == ["Edit"]
    assert found[path].names == (path, "db/versions/c3_named.py", "db/versions/c3.py")
    assert found["migrations/versions/a1.py"].brought.subject == "Add a1"


def test_rename_with_an_edit(box):
    box.commit("Add c3", c3=revision("c3"))
    box.git("mv", "db/versions/c3.py", "db/versions/other_name.py")
    box.write("db/versions/other_name.py", revision("c3", parent="'b2'"))
    box.commit("Rename and re-parent")
    history = histories(box.repository, ["db/versions/other_name.py"])
    history = history["db/versions/other_name.py"]
    assert history.brought.subject == "Add c3" and subjects(history) == ["Rename and re-parent"]


def test_generated_anew_is_not_a_rename(box):
    box.commit("Add c3", c3=revision("c3"))
    box.git("rm", "-q", "db/versions/c3.py")
    box.commit("Generate anew", d4=revision("d4"))
    assert "R" in box.git("diff", "-M", "--name-status", "HEAD~1", "HEAD")
    found = commits_of(box.repository, ["db/versions/d4.py"])
    assert found["db/versions/d4.py"].subject == "Generate anew"


def test_deleted_and_added_again(box):
    box.git("rm", "-q", A1)
    box.commit("Remove")
    box.commit("Again", a1="x")
    assert commits_of(box.repository, [A1])[A1].subject == "Again"


def test_merge_that_adds_a_file_itself(box):
    box.git("checkout", "-q", "-b", "feature")
    box.commit("Theirs", c3="x")
    box.git("checkout", "-q", "main")
    box.commit("Ours", d4="x")
    box.git("merge", "-q", "--no-commit", "feature")
    box.commit("Merge feature", m5="merge revision")
    names = [f"db/versions/{name}.py" for name in ("c3", "d4", "m5")]
    found = commits_of(box.repository, names)
    assert [found[name].subject for name in names] == ["Theirs", "Ours", "Merge feature"]


def test_squash_merge_is_the_one_who_squashed(box):
    box.git("checkout", "-q", "-b", "feature")
    box.commit("Draft", c3="x")
    box.git("checkout", "-q", "main")
    box.git("merge", "-q", "--squash", "feature")
    box.commit("Add c3 (#12)\n\nCo-authored-by: Ben <ben@example.org>")
    commit = commits_of(box.repository, ["db/versions/c3.py"])["db/versions/c3.py"]
    assert commit.subject == "Add c3 (#12)"
    assert co_authors(box.repository, [commit.sha])[commit.sha] == ("Ben",)


def test_mailmap(box):
    box.write(".mailmap", "Ana María <ana@example.org>\n")
    assert commits_of(box.repository, [A1])[A1].author == "Ana María"


def test_odd_paths_and_people(box):
    box.name = "Zoë Ñ"
    path = "db/versions/ü [x] *.py"
    box.write(path, "x")
    box.commit("Ünïcode 日本")
    commit = commits_of(box.repository, [path])[path]
    assert (commit.author, commit.subject) == ("Zoë Ñ", "Ünïcode 日本")


def test_empty_subject(box):
    box.write("db/versions/c3.py", "x")
    box.git("add", "-A")
    box.git("commit", "-q", "--allow-empty-message", "-m", "")
    assert commits_of(box.repository, ["db/versions/c3.py"])["db/versions/c3.py"].subject == ""


def test_edge_of_a_shallow_clone_brought_nothing(box, remote, tmp_path):
    box.commit("Add c3", c3="x")
    box.git("push", "-q", str(remote.path), "main")
    shallow = remote.clone(tmp_path / "shallow", "--depth=2").repository
    found = commits_of(shallow, [A1, B2, "db/versions/c3.py"])
    assert {path: commit.subject for path, commit in found.items()} == {
        "db/versions/c3.py": "Add c3"
    }


def test_partial_clone(box, remote, tmp_path):
    box.git("mv", A1, "db/versions/renamed.py")
    box.commit("Rename")
    box.git("push", "-q", str(remote.path), "main")
    partial = remote.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout").repository
    found = commits_of(partial, ["db/versions/renamed.py"])
    assert found["db/versions/renamed.py"].subject == "Add a1"


def test_many_files_in_one_go(box):
    names = {f"r{number:03d}": f"text {number}" for number in range(150)}
    box.commit("Add many", **names)
    found = commits_of(box.repository, [f"db/versions/{name}.py" for name in names])
    assert len(found) == 150 and {c.subject for c in found.values()} == {"Add many"}


def test_all_the_people_of_commits(box):
    message = (
        "Subject\n\nBody.\n\nCo-authored-by: Ben B <ben@example.org>\n"
        "Co-authored-by: Zoë <zoe@example.org>"
    )
    sha = box.commit(message)
    assert co_authors(box.repository, [sha]) == {sha: ("Ben B", "Zoë")}
    assert co_authors(box.repository, []) == {}


def test_people_inside_a_hook_of_another_repository(box, empty, monkeypatch):
    sha = box.commit("Subject\n\nCo-authored-by: Ben <ben@example.org>")
    monkeypatch.setenv("GIT_DIR", str(empty.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(empty.path / ".git/index"))
    assert co_authors(box.repository, [sha])[sha] == ("Ben",)


def test_refs_with(clone):
    assert refs_with(clone.repository.git, "HEAD") == ("main", "origin/HEAD", "origin/main")


def test_hot_path_needs_no_gitpython(box):
    code = (
        "import sys\nfrom pathlib import Path\nfrom lback.vcs.discovery import discover\n"
        "from lback.vcs.log import commits_of\n"
        f"print(len(commits_of(discover(Path({str(box.path)!r})), [{A1!r}])))\n"
        "print('git' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert out.stdout.split() == ["1", "False"]


class TestRescue:
    @staticmethod
    def find(box, name, folders=FOLDERS):
        def accept(path, text):
            return f'\nrevision = "{name}"\n'.encode() in text

        return find_in_history(box.repository, name, accept, folders)

    @staticmethod
    def lost(box, name="beef01", path=None):
        box.write(path or f"db/versions/{name}_x.py", revision(name))
        return box.commit(f"Add {name}")

    def test_other_branch(self, box):
        box.git("checkout", "-q", "-b", "feature")
        sha = self.lost(box)
        box.git("checkout", "-q", "main")
        [found] = self.find(box, "beef01")
        assert (found.path, found.commit.sha) == ("db/versions/beef01_x.py", sha)
        assert found.text == revision("beef01").encode() and found.refs == ("feature",)

    def test_deleted_branch(self, box):
        box.git("checkout", "-q", "-b", "feature")
        self.lost(box)
        box.git("checkout", "-q", "main")
        box.git("branch", "-q", "-D", "feature")
        [found] = self.find(box, "beef01")
        assert found.refs == ()

    def test_amended_away(self, box):
        self.lost(box)
        box.git("rm", "-q", "db/versions/beef01_x.py")
        box.git("commit", "-q", "--amend", "--allow-empty", "-m", "Nothing")
        assert len(self.find(box, "beef01")) == 1

    @pytest.mark.parametrize("untracked", [True, False])
    def test_stash(self, box, untracked):
        for name in ("beef01", "beef02"):
            box.write(f"db/versions/{name}_x.py", revision(name))
            if not untracked:
                box.git("add", "-A")
            box.git("stash", "-q", "--include-untracked")
        assert len(self.find(box, "beef01")) == 1
        assert "refs/stash" in self.find(box, "beef02")[0].refs

    def test_edited_in_a_stash(self, box):
        box.write(B2, revision("beef01"))
        box.git("stash", "-q")
        assert [found.path for found in self.find(box, "beef01")] == [B2]

    def test_deleted_before_its_branch_was_merged(self, box):
        box.git("checkout", "-q", "-b", "feature")
        self.lost(box)
        box.git("rm", "-q", "db/versions/beef01_x.py")
        box.commit("Remove it")
        box.git("checkout", "-q", "main")
        box.commit("Meanwhile", c3="x")
        box.git("merge", "-q", "--no-edit", "feature")
        box.git("branch", "-q", "-D", "feature")
        box.git("reflog", "expire", "--expire=all", "--all")
        assert len(self.find(box, "beef01")) == 1

    def test_name_without_the_id_and_another_folder(self, box):
        self.lost(box, path="old/migrations/0007_add.py")
        box.git("rm", "-q", "-r", "old")
        box.commit("Remove")
        [found] = self.find(box, "beef01")
        assert found.path == "old/migrations/0007_add.py"

    def test_parents_do_not_count(self, box):
        box.commit("Child", c3=revision("c3", parent='"beef01"'))
        assert self.find(box, "beef01") == ()

    def test_several_versions_newest_first(self, box):
        self.lost(box)
        box.write("db/versions/beef01_x.py", revision("beef01", "second"))
        box.commit("Second")
        found = self.find(box, "beef01")
        assert [item.commit.subject for item in found] == ["Second", "Add beef01"]

    @pytest.mark.parametrize("name", ["-p", "*", "a[b]*", "--all", "ü ñ", "x'y", "\\", ":(glob)x"])
    def test_odd_ids(self, box, name):
        box.commit("Add", c3=revision(name.replace("\\", "\\\\")))
        box.git("rm", "-q", "db/versions/c3.py")
        box.commit("Remove")
        needle = name.replace("\\", "\\\\")
        found = find_in_history(
            box.repository, needle, lambda path, text: needle.encode() in text, FOLDERS
        )
        assert "db/versions/c3.py" in [item.path for item in found]

    def test_nothing_to_find(self, box, empty):
        assert self.find(box, "beef01") == ()
        assert self.find(empty, "beef01") == ()
        assert find_in_history(box.repository, "", lambda *_: True) == ()


def test_a_merge_may_carry_a_file_into_a_moved_folder(box):
    box.git("checkout", "-q", "-b", "side")
    box.commit("Add c3", c3=revision("c3"))
    box.git("checkout", "-q", "main")
    box.git("mv", "db", "schema")
    box.git("commit", "-q", "-m", "Move the migrations")
    box.git("merge", "-q", "side", check=False)  # stops, and asks where the file should be
    box.git("add", "-A")
    box.git("commit", "-q", "-m", "Merge side")
    past = histories(box.repository, ["schema/versions/c3.py"])["schema/versions/c3.py"]
    assert past.brought.subject == "Add c3"
    assert past.names == ("schema/versions/c3.py", "db/versions/c3.py")


def test_who_picked_a_commit_is_known_beside_who_wrote_it(box):
    box.git("checkout", "-q", "-b", "side")
    box.commit("Add c3", c3=revision("c3"))
    box.git("checkout", "-q", "main")
    box.git("cherry-pick", "side", GIT_COMMITTER_NAME="Bob", GIT_COMMITTER_EMAIL="bob@example.org")
    found = commits_of(box.repository, ["db/versions/c3.py"])["db/versions/c3.py"]
    assert (found.author, found.committer) == ("Ana", "Bob")


def lose(box, name):
    """Take one object away, as a clone that was damaged or filtered has it."""
    blob = box.git("rev-parse", name)
    (box.path / ".git/objects" / blob[:2] / blob[2:]).unlink()


@pytest.fixture
def moved(box):
    """Return a repository whose files were edited, and moved to another folder, beside others."""
    box.write("docs/deep/page.txt", "1")
    box.commit("Edit a1", a1="edited")
    box.write("docs/deep/page.txt", "2")
    box.commit("Add c3", c3=revision("c3"))
    box.git("mv", "db/versions", "migrations")
    box.git("commit", "-q", "-m", "Move")
    box.write("docs/deep/page.txt", "3")
    box.git("commit", "-q", "-a", "-m", "Docs")
    return box


def test_what_lacks_in_another_folder_is_no_matter(moved):
    paths = [f"migrations/{name}.py" for name in ("a1", "b2", "c3")]
    whole = histories(moved.repository, paths)
    assert [whole[path].brought.subject for path in paths] == ["Add a1", "Add b2", "Add c3"]
    for name in ("HEAD:docs/deep/page.txt", "HEAD~3:docs/deep", "HEAD:docs"):
        lose(moved, name)
        assert histories(moved.repository, paths) == whole, name
        assert histories(moved.repository, paths, whole=name.endswith(".txt")) == whole
    with pytest.raises(HistoryMissing):
        histories(moved.repository, paths, whole=True)


def test_beyond_a_commit_that_lacks_nothing_is_known(moved):
    lose(moved, "HEAD~5")  # the first one
    found = histories(moved.repository, [f"migrations/{name}.py" for name in ("a1", "b2", "c3")])
    assert found["migrations/a1.py"].brought is None
    assert subjects(found["migrations/a1.py"]) == ["Edit a1"]
    assert found["migrations/c3.py"].brought.subject == "Add c3"
