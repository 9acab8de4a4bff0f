"""Reads the three sides of a merge and lets git merge the files that both sides edited."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from lback.core.source import Entry
from lback.vcs.git import failure
from lback.vcs.repository import Repository
from lback.vcs.threeway import Conflict, Decided, three_way
from lback.vcs.worktree import blob_id


@dataclass(frozen=True, slots=True)
class Merged:
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
    if any(one.kind == "deleted and edited" for one in decided.conflicts):
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
    import tempfile

    closed = [item for item in decided.contents if any(e.blob in unread for e in _versions(item))]
    open_ = [item for item in decided.contents if item not in closed]
    mine = [item.ours for item in open_ if item.ours is not None]
    texts = repository.read(ours, mine)
    others = [e.blob for item in open_ for e in (item.base, item.theirs) if e]
    texts.update(repository.blobs(blob for blob in others if blob not in texts))
    entries = [*decided.entries, *(item.ours for item in closed if item.ours is not None)]
    conflicts = [*decided.conflicts, *closed]
    new: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="lback-") as folder:
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
    return [one for one in (item.base, item.ours, item.theirs) if one is not None]


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
