"""What one would type after `alembic` to have the same steps done."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lback.core.plans import Restamp, Step, Upgrade, is_only_written

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

Line = tuple[str, ...]
"""A command and its arguments, as ("upgrade", "head")."""


def to_heads(graph: GraphView, command: str = "upgrade") -> Line:
    """Return what one would type after `alembic` to reach all heads."""
    return (command, "head" if len(graph.heads) < 2 else "heads")


def lines_of(graph: GraphView, steps: Sequence[Step], typed: Line = ()) -> tuple[Line, ...]:
    """Return for each step what one would type after `alembic` to have it done.

    Steps in one direction are one command; the first of its kind keeps the words that were `typed`.
    """
    lines: list[Line] = []
    for command, group in groupby(steps, _command):
        part = tuple(group)
        kept = typed not in lines and typed[:1] == (command,)
        lines += [typed if kept else _line(graph, command, part)] * len(part)
    return tuple(lines)


def _command(step: Step) -> str:
    if is_only_written(step):
        return "stamp"
    return "upgrade" if isinstance(step, Upgrade) else "downgrade"


def _line(graph: GraphView, command: str, steps: Sequence[Step]) -> Line:
    last = steps[-1]
    if isinstance(last, Restamp):
        return (command, *(last.revisions or ("base",)))
    if isinstance(last, Upgrade):
        done = {step.revision for step in steps if isinstance(step, Upgrade)}
        return (
            to_heads(graph, command) if done.issuperset(graph.heads) else (command, last.revision)
        )
    parents = graph[last.revision].parents if last.revision in graph else ()
    return (command, *(parents[:1] or ("base",)))
