"""Which files there are at a commit or many, in the index, or below a folder without any git."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path

from lback.core.source import Entry
from lback.errors import UsageError
from lback.vcs.git import Answer, Git, text
from lback.vcs.objects import look_up, read_blobs, tree_items
from lback.vcs.reach import is_outside
from lback.vcs.refs import is_whole_id
from lback.vcs.worktree import Worktree

PY = (".py",)


def normal(folders: Iterable[str]) -> tuple[str, ...]:
    """Return folders as git spells them: POSIX, relative to the root, "" for the root itself.

    A folder inside another one of them is left out. UsageError for one outside the root.
    """
    names: list[str] = []
    for folder in folders:
        name = posixpath.normpath(folder.replace("\\", "/") if "\\" in folder else folder)
        if name.startswith(("../", "/")) or name == "..":
            raise UsageError(f"{folder} is outside the repository", "Name a folder inside of it.")
        names.append("" if name == "." else name)
    unique = sorted(set(names))
    return tuple(
        name
        for name in unique
        if not any(name != other and (name + "/").startswith(_prefix(other)) for other in unique)
    )


def folder_entries(
    root: Path,
    folders: Sequence[str],
    *,
    recursive: bool = True,
) -> tuple[Entry, ...]:
    """Return the .py files below folders of `root` where there is no git at all."""
    return Worktree(root).entries(
        chosen(folders, recursive=recursive), suffixes=PY, recursive=recursive
    )


def commit_entries(
    git: Git, at: str, folders: Sequence[str], *, suffixes: tuple[str, ...], recursive: bool
) -> tuple[Entry, ...] | Answer:
    """Return the files of a commit; git's answer where it does not know such a commit."""
    places = chosen(folders, recursive=recursive)
    if not places:
        return ()
    paths = () if "" in places else ("--", *places)
    lasting = is_whole_id(at)
    answer = git.ask("ls-tree", "-r", "-z", "--full-tree", at, *paths, lasting=lasting)
    if answer.status != 0:
        return answer
    entries: list[Entry] = []
    links = False
    for line in text(answer.out).split("\0"):
        meta, _, path = line.partition("\t")
        if path.endswith(suffixes) and meta[7:11] == "blob":
            links = links or meta[:2] == "12"
            entries.append(Entry(path, meta[12:], meta[:6]))
    kept = entries if recursive else _direct(entries, places)
    return tuple(followed(git, at + ":", kept)) if links else tuple(kept)


def index_entries(
    git: Git, folders: Sequence[str], *, suffixes: tuple[str, ...], recursive: bool
) -> tuple[Entry, ...]:
    """Return the files of the index, all stages of a conflict; `git add -N` adds none."""
    places = chosen(folders, recursive=recursive)
    if not places:
        return ()
    paths = () if "" in places else ("--", *places)
    command = ("ls-files", "--stage", "-z", "--full-name", *paths)
    entries: list[Entry] = []
    for line in text(git.run(*command)).split("\0"):
        meta, _, path = line.partition("\t")
        if path.endswith(suffixes) and not meta.startswith("160000"):
            mode, blob, stage = meta.split(" ")
            entries.append(Entry(path, blob, mode, int(stage)))
    kept = entries if recursive else _direct(entries, places)
    if any(entry.mode == "120000" for entry in kept):
        kept = followed(git, ":", kept)
    promised = _promised(git, kept)
    return tuple(entry for entry in kept if entry.path not in promised)


def skipped_in_index(git: Git, folders: Sequence[str]) -> frozenset[str]:
    """Return the files below folders that a sparse checkout leaves out."""
    if not folders:
        return frozenset()
    paths = () if "" in folders else ("--", *folders)
    lines = text(git.run("ls-files", "-t", "-z", "--full-name", *paths)).split("\0")
    return frozenset(line[2:] for line in lines if line.startswith("S "))


def _promised(git: Git, entries: Sequence[Entry]) -> frozenset[str]:
    """Return the paths that `git add -N` has only announced; the next commit lacks them."""
    empty = [
        entry.path
        for entry in entries
        if entry.blob.startswith(_EMPTY) and entry.name != "__init__.py"
    ]
    if not empty:
        return frozenset()
    command = ("diff-files", "--name-only", "--diff-filter=A", "-z", "--", *empty)
    answer = git.ask(*command)
    if answer.status != 0:  # no work tree, so nobody has announced anything
        return frozenset()
    return frozenset(text(answer.out).split("\0"))


# The empty file in sha1 and in sha256, enough of it.
_EMPTY = ("e69de29bb2d1d643", "473a0f4c3be8a936")


def followed(git: Git, at: str, entries: Sequence[Entry]) -> list[Entry]:
    """Put the content that a symbolic link stands for in its place, as the disk would show it.

    Links that leave the tree, dangle or point at another link are left out.
    """
    links = [entry for entry in entries if entry.mode == "120000"]
    texts = read_blobs(git, [entry.blob for entry in links], hint="Fetch the missing objects.")
    targets: dict[str, str] = {}
    for entry in links:
        target = posixpath.normpath(
            posixpath.join(posixpath.dirname(entry.path), text(texts[entry.blob]))
        )
        if not target.startswith(("../", "/")):
            targets[entry.path] = at + target
    blobs = look_up(git, targets.values())
    kept: list[Entry] = []
    for entry in entries:
        if entry.mode != "120000":
            kept.append(entry)
        elif targets.get(entry.path) in blobs:
            kept.append(entry._replace(blob=blobs[targets[entry.path]]))
    return kept


def chosen(folders: Sequence[str], *, recursive: bool = True) -> tuple[str, ...]:
    """Return folders as `normal` does; without recursion none stands for one inside of it.

    Those that git does not reach are left out.
    """
    inner = [folder for folder in folders if not is_outside(folder)]
    if recursive:
        return normal(inner)
    return tuple(dict.fromkeys(name for folder in inner for name in normal([folder])))


def _direct(entries: Sequence[Entry], folders: Sequence[str]) -> list[Entry]:
    places = frozenset(folders)
    return [entry for entry in entries if posixpath.dirname(entry.path) in places]


def _prefix(folder: str) -> str:
    return folder + "/" if folder else ""


_TREE = b"40000"


def tops_of(
    git: Git, commits: Iterable[str], folders: Sequence[str]
) -> dict[tuple[str, str], str | None]:
    """Return the tree of each folder at each commit, None where it is none there; one child."""
    names = {
        (commit, folder): f"{commit}:{folder}" if folder else f"{commit}^{{tree}}"
        for commit in commits
        for folder in folders
    }
    found = look_up(git, names.values(), kind="tree")
    return {pair: found.get(name) for pair, name in names.items()}


def entries_of(
    git: Git,
    tops: Mapping[tuple[str, str], str | None],
    *,
    hint: str,
    suffixes: tuple[str, ...] = PY,
) -> dict[str, tuple[Entry, ...]]:
    """Return the files below the trees of folders, by commit.

    Children: one for each level of folders, whatever the number of commits. HistoryMissing
    when a tree is not in this clone.
    """
    trees = _read(git, {top for top in tops.values() if top is not None}, hint)
    listings: dict[tuple[str, str], list[Entry]] = {}
    by_commit: dict[str, list[Entry]] = {}
    for (commit, folder), top in tops.items():
        entries = by_commit.setdefault(commit, [])
        if top is None:
            continue
        if (top, folder) not in listings:
            prefix = folder + "/" if folder else ""
            listings[top, folder] = list(_below(trees, top, prefix, suffixes))
        entries += listings[top, folder]
    for commit, entries in by_commit.items():
        if any(entry.mode == "120000" for entry in entries):
            by_commit[commit] = followed(git, commit + ":", entries)
    return {
        commit: tuple(sorted(entries, key=attrgetter("path")))
        for commit, entries in by_commit.items()
    }


def _read(git: Git, ids: set[str], hint: str) -> dict[str, list[tuple[bytes, bytes, str]]]:
    """Read trees with all trees below them, a level at a time."""
    trees: dict[str, list[tuple[bytes, bytes, str]]] = {}
    while ids:
        for tree, data in read_blobs(git, sorted(ids), hint=hint, kind=b"tree").items():
            trees[tree] = list(tree_items(data, len(tree) // 2))
        ids = {
            item for tree in ids for mode, _, item in trees[tree] if mode == _TREE
        } - trees.keys()
    return trees


def _below(
    trees: dict[str, list[tuple[bytes, bytes, str]]],
    tree: str,
    prefix: str,
    suffixes: tuple[str, ...],
) -> Iterator[Entry]:
    # Not by recursion: a tree may be deeper than Python's stack.
    pending = [(tree, prefix)]
    while pending:
        tree, prefix = pending.pop()
        for mode, name, item in trees[tree]:
            path = prefix + text(name)
            if mode == _TREE:
                pending.append((item, path + "/"))
            elif mode[:2] != b"16" and path.endswith(suffixes):
                yield Entry(path, item, mode.decode("ascii"))
