"""Where a project's models are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from lback.project.context import Context
from lback.project.locate import Project
from lback.vcs.repository import Repository

# Where models usually live; `[tool.lback] models` says it better.
USUAL = ("**/models.py", "**/models/**/*.py", "**/model.py", "**/schema.py", "**/tables.py")
_CONFIGS = ("alembic.ini", "pyproject.toml", "migrations/alembic.ini")


def model_globs(ctx: Context) -> tuple[str, ...]:
    """Return git patterns, from the repository's root, of the files that hold models."""
    return ctx.project.settings.lback.models or USUAL


def own_models(
    repository: Repository, project: Project, paths: Sequence[str], at: str
) -> tuple[str, ...]:
    """Leave out the files that lie in the folder of another environment.

    One outside of all folders may be anybody's, and so may one that the settings name.
    """
    if not paths or project.settings.lback.models:
        return tuple(paths)
    above = {path: [str(one) for one in PurePosixPath(path).parents] for path in paths}
    folders = {folder for parents in above.values() for folder in parents}
    named = {str(PurePosixPath(folder, name)): folder for folder in folders for name in _CONFIGS}
    texts = repository.files(at, list(named))
    homes = {
        named[name]
        for name, text in texts.items()
        if name.endswith(".ini") or b"tool.alembic" in text
    }
    own = repository.folder_of(project.folder) or "."
    nearest = {
        path: next((one for one in parents if one in homes or one == own), own)
        for path, parents in above.items()
    }
    return tuple(path for path in paths if nearest[path] == own)
