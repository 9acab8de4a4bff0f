"""The merged view is git's own, but for files that git has to look into."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core.source import Entry
from lback.vcs.merged_view import Merged, merge_entries, three_way
from lback.vcs.repository import Repository

FOLDERS = ("db/versions",)
LINES = [f"line {number}" for number in range(20)]


def merged_view(repository: Repository, ours: str, theirs: str, folders: tuple[str, ...]) -> Merged:
    """Merge the files below folders; "worktree" and "index" have HEAD's history."""
    tip = "HEAD" if ours in ("worktree", "index") else ours
    base = repository.merge_base(tip, theirs)
    sides = [repository.entries(at, folders) for at in (base, ours, theirs)]
    return merge_entries(repository, base, *sides, at=ours, tips=(tip, theirs))


def tree(**blobs):
    return [Entry(f"{path}.py", blob) for path, blob in blobs.items()]


def names(entries):
    return {entry.path.removesuffix(".py"): entry.blob for entry in entries}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({}, {"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
        ({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "2"}),
        ({"a": "1"}, {"a": "2"}, {"a": "1"}, {"a": "2"}),
        ({"a": "1"}, {"a": "2"}, {"a": "2"}, {"a": "2"}),
        ({"a": "1"}, {}, {"a": "1"}, {}),
        ({"a": "1"}, {}, {}, {}),
        ({"a": "1"}, {"b": "1"}, {"a": "2"}, {"b": "2"}),
        ({"a": "1"}, {"a": "2"}, {"b": "1"}, {"b": "2"}),
        ({"a": "1"}, {"b": "1"}, {"b": "1"}, {"b": "1"}),
        ({}, {"a": "1"}, {"a": "1"}, {"a": "1"}),
        ({"x/a": "1", "x/b": "1"}, {"y/a": "1", "y/b": "1"}, {"x/a": "2", "x/b": "1"},
         {"y/a": "2", "y/b": "1"}),
    ],
)  # fmt: skip
def test_settled_by_ids(base, ours, theirs, expected):
    for left, right in ((ours, theirs), (theirs, ours)):
        found = three_way(tree(**base), tree(**left), tree(**right))
        assert names(found.entries) == expected
        assert not found.contents and not found.conflicts


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kind"),
    [
        ({"a": "1"}, {"a": "2"}, {}, "deleted and edited"),
        ({"a": "1"}, {"b": "1"}, {}, "deleted and edited"),
        ({"a": "1"}, {"b": "1"}, {"c": "1"}, "renamed twice"),
    ],
)
def test_conflicts(base, ours, theirs, kind):
    found = three_way(tree(**base), tree(**ours), tree(**theirs))
    assert [item.kind for item in found.conflicts] == [kind]


def test_contents_to_merge():
    found = three_way(tree(a="1"), tree(a="2", n="3"), tree(a="4", n="5"))
    assert [(item.path, item.kind) for item in found.contents] == [
        ("a.py", "both edited"),
        ("n.py", "both added"),
    ]


SIDE = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"))


@given(SIDE, SIDE)
def test_one_side_that_did_nothing_gives_the_other(base, side):
    base, side = tree(**base), tree(**side)
    for ours, theirs in ((base, side), (side, base)):
        found = three_way(base, ours, theirs)
        assert names(found.entries) == names(side)
        assert not found.contents and not found.conflicts


@given(SIDE, SIDE, SIDE)
@settings(max_examples=300)
def test_nothing_is_lost_or_invented(base, ours, theirs):
    found = three_way(tree(**base), tree(**ours), tree(**theirs))
    again = three_way(tree(**base), tree(**theirs), tree(**ours))
    assert names(found.entries) == names(again.entries)
    told = {e.path for e in found.entries} | {c.path for c in found.contents}
    told |= {c.path for c in found.conflicts}
    for path in ours.keys() & theirs.keys() - base.keys():
        assert f"{path}.py" in told


def lines(**changes):
    texts = [changes.get(f"n{number}", line) for number, line in enumerate(LINES)]
    return "\n".join(texts) + "\n"


@pytest.fixture
def forked(box):
    """Two branches that both went on from a file of twenty lines."""
    box.commit("Base", shared=lines())
    box.git("checkout", "-q", "-b", "feature")
    return box


def against_git(box, view):
    """Compare with the tree of a real merge."""
    box.git("merge", "-q", "--no-edit", "feature")
    assert view.entries == box.repository.entries("HEAD", FOLDERS)
    assert not view.conflicts


def test_two_new_files(forked):
    forked.commit("Theirs", c3="x")
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", d4="y")
    view = merged_view(forked.repository, "HEAD", "feature", FOLDERS)
    assert [e.name for e in view.entries] == ["a1.py", "b2.py", "c3.py", "d4.py", "shared.py"]
    against_git(forked, view)


def test_one_file_edited_on_both_sides(forked):
    forked.commit("Theirs", shared=lines(n2="theirs"))
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", shared=lines(n15="ours"))
    view = merged_view(forked.repository, "main", "feature", FOLDERS)
    assert list(view.texts.values()) == [lines(n2="theirs", n15="ours").encode()]
    against_git(forked, view)


def test_rename_and_edit(forked):
    forked.git("mv", "db/versions/shared.py", "db/versions/renamed ü.py")
    forked.commit("Theirs")
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", shared=lines(n15="ours"))
    against_git(forked, merged_view(forked.repository, "main", "feature", FOLDERS))


def test_conflict_in_one_line(forked):
    forked.commit("Theirs", shared=lines(n2="theirs"))
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", shared=lines(n2="ours"))
    view = merged_view(forked.repository, "main", "feature", FOLDERS)
    [conflict] = view.conflicts
    assert (conflict.path, conflict.kind) == ("db/versions/shared.py", "both edited")
    [text] = view.texts.values()
    assert b"<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n" in text


def test_work_tree_as_our_side(forked):
    forked.commit("Theirs", shared=lines(n2="theirs"))
    forked.git("checkout", "-q", "main")
    forked.write("db/versions/shared.py", lines(n15="not committed"))
    forked.write("db/versions/new.py", "untracked")
    view = merged_view(forked.repository, "worktree", "feature", FOLDERS)
    assert "new.py" in [entry.name for entry in view.entries]
    assert list(view.texts.values()) == [lines(n2="theirs", n15="not committed").encode()]


def test_binary_is_a_conflict(forked):
    forked.commit("Theirs", shared="\0theirs")
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", shared="\0ours")
    view = merged_view(forked.repository, "main", "feature", FOLDERS)
    assert [item.kind for item in view.conflicts] == ["both edited"]


def test_bare(forked, tmp_path, at):
    forked.commit("Theirs", shared=lines(n2="theirs"))
    forked.git("checkout", "-q", "main")
    forked.commit("Ours", shared=lines(n15="ours"))
    forked.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    view = merged_view(at(tmp_path / "bare.git").repository, "main", "feature", FOLDERS)
    assert list(view.texts.values()) == [lines(n2="theirs", n15="ours").encode()]
