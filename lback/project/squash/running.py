"""Runs the old files of a squash and the new one, and asks what they have built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lback.core.graph.view import GraphView
from lback.core.plans import Step, Upgrade
from lback.core.squash import messages
from lback.core.squash.file import with_squash
from lback.core.squash.plan import SquashPlan
from lback.project.context import Context
from lback.project.copies.templates import empty_beside, template_at
from lback.vcs.worktree import blob_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from lback.core.squash.seeds import Seeds
    from lback.db.squashing.exact import BuiltSchema

T = TypeVar("T")


class BuiltDatabase(NamedTuple):
    """What a database has: the schema with its rows by what they hold, and the rows themselves."""

    built: BuiltSchema
    seeds: Seeds


def read_all(connection: Connection) -> BuiltDatabase:
    """Read a database that lback has made."""
    from lback.db.squashing.exact import read_built
    from lback.db.squashing.seeds import read_seeds

    return BuiltDatabase(read_built(connection), read_seeds(connection))


class SquashRuns:
    """Builds databases by old files and by a new one.

    A place is the URL beside which that is done; None is the project's own, by its env.py.
    """

    def __init__(self, ctx: Context, graph: GraphView, plan: SquashPlan) -> None:
        self.ctx = ctx
        self.graph = graph
        self.plan = plan
        self._options: dict[str, Any] | None = None
        self._twice: dict[str | None, BuiltDatabase] = {}

    def old(self, place: str | None, read: Callable[[Connection], T]) -> tuple[str, T]:
        """Ask what the old files build; return the dialect with it."""
        if place is None:
            return self._of_template(None, None, read)
        return self._elsewhere(place, self.graph, None, read)

    def new(self, place: str | None, text: bytes, read: Callable[[Connection], T]) -> tuple[str, T]:
        """Ask what the new file builds; return the dialect with it."""
        graph, sources = self._changed(text)
        if place is None:
            return self._of_template(graph, sources, read)
        return self._elsewhere(place, graph, sources, read)

    def again(self, place: str | None) -> BuiltDatabase:
        """Return what is there when the old files are run once more."""
        if place not in self._twice:
            self._twice[place] = self._elsewhere(place, self.graph, None, read_all)[1]
        return self._twice[place]

    def stages(
        self,
        place: str | None,
        text: bytes,
        stages: Sequence[Sequence[Step]],
        read: Callable[[Connection], T],
    ) -> list[T]:
        """Run the new file in an empty database, stage by stage, and ask after each."""
        return self._walked(place, *self._changed(text), stages, read)[1]

    def below(self, text: bytes) -> list[Step]:
        """Return what has to be run before the new file."""
        graph, _ = self._changed(text)
        below = graph.ancestors(self.plan.parents) | graph.ancestors(self.plan.depends_on)
        return [Upgrade(name) for name in graph.order() if name in below]

    def _changed(self, text: bytes) -> tuple[GraphView, dict[str, bytes]]:
        """Return the graph with the new file, and that as a source."""
        graph = with_squash(
            self.graph, self.plan, self.graph[self.plan.revision].path, text, blob_id(text)
        )
        return graph, {self.plan.revision: text}

    def _of_template(
        self,
        graph: GraphView | None,
        sources: Mapping[str, bytes] | None,
        read: Callable[[Connection], T],
    ) -> tuple[str, T]:
        from lback.db.squashing.trying import asked_of_copy

        template = template_at(self.ctx, [self.plan.revision], graph=graph, sources=sources)
        return asked_of_copy(
            template, lambda connection: (connection.dialect.name, read(connection))
        )

    def _elsewhere(
        self,
        place: str | None,
        graph: GraphView,
        sources: Mapping[str, bytes] | None,
        read: Callable[[Connection], T],
    ) -> tuple[str, T]:
        wanted = graph.ancestors([self.plan.revision])
        steps = [Upgrade(name) for name in graph.order() if name in wanted]
        dialect, (found,) = self._walked(place, graph, sources, [steps], read)
        return dialect, found

    def _walked(
        self,
        place: str | None,
        graph: GraphView,
        sources: Mapping[str, bytes] | None,
        stages: Sequence[Sequence[Step]],
        read: Callable[[Connection], T],
    ) -> tuple[str, list[T]]:
        """Run stages of steps in an empty database, and ask it after each."""
        from lback.db.squashing.trying import asked_elsewhere
        from lback.db.templates.schemas import read_options

        if self._options is None:
            with empty_beside(self.ctx, messages.no_place()) as url:
                self._options = read_options(self.ctx.database, url)
        database = self.ctx.database_of(graph, sources)
        with empty_beside(self.ctx, messages.no_place(), place) as url:
            told = asked_elsewhere(
                database,
                stages,
                url,
                self._options,
                lambda connection: (connection.dialect.name, read(connection)),
            )
        return told[0][0], [one for _, one in told]
