"""git's log as data, read while git writes it: which commit did what to which file."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from lback.core.source import Commit
from lback.vcs.git import text

# A path is never empty, so an empty field can only come before this mark.
_MARK = b"\x01"
FORMAT = "--format=%x00%x01%x00%H%x00%aN%x00%aE%x00%aI%x00%s%x00%cN%x00%cE"
# -c: a merge counts where it differs from all its parents, as when a merge revision
# is added while a conflict is resolved.
OPTIONS = ("-c", "-z", "--no-ext-diff", "--no-textconv", "--encoding=UTF-8", FORMAT)


# With it the log names, of a file that a merge moved, its path in each parent.
ALL_PATHS = "--combined-all-paths"

# Who commits what others press a button for.
_MACHINES = frozenset({"noreply@github.com", "noreply@gitlab.com"})


class FileTouch(NamedTuple):
    """What one commit did to one file: A, M, D, R, T; `score` is a rename's likeness in %.

    `parent` is the number of the merge's parent that the file was renamed from; 0 where the
    commit is no merge.
    """

    commit: Commit
    status: str
    path: str
    old_path: str | None = None
    score: int = 100
    parent: int = 0


class Stored(NamedTuple):
    """One version of a file by blob id, as a commit left it or (`gone`) as it was before."""

    commit: Commit
    path: str
    blob: str
    gone: bool = False


def touches(
    fields: Iterator[bytes], wanted: Container[bytes] | None = None, *, renames: bool = False
) -> Iterator[FileTouch]:
    """Read the fields of `git log --name-status` with OPTIONS; `renames`: with ALL_PATHS as well.

    Files that are not in `wanted` (None: all are) are passed over, which makes a
    commit of thousands cheap.
    """
    for commit, word, rest in _records(fields):
        path = next(rest, b"")
        old: bytes | None = None
        parent = 0
        if word[1:].isdigit():  # R100: two paths
            path, old = next(rest, b""), path
        elif len(word) > 1 and renames:  # AR, MM: a merge's; a path in each parent, then its own
            before = [path, *(next(rest, b"") for _ in word)]
            path = before.pop()
            parent = word.find(b"R") + 1
            old = before[parent - 1] if parent else None
        if wanted is not None and path not in wanted:
            continue
        if old is not None:
            score = int(word[1:]) if not parent else 100
            yield FileTouch(commit, "R", text(path), text(old), score, parent)
        else:
            yield FileTouch(commit, "A" if not word.strip(b"A") else chr(word[-1]), text(path))


def stored(fields: Iterator[bytes]) -> Iterator[Stored]:
    """Read the fields of `git log --raw --no-renames` with OPTIONS: blobs before and after."""
    for commit, word, rest in _records(fields):
        path = text(next(rest, b""))
        parents = len(word) - len(word.lstrip(b":"))
        ids = word.lstrip(b":").decode("ascii", "replace").split(" ")[parents + 1 : -1]
        for blob in reversed(ids):
            if blob.strip("0"):
                yield Stored(commit, path, blob, blob != ids[-1])


def _records(fields: Iterator[bytes]) -> Iterator[tuple[Commit, bytes, Iterator[bytes]]]:
    commit: Commit | None = None
    for field in fields:
        word = field.lstrip(b"\n")
        if word == _MARK:
            commit = _commit(fields)
        elif word and commit is not None:
            yield commit, word, fields


def _commit(fields: Iterator[bytes]) -> Commit:
    sha, author, email, date, subject, committer, address = (
        next(fields, b"").decode("utf-8", "replace").rstrip("\n") for _ in range(7)
    )
    other = committer != author and address != email and address not in _MACHINES
    return Commit(sha, author, email, date, subject, committer=committer if other else "")
