"""git's log as data, read while git writes it, and a search through all that it reaches."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple

from lback.core.source import Commit, Entry
from lback.errors import HistoryMissing
from lback.vcs.git import text
from lback.vcs.refs import refs_with
from lback.vcs.repository import Repository
from lback.vcs.trees import PY, chosen, entries_of, tops_of

# A path is never empty, so an empty field can only come before this mark.
_MARK = b"\x01"
FORMAT = "--format=%x00%x01%x00%H%x00%aN%x00%aE%x00%aI%x00%s%x00%cN%x00%cE"
# -c: a merge counts where it differs from all its parents, as when a merge revision
# is added while a conflict is resolved.
OPTIONS = ("-c", "-z", "--no-ext-diff", "--no-textconv", "--encoding=UTF-8", FORMAT)


# With it the log names, of a file that a merge moved, its path in each parent.
ALL_PATHS = "--combined-all-paths"

# Who commits what others press a button for.
_MACHINES = frozenset({"noreply@github.com", "noreply@gitlab.com"})


class FileTouch(NamedTuple):
    """What one commit did to one file: A, M, D, R, T; `score` is a rename's likeness in %.

    `parent` is the number of the merge's parent that the file was renamed from; 0 where the
    commit is no merge.
    """

    commit: Commit
    status: str
    path: str
    old_path: str | None = None
    score: int = 100
    parent: int = 0


class Stored(NamedTuple):
    """One version of a file by blob id, as a commit left it or (`gone`) as it was before."""

    commit: Commit
    path: str
    blob: str
    gone: bool = False


def touches(
    fields: Iterator[bytes], wanted: Container[bytes] | None = None, *, renames: bool = False
) -> Iterator[FileTouch]:
    """Read the fields of `git log --name-status` with OPTIONS; `renames`: with ALL_PATHS as well.

    Files that are not in `wanted` (None: all are) are passed over, which makes a
    commit of thousands cheap.
    """
    for commit, word, rest in _records(fields):
        path = next(rest, b"")
        old: bytes | None = None
        parent = 0
        if word[1:].isdigit():  # R100: two paths
            path, old = next(rest, b""), path
        elif len(word) > 1 and renames:  # AR, MM: a merge's; a path in each parent, then its own
            before = [path, *(next(rest, b"") for _ in word)]
            path = before.pop()
            parent = word.find(b"R") + 1
            old = before[parent - 1] if parent else None
        if wanted is not None and path not in wanted:
            continue
        if old is not None:
            score = int(word[1:]) if not parent else 100
            yield FileTouch(commit, "R", text(path), text(old), score, parent)
        else:
            yield FileTouch(commit, "A" if not word.strip(b"A") else chr(word[-1]), text(path))


def stored(fields: Iterator[bytes]) -> Iterator[Stored]:
    """Read the fields of `git log --raw --no-renames` with OPTIONS: blobs before and after."""
    for commit, word, rest in _records(fields):
        path = text(next(rest, b""))
        parents = len(word) - len(word.lstrip(b":"))
        ids = word.lstrip(b":").decode("ascii", "replace").split(" ")[parents + 1 : -1]
        for blob in reversed(ids):
            if blob.strip("0"):
                yield Stored(commit, path, blob, blob != ids[-1])


def _records(fields: Iterator[bytes]) -> Iterator[tuple[Commit, bytes, Iterator[bytes]]]:
    commit: Commit | None = None
    for field in fields:
        word = field.lstrip(b"\n")
        if word == _MARK:
            commit = _commit(fields)
        elif word and commit is not None:
            yield commit, word, fields


def _commit(fields: Iterator[bytes]) -> Commit:
    sha, author, email, date, subject, committer, address = (
        next(fields, b"").decode("utf-8", "replace").rstrip("\n") for _ in range(7)
    )
    other = committer != author and address != email and address not in _MACHINES
    return Commit(sha, author, email, date, subject, committer=committer if other else "")


_POSITIONS = 500  # of HEAD, back from the one where it is


def where_head_was(
    repository: Repository, folders: Sequence[str]
) -> tuple[tuple[Commit, tuple[Entry, ...]], ...]:
    """Return the commits that HEAD has been at by its reflog, newest first, with their .py files.

    A few children for all. HistoryMissing where this clone lacks one of their trees.
    """
    commits = _log_of_head(repository, "-g", f"--max-count={_POSITIONS}")
    commits = commits or _log_of_head(repository, "--max-count=1")  # nobody keeps a reflog
    ids, places = list(dict.fromkeys(commit.sha for commit in commits)), chosen(folders)
    tops = tops_of(repository.git, ids, places) if ids else {}
    found = entries_of(repository.git, tops, hint="Fetch what is missing and run again.")
    return tuple((commit, found.get(commit.sha, ())) for commit in commits)


def _log_of_head(repository: Repository, *options: str) -> list[Commit]:
    command = ("log", "-z", "--encoding=UTF-8", FORMAT, *options, "HEAD", "--")
    fields = iter(repository.git.ask(*command).out.split(b"\0"))
    return [_commit(fields) for field in fields if field.lstrip(b"\n") == _MARK]


def replaced(
    repository: Repository, folders: Sequence[str], at: str, since: str | None = None
) -> list[Stored]:
    """Return the .py files that commits of one line have changed or taken away, as they were.

    The line is that of first parents down from `at`, as those see it who only pull; without what
    `since` has. HistoryMissing where this clone lacks what has to be compared.
    """
    wanted = tuple(option for option in OPTIONS if option != "-c")
    line = ("--first-parent", "-m", "--diff-filter=MDT", at, *([f"^{since}"] if since else []))
    command = ("log", "--raw", "--no-abbrev", "--no-renames", *wanted, *line)
    places = [folder for folder in chosen(folders) if folder]
    answer = repository.git.ask(*command, "--", *places)
    if answer.status != 0:
        raise HistoryMissing(
            f"The history could not be searched: {answer.complaint.strip()}",
            "Fetch what is missing and run again.",
        )
    fields = iter(answer.out.split(b"\0"))
    return [item for item in stored(fields) if item.gone and item.path.endswith(PY)]


# --full-history: what a branch added and took away again before it was merged counts.
_EVERYWHERE = ("--full-history", "--all", "--reflog")


class FoundVersion(NamedTuple):
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
        versions = _accepted(repository, candidates, accept)
        if versions:
            return versions
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
    # Without -c of OPTIONS a merge is left out, which is what makes this fast.
    wanted = tuple(option for option in OPTIONS if option != "-c")
    command = ("log", "--raw", "--no-abbrev", "--no-renames", *wanted, *options, *_EVERYWHERE)
    answer = repository.git.ask(*command, "--", *pathspecs, globs=True)
    if answer.status != 0:
        raise HistoryMissing(
            f"The history could not be searched: {answer.complaint.strip()}",
            "Fetch what is missing and run again.",
        )
    fields = iter(answer.out.split(b"\0"))
    return [item for item in stored(fields) if item.path.endswith(PY)]


def _accepted(
    repository: Repository, candidates: list[Stored], accept: Callable[[str, bytes], bool]
) -> tuple[FoundVersion, ...]:
    newest: dict[tuple[str, str], Stored] = {}
    for item in candidates:
        known = newest.setdefault((item.blob, item.path), item)
        if known.gone and not item.gone:  # who wrote it, not who replaced it
            newest[item.blob, item.path] = item
    texts = repository.blobs(item.blob for item in newest.values())
    versions: list[FoundVersion] = []
    seen: set[str] = set()
    for item in newest.values():
        text = texts[item.blob]
        if item.blob in seen or not accept(item.path, text):
            continue
        seen.add(item.blob)
        refs = refs_with(repository.git, item.commit.sha)
        versions.append(FoundVersion(item.path, item.blob, text, item.commit, refs))
    return tuple(versions)


def _literal(needle: str) -> str:
    """Escape what a git glob would read as a wildcard."""
    return "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in needle)
