"""What is wrong with models, read as text: in the next commit, after a merge, on a branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lback.core.checks.files import declared_twice, without_migration
from lback.core.checks.findings import Finding
from lback.core.effects import Effects
from lback.core.graph.view import GraphView
from lback.core.models_text import Models, changed_tables, read_models
from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.locate import CONFIGS, Project
from lback.project.revisions import Revisions
from lback.project.sides import Comparison, Tree
from lback.vcs.committing import changed_files, staged_files
from lback.vcs.lookups import path_ids
from lback.vcs.merged_view import merge_entries
from lback.vcs.repository import Repository

# Where models usually live; `[tool.lback] models` says it better.
USUAL = ("**/models.py", "**/models/**/*.py", "**/model.py", "**/schema.py", "**/tables.py")
# More files than this are no work of a branch, but a move or a new formatter.
_MOST_FILES = 200


def model_globs(ctx: Context) -> tuple[str, ...]:
    """Return git patterns, from the repository's root, of the files that hold models."""
    return ctx.project.settings.lback.models or USUAL


def own_models(
    repository: Repository, project: Project, paths: Sequence[str], at: str
) -> tuple[str, ...]:
    """Leave out the files that lie in the folder of another environment.

    One outside of all folders may be anybody's, and so may one that the settings name.
    """
    if not paths or project.settings.lback.models:
        return tuple(paths)
    above = {
        path: [str(pure_posix_path) for pure_posix_path in PurePosixPath(path).parents]
        for path in paths
    }
    folders = {folder for parents in above.values() for folder in parents}
    named = {str(PurePosixPath(folder, name)): folder for folder in folders for name in CONFIGS}
    texts = repository.files(at, list(named))
    homes = {
        named[name]
        for name, text in texts.items()
        if name.endswith(".ini") or b"tool.alembic" in text
    }
    own = repository.folder_of(project.folder) or "."
    nearest = {
        path: next((parent for parent in parents if parent in homes or parent == own), own)
        for path, parents in above.items()
    }
    return tuple(path for path in paths if nearest[path] == own)


def staged_models(ctx: Context) -> tuple[str, ...]:
    """Return the files of models that the next commit would change."""
    if ctx.repository is None:
        return ()
    paths = staged_files(ctx.repository, model_globs(ctx))
    return own_models(ctx.repository, ctx.project, paths, INDEX)


def staged_findings(
    ctx: Context, graph: GraphView, staged: Sequence[str], paths: Sequence[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the models that the next commit would change.

    `staged` are the revisions of the graph that this commit adds or changes.
    """
    repository = ctx.repository
    if repository is None or not paths:
        return
    after = _read(repository.files(INDEX, paths))
    yield from declared_twice(after)
    before = _read(repository.files("HEAD", paths)) if repository.head().commit else {}
    yield from _without_migration(
        before, after, lambda: ctx.revisions.effects(graph, staged, INDEX).values()
    )


def arrived_models(ctx: Context, before: str) -> tuple[str, ...]:
    """Return the files of models that a merge has changed."""
    if ctx.repository is None:
        return ()
    paths = changed_files(ctx.repository, before, "HEAD", model_globs(ctx))
    return own_models(ctx.repository, ctx.project, paths, WORKTREE)


def arrived_findings(ctx: Context, paths: Sequence[str]) -> Iterator[Finding]:
    """Yield what a merge has left twice in the models that it changed."""
    if ctx.repository is not None and paths:
        yield from declared_twice(_read(ctx.repository.files(WORKTREE, paths)))


def models_of_branch(
    revisions: Revisions, mine: Tree, other: Comparison, effects: Callable[[], Iterable[Effects]]
) -> Iterator[Finding]:
    """Yield what is wrong with the models that a branch changes, as they are and once merged.

    `effects` gives what its new revisions do. A clone that lacks one of the files says nothing:
    what cannot be read of models does not decide about migrations.
    """
    try:
        findings = list(_of_branch(revisions, mine, other, effects))
    except LbackError:
        return
    yield from findings


def _of_branch(
    revisions: Revisions, mine: Tree, other: Comparison, effects: Callable[[], Iterable[Effects]]
) -> Iterator[Finding]:
    repository, base, theirs = revisions.repository, other.base_commit, other.theirs.tip
    if repository is None or mine.tip is None or theirs is None or other.replaces:
        return
    globs = revisions.project_at(other.theirs.at).settings.lback.models or USUAL
    changed = changed_files(repository, base, mine.tip, globs)
    ours = own_models(repository, revisions.project, changed, mine.tip)
    if not ours or len(ours) > _MOST_FILES:
        return
    contents = revisions.contents
    after = _read(contents.by_path(ours, mine.tip))
    yield from declared_twice(after)
    yield from _without_migration(_read(contents.by_path(ours, base)), after, effects)
    both = set(ours).intersection(changed_files(repository, base, theirs, globs))
    known = {(twice.owner, twice.name) for models in after.values() for twice in models.twice}
    merged = _merged(revisions, base, mine.tip, theirs, sorted(both)) if both else {}
    fresh = {path: models.without(known) for path, models in merged.items()}
    yield from declared_twice(fresh, merged_with=other.merge.name)


def _merged(
    revisions: Revisions, base: str, mine: str, theirs: str, paths: Sequence[str]
) -> dict[str, Models]:
    """Return the models of files that both sides changed, where git merges them by itself."""
    repository = revisions.repository
    assert repository is not None
    ids = path_ids(repository, (base, mine, theirs), paths)
    sides = [
        [Entry(path, blob) for path, blob in zip(paths, ids[commit], strict=True) if blob]
        for commit in (base, mine, theirs)
    ]
    merged = merge_entries(repository, base, *sides, at=mine)
    stopped = {conflict.path for conflict in merged.conflicts}
    texts = {
        entry.path: merged.texts[entry.blob]
        for entry in merged.entries
        if entry.blob in merged.texts and entry.path not in stopped
    }
    return _read(texts)


def _without_migration(
    before: Mapping[str, Models],
    after: Mapping[str, Models],
    effects: Callable[[], Iterable[Effects]],
) -> Iterator[Finding]:
    changed = {
        path: changed_tables(before.get(path, Models()), models) for path, models in after.items()
    }
    if not any(changed.values()):
        return
    moved = _moved(before, after)
    covers = _covers(effects())
    for path, tables in changed.items():
        missing = [table for table in tables if table not in moved and not covers(table)]
        if missing:
            yield without_migration(path, after[path], missing)


def _read(texts: Mapping[str, bytes]) -> dict[str, Models]:
    return {path: read_models(text) for path, text in sorted(texts.items())}


def _covers(effects: Iterable[Effects]) -> Callable[[str], bool]:
    """Return a test of whether a revision touches a table, as far as it can be read."""
    does = tuple(effects)
    unknowns = [unknown for each in does for unknown in each.unknowns("upgrade")]
    if any(not unknown.tables for unknown in unknowns):
        return lambda _table: True
    touched = {_bare(table) for each in does for table in each.tables}
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
