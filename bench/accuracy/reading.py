"""What lback reads from a tree's text, in the way its commands read it."""

from __future__ import annotations

from pathlib import Path

from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.project.context import Context
from lback.project.options import Options


def read(root: Path) -> tuple[Graph, dict[str, Effects]]:
    """Return the graph and the effects of every revision of the project in a folder."""
    reader = Context(Options(directory=str(root))).revisions
    graph = reader.graph()
    return graph, reader.effects(graph)
