"""The use cases of `hooks install`, `uninstall` and `status`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from lback.app.context import Context, Options
from lback.app.model_files import model_globs
from lback.core.result import Result, refused
from lback.core.shell import command
from lback.errors import LbackError
from lback.vcs.hooks import NAMES as ALL_HOOKS
from lback.vcs.hooks import Place, Watched, find, install, status, uninstall
from lback.vcs.projects import forget, record, recorded

__all__ = ["ALL_HOOKS", "hooks_status", "install_hooks", "uninstall_hooks"]


def install_hooks(
    ctx: Context, names: Sequence[str], *, write: bool = False, force: bool = False
) -> Result:
    """Install the shims; what was there is kept and still runs first."""
    place = _place(ctx)
    if ctx.repository is not None:
        record(ctx.repository.git, ctx.repository.folder_of(ctx.project.folder) or ".")
    changes = install(
        place, sys.executable, _watched(ctx), names=tuple(names), write=write, force=force
    )
    return _result(ctx, "install", changes, wrote=write)


def uninstall_hooks(ctx: Context, *, force: bool = False) -> Result:
    """Remove the shims and give back what was there before."""
    changes = uninstall(_place(ctx), force=force)
    if ctx.repository is not None:
        forget(ctx.repository.git)
    return _result(ctx, "uninstall", changes)


def hooks_status(ctx: Context) -> Result:
    """Return how each hook stands."""
    states = status(_place(ctx), sys.executable, _watched(ctx))
    return _result(ctx, "status", states)


def _place(ctx: Context) -> Place:
    if ctx.repository is None:
        raise LbackError(
            f"{ctx.cwd} is not in a git repository, so there is nowhere to put hooks.",
            "Run `git init` first, or change into the clone.",
        )
    return find(ctx.repository.git)


def _watched(ctx: Context) -> Watched:
    """Return what all projects of this repository want to be asked about."""
    folders: list[str] = []
    globs: list[str] = []
    files: list[str] = []
    recursive = False
    for one in _contexts(ctx):
        found, deep = one.revisions.folders()
        folders += found
        recursive = recursive or deep
        globs += model_globs(one)
        files += one.project.config_files()
    return Watched(_unique(folders), _unique(globs), _unique(files), recursive)


def _contexts(ctx: Context) -> list[Context]:
    repository = ctx.repository
    if repository is None or repository.root is None:
        return [ctx]
    places = [repository.root / folder for folder in recorded(repository.git)]
    others = [place for place in places if place.is_dir() and place != ctx.project.folder]
    return [ctx, *(Context(Options(directory=os.fspath(one)), ctx.console) for one in others)]


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _result(ctx: Context, action: str, hooks: Sequence[Any], *, wrote: bool = False) -> Result:
    root = ctx.repository.root if ctx.repository else None
    data = {"action": action, "hooks": [_row(one) for one in hooks]}
    view = {"root": os.fspath(root) if root else "", "wrote": wrote}
    refusals = [one.hook for one in hooks if getattr(one, "action", None) == "refused"]
    if not refusals:
        return Result("hooks", data, view=view)
    result = refused(
        "hooks",
        data,
        f"Left alone: {', '.join(refusals)}.",
        f"Each line above says why; {command('lback hooks', action, then='--force')} overrides an "
        "edited shim.",
    )
    result.view = view
    return result


def _row(one: Any) -> dict[str, Any]:
    return {
        "hook": one.hook,
        "state": getattr(one, "action", None) or getattr(one, "state", None),
        "path": os.fspath(one.path),
        "message": one.message or None,
        "manager": one.manager,
        "into": os.fspath(one.into) if one.into else None,
        "lines": list(one.lines),
    }
