"""The use case of `check`: what a branch is, and what it becomes once merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lback.app.checking.look import (
    Look,
    gather_others,
    gather_siblings,
)
from lback.app.checking.options import CheckOptions, base_of
from lback.app.checking.policy import project_of_base, settle_policy
from lback.app.checking.result import finish
from lback.app.checking.rules_changed import doubted_labels, moved_from, rules_changed
from lback.app.checking.sides import Together, read_side, tip_of
from lback.app.checking.tree import file_facts
from lback.app.context import Context
from lback.core.findings import Finding, from_problems
from lback.core.lanes import Lane
from lback.core.messages import checks as messages
from lback.core.rules.files import file_findings
from lback.core.rules.graph import (
    broken_by_merging,
    conflicted,
    no_history,
    not_looked_at,
    nothing_found,
    real_forks,
    redundant_merges,
    several_heads,
    would_fork,
)
from lback.core.rules.report import CheckResult
from lback.core.rules.silencing import CodeChoice, read_choice
from lback.core.source import WORKTREE
from lback.errors import HistoryMissing
from lback.project.below import contradicting, effects_near
from lback.project.contents import Limits
from lback.project.places import bare_project

if TYPE_CHECKING:
    from lback.core.effects import Effects

__all__ = ["CheckOptions", "CheckResult", "check"]

_AT_ONCE = 1000


def check(ctx: Context, request: CheckOptions) -> CheckResult:
    """Check a tree as it is and as it would be once merged; runs nothing of it."""
    at = request.at
    ctx.limits = Limits()
    if request.models:
        _require_files(ctx, at)
    if request.deepen:
        from lback.app.checking.deepen import deepen_for

        request = replace(request, against=deepen_for(ctx, request))
    said = read_choice(request.select, request.ignore, {})
    choice = CodeChoice(said=said)
    try:
        if ctx.repository is not None and ctx.repository.is_bare:
            at = "HEAD" if at == WORKTREE else at
            if ctx.options.script_location is None:
                ctx.project = bare_project(ctx.options, ctx.repository, at, base_of(request))
        broken = project_of_base(ctx, request)
        reader = ctx.revisions
        policy = settle_policy(ctx, request, at, broken)
        own = reader.project_at(at).settings.lback
        choice = read_choice(own.select, own.ignore, own.severity, said)
        look = Look(reader, read_side(reader, at, at, tip_of(reader, at)), policy=policy)
    except HistoryMissing as err:
        return finish(None, request, choice, [no_history(err)])
    before = moved_from(look)
    gather_others(look, request)
    if request.siblings or request.refs:
        gather_siblings(look, request)
    look.doubted = doubted_labels(look)
    look.findings.extend(_told(_judge(look)))
    if before is not None:
        # What the branch's own configuration leaves of it, once it is merged.
        gather_others(before, request)
        before.doubted = doubted_labels(before)
        look.findings.extend([*before.findings, *_told(_judge(before))])
    if request.models:
        from lback.app.checking.models import models_checked

        found, look.models = models_checked(ctx, look, request.models, look.findings)
        look.findings.extend(found)
    look.findings.extend(_told(rules_changed(look)))
    try:
        return finish(look, request, choice, look.findings)
    except HistoryMissing as err:
        return finish(None, request, choice, [*look.findings, no_history(err)])


def _told(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings; a content that this clone lacks is one as well, whoever asks for it."""
    try:
        yield from findings
    except HistoryMissing as err:
        yield no_history(err)


def _require_files(ctx: Context, at: str) -> None:
    """Raise UsageError where the code to run is not the files as they are."""
    if at != WORKTREE or (ctx.repository is not None and ctx.repository.is_bare):
        raise messages.models_need_files()
    if ctx.options.script_location is not None:
        raise messages.models_need_configuration()


def _judge(look: Look) -> Iterator[Finding]:
    graph = look.mine.graph
    yield from from_problems(graph.problems)
    yield from _emptiness(look)
    for fork in real_forks(graph, look.declared, look.doubted):
        yield several_heads(graph, fork, look.facts.commits(fork))
        yield from _fork_overlaps(look, None, fork)
    yield from redundant_merges(graph, look.new if look.others else None)
    for other in look.others:
        yield from _judge_merge(look, other)
    yield from _content(look)
    yield from contradicting(look.reader, graph, look.new, look.mine.at)
    yield from file_findings(file_facts(look.reader, look.mine))


def _judge_merge(look: Look, other: Together) -> Iterator[Finding]:
    merge = other.merge
    yield from (conflicted(merge, path) for path in other.conflicts)
    yield from broken_by_merging(merge)
    for fork in merge.would_forks(look.declared, look.doubted):
        yield would_fork(merge, fork, look.facts.commits(fork))
        yield from _fork_overlaps(look, other, fork)
    if merge.merged is not merge.mine:
        known = {one.revisions for one in redundant_merges(merge.mine)}
        for one in redundant_merges(merge.merged, frozenset(merge.new)):
            if one.revisions not in known:
                yield one
    if other.publishes and merge.mine is not merge.theirs:
        from lback.core.rules.history import history_findings

        facts = look.facts
        shared = merge.mine.ids & other.base.ids & merge.theirs.ids
        edited = [one for one in shared if other.base[one].blob != merge.mine[one].blob]
        for side in (look.mine, other.theirs):
            facts.read_ahead(edited, side)
        yield from history_findings(
            merge,
            other.base,
            lambda revision: facts.text(revision, look.mine),
            lambda revision: facts.text(revision, other.theirs),
        )


def _fork_overlaps(look: Look, other: Together | None, fork: Lane) -> Iterator[Finding]:
    from lback.core.forks.joining import fork_overlaps, fork_revisions
    from lback.core.rules.team import overlap_findings

    graph = look.mine.graph if other is None else other.merge.merged
    effects = look.facts.effects(fork_revisions(graph, fork))
    below = look.mine.graph.ids & graph.ancestors(fork) - effects.keys()
    near = effects_near(look.reader, look.mine.graph, below, effects.values(), look.mine.at)
    found = fork_overlaps(graph, fork, {**near, **effects})
    if not found:
        return
    look.overlaps.extend(found)
    ids = {one for overlap in found for one in (overlap.left_revision, overlap.right_revision)}
    yield from overlap_findings(
        found, graph, look.mine.graph, look.facts.commits(ids), other.merge.name if other else ""
    )


def _emptiness(look: Look) -> Iterator[Finding]:
    """Yield LB107: a check that has looked at nothing must not pass for a good one."""
    outside = look.reader.project_at(look.mine.at).outside()
    folders, _ = look.reader.folders(look.mine.at)
    places = (*folders, *map(str, outside))
    if look.mine.graph.ids or look.mine.graph.problems:
        if outside:
            yield not_looked_at(outside)
        return
    old = any(other.base.ids or other.theirs.graph.ids for other in look.others)
    root = look.reader.project.root
    begun = not look.reader.places.unconfigured and any(
        (root / folder).parent.joinpath("env.py").is_file() for folder in folders
    )
    yield nothing_found(places, expected=old or not begun, place=look.mine.name)


def _content(look: Look) -> Iterator[Finding]:
    if not look.new:
        return
    from lback.core.rules.content import Content, LockedTables, content_findings

    graph, settings = look.mine.graph, look.reader.project_at(look.mine.at).settings
    theirs = look.policy.project.settings if look.policy and look.policy.project else settings
    urls = [one.main_options.get("sqlalchemy.url", "") for one in (settings, theirs)]
    locks = LockedTables(any(url.startswith("postgres") for url in urls), settings.lback.big_tables)
    facts = look.facts
    found: list[Finding] = []
    for revision, effects in _effects_of_new(look):
        content = Content(graph[revision], effects, partial(facts.text, revision, look.mine))
        found.extend(content_findings(content, locks))
    yield from found
    if locks.everywhere or locks.tables:
        from lback.app.checking.squawk import squawk_findings

        facts.read_ahead(look.new, look.mine)
        texts = ((graph[one], facts.text(one, look.mine)) for one in look.new)
        yield from squawk_findings(texts, found, look.reader.repository)


def _effects_of_new(look: Look) -> Iterator[tuple[str, Effects]]:
    """Yield what each new revision does; never holds those of very many at once."""
    new = look.new
    if len(new) <= _AT_ONCE:
        yield from look.facts.effects(new).items()
        return
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        yield from look.reader.effects(look.mine.graph, some, look.mine.at).items()
