"""Composes the reverting revision of a rollback, and puts it among the others."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lback.app.context import Context
from lback.core.decoding import Undecodable, decode_text
from lback.core.effects import Effects
from lback.core.graph import Graph, Revision
from lback.core.header import Header, read_header
from lback.core.shell import command
from lback.core.tables import TableLife, types_elsewhere
from lback.core.undo.inverse import Earlier
from lback.core.undo.picking import InTheWay
from lback.core.undo.reverting import (
    Draft,
    Part,
    body_for,
    complete,
    created,
    draft_revert,
    revert_id,
    verify,
)
from lback.core.undo.undoing import Undo
from lback.db.runner import Database
from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class Revert:
    """A reverting revision that is ready: its text, its effects, the graph with it on top."""

    revision: str
    path: Path
    text: bytes
    draft: Draft
    effects: Effects
    graph: Graph

    def database(self, ctx: Context, sources: Mapping[str, bytes]) -> Database:
        """Return the project's database, which knows the new revision from its text."""
        project = ctx.project
        return Database(
            project.settings,
            self.graph,
            project.root,
            x=ctx.options.x,
            folder=project.folder,
            sources={**sources, self.revision: self.text},
            verbose=ctx.options.verbose,
        )


class Reverter:
    """Knows the texts of the revisions that are to be undone."""

    def __init__(
        self,
        ctx: Context,
        graph: Graph,
        effects: Mapping[str, Effects],
        ran: Mapping[str, bytes],
    ) -> None:
        self.ctx = ctx
        self.reader = ctx.revisions
        self.graph = graph
        self.effects = effects
        self.ran = ran

    def read(self, source: bytes) -> Effects:
        """Read a text as the project's own modules and wrappers make it mean."""
        return self.reader.effects_at().read_text(source)

    def draft(self, undo: Undo, table: str | None, told: TableLife | None) -> Draft:
        """Return what a reverting revision does; InTheWay names the line that stands in the way."""
        order = [one for one in reversed(self.graph.order()) if one in undo.undoes]
        revision = revert_id(order, table)
        self._refuse_twice(revision, undo)
        parts = [self._part(one, told) for one in order]
        own = [name for part in parts for name in part.own]
        shared = types_elsewhere(self.graph, self.effects, own)
        draft = draft_revert(parts, table, self.read, shared)
        draft.revision, draft.created = revision, self._created(parts)
        return draft

    def compose(self, undo: Undo, draft: Draft) -> Revert:
        """Return the reverting revision as the project's template shapes it."""
        from lback.db.revising import shape_revision

        shaped = shape_revision(
            self.ctx.database,
            draft.revision,
            draft.created,
            draft.message,
            undo.parents,
            body_for(draft.upgrade),
            body_for(draft.downgrade),
            lambda text: complete(text, draft),
        )
        verify(shaped.text, draft, self.read)
        header = read_header(shaped.text, shaped.path.name)
        if not isinstance(header, Header):
            raise InTheWay(1, f"the reverting revision could not be read: {header.message}")
        root = self.reader.project.root
        path = shaped.path.relative_to(root) if shaped.path.is_relative_to(root) else shaped.path
        graph = Graph([*self.graph, Revision(header, path.as_posix(), "")])
        effects = self.read(shaped.text)
        return Revert(shaped.revision, shaped.path, shaped.text, draft, effects, graph)

    def _refuse_twice(self, revision: str, undo: Undo) -> None:
        """Refuse to write what is written already."""
        if revision not in self.graph:
            return
        path = self.graph[revision].path
        raise LbackError(
            f"{path} undoes {', '.join(undo.undoes)} already.",
            f"{command('lback show', revision)} shows it, "
            f"{command('lback migrate', revision)} applies it.",
        )

    def _created(self, parts: Sequence[Part]) -> datetime:
        """Return the date of the reverting revision: nothing that a plan could not know."""
        written = created(self.graph[part.revision].header.create_date for part in parts)
        brought = created(part.commit.date for part in parts if part.commit)
        if written or brought:
            return written or brought or datetime.min
        place = self.reader.project.root / parts[0].path
        return datetime.fromtimestamp(int(place.stat().st_mtime) if place.exists() else 0)

    def _part(self, revision: str, told: TableLife | None) -> Part:
        node = self.graph[revision]
        effects = self.effects[revision]
        return Part(
            revision,
            node.path,
            self.text(revision),
            self.own(revision, told),
            self.reader.commits([node.path]).get(node.path),
            node.doc,
            self._earlier(revision) if not effects.has_downgrade else (),
            compute=not effects.has_downgrade,
        )

    def text(self, revision: str) -> bytes:
        """Return the text that ran, as far as that is known, else the file."""
        if revision in self.ran:
            return self.ran[revision]
        node = self.graph[revision]
        return self.reader.texts([node])[node.blob]

    def own(self, revision: str, told: TableLife | None) -> tuple[str, ...]:
        """Return the names that the wanted tables have in one revision."""
        if told is None:
            effects = self.effects[revision]
            both = (*effects.upgrade, *effects.downgrade)
            return tuple(sorted({name for e in both for name in (e.table, e.to) if name}))
        change = next((one for one in told.changes if one.revision == revision), None)
        names = {e.table for e in change.effects if e.table} if change else set()
        names |= {e.to for e in (change.effects if change else ()) if e.object == "table" and e.to}
        return tuple(sorted(names or set(told.names)))

    def _earlier(self, revision: str) -> tuple[Earlier, ...]:
        below = self.graph.ancestors([revision]) - {revision}
        order = [one for one in reversed(self.graph.order()) if one in below]
        texts = self.reader.texts([self.graph[one] for one in order])
        found = []
        for one in order:
            try:
                tree = ast.parse(decode_text(texts[self.graph[one].blob]))
            except (Undecodable, SyntaxError, ValueError):
                continue
            found.append(Earlier(self.effects[one], tree))
        return tuple(found)
