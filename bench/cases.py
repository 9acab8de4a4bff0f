"""What is measured: lback's commands beside Alembic's, and hooks beside plain git."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.comparing import ROOT
from bench.projects import Project
from bench.timing import Case, Side, call, nothing
from bench.trees import Tree

ALEMBIC = (sys.executable, "-m", "alembic")
LBACK = (sys.executable, "-m", "lback")
GIT = ("git",)
GIT_ALONE = ("git", "-c", f"core.hooksPath={os.devnull}")

# Above this many revisions `upgrade head` from zero takes minutes: only with --full, once.
MANY = 5000

Builder = Callable[["Scene"], Iterator[Case]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A made-up project that commands run in."""

    project: Project
    env: Mapping[str, str]
    full: bool = False

    @property
    def size(self) -> str:
        return f"{self.project.size:,}"

    def alembic(self, *words: str, before: Callable[[], None] = nothing) -> Side:
        return self._side("alembic", ALEMBIC, words, before)

    def lback(self, *words: str, before: Callable[[], None] = nothing) -> Side:
        return self._side("lback", LBACK, words, before)

    def plain(self, *words: str, before: Callable[[], None] = nothing) -> Side:
        return self._side("git", GIT_ALONE, words, before)

    def hooked(self, *words: str, before: Callable[[], None] = nothing) -> Side:
        return self._side("git + hook", GIT, words, before)

    def git(self, *words: str) -> None:
        call((*GIT_ALONE, *words), self.project.root, self.env)

    def _side(
        self, label: str, program: Sequence[str], words: Sequence[str], before: Callable[[], None]
    ) -> Side:
        return Side(label, (*program, *words), self.project.root, before)

    def wanted(self, by_size: Mapping[int, float]) -> float | None:
        return by_size.get(self.project.size)


def heads(scene: Scene) -> Iterator[Case]:
    """Measure `heads`, with everything remembered and with nothing."""
    project = scene.project
    warm = scene.wanted({1000: 1 / 10, 10_000: 1 / 30})
    yield Case("heads", scene.size, scene.alembic("heads"), scene.lback("heads"), warm)
    theirs = scene.alembic("heads", before=project.forget_bytecode)
    ours = scene.lback("heads", before=project.forget_cache)
    yield Case("heads, fresh clone", scene.size, theirs, ours, 1.0, warm_up=False)
    # The harder one: Alembic keeps its bytecode, lback has nothing.
    name = "heads, lback's cache gone"
    yield Case(name, scene.size, scene.alembic("heads"), ours, 1.0)


def history(scene: Scene) -> Iterator[Case]:
    """Measure the whole history; lback's names tables, commits and authors as well."""
    yield Case("history", scene.size, scene.alembic("history"), scene.lback("history"))


def zero(scene: Scene) -> Iterator[Case]:
    """Measure an empty SQLite file to the head."""
    if scene.project.size > MANY and not scene.full:
        return
    gone = scene.project.forget_database
    yield Case(
        "migrate from zero",
        scene.size,
        scene.alembic("upgrade", "head", before=gone),
        scene.lback("migrate", before=gone),
        scene.wanted({1000: 1.05, 10_000: 1.0}),
        warm_up=False,
        runs=1 if scene.project.size > MANY else 3,
    )


def noop(scene: Scene) -> Iterator[Case]:
    """Measure `migrate` with nothing pending."""
    if scene.project.size > MANY:
        # What is read is the stamp alone: the tables need not be there.
        call(scene.alembic("stamp", "head").argv, scene.project.root, scene.env)
    else:
        call(scene.alembic("upgrade", "head").argv, scene.project.root, scene.env)
    theirs, ours = scene.alembic("upgrade", "head"), scene.lback("migrate")
    wanted = scene.wanted({1000: 0.8, 10_000: 0.4})
    yield Case("migrate, nothing to do", scene.size, theirs, ours, wanted)


def hook(scene: Scene) -> Iterator[Case]:
    """Measure git commands that touch no migration, with lback's hooks and without any."""
    root = scene.project.root
    call((*LBACK, "hooks", "install"), root, scene.env)
    scene.git("config", "gc.auto", "0")
    _two_branches(scene)
    counter = itertools.count()

    def edit() -> None:
        (root / "README.md").write_text(f"edit {next(counter)}\n")
        scene.git("add", "README.md")

    def back() -> None:
        scene.git("checkout", "-q", "-B", "bench-work", "bench-ours")

    # What git itself does more as soon as there is any hook: it reads its index once again.
    commit = ("commit", "-q", "-m", "Say more")
    empty = ("-c", f"core.hooksPath={_empty_hook(root)}", *commit)
    theirs, ours = scene.plain(*commit, before=edit), scene.hooked(*empty, before=edit)
    yield Case("git commit, hook `exit 0`", scene.size, theirs, ours, unit="ms", runs=25)
    for name, words, before in (
        ("git commit, hook idle", commit, edit),
        ("git merge, hook idle", ("merge", "-q", "--no-edit", "bench-theirs"), back),
        ("git checkout, hook idle", ("checkout", "-q", "bench-theirs"), back),
    ):
        theirs = scene.plain(*words, before=before)
        ours = scene.hooked(*words, before=before)
        yield Case(name, scene.size, theirs, ours, 10.0, unit="ms", runs=25)


def _empty_hook(root: Path) -> Path:
    """Make a folder of hooks with one `pre-commit` that does nothing."""
    folder = root / ".git" / "hooks-empty"
    folder.mkdir(exist_ok=True)
    script = folder / "pre-commit"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    return folder


def _two_branches(scene: Scene) -> None:
    """Make two branches, each a commit ahead of main in a file of its own."""
    for name in ("bench-ours", "bench-theirs"):
        scene.git("checkout", "-q", "-b", name, "main")
        (scene.project.root / f"{name}.txt").write_text("some work\n")
        scene.git("add", f"{name}.txt")
        scene.git("commit", "-q", "-m", f"Work on {name}")


# In the order they are measured in: `hook` leaves the project on other branches.
GROUPS: Mapping[str, Builder] = {
    "heads": heads,
    "history": history,
    "zero": zero,
    "noop": noop,
    "hook": hook,
}


def tree_cases(tree: Tree) -> Iterator[Case]:
    """Measure `heads` and `graph` on a real tree; Alembic gets stand-ins for missing imports."""
    alembic = (sys.executable, "-m", "bench.stubs", str(tree.root), "-c", str(tree.config))
    lback = (*LBACK, "-C", str(tree.root))
    size = f"{tree.name}, {tree.files}"
    for name, theirs, ours in (
        ("heads", "heads", "heads"),
        ("graph", "history", "graph"),
    ):
        yield Case(
            name,
            size,
            Side("alembic", (*alembic, theirs), ROOT),
            Side("lback", (*lback, ours), ROOT),
            runs=3,
        )
