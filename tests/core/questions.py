"""All that a graph can be asked: whatever kind of graph it is, the answers are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lback.core.graph.forks import forks
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView

QUESTIONS: dict[str, Callable[[GraphView], Any]] = {
    "heads": lambda graph: graph.heads,
    "effective heads": lambda graph: graph.effective_heads,
    "bases": lambda graph: graph.bases,
    "problems": lambda graph: graph.problems,
    "forks": forks,
    "order": list,
    "size": len,
    "membership": lambda graph: [f"r{number}" in graph for number in range(12)],
    "tops": lambda graph: [graph[head] for head in graph.heads],
    "all": lambda graph: [graph[one] for one in graph.order()],
    "children": lambda graph: {one: graph.children(one) for one in sorted(graph.ids)},
    "needs": lambda graph: [
        (graph.dependencies(one), graph.dependents(one)) for one in sorted(graph.ids)
    ],
    "label owners": lambda graph: dict(graph.label_owners),
    "labels": lambda graph: [graph.labels_of(one) for one in graph.heads],
    "labels below": lambda graph: [graph.labels_of(one) for one in graph.order()],
    "ancestors": lambda graph: graph.ancestors(graph.heads[:1]),
    "descendants": lambda graph: graph.descendants(graph.bases),
    "above": lambda graph: [graph.descendants([one]) for one in sorted(graph.ids)],
    "below": lambda graph: [
        graph.ancestors([one], dependencies=False) for one in sorted(graph.ids)
    ],
    "common": lambda graph: [
        graph.merge_base(one, head) for one in sorted(graph.ids) for head in graph.heads
    ],
    "sides": lambda graph: graph.sides(),
    "names": lambda graph: [graph.resolve(name) for name in ("heads", "base", *graph.heads)],
    "paths": lambda graph: dict(graph.by_path),
    "difference": lambda graph: graph.missing_from(Graph([])),
}
