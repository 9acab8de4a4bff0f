"""What git knows of each revision file, remembered from one run to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import fsencode
from typing import Any, NamedTuple

from lback.core.source import INDEX, WORKTREE, Commit
from lback.errors import LbackError
from lback.files import spelling
from lback.project.revisions import Revisions
from lback.vcs.repository import Repository

_TABLE = "pasts-3-"


class Past(NamedTuple):
    """Who brought a file, None where the clone does not reach back; edits newest first.

    `names` are the paths that it had besides the present one, newest first. `written` is the
    commit that had the file first, where `brought` only brought it back (a revert of a revert).
    """

    brought: Commit | None
    edits: tuple[Commit, ...] = ()
    names: tuple[str, ...] = ()
    written: Commit | None = None


def pasts_of(revisions: Revisions, paths: Sequence[str], at: str = WORKTREE) -> dict[str, Past]:
    """Return the past of each path; one that is not committed, or no git, is left out.

    All of `paths` are remembered together, so ask for every revision file at once.
    """
    repository = revisions.repository
    if repository is None or not paths:
        return {}
    if at in (WORKTREE, INDEX):
        commit = repository.head().commit
        if commit is None:
            return {}
    else:
        commit = repository.commit(at)
    folders = fsencode("\0".join(sorted(revisions.folders(at)[0])))
    name = _TABLE + sha256(folders).hexdigest()[:12] + spelling()
    known = _load(repository, name)
    if known.commit != commit:
        known = _moved(repository, known, commit, paths)
    lacking = [path for path in paths if path not in known.pasts]
    if lacking:
        known.pasts.update(_ask(repository, lacking, commit))
    if lacking or known.fresh:
        _keep(repository, name, known)
    return {path: past for path in paths if (past := known.pasts.get(path)) is not None}


@dataclass(slots=True)
class _Known:
    commit: str
    pasts: dict[str, Past | None]
    fresh: bool = False


def _moved(repository: Repository, known: _Known, commit: str, paths: Sequence[str]) -> _Known:
    """Return what is still true at another commit: files that nobody touched since."""
    empty = _Known(commit, {}, True)
    # What a commit of a submodule's changes is no file that changed here.
    if not known.commit or repository.is_shallow or repository.has_submodules:
        return empty
    try:
        if not repository.is_ancestor(known.commit, commit):
            return empty
        folders = tuple(sorted({path.rpartition("/")[0] for path in (*paths, *known.pasts)}))
        touched = repository.touched(known.commit, commit, folders)
    except LbackError:  # the old commit was collected
        return empty
    kept: dict[str, Past | None] = {
        path: past for path, past in known.pasts.items() if past is not None and path not in touched
    }
    return _Known(commit, kept, True)


def _ask(repository: Repository, paths: list[str], commit: str) -> dict[str, Past | None]:
    from lback.vcs.log import co_authors, histories

    by_path = histories(repository, paths, commit)
    shas = {
        commit.sha
        for past in by_path.values()
        for commit in (past.brought, *past.edits)
        if commit is not None
    }
    people = co_authors(repository, sorted(shas))

    def full(commit: Commit) -> Commit:
        return commit._replace(co_authors=people.get(commit.sha, ()))

    pasts: dict[str, Past | None] = {}
    for path in paths:
        past = by_path.get(path)
        if past is None:
            pasts[path] = None
            continue
        brought = full(past.brought) if past.brought is not None else None
        others = tuple(name for name in past.names if name != path)
        written = _first_writer(repository, path, brought)
        pasts[path] = Past(brought, tuple(map(full, past.edits)), others, written)
    return pasts


def _first_writer(repository: Repository, path: str, brought: Commit | None) -> Commit | None:
    """Return who had the file before a commit that by its subject brings something back."""
    from lback.vcs.log import histories

    if brought is None or not brought.subject.startswith(("Revert ", "Reapply ")):
        return None
    before = histories(repository, [path], f"{brought.sha}^").get(path)
    return before.brought if before is not None else None


# -- the remembered form: commits once each, files by their numbers -----------------


def _load(repository: Repository, name: str) -> _Known:
    data = repository.store.table(name)
    if data is None:
        return _Known("", {})
    try:
        row = json.loads(data)
        commits = [_commit(commit) for commit in row["commits"]]
        pasts: dict[str, Past | None] = {
            path: None
            if brought is None
            else Past(
                commits[brought] if brought >= 0 else None,
                tuple(commits[n] for n in edits),
                tuple(names),
                commits[written] if written >= 0 else None,
            )
            for path, (brought, edits, names, written) in row["paths"].items()
        }
        return _Known(row["commit"], pasts)
    except (ValueError, KeyError, TypeError, IndexError):
        return _Known("", {})


def _keep(repository: Repository, name: str, known: _Known) -> None:
    numbers: dict[str, int] = {}
    commits: list[Any] = []

    def number(commits_: Iterable[Commit]) -> list[int]:
        for commit in commits_:
            if commit.sha not in numbers:
                numbers[commit.sha] = len(commits)
                commits.append([*commit[:5], commit.co_authors, commit.committer])
        return [numbers[commit.sha] for commit in commits_]

    paths: dict[str, Any] = {}
    for path, past in known.pasts.items():
        if past is None:
            paths[path] = [None, [], [], -1]
        else:
            brought, written = (
                number((commit,))[0] if commit is not None else -1
                for commit in (past.brought, past.written)
            )
            paths[path] = [brought, number(past.edits), past.names, written]
    row = {"commit": known.commit, "commits": commits, "paths": paths}
    repository.store.put_table(name, json.dumps(row, separators=(",", ":")).encode())


def _commit(row: list[Any]) -> Commit:
    sha, author, email, date, subject, people, committer = row
    return Commit(sha, author, email, date, subject, tuple(people), committer)
