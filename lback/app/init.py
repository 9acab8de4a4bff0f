"""The use case of `init`: a new project, or an existing one adopted untouched."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lback.core.hook_names import NAMES
from lback.core.messages import init as messages
from lback.core.results import Result, optional
from lback.errors import LbackError, UsageError
from lback.files import BY_HAND, is_plain, write_whole
from lback.project.context import Context
from lback.project.environments import below, context_of, is_aside, root_of, unconfigured
from lback.project.hook_files import install_hooks
from lback.project.options import Options

_BASE = re.compile(
    r"^class\s+(\w+)\s*\([^)]*(?:DeclarativeBase|MappedAsDataclass)[^)]*\)\s*:"
    r"|^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*declarative_base\(",
    re.MULTILINE,
)
# SQLModel has one base for all, which its own module defines: where it is imported to make tables.
_SQLMODEL = re.compile(
    r"^from\s+sqlmodel\s+import\s+(?:\([^)]*|[^\n(]*)\bSQLModel\b(?!\s+as\b)"
    r".*?^class\s+\w+\s*\([^)]*\btable\s*=\s*True\b[^)]*\)\s*:",
    re.MULTILINE | re.DOTALL,
)
# What people write after `init` and mean the models; "C:shop" is a folder to Windows.
_MODELS = re.compile(r"[A-Za-z_][\w.]+:[A-Za-z_]\w*")
_SKIPPED = frozenset({"tests", "test", "migrations", "node_modules", "build", "dist"})


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the command line asks of `init`; `hooks` None: ask.

    `new` starts a project although there is one above or below.
    """

    directory: str = "."
    models: str | None = None
    hooks: bool | None = None
    new: bool = False


Hooks = Literal["none", "offered", "installed"]


@dataclass(frozen=True, kw_only=True)
class InitResult(Result):
    """What was written into which folder; `adopted` are the configurations that were there.

    `unconfigured` is a folder of migrations that no file configured.
    """

    command = "init"

    folder: str
    adopted: tuple[str, ...] = ()
    unconfigured: str | None = optional()
    written: tuple[str, ...]
    models: str | None = None
    models_found: bool | None = optional()
    models_there: bool | None = optional()
    hooks: Hooks


def init(ctx: Context, options: InitOptions) -> InitResult:
    """Write what a new project needs, or say what was found in an existing one.

    No file that exists is touched. LbackError when a folder cannot be written.
    """
    if _MODELS.fullmatch(options.directory) and not (ctx.cwd / options.directory).exists():
        raise messages.models_as_folder(options.directory)
    folder = (ctx.cwd / options.directory).resolve()
    inner = Context(Options(directory=str(folder)), ctx.console)
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    around = Context(Options(directory=str(there)), ctx.console)
    if around.repository is not None:
        _ = around.repository.worktree  # git's own folder is no place for files
    existing = _existing(around, options)
    every = _below(ctx, around, folder, options) if existing is None else ()
    bare = _unconfigured(around, folder, options) if not every and existing is None else None
    there_already = bare or existing or (every[0].project.settings.config_path if every else None)
    _refuse_what_means_nothing(around, there_already, options)
    folder.mkdir(parents=True, exist_ok=True)
    if every or existing is not None:
        return _adopted(inner, folder, every or (inner,), options)
    if bare is not None:
        written = _write_missing(folder, {"manage.py": _manage(), "alembic.ini": _ini(bare)})
        hooks = _hooks(inner, options.hooks)
        return InitResult(folder=str(folder), unconfigured=bare, written=written, hooks=hooks)
    return _started(inner, folder, options)


def _started(ctx: Context, folder: Path, options: InitOptions) -> InitResult:
    """Write a new project."""
    found = None if options.models else find_models(folder)
    where = options.models or found or "models:Base"
    _refuse_odd(where)
    return InitResult(
        folder=str(folder),
        written=_write_missing(folder, _files(where)),
        models=where,
        models_found=found is not None,
        models_there=_is_there(folder, where),
        hooks=_hooks(ctx, options.hooks),
    )


def _below(
    ctx: Context, around: Context, folder: Path, options: InitOptions
) -> tuple[Context, ...]:
    """Return contexts for the projects that lie below; UsageError where all are examples."""
    every = below(around) if not options.new and folder.is_dir() else ()
    if any(is_aside(environment, around) for environment in every):
        root = root_of(around)
        words = [environment.options(ctx.options, root, ctx.cwd).place for environment in every]
        raise messages.projects_below([environment.name for environment in every], words)
    return tuple(context_of(around, environment) for environment in every)


def _unconfigured(around: Context, folder: Path, options: InitOptions) -> str | None:
    """Return the folder of migrations that no file configures; UsageError where there are more."""
    found = unconfigured(around) if not options.new and folder.is_dir() else ()
    if len(found) > 1:
        raise messages.unconfigured(found)
    return found[0] if found else None


def _adopted(
    ctx: Context, folder: Path, every: Sequence[Context], options: InitOptions
) -> InitResult:
    """Add what existing projects lack, and touch nothing of them."""
    written = []
    for context in every:
        inner = os.path.relpath(context.cwd, folder)
        added = _write_missing(context.cwd, {"manage.py": _manage()})
        written += [os.path.normpath(Path(inner, name)) for name in added]
    found = [context.project.settings for context in every]
    return InitResult(
        folder=str(every[0].cwd if len(every) == 1 else folder),
        adopted=tuple(dict.fromkeys(each.config_path or "" for each in found)),
        written=tuple(written),
        hooks=_hooks(every[0] if len(every) == 1 else ctx, options.hooks),
    )


def find_models(folder: Path) -> str | None:
    """Return `module:Base` of the declarative base, found by reading the files; else None.

    None also where several files define one: which is meant is not ours to guess.
    """
    classes = []
    for path in sorted(folder.rglob("*.py")):
        inner = path.relative_to(folder)
        if len(inner.parts) > 4 or any(_skipped(part) for part in inner.parts[:-1]):
            continue
        if not is_plain(path) or path.stat().st_size > BY_HAND:
            continue
        base = _base(path.read_text(encoding="utf-8", errors="replace"))
        if base is not None:
            parts = inner.with_suffix("").parts
            parts = parts[1:] if parts[0] == "src" else parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            classes.append(f"{'.'.join(parts)}:{base}")
    return classes[0] if len(classes) == 1 else None


def _base(text: str) -> str | None:
    """Return what is called the declarative base in the text of a file."""
    match = _BASE.search(text)
    if match:
        return match[1] or match[2]
    return "SQLModel" if _SQLMODEL.search(text) else None


def _skipped(part: str) -> bool:
    return part.startswith(".") or part in _SKIPPED or part.endswith(("venv", "site-packages"))


def _is_there(folder: Path, models: str) -> bool:
    """Tell whether a module of that name is among the files."""
    place = models.partition(":")[0].replace(".", "/")
    names = (f"{place}.py", f"{place}/__init__.py")
    return any((top / name).is_file() for top in (folder, folder / "src") for name in names)


def _refuse_what_means_nothing(ctx: Context, existing: str | None, options: InitOptions) -> None:
    """Refuse what was asked for and cannot be done here, before anything is written."""
    if existing is not None and options.models is not None:
        raise messages.project_exists(existing)
    if options.hooks and ctx.repository is None:
        raise ctx.no_git or messages.no_repository(ctx.cwd)


def _existing(ctx: Context, options: InitOptions) -> str | None:
    """Return the configuration here or above; with `new` only one that is right here."""
    try:
        project = ctx.project
    except UsageError:
        return None
    return project.settings.config_path if project.folder == ctx.cwd or not options.new else None


def _refuse_odd(models: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", models):
        raise messages.odd_models(models)


def _manage() -> str:
    return _files("models:Base")["manage.py"]


def _ini(location: str) -> str:
    from lback.db.new_project import render_configuration

    return render_configuration(location)


def _files(models: str) -> dict[str, str]:
    from lback.db.new_project import render_project

    return {**render_project(models), ".gitignore": "__pycache__/\n*.sqlite3\n*.sqlite3-journal\n"}


def _write_missing(folder: Path, files: dict[str, str]) -> tuple[str, ...]:
    written = []
    for name, text in files.items():
        place = folder / name
        if place.exists():
            continue
        try:
            write_whole(place, text.encode(), 0o755 if name == "manage.py" else 0o644)
        except OSError as err:
            raise messages.not_written(place, err.strerror) from err
        written.append(name)
    return tuple(written)


def _hooks(ctx: Context, install: bool | None) -> Hooks:
    """Offer the git hooks; return what came of it."""
    if ctx.repository is None or ctx.repository.root is None:
        return "none"
    if install is None:
        try:
            install = ctx.console.confirm(
                messages.INSTALL_HOOKS, option=messages.HOOKS_OPTION, default=True
            )
        except LbackError:
            return "offered"
    if not install:
        return "none"
    install_hooks(ctx, NAMES)
    return "installed"
