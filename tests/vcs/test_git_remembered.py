"""What is remembered of a graph never shows: with the cache and without, the answer is one."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from lback.app.heads import heads
from lback.core.graph.remembered import RememberedGraph
from lback.project.context import Context
from lback.project.options import Options
from lback.vcs import worktree

INI = "[alembic]\nscript_location = db\nversion_locations = {}\npath_separator = space\n"
SETTLED = 0.03


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as settled soon, or no test could see the cache."""
    monkeypatch.setattr(worktree, "RACY_NS", 20_000_000)


def text_of(one: str, *parents: str) -> str:
    return f'"""Change {one}"""\n\nrevision = "{one}"\ndown_revision = {parents!r}\n'


def answer(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return what `heads` prints, and the whole graph behind it."""
    ctx = Context(Options(directory=str(folder)))
    graph = ctx.revisions.graph()
    return heads(ctx).as_dict(), [*graph, *graph.problems]


def is_remembered(folder: Path) -> bool:
    return isinstance(Context(Options(directory=str(folder))).revisions.graph(), RememberedGraph)


class Editor:
    """Somebody who does to a checkout whatever may happen to one."""

    def __init__(self, box: Any, seed: int) -> None:
        self.box = box
        self.root: Path = box.path
        self.random = random.Random(seed)
        self.count = 0
        (self.root / "alembic.ini").write_text(INI.format("db/versions"))
        self.do_start_afresh()
        box.commit("Start")
        box.git("branch", "other")

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in (self.root / "db").rglob("*.py") if path.is_file())

    def edit(self) -> None:
        names = [name for name in vars(Editor) if name.startswith("do_")]
        getattr(self, self.random.choice(names))()

    def add(self, folder: str = "versions") -> None:
        self.count += 1
        ids = [path.stem for path in self.files] or [""]
        parents = self.random.sample(ids, 1) if self.random.random() < 0.9 else []
        one = f"r{self.count:03d}"
        self.box.write(f"db/{folder}/{one}.py", text_of(one, *filter(None, parents)))

    def do_start_afresh(self) -> None:
        for path in (self.root / "db").rglob("*.py"):
            path.unlink()
        for _ in range(4):
            self.add()

    do_start_once_more = do_start_afresh  # much of the rest leaves a graph with problems

    def do_add(self) -> None:
        self.add()

    def do_add_elsewhere(self) -> None:
        self.add("more")

    def do_remove(self) -> None:
        if len(self.files) > 2:
            self.random.choice(self.files).unlink()

    def do_edit_in_place_unseen(self) -> None:
        """Keep size, inode and modification time."""
        path = self.random.choice(self.files)
        before, text = path.stat(), path.read_text()
        other = self.random.choice(self.files).stem
        for one in {path.stem for path in self.files}:
            text = text.replace(f"('{one}',)", f"('{other}',)")
        with path.open("r+") as file:
            file.write(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def do_swap(self) -> None:
        """Change the places of two files of the same size, times and all."""
        left, right = self.random.choices(self.files, k=2)
        spare = self.root / "spare"
        left.rename(spare)
        if right.exists():
            right.rename(left)
        spare.rename(right)

    def do_move(self) -> None:
        path = self.random.choice(self.files)
        path.rename(path.with_name(f"{path.stem}x.py"))

    def do_make_executable(self) -> None:
        self.random.choice(self.files).chmod(self.random.choice([0o644, 0o755]))

    def do_break(self) -> None:
        self.random.choice(self.files).write_text("<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n")

    def do_link(self) -> None:
        self.count += 1
        target = self.box.write(f"linked{self.count}.py", text_of(f"r{self.count:03d}"))
        (self.root / f"db/versions/link{self.count}.py").symlink_to(target)

    def do_edit_what_is_linked(self) -> None:
        for path in self.root.glob("linked*.py"):
            path.write_text(text_of(f"r{self.random.randrange(self.count):03d}"))

    def do_configure(self) -> None:
        places = self.random.choice(["db/versions", "db/versions db/more", "db/more"])
        (self.root / "alembic.ini").write_text(INI.format(places))

    def do_check_out(self) -> None:
        self.box.git("add", "-A")
        self.box.git("commit", "-q", "--allow-empty", "-m", "Work")
        self.box.git("checkout", "-q", self.random.choice(["main", "other"]))

    def do_damage_the_cache(self) -> None:
        for path in (self.root / ".git/lback").glob("*"):
            data = path.read_bytes()
            cut = self.random.randrange(len(data) + 1)
            path.write_bytes(self.random.choice([data[:cut], data[:cut] + b"?" + data[cut:], b""]))

    def do_take_over_a_cache(self) -> None:
        """Give this folder the tables that another one has made."""
        tables = sorted((self.root / ".git/lback").glob("worktree-*.table"))
        if tables:
            data = self.random.choice(tables).read_bytes()
            self.random.choice(tables).write_bytes(data)


def check(editor: Editor, folder: Path, aside: Path) -> int:
    """Compare the answers; tell whether one came from what was remembered."""
    warm = [answer(folder) for _ in range(2)]
    used = is_remembered(folder)
    cache = editor.root / ".git/lback"
    shutil.move(cache, aside)
    cold = answer(folder)
    shutil.rmtree(cache)
    shutil.move(aside, cache)
    assert warm == [cold, cold]
    return used


def rounds(box: Any, tmp_path: Path, seed: int, edits: int) -> int:
    editor = Editor(box, seed)
    linked = tmp_path / "linked"
    box.git("worktree", "add", "-q", str(linked), "other")
    box.git("branch", "-m", "other", "theirs")
    box.git("branch", "other", "main")
    used = 0
    for _ in range(edits):
        for _ in range(editor.random.choice([0, 1, 1, 2])):
            editor.edit()
        time.sleep(editor.random.choice([0, SETTLED, SETTLED]))
        folder = editor.random.choice([box.path, box.path, linked])
        used += check(editor, folder, tmp_path / "aside")
    return used


@pytest.mark.parametrize("seed", range(3))
def test_random_edits(box: Any, tmp_path: Path, seed: int) -> None:
    assert rounds(box, tmp_path, seed, 15) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_random_edits(box: Any, tmp_path: Path, seed: int) -> None:
    rounds(box, tmp_path, seed, 40)


class TestOneByOne:
    @pytest.fixture
    def project(self, box: Any) -> Editor:
        editor = Editor(box, 1)
        time.sleep(SETTLED)
        answer(editor.root)
        assert is_remembered(editor.root)
        return editor

    def ids(self, project: Editor) -> set[str]:
        return {row["revision"] for row in answer(project.root)[0]["data"]["heads"]}

    def test_a_young_file_is_not_trusted(self, project: Editor, monkeypatch: Any) -> None:
        monkeypatch.setattr(worktree, "RACY_NS", 3_600_000_000_000)
        project.add()
        for _ in range(2):
            assert f"r{project.count:03d}" in self.ids(project)
            assert not is_remembered(project.root)

    @pytest.mark.parametrize("name", ["do_add", "do_remove", "do_move", "do_break", "do_link"])
    def test_a_change_is_seen_at_once(self, project: Editor, name: str) -> None:
        getattr(project, name)()
        assert not is_remembered(project.root)

    def test_an_edit_in_place_is_seen_although_size_and_time_are_the_same(
        self, project: Editor
    ) -> None:
        path = project.files[0]
        before = path.stat()
        path.write_text(path.read_text().replace(f'"{path.stem}"', '"zzzz"'))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert not is_remembered(project.root)
        assert "zzzz" in {
            one.id for one in Context(Options(directory=str(project.root))).revisions.graph()
        }

    def test_a_note_of_another_lback_is_nothing(self, project: Editor, monkeypatch: Any) -> None:
        before = answer(project.root)
        monkeypatch.setattr("lback.project.revisions.TOPS", b"tops0")
        assert not is_remembered(project.root)
        assert is_remembered(project.root)
        assert answer(project.root) == before

    def test_a_graph_with_a_problem_is_not_remembered(self, project: Editor) -> None:
        project.do_break()
        time.sleep(SETTLED)
        for _ in range(2):
            assert answer(project.root)[0]["exit_code"] == 1
            assert not is_remembered(project.root)

    def test_a_cache_that_cannot_be_written_does_no_harm(self, project: Editor) -> None:
        before = answer(project.root)
        shutil.rmtree(project.root / ".git/lback")
        (project.root / ".git/lback").write_text("a file where the folder should be")
        for _ in range(2):
            assert answer(project.root) == before
