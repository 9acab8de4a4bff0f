"""What a rebase would do: the plan, with all that it stands on and all that it would write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lback.app.context import Context
from lback.app.given_back import Parents, given_back, shared_parents
from lback.app.reading import Reader
from lback.core.forks.rebasing import Rebase, Standing, plan_rebase, rebased
from lback.core.forks.rewrite import reparent
from lback.core.graph import Graph
from lback.core.plans import refuse_problems
from lback.core.revision import Revision
from lback.core.shell import command
from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class RebaseOptions:
    """What the command line asks of `rebase`; `database` False leaves every database alone."""

    onto: str | None = None
    plan: bool = False
    force: bool = False
    yes: bool = False
    stage: bool = True
    database: bool = True
    lock_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan with all that it stands on and all that it would write."""

    reader: Reader
    graph: Graph
    onto: str
    plan: Rebase
    contents: dict[str, bytes | None] = field(default_factory=dict)
    held: tuple[str, ...] = ()  # what moves, and cannot run on what it moves onto
    ran: dict[tuple[str, ...], Graph] = field(default_factory=dict)  # by a database's stamp

    def gives_back(self, revision: str) -> bool:
        """Tell whether a shared revision gets its own parents back."""
        return revision in self.plan.given_back

    @property
    def graph_after(self) -> Graph:
        """Return the graph as the files will say it."""
        return rebased(self.graph, self.plan)

    @property
    def texts(self) -> dict[str, bytes]:
        """Return the new text of each rewritten revision, by id."""
        paths = {one.path: one.revision for one in self.plan.rewrites}
        return {paths[path]: text for path, text in self.contents.items() if text is not None}


def prepare(ctx: Context, options: RebaseOptions) -> Ready:
    """Read what is there and decide what would be rewritten; writes nothing."""
    reader = ctx.revisions
    graph = reader.graph()
    refuse_problems(graph)
    onto, commit = _target(reader, options.onto)
    theirs = reader.graph(commit)
    _refuse_behind(graph, theirs, onto)
    standing = _standing(reader, graph, theirs, shared_parents(reader, graph, theirs, onto))
    plan = plan_rebase(graph, standing, force=options.force)
    contents: dict[str, bytes | None] = {}
    if plan.action == "rebase":
        contents = _rewritten(reader, graph, plan, {one.id: one for one in theirs}, commit)
    return Ready(reader, graph, onto, plan, contents)


def _rewritten(
    reader: Reader, graph: Graph, plan: Rebase, theirs: Mapping[str, Revision], commit: str
) -> dict[str, bytes | None]:
    """Return the new text of each file, None for one that goes."""
    texts = reader.texts([graph[one.revision] for one in plan.rewrites])
    shared = reader.texts([theirs[one] for one in sorted(plan.given_back)], commit)
    contents: dict[str, bytes | None] = {}
    for one in plan.rewrites:
        text = texts[graph[one.revision].blob]
        try:
            if one.revision in plan.given_back:
                known = shared[theirs[one.revision].blob]
                contents[one.path] = given_back(text, known, one.old, one.new)
            else:
                contents[one.path] = reparent(text, one.old, one.new)
        except LbackError as err:
            raise LbackError(f"{one.path}: {err.message}", err.hint) from err
    contents.update({graph[one].path: None for one in plan.removes})
    return contents


def _target(reader: Reader, onto: str | None) -> tuple[str, str]:
    """Return the name of what is rebased onto, and its commit."""
    if reader.repository is None:
        raise LbackError(
            f"{reader.ctx.cwd} is not in a git repository, so that nothing here is shared.",
            "Join the heads with `lback merge`.",
        )
    if onto is not None:
        return onto, reader.repository.commit(onto)
    shared = reader.shared
    if shared is None:
        raise LbackError(
            "There is no shared branch to rebase onto: no remote, and no main or master.",
            "Name one with `--onto REF`, or in `[tool.lback] upstream`.",
        )
    return shared.name, shared.commit


def _refuse_behind(graph: Graph, theirs: Graph, onto: str) -> None:
    missing = sorted(theirs.missing_from(graph))
    if missing:
        count = "1 revision" if len(missing) == 1 else f"{len(missing)} revisions"
        raise LbackError(
            f"{onto} has {count} that this checkout lacks ({', '.join(missing[:3])}), so that "
            "nothing can stand on them here.",
            f"Run `git pull`, or {command('git merge', onto)}; then `lback rebase` again.",
        )


def _standing(reader: Reader, graph: Graph, theirs: Graph, parents: Parents) -> Standing:
    """Find out which revisions are local, pushed and published."""
    shared = theirs.ids
    local = [graph[one] for one in graph.order() if one not in shared]
    assert reader.repository is not None
    paths = reader.repository.pushed([one.path for one in local])
    merges = [one.id for one in local if one.is_merge]
    effects = reader.effects(graph, merges) if merges else {}
    idle = [one for one, does in effects.items() if not does.upgrade and not does.unknown]
    return Standing(
        shared,
        reader.published,
        frozenset(one.id for one in local if one.path in paths),
        frozenset(one for one in idle if not effects[one].downgrade),
        reader.ctx.project.settings.lback.heads,
        parents,
    )


def rebase_data(ready: Ready) -> dict[str, Any]:
    """Return the keys that the contract gives to rebase."""
    plan = ready.plan
    return {
        "heads": list(ready.graph.heads),
        "action": plan.action,
        "reason": plan.reason,
        "revision": None,
        "path": None,
        "rewrites": [
            {
                "revision": one.revision,
                "path": one.path,
                "from": list(one.old),
                "to": list(one.new),
                "published": ready.gives_back(one.revision),
            }
            for one in plan.rewrites
        ],
        "removes": [{"revision": one, "path": ready.graph[one].path} for one in plan.removes],
        "overlaps": [],
        "held": list(ready.held),
        "onto": ready.onto,
        "database": None,
    }
