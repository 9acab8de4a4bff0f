"""What a file is before anyone has read it: a path and the id of its content."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

# The places beside commits: the files on disk, and what `git add` has put down.
WORKTREE = "worktree"
INDEX = "index"


class Entry(NamedTuple):
    """One file at some place: a commit, the index or the work tree.

    `path` is POSIX, relative to the repository's root (to the project's root
    where there is no git). `blob` is the git blob id of the raw bytes, 40 or 64
    hex digits. `mode` is git's octal mode ("100644", "120000" for a symlink).
    `stage` is the index stage: 0, or 1-3 while a conflict is unresolved.
    """

    path: str
    blob: str
    mode: str = "100644"
    stage: int = 0

    @property
    def name(self) -> str:
        """Return the last component of the path."""
        return self.path.rsplit("/", 1)[-1]


class CommitKeys(TypedDict):
    """The keys of the contract's `commit` object."""

    sha: str
    author: str
    date: str
    subject: str


class Commit(NamedTuple):
    """One commit as people speak of it; `date` is ISO 8601 with offset, author's.

    `committer` is who brought it here, where that is somebody else (a cherry-pick, a patch).
    """

    sha: str
    author: str
    email: str
    date: str
    subject: str
    co_authors: tuple[str, ...] = ()
    committer: str = ""

    def as_dict(self) -> CommitKeys:
        """Return the contract's `commit` object."""
        return {
            "sha": self.sha,
            "author": self.author,
            "date": self.date,
            "subject": self.subject,
        }
