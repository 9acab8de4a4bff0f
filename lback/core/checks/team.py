"""Rules about two people at once: LB301 overlaps, LB302 collisions with another branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding, Severity, finding
from lback.core.checks.graph import Commits
from lback.core.effects import Effect
from lback.core.graph.forks import Lane, branch_point
from lback.core.graph.view import GraphView
from lback.core.shell import command

if TYPE_CHECKING:  # the hooks tell of contradictions alone, and need nothing of the overlaps
    from lback.core.merging.contradictions import Contradiction
    from lback.core.merging.nearness import Neighbour
    from lback.core.merging.overlap import Overlap

_OVERLAPS: dict[str, Severity] = {"same": "warning", "unknown": "warning"}


def overlap_findings(
    overlaps: Iterable[Overlap],
    graph: GraphView,
    mine: GraphView,
    commits: Commits,
    with_whom: str = "",
) -> Iterator[Finding]:
    """Yield LB301 for what two sides may not do in either order, where mine does it.

    What cannot be read, and what both do alike, is a warning only.
    """
    for overlap in overlaps:
        revision, effect = overlap.left_revision, overlap.left_effect
        if revision not in mine:
            revision, effect = overlap.right_revision, overlap.right_effect
        both = (overlap.left_revision, overlap.right_revision)
        tables = {
            effect.table
            for effect in (overlap.left_effect, overlap.right_effect)
            if isinstance(effect, Effect) and effect.table
        }
        error = finding(
            "LB301",
            f"{overlap.verdict} with {with_whom or 'another head'}: {overlap.message}",
            "agree with the author which one comes first, and change the other to fit",
            path=graph[revision].path,
            line=effect.line or graph[revision].header.line,
            revisions=both,
            tables=tuple(sorted(tables)),
            commits=tuple(commits[revision] for revision in both if revision in commits),
        )
        yield error._replace(severity=_OVERLAPS.get(overlap.verdict, "error"))


def collision(
    neighbour: Neighbour,
    fork: Lane,
    mine: frozenset[str],
    overlaps: Sequence[Overlap] = (),
    shared: str | None = None,
) -> Finding:
    """Return LB302 for one fork that opens as soon as both branches are merged.

    `shared` is the name of mine where it is the shared branch: then the other one is stale.
    """
    graph = neighbour.together
    ours = [head for head in fork if head in mine]
    others = [head for head in fork if head in neighbour.new]
    common = branch_point(graph, (*ours, *others))
    after = f"the fork begins at {', '.join(common)}" if common else "they have no common ancestor"
    who = f" (by {neighbour.commit.author})"
    if shared is not None:
        message = (
            f"{' and '.join(neighbour.names)}{who} is stale: {' and '.join(others)} there forks "
            f"from {' and '.join(ours)}, which {shared} now has; {after}"
        )
        hint = f"on that branch: {command('git merge', shared)}, then `lback rebase`"
    else:
        message = (
            f"{' and '.join(ours)} here and {' and '.join(others)} on "
            f"{' and '.join(neighbour.names)}{who} fork once both are merged; {after}"
        )
        hint = "talk to the author; whoever merges second runs `lback rebase` or `lback merge`"
    if overlaps:
        more = f" (and {len(overlaps) - 1} more)" if len(overlaps) > 1 else ""
        message += f"; they overlap: {overlaps[0].message}{more}"
    return finding(
        "LB302",
        message,
        hint,
        path=graph[ours[0]].path,
        line=graph[ours[0]].header.line,
        revisions=(*ours, *others),
        commits=(neighbour.commit,),
    )


def line_findings(contradictions: Iterable[Contradiction], graph: GraphView) -> Iterator[Finding]:
    """Yield LB307 for what a revision cannot do after what is below it."""
    for contradiction in contradictions:
        table, below = contradiction.effect.table, contradiction.fact.revision
        yield finding(
            "LB307",
            contradiction.message,
            f"change it to fit what is below it; see {command('lback show', below)}",
            path=graph[contradiction.revision].path,
            line=contradiction.effect.line or graph[contradiction.revision].header.line,
            revisions=(contradiction.revision, below),
            tables=(table,) if table else (),
        )
