"""A revision that no file defines any more: looked for in every ref, stash and reflog."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lback.core.source import Commit
from lback.errors import HistoryMissing
from lback.vcs import walk
from lback.vcs.log import refs_with
from lback.vcs.repository import Repository
from lback.vcs.trees import PY, chosen
from lback.vcs.walk import Stored

# --full-history: what a branch added and took away again before it was merged counts.
_EVERYWHERE = ("--full-history", "--all", "--reflog")


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """One version of a file out of history; `refs` is empty where only a reflog has it."""

    path: str
    blob: str
    text: bytes
    commit: Commit
    refs: tuple[str, ...]


def find_in_history(
    repository: Repository,
    needle: str,
    accept: Callable[[str, bytes], bool],
    folders: Sequence[str] = (),
) -> tuple[FoundVersion, ...]:
    """Return the versions of files with `needle` in them that `accept(path, text)`, newest first.

    The cheapest places come first, and the first that has any is the answer: files with
    the needle in their name, the folders, all .py files, and last what only a merge
    brought. HistoryMissing when a partial clone lacks contents that had to be read.
    """
    if not needle or "\n" in needle:
        return ()
    for candidates in _searches(repository, needle, folders):
        found = _accepted(repository, candidates, accept)
        if found:
            return found
    return ()


def _searches(
    repository: Repository, needle: str, folders: Sequence[str]
) -> Iterator[list[Stored]]:
    named = f":(glob)**/*{_literal(needle)}*"
    yield _stored(repository, ("-m",), (named,))
    holds = f"-S{needle}"
    places = tuple(folder for folder in chosen(folders) if folder)
    if places:
        yield _stored(repository, (holds,), tuple(f":(literal){folder}" for folder in places))
    everywhere = tuple(f":(glob)**/*{suffix}" for suffix in PY)
    others = tuple(f":(exclude,literal){folder}" for folder in places)
    yield _stored(repository, (holds,), (*everywhere, *others))
    yield _stored(repository, (holds, "-m", "--merges"), everywhere)


def _stored(
    repository: Repository, options: tuple[str, ...], pathspecs: tuple[str, ...]
) -> list[Stored]:
    # Without -c of walk.OPTIONS a merge is left out, which is what makes this fast.
    wanted = tuple(option for option in walk.OPTIONS if option != "-c")
    command = ("log", "--raw", "--no-abbrev", "--no-renames", *wanted, *options, *_EVERYWHERE)
    answer = repository.git.ask(*command, "--", *pathspecs, globs=True)
    if answer.status != 0:
        raise HistoryMissing(
            f"The history could not be searched: {answer.complaint.strip()}",
            "Fetch what is missing and run again.",
        )
    fields = iter(answer.out.split(b"\0"))
    return [item for item in walk.stored(fields) if item.path.endswith(PY)]


def _accepted(
    repository: Repository, candidates: list[Stored], accept: Callable[[str, bytes], bool]
) -> tuple[FoundVersion, ...]:
    newest: dict[tuple[str, str], Stored] = {}
    for item in candidates:
        known = newest.setdefault((item.blob, item.path), item)
        if known.gone and not item.gone:  # who wrote it, not who replaced it
            newest[item.blob, item.path] = item
    texts = repository.blobs(item.blob for item in newest.values())
    found: list[FoundVersion] = []
    seen: set[str] = set()
    for item in newest.values():
        text = texts[item.blob]
        if item.blob in seen or not accept(item.path, text):
            continue
        seen.add(item.blob)
        refs = refs_with(repository, item.commit.sha)
        found.append(FoundVersion(item.path, item.blob, text, item.commit, refs))
    return tuple(found)


def _literal(needle: str) -> str:
    """Escape what a git glob would read as a wildcard."""
    return "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in needle)
