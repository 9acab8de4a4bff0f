"""The git hooks of this repository: installed, removed and looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lback.core.messages import hooks as messages
from lback.errors import LbackError, NotConfigured
from lback.project.context import Context
from lback.project.environments import around, context_of, environment_of
from lback.project.githooks.guarded import guarded
from lback.project.models import model_globs
from lback.project.options import Environment
from lback.vcs.configuration import forget, record
from lback.vcs.hooks import HookPlace, HookRow, find, install, status, uninstall
from lback.vcs.reach import is_outside
from lback.vcs.shims import Watched


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """An environment that the hooks guard; `here` is whether this checkout has it."""

    name: str
    folder: str
    config: str | None
    section: str
    here: bool


def install_hooks(
    ctx: Context, names: Sequence[str], *, write: bool = False, force: bool = False
) -> tuple[HookRow, ...]:
    """Install the shims; what was there is kept and still runs first.

    They guard what they guarded before, and the environment here, or all of those below.
    """
    place = _place(ctx)
    assert ctx.repository is not None
    for environment in around(ctx) or (environment_of(ctx),):
        record(ctx.repository, environment.spelled())
    return install(place, sys.executable, _watched(ctx), names=names, write=write, force=force)


def uninstall_hooks(
    ctx: Context, *, everything: bool = False, force: bool = False
) -> tuple[HookRow, ...]:
    """Take the environment here from what the hooks guard, or everything.

    With the last one go the shims, and what was there before comes back.
    """
    place, every = _place(ctx), guarded(ctx)
    assert ctx.repository is not None
    mine = every if everything else _meant(ctx, every)
    forget(ctx.repository, [environment.spelled() for environment in mine])
    if set(mine) >= set(every):
        return uninstall(place, force=force)
    ours = [state.hook for state in status(place) if state.state in ("installed", "unwired")]
    return install(place, sys.executable, _watched(ctx), names=ours)


def hook_states(ctx: Context) -> tuple[HookRow, ...]:
    """Return how each hook stands."""
    # What install would write for an environment that this checkout lacks, nobody knows.
    whole = all(row.here for row in guarded_rows(ctx))
    return status(_place(ctx), sys.executable, _watched(ctx) if whole else None)


def guarded_rows(ctx: Context) -> tuple[EnvironmentRow, ...]:
    """Return the environments that the hooks guard."""
    return tuple(
        EnvironmentRow(
            environment.name,
            environment.folder,
            environment.config,
            environment.section,
            _is_here(ctx, environment),
        )
        for environment in guarded(ctx)
    )


def unguarded(ctx: Context) -> tuple[str, ...]:
    """Return the names of the environments here that the hooks do not guard."""
    try:
        here = around(ctx) or (environment_of(ctx),)
    except LbackError:
        if ctx.options.config or ctx.options.name:
            raise
        return ()
    there = guarded(ctx)
    return tuple(environment.name for environment in here if environment not in there)


def _meant(ctx: Context, every: Sequence[Environment]) -> Sequence[Environment]:
    """Return which of the guarded environments an uninstall is about."""
    is_named = bool(ctx.options.config or ctx.options.name)
    if len(every) < 2 and not is_named:
        return every
    mine = around(ctx)
    if mine and not is_named:
        return every
    try:
        mine = mine or (environment_of(ctx),)
    except NotConfigured:
        if is_named:
            raise
        return every
    if not set(mine) & set(every):
        raise messages.not_guarded(mine[0].name, [environment.name for environment in every])
    return mine


def _is_here(ctx: Context, environment: Environment) -> bool:
    try:
        return context_of(ctx, environment).project is not None
    except LbackError:
        return False


def _place(ctx: Context) -> HookPlace:
    if ctx.repository is None:
        raise ctx.no_git or messages.no_repository(str(ctx.cwd))
    return find(ctx.repository.git)


def _watched(ctx: Context) -> Watched:
    """Return what all environments that the hooks guard want to be asked about."""
    every = guarded(ctx)
    parts = [_watched_of(ctx, environment) for environment in every]
    return Watched(
        _unique(folder for part in parts for folder in part.folders),
        _unique(glob for part in parts for glob in part.globs),
        _unique(file for part in parts for file in part.files),
        any(part.recursive for part in parts),
    )


def _watched_of(ctx: Context, environment: Environment) -> Watched:
    try:
        inner = context_of(ctx, environment)
        names, recursive = inner.revisions.folders()
        folders = tuple(name for name in names if not is_outside(name))
        files = (*inner.project.config_files(), *inner.project.ways())
        return Watched(folders, model_globs(inner), files, recursive)
    except LbackError:
        # This checkout lacks it, or nobody can tell: whatever changes there is of interest.
        return Watched((), files=(environment.folder,))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
