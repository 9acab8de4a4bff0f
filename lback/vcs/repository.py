"""One git repository as the rest of lback sees it; nothing of git itself leaves."""

from __future__ import annotations

import os
import posixpath
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from lback.core.shell import command, pathspec
from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import HistoryMissing, LbackError
from lback.vcs import comparing, environment, refs, trees
from lback.vcs.cache import Store
from lback.vcs.comparing import ChangedFile, Progress
from lback.vcs.git import GET_ALL, Answer, Git, text
from lback.vcs.noted import INPUTS
from lback.vcs.objects import look_up, read_blobs, read_names
from lback.vcs.reach import (
    Reached,
    is_outside,
    name_on_disk,
    objects_of,
    outside_entries,
    outside_texts,
    reached,
    repository_around,
)
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
        self._tops: dict[tuple[str, str], str | None] = {}
        self._reached: dict[tuple[str, str], Reached] = {}
        self._in_git: set[str] = set()

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
            raise self._bare
        return Worktree(
            self.root, algorithm=self.algorithm, store=self.store, table=self._table_name
        )

    @property
    def _bare(self) -> LbackError:
        clone = command("git clone", os.fspath(self.git_dir), "work")
        return LbackError(
            f"{self.git_dir} is bare: it has no work tree",
            f"Run it in a clone; {clone} makes one.",
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
        self._listed.clear()

    def commit(self, ref: str) -> str:
        """Return the commit that a name means; UsageError with names like it when unknown."""
        return refs.resolve(self.git, ref)

    def upstream(self, configured: str | None) -> SharedRef | None:
        """Return the shared ref, or None where nothing suggests one."""
        return refs.shared_ref(self.git, configured, self.head().ref)

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
        base = comparing.merge_base(self.git, a, b)
        if base is None and self.is_shallow:
            raise HistoryMissing(
                f"The common ancestor of {a} and {b} is not in this shallow clone",
                "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)",
            )
        return base

    def is_ancestor(self, a: str, b: str) -> bool:
        """Tell whether everything in `a` is also in `b`."""
        return comparing.is_ancestor(self.git, a, b)

    # Files

    def look(self, folders: Sequence[str], *, recursive: bool = True) -> Look | None:
        """Look at the .py files on disk below folders, with what was noted about just these.

        None where the files on disk are not all: git does not reach a folder, a sparse checkout
        leaves files out, or a submodule may be one that is not here.
        """
        beyond = self.has_submodules and not all(map(self._is_plain, folders))
        if beyond or self.is_sparse or any(map(is_outside, folders)):
            return None
        return self.worktree.look(trees.chosen(folders, recursive=recursive), recursive=recursive)

    @cached_property
    def is_sparse(self) -> bool:
        """Tell whether files of the index may be meant to stay off the disk."""
        place = self.git_dir / "info" / "sparse-checkout"
        INPUTS.file(place)
        return place.exists()

    @cached_property
    def has_submodules(self) -> bool:
        """Tell whether folders of the work tree may be submodules."""
        if self.root is None:
            return False
        place = self.root / ".gitmodules"
        INPUTS.file(place)
        return place.exists()

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
        Folders are named as `led` does.
        """
        entries = self._listed_at(at, folders, suffixes=suffixes, recursive=recursive)
        more: list[Entry] = []
        if at != WORKTREE:
            more += self._in_modules(at, folders, entries, suffixes=suffixes, recursive=recursive)
        elif self.has_submodules:
            self._require_modules(name for name in folders if not self._is_plain(name))
        if at == WORKTREE and self.is_sparse:
            more += self._left_out(folders, entries, suffixes=suffixes, recursive=recursive)
        outside = [folder for folder in folders if is_outside(folder)]
        if outside and not self.is_bare:
            more += outside_entries(
                outside, suffixes, recursive=recursive, algorithm=self.algorithm
            )
        return tuple(sorted((*entries, *more), key=attrgetter("path"))) if more else entries

    def led(self, at: str, folders: Sequence[str], *, recursive: bool = True) -> tuple[str, ...]:
        """Return where folders are at a place once links are followed.

        One that git does not reach there is a whole path.
        """
        if at == WORKTREE:
            return tuple(folders)
        if at == INDEX:
            lacking = [name for name in folders if not self._is_plain(name)]
        else:
            lacking = self._lacking(at, folders, recursive=recursive)
        found = {name: self._reach(at, name).folder for name in lacking}
        return tuple(dict.fromkeys(found.get(name, name) for name in folders))

    def _listed_at(
        self, at: str, folders: Sequence[str], *, suffixes: tuple[str, ...], recursive: bool
    ) -> tuple[Entry, ...]:
        """Return what git, or the work tree, lists below folders."""
        if at == WORKTREE:
            chosen = trees.chosen(folders, recursive=recursive)
            return self.worktree.entries(chosen, suffixes=suffixes, recursive=recursive)
        if at == INDEX:
            return trees.index_entries(self.git, folders, suffixes=suffixes, recursive=recursive)
        name = self._name(at)
        key = (name, tuple(folders), suffixes, recursive)
        if key in self._listed:
            return self._listed[key]
        found = trees.commit_entries(
            self.git, name, folders, suffixes=suffixes, recursive=recursive
        )
        if isinstance(found, Answer):
            raise comparing.refusal(self.git, ("ls-tree",), found, at)
        self._listed[key] = found
        return found

    def _name(self, at: str) -> str:
        return (self.head().commit if at == "HEAD" else None) or comparing.safe(self.git, at)

    def _lacking(self, at: str, folders: Sequence[str], *, recursive: bool) -> list[str]:
        """Return the folders that a commit has nothing below."""
        known = {name: self._tops.get((at, name), "") for name in folders}
        unknown = [name for name, top in known.items() if top == ""]
        lacking = [name for name, top in known.items() if top is None]
        if unknown:
            listed = self._listed_at(at, folders, suffixes=PY, recursive=recursive)
            below = {name: name + "/" if name else "" for name in unknown}
            lacking += [
                name
                for name, prefix in below.items()
                if not any(entry.path.startswith(prefix) for entry in listed)
            ]
        return [name for name in lacking if name and not is_outside(name)]

    def _is_plain(self, folder: str) -> bool:
        """Tell whether a folder is on disk as it is called, with no link or repository between."""
        if is_outside(folder) or self.root is None:
            return True
        place = self.root / folder
        return (
            place.is_dir()
            and any(place.iterdir())
            and name_on_disk(os.fspath(place), self.root) == folder
            and not repository_around(self.root, folder)
        )

    def _reach(self, at: str, folder: str) -> Reached:
        name = "" if at == INDEX else self._name(at)
        if (name, folder) not in self._reached:
            size = 32 if self.algorithm == "sha256" else 20
            self._reached.update(reached(self.git, [(name, folder)], self.root, size))
        return self._reached[name, folder]

    def _in_modules(
        self,
        at: str,
        folders: Sequence[str],
        listed: Sequence[Entry],
        *,
        suffixes: tuple[str, ...],
        recursive: bool,
    ) -> Iterator[Entry]:
        """Yield the files of folders in submodules, at the commits that a place has of them."""
        if at == INDEX:
            lacking = [name for name in folders if not self._is_plain(name)]
        elif listed and len(folders) == 1:
            return
        else:
            lacking = self._lacking(at, folders, recursive=recursive)
        for name in lacking:
            folder, module, commit = self._reach(at, name)
            if not module:
                continue
            self._lend(module)
            inner = folder[len(module) + 1 :]
            found = trees.commit_entries(
                self.git, commit, [inner], suffixes=suffixes, recursive=recursive
            )
            if isinstance(found, Answer):
                raise HistoryMissing(
                    f"The commit {commit[:12]} of the submodule {module} is not in this clone",
                    f"Fetch it: {command('git submodule update --init', pathspec(module))}",
                )
            yield from (entry._replace(path=f"{module}/{entry.path}") for entry in found)

    def modules_of(self, at: str, paths: Iterable[str]) -> dict[tuple[str, str], list[str]]:
        """Return files by the submodule that they are in ("": none) and its commit at a place.

        They are named as they are there; what git does not reach is left out.
        """
        homes: dict[str, Reached] = {}
        found: dict[tuple[str, str], list[str]] = {}
        for path in paths:
            folder = posixpath.dirname(path)
            if folder not in homes:
                plain = self._is_plain(folder)
                homes[folder] = Reached(folder) if plain else self._reach(at, folder)
            _, module, commit = homes[folder]
            if module:
                self._lend(module)
                found.setdefault((module, commit), []).append(path[len(module) + 1 :])
            elif not is_outside(path):
                found.setdefault(("", at), []).append(path)
        return found

    def _require_modules(self, folders: Iterable[str]) -> None:
        """Raise HistoryMissing where folders on disk are in a submodule that is not there."""
        for name in folders:
            module = self._reach(INDEX, name).module
            if module and self.root and not (self.root / module / ".git").exists():
                raise self._no_module(module)

    def _no_module(self, module: str) -> HistoryMissing:
        get = f"Get it: {command('git submodule update --init', pathspec(module))}"
        bare = "Ask in a clone that has it: `git clone --recurse-submodules`"
        return HistoryMissing(
            f"The submodule {module} is not in this clone", bare if self.is_bare else get
        )

    def _lend(self, module: str) -> None:
        """Let our children read the objects of a submodule."""
        objects = objects_of(self.root, self.common_dir, module)
        if objects is None:
            raise self._no_module(module)
        self.git.lent = tuple(dict.fromkeys((*self.git.lent, os.fspath(objects.resolve()))))

    def _left_out(
        self,
        folders: Sequence[str],
        listed: Sequence[Entry],
        *,
        suffixes: tuple[str, ...],
        recursive: bool,
    ) -> Iterator[Entry]:
        """Yield the files that a sparse checkout leaves out, as the index has them."""
        there = {entry.path for entry in listed}
        skipped = trees.skipped_in_index(self.git, trees.chosen(folders, recursive=recursive))
        for entry in trees.index_entries(self.git, folders, suffixes=suffixes, recursive=recursive):
            if entry.path in skipped and entry.path not in there:
                self.keep_in_git([entry.blob])
                yield entry

    def entries_of(
        self, commits: Iterable[str], folders: Sequence[str]
    ) -> dict[str, tuple[Entry, ...]]:
        """Return what `entries` does for many commits by id, in a few children for all.

        Branches mostly share their migration folders, so each tree is read once.
        """
        wanted, places = tuple(dict.fromkeys(commits)), trees.chosen(folders)
        self.look_for(wanted, places)
        tops = {(commit, name): self._tops[commit, name] for commit in wanted for name in places}
        found = entries_of(self.git, tops, hint=self._fetch_hint())
        for commit in wanted:
            lacking = [name for name in folders if tops.get((commit, name), "") is None]
            beyond = [name for name in folders if is_outside(name)]
            if lacking or beyond:
                found[commit] = (*found.get(commit, ()), *self.entries(commit, (*lacking, *beyond)))
        return {commit: found.get(commit, ()) for commit in wanted}

    def look_for(self, commits: Iterable[str], folders: Sequence[str]) -> None:
        """Learn which of many commits have which folders, for `led`; links among them are read."""
        names = trees.chosen(folders)
        unknown = [
            commit
            for commit in dict.fromkeys(commits)
            if any((commit, name) not in self._tops for name in names)
        ]
        if not unknown:
            return
        tops = trees.tops_of(self.git, unknown, names)
        self._tops.update(tops)
        size = 32 if self.algorithm == "sha256" else 20
        absent = [pair for pair, top in tops.items() if top is None]
        if absent:
            self._reached.update(reached(self.git, absent, self.root, size))

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return contents by blob id, in one child; HistoryMissing names what is missing."""
        return read_blobs(self.git, ids, hint=self._fetch_hint())

    def read(self, at: str, entries: Iterable[Entry]) -> dict[str, bytes]:
        """Return the contents of entries by blob id: from disk for "worktree", else from git."""
        wanted = tuple(entries)
        outside = [entry for entry in wanted if is_outside(entry.path)]
        texts = outside_texts(outside, self.algorithm) if outside else {}
        inner = [entry for entry in wanted if entry.blob not in texts]
        if at == WORKTREE:
            in_git = [entry.blob for entry in inner if entry.blob in self._in_git]
            on_disk = [entry for entry in inner if entry.blob not in self._in_git]
            return texts | self.worktree.read(on_disk) | self.blobs(in_git)
        return texts | self.blobs(entry.blob for entry in inner)

    def keep_in_git(self, ids: Iterable[str]) -> None:
        """Read these blobs from git where they are asked for as files on disk."""
        self._in_git.update(ids)

    def files(self, at: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of files by path; a path that is no file there is left out."""
        wanted = tuple(paths)
        if at == WORKTREE:
            contents = {path: self.worktree.file(path) for path in wanted}
            return {path: data for path, data in contents.items() if data is not None}
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

    def merging(self) -> tuple[str, ...]:
        """Return the commits that a merge is bringing here which is not committed yet."""
        INPUTS.file(self.git_dir / "MERGE_HEAD")
        return comparing.merging(self.git_dir)

    def in_progress(self) -> Progress | None:
        """Return the operation that git waits to go on with, if any."""
        return comparing.in_progress(self.git_dir)

    def untracked(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return .py files that git does not track and does not ignore."""
        return self._each(folders, lambda git, some: comparing.untracked(git, some, PY))

    def ignored(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return .py files that git ignores."""
        return self._each(folders, lambda git, some: comparing.ignored(git, some, PY))

    def unstaged(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return tracked .py files whose content on disk is not the index's, deleted ones too."""
        return self._each(folders, lambda git, some: comparing.unstaged(git, some, PY))

    def ignore_rules(self, paths: Sequence[str]) -> dict[str, str]:
        """Return, for each path that git ignores, the rule as "file:line: pattern"."""
        return {
            prefix + path: rule
            for prefix, git, some in self.grounds(paths)
            for path, rule in comparing.ignore_rules(git, some).items()
        }

    def modules_around(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the submodules of those of these files on disk that are in one."""
        if self.root is None or not self.has_submodules:
            return {}
        around = {path: repository_around(self.root, posixpath.dirname(path)) for path in paths}
        return {path: module for path, module in around.items() if module}

    def superproject(self) -> Path | None:
        """Return the root of the repository that has this one as a submodule, None without one."""
        said = text(self.git.run("rev-parse", "--show-superproject-working-tree"))
        return Path(said.removesuffix("\n")) if said.strip() else None

    def grounds(self, names: Sequence[str]) -> Iterator[tuple[str, Git, list[str]]]:
        """Yield what the work trees of this repository and of its submodules have of some names.

        That is what is before the names there, a git to ask, and the names as that git knows them.
        """
        if self.root is None:
            raise self._bare
        around: dict[str, str] = {}
        groups: dict[str, list[str]] = {}
        for name in names:
            above = posixpath.dirname(name)
            if above not in around:
                around[above] = repository_around(self.root, above)
            module = around[above] or repository_around(self.root, name)
            groups.setdefault(module, []).append(name[len(module) + 1 :] if module else name)
        for module, some in groups.items():
            if not module:
                yield "", self.git, some
            else:
                environ = environment.stranger(self.git.environ)
                yield f"{module}/", Git(self.root / module, environ), some

    def _each(
        self, folders: Sequence[str], ask: Callable[[Git, tuple[str, ...]], Iterable[str]]
    ) -> tuple[str, ...]:
        return tuple(
            prefix + path
            for prefix, git, some in self.grounds(trees.chosen(folders))
            for path in ask(git, tuple(some))
        )

    def _fetch_hint(self) -> str:
        if self.is_shallow:
            return "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)"
        if self.is_partial:
            return GET_ALL
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
