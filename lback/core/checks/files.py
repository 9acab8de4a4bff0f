"""Rules about files that a commit holds or lacks: LB106, LB109, LB303 to LB306."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding, finding
from lback.core.shell import command, pathspec, word

if TYPE_CHECKING:
    from lback.core.models_text import Models


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What git says of revision files and no graph shows, by path.

    `ignored` names the rules, `modules` the submodule of each file that is in one.
    """

    closed_links: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    unstaged: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)


def file_findings(facts: FileFacts) -> Iterator[Finding]:
    """Yield what is wrong with each file."""
    for path in facts.closed_links:
        yield finding(
            "LB106",
            "this is a link that leads nowhere or out of the repository, and was not opened",
            "put the file itself there, or remove the link from the version folder",
            path=path,
        )
    for path in facts.unmerged:
        yield finding(
            "LB109",
            "this file is not merged yet: the index holds both sides, and only ours was read",
            "resolve the conflict, then `git add` it",
            path=path,
        )
    for path, rule in facts.ignored.items():
        yield ignored(path, rule, module=facts.modules.get(path, ""))
    yield from (untracked(path, facts.modules.get(path, "")) for path in facts.untracked)
    yield from (unstaged(path, facts.modules.get(path, "")) for path in facts.unstaged)


def _git(words: str, path: str, module: str) -> str:
    """Return a command of git about a file that works from where it is read."""
    if not module:
        return command(f"git {words}", pathspec(path))
    place = f'"$(git rev-parse --show-toplevel)"/{word(module)}'
    return command(f"git -C {place} {words}", path[len(module) + 1 :])


def untracked(path: str, module: str = "") -> Finding:
    """Return LB303 for a migration file that git does not know."""
    add = _git("add", path, module)
    return finding("LB303", "this migration file is not tracked by git", add, path=path)


def unstaged(path: str, module: str = "") -> Finding:
    """Return LB303 for a migration file that the commit would hold as it was before."""
    add = _git("add", path, module)
    return finding("LB303", "this migration file has changes that are not staged", add, path=path)


def ignored(path: str, rule: str = "", module: str = "") -> Finding:
    """Return LB304 for a migration file that git leaves out, by a rule if it is known."""
    message = "this migration file is ignored by git"
    add = _git("add -f", path, module)
    if rule:
        return finding("LB304", f"{message} ({rule})", f"change the rule, or {add}", path=path)
    ask = "check-ignore -v"
    show = _git(ask, path, module) if module else command(f"git {ask}", f":/{path}")
    return finding("LB304", message, f"{show} shows the rule; {add} overrides it", path=path)


def declared_twice(models: Mapping[str, Models], merged_with: str = "") -> Iterator[Finding]:
    """Yield LB306 for each attribute that a class has twice, by path.

    Where the files are those of a merge to come, `merged_with` names the other side; their
    lines are in no tree yet.
    """
    once = f"Once merged with {merged_with}, " if merged_with else ""
    for path, read in models.items():
        for attribute in read.twice:
            yield finding(
                "LB306",
                f"{once}{attribute.owner} declares {attribute.name} twice: in line "
                f"{attribute.first} and in line {attribute.second}; Python takes the second one "
                "and says nothing",
                "keep one of the two; after a merge, both branches have added it",
                path=path,
                line=0 if merged_with else attribute.second,
            )


def without_migration(path: str, models: Models, tables: Sequence[str]) -> Finding:
    """Return LB305 for the tables of a model file that no migration of the commit touches."""
    return finding(
        "LB305",
        f"the columns of {' and '.join(tables)} change here, and no new migration "
        f"touches {'them' if len(tables) > 1 else 'it'}",
        "`lback makemigrations NAME`, then `git add` the file",
        path=path,
        line=models.lines.get(tables[0], 0),
        tables=tuple(tables),
    )
