"""What the hooks say about models, read as text: LB305 and LB306."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lback.app.context import Context
from lback.app.model_files import model_globs
from lback.app.reading import INDEX, WORKTREE, Reader
from lback.core.findings import Finding, finding
from lback.core.graph import Graph
from lback.core.models_text import Models, changed_tables, read_models


def staged_models(ctx: Context, reader: Reader, graph: Graph) -> Iterator[Finding]:
    """Yield what is wrong with the models that the next commit would change."""
    repository = ctx.repository
    if repository is None:
        return
    from lback.vcs.staged import staged_files

    paths = staged_files(repository, model_globs(ctx))
    if not paths:
        return
    after = _read(repository.files(INDEX, paths))
    yield from _twice(after)
    before = _read(repository.files("HEAD", paths)) if repository.head().commit else {}
    changed = {
        path: changed_tables(before.get(path, Models()), models) for path, models in after.items()
    }
    if any(changed.values()):
        moved = _moved(before, after)
        covered = _covered(reader, graph)
        for path, tables in changed.items():
            missing = [one for one in tables if one not in moved and not covered(one)]
            if missing:
                yield _unmigrated(path, after[path], missing)


def arrived_models(ctx: Context, before: str) -> Iterator[Finding]:
    """Yield what a merge has left twice in the models that it changed."""
    repository = ctx.repository
    if repository is None:
        return
    from lback.vcs.staged import changed_files

    paths = changed_files(repository, before, "HEAD", model_globs(ctx))
    if paths:
        yield from _twice(_read(repository.files(WORKTREE, paths)))


def _read(texts: Mapping[str, bytes]) -> dict[str, Models]:
    return {path: read_models(text) for path, text in sorted(texts.items())}


def _twice(found: Mapping[str, Models]) -> Iterator[Finding]:
    for path, models in found.items():
        for one in models.twice:
            yield finding(
                "LB306",
                f"{one.owner} declares {one.name} twice: in line {one.first} and in line "
                f"{one.second}; Python takes the second one and says nothing",
                "keep one of the two; after a merge, both branches have added it",
                path=path,
                line=one.second,
            )


class _Covered:
    """Tells whether a staged migration touches a table, as far as it can be read."""

    def __init__(self, tables: Iterable[str], *, anything: bool) -> None:
        self.tables = {_bare(one) for one in tables}
        self.anything = anything

    def __call__(self, table: str) -> bool:
        return self.anything or _bare(table) in self.tables


def _covered(reader: Reader, graph: Graph) -> _Covered:
    """Read the migrations that the next commit adds or changes."""
    repository = reader.repository
    known: frozenset[tuple[str, str]] = frozenset()
    if repository is not None and repository.head().commit is not None:
        known = frozenset((one.id, one.blob) for one in reader.graph("HEAD"))
    fresh = [one.id for one in graph if (one.id, one.blob) not in known]
    effects = reader.effects(graph, fresh, INDEX) if fresh else {}
    unknown = [one for does in effects.values() for one in does.unknowns("upgrade")]
    named = [table for one in unknown for table in one.tables]
    touched = [table for does in effects.values() for table in does.tables]
    return _Covered([*touched, *named], anything=any(not one.tables for one in unknown))


def _moved(before: Mapping[str, Models], after: Mapping[str, Models]) -> frozenset[str]:
    """Return the tables that are the same as before over all files: a class changed its file."""
    old, new = _joined(before), _joined(after)
    return frozenset(name for name, columns in new.items() if old.get(name) == columns)


def _joined(found: Mapping[str, Models]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for models in found.values():
        for name, columns in models.tables.items():
            tables.setdefault(name, {}).update(columns)
    return tables


def _unmigrated(path: str, models: Models, tables: list[str]) -> Finding:
    names = " and ".join(tables)
    return finding(
        "LB305",
        f"the columns of {names} change here, and no migration in this commit touches "
        f"{'them' if len(tables) > 1 else 'it'}",
        "`lback makemigrations NAME`, then `git add` the file",
        path=path,
        line=models.lines.get(tables[0], 0),
        tables=tuple(tables),
    )


def _bare(table: str) -> str:
    return table.rpartition(".")[2].lower()
