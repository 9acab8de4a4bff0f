"""Leaves out the findings that a file lists as old."""

from __future__ import annotations

import os
from pathlib import Path

from lback.core.checks.baseline import EMPTY, baseline_text, read_baseline, without_old
from lback.core.checks.findings import Finding
from lback.core.checks.policy import baseline_changed
from lback.core.checks.silencing import CodeChoice, arranged
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE
from lback.errors import UsageError
from lback.files import is_plain, write_whole
from lback.project.checking.gather import CheckFacts


def sorted_out(
    facts: CheckFacts | None, path: str, choice: CodeChoice, found: list[Finding], *, write: bool
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that are new, and the old ones; LB112 where the branch changes the list.

    A list that git has counts as the branch has it that is merged into.
    """
    if write:
        _write(path, found)
        return without_old(found, read_baseline(path, Path(path).read_bytes()))
    theirs, ours = _both(facts, path)
    if ours is None and theirs is None:
        return without_old(found, read_baseline(path, _on_disk(path)))
    try:
        old = read_baseline(path, theirs) if theirs is not None else frozenset()
    except UsageError:
        old = frozenset()  # nothing is old as long as nobody can say what
    mine = read_baseline(path, ours) if ours is not None else frozenset()
    if mine != old and facts is not None and facts.policy is not None:
        name = _relative(facts, path) or path
        one = baseline_changed(name, len(mine - old), len(old - mine), facts.policy.until)
        if choice.wants(one.code):
            found = arranged([*found, choice.graded(one)])
    return without_old(found, old)


def _both(facts: CheckFacts | None, path: str) -> tuple[bytes | None, bytes | None]:
    """Return the list as the base has it, and as the branch does; None for one that git lacks."""
    if facts is None or facts.policy is None or facts.policy.commit is None:
        return None, None
    repository = facts.revisions.repository
    assert repository is not None
    at, base = facts.mine.at, facts.policy.commit
    written, meant = _relative(facts, path), _relative(facts, path, follow=True)
    name = written or meant
    if name is None:
        return None, None
    theirs = repository.files(base, [name]).get(name)
    if theirs is None and meant is not None:
        name = meant  # a link that the base has as well
        theirs = repository.files(base, [name]).get(name)
    ours = repository.files(at, [name]).get(name)
    if theirs is None and at == WORKTREE:
        if written not in (None, meant):
            return None, ours or EMPTY  # a link of the branch's, wherever it leads
        if not repository.files(INDEX, [name]):
            ours = None  # the caller's own: git knows nothing of it
    return theirs, ours


def _relative(facts: CheckFacts, path: str, *, follow: bool = False) -> str | None:
    """Return a path relative to the root, as it is written or as links lead; None outside."""
    root = facts.revisions.project.root
    bare = facts.revisions.repository is not None and facts.revisions.repository.is_bare
    place = Path(os.path.normpath((root if bare else Path.cwd()) / path))
    for top in (root, root.resolve()):
        end = place.resolve() if follow else place
        if end.is_relative_to(top):
            return end.relative_to(top).as_posix()
    return None


def _on_disk(path: str) -> bytes:
    if not os.path.lexists(path):
        raise messages.no_baseline(path)
    if not is_plain(path):  # the end of a pipe or a device may never come
        raise messages.baseline_is_no_file(path)
    return Path(path).read_bytes()


def _write(path: str, found: list[Finding]) -> None:
    """Write a baseline; never in the place of anything but a file: a device, a folder, a link."""
    if Path(path).is_symlink():
        raise messages.baseline_is_a_link(path)
    if os.path.lexists(path) and not is_plain(path):
        raise messages.baseline_is_no_file(path)
    try:
        write_whole(Path(path), baseline_text(found).encode())
    except OSError as err:
        raise messages.baseline_not_written(path, err.strerror) from err
