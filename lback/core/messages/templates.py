"""What is said where a database cannot be copied, or a template cannot be built."""

from __future__ import annotations

from lback.core.shell import named
from lback.errors import LbackError


def protected(url: str, pattern: str) -> LbackError:
    """Make the error for a database that the settings protect."""
    return LbackError(
        f"{url} is protected by {named(pattern)}: it is not copied, and nothing is made beside it.",
        "Name another database, or correct `[tool.lback] protected`.",
    )


def changed() -> LbackError:
    """Make the error for files that were edited while a template was built from them."""
    return LbackError(
        "The migrations have changed while a template was built from them.",
        "Run the command again.",
    )


def no_revisions() -> LbackError:
    """Make the error for a project without migrations."""
    return LbackError(
        "There are no migrations, and so no schema that they build.",
        "Write the first one with `lback makemigrations NAME`.",
    )


def building(number: int) -> str:
    """Say that revisions are run for a template."""
    return f"building a template: {number} revision{'' if number == 1 else 's'} to run"
