"""`check --models`: the project's own code, run on a scratch database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding
from lback.core.checks.report import ModelsRow
from lback.core.checks.trials import (
    cannot_run,
    model_findings,
    not_tried,
    nothing_to_run,
    trial_findings,
)
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.trials import Tried
    from lback.project.checking.gather import CheckFacts
    from lback.project.context import Context


def models_checked(
    ctx: Context, facts: CheckFacts, wish: str, said: list[Finding]
) -> tuple[list[Finding], ModelsRow]:
    """Run the migrations up, down and up, and compare the models; return findings and data.

    `wish` is "new" (only those that no other side has are tried) or "all". What cannot be
    run is a finding as well.
    """
    graph = facts.mine.graph
    chosen = graph.ids if wish == "all" or not facts.others else frozenset(facts.new)
    problem = next(iter(graph.problems), None)
    if problem is not None:
        return [cannot_run(problem.message)], ModelsRow()
    if not graph.ids:
        return [nothing_to_run()], ModelsRow()
    from lback.db.trials import try_out

    scratch = ctx.project.settings.lback.scratch_url
    try:
        tried = try_out(ctx.database, graph.order(), chosen, scratch)
    except LbackError as err:
        return [not_tried(err.message, err.hint or "")], ModelsRow()
    return list(_findings(facts, tried, said)), _row(tried)


def _findings(facts: CheckFacts, tried: Tried, said: list[Finding]) -> Iterator[Finding]:
    known = frozenset(one.revisions[0] for one in said if one.code == "LB401")
    effects = facts.sources.effects(one.revision for one in tried.trials if one.losses)
    for trial in tried.trials:
        yield from trial_findings(trial, facts.mine.graph, effects.get, known)
    yield from model_findings(tried.differences or ())


def _row(tried: Tried) -> ModelsRow:
    return ModelsRow(
        tried.dialect,
        tuple(dict.fromkeys(one.revision for one in tried.trials)),
        tuple(sorted(tried.filled)),
        tuple(sorted(tried.refused)),
        None if tried.differences is None else tuple(tried.differences),
    )
