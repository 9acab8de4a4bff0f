"""`python -m bench.released`: what LB307 says of trees that have been released.

Their revisions have run on many databases, one after the other: whatever is said to contradict a
revision below it there is a false alarm, or a fault of theirs that nobody has met. Prints a line
for each tree and all that is said, and ends with 1 where something is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.timing import environment
from bench.trees import WORK, Absent, Tree, trees
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.header import read_header
from lback.core.interpreter.reading import read_effects
from lback.core.merging.contradictions import Contradiction, contradictions


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.released", description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK, help="where wheels are kept")
    work: Path = parser.parse_args(argv).work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    counted = [0, 0, 0]
    for tree in trees(work, environment(work)):
        if isinstance(tree, Absent):
            print(f"not to be had: {tree.name}: {tree.reason}")
            continue
        graph, found = said_of(tree)
        print(f"{tree.name}: {len(graph)} revisions, {len(found)} contradictions")
        for said in found:
            print(f"    {graph[said.revision].path}:{said.effect.line} {said.message}")
        counted = [
            one + more for one, more in zip(counted, (1, len(graph), len(found)), strict=True)
        ]
    print("{} trees, {} revisions, {} contradictions".format(*counted))
    return int(counted[2] > 0)


def said_of(tree: Tree) -> tuple[Graph, list[Contradiction]]:
    """Return the graph of a tree, and what its revisions contradict."""
    texts: dict[str, bytes] = {}

    def revisions() -> Iterator[Revision]:
        for path in sorted((tree.root / tree.folder).rglob("*.py")):
            text = path.read_bytes()
            header = read_header(text, path.name)
            if isinstance(header, Header):
                texts[header.revision] = text
                yield Revision(header, str(path.relative_to(tree.root)))

    def module(name: str) -> bytes | None:
        inner = tree.root / name.replace(".", "/")
        places = (inner.with_suffix(".py"), inner / "__init__.py")
        return next((place.read_bytes() for place in places if place.is_file()), None)

    graph = Graph(revisions())
    effects = {name: read_effects(texts[name], resolve=module) for name in graph.ids}
    return graph, list(contradictions(graph, effects, graph.ids))


if __name__ == "__main__":
    raise SystemExit(main())
