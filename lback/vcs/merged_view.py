"""The tree as it would be once two sides are merged: by path and blob id alone.

What the two sides did is decided without reading a file, and the few files whose content both
sides edited are merged by git.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from lback.core.source import Entry
from lback.vcs.git import failure
from lback.vcs.repository import Repository
from lback.vcs.worktree import blob_id

_NONE: Mapping[str, str] = MappingProxyType({})
Kind = Literal["both edited", "both added", "deleted and edited", "renamed twice"]


class Conflict(NamedTuple):
    """A path that git would stop at; an absent side is None."""

    path: str
    kind: Kind
    base: Entry | None = None
    ours: Entry | None = None
    theirs: Entry | None = None


class Decided(NamedTuple):
    """What is settled without reading a file, and what needs its content merged."""

    entries: tuple[Entry, ...]
    contents: tuple[Conflict, ...]  # three versions each; git may merge them cleanly
    conflicts: tuple[Conflict, ...]


def three_way(
    base: Iterable[Entry],
    ours: Iterable[Entry],
    theirs: Iterable[Entry],
    *,
    ours_renamed: Mapping[str, str] = _NONE,
    theirs_renamed: Mapping[str, str] = _NONE,
) -> Decided:
    """Merge three sets of entries; renames are followed where the blob stayed the same.

    Renames of files that were edited as well have to be given, old path to new.
    """
    before = {entry.path: entry for entry in base}
    left = {entry.path: entry for entry in ours}
    right = {entry.path: entry for entry in theirs}
    left_names = {**_given(before, left, ours_renamed), **_renames(before, left)}
    right_names = {**_given(before, right, theirs_renamed), **_renames(before, right)}
    result = _Result()
    taken: set[str] = set()
    for path, old in before.items():
        a = left.get(left_names.get(path, path))
        b = right.get(right_names.get(path, path))
        taken.update(entry.path for entry in (a, b) if entry is not None)
        result.settle(old, a, b)
    for path in sorted((left.keys() | right.keys()) - taken):
        result.settle_new(path, left.get(path), right.get(path))
    entries = tuple(result.entries[path] for path in sorted(result.entries))
    return Decided(entries, tuple(result.contents), tuple(result.conflicts))


@dataclass(slots=True)
class _Result:
    entries: dict[str, Entry] = field(default_factory=dict)
    contents: list[Conflict] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def settle(self, old: Entry, a: Entry | None, b: Entry | None) -> None:
        """Decide about one file that the base has."""
        if a is None or b is None:
            kept = a if a is not None else b
            if kept is not None and (kept.blob, kept.path) != (old.blob, old.path):
                # git leaves the edited one on disk for a person to decide; so it counts.
                self.entries[kept.path] = kept
                self.conflicts.append(Conflict(kept.path, "deleted and edited", old, a, b))
            return
        path = a.path if a.path != old.path else b.path
        if b.path not in (old.path, path):
            self.entries[a.path], self.entries[b.path] = a, b
            self.conflicts.append(Conflict(a.path, "renamed twice", old, a, b))
            return
        mode = a.mode if a.mode != old.mode else b.mode
        if old.blob in (a.blob, b.blob) or a.blob == b.blob:
            blob = b.blob if a.blob == old.blob else a.blob
            self.entries[path] = Entry(path, blob, mode)
            return
        a, b = a._replace(path=path, mode=mode), b._replace(path=path)
        self.contents.append(Conflict(path, "both edited", old, a, b))

    def settle_new(self, path: str, a: Entry | None, b: Entry | None) -> None:
        """Decide about one file that only came after the base."""
        if a is not None and b is not None and a.blob != b.blob:
            self.contents.append(Conflict(path, "both added", None, a, b))
            return
        either = a or b
        if either is not None:
            self.entries[path] = either


def _given(
    before: Mapping[str, Entry], after: Mapping[str, Entry], renamed: Mapping[str, str]
) -> dict[str, str]:
    return {
        old: new
        for old, new in renamed.items()
        if old in before and old not in after and new in after and new not in before
    }


def _renames(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> dict[str, str]:
    """Return old path to new path for files that only moved; ambiguous ones stay unnamed."""
    gone: dict[str, list[str]] = {}
    for path, entry in before.items():
        if path not in after:
            gone.setdefault(entry.blob, []).append(path)
    if not gone:
        return {}
    come: dict[str, list[str]] = {}
    for path, entry in after.items():
        if path not in before and entry.blob in gone:
            come.setdefault(entry.blob, []).append(path)
    renames: dict[str, str] = {}
    for blob, paths in come.items():
        olds = gone[blob]
        if len(olds) == 1 and len(paths) == 1:
            renames[olds[0]] = paths[0]
            continue
        names = {path.rpartition("/")[2]: path for path in paths}
        if len(names) == len(paths):  # several equal files moved to another folder
            renames.update(
                (old, names[name]) for old in olds if (name := old.rpartition("/")[2]) in names
            )
    return renames


class Merged(NamedTuple):
    """The files as a merge would leave them.

    `texts` holds the contents that exist in no tree yet, by blob id; a file that git
    could not merge is there with conflict markers, and among `conflicts`.
    """

    base: str
    entries: tuple[Entry, ...]
    texts: dict[str, bytes]
    conflicts: tuple[Conflict, ...]


def merge_entries(
    repository: Repository,
    base: str,
    before: Iterable[Entry],
    ours: Iterable[Entry],
    theirs: Iterable[Entry],
    *,
    at: str,
    tips: tuple[str, str] | None = None,
    unread: Container[str] = (),
) -> Merged:
    """Return the files once a merge is done, of those that were listed.

    `before` are the files of the commit `base`, `at` is where `ours` can be read. `tips`
    are the commits of both sides, where renames of edited files are looked for. Files
    whose blob is among `unread` are not opened: where both sides edited one, that is a
    conflict and ours stays.
    """
    old, mine, others = list(before), [e for e in ours if e.stage in (0, 2)], list(theirs)
    decided = three_way(old, mine, others)
    if tips is not None and _perhaps_renamed(decided, old, mine, others):
        # Renamed and edited in one commit: git judges by likeness.
        renamed = [_renamed(repository, base, tip, old) for tip in tips]
        decided = three_way(old, mine, others, ours_renamed=renamed[0], theirs_renamed=renamed[1])
    return _with_contents(repository, base, at, decided, unread)


def _perhaps_renamed(
    decided: Decided, before: list[Entry], ours: list[Entry], theirs: list[Entry]
) -> bool:
    """Tell whether a file is gone that the other side edited, or has under a new name too."""
    if any(conflict.kind == "deleted and edited" for conflict in decided.conflicts):
        return True
    left, right = {entry.path for entry in ours}, {entry.path for entry in theirs}
    known = {entry.path for entry in before}
    both_gone = not known <= (left | right)
    return both_gone and not (left <= known and right <= known)


def _renamed(
    repository: Repository, base: str, tip: str, before: Iterable[Entry]
) -> dict[str, str]:
    folders = {posixpath.dirname(entry.path) for entry in before}
    return {
        change.old_path: change.path
        for change in repository.changes(base, tip, sorted(folders))
        if change.status == "R" and change.old_path is not None
    }


def _with_contents(
    repository: Repository, base: str, ours: str, decided: Decided, unread: Container[str]
) -> Merged:
    if not decided.contents:
        return Merged(base, decided.entries, {}, decided.conflicts)
    from tempfile import TemporaryDirectory

    closed = [item for item in decided.contents if any(e.blob in unread for e in _versions(item))]
    open_ = [item for item in decided.contents if item not in closed]
    mine = [item.ours for item in open_ if item.ours is not None]
    texts = repository.read(ours, mine)
    others = [e.blob for item in open_ for e in (item.base, item.theirs) if e]
    texts.update(repository.blobs(blob for blob in others if blob not in texts))
    entries = [*decided.entries, *(item.ours for item in closed if item.ours is not None)]
    conflicts = [*decided.conflicts, *closed]
    new: dict[str, bytes] = {}
    with TemporaryDirectory(prefix="lback-") as folder:
        for item in open_:
            data, clean = _merge_file(repository, Path(folder), item, texts)
            blob = blob_id(data, repository.algorithm)
            new[blob] = data
            entries.append(Entry(item.path, blob, item.ours.mode if item.ours else "100644"))
            if not clean:
                conflicts.append(item)
    entries.sort(key=lambda entry: entry.path)
    return Merged(base, tuple(entries), new, tuple(conflicts))


def _versions(item: Conflict) -> list[Entry]:
    return [entry for entry in (item.base, item.ours, item.theirs) if entry is not None]


def _merge_file(
    repository: Repository, folder: Path, item: Conflict, texts: dict[str, bytes]
) -> tuple[bytes, bool]:
    """Return the merged content, and whether it is free of conflict markers."""

    names: list[str] = []
    for name, entry in (("ours", item.ours), ("base", item.base), ("theirs", item.theirs)):
        path = folder / name
        path.write_bytes(texts[entry.blob] if entry is not None else b"")
        names.append(str(path))
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    command = ("-c", "merge.conflictStyle=merge", "merge-file", "-p", *labels, *names)
    answer = repository.git.ask(*command)
    if answer.status == 255 and "binary" in answer.complaint:
        return (texts[item.ours.blob] if item.ours else b""), False
    if answer.status >= 128 or answer.status < 0:
        raise failure(("merge-file",), answer)
    return answer.out, answer.status == 0
