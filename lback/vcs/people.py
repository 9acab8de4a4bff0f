"""The people behind a commit, read as commit objects; the one place that needs GitPython."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lback.errors import HistoryMissing, LbackError
from lback.vcs.environment import git_program
from lback.vcs.git import text
from lback.vcs.repository import Repository

if TYPE_CHECKING:
    from git import Repo


def co_authors(repository: Repository, shas: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the names in `Co-authored-by` lines by commit; HistoryMissing without the commit."""
    wanted = list(shas)
    if not wanted:
        return {}
    if repository.algorithm != "sha1":  # which GitPython cannot read
        return by_trailers(repository, wanted)
    library = _library()
    found: dict[str, tuple[str, ...]] = {}
    sha = wanted[0]
    try:
        with library.Repo(repository.common_dir) as repo:
            _lend_environment(repo, repository)
            for sha in wanted:
                commit = library.Commit(repo, bytes.fromhex(sha))
                found[sha] = tuple(actor.name or actor.email or "" for actor in commit.co_authors)
    except (ValueError, BrokenPipeError, library.exc.ODBError) as err:
        # What GitPython says when its cat-file child has died or knows no such object.
        raise HistoryMissing(
            f"git has no commit {sha} in this clone", "Fetch the history: git fetch --unshallow"
        ) from err
    except (library.exc.GitError, OSError) as err:
        raise LbackError(f"git could not read the commits: {err}", "Run git fsck.") from err
    return found


class _Library:
    """GitPython, imported when first needed: it costs as much as all the rest."""

    def __init__(self) -> None:
        lent = {
            "GIT_PYTHON_REFRESH": "quiet",  # or the import fails without git
            "GIT_PYTHON_GIT_EXECUTABLE": git_program(os.environ) or "git",
        }
        before = {name: os.environ.get(name) for name in lent}
        os.environ.update(lent)
        try:
            import git
            import git.exc
            import git.objects
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        self.Repo = git.Repo
        self.Commit = git.objects.Commit
        self.exc = git.exc


def _library() -> _Library:
    return _Library()


def _lend_environment(repo: Repo, repository: Repository) -> None:
    """Let GitPython's children see what ours see, whatever a hook has set for this process."""
    variables = {
        name: value
        for name, value in repository.git.environ.items()
        if name.startswith("GIT_") and name not in ("GIT_WORK_TREE", "GIT_INDEX_FILE")
    }
    repo.git.update_environment(**{**variables, "GIT_DIR": str(repository.common_dir)})


def by_trailers(repository: Repository, shas: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what `co_authors` does by git itself: without GitPython, so quicker."""
    form = "--format=%H%x00%(trailers:key=Co-authored-by,valueonly,separator=%x00)"
    out = text(repository.git.run("log", "--no-walk=unsorted", "--no-patch", form, *shas, "--"))
    found: dict[str, tuple[str, ...]] = {}
    for line in out.split("\n"):
        sha, *people = line.split("\0")
        found[sha] = tuple(person.partition(" <")[0] for person in people if person)
    return found
