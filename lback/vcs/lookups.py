"""Facts about branches, commits and objects, asked of git for many in one child."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lback.core.source import WORKTREE, Entry
from lback.errors import HistoryMissing
from lback.vcs.comparing import merge_base
from lback.vcs.environment import ENDINGS, is_program, programs
from lback.vcs.git import Git, failure, raw, text
from lback.vcs.objects import look_up
from lback.vcs.reach import is_outside
from lback.vcs.refs import remote_names, short_name
from lback.vcs.repository import Repository
from lback.vcs.trees import chosen


def blob_sizes(repository: Repository, ids: Iterable[str]) -> dict[str, int]:
    """Return the sizes of blobs in bytes, in one child; what this clone lacks is left out."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    form = "--batch-check=%(objectsize)"
    given = b"".join(raw(blob) + b"\n" for blob in wanted)
    lines = repository.git.ask("cat-file", form, "--buffer", given=given).out.split(b"\n")
    return {
        blob: int(line) for blob, line in zip(wanted, lines, strict=False) if line.strip().isdigit()
    }


def path_ids(
    repository: Repository, commits: Iterable[str], paths: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return, for each commit by id, the blob ids of the given paths ("" where there is no file).

    One child, whatever the number of commits.
    """
    places = tuple(paths)
    wanted = list(dict.fromkeys(commits))
    ids = look_up(repository.git, (f"{name}:{path}" for name in wanted for path in places))
    return {name: tuple(ids.get(f"{name}:{path}", "") for path in places) for name in wanted}


class Listed(NamedTuple):
    """What git lists below folders: blob ids by path, which of them are links, or unmerged."""

    ids: dict[str, str]
    links: frozenset[str]
    unmerged: frozenset[str] = frozenset()


def listed_in_index(repository: Repository, folders: Sequence[str]) -> Listed:
    """List the index, and those of submodules; of a conflict the id is any side's."""
    ids: dict[str, str] = {}
    links: set[str] = set()
    unmerged: set[str] = set()
    for prefix, git, some in repository.grounds(chosen(folders)):
        paths = () if "" in some else ("--", *some)
        out = git.run("ls-files", "--stage", "-z", "--full-name", *paths)
        for meta, _, inner in (line.partition("\t") for line in text(out).split("\0")):
            if inner:
                path = prefix + inner
                ids[path] = meta.split(" ", 2)[1]
                if meta[-1] != "0":
                    unmerged.add(path)
                if meta.startswith("12"):
                    links.add(path)
    return Listed(ids, frozenset(links), frozenset(unmerged))


def as_committed(repository: Repository, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return files on disk with the id that the index has of each that nobody has edited.

    A filter, `ident` and line ends make another text of a file as it is checked out. What git has
    noted when it wrote the file tells, or its text once those are taken back: no filter is run.
    """
    files = {entry.path: entry for entry in entries if entry.mode != "120000"}
    others: dict[str, str] = {}
    edited: dict[str, str] = {}
    for prefix, git, folders in repository.grounds(_folders(files)):
        index = None if prefix else repository.git_dir / "index"
        for path, (blob, seen) in _seen_by_git(git, folders).items():
            entry = files.get(prefix + path)
            if entry is not None and blob != entry.blob:
                untouched = _is_untouched(git.cwd / path, seen, index)
                (others if untouched else edited)[entry.path] = blob
    if edited:
        texts = repository.blobs(edited.values())
        texts |= repository.read(WORKTREE, [files[path] for path in edited])
        others |= {
            path: blob
            for path, blob in edited.items()
            if _plain(texts[blob]) == _plain(texts[files[path].blob])
        }
    if not others:
        return tuple(entries)
    repository.keep_in_git(others.values())
    return tuple(entry._replace(blob=others.get(entry.path, entry.blob)) for entry in entries)


def _folders(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(posixpath.dirname(path) for path in paths if not is_outside(path)))


def _seen_by_git(git: Git, folders: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Return what the index has of files: their ids, and the facts noted as git wrote them."""
    paths = () if "" in folders else ("--", *folders)
    fields = text(git.run("ls-files", "--stage", "--debug", "-z", "--full-name", *paths)).split(
        "\0"
    )
    found: dict[str, tuple[str, list[str]]] = {}
    meta = fields[0]
    for field in fields[1:]:
        # The facts of a file stand in front of the next one.
        facts, _, following = field.rpartition("\n")
        blob, _, path = meta.partition(" ")[2].partition("\t")
        found[path] = (blob.split(" ")[0], facts.split())
        meta = following
    return found


def _is_untouched(place: Path, seen: list[str], index: Path | None) -> bool:
    """Tell whether a file is as git wrote it, by its time and size; a doubt is no."""
    try:
        facts = dict(zip(seen[::2], seen[1::2], strict=False))
        seconds, _, part = facts["mtime:"].partition(":")
        noted = int(seconds) * 1_000_000_000 + int(part)
        at = place.lstat()
        same = (at.st_mtime_ns, at.st_size) == (noted, int(facts["size:"]))
        # What was written later than the index was not written by git.
        return same and index is not None and noted <= index.stat().st_mtime_ns
    except (KeyError, ValueError, OSError):
        return False


_IDENT = re.compile(rb"\$Id:[^$\n]*\$")


def _plain(data: bytes) -> bytes:
    """Return a text without what git adds as it checks a file out."""
    return _IDENT.sub(b"$Id$", data.replace(b"\r\n", b"\n"))


def links_in(repository: Repository, commit: str, folders: Sequence[str]) -> frozenset[str]:
    """Return the paths below folders that are symbolic links in a commit."""
    places = chosen(folders)
    paths = () if "" in places else ("--", *places)
    out = repository.git.run("ls-tree", "-r", "-z", "--full-tree", commit, *paths)
    lines = text(out).split("\0") if b"120000 " in out else ()
    return frozenset(line.partition("\t")[2] for line in lines if line.startswith("12"))


def named_ids(repository: Repository, names: Iterable[str]) -> dict[str, str]:
    """Return the blob ids of "<commit>:<path>" names; what is not there is left out."""
    return look_up(repository.git, names)


def remotes(repository: Repository) -> tuple[str, ...]:
    """Return the names of the remotes, `origin` first."""
    return tuple(sorted(remote_names(repository.git), key=lambda name: (name != "origin", name)))


_BRANCHES = ("refs/heads/", "refs/remotes/")
_FIELDS = ("refname", "objectname", "objecttype", "symref", "committerdate:iso-strict")


class Sibling(NamedTuple):
    """One branch beside the one that is looked at; `date` and `author` are its last commit's."""

    name: str
    ref: str
    commit: str
    date: str
    author: str


def siblings(repository: Repository, pattern: str | None = None) -> tuple[Sibling, ...]:
    """Return all branches, or the refs that match a pattern of git's, newest commit first.

    Local and remote-tracking branches are one where they are the same commit.
    """
    form = "%00".join(f"%({field})" for field in (*_FIELDS, "authorname"))
    places = (pattern,) if pattern else _BRANCHES
    command = ("for-each-ref", f"--format={form}", "--sort=-committerdate", "--", *places)
    answer = repository.git.ask(*command)
    if answer.status != 0:
        raise failure(command, answer)
    by_tip: dict[tuple[str, str], Sibling] = {}
    for line in text(answer.out).split("\n"):
        fields = line.split("\0")
        if len(fields) != len(_FIELDS) + 1 or fields[2] != "commit" or fields[3]:
            continue
        ref, commit, _, _, date, author = fields
        key = (commit, "" if pattern else bare_name(ref))
        by_tip.setdefault(key, Sibling(short_name(ref), ref, commit, date, author))
    return tuple(by_tip.values())


def bare_name(ref: str) -> str:
    """Return the name of a branch without the remote's: `refs/remotes/origin/x/y` is `x/y`."""
    short = short_name(ref)
    return short.partition("/")[2] if ref.startswith("refs/remotes/") else short


def branch_points(repository: Repository, trunk: str, tips: Iterable[str]) -> dict[str, str | None]:
    """Return the best common ancestor of `trunk` and each tip; None where there is none.

    One child for nearly any number of tips: only one that has merged `trunk` in between
    costs another. A tip that `trunk` contains is its own. HistoryMissing as `merge_base`.
    """
    wanted = list(dict.fromkeys(tips))
    if not wanted:
        return {}
    given = "".join(f"{tip}\n" for tip in wanted) + f"^{trunk}\n"
    out = repository.git.run("rev-list", "--parents", "--stdin", given=given.encode("ascii"))
    parents: dict[str, list[str]] = {}
    for line in out.decode("ascii").splitlines():
        commit, *above = line.split(" ")
        parents[commit] = above
    return {tip: _left(repository, trunk, tip, parents) for tip in wanted}


def _left(
    repository: Repository, trunk: str, tip: str, parents: dict[str, list[str]]
) -> str | None:
    """Return where a tip left the trunk, walking the commits that the trunk lacks."""
    if tip not in parents:
        return tip
    points: set[str] = set()
    seen: set[str] = set()
    todo = [tip]
    while todo:
        commit = todo.pop()
        if commit in seen:
            continue
        seen.add(commit)
        for parent in parents[commit]:
            if parent in parents:
                todo.append(parent)
            else:
                points.add(parent)
    if len(points) == 1:
        return points.pop()
    base = merge_base(repository.git, trunk, tip) if points else None
    if base is None and repository.is_shallow:
        raise HistoryMissing(
            f"The common ancestor of {trunk[:12]} and {tip[:12]} is not in this shallow clone",
            "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)",
        )
    return base


class TipChange(NamedTuple):
    """One file that a tip has otherwise than the point it left from; `status` is git's letter."""

    status: str
    path: str
    blob: str
    mode: str


def differences(
    repository: Repository, points: Mapping[str, str], folders: Sequence[str]
) -> dict[str, tuple[TipChange, ...]]:
    """Return what each tip changed below folders since the point where it left, in one child.

    `points` maps the commits of tips to those of their points. Renames are an addition and
    a deletion. HistoryMissing where a tree is not in this clone.
    """
    places = chosen(folders)
    if not points or not places:
        return dict.fromkeys(points, ())
    paths = () if "" in places else ("--", *places)
    given = "".join(f"{tip} {point}\n" for tip, point in points.items())
    out = repository.git.run(
        "diff-tree", "--stdin", "--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff",
        "-m", *paths, given=given.encode("ascii"),
    )  # fmt: skip
    changes: dict[str, list[TipChange]] = {tip: [] for tip in points}
    current: list[TipChange] = []
    fields = iter(text(out).split("\0"))
    for field in fields:
        if not field.startswith(":"):
            current = changes.get(field.strip(), [])
            continue
        _, mode, _, blob, status = field.split(" ")
        current.append(TipChange(status[:1], next(fields), blob, mode))
    return {tip: tuple(items) for tip, items in changes.items()}


def own_program(name: str, repository: Repository | None) -> Path | None:
    """Find a program beside this Python, else on PATH; none that a branch has brought.

    `node_modules/.bin` on PATH, or an environment below the root: a checkout puts tracked
    files over ignored ones there.
    """
    beside = Path(sys.executable).parent
    for ending in ENDINGS:
        place = beside / f"{name}{ending}"
        if is_program(place) and not _is_brought(place, repository):
            return place
    places = map(Path, programs(name, os.environ.get("PATH", os.defpath)))
    return next((place for place in places if not _is_brought(place, repository)), None)


def _is_brought(place: Path, repository: Repository | None) -> bool:
    """Tell whether git tracks a program, or what a link to it leads to."""
    if repository is None or repository.root is None:
        return False
    root = os.path.realpath(repository.root)
    real = Path(os.path.realpath(place.parent), place.name)
    names = (real, Path(os.path.realpath(place)))
    inside = [os.path.relpath(name, root) for name in names if name.is_relative_to(root)]
    return bool(inside) and bool(repository.git.ask("ls-files", "-z", "--", *inside).out)
