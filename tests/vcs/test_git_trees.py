"""Which files there are: the same answer for a commit, the index and the disk."""

from __future__ import annotations

import os
import time

import pytest

from lback.core.source import Entry
from lback.errors import HistoryMissing, LbackError, UsageError
from lback.vcs import worktree
from lback.vcs.trees import folder_entries, normal
from lback.vcs.worktree import blob_id

FOLDERS = ("db/versions",)
ODD = [
    "ü ñ.py",
    "a b.py",
    'q"uote.py',
    "new\nline.py",
    "back\\slash.py",
    "-dash.py",
    "*.py",
    "[a1].py",
    "tab\t.py",
    ":colon.py",
    "2024:05.py",
]


def paths(entries):
    return [entry.path for entry in entries]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ()),
        (["."], ("",)),
        ([""], ("",)),
        (["./db/", "db//versions"], ("db",)),
        (["db", "dbx", "db-y"], ("db", "db-y", "dbx")),
        (["a/../b"], ("b",)),
        (["", "db"], ("",)),
    ],
)
def test_folders_as_git_spells_them(given, expected):
    assert normal(given) == expected


@pytest.mark.parametrize("folder", ["..", "../x", "/etc", "a/../../b"])
def test_folder_outside(folder):
    with pytest.raises(UsageError, match="outside"):
        normal([folder])


@pytest.mark.parametrize("at", ["worktree", "index", "HEAD"])
class TestPlaces:
    def test_names(self, box, at):
        for name in ODD:
            box.write(f"db/versions/{name}", name)
        box.write("db/versions/not_python.txt")
        box.write("db/versions/deep/er/x.py", "deep")
        box.write("db/versions2/other.py", "other")
        box.commit("Odd names")
        found = box.repository.entries(at, FOLDERS)
        names = {*ODD, "a1.py", "b2.py", "deep/er/x.py"}
        assert set(paths(found)) == {f"db/versions/{name}" for name in names}
        texts = box.repository.read(at, found)
        assert {e.name: texts[e.blob] for e in found}["2024:05.py"] == b"2024:05.py"
        assert all(blob_id(texts[e.blob]) == e.blob for e in found)

    def test_name_that_is_no_text(self, box, at):
        name = os.fsdecode(b"db/versions/latin-\xe9.py")
        box.write(name, "x")
        box.commit("Latin")
        assert name in paths(box.repository.entries(at, FOLDERS))
        assert box.repository.file(at, name) == b"x"

    def test_not_recursive(self, box, at):
        box.write("db/versions/deep/x.py", "x")
        box.write("db/y.py", "y")
        box.commit("Deep")
        found = box.repository.entries(at, ["db", "db/versions"], recursive=False)
        assert sorted(paths(found)) == ["db/versions/a1.py", "db/versions/b2.py", "db/y.py"]
        found = box.repository.entries(at, [""], recursive=False)
        assert paths(found) == []

    def test_suffixes(self, box, at):
        box.write("alembic.ini", "x")
        box.commit("Ini")
        assert paths(box.repository.entries(at, [""], suffixes=(".ini",))) == ["alembic.ini"]

    def test_no_folders_no_files(self, box, at):
        assert box.repository.entries(at, []) == ()
        assert box.repository.entries(at, ["nowhere"]) == ()

    def test_links(self, box, at):
        versions = box.path / "db/versions"
        box.write("shared/real.py", "real\n")
        (versions / "link.py").symlink_to("../../shared/real.py")
        (versions / "dangling.py").symlink_to("nowhere.py")
        (versions / "outside.py").symlink_to("/etc/hostname")
        (versions / "folder.py").symlink_to("../../shared")
        (versions / "linked_folder").symlink_to("../../shared")
        box.commit("Links")
        found = {e.path: e for e in box.repository.entries(at, FOLDERS)}
        assert sorted(found) == [f"db/versions/{n}.py" for n in ("a1", "b2", "link")]
        link = found["db/versions/link.py"]
        assert (link.mode, link.blob) == ("120000", blob_id(b"real\n"))
        assert box.repository.read(at, [link]) == {link.blob: b"real\n"}

    def test_executable(self, box, at):
        (box.path / "db/versions/a1.py").chmod(0o755)
        box.commit("Executable")
        modes = [entry.mode for entry in box.repository.entries(at, FOLDERS)]
        assert modes == ["100755", "100644"]

    def test_same_content_twice(self, box, at):
        box.commit("Twice", c3="x", d4="x")
        found = box.repository.entries(at, FOLDERS)
        assert len(found) == 4 and len(box.repository.read(at, found)) == 3


def test_three_places_differ(box):
    box.write("db/versions/c3.py", "staged")
    box.git("add", "-A")
    box.write("db/versions/c3.py", "on disk")
    box.write("db/versions/d4.py", "untracked")
    repository = box.repository
    texts = {}
    for at in ("HEAD", "index", "worktree"):
        found = repository.entries(at, FOLDERS)
        read = repository.read(at, found)
        texts[at] = {e.name: read[e.blob] for e in found}
    assert sorted(texts["HEAD"]) == ["a1.py", "b2.py"]
    assert texts["index"]["c3.py"] == b"staged" and "d4.py" not in texts["index"]
    assert texts["worktree"]["c3.py"] == b"on disk" and texts["worktree"]["d4.py"] == b"untracked"


def test_intent_to_add_is_not_in_the_next_commit(box):
    box.write("db/versions/c3.py", "x")
    box.write("db/versions/empty.py", "")
    box.git("add", "db/versions/empty.py")
    box.git("add", "-N", "db/versions/c3.py")
    names = [entry.name for entry in box.repository.entries("index", FOLDERS)]
    assert names == ["a1.py", "b2.py", "empty.py"]


def test_nested_git_folder_is_skipped(box):
    box.write("db/versions/.git/x.py")
    box.write("db/versions/__pycache__/y.py")
    assert len(box.repository.entries("worktree", FOLDERS)) == 2


def test_special_files_are_skipped(box):
    os.mkfifo(box.path / "db/versions/pipe.py")
    (box.path / "db/versions/folder.py").mkdir()
    box.write("db/versions/folder.py/inner.py", "inner")
    names = [entry.name for entry in box.repository.entries("worktree", FOLDERS)]
    assert names == ["a1.py", "b2.py", "inner.py"]


def test_without_git(tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "a.py").write_bytes(b"x\n")
    (tmp_path / "v" / "a.txt").touch()
    assert folder_entries(tmp_path, ["v", "w"]) == (Entry("v/a.py", blob_id(b"x\n")),)


def test_blob_ids_are_git_s(box):
    for name in ("a1.py", "b2.py"):
        data = (box.path / "db/versions" / name).read_bytes()
        assert blob_id(data) == box.git("hash-object", "--no-filters", f"db/versions/{name}")


class TestStatCache:
    @pytest.fixture(autouse=True)
    def settled(self, monkeypatch):
        """Let files count as settled at once, or no test could see the cache."""
        monkeypatch.setattr(worktree, "RACY_NS", 20_000_000)
        yield

    @staticmethod
    def look(box):
        return box.repository.entries("worktree", FOLDERS)

    def table(self, box):
        [path] = (box.path / ".git/lback").glob("worktree-*.table")
        return path

    def warm(self, box):
        time.sleep(0.05)
        found = self.look(box)
        assert self.table(box).stat().st_size > 100
        return found

    def test_known_files_are_not_read(self, box):
        found = self.warm(box)
        table = self.table(box)
        data = table.read_bytes()
        fake = "f" * 40
        body = data.partition(b"\n")[2].replace(found[0].blob.encode(), fake.encode())
        box.repository.store.put_table(table.stem, body)
        assert self.look(box) == (found[0]._replace(blob=fake), found[1])

    def test_edited_file_is_seen(self, box):
        found = self.warm(box)
        old = (box.path / found[0].path).stat()
        box.write(found[0].path, 'revision = "z9"\n')
        os.utime(box.path / found[0].path, ns=(old.st_atime_ns, old.st_mtime_ns))
        again = self.look(box)
        assert again[0].blob == blob_id(b'revision = "z9"\n') and again[1] == found[1]

    def test_edits_within_one_tick(self, box):
        for number in range(50):
            text = f"{number:04d}".encode()
            box.write("db/versions/a1.py", text)
            assert self.look(box)[0].blob == blob_id(text)

    def test_other_folders_have_a_table_of_their_own(self, box):
        self.warm(box)
        before = self.table(box).read_bytes()
        box.write("other/x.py", "x")
        time.sleep(0.05)
        box.repository.entries("worktree", ["other"])
        tables = [path.read_bytes() for path in (box.path / ".git/lback").glob("worktree-*.table")]
        assert len(tables) == 2 and before in tables
        assert [b"other/x.py" in table for table in tables].count(True) == 1

    def test_a_file_that_is_gone_is_forgotten(self, box):
        found = self.warm(box)
        (box.path / found[0].path).unlink()
        assert self.look(box) == found[1:]
        assert found[0].path.encode() not in self.table(box).read_bytes()

    def test_a_note_holds_until_something_changes(self, box):
        self.warm(box)
        box.repository.look(FOLDERS).take_note(b"kind", b"words")
        assert box.repository.look(FOLDERS).note(b"kind") == b"words"
        assert box.repository.look(FOLDERS).note(b"another") is None
        box.write("db/versions/c3.py", "new")
        assert box.repository.look(FOLDERS).note(b"kind") is None

    @pytest.mark.parametrize("junk", [b"", b"x", b"lback-table-1 00000000\nabc", b"\xff" * 500])
    def test_broken_table_is_rebuilt(self, box, junk):
        found = self.warm(box)
        self.table(box).write_bytes(junk)
        assert self.look(box) == found
        assert self.table(box).stat().st_size > 100

    def test_linked_worktrees_do_not_share(self, box, at, tmp_path):
        self.warm(box)
        box.git("worktree", "add", "-q", str(tmp_path / "linked"))
        time.sleep(0.05)
        assert self.look(at(tmp_path / "linked")) == self.look(box)
        assert len(list((box.path / ".git/lback").glob("worktree-*.table"))) == 2


def test_racy_files_are_not_remembered(box):
    box.write("db/versions/a1.py", "now")
    box.repository.entries("worktree", FOLDERS)
    tables = list((box.path / ".git").glob("lback/*.table"))
    assert all(b"a1.py" not in table.read_bytes() for table in tables)


def test_change_between_looking_and_reading(box):
    repository = box.repository
    entries = repository.entries("worktree", FOLDERS)
    box.write("db/versions/a1.py", "changed")
    again = box.repository
    with pytest.raises(LbackError, match="changed while"):
        again.read("worktree", entries)
    assert repository.read("worktree", entries)[entries[0].blob] == b'revision = "a1"\n'


class TestManyCommits:
    def check(self, box, commits, folders):
        repository = box.repository
        shas = [repository.commit(name) for name in commits]
        expected = {sha: repository.entries(sha, folders) for sha in shas}
        assert repository.entries_of(shas, folders) == expected
        return expected

    @pytest.mark.parametrize(
        "folders", [["db/versions"], ["db"], [""], ["other", "db/versions"], ["nowhere"], []]
    )
    def test_as_one_by_one(self, box, folders):
        for name in ODD:
            box.write(f"db/versions/{name}", name)
        box.write("db/versions/deep/er/x.py", "deep")
        box.write("other/y.py", "other")
        box.write("other/y.txt", "text")
        (box.path / "other/link.py").symlink_to("../db/versions/a1.py")
        (box.path / "other/dangling.py").symlink_to("nowhere.py")
        box.commit("More")
        self.check(box, ["HEAD", "HEAD~1", "HEAD~2"], folders)

    def test_sha256(self, tmp_path, at):
        box = at(tmp_path)
        box.git("init", "-q", "--object-format=sha256")
        box.commit("Add", a1="x = 1\n")
        assert self.check(box, ["HEAD"], ["db"])

    def test_submodules_are_no_files(self, box, remote):
        box.git("submodule", "--quiet", "add", str(remote.path), "db/sub.py")
        box.commit("Submodule")
        self.check(box, ["HEAD"], [""])

    def test_missing_trees(self, box, remote, tmp_path):
        old = box.git("rev-parse", "HEAD~1")
        partial = remote.clone(tmp_path / "partial", "--filter=tree:0").repository
        with pytest.raises(HistoryMissing):
            partial.entries_of([old], FOLDERS)
