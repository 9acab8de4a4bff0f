"""What a branch does to revisions that are already published: edits, moves, deletions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from lback.core.findings import Finding, finding
from lback.core.graph import Graph
from lback.core.shell import command, pathspec


def published_findings(
    mine: Graph,
    shared: Graph,
    base: Graph,
    my_text: Callable[[str], bytes],
    shared_text: Callable[[str], bytes],
) -> Iterator[Finding]:
    """Yield LB201, LB202, LB203 and LB205 for revisions of the shared graph.

    `base` is the graph where this branch left the shared one: what was added there
    since then is simply not here yet.
    """
    for revision in shared.order():
        theirs = shared[revision]
        if revision not in mine:
            if revision in base:
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
        if ours.blob != theirs.blob and revision in base and base[revision].blob != ours.blob:
            yield from _edited(mine, shared, revision, my_text, shared_text)
        elif ours.path != theirs.path and revision in base and base[revision].path != ours.path:
            yield _moved(revision, theirs.path, ours.path)


def _edited(
    mine: Graph,
    shared: Graph,
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


def same_code(left: bytes, right: bytes) -> bool:
    """Tell whether two sources differ in comments, docstrings and layout at most."""
    if left == right:
        return True
    try:
        return _shape(left) == _shape(right)
    except (SyntaxError, ValueError):
        return False


def same_but_parents(left: bytes, right: bytes) -> bool:
    """Tell whether two sources do the same, whatever they say of their parents."""
    try:
        return _shape(left, without="down_revision") == _shape(right, without="down_revision")
    except (SyntaxError, ValueError):
        return False


def _shape(source: bytes, without: str = "") -> str:
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not without or not _assigns(node, without)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    return ast.dump(tree)


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(one, ast.Name) and one.id == name for one in targets)


def _drop_docstring(
    node: ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef,
) -> None:
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        del node.body[0]
