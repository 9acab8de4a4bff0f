"""Which files the next commit would change, or two commits differ in, by patterns like git's."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.globs import matching
from lback.vcs.comparing import safe
from lback.vcs.git import failure, text
from lback.vcs.repository import Repository


def staged_files(repository: Repository, globs: Sequence[str]) -> tuple[str, ...]:
    """Return the files matching the patterns whose content in the index is not HEAD's."""
    if repository.head().commit is None:
        return _listed(repository, ("ls-files", "--full-name", "-z"), globs)
    return _listed(repository, ("diff-index", "--cached", *_OPTIONS, "HEAD"), globs)


def changed_files(repository: Repository, a: str, b: str, globs: Sequence[str]) -> tuple[str, ...]:
    """Return the files matching the patterns that differ between two commits."""
    names = (safe(repository.git, a), safe(repository.git, b))
    return _listed(repository, ("diff-tree", "-r", *_OPTIONS, *names), globs)


_OPTIONS = ("--name-only", "-z", "--no-renames", "--diff-filter=ADMT")


def _listed(
    repository: Repository, command: tuple[str, ...], globs: Sequence[str]
) -> tuple[str, ...]:
    if not globs:
        return ()
    answer = repository.git.ask(*command, "--")
    if answer.status != 0:
        raise failure(command, answer)
    names = [name for name in text(answer.out).split("\0") if name.endswith(".py")]
    return tuple(sorted(matching(globs, names)))
