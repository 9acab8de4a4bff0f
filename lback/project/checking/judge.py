"""Judges what a check has gathered, by the rules of the core; runs it where that was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.checks.content import Content, LockedTables, content_findings
from lback.core.checks.files import file_findings
from lback.core.checks.findings import Finding, from_problems
from lback.core.checks.graph import (
    broken_by_merging,
    conflicted,
    long_ids,
    not_looked_at,
    nothing_found,
    redundant_merges,
    several_heads,
    would_fork,
)
from lback.core.checks.history import history_findings
from lback.core.checks.report import AskRow, ModelsRow
from lback.core.checks.team import overlap_findings
from lback.core.checks.trials import (
    cannot_run,
    model_findings,
    not_tried,
    nothing_to_run,
    trial_findings,
)
from lback.core.effects import Effects
from lback.core.graph.problems import still_here
from lback.errors import LbackError
from lback.project.checking.below import contradicting
from lback.project.checking.gather import CheckFacts, ForkFacts, file_facts
from lback.project.checking.squawk import squawk_findings
from lback.project.checking.trails import trailed
from lback.project.models import models_of_branch
from lback.project.sides import Comparison
from lback.vcs.reach import is_outside

if TYPE_CHECKING:
    from lback.db.trials import Tried
    from lback.project.context import Context


_AT_ONCE = 1000


def judge(facts: CheckFacts) -> Iterator[Finding]:
    """Yield what is found of mine, of each merge with another, and of the files."""
    graph = facts.mine.graph
    yield from trailed(facts.revisions, graph, from_problems(graph.problems), facts.mine.at)
    yield from _emptiness(facts)
    for fork in facts.forks:
        if fork.other is None:
            yield several_heads(graph, fork.heads, facts.sources.commits(fork.heads))
        else:
            yield would_fork(fork.other.merge, fork.heads, facts.sources.commits(fork.heads))
        yield from _overlaps(facts, fork)
    new = facts.new if facts.others else None
    yield from redundant_merges(graph, new)
    yield from long_ids(graph, new)
    yield from from_problems(still_here(graph))
    for other in facts.others:
        yield from _judge_merge(facts, other)
    yield from _content(facts)
    yield from contradicting(facts.revisions, graph, facts.new, facts.mine.at)
    yield from file_findings(file_facts(facts.revisions, facts.mine))
    for other in facts.others:
        yield from models_of_branch(
            facts.revisions, facts.mine, other, lambda: facts.sources.effects(facts.new).values()
        )


def _judge_merge(facts: CheckFacts, other: Comparison) -> Iterator[Finding]:
    merge = other.merge
    yield from (conflicted(merge, path) for path in other.conflicts)
    yield from broken_by_merging(merge)
    if merge.merged is not merge.mine:
        seen = {one.revisions for one in still_here(merge.mine)}
        new = [one for one in still_here(merge.merged) if one.revisions not in seen]
        yield from from_problems(new)
        known = {pair.revisions for pair in redundant_merges(merge.mine)}
        for pair in redundant_merges(merge.merged, frozenset(merge.new)):
            if pair.revisions not in known:
                yield pair
    if other.publishes and merge.mine is not merge.theirs:
        sources = facts.sources
        shared = merge.mine.ids & other.base.ids & merge.theirs.ids
        edited = [
            revision
            for revision in shared
            if other.base[revision].blob != merge.mine[revision].blob
        ]
        for side in (facts.mine, other.theirs):
            sources.read_ahead(edited, side)
        yield from history_findings(
            merge,
            other.base,
            lambda revision: sources.text(revision, facts.mine),
            lambda revision: sources.text(revision, other.theirs),
        )


def _overlaps(facts: CheckFacts, fork: ForkFacts) -> Iterator[Finding]:
    mine, overlaps = facts.mine.graph, fork.overlaps
    graph = fork.other.merge.merged if fork.other else mine
    name = fork.other.merge.name if fork.other else ""
    ids = {each for pair in overlaps for each in (pair.left_revision, pair.right_revision)}
    return overlap_findings(overlaps, graph, mine, facts.sources.commits(ids), name)


def _emptiness(facts: CheckFacts) -> Iterator[Finding]:
    """Yield LB107: a check that has looked at nothing must not pass for a good one."""
    folders, _ = facts.revisions.folders(facts.mine.at)
    repository = facts.revisions.repository
    if facts.mine.graph.ids or facts.mine.graph.problems:
        bare = repository is not None and repository.is_bare
        outside = [folder for folder in folders if is_outside(folder)]
        unread = [folder for folder in outside if bare or not Path(folder).is_dir()]
        if unread:
            yield not_looked_at(unread)
        return
    old = any(other.base.ids or other.theirs.graph.ids for other in facts.others)
    root = facts.revisions.project.root
    begun = not facts.revisions.places.unconfigured and any(
        (root / folder).parent.joinpath("env.py").is_file() for folder in folders
    )
    newer = next(
        (
            other.merge.name
            for other in facts.others
            if other.theirs.graph.ids and not other.base.ids
        ),
        None,
    )
    yield nothing_found(folders, expected=old or not begun, place=facts.mine.name, newer=newer)


def _content(facts: CheckFacts) -> Iterator[Finding]:
    if not facts.new:
        return
    graph, settings = facts.mine.graph, facts.revisions.project_at(facts.mine.at).settings
    theirs = facts.policy.project.settings if facts.policy and facts.policy.project else settings
    urls = [each.main_options.get("sqlalchemy.url", "") for each in (settings, theirs)]
    locks = LockedTables(any(url.startswith("postgres") for url in urls), settings.lback.big_tables)
    sources = facts.sources
    findings: list[Finding] = []
    for revision, effects in _effects_of_new(facts):
        content = Content(graph[revision], effects, partial(sources.text, revision, facts.mine))
        findings.extend(content_findings(content, locks))
    yield from findings
    # Without git nobody knows which programs a branch has brought.
    if (locks.everywhere or locks.tables) and not facts.revisions.places.hidden:
        sources.read_ahead(facts.new, facts.mine)
        texts = ((graph[revision], sources.text(revision, facts.mine)) for revision in facts.new)
        yield from squawk_findings(texts, findings, facts.revisions.repository)


def _effects_of_new(facts: CheckFacts) -> Iterator[tuple[str, Effects]]:
    """Yield what each new revision does; never holds those of very many at once."""
    new = facts.new
    if len(new) <= _AT_ONCE:
        yield from facts.sources.effects(new).items()
        return
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        yield from facts.revisions.effects(facts.mine.graph, some, facts.mine.at).items()


def models_checked(
    ctx: Context, facts: CheckFacts, which: str, known: list[Finding]
) -> tuple[list[Finding], ModelsRow]:
    """Run the migrations up, down and up, and compare the models; return findings and data.

    `which` is "new" (only those that no other side has are tried) or "all". What cannot be
    run is a finding as well.
    """
    from lback.project.copies.trying import tried_out

    graph = facts.mine.graph
    chosen = graph.ids if which == "all" or not facts.others else frozenset(facts.new)
    problem = next(iter(graph.problems), None)
    if problem is not None:
        return [cannot_run(problem.message)], ModelsRow()
    if not graph.ids:
        return [nothing_to_run()], ModelsRow()
    try:
        tried = tried_out(ctx, graph, chosen)
    except LbackError as err:
        return [not_tried(err.message, err.hint or "")], ModelsRow()
    row = replace(_row(tried), asks=tuple(_asks(facts, tried)))
    return list(_findings(facts, tried, known)), row


def _asks(facts: CheckFacts, tried: Tried) -> Iterator[AskRow]:
    """Yield what the revisions that were tried need of the rows of a database in use."""
    from lback.core.preflight.questions import StepEffects, questions

    graph = facts.mine.graph
    done = {trial.revision for trial in tried.trials}
    effects = facts.sources.effects(done)
    steps = [
        StepEffects(
            revision,
            graph[revision].path,
            "upgrade",
            effects[revision].upgrade,
            effects[revision].unknowns("upgrade"),
        )
        for revision in graph.order()
        if revision in done
    ]
    for question in questions(steps, tried.dialect):
        yield AskRow(
            question.kind,
            question.revision,
            question.path,
            question.line,
            question.told,
            question.why,
        )


def _findings(facts: CheckFacts, tried: Tried, known: list[Finding]) -> Iterator[Finding]:
    one_way = frozenset(finding.revisions[0] for finding in known if finding.code == "LB401")
    effects = facts.sources.effects(trial.revision for trial in tried.trials if trial.losses)
    for trial in tried.trials:
        yield from trial_findings(trial, facts.mine.graph, effects.get, one_way)
    yield from model_findings(tried.differences or ())


def _row(tried: Tried) -> ModelsRow:
    return ModelsRow(
        tried.dialect,
        tuple(dict.fromkeys(trial.revision for trial in tried.trials)),
        tuple(sorted(tried.filled)),
        tuple(sorted(tried.refused)),
        None if tried.differences is None else tuple(tried.differences),
    )
