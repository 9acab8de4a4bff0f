"""Which environments the hooks of a repository guard."""

from __future__ import annotations

from lback.project.context import Context
from lback.project.options import Environment
from lback.vcs.configuration import recorded


def guarded(ctx: Context) -> tuple[Environment, ...]:
    """Return the environments that the hooks of this repository were installed for."""
    repository = ctx.repository
    if repository is None or repository.root is None:
        return ()
    return tuple(dict.fromkeys(map(Environment.parse, recorded(repository.git))))
