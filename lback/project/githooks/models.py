"""What the hooks find in models, read as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from lback.core.checks.files import declared_twice, without_migration
from lback.core.checks.findings import Finding
from lback.core.graph.view import GraphView
from lback.core.models_text import Models, changed_tables, read_models
from lback.core.source import INDEX, WORKTREE
from lback.project.context import Context
from lback.project.model_files import model_globs
from lback.vcs.committing import changed_files, staged_files


def staged_models(ctx: Context, graph: GraphView, staged: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with the models that the next commit would change.

    `staged` are the revisions of the graph that this commit adds or changes.
    """
    repository = ctx.repository
    paths = staged_files(repository, model_globs(ctx)) if repository is not None else ()
    if repository is None or not paths:
        return
    after = _read(repository.files(INDEX, paths))
    yield from declared_twice(after)
    before = _read(repository.files("HEAD", paths)) if repository.head().commit else {}
    changed = {
        path: changed_tables(before.get(path, Models()), models) for path, models in after.items()
    }
    if not any(changed.values()):
        return
    moved = _moved(before, after)
    covers = _covers(ctx, graph, staged)
    for path, tables in changed.items():
        missing = [table for table in tables if table not in moved and not covers(table)]
        if missing:
            yield without_migration(path, after[path], missing)


def arrived_models(ctx: Context, before: str) -> Iterator[Finding]:
    """Yield what a merge has left twice in the models that it changed."""
    repository = ctx.repository
    if repository is None:
        return
    paths = changed_files(repository, before, "HEAD", model_globs(ctx))
    if paths:
        yield from declared_twice(_read(repository.files(WORKTREE, paths)))


def _read(texts: Mapping[str, bytes]) -> dict[str, Models]:
    return {path: read_models(text) for path, text in sorted(texts.items())}


def _covers(ctx: Context, graph: GraphView, staged: Sequence[str]) -> Callable[[str], bool]:
    """Return a test of whether a staged migration touches a table, as far as it can be read."""
    effects = ctx.revisions.effects(graph, staged, INDEX) if staged else {}
    unknowns = [lost for does in effects.values() for lost in does.unknowns("upgrade")]
    if any(not unknown.tables for unknown in unknowns):
        return lambda _table: True
    touched = {_bare(table) for does in effects.values() for table in does.tables}
    touched |= {_bare(table) for unknown in unknowns for table in unknown.tables}
    return lambda table: _bare(table) in touched


def _moved(before: Mapping[str, Models], after: Mapping[str, Models]) -> frozenset[str]:
    """Return the tables that are the same as before over all files: a class changed its file."""
    old, new = _tables(before), _tables(after)
    return frozenset(name for name, columns in new.items() if old.get(name) == columns)


def _tables(files: Mapping[str, Models]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for models in files.values():
        for name, columns in models.tables.items():
            tables.setdefault(name, {}).update(columns)
    return tables


def _bare(table: str) -> str:
    return table.rpartition(".")[2].lower()
