"""The trees of many commits at once; what they share is read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from lback.core.source import Entry
from lback.vcs.git import Git, text
from lback.vcs.objects import look_up, read_blobs
from lback.vcs.trees import PY, followed

_TREE = b"40000"


def entries_of(
    git: Git,
    commits: Iterable[str],
    folders: Sequence[str],
    *,
    hint: str,
    suffixes: tuple[str, ...] = PY,
) -> dict[str, tuple[Entry, ...]]:
    """Return the files below folders of each commit; a commit without such a folder has none.

    Children: one that looks up, one for each level of folders, whatever the number of
    commits. HistoryMissing when a tree is not in this clone.
    """
    wanted = list(dict.fromkeys(commits))
    names = {
        (commit, folder): f"{commit}:{folder}" if folder else f"{commit}^{{tree}}"
        for commit in wanted
        for folder in folders
    }
    tops = look_up(git, names.values(), kind="tree")
    trees = _read(git, set(tops.values()), hint)
    listings: dict[tuple[str, str], list[Entry]] = {}
    found: dict[str, tuple[Entry, ...]] = {}
    for commit in wanted:
        entries: list[Entry] = []
        for folder in folders:
            top = tops.get(names[commit, folder])
            if top is None:
                continue
            if (top, folder) not in listings:
                prefix = folder + "/" if folder else ""
                listings[top, folder] = list(_below(trees, top, prefix, suffixes))
            entries += listings[top, folder]
        if any(entry.mode == "120000" for entry in entries):
            entries = followed(git, commit + ":", entries)
        found[commit] = tuple(sorted(entries, key=attrgetter("path")))
    return found


def _read(git: Git, ids: set[str], hint: str) -> dict[str, list[tuple[bytes, bytes, str]]]:
    """Read trees with all trees below them, a level at a time."""
    trees: dict[str, list[tuple[bytes, bytes, str]]] = {}
    while ids:
        for tree, data in read_blobs(git, sorted(ids), hint=hint, kind=b"tree").items():
            trees[tree] = list(_items(data, len(tree) // 2))
        ids = {
            item for tree in ids for mode, _, item in trees[tree] if mode == _TREE
        } - trees.keys()
    return trees


def _items(data: bytes, size: int) -> Iterator[tuple[bytes, bytes, str]]:
    """Read a tree object: "<mode> <name>\\0<id of `size` bytes>", over and over."""
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        at = end + 1 + size
        yield mode, name, data[end + 1 : at].hex()


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
