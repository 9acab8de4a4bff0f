"""Where revisions are applied, and who did that, by the databases' own records."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from lback.core.graph.view import GraphView
from lback.core.record.gaps import shown_time
from lback.core.record.standing import AppliedBy, Standing
from lback.core.record.steps import RecordedStep
from lback.project.context import Context
from lback.project.record.ran import ran_by
from lback.project.run import asked


class Applied(NamedTuple):
    """What each database has run, by its name; `unknown` where one was not reached."""

    databases: Mapping[str, frozenset[str]] = MappingProxyType({})
    unknown: bool = True
    by: Mapping[str, Mapping[str, RecordedStep]] = MappingProxyType({})

    @classmethod
    def asked(cls, ctx: Context, graph: GraphView) -> Applied:
        """Ask the databases that env.py connects to; LbackError where the only one is silent."""
        answers = asked(ctx.database, lambda view: ran_by(ctx, view, graph))
        done = {
            str(answer.database): graph.ancestors(
                known for known in answer.stamp.revisions if known in graph
            )
            for answer in answers
            if answer.stamp is not None and answer.value is not None
        }
        by = {str(answer.database): answer.value or {} for answer in answers}
        return cls(done, any(answer.error is not None for answer in answers), by)

    def of(self, revision: str) -> Standing:
        """Return where a revision is applied, and by whom."""
        on = tuple(name for name, done in self.databases.items() if revision in done)
        by = tuple(
            AppliedBy(name, steps[revision].who, shown_time(steps[revision].started_at))
            for name, steps in self.by.items()
            if revision in steps
        )
        if len(on) < len(self.databases):
            return Standing(False, on, by)
        return Standing(None if self.unknown else True, (), by)
