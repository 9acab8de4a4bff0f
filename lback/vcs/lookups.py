"""Facts about objects that need none of their contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def index_ids(repository: Repository, folders: Sequence[str]) -> dict[str, str]:
    """Return the blob ids of the files that the index has below folders, "" for a link.

    Of a conflict it is any side's.
    """
    paths = () if "" in folders else ("--", *folders)
    out = repository.git.run("ls-files", "--stage", "-z", "--full-name", *paths)
    found: dict[str, str] = {}
    for line in text(out).split("\0"):
        meta, _, path = line.partition("\t")
        if path:
            found[path] = "" if meta.startswith("12") else meta.split(" ", 2)[1]
    return found


def named_ids(repository: Repository, names: Iterable[str]) -> dict[str, str]:
    """Return the blob ids of "<commit>:<path>" names; what is not there is left out."""
    return look_up(repository.git, names)


def remotes(repository: Repository) -> tuple[str, ...]:
    """Return the names of the remotes, `origin` first."""
    return tuple(sorted(remote_names(repository.git), key=lambda name: (name != "origin", name)))
