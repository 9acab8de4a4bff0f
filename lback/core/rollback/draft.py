"""Drafts the reverting revision of a rollback from the texts that have run."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import datetime

from lback.core.messages import rollback as messages
from lback.core.rollback.decide import Decision
from lback.core.rollback.facts import RollbackFacts
from lback.core.rollback.inverse import Earlier
from lback.core.rollback.reverting import Draft, Part, created, draft_revert, revert_id
from lback.core.scanner import Undecodable, decode_text
from lback.core.tables import TableLife, types_elsewhere


def draft_of(facts: RollbackFacts, decision: Decision, table: TableLife | None) -> Draft:
    """Return what a reverting revision does; InTheWay names the line that stands in the way.

    LbackError where that revision exists.
    """
    order = [one for one in reversed(facts.graph.order()) if one in decision.undoes]
    revision = revert_id(order, facts.request.table)
    if revision in facts.graph:
        raise messages.written_already(revision, facts.graph[revision].path, decision.undoes)
    parts = [_part(facts, one, table) for one in order]
    own = [name for part in parts for name in part.own]
    shared = types_elsewhere(facts.graph, facts.effects, own)
    draft = draft_revert(parts, facts.request.table, facts.read, shared)
    draft.revision, draft.created = revision, _created(facts, parts)
    return draft


def own_names(facts: RollbackFacts, revision: str, table: TableLife | None) -> tuple[str, ...]:
    """Return the names that the tables to be rolled back have in one revision."""
    if table is None:
        effects = facts.effects[revision]
        both = (*effects.upgrade, *effects.downgrade)
        return tuple(sorted({name for e in both for name in (e.table, e.to) if name}))
    change = next((one for one in table.changes if one.revision == revision), None)
    effects_here = change.effects if change else ()
    names = {one.table for one in effects_here if one.table}
    names |= {one.to for one in effects_here if one.object == "table" and one.to}
    return tuple(sorted(names or set(table.names)))


def _part(facts: RollbackFacts, revision: str, table: TableLife | None) -> Part:
    node = facts.graph[revision]
    compute = not facts.effects[revision].has_downgrade
    return Part(
        revision,
        node.path,
        facts.texts[revision],
        own_names(facts, revision, table),
        facts.commits.get(node.path),
        node.doc,
        _earlier(facts, revision) if compute else (),
        compute=compute,
    )


def _earlier(facts: RollbackFacts, revision: str) -> tuple[Earlier, ...]:
    """Return the revisions below, newest first, for an inverse that has to be computed."""
    below = facts.graph.ancestors([revision]) - {revision}
    found = []
    for one in reversed(facts.graph.order()):
        if one not in below:
            continue
        try:
            tree = ast.parse(decode_text(facts.texts[one]))
        except (Undecodable, SyntaxError, ValueError):
            continue
        found.append(Earlier(facts.effects[one], tree))
    return tuple(found)


def _created(facts: RollbackFacts, parts: Sequence[Part]) -> datetime:
    """Return the date of the reverting revision: nothing that a plan could not know."""
    written = created(facts.graph[part.revision].header.create_date for part in parts)
    brought = created(part.commit.date for part in parts if part.commit)
    return written or brought or facts.modified.get(parts[0].path) or datetime.fromtimestamp(0)
