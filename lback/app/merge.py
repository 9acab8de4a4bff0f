"""The use case of `merge`: join the heads of every fork."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.app.journal import change_files, recover
from lback.app.reading import Reader
from lback.core.forks.joining import Join, overlap_row, plan_join
from lback.core.graph import Graph
from lback.core.lanes import forks
from lback.core.plans import refuse_problems
from lback.core.result import Result
from lback.core.results import plain

if TYPE_CHECKING:
    from lback.app.proofs import MergeProof


@dataclass(frozen=True, slots=True)
class Joined:
    """One fork, what was decided about it, and the file that was written or would be."""

    join: Join
    path: str | None


def merge(
    ctx: Context,
    *,
    force: bool = False,
    plan: bool = False,
    stage: bool = True,
    prove: bool = False,
) -> Result:
    """Join the heads that form a fork; refuse where the sides are not known to commute.

    `prove` runs both orders on a scratch database first, and refuses where they differ.
    """
    recover(ctx)
    reader = ctx.revisions
    graph = reader.graph()
    refuse_problems(graph)
    joins = plan_joins(reader, graph, force=force)
    if not joins:
        return Result("merge", merge_data(reader, graph, []))
    proofs: list[MergeProof] = []
    if prove:
        joins, proofs = _proved(ctx, graph, joins, force=force)
    done = [Joined(join, join_path(ctx, graph, join)) for join in joins]
    if not plan:
        perform_joins(ctx, done, stage=stage)
    data = merge_data(reader, graph, done)
    data["proof"] = [plain(proof) for proof in proofs]
    view = {"plan": plan, "staged": stage and ctx.repository is not None}
    bad = [join for join in joins if join.action == "refused"]
    if bad:
        return Result(
            "merge",
            data,
            status="refused",
            exit_code=3,
            message=f"{' and '.join(bad[0].heads)} are not joined: {bad[0].reason}",
            hint=_hint(proofs),
            view=view,
        )
    return Result("merge", data, view=view)


def _proved(
    ctx: Context, graph: Graph, joins: list[Join], *, force: bool
) -> tuple[list[Join], list[MergeProof]]:
    """Run what would be joined in both orders; what does not agree is refused, unless forced."""
    from lback.app.proofs import prove_merge

    found, proofs = [], []
    for join in joins:
        if join.action == "merge":
            proof = prove_merge(ctx, graph, join)
            proofs.append(proof)
            if proof.state != "equal" and not force:
                found.append(Join(join.heads, "refused", proof.message, join.overlaps))
                continue
        found.append(join)
    return found, proofs


def _hint(proofs: list[MergeProof]) -> str:
    if any(proof.state == "failed" for proof in proofs):
        return (
            "Where that revision needs another kind of database, name an empty one in "
            "`[tool.lback] scratch_url`; or merge without `--prove`."
        )
    return "Look at both with `lback show`; `lback merge --force` joins them all the same."


def plan_joins(reader: Reader, graph: Graph, *, force: bool = False) -> list[Join]:
    """Decide about every fork of a graph; without a fork no revision's effects are read."""
    found = forks(graph, reader.ctx.project.settings.lback.heads)
    effects = reader.effects(graph) if found else {}
    return [plan_join(graph, fork, effects, force=force) for fork in found]


def join_path(ctx: Context, graph: Graph, join: Join) -> str | None:
    """Return where the merge revision goes: the version location of the first sorted head."""
    if join.file is None:
        return None
    first = graph[join.heads[0]].path
    return f"{ctx.project.location_of(first)}/{join.file.name}"


def perform_joins(ctx: Context, done: list[Joined], *, stage: bool) -> None:
    """Write the merge revisions and stage them; the same bytes are left alone."""
    contents = {one.path: one.join.file.content for one in done if one.path and one.join.file}
    change_files(ctx, contents)
    if stage and contents and ctx.repository is not None:
        ctx.repository.stage(tuple(contents))


def merge_data(reader: Reader, graph: Graph, done: list[Joined]) -> dict[str, Any]:
    """Return the keys of the contract, with every overlap and its commits."""
    heads = list(graph.heads)
    if not done:
        apart = len(heads) > 1
        reason = "the heads are apart by design" if apart else "there is one head"
        reason = reason if heads else "there are no revisions yet"
        return _row(heads, "none", reason, None, None, [])
    paths = {graph[revision].path: revision for revision in _concerned(done)}
    commits = reader.commits(list(paths))
    by_revision = {paths[path]: commit for path, commit in commits.items()}
    overlaps = [plain(overlap_row(o, by_revision)) for one in done for o in one.join.overlaps]
    first = done[0]
    file = first.join.file
    row = _row(
        heads,
        "refused" if any(one.join.action == "refused" for one in done) else "merge",
        "; ".join(one.join.reason for one in done),
        file.revision if file else None,
        first.path,
        overlaps,
    )
    row["merges"] = [
        {
            "heads": list(one.join.heads),
            "revision": one.join.file.revision if one.join.file else None,
            "path": one.path,
        }
        for one in done
    ]
    return row


def _concerned(done: list[Joined]) -> set[str]:
    found = set()
    for one in done:
        for overlap in one.join.overlaps:
            found |= {overlap.left_revision, overlap.right_revision}
    return found


def _row(
    heads: list[str],
    action: str,
    reason: str,
    revision: str | None,
    path: str | None,
    overlaps: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "heads": heads,
        "action": action,
        "reason": reason,
        "revision": revision,
        "path": path,
        "rewrites": [],
        "overlaps": overlaps,
    }
