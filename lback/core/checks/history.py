"""What a branch does to revisions that are already published: edits, moves, deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lback.core.checks.findings import Finding, finding
from lback.core.checks.graph import GraphMerge
from lback.core.checks.same_code import same_code, same_upgrade
from lback.core.graph.view import GraphView
from lback.core.shell import command, pathspec


def published_findings(
    mine: GraphView,
    shared: GraphView,
    base: GraphView,
    my_text: Callable[[str], bytes],
    shared_text: Callable[[str], bytes],
) -> Iterator[Finding]:
    """Yield LB201, LB202, LB203, LB205 and LB206 for revisions of the shared graph.

    `base` is the graph where this branch left the shared one: what was added there
    since then is simply not here yet.
    """
    declared = dict(declared_squashes(mine, shared))
    gone = {name: squash for squash, names in declared.items() for name in names}
    for squash, names in declared.items():
        yield _declared(mine, squash, names)
    for revision in shared.order():
        theirs = shared[revision]
        if revision in declared:
            continue
        if revision not in mine:
            if revision in base and revision not in gone:
                yield finding(
                    "LB202",
                    f"{revision} is published, and its file was deleted",
                    "Restore it, because databases have run it: "
                    f"{command('git checkout HEAD --', pathspec(theirs.path))}",
                    path=theirs.path,
                    revisions=(revision,),
                )
            continue
        ours = mine[revision]
        if any(
            node.path == theirs.path and node.blob == theirs.blob
            for node in mine.twins.get(revision, ())
        ):
            continue  # it is as it was; LB104 tells of the other file
        if ours.blob != theirs.blob and revision in base and base[revision].blob != ours.blob:
            yield from _edited(mine, shared, revision, my_text, shared_text)
        elif ours.path != theirs.path and revision in base and base[revision].path != ours.path:
            yield _moved(revision, theirs.path, ours.path)


def declared_squashes(mine: GraphView, shared: GraphView) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each published revision into which others were squashed here, with those.

    The file says so by `replaces`, and the graph has to bear it out: it stands on what the old
    ones stood on, and nothing that is published stood on one of them alone.
    """
    for node in mine:
        if not node.replaces or node.id not in shared or node.replaces == shared[node.id].replaces:
            continue
        old = [name for name in node.replaces if name in shared]
        gone = tuple(name for name in old if name not in mine)  # LB207 tells of the others
        members = {*old, node.id}
        outside = {up for name in members for up in shared[name].parents if up not in members}
        below = {up: shared.ancestors([up], dependencies=False) - {up} for up in outside}
        tops = {up for up in outside if not any(up in below[other] for other in outside)}
        closed = all(
            above in members
            for name in old
            for above in (*shared.children(name), *shared.dependents(name))
            if above in shared
        )
        if gone and closed and set(node.parents) == tops:
            yield node.id, gone


def _declared(mine: GraphView, squash: str, names: tuple[str, ...]) -> Finding:
    node = mine[squash]
    one = f"1 published revision, {names[0]}, was"
    several = f"{len(names)} published revisions, {names[0]} to {names[-1]}, were"
    return finding(
        "LB206",
        f"{several if names[1:] else one} squashed into {squash}",
        f"Databases at {squash} or above need nothing; `lback migrate` brings one that stands "
        "inside on with the old files, which git has.",
        path=node.path,
        line=node.header.line,
        revisions=(squash,),
    )


def _edited(
    mine: GraphView,
    shared: GraphView,
    revision: str,
    my_text: Callable[[str], bytes],
    shared_text: Callable[[str], bytes],
) -> Iterator[Finding]:
    ours, theirs = mine[revision], shared[revision]
    if ours.path != theirs.path:
        yield _moved(revision, theirs.path, ours.path)
    if sorted(ours.parents) != sorted(theirs.parents):
        yield finding(
            "LB203",
            f"{revision} is published, and its parent changed from "
            f"{_names(theirs.parents)} to {_names(ours.parents)}",
            "Databases past it would never run the new parent. `lback rebase` restores the old "
            "`down_revision` and moves the new revision on top.",
            path=ours.path,
            line=ours.header.line,
            revisions=(revision,),
        )
    elif not same_code(my_text(revision), shared_text(revision)):
        yield finding(
            "LB201",
            f"{revision} is published, and its code was edited",
            "Databases that have run it will not run it again. Undo the edit and write a new "
            "revision with `lback makemigrations`.",
            path=ours.path,
            line=ours.header.line,
            revisions=(revision,),
        )


def _moved(revision: str, old: str, new: str) -> Finding:
    return finding(
        "LB205",
        f"{revision} moved from {old} to {new}",
        path=new,
        revisions=(revision,),
    )


def _names(parents: tuple[str, ...]) -> str:
    return " and ".join(parents) or "nothing"


Text = Callable[[str], bytes]


def history_findings(
    merge: GraphMerge, base: GraphView, mine: Text, theirs: Text
) -> Iterator[Finding]:
    """Yield what mine does to the revisions of the other side, which is the published one.

    `base` is the graph where the two parted; `mine` and `theirs` give a revision's bytes.
    """
    squashed = {
        kept: ones
        for kept, ones in squashes(merge.mine, merge.theirs, base).items()
        if not same_upgrade(mine(kept), theirs(kept))  # else those were just deleted
    }
    gone = {revision: kept for kept, ones in squashed.items() for revision in ones}
    for change in published_findings(merge.mine, merge.theirs, base, mine, theirs):
        revision = change.revisions[0]
        if change.code == "LB202" and revision in gone:
            continue
        if change.code in ("LB201", "LB203") and revision in squashed:
            continue
        # Only a whole history can be checked out: the branch's own HEAD lacks the file.
        if change.code == "LB202":
            back = command("git checkout", merge.name, "--", pathspec(change.path))
            hint = f"Restore it, because databases have run it: {back}"
            change = change._replace(hint=hint)  # noqa: PLW2901
        yield change
    for kept, ones in squashed.items():
        yield _squash(merge.mine, kept, ones)
    yield from placed_under(merge)


def squashes(mine: GraphView, published: GraphView, base: GraphView) -> dict[str, tuple[str, ...]]:
    """Return the revisions that took the place of deleted ones below them, with these.

    A squash keeps the id of the revision on top and has nothing below it but what was
    below the deleted ones, so that a database at or above that id never notices.
    """
    deleted = {revision for revision in base.ids if revision in published and revision not in mine}
    replaced: dict[str, tuple[str, ...]] = {}
    if not deleted:
        return replaced
    for kept in published.order():
        if kept not in mine or not deleted.intersection(published[kept].parents):
            continue
        below = published.ancestors([kept])
        # From the kept revision down through deleted ones only.
        ones = _reached(published, kept, deleted)
        parents = mine[kept].parents
        inside = all(parent in below and parent not in deleted for parent in parents)
        alone = all(
            child == kept or child in ones
            for revision in ones
            for child in published.children(revision)
        )
        if ones and inside and alone and not mine[kept].replaces:
            replaced[kept] = tuple(revision for revision in published.order() if revision in ones)
    return replaced


def _reached(graph: GraphView, start: str, allowed: set[str]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for parent in graph[todo.pop()].parents:
            if parent in allowed and parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return seen


def _squash(mine: GraphView, kept: str, ones: tuple[str, ...]) -> Finding:
    node = mine[kept]
    warning = finding(
        "LB202",
        f"{len(ones)} published revisions, {ones[0]} to {ones[-1]}, were squashed into {kept}",
        f"Databases at {kept} or above need nothing. Migrate a database below {kept} with the "
        "old files first.",
        path=node.path,
        line=node.header.line,
        revisions=(kept,),
    )
    return warning._replace(severity="warning")


def placed_under(merge: GraphMerge) -> Iterator[Finding]:
    """Yield LB204 for each new revision that a published one stands on."""
    merged = merge.merged
    published = [revision for revision in merged.ids if revision in merge.theirs]
    hidden = merged.ancestors(published).difference(merge.theirs.ids)
    above = _standing_on(merged, hidden, merge.theirs)
    for revision in merged.order():
        if revision not in hidden:
            continue
        node = merged[revision]
        yield finding(
            "LB204",
            f"{revision} is new and below {above[revision]}, which is published: a "
            f"database past {above[revision]} would never run {revision}",
            f"Move it on top with `lback rebase`; or set its `down_revision` to "
            f"{' or '.join(merge.theirs.heads)} and restore that of {above[revision]}.",
            path=node.path,
            line=node.header.line,
            revisions=(revision, above[revision]),
        )


def _standing_on(
    merged: GraphView, hidden: frozenset[str], published: GraphView
) -> Mapping[str, str]:
    """Return, for each hidden revision, the lowest published one above it."""
    standing: dict[str, str] = {}
    for revision in reversed(merged.order()):
        if revision not in hidden:
            continue
        for child in (*merged.children(revision), *merged.dependents(revision)):
            if child in published:
                standing[revision] = child
            elif child in standing:
                standing.setdefault(revision, standing[child])
    return standing
