"""Who brought each revision file and who edited it: across renames, moves and merges."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from lback.core.source import Commit
from lback.errors import HistoryMissing, LbackError
from lback.vcs import walk
from lback.vcs.comparing import safe
from lback.vcs.git import raw, text
from lback.vcs.noted import INPUTS
from lback.vcs.objects import read_names
from lback.vcs.refs import is_whole_id
from lback.vcs.repository import Repository
from lback.vcs.trees import normal
from lback.vcs.walk import FileTouch

_MOVES = 20  # a file renamed more often than this loses its oldest history
_MANY = 100  # above this a folder is asked for instead of each of its files


class History(NamedTuple):
    """What commits did to one file, found under the names that it had, newest name first.

    `brought` is None where the clone does not reach back that far (shallow).
    `edits` are the commits after that one, newest first.
    """

    brought: Commit | None
    edits: tuple[Commit, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Trail:
    """One file on its way back through the log."""

    path: str  # as the caller names it
    names: list[str]
    edits: list[Commit] = field(default_factory=list)
    brought: Commit | None = None
    cut: bool = False


def commits_of(repository: Repository, paths: Iterable[str], at: str = "HEAD") -> dict[str, Commit]:
    """Return the commit that brought each file to `at`; files not committed are left out."""
    histories_of = histories(repository, paths, at)
    return {path: past.brought for path, past in histories_of.items() if past.brought is not None}


def histories(
    repository: Repository, paths: Iterable[str], at: str = "HEAD", *, whole: bool = False
) -> dict[str, History]:
    """Return what is known of each file in the log of `at`; files not committed are left out.

    One git child, and another one for each time that files were renamed, for this repository
    and for each of its submodules. Where this clone lacks an object on the way, what came before
    that is not known; with `whole` HistoryMissing.
    """
    by_path: dict[str, History] = {}
    for (module, commit), names in repository.modules_of(at, paths).items():
        prefix = f"{module}/" if module else ""
        for name, past in _histories(repository, names, commit, whole=whole).items():
            known = past._replace(names=tuple(prefix + word for word in past.names))
            by_path[prefix + name] = known
    return by_path


def _histories(
    repository: Repository, paths: Iterable[str], at: str, *, whole: bool
) -> dict[str, History]:
    trails = [_Trail(path, [path]) for path in dict.fromkeys(paths)]
    pending: dict[str, list[_Trail]] = {safe(repository.git, at): trails}
    for _ in range(_MOVES):
        moved: dict[str, list[_Trail]] = {}
        for start, group in pending.items():
            _follow(repository, start, group, moved, whole=whole)
        pending = moved
        if not pending:
            break
    hidden = _boundary(repository)
    found: dict[str, History] = {}
    for trail in trails:
        brought = trail.brought
        if brought is not None and brought.sha in hidden:
            brought = None  # everything looks new at the edge of a shallow clone
        if trail.brought is not None or trail.edits or trail.cut:
            found[trail.path] = History(brought, tuple(trail.edits), tuple(trail.names))
    return found


def _follow(
    repository: Repository,
    start: str,
    group: list[_Trail],
    moved: dict[str, list[_Trail]],
    *,
    whole: bool,
) -> None:
    """Follow files from `start` on; where a tree lacks somewhere else, in their folders alone."""
    before = [(trail, list(trail.names), list(trail.edits)) for trail in group]
    found: dict[str, list[_Trail]] = {}
    try:
        _read(repository, start, group, found)
    except HistoryMissing:
        if whole:
            raise
        for trail, names, edits in before:
            trail.names, trail.edits, trail.brought = names, edits, None
        found.clear()
        _follow_near(repository, start, group, found)
    for commit, trails in found.items():
        moved.setdefault(commit, []).extend(trails)


def _follow_near(
    repository: Repository, start: str, group: list[_Trail], moved: dict[str, list[_Trail]]
) -> None:
    """Follow files in their folders; what is new there may have come from elsewhere.

    Where that is not to be seen either, the commit that put a file there has brought it.
    """
    with suppress(HistoryMissing):
        _read(repository, start, group, moved, near=True)
    added: dict[str, list[_Trail]] = {}
    known = {id(trail) for trails in moved.values() for trail in trails}
    for trail in group:
        trail.cut = id(trail) not in known
        if trail.brought is not None:
            added.setdefault(trail.brought.sha, []).append(trail)
    for sha, trails in added.items():
        with suppress(HistoryMissing):
            _read(repository, sha, trails, moved, only=True)
            for trail in moved.get(f"{sha}^@", ()):
                trail.brought = None


def _read(
    repository: Repository,
    start: str,
    group: list[_Trail],
    moved: dict[str, list[_Trail]],
    *,
    near: bool = False,
    only: bool = False,
) -> None:
    """Read the log from `start` until every file's addition or rename has been seen.

    `near` reads the folders of the files alone, `only` the first commit.
    """
    waiting: dict[str, list[_Trail]] = {}
    for trail in group:
        waiting.setdefault(trail.names[-1], []).append(trail)
    for touch in _touches(repository, start, tuple(waiting), near=near, only=only):
        trails = waiting.get(touch.path)
        if trails is None:
            continue
        if touch.status == "R" and _same_revision(repository, touch):
            for trail in trails:
                trail.names.append(touch.old_path or "")
                if touch.score < 100:
                    trail.edits.append(touch.commit)
            moved.setdefault(touch.commit.sha + "^@", []).extend(trails)
            del waiting[touch.path]
        elif touch.status in "AR":
            for trail in trails:
                trail.brought = touch.commit
            del waiting[touch.path]
        elif touch.status != "D":
            for trail in trails:
                trail.edits.append(touch.commit)
        if not waiting:
            return


def _touches(
    repository: Repository, start: str, paths: tuple[str, ...], *, near: bool, only: bool
) -> Iterator[FileTouch]:
    few = len(paths) <= _MANY and not near
    places = paths if few else normal({posixpath.dirname(p) for p in paths})
    wanted = () if "" in places else places
    # --full-diff: the other half of a rename is outside of these paths.
    # In a partial clone likeness would need contents that were left out.
    likeness = "-M100%" if repository.is_partial else "-M"
    # Behind the -c of OPTIONS, which would undo it.
    reach = [*([] if near else ["--full-diff"]), *(["--no-walk"] if only else [])]
    options = (likeness, *reach, "--name-status", *walk.OPTIONS, walk.ALL_PATHS)
    command = ["log", *options, start, "--", *wanted]
    try:
        INPUTS.file(f"{repository.git.cwd}/.mailmap")
        with repository.git.stream(*command, lasting=is_whole_id(start)) as fields:
            yield from walk.touches(fields, {raw(path) for path in paths}, renames=True)
    except LbackError:
        if start == "HEAD" and repository.head().commit is None:
            return
        repository.commit(start.removesuffix("^@"))  # says what is wrong with the name
        raise


def _same_revision(repository: Repository, touch: FileTouch) -> bool:
    """Tell whether a rename kept the revision: migrations look alike where they are not.

    git takes "deleted one, generated another" for a rename as soon as half the lines agree.
    """
    old = touch.old_path or ""
    unchanged = touch.score == 100 and not touch.parent
    if unchanged or posixpath.basename(old) == posixpath.basename(touch.path):
        return True
    parent = f"{touch.commit.sha}^{touch.parent or 1}"
    names = (f"{touch.commit.sha}:{touch.path}", f"{parent}:{old}")
    try:
        texts = read_names(repository.git, names)
    except HistoryMissing:
        return False
    from lback.core.graph.revision import Header
    from lback.core.header import read_header  # not for the many that were never renamed

    headers = [read_header(texts[name], name.rpartition("/")[2]) for name in names if name in texts]
    ids = [header.revision for header in headers if isinstance(header, Header)]
    return len(ids) == 2 and _words(ids[0]) == _words(ids[1])


def _words(revision: str) -> str:
    """Return an id without its number where it has words: they stay when it is renumbered."""
    return revision.lstrip("0123456789") if "_" in revision else revision


def co_authors(repository: Repository, shas: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names in the `Co-authored-by` trailers of commits, by commit."""
    if not shas:
        return {}
    form = "--format=%H%x00%(trailers:key=Co-authored-by,valueonly,separator=%x00)"
    command = ("log", "--no-walk=unsorted", "--no-patch", form, *shas, "--")
    out = text(repository.git.run(*command, lasting=all(map(is_whole_id, shas))))
    people_of: dict[str, tuple[str, ...]] = {}
    for line in out.splitlines():
        sha, *people = line.split("\0")
        people_of[sha] = tuple(person.partition(" <")[0] for person in people if person)
    return people_of


def _boundary(repository: Repository) -> frozenset[str]:
    if not repository.is_shallow:
        return frozenset()
    try:
        return frozenset((repository.common_dir / "shallow").read_text("ascii").split())
    except OSError:
        return frozenset()
