"""The text of `lback init`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.init import InitResult


def lines(result: InitResult, style: Style) -> Iterator[str]:
    """Yield what was found and written, then the next commands."""
    if result.adopted is not None:
        yield f"found an Alembic project: {safe(result.adopted)}; no file of it was changed"
    for name in result.written:
        yield f"wrote {safe(name)}"
    if result.adopted is not None:
        yield f"{style.cyan('next:')} `lback status`"
    else:
        yield _models(result)
        yield f"{style.cyan('next:')} `lback makemigrations first_tables`, then `lback migrate`"
    if result.hooks == "offered":
        yield f"{style.cyan('next:')} `lback hooks install` lets git tell you of forks"


def _models(result: InitResult) -> str:
    models = safe(result.models or "")
    if result.models_found:
        return f"the models are {models}, found by reading the files"
    if result.models_there:
        return f"the models are {models}"
    return (
        f"the models are expected at {models}: write them there, or name them in migrations/env.py"
    )
