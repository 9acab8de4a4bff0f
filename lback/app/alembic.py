"""The use case of `alembic …`: Alembic's own command line on this project."""

from __future__ import annotations

from collections.abc import Sequence

from lback.app.context import Context
from lback.core.result import Result


def alembic(ctx: Context, arguments: Sequence[str]) -> Result:
    """Run an Alembic command as it is; its output is its own."""
    from lback.db.passthrough import run_alembic

    project = ctx.project
    code = run_alembic(
        project.settings,
        project.folder,
        tuple(arguments),
        x=ctx.options.x,
        lock_timeout=ctx.lock_timeout(None),
    )
    return Result("alembic", {}, exit_code=code)
