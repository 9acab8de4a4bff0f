"""Facts about objects that need none of their contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lback.vcs.git import raw, text
from lback.vcs.objects import look_up
from lback.vcs.refs import remote_names
from lback.vcs.repository import Repository


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
    found = look_up(repository.git, (f"{one}:{path}" for one in wanted for path in places))
    return {one: tuple(found.get(f"{one}:{path}", "") for path in places) for one in wanted}


@dataclass(frozen=True, slots=True)
class Listed:
    """What git lists below folders: blob ids by path, which of them are links, or unmerged."""

    ids: dict[str, str]
    links: frozenset[str]
    unmerged: frozenset[str] = frozenset()


def listed_in_index(repository: Repository, folders: Sequence[str]) -> Listed:
    """List the index; of a conflict the id is any side's."""
    paths = () if "" in folders else ("--", *folders)
    out = repository.git.run("ls-files", "--stage", "-z", "--full-name", *paths)
    ids: dict[str, str] = {}
    links: set[str] = set()
    unmerged: set[str] = set()
    for line in text(out).split("\0"):
        meta, _, path = line.partition("\t")
        if path:
            ids[path] = meta.split(" ", 2)[1]
            if meta[-1] != "0":
                unmerged.add(path)
            if meta.startswith("12"):
                links.add(path)
    return Listed(ids, frozenset(links), frozenset(unmerged))


def links_in(repository: Repository, commit: str, folders: Sequence[str]) -> frozenset[str]:
    """Return the paths below folders that are symbolic links in a commit."""
    paths = () if "" in folders else ("--", *folders)
    out = repository.git.run("ls-tree", "-r", "-z", "--full-tree", commit, *paths)
    lines = text(out).split("\0") if b"120000 " in out else ()
    return frozenset(line.partition("\t")[2] for line in lines if line.startswith("12"))


def named_ids(repository: Repository, names: Iterable[str]) -> dict[str, str]:
    """Return the blob ids of "<commit>:<path>" names; what is not there is left out."""
    return look_up(repository.git, names)


def remotes(repository: Repository) -> tuple[str, ...]:
    """Return the names of the remotes, `origin` first."""
    return tuple(sorted(remote_names(repository.git), key=lambda name: (name != "origin", name)))
