"""The environments of a repository: the one here, those below, those that the hooks guard."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from lback.core.configuration import parse_ini
from lback.core.settings import is_resource
from lback.core.shell import place
from lback.errors import LbackError, NotConfigured
from lback.files import read_by_hand
from lback.project.context import Context
from lback.project.locate import default_config, named_config
from lback.project.options import DEFAULT_SECTION, Environment, Options
from lback.vcs.configuration import recorded
from lback.vcs.git import text
from lback.vcs.noted import INPUTS

_SKIPPED = frozenset({"node_modules", "site-packages", "venv", "__pycache__"})
# What is kept there is a pattern or a trial, where the repository has an environment elsewhere.
_ASIDE = frozenset(
    {
        *("test", "tests", "testing", "testdata", "fixture", "fixtures", "demo", "demos"),
        *("example", "examples", "sample", "samples", "template", "templates", "doc", "docs"),
    }
)
_MOST_FOLDERS = 3000
_DEEPEST = 5


def environment_of(ctx: Context) -> Environment:
    """Return the environment that a context is about."""
    project = ctx.project
    folder, config = project.folder, None
    if project.settings.config_path is not None:
        path = folder / project.settings.config_path
        if path != default_config(folder):
            inside = path.is_relative_to(project.root)
            config = _relative(path, folder) if inside else path.as_posix()
    return Environment(_relative(folder, project.root), config, project.settings.section)


def around(ctx: Context) -> tuple[Environment, ...]:
    """Return what a command may be about where nothing is configured here; () where it is.

    That is what lies below the current folder; where nothing does, all of the repository's.
    """
    try:
        _ = ctx.project
    except NotConfigured:
        if ctx.options.script_location is None and not named_config(ctx.options):
            return below(ctx) or below(ctx, root_of(ctx))
    except LbackError:
        pass  # whoever needs the project says what is wrong
    return ()


def below(ctx: Context, start: Path | None = None) -> tuple[Environment, ...]:
    """Return the environments below a folder, which is the current one where none is given.

    What lies in folders of tests, examples or templates counts only where nothing else is.
    """
    INPUTS.doubt()
    root, start = root_of(ctx), start or ctx.cwd
    files = dict.fromkeys(chain(_walked(start), _tracked(ctx, start)))
    every = dict.fromkeys(one for file in files for one in _in_file(file, root))
    named = [one for one in every if ctx.options.name in (None, one.section)]
    main = [one for one in named if not is_aside(one, ctx, start)]
    return tuple(sorted(main or named, key=lambda one: (one.folder, one.config or "", one.section)))


def is_aside(environment: Environment, ctx: Context, start: Path | None = None) -> bool:
    """Tell whether it lies, from a folder on, among tests, examples or templates."""
    inner = os.path.relpath(root_of(ctx) / environment.folder, start or ctx.cwd)
    return not _ASIDE.isdisjoint(Path(inner).parts)


def guarded(ctx: Context) -> tuple[Environment, ...]:
    """Return the environments that the hooks of this repository were installed for."""
    repository = ctx.repository
    if repository is None or repository.root is None:
        return ()
    return tuple(dict.fromkeys(map(Environment.parse, recorded(repository.git))))


def context_of(ctx: Context, environment: Environment) -> Context:
    """Return a context for one environment of the repository that a context is in."""
    return Context(
        environment.options(ctx.options, root_of(ctx)), ctx.console, environment=environment
    )


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
    return repository.root if repository and repository.root else ctx.cwd


def _walked(start: Path) -> Iterator[Path]:
    """Yield the files below a folder that may configure something, the nearest first."""
    pending, seen = deque([(start, 0)]), 0
    while pending and seen < _MOST_FOLDERS:
        folder, depth = pending.popleft()
        seen += 1
        try:
            with os.scandir(folder) as listing:
                items = sorted(listing, key=lambda item: item.name)
        except OSError:
            continue
        if any(item.name == "pyvenv.cfg" for item in items):
            continue
        for item in items:
            if _may_configure(item.name):
                yield Path(item.path)
            elif depth < _DEEPEST and _is_open(item.name) and item.is_dir(follow_symlinks=False):
                pending.append((Path(item.path), depth + 1))


def _tracked(ctx: Context, start: Path) -> Iterator[Path]:
    """Yield those that git knows, however deep."""
    if ctx.repository is None or ctx.repository.root is None:
        return
    root = ctx.repository.root
    globs = (":(top,glob)**/*.ini", ":(top,glob)**/pyproject.toml")
    answer = ctx.repository.git.ask("ls-files", "-z", "--", *globs, globs=True)
    for name in text(answer.out).split("\0"):
        if name and all(map(_is_open, name.split("/"))) and (root / name).is_relative_to(start):
            yield root / name


def _may_configure(name: str) -> bool:
    return name.endswith(".ini") or name == "pyproject.toml"


def _is_open(name: str) -> bool:
    return not name.startswith(".") and name not in _SKIPPED


def _in_file(path: Path, root: Path) -> Iterator[Environment]:
    """Yield the environments that a file configures, read as text."""
    try:
        content = (read_by_hand(path) or b"").decode("utf-8-sig", "replace")
    except (LbackError, OSError):
        return
    if path.suffix == ".toml":
        if "tool.alembic" in content and "script_location" in content:
            yield _environment(root, path.parent, path, DEFAULT_SECTION)
        return
    for section, location in _sections(content, path):
        yield _environment(root, _home(root, path, location), path, section)


def _sections(content: str, path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the sections of an ini that say, or leave to the folder, where migrations are."""
    if "alembic" not in content and "script_location" not in content:
        return
    try:
        ini = parse_ini(content, os.fspath(path), DEFAULT_SECTION)
    except LbackError:
        if path.name == "alembic.ini":  # the command says what is wrong with it
            yield DEFAULT_SECTION, None
        return
    for section in ini.parser.sections():
        location = ini.section_options(section).get("script_location")
        own = section == DEFAULT_SECTION or "script_location" not in ini.parser.defaults()
        if (location and own) or (
            section == DEFAULT_SECTION and (path.parent / "env.py").is_file()
        ):
            yield section, location


def _home(root: Path, path: Path, location: str | None) -> Path:
    """Return the folder that Alembic is started in, as far as the files show it."""
    folder = path.parent
    if folder == root or not folder.is_relative_to(root):
        return folder
    if location is None or os.path.normpath(location) == ".":
        return folder.parent if _is_flask(folder / "env.py") else folder
    inner = location.partition(":")[0].replace(".", "/") if is_resource(location) else location
    above = [one for one in folder.parents if one.is_relative_to(root)]
    return next((one for one in (folder, *above) if (one / inner).is_dir()), folder)


def _is_flask(env: Path) -> bool:
    try:
        return b"current_app" in (read_by_hand(env) or b"")
    except (LbackError, OSError):
        return False


def _environment(root: Path, folder: Path, path: Path, section: str) -> Environment:
    config = None if path == default_config(folder) else _relative(path, folder)
    return Environment(_relative(folder, root), config, section)


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path, start)).as_posix()
