"""Proves a join: both orders on a scratch database, and the schemas compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lback.app.context import Context
from lback.core.forks.joining import Join
from lback.core.graph import Graph


@dataclass(frozen=True, slots=True)
class Proof:
    """What running both orders showed: `state` is equal, differs or failed."""

    state: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return the proof for JSON."""
        return {"state": self.state, "message": self.message}


def prove(ctx: Context, graph: Graph, join: Join) -> Proof:
    """Run the sides of a fork in both orders and compare what comes out.

    LbackError where the scratch database does not answer or is not empty.
    """
    from lback.db.rehearsal import difference, rehearse

    first, second = _orders(graph, join.heads)
    url = ctx.project.settings.lback.scratch_url
    one, other = rehearse(ctx.database, (first, second), url)
    where = "SQLite in memory" if url is None else "the scratch database"
    if one.failed or other.failed:
        failed = one if one.failed else other
        both = one.failed and other.failed
        order = "both orders" if both else f"the order {_shown(first if one.failed else second)}"
        return Proof("failed", f"on {where}, {failed.failed} fails in {order}: {failed.why}")
    apart = difference(one.schema, other.schema)
    if apart:
        return Proof("differs", f"on {where} the two orders do not come to one schema: {apart}")
    return Proof("equal", f"both orders come to one schema on {where}")


def _orders(graph: Graph, heads: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return all below the heads in two orders: what they share, then side after side."""
    below = {head: graph.ancestors([head]) for head in heads}
    shared = frozenset.intersection(*below.values())
    found = []
    for turn in (heads, tuple(reversed(heads))):
        order = [one for one in graph.order() if one in shared]
        done = set(shared)
        for head in turn:
            order += [one for one in graph.order() if one in below[head] - done]
            done |= below[head]
        found.append(order)
    return found[0], found[1]


def _shown(order: list[str]) -> str:
    return " ".join(order[-6:])
