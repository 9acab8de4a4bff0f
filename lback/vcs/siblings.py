"""Other branches: which there are, and where each of them left a commit's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lback.errors import HistoryMissing
from lback.vcs.comparing import merge_base
from lback.vcs.git import failure, text
from lback.vcs.refs import short_name
from lback.vcs.repository import Repository

_BRANCHES = ("refs/heads/", "refs/remotes/")
_FIELDS = ("refname", "objectname", "objecttype", "symref", "committerdate:iso-strict")


@dataclass(frozen=True, slots=True)
class Sibling:
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
    found: dict[tuple[str, str], Sibling] = {}
    for line in text(answer.out).split("\n"):
        fields = line.split("\0")
        if len(fields) != len(_FIELDS) + 1 or fields[2] != "commit" or fields[3]:
            continue
        ref, commit, _, _, date, author = fields
        key = (commit, "" if pattern else bare_name(ref))
        found.setdefault(key, Sibling(short_name(ref), ref, commit, date, author))
    return tuple(found.values())


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
    found = merge_base(repository.git, trunk, tip) if points else None
    if found is None and repository.is_shallow:
        raise HistoryMissing(
            f"The common ancestor of {trunk[:12]} and {tip[:12]} is not in this shallow clone",
            "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)",
        )
    return found


@dataclass(frozen=True, slots=True)
class TipChange:
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
    if not points or not folders:
        return dict.fromkeys(points, ())
    paths = () if "" in folders else ("--", *folders)
    given = "".join(f"{tip} {point}\n" for tip, point in points.items())
    out = repository.git.run(
        "diff-tree", "--stdin", "--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff",
        "-m", *paths, given=given.encode("ascii"),
    )  # fmt: skip
    found: dict[str, list[TipChange]] = {tip: [] for tip in points}
    current: list[TipChange] = []
    fields = iter(text(out).split("\0"))
    for field in fields:
        if not field.startswith(":"):
            current = found.get(field.strip(), [])
            continue
        _, mode, _, blob, status = field.split(" ")
        current.append(TipChange(status[:1], next(fields), blob, mode))
    return {tip: tuple(items) for tip, items in found.items()}
