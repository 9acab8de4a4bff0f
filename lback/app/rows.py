"""Revisions as the rows that `heads`, `graph` and `show` promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.source import Commit


def graph_row(graph: Graph, revision: str, tables: tuple[str, ...]) -> dict[str, Any]:
    """Return one element of `graph`'s `revisions`."""
    node = graph[revision]
    return {
        "revision": revision,
        "down_revisions": list(node.parents),
        "depends_on": list(node.depends_on),
        "branch_labels": list(node.labels),
        "path": node.path,
        "doc": node.doc,
        "is_head": revision in graph.heads,
        "is_base": not node.parents,
        "is_merge": len(node.parents) > 1,
        "tables": list(tables),
    }


def head_row(
    graph: Graph,
    revision: str,
    tables: tuple[str, ...],
    published: bool,
    commits: Mapping[str, Commit],
) -> dict[str, Any]:
    """Return one element of `heads`."""
    node = graph[revision]
    commit = commits.get(node.path)
    return {
        "revision": revision,
        "path": node.path,
        "doc": node.doc,
        "branch_labels": sorted(graph.labels_of(revision)),
        "tables": list(tables),
        "published": published,
        "commit": commit.as_dict() if commit else None,
    }


def effects_rows(effects: Effects) -> dict[str, Any]:
    """Return the `effects` object of `graph --effects`."""
    return {
        "upgrade": [_effect(effect) for effect in effects.upgrade],
        "downgrade": [_effect(effect) for effect in effects.downgrade],
        "unknown": [
            {
                "direction": unknown.direction,
                "line": unknown.line,
                "reason": unknown.reason,
                "tables": list(unknown.tables),
            }
            for unknown in effects.unknown
        ],
    }


def _effect(effect: Any) -> dict[str, Any]:
    return {
        "kind": effect.kind,
        "object": effect.object,
        "table": effect.table,
        "name": effect.name,
        "to": effect.to,
        "certain": effect.certain,
        "line": effect.line,
        "detail": effect.detail or None,
        "dialect": effect.dialect,
        "restates": list(effect.restates),
    }
