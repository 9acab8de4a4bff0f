"""Rules about revision files as git holds them: LB106, LB109, LB303 and LB304."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lback.core.checks.findings import Finding, finding
from lback.core.shell import command, pathspec


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What git says of revision files and no graph shows, by path; `ignored` names the rules."""

    closed_links: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    not_staged: tuple[str, ...] = ()


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
        yield finding(
            "LB304",
            f"this migration file is ignored by git ({rule})",
            f"change the rule, or {command('git add -f', pathspec(path))}",
            path=path,
        )
    for path in facts.untracked:
        yield _not_added(path, "this migration file is not tracked by git")
    for path in facts.not_staged:
        yield _not_added(path, "this migration file has changes that are not staged")


def _not_added(path: str, message: str) -> Finding:
    return finding("LB303", message, command("git add", pathspec(path)), path=path)
