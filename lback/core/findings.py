"""What checks find: stable codes, a place, a fix; graphs in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from lback.core.lanes import forks
from lback.core.source import Commit, CommitKeys

if TYPE_CHECKING:
    from lback.core.graph import Graph, Problem

Severity = Literal["error", "warning", "note"]

CODES: Mapping[str, tuple[Severity, str]] = {
    "LB101": ("error", "several heads"),
    "LB102": ("error", "would fork once merged"),
    "LB103": ("error", "missing parent"),
    "LB104": ("error", "duplicate revision id"),
    "LB105": ("error", "cycle"),
    "LB106": ("error", "unreadable header"),
    "LB107": ("error", "no migrations found"),
    "LB108": ("error", "history not available"),
    "LB109": ("error", "conflict markers"),
    "LB110": ("warning", "redundant merge pair"),
    "LB112": ("note", "the branch changes what is checked"),
    "LB201": ("error", "published revision edited"),
    "LB202": ("error", "published revision deleted"),
    "LB203": ("error", "published revision re-parented"),
    "LB204": ("error", "new revision under a published head"),
    "LB205": ("note", "revision file moved"),
    "LB301": ("error", "overlap"),
    "LB302": ("warning", "collides with another branch"),
    "LB303": ("warning", "migration file not in the commit"),
    "LB304": ("warning", "migration ignored by git"),
    "LB305": ("warning", "model changed without a migration"),
    "LB306": ("error", "attribute twice in one model"),
    "LB307": ("error", "contradicts a revision below it"),
    "LB401": ("warning", "no way down"),
    "LB402": ("warning", "drops data"),
    "LB403": ("warning", "adds NOT NULL without a default"),
    "LB404": ("warning", "locks a big table on PostgreSQL"),
    "LB405": ("warning", "opaque code"),
    "LB501": ("error", "upgrade fails"),
    "LB502": ("error", "downgrade fails"),
    "LB503": ("error", "downgrade does not lead back"),
    "LB504": ("error", "rows are not kept"),
    "LB505": ("error", "migrations could not be run"),
}


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


def from_forks(graph: Graph, declared: Sequence[str]) -> tuple[Finding, ...]:
    """Return LB101 for every group of heads that the project does not keep apart."""
    return tuple(
        finding(
            "LB101",
            f"{len(fork)} heads: {', '.join(fork)}",
            "close the fork with `lback resolve`",
            revisions=fork,
        )
        for fork in forks(graph, declared)
    )


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
