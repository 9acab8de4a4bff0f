"""Says what is wrong with a graph and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from lback.core.graph.revision import LABELS, Problem
from lback.core.shell import command, named, pathspec

if TYPE_CHECKING:
    from lback.core.graph.revision import Revision
    from lback.core.graph.view import GraphView

Nodes = Mapping[str, "Revision"]

# Of a file that cannot be read; what seems to be missing may be in it.
CLOSED = frozenset({"LB106", "LB109"})

# Alembic needs these for `label@head` and `head-1`; the colon joined them in 1.16.
_ILLEGAL = re.compile(r"[@+:-]")


def problems(
    nodes: Nodes,
    *,
    given: Sequence[Problem],
    twice: Sequence[tuple[Revision, Revision]],
    missing: Sequence[tuple[str, str, str]],
    labels: Sequence[tuple[str, str]],
    stuck: frozenset[str],
    edges: Callable[[str], Iterable[str]],
) -> tuple[Problem, ...]:
    """Return all problems of a graph, by code and place; first the files that others may be in."""
    wrong = [
        *given,
        *(_missing(nodes, *row) for row in missing),
        *(_twice(*pair) for pair in twice),
        *(_label_twice(nodes, *pair) for pair in labels),
        *_cycles(nodes, stuck, edges),
        *_illegal(nodes),
        *_uncertain(nodes),
    ]
    by_place = sorted(wrong, key=attrgetter("code", "path", "line", "revisions"))
    return tuple(sorted(by_place, key=lambda problem: problem.code not in CLOSED))


def still_here(graph: GraphView) -> Iterator[Problem]:
    """Yield LB207 for each revision that has a file although another one replaces it.

    It is none of the graph's own problems: what brings a database on that stands inside a squash
    is a graph of both.
    """
    for node in graph:
        for name in node.replaces:
            if name in graph:
                yield Problem(
                    "LB207",
                    f"{name} was squashed into {node.id}, and its file is still here",
                    f"Remove it: {command('git rm --', pathspec(graph[name].path))}; or bring the "
                    f"old file of {node.id} back",
                    graph[name].path,
                    graph[name].header.line,
                    (name, node.id),
                )


def _missing(nodes: Nodes, revision: str, variable: str, name: str) -> Problem:
    node = nodes[revision]
    squash = next((other for other in nodes.values() if name in other.replaces), None)
    if squash is not None:
        return _squashed(node, variable, name, squash.id)
    hint = (
        f"add the file of {name}, or point {named(variable)} of {revision} at a revision that "
        "exists"
        if variable == "down_revision"
        else f"add the revision or branch label {name}, or take it out of `depends_on`"
    )
    return Problem(
        "LB103",
        f"Revision {revision} has {name} as its {named(variable)}, and no file defines {name}.",
        hint,
        node.path,
        node.header.line,
        (revision,),
    )


def _squashed(node: Revision, variable: str, name: str, squash: str) -> Problem:
    return Problem(
        "LB103",
        f"Revision {node.id} has {name} as its {named(variable)}, which was squashed into "
        f"{squash}.",
        f"`lback rebase` moves {node.id} onto the shared head; or point {named(variable)} of it "
        f"at {squash}, if nothing that was squashed after {name} changes what it does",
        node.path,
        node.header.line,
        (node.id,),
    )


def _twice(first: Revision, second: Revision) -> Problem:
    return Problem(
        "LB104",
        f"Revision {first.id} is defined by {first.path} and by {second.path}.",
        "give the one that nobody else has an id of its own; `lback status` tells which",
        second.path,
        second.header.line,
        (first.id,),
    )


def _label_twice(nodes: Nodes, label: str, revision: str) -> Problem:
    node = nodes[revision]
    return Problem(
        "LB104",
        f"Branch label {label} of revision {revision} is taken already.",
        "give every branch label one revision, and no label the name of an id",
        node.path,
        node.header.line,
        (revision,),
    )


def _illegal(nodes: Nodes) -> Iterator[Problem]:
    if not _ILLEGAL.search("\n".join(nodes)):
        return
    for revision, node in nodes.items():
        sign = _ILLEGAL.search(revision)
        if sign:
            yield Problem(
                "LB106",
                f"Revision id {revision} holds {named(sign.group())}, "
                "which Alembic does not allow.",
                "rename the revision; `@`, `-`, `+` and `:` have a meaning of their own",
                node.path,
                node.header.line,
                (revision,),
            )


def _uncertain(nodes: Nodes) -> Iterator[Problem]:
    for revision, node in nodes.items():
        for variable, line in node.header.uncertain:
            # A computed label changes no parent; where it may keep heads apart, that is said.
            if variable != LABELS:
                yield Problem(
                    "LB106",
                    f"{named(variable)} of revision {revision} is computed; "
                    "only running it would tell.",
                    "write the ids as plain strings",
                    node.path,
                    line,
                    (revision,),
                )


def _cycles(
    nodes: Nodes, stuck: frozenset[str], edges: Callable[[str], Iterable[str]]
) -> Iterator[Problem]:
    """Name every cycle once, from its smallest member along the parents."""
    done: set[str] = set()
    for start in sorted(stuck):
        trail: dict[str, None] = {}
        revision = start
        while revision not in done and revision not in trail:
            trail[revision] = None
            # A stuck revision has a stuck parent: this always ends in a cycle.
            revision = min(up for up in edges(revision) if up in stuck)
        if revision in trail:
            members = list(trail)
            yield _cycle(nodes, members[members.index(revision) :])
        done.update(trail)


def _cycle(nodes: Nodes, members: list[str]) -> Problem:
    first = members.index(min(members))
    ring = (*members[first:], *members[:first])
    node = nodes[ring[0]]
    if len(ring) == 1:
        message = f"Revision {ring[0]} is its own parent."
    else:
        message = f"Revisions stand on each other: {' -> '.join((*ring, ring[0]))}."
    return Problem(
        "LB105",
        message,
        "point one `down_revision` or `depends_on` of these at a revision below them",
        node.path,
        node.header.line,
        ring,
    )
