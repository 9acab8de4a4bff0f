"""The git hooks of this repository: installed, removed and looked at."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lback.core.messages import hooks as messages
from lback.project.context import Context
from lback.project.model_files import model_globs
from lback.project.options import Options
from lback.vcs.configuration import forget, record, recorded
from lback.vcs.hooks import HookChange, HookPlace, HookState, find, install, status, uninstall
from lback.vcs.shims import Watched


@dataclass(frozen=True, slots=True)
class HookRow:
    """One hook: how it stands, or what was done with it; `lines` have to go into `into`."""

    hook: str
    state: str
    path: str
    message: str | None
    manager: str | None
    into: str | None
    lines: tuple[str, ...]


def install_hooks(
    ctx: Context, names: Sequence[str], *, write: bool = False, force: bool = False
) -> tuple[HookRow, ...]:
    """Install the shims; what was there is kept and still runs first."""
    place = _place(ctx)
    if ctx.repository is not None:
        record(ctx.repository, ctx.repository.folder_of(ctx.project.folder) or ".")
    changes = install(
        place, sys.executable, _watched(ctx), names=tuple(names), write=write, force=force
    )
    return tuple(map(_row, changes))


def uninstall_hooks(ctx: Context, *, force: bool = False) -> tuple[HookRow, ...]:
    """Remove the shims and put back what was there before."""
    changes = uninstall(_place(ctx), force=force)
    if ctx.repository is not None:
        forget(ctx.repository)
    return tuple(map(_row, changes))


def hook_states(ctx: Context) -> tuple[HookRow, ...]:
    """Return how each hook stands."""
    return tuple(map(_row, status(_place(ctx), sys.executable, _watched(ctx))))


def _place(ctx: Context) -> HookPlace:
    if ctx.repository is None:
        raise ctx.no_git or messages.no_repository(str(ctx.cwd))
    return find(ctx.repository.git)


def _watched(ctx: Context) -> Watched:
    """Return what all projects of this repository want to be asked about."""
    folders: list[str] = []
    globs: list[str] = []
    files: list[str] = []
    recursive = False
    for inner in _contexts(ctx):
        below, deep = inner.revisions.folders()
        folders += below
        recursive = recursive or deep
        globs += model_globs(inner)
        files += (*inner.project.config_files(), *inner.project.ways())
    return Watched(_unique(folders), _unique(globs), _unique(files), recursive)


def _contexts(ctx: Context) -> list[Context]:
    repository = ctx.repository
    if repository is None or repository.root is None:
        return [ctx]
    places = [repository.root / folder for folder in recorded(repository.git)]
    others = [place for place in places if place.is_dir() and place != ctx.project.folder]
    return [ctx, *(Context(Options(directory=os.fspath(place)), ctx.console) for place in others)]


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _row(hook: HookChange | HookState) -> HookRow:
    return HookRow(
        hook.hook,
        hook.action if isinstance(hook, HookChange) else hook.state,
        os.fspath(hook.path),
        hook.message or None,
        hook.manager,
        os.fspath(hook.into) if hook.into else None,
        hook.lines,
    )
