"""The tree as it would be once two sides are merged: by path and blob id alone.

Pure: what the two sides did is decided here, and the few files whose content both
sides edited are left for git to merge (`merged_view.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from lback.core.source import Entry

_NONE: Mapping[str, str] = MappingProxyType({})
Kind = Literal["both edited", "both added", "deleted and edited", "renamed twice"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path that git would stop at; an absent side is None."""

    path: str
    kind: Kind
    base: Entry | None = None
    ours: Entry | None = None
    theirs: Entry | None = None


@dataclass(frozen=True, slots=True)
class Decided:
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
    found: dict[str, str] = {}
    for blob, paths in come.items():
        olds = gone[blob]
        if len(olds) == 1 and len(paths) == 1:
            found[olds[0]] = paths[0]
            continue
        names = {path.rpartition("/")[2]: path for path in paths}
        if len(names) == len(paths):  # several equal files moved to another folder
            found.update(
                (old, names[name]) for old in olds if (name := old.rpartition("/")[2]) in names
            )
    return found
