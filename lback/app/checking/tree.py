"""What git lists and the graph does not show: links, conflicts, files the commit would lack."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lback.app.checking.sides import Side, inside
from lback.app.reading import INDEX, WORKTREE, Reader
from lback.core.findings import Finding, finding
from lback.core.shell import command, pathspec

if TYPE_CHECKING:
    from lback.vcs.lookups import Listed


def beside_the_graph(reader: Reader, mine: Side) -> Iterator[Finding]:
    """Yield LB106, LB109, LB303 and LB304 for what the graph of a place cannot show."""
    from lback.vcs.lookups import links_in, listed_in_index

    repository, (folders, _) = reader.repository, reader.folders(mine.at)
    if repository is None or not folders:
        return
    if mine.at not in (WORKTREE, INDEX):
        yield from _closed_links(reader, mine, links_in(repository, mine.at, folders))
        return
    listed = listed_in_index(repository, folders)
    yield from _closed_links(reader, mine, listed.links)
    if mine.at == WORKTREE:
        yield from _left_out(reader, mine, listed)
    else:
        yield from _unmerged(reader, mine, listed.unmerged)


def _closed_links(reader: Reader, mine: Side, links: Iterable[str]) -> Iterator[Finding]:
    """Yield LB106: Alembic would load what is behind a link that was not followed."""
    known = {entry.path for entry in mine.entries}
    for path in sorted(_revision_files(reader, mine, links) - known):
        yield finding(
            "LB106",
            "this is a link that leads nowhere or out of the repository, and was not opened",
            "put the file itself there, or take the link out of the version folder",
            path=path,
        )


def _unmerged(reader: Reader, mine: Side, paths: Iterable[str]) -> Iterator[Finding]:
    for path in sorted(_revision_files(reader, mine, paths)):
        yield finding(
            "LB109",
            "this file is not merged yet: the index holds both sides, and only ours was read",
            "resolve the conflict, then `git add` it",
            path=path,
        )


def _revision_files(reader: Reader, mine: Side, paths: Iterable[str]) -> frozenset[str]:
    """Return those paths that Alembic would take for revisions of the project."""
    from lback.core.source import Entry

    folders = reader.folders(mine.at)
    entries = [Entry(path, "") for path in paths if inside(path, folders)]
    return frozenset(entry.path for entry in reader.wanted(entries, mine.at))


def _left_out(reader: Reader, mine: Side, listed: Listed) -> Iterator[Finding]:
    """Yield LB303 and LB304; asks git without letting it run a filter of the repository's."""
    repository = reader.repository
    assert repository is not None
    others = [entry.path for entry in mine.entries if entry.path not in listed.ids]
    elsewhere = _tracked_elsewhere(reader, others)
    others = [path for path in others if path not in elsewhere]
    ignored = repository.ignore_rules(others)
    for path in others:
        if path in ignored:
            yield finding(
                "LB304",
                f"this migration file is ignored by git ({ignored[path]})",
                f"change the rule, or {command('git add -f', pathspec(path))}",
                path=path,
            )
        else:
            yield finding(
                "LB303",
                "this migration file is not tracked by git",
                command("git add", pathspec(path)),
                path=path,
            )
    # Not `ls-files --modified`: it would run a clean filter to be sure.
    for entry in mine.entries:
        known = listed.ids.get(entry.path, entry.blob)
        if known != entry.blob and entry.path not in listed.links and _edited(reader, entry.path):
            yield finding(
                "LB303",
                "this migration file has changes that are not staged",
                command("git add", pathspec(entry.path)),
                path=entry.path,
            )


def _tracked_elsewhere(reader: Reader, paths: list[str]) -> frozenset[str]:
    """Return those files that git tracks where the link of a folder leads to."""
    repository, root = reader.repository, os.path.realpath(reader.project.root)
    assert repository is not None
    ends = {one: os.path.relpath(os.path.realpath(os.path.join(root, one)), root) for one in paths}  # noqa: PTH118
    moved = {one: end for one, end in ends.items() if end != one and not end.startswith("..")}
    tracked = repository.files(INDEX, moved.values()) if moved else {}
    return frozenset(one for one, end in moved.items() if end in tracked)


def _edited(reader: Reader, path: str) -> bool:
    """Tell whether a file differs from the index in more than its line ends."""
    repository = reader.repository
    assert repository is not None
    both = [repository.file(at, path) or b"" for at in ("worktree", INDEX)]
    return both[0].replace(b"\r\n", b"\n") != both[1].replace(b"\r\n", b"\n")
