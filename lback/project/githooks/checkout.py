"""What `post-checkout` does: compare what the database has run with the new branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lback.core import hook_facts as facts
from lback.core.graph.view import GraphView
from lback.project.context import Context
from lback.project.githooks.beneath import alike, beneath
from lback.project.notes import Stamps, recall_stamps
from lback.vcs.configuration import on_checkout

Switch = Callable[[Context], facts.Switched]


def post_checkout(ctx: Context, arguments: Sequence[str], switch: Switch) -> facts.HookReport:
    """Compare the branch that was left with the one that is here; never run env.py unasked.

    Which revisions are applied is what lback saw when it last spoke to the database: a
    hook that imported the new branch's code would run what one only wanted to look at.
    `switch` takes the database along where git's configuration says so.
    """
    if len(arguments) < 3 or arguments[2] != "1" or not arguments[0].strip("0"):
        return facts.HookReport()
    before, now = (ctx.revisions.graph(commit) for commit in arguments[:2])
    gone = tuple(revision for revision in before.order() if revision not in now)
    new = tuple(revision for revision in now.order() if revision not in before)
    # A file is no consent: the branch that was just checked out has brought it.
    consent = on_checkout(ctx.repository.git) if ctx.repository is not None else None
    follow = consent == "switch"
    stamps = recall_stamps(ctx)
    told = _lacking(before, now, gone, stamps, follow) + _adding(now, new, stamps, follow)
    told += [replace(fact, followed=follow) for fact in beneath(before, now, stamps)]
    if told and follow:
        told.append(switch(ctx))
    elif told and consent is None and "on_checkout" in ctx.project.settings.lback.powerless:
        told.append(facts.NoConsent("on_checkout"))
    return facts.HookReport(heads=now.heads, lacks=gone, adds=new, facts=tuple(told))


def _lacking(
    before: GraphView,
    now: GraphView,
    gone: Sequence[str],
    stamps: Stamps | None,
    follow: bool,
) -> list[facts.HookFact]:
    if stamps is None:
        return [facts.Lacks(_rows(before, gone), ran=False, followed=follow)] if gone else []

    def lacks(stamp: Sequence[str]) -> tuple[str, ...]:
        done = before.ancestors(revision for revision in stamp if revision in before)
        lost = [revision for revision in stamp if revision not in before and revision not in now]
        return (*(revision for revision in gone if revision in done), *lost)

    return [
        facts.Lacks(_rows(before, revisions), ran=True, followed=follow, databases=names)
        for revisions, names in alike(stamps, lacks)
    ]


def _adding(
    now: GraphView, new: Sequence[str], stamps: Stamps | None, follow: bool
) -> list[facts.HookFact]:
    def adds(stamp: Sequence[str]) -> tuple[str, ...]:
        done = now.ancestors(revision for revision in stamp if revision in now)
        return tuple(revision for revision in new if revision not in done)

    return [
        facts.Adds(_rows(now, revisions), followed=follow, databases=names)
        for revisions, names in alike(stamps or {"": ()}, adds)
    ]


def _rows(graph: GraphView, revisions: Iterable[str]) -> tuple[facts.KnownRevision, ...]:
    docs = {revision: graph[revision].doc if revision in graph else None for revision in revisions}
    return tuple(facts.KnownRevision(revision, doc) for revision, doc in docs.items())
