"""Where a project's models are."""

from __future__ import annotations

from lback.project.context import Context

# Where models usually live; `[tool.lback] models` says it better.
USUAL = ("**/models.py", "**/models/**/*.py", "**/model.py", "**/schema.py", "**/tables.py")


def model_globs(ctx: Context) -> tuple[str, ...]:
    """Return git patterns, from the repository's root, of the files that hold models."""
    return ctx.project.settings.lback.models or USUAL
