"""Two states side by side: commits, the index, the work tree, and what git is in the middle of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from lback.errors import LbackError
from lback.vcs.git import Answer, Git, failure, raw, text
from lback.vcs.refs import is_plain, resolve


class ChangedFile(NamedTuple):
    """One file that differs between two commits; `status` is git's letter, A, M, D, R, C or T."""

    status: str
    path: str
    old_path: str | None = None


def safe(git: Git, name: str) -> str:
    """Return a name that git cannot take for an option or a range; odd ones get resolved."""
    return name if is_plain(name) else resolve(git, name)


def refusal(git: Git, command: Sequence[str], answer: Answer, *names: str) -> LbackError:
    """Return the error for a failed child; raise the better one for a name git does not know."""
    for name in names:
        resolve(git, name)
    return failure(command, answer)


def merge_base(git: Git, a: str, b: str) -> str | None:
    """Return a best common ancestor, None where there is none in this clone."""
    command = ("merge-base", safe(git, a), safe(git, b))
    answer = git.ask(*command)
    if answer.status not in (0, 1):
        raise refusal(git, command, answer, a, b)
    return answer.out.decode("ascii").split("\n", 1)[0] or None


def is_ancestor(git: Git, a: str, b: str) -> bool:
    """Tell whether everything in `a` is also in `b`."""
    command = ("merge-base", "--is-ancestor", safe(git, a), safe(git, b))
    answer = git.ask(*command)
    if answer.status not in (0, 1):
        raise refusal(git, command, answer, a, b)
    return answer.status == 0


def changes(
    git: Git, a: str, b: str, folders: Sequence[str], suffixes: tuple[str, ...]
) -> tuple[ChangedFile, ...]:
    """Return which files below folders differ between two commits, renames followed."""
    if not folders:
        return ()
    paths = () if "" in folders else folders
    pair = (safe(git, a), safe(git, b))
    fixed = ("-r", "-z", "--name-status", "--no-ext-diff", *pair, "--", *paths)
    answer = git.ask("diff-tree", "-M", *fixed)
    if answer.status != 0:
        # Likeness needs contents, which a partial clone may lack; equal blobs need none.
        answer = git.ask("diff-tree", "-M100%", *fixed)
    if answer.status != 0:
        raise refusal(git, ("diff-tree",), answer, a, b)
    return tuple(
        change
        for change in _changes(text(answer.out).split("\0"))
        if change.path.endswith(suffixes) or (change.old_path or "").endswith(suffixes)
    )


def _changes(fields: list[str]) -> Iterator[ChangedFile]:
    words = iter(fields)
    for letter in words:
        if not letter:
            return
        if letter[0] in "RC":
            old = next(words)
            yield ChangedFile(letter[0], next(words), old)
        else:
            yield ChangedFile(letter[0], next(words))


Progress = Literal["merge", "rebase", "am", "cherry-pick", "revert"]

# A rebase picks commits, so it is looked for before what it is made of.
_SIGNS: tuple[tuple[str, Progress], ...] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


def in_progress(git_dir: Path) -> Progress | None:
    """Return the operation that git waits to go on with, if any."""
    return next((what for sign, what in _SIGNS if (git_dir / sign).exists()), None)


def coming(git_dir: Path) -> tuple[str, ...]:
    """Return the commits that git is bringing here: of a merge, a squash or a cherry-pick."""
    names = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "SQUASH_MSG")
    merged, picked, squashed = (_words(git_dir / name) for name in names)
    # There it says "commit" and an id for each, the newest first, among other words.
    tips = [after for word, after in pairwise(squashed) if word == "commit"]
    found = [word for word in (*merged, *picked) if _ID.fullmatch(word)]
    return (*found, *[tip for tip in tips if _ID.fullmatch(tip)][:1])


def merging(git_dir: Path) -> tuple[str, ...]:
    """Return the commits of the other sides of a merge that waits to be committed."""
    return tuple(word for word in _words(git_dir / "MERGE_HEAD") if _ID.fullmatch(word))


def autostash(git_dir: Path) -> str | None:
    """Return the commit of the changes that git has put aside, and brings back after its hooks."""
    places = ("rebase-merge/autostash", "rebase-apply/autostash", "MERGE_AUTOSTASH")
    words = [word for place in places for word in _words(git_dir / place)]
    return next((word for word in words if _ID.fullmatch(word)), None)


_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def _words(place: Path) -> list[str]:
    try:
        return place.read_text("utf-8", "replace").split()
    except OSError:
        return []


def untracked(git: Git, folders: Sequence[str], suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return files that git does not track and does not ignore."""
    return _listed(git, ("--others", "--exclude-standard"), folders, suffixes)


def ignored(git: Git, folders: Sequence[str], suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return files that git ignores."""
    options = ("--others", "--ignored", "--exclude-standard")
    return _listed(git, options, folders, suffixes)


def unstaged(git: Git, folders: Sequence[str], suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return tracked files whose content on disk is not the index's, deleted ones too."""
    return _listed(git, ("--modified",), folders, suffixes)


def ignore_rules(git: Git, paths: Sequence[str]) -> dict[str, str]:
    """Return, for each path that git ignores, the rule as "file:line: pattern"."""
    if not paths:
        return {}
    given = b"".join(raw(path) + b"\0" for path in paths)
    command = ("check-ignore", "--verbose", "-z", "--stdin")
    answer = git.ask(*command, given=given, globs=True)
    if answer.status not in (0, 1):
        raise failure(command, answer)
    fields = text(answer.out).split("\0")[:-1]
    return {
        path: f"{source}:{line}: {pattern}"
        for source, line, pattern, path in zip(
            fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=True
        )
        if not pattern.startswith("!")
    }


def _listed(
    git: Git, options: Sequence[str], folders: Sequence[str], suffixes: tuple[str, ...]
) -> tuple[str, ...]:
    if not folders:
        return ()
    paths = () if "" in folders else ("--", *folders)
    out = git.run("ls-files", *options, "-z", "--full-name", *paths)
    changed = {path for path in text(out).split("\0") if path.endswith(suffixes)}
    return tuple(sorted(changed))
