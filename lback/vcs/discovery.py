"""Which repository a folder belongs to, asked of git in one child."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lback.errors import GitUnavailable, LbackError
from lback.vcs import environment
from lback.vcs.environment import FACTS, PLACES
from lback.vcs.git import Answer, Git, failure, not_found, said, text
from lback.vcs.noted import INPUTS
from lback.vcs.refs import head_of
from lback.vcs.repository import Repository

_HOMES = frozenset((".git",))


def discover(start: Path) -> Repository | None:
    """Find the repository that a folder is in, or None; GitUnavailable if git cannot tell."""
    try:
        here = Path.cwd()
    except OSError as err:
        raise LbackError("The current folder is gone", "Change to another one.") from err
    return _find(here / start, os.environ, here)


def _find(start: Path, environ: Mapping[str, str], cwd: Path) -> Repository | None:
    """Find it; `environ` and `cwd` are the process's own.

    Inside a hook they speak of the hook's repository, which may or may not be the one asked for.
    """
    try:
        folder = start if start.is_dir() else start.parent
        there = folder.is_dir()
    except OSError as err:
        raise LbackError(f"{start} cannot be read: {err.strerror}", "Name one with -C.") from err
    if not there:
        raise LbackError(f"There is no folder {start}", "Name an existing one with -C.")
    if environment.git_program(environ) is None:
        missing = not_found()
        missing.outside = not (environment.names_repository(environ) or _is_inside(folder))
        raise missing
    by_folder = _ask(Git(folder, environment.outside(environ)))
    if by_folder is not None:
        _refuse_brought(by_folder)
    if not environment.names_repository(environ):
        return by_folder
    if by_folder is not None and environment.is_same(
        environ, cwd, by_folder.git_dir, by_folder.root
    ):
        return _with(by_folder, environment.inside(environ, cwd))
    named = _named(folder, environ, cwd, by_folder)
    if named is not None:
        return named
    return None if by_folder is None else _with(by_folder, environment.stranger(environ))


def _refuse_brought(repository: Repository) -> None:
    """Raise LbackError for a repository whose very git directory is made of files of another.

    A branch can bring such a folder: whoever stands in it would follow its configuration.
    """
    if repository.git_dir.name == ".git" or _HOMES.intersection(repository.git_dir.parts):
        return  # git refuses to track a path like that
    above = _ask(Git(repository.git_dir.parent, environment.stranger(repository.git.environ)))
    if above is None or above.root is None or above.git_dir == repository.git_dir:
        return
    inner = os.path.relpath(repository.git_dir, os.path.realpath(above.root))
    if above.git.ask("ls-files", "-z", "--", f"{inner}/HEAD", f"{inner}/config").out:
        raise LbackError(
            f"{repository.git_dir} is a git repository that {above.root} has brought as files.",
            "Change to another folder; `git ls-files` there shows who has committed it.",
        )


def _named(
    folder: Path, environ: Mapping[str, str], cwd: Path, by_folder: Repository | None
) -> Repository | None:
    """Find the repository of GIT_DIR, where `folder` is in its work tree but does not show it."""
    variables = environment.explicit(environ, cwd)
    if variables is None:
        return None
    # Asked where git started the hook: without GIT_WORK_TREE that folder is the work tree.
    try:
        named = _ask(Git(cwd, variables))
    except LbackError:
        if by_folder is None:
            raise
        return None
    if named is None:
        return None
    place = (named.root or named.git_dir).resolve()
    if not folder.resolve().is_relative_to(place):
        return None
    if by_folder is not None:
        nearer = (by_folder.root or by_folder.git_dir).resolve()
        if nearer != place and nearer.is_relative_to(place):
            return None  # a repository of its own inside that work tree
    if named.root is not None:
        variables["GIT_WORK_TREE"] = str(named.root)
    return _with(named, variables)


def _ask(git: Git) -> Repository | None:
    # HEAD comes last: before the first commit git fails there, with all the rest said.
    command = ("rev-parse", *FACTS, *PLACES, "HEAD", "--symbolic-full-name", "HEAD")
    answer = git.ask(*command, lasting=True)
    *lines, _ = text(answer.out).split("\n")
    INPUTS.repository(str(git.cwd), b"".join(answer.out.splitlines(keepends=True)[:6]))
    if answer.status == 0 and len(lines) == 8:
        return _found(git, lines[:5], lines[5], head=(lines[6], lines[7]))
    if "ambiguous argument 'HEAD'" in answer.complaint and len(lines) in (6, 7):
        return _found(git, lines[:5], lines[5])
    if answer.status != 0 and len(lines) >= 5 and "must be run in a work tree" in answer.complaint:
        return _found(git, lines[:5], None)
    if answer.status == 0 or "ambiguous argument 'HEAD'" in answer.complaint:
        # A folder with a line break in its name.
        facts = text(git.run("rev-parse", *FACTS)).split("\n")[:3]
        places = [text(git.run("rev-parse", place)).removesuffix("\n") for place in PLACES]
        return _found(git, [*facts, *places[:2]], places[2])
    if _is_nowhere(answer):
        _refuse_closed(git.cwd)
        return None
    err = failure(command, answer)
    raise GitUnavailable(err.message, err.hint)


def _is_nowhere(answer: Answer) -> bool:
    words = said(answer.complaint)
    return words.startswith("not a git repository (or any") or "outside repository" in words


def _refuse_closed(folder: Path) -> None:
    """Raise GitUnavailable for a repository that git passes by because it may not look into it."""
    for place in (folder, *folder.parents):
        try:
            (place / ".git" / "HEAD").stat()
        except PermissionError as err:
            raise GitUnavailable(
                f"{place / '.git'} cannot be read: {err.strerror}",
                "Give yourself the right to read it.",
            ) from err
        except OSError:
            continue


def _is_inside(folder: Path) -> bool:
    """Tell whether a folder may be in a repository, where no git can be asked."""
    homes = ((place, place / ".git") for place in (folder, *folder.parents))
    return any(os.path.lexists(home) or (place / "objects").is_dir() for place, home in homes)


def _found(
    git: Git, lines: list[str], top: str | None, head: tuple[str, str] | None = None
) -> Repository:
    bare, shallow, algorithm, git_dir, common = lines
    places = Path(git_dir)
    root = Path(top) if top and bare != "true" else None
    # Run from the root, so that paths in and out are relative to it.
    home = root if root is not None else places
    return Repository(
        Git(home, git.environ),
        root,
        places,
        common_dir=Path(os.path.normpath(git.cwd / common)),
        is_shallow=shallow == "true",
        algorithm="sha256" if algorithm == "sha256" else "sha1",
        head=None if head is None else head_of(*head),
    )


def _with(repository: Repository, variables: Mapping[str, str]) -> Repository:
    repository.git = Git(repository.git.cwd, variables)
    return repository
