"""The environments of a repository: the one here, those below, those that the hooks guard."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePosixPath

from lback.core.shell import place
from lback.core.source import WORKTREE
from lback.errors import LbackError, NotConfigured
from lback.files import read_by_hand
from lback.project.console import Console
from lback.project.context import Context
from lback.project.discovery import (
    FileTree,
    envs,
    in_file,
    is_looked_at,
    relative,
    tracked,
    tree_at,
    walked,
)
from lback.project.locate import (
    CONFIGS,
    Project,
    Texts,
    config_places,
    default_config,
    named_config,
    search_project,
)
from lback.project.options import DEFAULT_SECTION, Environment, Options
from lback.vcs.noted import INPUTS
from lback.vcs.repository import Repository

# What is kept there is a pattern or a trial, where the repository has an environment elsewhere.
_ASIDE = frozenset(
    {
        *("test", "tests", "testing", "testdata", "fixture", "fixtures", "demo", "demos"),
        *("example", "examples", "sample", "samples", "template", "templates", "doc", "docs"),
    }
)


def environment_of(ctx: Context) -> Environment:
    """Return the environment that a context is about."""
    project = ctx.project
    folder, config = project.folder, None
    if project.settings.config_path is not None:
        path = folder / project.settings.config_path
        if path != default_config(folder):
            inside = path.is_relative_to(project.root)
            config = relative(path, folder) if inside else path.as_posix()
    # The folder above a submodule is found again from the submodule's root.
    inner = relative(folder, project.root) if folder.is_relative_to(project.root) else "."
    return Environment(inner, config, project.settings.section)


def around(ctx: Context) -> tuple[Environment, ...]:
    """Return what a command may be about where nothing is configured here; () where it is.

    That is what lies below the current folder; where nothing does, all of the repository's. A
    configuration that is written for a folder above is about that one.
    """
    try:
        return _started_above(ctx, ctx.project)
    except NotConfigured:
        if ctx.options.script_location is None and not named_config(ctx.options):
            if ctx.repository is not None and ctx.repository.is_bare:
                return _in_bare(ctx, ctx.repository)
            return below(ctx) or below(ctx, root_of(ctx))
    except LbackError:
        pass  # whoever needs the project says what is wrong
    return ()


def _started_above(ctx: Context, project: Project) -> tuple[Environment, ...]:
    """Return the environment of an ini whose paths count from a folder above; or ().

    `script_location = db/migrations` of `db/alembic.ini` is meant for `alembic -c db/alembic.ini`:
    inside of `db` Alembic finds nothing. What lies elsewhere may be another one's.
    """
    path = project.settings.config_path
    named = ctx.options.script_location or named_config(ctx.options)
    bare = ctx.repository is not None and ctx.repository.is_bare
    if path is None or path.endswith(".toml") or named or bare:
        return ()
    # Flask-Migrate keeps its ini beside env.py, and `flask` is started where the application is.
    beside = project.settings.script_location == os.fspath(project.folder)
    if not (beside or project.is_nowhere):
        return ()
    INPUTS.doubt()
    root = root_of(ctx)
    section = ctx.options.name or DEFAULT_SECTION
    every = in_file(project.folder / path, FileTree(root, Texts(root)))
    there = [value for value in every if value.section == section]
    return tuple(value for value in there if _lies_in(context_of(ctx, value), project.folder))


def _lies_in(ctx: Context, folder: Path) -> bool:
    """Tell whether an environment is started above a folder, and has its revisions in there."""
    with suppress(LbackError):
        project = ctx.project
        places = [project.root / name for name in project.folders()]
        above = project.folder != folder and folder.is_relative_to(project.folder)
        return above and all(place.is_relative_to(folder) for place in places)
    return False


def _in_bare(ctx: Context, repository: Repository) -> tuple[Environment, ...]:
    """Return the environments of HEAD, each by its file: there is no folder to stand in."""
    tree = tree_at(repository, "HEAD")
    files = [tree.root / name for name in tree.configuration.found or () if is_looked_at(name)]
    every = []
    for environment in _chosen(ctx, tree.root, files, tree):
        folder = tree.root / environment.folder
        path = default_config(folder, tree.configuration)
        if environment.config is not None:
            path = folder / environment.config
        if path is not None:
            every.append(Environment(".", relative(path, tree.root), environment.section))
    return tuple(every)


def left_out(ctx: Context, ref: str, here: Collection[Environment]) -> tuple[Environment, ...]:
    """Return what a command would be about as well if REF were the files here.

    A branch that takes a configuration away, or puts another above it, does not decide that
    nobody looks at what was there.
    """
    repository = ctx.repository
    named = ctx.options.script_location or ctx.options.name or named_config(ctx.options)
    if repository is None or repository.root is None or named:
        return ()
    try:
        shared = repository.upstream(ref)
        if shared is None:
            return ()
        root = repository.root
        near = repository.files(shared.commit, config_places(ctx.options, ctx.cwd, root, root))
        if search_project(ctx.options, ctx.cwd, Texts(root, near), root) is not None:
            return ()
        tree = tree_at(repository, shared.commit)
    except LbackError:
        return ()  # what is compared with it says what is wrong
    files = [tree.root / name for name in tree.configuration.found or () if is_looked_at(name)]
    there = _chosen(ctx, ctx.cwd, files, tree) or _chosen(ctx, tree.root, files, tree)
    gone = [environment for environment in there if environment not in here]
    now = {pair for environment in here if gone for pair in _contents(context_of(ctx, environment))}
    return tuple(value for value in gone if not _is_moved(ctx, value, tree, shared.commit, now))


def _is_moved(
    ctx: Context,
    environment: Environment,
    tree: FileTree,
    commit: str,
    now: Collection[tuple[str, str]],
) -> bool:
    """Tell whether another environment has all of its revisions, as they were."""
    inner = context_of(ctx, environment)
    with suppress(LbackError):
        project = search_project(inner.options, inner.cwd, tree.configuration, tree.root)
        if project is not None:
            inner.project = project
            before = _contents(inner, commit)
            return bool(before) and before <= set(now)
    return False


def _contents(ctx: Context, at: str = WORKTREE) -> set[tuple[str, str]]:
    with suppress(LbackError):
        return {(node.id, node.blob) for node in ctx.revisions.graph(at)}
    return set()


def below(ctx: Context, start: Path | None = None) -> tuple[Environment, ...]:
    """Return the environments below a folder, which is the current one where none is given.

    What lies in folders of tests, examples or templates counts only where nothing else is.
    """
    INPUTS.doubt()
    start = start or ctx.cwd
    root = root_of(ctx)
    return _chosen(
        ctx, start, chain(walked(start), tracked(ctx.repository)), FileTree(root, Texts(root))
    )


def unconfigured(ctx: Context) -> tuple[str, ...]:
    """Return the folders below with an env.py and revisions, where no file says so.

    An application may hand Alembic its settings itself.
    """
    found = []
    for env in sorted(envs(ctx.cwd)):
        inner = Path(relative(env.parent, ctx.cwd))
        files = sorted((env.parent / "versions").glob("*.py"))
        if files and _ASIDE.isdisjoint(inner.parts) and _is_alembic(env):
            found.append(inner.as_posix())
    return tuple(found)


def _is_alembic(env: Path) -> bool:
    with suppress(LbackError, OSError):
        return b"alembic" in (read_by_hand(env) or b"")
    return False


def _chosen(
    ctx: Context, start: Path, files: Iterable[Path], tree: FileTree
) -> tuple[Environment, ...]:
    inner = [file for file in dict.fromkeys(files) if file.is_relative_to(start)]
    every = dict.fromkeys(environment for file in inner for environment in in_file(file, tree))
    named = [value for value in every if ctx.options.name in (None, value.section)]
    main = [value for value in named if not is_aside(value, ctx, start)]
    return tuple(
        sorted(main or named, key=lambda value: (value.folder, value.config or "", value.section))
    )


def is_aside(environment: Environment, ctx: Context, start: Path | None = None) -> bool:
    """Tell whether it lies, from a folder on, among tests, examples or templates."""
    inner = os.path.relpath(root_of(ctx) / environment.folder, start or ctx.cwd)
    return not _ASIDE.isdisjoint(Path(inner).parts)


def context_of(ctx: Context, environment: Environment) -> Context:
    """Return a context for one environment of the repository that a context is in."""
    return placed_at(ctx, environment, environment.options(ctx.options, root_of(ctx)), ctx.console)


def placed_at(
    ctx: Context, environment: Environment, options: Options, console: Console
) -> Context:
    """Return a context for an environment, whose folder may be gone: a commit may have it."""
    if ctx.repository is not None and ctx.repository.is_bare and environment.config:
        path = PurePosixPath(environment.config)
        name = None if path.name in CONFIGS else path.name
        clone = Environment(str(path.parent), name, environment.section)
        options.in_a_clone = clone.options(Options(), Path("/"), Path("/")).place
    inner = Context(options, console, environment=environment)
    folder = root_of(ctx) / environment.folder
    if not folder.is_dir():
        inner.cwd, inner.repository = folder, ctx.repository
    return inner


def words(ctx: Context, environment: Environment, start: Path) -> str:
    """Return what a command of lback needs in a folder to be about an environment."""
    plain = Context(Options(directory=os.fspath(start)))
    with suppress(LbackError):
        if environment_of(plain) == environment:
            return ""
    return place(environment.options(Options(), root_of(ctx), start).place)


def root_of(ctx: Context) -> Path:
    """Return what the folders of environments are relative to."""
    repository = ctx.repository
    if repository is None:
        return ctx.cwd
    return repository.root or repository.git_dir
