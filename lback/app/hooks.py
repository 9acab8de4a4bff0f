"""The use cases of `hooks install`, `uninstall` and `status`."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lback.core.messages import hooks as messages
from lback.core.results import Result, text_only
from lback.project.context import Context
from lback.project.hook_files import (
    EnvironmentRow,
    guarded_rows,
    hook_states,
    install_hooks,
    unguarded,
    uninstall_hooks,
)
from lback.vcs.hooks import HookRow


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksOptions:
    """What the command line asks of `hooks`; `write` also edits another manager's file.

    `everything` takes the hooks from all environments.
    """

    names: tuple[str, ...] = ()
    write: bool = False
    everything: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class HooksResult(Result):
    """How each hook stands after an action, and what the hooks guard.

    `root` is the top of the work tree, `unguarded` what is here besides.
    """

    command = "hooks"

    action: str
    hooks: tuple[HookRow, ...]
    environments: tuple[EnvironmentRow, ...]
    unguarded: tuple[str, ...]
    root: str = text_only(default="")
    wrote: bool = text_only(default=False)


def hooks_install(ctx: Context, options: HooksOptions) -> HooksResult:
    """Install the hooks."""
    rows = install_hooks(ctx, options.names, write=options.write, force=options.force)
    return _result(ctx, "install", rows, wrote=options.write)


def hooks_uninstall(ctx: Context, options: HooksOptions) -> HooksResult:
    """Remove the hooks."""
    rows = uninstall_hooks(ctx, everything=options.everything, force=options.force)
    return _result(ctx, "uninstall", rows)


def hooks_status(ctx: Context) -> HooksResult:
    """Show how each hook stands."""
    return _result(ctx, "status", hook_states(ctx))


def _result(
    ctx: Context, action: str, rows: tuple[HookRow, ...], *, wrote: bool = False
) -> HooksResult:
    root = ctx.repository.root if ctx.repository else None
    result = HooksResult(
        action=action,
        hooks=rows,
        environments=guarded_rows(ctx),
        unguarded=unguarded(ctx),
        root=os.fspath(root) if root else "",
        wrote=wrote,
    )
    left = [row.hook for row in rows if row.state == "refused"]
    return result.refused(messages.left_alone(left, action)) if left else result
