"""What `pre-push` does: look at the commits that are about to leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lback.core import hook_facts as facts
from lback.core.checks.findings import Finding, doubted
from lback.core.checks.graph import GraphMerge, would_fork
from lback.core.checks.history import published_findings
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.project.checking.below import contradicting
from lback.project.context import Context
from lback.project.githooks.pre_commit import (
    STOPS,
    forked,
    graph_facts,
    known_commit,
    text_of,
)
from lback.vcs.refs import SharedRef
from lback.vcs.remotes import is_at, remote_of

# Where Gerrit, and others after it, take a commit that is to be reviewed before it is on a branch.
_REVIEWS = "refs/for/"
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Update:
    """One line of git's standard input: what becomes of one remote branch."""

    commit: str
    ref: str
    old: str | None

    @property
    def branch(self) -> str:
        """Return the branch's name there; of a review the one that it is for."""
        name = self.ref.removeprefix(_REVIEWS).partition("%")[0] if self.reviewed else self.ref
        return name.removeprefix(_HEADS)

    @property
    def reviewed(self) -> bool:
        """Tell whether the branch gets the commit after a review only."""
        return self.ref.startswith(_REVIEWS)


def pre_push(ctx: Context, arguments: Sequence[str], stdin: str) -> facts.HookReport:
    """Stop a push that would break the shared branch; warn where it would break another."""
    remote, url = (*arguments, "", "")[:2] if arguments else ("origin", "")
    findings: list[Finding] = []
    told: list[facts.HookFact] = []
    stops = False
    for update in updates(stdin):
        graph = ctx.revisions.graph(update.commit)
        shared = _is_shared(ctx, update, remote, url)
        about = list(_findings(ctx, graph, update, shared=shared))
        if not about:
            continue
        stops = stops or (shared and any(finding.code in STOPS for finding in about))
        told.append(facts.Pushed(update.branch, remote, shared))
        told += graph_facts(ctx, graph, update.commit)
        findings += about
    return facts.HookReport(facts=tuple(told), findings=tuple(findings), stops=stops)


def updates(stdin: str) -> Iterator[Update]:
    """Read `<local ref> <local id> <remote ref> <remote id>` lines; deletions are left out."""
    for line in stdin.splitlines():
        words = line.split(" ")
        if len(words) != 4 or not words[1].strip("0"):
            continue
        if words[2].startswith((_HEADS, _REVIEWS)):
            yield Update(words[1], words[2], words[3] if words[3].strip("0") else None)


def _is_shared(ctx: Context, update: Update, remote: str, url: str) -> bool:
    """Tell whether an update is of the shared branch, by whatever name or URL it is pushed."""
    repository, shared = ctx.repository, ctx.revisions.shared
    if repository is None or shared is None:
        return False
    branch = update.branch
    if shared.ref in (f"refs/remotes/{remote}/{branch}", f"{_HEADS}{branch}"):
        return True
    home, there = remote_of(repository, shared.ref) or ("", "")
    # Some take a topic behind the name of the branch.
    same = branch == there or (update.reviewed and branch.startswith(f"{there}/"))
    return bool(home) and same and (remote == home or is_at(repository, home, url or remote))


def _findings(ctx: Context, graph: GraphView, update: Update, *, shared: bool) -> Iterator[Finding]:
    yield from doubted(
        [
            *forked(ctx, graph),
            *_rewritten(ctx, graph, update, shared=shared),
        ]
    )
    branch = ctx.revisions.shared
    if branch is not None and shared and update.reviewed:
        yield from _once_merged(ctx, graph, branch)
    there = known_commit(ctx, update.old) or (branch.commit if branch else None)
    known = {(node.id, node.blob) for node in ctx.revisions.graph(there)} if there else set()
    new = [node.id for node in graph if (node.id, node.blob) not in known]
    yield from contradicting(ctx.revisions, graph, new, update.commit)


def _once_merged(ctx: Context, graph: GraphView, branch: SharedRef) -> Iterator[Finding]:
    """Yield the forks that the shared branch would have after the review."""
    theirs = ctx.revisions.graph(branch.commit)
    merged = Graph([*graph, *(revision for revision in theirs if revision.id not in graph)])
    merge = GraphMerge(branch.name, graph, theirs, merged)
    for fork in merge.would_forks(ctx.project.settings.lback.heads):
        yield would_fork(merge, fork, {})


def _rewritten(
    ctx: Context, graph: GraphView, update: Update, *, shared: bool
) -> Iterator[Finding]:
    """Compare with what is there now; on the shared branch that is what databases have run."""
    repository, branch = ctx.repository, ctx.revisions.shared
    if repository is None or branch is None:
        return
    at: str | None = branch.commit if branch.publishes else None
    if shared and not update.reviewed:
        # What was fetched last may be older than what git has just heard from the remote.
        base = at = known_commit(ctx, update.old) or at
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
