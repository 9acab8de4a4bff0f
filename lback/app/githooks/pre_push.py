"""What `pre-push` does: looks at the commits that are about to leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lback.app.context import Context
from lback.app.cycle_story import cycle_story
from lback.app.fork_story import sides_story
from lback.app.githooks.pre_commit import STOPS
from lback.app.lines import contradicting
from lback.app.reading import Reader
from lback.core.findings import Finding, from_forks, from_problems
from lback.core.graph import Graph
from lback.core.lanes import forks
from lback.core.result import Result
from lback.core.rules.published import published_findings
from lback.errors import HistoryMissing, UsageError


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


def pre_push(ctx: Context, arguments: Sequence[str], given: str) -> Result:
    """Stop a push that would break the shared branch; warn where it would break another."""
    remote = arguments[0] if arguments else "origin"
    reader = ctx.revisions
    found: list[Finding] = []
    lines: list[str] = []
    stopped = False
    for update in updates(given):
        about = list(_findings(ctx, reader, update, remote))
        bad = any(one.code in STOPS for one in about)
        if not about:
            continue
        shared = _is_shared(reader, update, remote)
        stopped = stopped or (shared and bad)
        effect = "is the shared branch" if shared else "is not the shared branch: only a warning"
        lines.append(f"{update.branch} on {remote} {effect}")
        graph = reader.graph(update.commit)
        lines += cycle_story(reader, graph)
        declared = ctx.project.settings.lback.heads
        for fork in forks(graph, declared) if not graph.problems else ():
            lines += sides_story(reader, graph, fork, update.commit)
        found += about
    return Result(
        "hook",
        {"heads": []},
        found,
        status="findings" if found else "ok",
        exit_code=1 if stopped else 0,
        view={"lines": lines, "stopped": "push" if stopped else ""},
    )


def updates(given: str) -> Iterator[Update]:
    """Read `<local ref> <local id> <remote ref> <remote id>` lines; deletions are left out."""
    for line in given.splitlines():
        words = line.split(" ")
        if len(words) != 4 or not words[2].startswith("refs/heads/") or not words[1].strip("0"):
            continue
        yield Update(words[1], words[2], words[3] if words[3].strip("0") else None)


def _is_shared(reader: Reader, update: Update, remote: str) -> bool:
    shared = reader.shared
    if shared is None:
        return False
    return shared.ref in (f"refs/remotes/{remote}/{update.branch}", update.ref)


def _findings(ctx: Context, reader: Reader, update: Update, remote: str) -> Iterator[Finding]:
    graph = reader.graph(update.commit)
    yield from from_problems(graph.problems)
    if not graph.problems:
        yield from from_forks(graph, ctx.project.settings.lback.heads)
    yield from _rewritten(reader, graph, update, remote)
    there = _known(reader, update.old) or (reader.shared.commit if reader.shared else None)
    known = {(one.id, one.blob) for one in reader.graph(there)} if there else set()
    new = [one.id for one in graph if (one.id, one.blob) not in known]
    yield from contradicting(reader, graph, new, update.commit)


def _rewritten(reader: Reader, graph: Graph, update: Update, remote: str) -> Iterator[Finding]:
    """Compare with what is there now; on the shared branch that is what databases have run."""
    repository, shared = reader.repository, reader.shared
    if repository is None or shared is None:
        return
    at: str | None = shared.commit if shared.publishes else None
    if _is_shared(reader, update, remote):
        # What was fetched last may be older than what git has just heard from the remote.
        base = at = _known(reader, update.old) or at
    else:
        base = repository.merge_base(update.commit, at) if at else None
    if at is None or base is None:
        return
    theirs, place = reader.graph(at), at
    yield from published_findings(
        graph,
        theirs,
        reader.graph(base),
        lambda one: _text(reader, graph, one, update.commit),
        lambda one: _text(reader, theirs, one, place),
    )


def _known(reader: Reader, commit: str | None) -> str | None:
    """Return a commit that is in this clone; one that was never fetched is none."""
    if commit is None or reader.repository is None:
        return None
    try:
        return reader.repository.commit(commit)
    except (UsageError, HistoryMissing):
        return None


def _text(reader: Reader, graph: Graph, revision: str, at: str) -> bytes:
    node = graph[revision]
    return reader.texts([node], at)[node.blob]
