"""What checks find: stable codes, a place, a fix; graphs in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from lback.core.graph.forks import real_forks, unread_labels
from lback.core.graph.problems import CLOSED, still_here
from lback.core.source import Commit, CommitKeys
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.graph.revision import Problem
    from lback.core.graph.view import GraphView

Severity = Literal["error", "warning", "note"]

CODES: Mapping[str, tuple[Severity, str]] = {
    "LB101": ("error", "the graph has several heads"),
    "LB102": ("error", "merging would fork the graph"),
    "LB103": ("error", "a parent revision is missing"),
    "LB104": ("error", "two files have the same revision id"),
    "LB105": ("error", "the revisions form a cycle"),
    "LB106": ("error", "a header cannot be read"),
    "LB107": ("error", "no migrations were found"),
    "LB108": ("error", "the history is not available"),
    "LB109": ("error", "a file has a merge conflict"),
    "LB110": ("warning", "two merge revisions merge the same heads"),
    "LB111": ("warning", "an id is longer than the version table's column"),
    "LB112": ("note", "the branch changes what is checked"),
    "LB201": ("error", "a published revision was edited"),
    "LB202": ("error", "a published revision was deleted"),
    "LB203": ("error", "a published revision has another parent"),
    "LB204": ("error", "a new revision is below a published one"),
    "LB205": ("note", "a revision file was moved"),
    "LB206": ("note", "revisions were squashed into one"),
    "LB207": ("error", "a squashed revision is still here"),
    "LB301": ("error", "two sides overlap"),
    "LB302": ("warning", "another branch would fork from this one"),
    "LB303": ("warning", "a migration file is not in the commit"),
    "LB304": ("warning", "git ignores a migration file"),
    "LB305": ("warning", "a model changed without a migration"),
    "LB306": ("error", "a model declares an attribute twice"),
    "LB307": ("error", "a revision contradicts one below it"),
    "LB401": ("warning", "a revision cannot be downgraded"),
    "LB402": ("warning", "a revision deletes data"),
    "LB403": ("warning", "rows may violate a new NOT NULL"),
    "LB404": ("warning", "a statement locks a big table on PostgreSQL"),
    "LB405": ("warning", "some code cannot be read"),
    "LB501": ("error", "an upgrade fails"),
    "LB502": ("error", "a downgrade fails"),
    "LB503": ("error", "a downgrade does not restore the schema"),
    "LB504": ("error", "a revision loses rows"),
    "LB505": ("error", "the migrations could not be run"),
}


# Files that nobody can read, and findings of what may be in them.
_ABSENT = frozenset({"LB101", "LB102", "LB103", "LB107", "LB202"})


class FindingKeys(TypedDict):
    """The keys of the contract's finding; one without a value is null or empty."""

    code: str
    severity: Severity
    message: str
    hint: str | None
    path: str | None
    line: int | None
    revisions: list[str]
    tables: list[str]
    commits: list[CommitKeys]


class Finding(NamedTuple):
    """One thing found; `as_dict` gives the keys of the contract, all of them always."""

    code: str
    message: str
    hint: str = ""
    path: str = ""
    line: int = 0
    revisions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    severity: Severity = "error"

    def as_dict(self) -> FindingKeys:
        """Return the finding as the contract's JSON object."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint or None,
            "path": self.path or None,
            "line": self.line or None,
            "revisions": list(self.revisions),
            "tables": list(self.tables),
            "commits": [commit.as_dict() for commit in self.commits],
        }


def finding(code: str, message: str, hint: str = "", **place: Any) -> Finding:
    """Make a finding with the severity that its code has by default."""
    return Finding(code, message, hint, severity=CODES[code][0], **place)


def from_problems(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """Turn what is wrong with a set of revision files into findings."""
    return tuple(
        finding(
            problem.code,
            problem.message,
            problem.hint,
            path=problem.path,
            line=problem.line,
            revisions=problem.revisions,
        )
        for problem in problems
    )


def from_graph(graph: GraphView, declared: Sequence[str]) -> tuple[Finding, ...]:
    """Return what is wrong with the files of a graph, and LB101 for each fork of it.

    A fork is what the project does not keep apart, and no missing file makes.
    """
    problems = from_problems((*graph.problems, *still_here(graph)))
    forks = (_forked(graph, fork) for fork in real_forks(graph, declared))
    return tuple(told_once((*problems, *forks)))


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what is only so since the file of a squashed revision is still here, as LB207 says.

    It is a head more, and does what its squash does. Where LB207 weighs less than what it
    explains, or somebody has chosen not to hear it, all of it stays.
    """
    listed = list(findings)
    told = {one.revisions[0]: one.severity for one in listed if one.code == "LB207"}

    def explained(one: Finding) -> bool:
        stay = [name for name in one.revisions if told.get(name) in ("error", one.severity)]
        forks = one.code in ("LB101", "LB102") and len(one.revisions) - len(stay) < 2
        return forks or (one.code == "LB301" and bool(stay))

    return [one for one in listed if not told or not explained(one)]


def _forked(graph: GraphView, fork: Sequence[str]) -> Finding:
    unread = unread_labels(graph, fork)
    return finding(
        "LB101",
        f"{len(fork)} heads: {', '.join(fork)}" + (f"; {unread.reason}" if unread else ""),
        unread.hint if unread else "close the fork with `lback resolve`",
        revisions=fork,
    )


def doubted(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Say of each finding about something absent that it may be in a file that cannot be read."""
    listed = tuple(findings)
    closed = sorted({each.path for each in listed if each.code in CLOSED and each.path})
    for each in listed:
        if not closed or each.code not in _ABSENT:
            yield each
        elif each.path not in closed or each.code == "LB103":
            why = f"perhaps only since {closed[0]} cannot be read"
            yield each._replace(message=f"{each.message.removesuffix('.')} ({why})")


def refuse_first(problems: Iterable[Problem | Finding]) -> None:
    """Raise LbackError for the first of some problems."""
    for problem in problems:
        line = f":{problem.line}" if problem.line else ""
        place = f"{problem.path}{line}: " if problem.path else ""
        raise LbackError(f"{place}{problem.message}", problem.hint or "See `lback check`.")
