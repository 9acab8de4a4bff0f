"""One revision's move as Alembic performs it, with the version table kept by our graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import RevisionStep

from lback.core.plans import Downgrade, Upgrade

if TYPE_CHECKING:
    from lback.db.scripts import TextScript, TextScriptDirectory


def upgrade(**_kw: Any) -> None:
    """Stand in for the code of a revision that is only written down."""


def downgrade(**_kw: Any) -> None:
    """Stand in for the code of a revision that is only written down."""


class GraphStep(RevisionStep):
    """Says which rows of the version table go and which come.

    Alembic's own way asks all ancestors at every merge, and stumbles over a merge whose
    one parent stands on the other. `applied` is kept by the caller on the way down.
    """

    def __init__(
        self,
        scripts: TextScriptDirectory,
        applied: set[str],
        script: TextScript,
        step: Upgrade | Downgrade,
        function: Callable[..., Any] | None,
    ) -> None:
        self.revision_map = scripts.revision_map
        self.revision = script
        self.is_upgrade = isinstance(step, Upgrade)
        paper = upgrade if self.is_upgrade else downgrade
        self.migration_fn = function or paper
        self._graph = scripts.graph
        self._applied = applied

    def _change(self, heads: set[str]) -> tuple[list[str], list[str]]:
        """Return the rows that go and the rows that come, each sorted."""
        one = self.revision.revision
        below = {*self._graph[one].parents, *self._graph.dependencies(one)}
        if self.is_upgrade:
            # A head below this one is right below: what lies between would be applied.
            return sorted(below & heads), [one]
        bare = [under for under in below - heads if not self._stands_on(under, one)]
        return [one], sorted(bare)

    def _stands_on(self, under: str, going: str) -> bool:
        above = {*self._graph.children(under), *self._graph.dependents(under)} - {going}
        return not above.isdisjoint(self._applied)

    def should_delete_branch(self, heads: set[str]) -> bool:
        """Tell whether a row goes and none comes."""
        return not self._change(heads)[1]

    def should_create_branch(self, heads: set[str]) -> bool:
        """Tell whether a row comes and none goes."""
        return not self._change(heads)[0]

    def should_merge_branches(self, heads: set[str]) -> bool:
        """Tell whether several rows become one."""
        return len(self._change(heads)[0]) > 1

    def should_unmerge_branches(self, heads: set[str]) -> bool:
        """Tell whether one row becomes several."""
        return len(self._change(heads)[1]) > 1

    def merge_branch_idents(self, heads: set[str]) -> tuple[list[str], str, str]:
        """Return the rows to delete, the one to change, and into what."""
        gone, new = self._change(heads)
        return gone[:-1], gone[-1], new[0]

    def unmerge_branch_idents(self, heads: set[str]) -> tuple[str, str, tuple[str, ...]]:
        """Return the row to change, into what, and the rows to insert."""
        gone, new = self._change(heads)
        return gone[0], new[-1], tuple(new[:-1])

    def update_version_num(self, heads: set[str]) -> tuple[str, str]:
        """Return the row to change and into what."""
        gone, new = self._change(heads)
        return gone[0], new[0]
