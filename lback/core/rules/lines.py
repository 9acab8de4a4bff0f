"""The rule about one line of revisions: LB307, what contradicts a revision below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lback.core.findings import Finding, finding
from lback.core.graph import Graph
from lback.core.lines import Contradiction
from lback.core.shell import command


def line_findings(found: Iterable[Contradiction], graph: Graph) -> Iterator[Finding]:
    """Yield LB307 for what a revision cannot do after what is below it."""
    for one in found:
        table = one.effect.table
        yield finding(
            "LB307",
            one.message,
            f"change it to fit what is below it; see {command('lback show', one.fact.revision)}",
            path=graph[one.revision].path,
            line=one.effect.line or graph[one.revision].header.line,
            revisions=(one.revision, one.fact.revision),
            tables=(table,) if table else (),
        )
