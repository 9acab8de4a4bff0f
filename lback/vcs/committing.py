"""Puts what is staged into a commit from inside a hook, where `git commit` would not do.

While post-merge runs, git still remembers the merge: `git commit` would make one more
merge commit, and `--amend` refuses. So the objects are made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from lback.vcs.git import Git, failure, raw, text
from lback.vcs.repository import Repository

_WHY = "lback: merge migrations"


def commit_staged(repository: Repository, paths: Sequence[str], message: str) -> str | None:
    """Commit exactly these staged files on top of HEAD; None where more than them is staged.

    LbackError when git does not know who commits.
    """
    head = repository.commit("HEAD")
    if not _only(repository.git, paths):
        return None
    tree = repository.git.run("write-tree").decode("ascii").strip()
    signed = ("-S",) if _signs(repository.git) else ()
    made = repository.git.run("commit-tree", *signed, "-p", head, "-m", message, tree).decode(
        "ascii"
    )
    return _move(repository.git, made.strip(), head)


def amend_merge(repository: Repository, paths: Sequence[str]) -> str | None:
    """Put these staged files into the merge commit that git has just made.

    None where HEAD is no such commit: not a merge, not made just now from what HEAD was
    before, signed, pushed, or more than these files is staged.
    """
    git = repository.git
    head = repository.commit("HEAD")
    before = git.ask("rev-parse", "--verify", "--quiet", "ORIG_HEAD")
    source = git.run("cat-file", "commit", head)
    top, _, message = source.partition(b"\n\n")
    lines = top.split(b"\n")
    parents = [line[7:].decode("ascii") for line in lines if line.startswith(b"parent ")]
    fresh = before.status == 0 and parents[:1] == [before.out.decode("ascii").strip()]
    signed = any(line.startswith(b"gpgsig") for line in lines)
    if len(parents) < 2 or not fresh or signed or repository.is_pushed(head):
        return None
    if not _only(git, paths):
        return None
    tree = git.run("write-tree").strip()
    changed = b"\n".join([b"tree " + tree, *lines[1:]]) + b"\n\n" + message
    made = git.run("hash-object", "-t", "commit", "-w", "--stdin", given=changed)
    return _move(git, made.decode("ascii").strip(), head)


def _only(git: Git, paths: Sequence[str]) -> bool:
    """Tell whether the index differs from HEAD in these files and in no other."""
    out = text(git.run("diff-index", "--cached", "--name-only", "-z", "--no-renames", "HEAD", "--"))
    return {name for name in out.split("\0") if name} == {text(raw(path)) for path in paths}


def _signs(git: Git) -> bool:
    return git.ask("config", "--type=bool", "commit.gpgsign").out.strip() == b"true"


def _move(git: Git, new: str, old: str) -> str:
    command = ("update-ref", "-m", _WHY, "HEAD", new, old)
    answer = git.ask(*command)
    if answer.status != 0:
        raise failure(command, answer)
    return new
