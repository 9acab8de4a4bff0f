"""One git repository as the rest of lback sees it; nothing of git itself leaves."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import HistoryMissing, LbackError
from lback.vcs import comparing, refs, trees
from lback.vcs.cache import Store
from lback.vcs.comparing import ChangedFile, Progress
from lback.vcs.git import Answer, Git, text
from lback.vcs.noted import INPUTS
from lback.vcs.objects import look_up, read_blobs, read_names
from lback.vcs.refs import Branch, Head, SharedRef
from lback.vcs.trees import PY, entries_of
from lback.vcs.worktree import Look, Worktree


class Repository:
    """Answers what is where in one repository, in as few git children as there can be.

    Paths in and out are POSIX and relative to the root of the repository; `at` is
    "worktree", "index" or anything that git knows as a commit.
    """

    def __init__(
        self,
        git: Git,
        root: Path | None,
        git_dir: Path,
        *,
        common_dir: Path,
        is_shallow: bool,
        algorithm: str,
        head: Head | None = None,
    ) -> None:
        self.git = git
        self.root = root
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.is_shallow = is_shallow
        self.algorithm = algorithm
        self._head = head
        self._listed: dict[object, tuple[Entry, ...]] = {}

    @property
    def is_bare(self) -> bool:
        """Tell whether there is no work tree."""
        return self.root is None

    @cached_property
    def is_partial(self) -> bool:
        """Tell whether objects may be missing here because a filter left them out."""
        try:
            config = (self.common_dir / "config").read_bytes().lower()
        except OSError:
            return False
        return b"promisor" in config or b"partialclone" in config

    @cached_property
    def store(self) -> Store:
        """Return the cache by blob id that all work trees of this repository share."""
        return Store(self.common_dir / "lback")

    @cached_property
    def worktree(self) -> Worktree:
        """Return the files on disk; LbackError in a bare repository."""
        if self.root is None:
            raise LbackError(
                f"{self.git_dir} is bare: it has no work tree", "Name a commit with --at."
            )
        return Worktree(
            self.root, algorithm=self.algorithm, store=self.store, table=self._table_name
        )

    @property
    def _table_name(self) -> str:
        return f"worktree-{zlib.crc32(os.fsencode(self.git_dir)):08x}"

    def folder_of(self, path: Path) -> str | None:
        """Return a folder on disk as git spells it ("" is the root), None outside of the root."""
        home = self.root if self.root is not None else self.git_dir
        try:
            relative = path.resolve().relative_to(home.resolve()).as_posix()
        except ValueError:
            return None
        return "" if relative == "." else relative

    # Names

    def head(self) -> Head:
        """Return where HEAD is: as it was at first, until a commit of ours has moved it."""
        if self._head is None:
            self._head = refs.read_head(self.git)
        if self._head.commit is not None:
            INPUTS.ref("HEAD", self._head.commit, self._head.ref or "HEAD")
        return self._head

    def head_has_moved(self) -> None:
        """Look for HEAD again when it is asked for the next time."""
        self._head = None

    def commit(self, ref: str) -> str:
        """Return the commit that a name means; UsageError with names like it when unknown."""
        return refs.resolve(self.git, ref)

    def upstream(self, configured: str | None) -> SharedRef | None:
        """Return the shared ref, or None where nothing suggests one."""
        return refs.shared_ref(self.git, configured)

    def branches(self) -> tuple[Branch, ...]:
        """Return local and remote-tracking branches, newest commit first."""
        return refs.list_branches(self.git)

    def remote_refs(self) -> dict[str, str]:
        """Return the commit of each remote-tracking ref."""
        return refs.remote_refs(self.git)

    def merge_base(self, a: str, b: str) -> str | None:
        """Return a best common ancestor, None for unrelated histories.

        HistoryMissing where the clone is shallow and may only hide it.
        """
        found = comparing.merge_base(self.git, a, b)
        if found is None and self.is_shallow:
            raise HistoryMissing(
                f"The common ancestor of {a} and {b} is not in this shallow clone",
                "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)",
            )
        return found

    def is_ancestor(self, a: str, b: str) -> bool:
        """Tell whether everything in `a` is also in `b`."""
        return comparing.is_ancestor(self.git, a, b)

    # Files

    def look(self, folders: Sequence[str], *, recursive: bool = True) -> Look:
        """Look at the .py files on disk below folders, with what was noted about just these."""
        return self.worktree.look(trees.chosen(folders, recursive=recursive), recursive=recursive)

    def entries(
        self,
        at: str,
        folders: Sequence[str],
        *,
        suffixes: tuple[str, ...] = PY,
        recursive: bool = True,
    ) -> tuple[Entry, ...]:
        """Return the .py files below folders; no folders, no files.

        A symbolic link stands for the content it points at while that is in the same place.
        """
        if at == WORKTREE:
            chosen = trees.chosen(folders, recursive=recursive)
            return self.worktree.entries(chosen, suffixes=suffixes, recursive=recursive)
        if at == INDEX:
            return trees.index_entries(self.git, folders, suffixes=suffixes, recursive=recursive)
        head = self.head().commit if at == "HEAD" else None
        name = head or comparing.safe(self.git, at)
        key = (name, tuple(folders), suffixes, recursive)
        if key in self._listed:
            return self._listed[key]
        found = trees.commit_entries(
            self.git, name, folders, suffixes=suffixes, recursive=recursive
        )
        if isinstance(found, Answer):
            raise comparing.refusal(self.git, ("ls-tree",), found, at)
        if refs.is_whole_id(name):  # what a commit holds never changes
            self._listed[key] = found
        return found

    def entries_of(
        self, commits: Iterable[str], folders: Sequence[str]
    ) -> dict[str, tuple[Entry, ...]]:
        """Return what `entries` does for many commits by id, in a few children for all.

        Branches mostly share their migration folders, so each tree is read once.
        """
        places = trees.chosen(folders)
        return entries_of(self.git, commits, places, hint=self._fetch_hint())

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return contents by blob id, in one child; HistoryMissing names what is missing."""
        return read_blobs(self.git, ids, hint=self._fetch_hint())

    def read(self, at: str, entries: Iterable[Entry]) -> dict[str, bytes]:
        """Return the contents of entries by blob id: from disk for "worktree", else from git."""
        if at == WORKTREE:
            return self.worktree.read(entries)
        return self.blobs(entry.blob for entry in entries)

    def files(self, at: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of files by path; a path that is no file there is left out."""
        wanted = tuple(paths)
        if at == WORKTREE:
            found = {path: self.worktree.file(path) for path in wanted}
            return {path: data for path, data in found.items() if data is not None}
        prefix = ":" if at == INDEX else f"{at}:"
        names = {f"{prefix}{path}": path for path in wanted}
        texts = read_names(self.git, names)
        lacking = [path for name, path in names.items() if name not in texts]
        if lacking and at != INDEX:
            self._refuse_missing(at, lacking)
        return {names[name]: data for name, data in texts.items()}

    def file(self, at: str, path: str) -> bytes | None:
        """Return the content of one file, None where there is none."""
        return self.files(at, [path]).get(path)

    def changes(
        self, a: str, b: str, folders: Sequence[str], *, suffixes: tuple[str, ...] = PY
    ) -> tuple[ChangedFile, ...]:
        """Return which files below folders differ between two commits, renames followed."""
        return comparing.changes(self.git, a, b, trees.chosen(folders), suffixes)

    def touched(self, a: str, b: str, folders: Sequence[str]) -> frozenset[str]:
        """Return the files below folders that any commit of `a..b` touched, merges too."""
        chosen = trees.chosen(folders)
        out = self.git.run(
            "log", "--format=", "--name-only", "--no-renames", "--no-ext-diff", "-m", "-z",
            f"{comparing.safe(self.git, a)}..{comparing.safe(self.git, b)}",
            "--", *(() if "" in chosen else chosen),
        )  # fmt: skip
        return frozenset(path for path in text(out).replace("\n", "\0").split("\0") if path)

    # Published, pushed, local

    def pushed(self, paths: Sequence[str]) -> frozenset[str]:
        """Return which of these paths are in the tree of any remote-tracking ref."""
        if not paths:
            return frozenset()
        commits = set(self.remote_refs().values())
        names = {f"{commit}:{path}": path for commit in commits for path in paths}
        return frozenset(names[name] for name in look_up(self.git, names))

    def is_pushed(self, commit: str) -> bool:
        """Tell whether a commit is in any remote-tracking branch."""
        sha = self.commit(commit)
        out = self.git.run("for-each-ref", "--count=1", "--contains", sha, "refs/remotes/")
        return bool(out)

    # The state of the work tree

    def in_progress(self) -> Progress | None:
        """Return the operation that git waits to go on with, if any."""
        return comparing.in_progress(self.git_dir)

    def untracked(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return .py files that git does not track and does not ignore."""
        return comparing.untracked(self._on_disk(), trees.chosen(folders), PY)

    def ignored(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return .py files that git ignores."""
        return comparing.ignored(self._on_disk(), trees.chosen(folders), PY)

    def unstaged(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return tracked .py files whose content on disk is not the index's, deleted ones too."""
        return comparing.unstaged(self._on_disk(), trees.chosen(folders), PY)

    def ignore_rules(self, paths: Sequence[str]) -> dict[str, str]:
        """Return, for each path that git ignores, the rule as "file:line: pattern"."""
        return comparing.ignore_rules(self._on_disk(), paths)

    def _on_disk(self) -> Git:
        if self.root is None:
            raise LbackError(
                f"{self.git_dir} is bare: it has no work tree", "Name a commit with --at."
            )
        return self.git

    def _fetch_hint(self) -> str:
        if self.is_shallow:
            return "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)"
        if self.is_partial:
            return (
                "This is a partial clone. Let git fetch what is left out: "
                "git fetch --refetch --no-filter, or check the branch out once"
            )
        return "The repository is damaged: see git fsck"

    def _refuse_missing(self, at: str, paths: Sequence[str]) -> None:
        """Raise HistoryMissing if one of the paths is there, but its content is not here.

        UsageError if there is no commit of that name.
        """
        name = comparing.safe(self.git, at)
        lasting = refs.is_whole_id(name)
        command = ("ls-tree", "-z", "--full-tree", name, "--", *paths)
        answer = self.git.ask(*command, lasting=lasting)
        if answer.status != 0:
            raise comparing.refusal(self.git, ("ls-tree",), answer, at)
        for line in text(answer.out).split("\0"):
            meta, _, path = line.partition("\t")
            if meta[:3] == "100":
                raise HistoryMissing(
                    f"git has no content of {path} at {at[:12]} in this clone",
                    self._fetch_hint(),
                )
