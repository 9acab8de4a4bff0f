"""How the work tree differs from the index, and what git is in the middle of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lback.vcs.git import Git, failure, raw, text

Progress = Literal["merge", "rebase", "cherry-pick", "revert"]

# A rebase picks commits, so it is looked for before what it is made of.
_SIGNS: tuple[tuple[str, Progress], ...] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


def in_progress(git_dir: Path) -> Progress | None:
    """Return the operation that git waits to go on with, if any."""
    return next((what for sign, what in _SIGNS if (git_dir / sign).exists()), None)


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
    if "is beyond a symbolic link" in answer.complaint and len(paths) > 1:
        # One such path ends git's answer to all: its link is what git tracks, or ignores.
        return {path: rule for one in paths for path, rule in ignore_rules(git, [one]).items()}
    if "is beyond a symbolic link" in answer.complaint:
        return {}
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
    found = {path for path in text(out).split("\0") if path.endswith(suffixes)}
    return tuple(sorted(found))
