"""The use cases of `hooks install`, `uninstall` and `status`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from lback.app.context import Context
from lback.app.reading import Reader
from lback.core.result import Result
from lback.errors import LbackError
from lback.vcs.hooks import NAMES as ALL_HOOKS
from lback.vcs.hooks import Place, Watched, find, install, status, uninstall

__all__ = ["ALL_HOOKS", "hooks_status", "install_hooks", "uninstall_hooks"]

# Where models usually live; `[tool.lback] models` says it better.
_MODELS = ("**/models.py", "**/models/**/*.py", "**/model.py", "**/schema.py", "**/tables.py")


def install_hooks(ctx: Context, names: Sequence[str], *, write: bool) -> Result:
    """Install the shims; what was there is kept and still runs first."""
    changes = install(_place(ctx), sys.executable, _watched(ctx), names=tuple(names), write=write)
    return Result("hooks", {"action": "install", "hooks": [_row(change) for change in changes]})


def uninstall_hooks(ctx: Context) -> Result:
    """Remove the shims and give back what was there before."""
    changes = uninstall(_place(ctx))
    return Result("hooks", {"action": "uninstall", "hooks": [_row(change) for change in changes]})


def hooks_status(ctx: Context) -> Result:
    """Return how each hook stands."""
    states = status(_place(ctx), sys.executable, _watched(ctx))
    return Result("hooks", {"action": "status", "hooks": [_row(state) for state in states]})


def _place(ctx: Context) -> Place:
    if ctx.repository is None:
        raise LbackError(
            f"{ctx.cwd} is not in a git repository, so there is nowhere to put hooks.",
            "Run `git init` first, or change into the clone.",
        )
    return find(ctx.repository.git)


def _watched(ctx: Context) -> Watched:
    folders, recursive = Reader(ctx).folders()
    globs = ctx.project.settings.lback.models or _MODELS
    files = ctx.project.config_files()
    return Watched(folders, tuple(globs), files, recursive)


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
