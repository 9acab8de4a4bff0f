"""The URL of a database for the branch that is checked out: for settings and env.py.

from lback.urls import for_branch

DATABASE_URL = for_branch("postgresql+psycopg://localhost/shop")
"""

from __future__ import annotations

import os
from pathlib import Path

from lback.project.context import Context
from lback.project.copies.branches import chosen_url
from lback.project.options import Options


def for_branch(url: str, *, project: str | os.PathLike[str] | None = None) -> str:
    """Return the URL of this branch's own copy of a database, made at the first time.

    The URL stays as it is on the main branch, without git, where HEAD is on no branch, for a
    database in memory, and for one that `[tool.lback] protected` means. `project` is the folder
    of the project, by default the current one. LbackError where the copy cannot be made.
    """
    folder = Path(project) if project is not None else Path.cwd()
    ctx = Context(Options(directory=os.fspath(folder)))
    if ctx.repository is None:
        return url
    return chosen_url(ctx, url, folder)
