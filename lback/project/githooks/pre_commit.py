"""What `pre-commit` does: look at the index, not at the work tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lback.core import hook_facts as facts
from lback.core.checks import files as rules
from lback.core.checks.findings import Finding, doubted, from_graph
from lback.core.checks.history import published_findings
from lback.core.graph.forks import forks
from lback.core.graph.problems import still_here
from lback.core.graph.view import GraphView
from lback.core.messages import hooks as messages
from lback.core.source import INDEX, WORKTREE
from lback.errors import HistoryMissing, UsageError
from lback.project.checking.below import contradicting
from lback.project.context import Context
from lback.project.githooks.forks import cycles, fork
from lback.project.models import staged_findings, staged_models

# Only these stop a commit: afterwards the branch would be broken for everybody.
_GRAPH = ("LB101", "LB102", "LB103", "LB104", "LB105", "LB106", "LB109", "LB207")
STOPS = frozenset((*_GRAPH, "LB201", "LB202", "LB203", "LB307"))


def pre_commit(ctx: Context) -> facts.HookReport:
    """Check what would be committed; it stops when the commit would break the branch."""
    graph = ctx.revisions.graph(INDEX)
    head = ctx.repository.head().commit if ctx.repository is not None else None
    staged, models = _changed(ctx, graph, head), staged_models(ctx)
    findings = (
        *_judged(ctx, graph, staged, INDEX),
        *_left_out(ctx),
        *staged_findings(ctx, graph, staged, models),
    )
    # A rebase replays commits whose heads are merged at its end.
    stops = not _replaying(ctx) and any(finding.code in STOPS for finding in findings)
    told = graph_facts(ctx, graph, INDEX) if stops else ()
    return facts.HookReport(
        heads=graph.heads, facts=told, findings=findings, models=models, stops=stops
    )


def post_commit(ctx: Context) -> facts.HookReport:
    """Tell what a commit has broken that `pre-commit` has not seen: a cherry-pick, a revert."""
    if ctx.repository is None or _replaying(ctx):
        return facts.HookReport()
    graph = ctx.revisions.graph("HEAD")
    changed = _changed(ctx, graph, known_commit(ctx, "HEAD~"))
    findings = tuple(
        finding for finding in _judged(ctx, graph, changed, "HEAD") if finding.code in STOPS
    )
    told = graph_facts(ctx, graph, "HEAD") if findings else ()
    return facts.HookReport(heads=graph.heads, facts=told, findings=findings)


def known_commit(ctx: Context, name: str | None) -> str | None:
    """Return a commit that is in this clone; one that was never fetched is none."""
    if name is None or ctx.repository is None:
        return None
    try:
        return ctx.repository.commit(name)
    except (UsageError, HistoryMissing):
        return None


def _replaying(ctx: Context) -> bool:
    return ctx.repository is not None and ctx.repository.in_progress() == "rebase"


def _judged(ctx: Context, graph: GraphView, changed: Sequence[str], at: str) -> Iterator[Finding]:
    """Yield what is wrong with the graph of a commit, made or to be made."""
    yield from doubted([*forked(ctx, graph), *_published(ctx, graph, at)])
    yield from contradicting(ctx.revisions, graph, changed, at)


def forked(ctx: Context, graph: GraphView) -> Iterator[Finding]:
    """Yield what is wrong with the graph of a commit; what lies here may close its forks."""
    closing = _closing(ctx, graph)
    for finding in from_graph(graph, ctx.project.settings.lback.heads):
        yield finding._replace(hint=closing) if closing and finding.code == "LB101" else finding


def _closing(ctx: Context, graph: GraphView) -> str:
    """Say how to commit the merge revisions that are at hand and left out, "" without any."""
    apart = ctx.project.settings.lback.heads
    if graph.problems or not forks(graph, apart):
        return ""
    for at, told in ((INDEX, messages.lies_staged), (WORKTREE, messages.left_out)):
        here = ctx.revisions.graph(at)
        paths = [node.path for node in here if node.is_merge and node.id not in graph]
        if paths and not forks(here, apart):
            return told(paths)
    return ""


def graph_facts(ctx: Context, graph: GraphView, at: str) -> tuple[facts.HookFact, ...]:
    """Return how the cycles of a graph came about, and both sides of each fork."""
    if graph.problems or any(still_here(graph)):
        return tuple(cycles(ctx, graph))
    lanes = forks(graph, ctx.project.settings.lback.heads)
    return tuple(fork(ctx, graph, lane, at) for lane in lanes)


def _changed(ctx: Context, graph: GraphView, before: str | None) -> list[str]:
    """Return the revisions that a commit adds or changes."""
    old = ctx.revisions.graph(before) if before is not None else ()
    known = {(node.id, node.blob) for node in old}
    return [node.id for node in graph if (node.id, node.blob) not in known]


def _published(ctx: Context, graph: GraphView, at: str) -> Iterator[Finding]:
    shared = ctx.revisions.shared
    if shared is None or not shared.publishes or ctx.repository is None:
        return
    theirs, place = ctx.revisions.graph(shared.commit), shared.commit
    # What this branch does not have yet is not deleted by it.
    base = ctx.repository.merge_base("HEAD", place)
    if base is not None:
        yield from published_findings(
            graph,
            theirs,
            ctx.revisions.graph(base),
            lambda revision: text_of(ctx, graph, revision, at),
            lambda revision: text_of(ctx, theirs, revision, place),
        )


def text_of(ctx: Context, graph: GraphView, revision: str, at: str) -> bytes:
    """Return the text of a revision at a place."""
    node = graph[revision]
    return ctx.revisions.texts([node], at)[node.blob]


def _left_out(ctx: Context) -> Iterator[Finding]:
    """Yield migration files that exist but would not be in the commit."""
    if ctx.repository is None:
        return
    repository = ctx.repository
    folders, _ = ctx.revisions.folders(INDEX)
    for rule, paths in (
        (rules.untracked, repository.untracked(folders)),
        (rules.unstaged, repository.unstaged(folders)),
        (rules.ignored, repository.ignored(folders)),
    ):
        modules = repository.modules_around(paths)
        yield from (rule(path, module=modules.get(path, "")) for path in paths)
