"""What `pre-push` does: look at the commits that are about to leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lback.core import hook_facts as facts
from lback.core.checks.findings import Finding, from_forks, from_problems
from lback.core.checks.history import published_findings
from lback.core.graph.view import GraphView
from lback.errors import HistoryMissing, UsageError
from lback.project.below import contradicting
from lback.project.context import Context
from lback.project.githooks.pre_commit import STOPS, graph_facts, text_of


@dataclass(frozen=True, slots=True)
class Update:
    """One line of git's standard input: what becomes of one remote branch."""

    commit: str
    ref: str
    old: str | None

    @property
    def branch(self) -> str:
        """Return the branch's name there."""
        return self.ref.removeprefix("refs/heads/")


def pre_push(ctx: Context, arguments: Sequence[str], stdin: str) -> facts.HookReport:
    """Stop a push that would break the shared branch; warn where it would break another."""
    remote = arguments[0] if arguments else "origin"
    findings: list[Finding] = []
    told: list[facts.HookFact] = []
    stops = False
    for update in updates(stdin):
        graph = ctx.revisions.graph(update.commit)
        about = list(_findings(ctx, graph, update, remote))
        if not about:
            continue
        shared = _is_shared(ctx, update, remote)
        stops = stops or (shared and any(finding.code in STOPS for finding in about))
        told.append(facts.Pushed(update.branch, remote, shared))
        told += graph_facts(ctx, graph, update.commit)
        findings += about
    return facts.HookReport(facts=tuple(told), findings=tuple(findings), stops=stops)


def updates(stdin: str) -> Iterator[Update]:
    """Read `<local ref> <local id> <remote ref> <remote id>` lines; deletions are left out."""
    for line in stdin.splitlines():
        words = line.split(" ")
        if len(words) != 4 or not words[2].startswith("refs/heads/") or not words[1].strip("0"):
            continue
        yield Update(words[1], words[2], words[3] if words[3].strip("0") else None)


def _is_shared(ctx: Context, update: Update, remote: str) -> bool:
    shared = ctx.revisions.shared
    if shared is None:
        return False
    return shared.ref in (f"refs/remotes/{remote}/{update.branch}", update.ref)


def _findings(ctx: Context, graph: GraphView, update: Update, remote: str) -> Iterator[Finding]:
    yield from from_problems(graph.problems)
    if not graph.problems:
        yield from from_forks(graph, ctx.project.settings.lback.heads)
    yield from _rewritten(ctx, graph, update, remote)
    shared = ctx.revisions.shared
    there = _known(ctx, update.old) or (shared.commit if shared else None)
    known = {(node.id, node.blob) for node in ctx.revisions.graph(there)} if there else set()
    new = [node.id for node in graph if (node.id, node.blob) not in known]
    yield from contradicting(ctx.revisions, graph, new, update.commit)


def _rewritten(ctx: Context, graph: GraphView, update: Update, remote: str) -> Iterator[Finding]:
    """Compare with what is there now; on the shared branch that is what databases have run."""
    repository, shared = ctx.repository, ctx.revisions.shared
    if repository is None or shared is None:
        return
    at: str | None = shared.commit if shared.publishes else None
    if _is_shared(ctx, update, remote):
        # What was fetched last may be older than what git has just heard from the remote.
        base = at = _known(ctx, update.old) or at
    else:
        base = repository.merge_base(update.commit, at) if at else None
    if at is None or base is None:
        return
    theirs, place = ctx.revisions.graph(at), at
    yield from published_findings(
        graph,
        theirs,
        ctx.revisions.graph(base),
        lambda revision: text_of(ctx, graph, revision, update.commit),
        lambda revision: text_of(ctx, theirs, revision, place),
    )


def _known(ctx: Context, commit: str | None) -> str | None:
    """Return a commit that is in this clone; one that was never fetched is none."""
    if commit is None or ctx.repository is None:
        return None
    try:
        return ctx.repository.commit(commit)
    except (UsageError, HistoryMissing):
        return None
