"""What is staged, staging, and commits from inside a hook, where `git commit` would not do.

While post-merge runs, git still remembers the merge: `git commit` would make one more
merge commit, and `--amend` refuses. So the objects are made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lback.core.globs import matching
from lback.errors import LbackError
from lback.vcs import library
from lback.vcs.comparing import safe
from lback.vcs.git import Answer, failure, raw, text
from lback.vcs.repository import Repository

if TYPE_CHECKING:
    from git import Repo


_WHY = "lback: merge migrations"


def stage(repository: Repository, paths: Sequence[str], *, force: bool = False) -> None:
    """Put files as they are on disk (or their removal) into the index, or that of a submodule.

    LbackError when git ignores one of them, unless `force`.
    """
    options = ("--force",) if force else ()
    for prefix, git, some in repository.grounds(paths):
        command = ("add", "--all", *options, "--", *some)
        if prefix:
            answer = git.ask(*command)
        else:
            with library.opened(repository) as repo:
                answer = library.ask(repo, *command)
        if answer.status != 0:
            raise _not_staged(repository, [prefix + name for name in some], answer)


def _not_staged(repository: Repository, paths: Sequence[str], answer: Answer) -> LbackError:
    if "ignored by one of your .gitignore" in answer.complaint:
        rules = repository.ignore_rules(paths)
        path = next(iter(rules), paths[0])
        return LbackError(
            f"{path} is ignored by git{f' ({rules[path]})' if path in rules else ''}",
            "Change the rule, or stage the file yourself with `git add --force`.",
        )
    return failure(("add",), answer)


def uncommitted(repository: Repository, paths: Sequence[str]) -> frozenset[str]:
    """Return the tracked files that HEAD has otherwise than the index or the work tree.

    Ends of lines that git itself changes are no difference.
    """
    found: set[str] = set()
    for prefix, git, some in repository.grounds(paths):
        for place in ((), ("--cached",)):
            command = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", *place, "HEAD")
            answer = git.ask(*command, "--", *some)
            if answer.status != 0:
                raise failure(command, answer)
            found.update(prefix + name for name in text(answer.out).split("\0") if name)
    return frozenset(found)


def commit_staged(repository: Repository, paths: Sequence[str], message: str) -> str | None:
    """Commit exactly these staged files on top of HEAD; None where more than them is staged.

    LbackError when git does not know who commits.
    """
    head = repository.commit("HEAD")
    with library.opened(repository) as repo:
        if not _only(repo, paths):
            return None
        tree = library.run(repo, "write-tree").decode("ascii").strip()
        signed = ("-S",) if _signs(repo) else ()
        made = library.run(repo, "commit-tree", *signed, "-p", head, "-m", message, tree)
        return _move(repository, repo, made.decode("ascii").strip(), head)


def amend_merge(repository: Repository, paths: Sequence[str]) -> str | None:
    """Put these staged files into the merge commit that git has just made.

    None where HEAD is no such commit: not a merge, not made just now from what HEAD was
    before, signed, pushed, or more than these files is staged.
    """
    head = repository.commit("HEAD")
    if repository.is_pushed(head):
        return None
    with library.opened(repository) as repo:
        before = library.ask(repo, "rev-parse", "--verify", "--quiet", "ORIG_HEAD")
        source = library.run(repo, "cat-file", "commit", head)
        top, _, message = source.partition(b"\n\n")
        lines = top.split(b"\n")
        parents = [line[7:].decode("ascii") for line in lines if line.startswith(b"parent ")]
        fresh = before.status == 0 and parents[:1] == [before.out.decode("ascii").strip()]
        signed = any(line.startswith(b"gpgsig") for line in lines)
        if len(parents) < 2 or not fresh or signed or not _only(repo, paths):
            return None
        tree = library.run(repo, "write-tree").strip()
        # Line by line: GitPython's own commits forget a mergetag and other rare headers.
        changed = b"\n".join([b"tree " + tree, *lines[1:]]) + b"\n\n" + message
        made = library.run(repo, "hash-object", "-t", "commit", "-w", "--stdin", given=changed)
        return _move(repository, repo, made.decode("ascii").strip(), head)


def _only(repo: Repo, paths: Sequence[str]) -> bool:
    """Tell whether the index differs from HEAD in these files and in no other."""
    options = ("--cached", "--name-only", "-z", "--no-renames", "HEAD", "--")
    out = text(library.run(repo, "diff-index", *options))
    return {name for name in out.split("\0") if name} == {text(raw(path)) for path in paths}


def _signs(repo: Repo) -> bool:
    return library.ask(repo, "config", "--type=bool", "commit.gpgsign").out.strip() == b"true"


def _move(repository: Repository, repo: Repo, new: str, old: str) -> str:
    repository.head_has_moved()
    library.run(repo, "update-ref", "-m", _WHY, "HEAD", new, old)
    return new


def staged_files(repository: Repository, globs: Sequence[str]) -> tuple[str, ...]:
    """Return the files matching the patterns whose content in the index is not HEAD's."""
    if repository.head().commit is None:
        return _listed(repository, ("ls-files", "--full-name", "-z"), globs)
    return _listed(repository, ("diff-index", "--cached", *_OPTIONS, "HEAD"), globs)


def changed_files(repository: Repository, a: str, b: str, globs: Sequence[str]) -> tuple[str, ...]:
    """Return the files matching the patterns that differ between two commits."""
    names = (safe(repository.git, a), safe(repository.git, b))
    return _listed(repository, ("diff-tree", "-r", *_OPTIONS, *names), globs)


_OPTIONS = ("--name-only", "-z", "--no-renames", "--diff-filter=ADMT")


def _listed(
    repository: Repository, command: tuple[str, ...], globs: Sequence[str]
) -> tuple[str, ...]:
    if not globs:
        return ()
    answer = repository.git.ask(*command, "--")
    if answer.status != 0:
        raise failure(command, answer)
    names = [name for name in text(answer.out).split("\0") if name.endswith(".py")]
    return tuple(sorted(matching(globs, names)))


def keep_blob(repository: Repository, data: bytes) -> str:
    """Let git have a text that is about to be replaced; return the name of its object.

    Nothing leads to it: git throws it away after weeks, as what a lost commit held.
    """
    with library.opened(repository) as repo:
        made = library.run(repo, "hash-object", "-w", "--stdin", given=data)
        return made.decode("ascii").strip()
