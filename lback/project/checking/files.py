"""Gathers what git lists and no graph shows: links, conflicts, files that a commit would lack."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from lback.core.checks.files import FileFacts
from lback.core.source import INDEX, WORKTREE, Entry
from lback.project.revisions import Revisions
from lback.project.sides import Tree, inside
from lback.vcs.lookups import Listed, links_in, listed_in_index


def file_facts(revisions: Revisions, mine: Tree) -> FileFacts:
    """Ask git about the files in the version folders of a place."""
    repository, (folders, _) = revisions.repository, revisions.folders(mine.at)
    if repository is None or not folders:
        return FileFacts()
    if mine.at not in (WORKTREE, INDEX):
        return FileFacts(_closed_links(revisions, mine, links_in(repository, mine.at, folders)))
    listed = listed_in_index(repository, folders)
    closed = _closed_links(revisions, mine, listed.links)
    if mine.at == WORKTREE:
        return replace(_left_out(revisions, mine, listed), closed_links=closed)
    return FileFacts(closed, tuple(sorted(_revision_files(revisions, mine, listed.unmerged))))


def _closed_links(revisions: Revisions, mine: Tree, links: Iterable[str]) -> tuple[str, ...]:
    """Return the links that were not followed; Alembic would load what is behind them."""
    known = {entry.path for entry in mine.entries}
    return tuple(sorted(_revision_files(revisions, mine, links) - known))


def _revision_files(revisions: Revisions, mine: Tree, paths: Iterable[str]) -> frozenset[str]:
    """Return those paths that Alembic would take for revisions of the project."""
    folders = revisions.folders(mine.at)
    entries = [Entry(path, "") for path in paths if inside(path, folders)]
    return frozenset(entry.path for entry in revisions.wanted(entries, mine.at))


def _left_out(revisions: Revisions, mine: Tree, listed: Listed) -> FileFacts:
    """Find what a commit would lack, without letting git run a filter of the repository's."""
    repository = revisions.repository
    assert repository is not None
    others = [entry.path for entry in mine.entries if entry.path not in listed.ids]
    elsewhere = _tracked_elsewhere(revisions, others)
    others = [path for path in others if path not in elsewhere]
    ignored = repository.ignore_rules(others)
    # Not `ls-files --modified`: it would run a clean filter to be sure.
    edited = [
        entry.path
        for entry in mine.entries
        if listed.ids.get(entry.path, entry.blob) != entry.blob
        and entry.path not in listed.links
        and _edited(revisions, entry.path)
    ]
    return FileFacts(
        untracked=tuple(path for path in others if path not in ignored),
        ignored={path: ignored[path] for path in others if path in ignored},
        not_staged=tuple(edited),
    )


def _tracked_elsewhere(revisions: Revisions, paths: list[str]) -> frozenset[str]:
    """Return those files that git tracks where the link of a folder leads to."""
    repository, root = revisions.repository, os.path.realpath(revisions.project.root)
    assert repository is not None
    ends = {one: os.path.relpath(os.path.realpath(os.path.join(root, one)), root) for one in paths}  # noqa: PTH118
    moved = {one: end for one, end in ends.items() if end != one and not end.startswith("..")}
    tracked = repository.files(INDEX, moved.values()) if moved else {}
    return frozenset(one for one, end in moved.items() if end in tracked)


def _edited(revisions: Revisions, path: str) -> bool:
    """Tell whether a file differs from the index in more than its line ends."""
    repository = revisions.repository
    assert repository is not None
    both = [repository.file(at, path) or b"" for at in ("worktree", INDEX)]
    return both[0].replace(b"\r\n", b"\n") != both[1].replace(b"\r\n", b"\n")
