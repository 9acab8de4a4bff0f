"""The text of `lback init`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what was found and written, then the next commands."""
    data = result.data
    if data["adopted"]:
        yield f"found an Alembic project: {safe(data['adopted'])}; no file of it was changed"
    for name in data["written"]:
        yield f"wrote {safe(name)}"
    if data["adopted"]:
        yield f"{style.cyan('next:')} `lback status`"
    else:
        if data["models_found"]:
            yield f"the models are {safe(data['models'])}, found by reading the files"
        elif data["models_there"]:
            yield f"the models are {safe(data['models'])}"
        else:
            yield (
                f"the models are expected at {safe(data['models'])}: write them there, or name "
                "them in migrations/env.py"
            )
        yield (f"{style.cyan('next:')} `lback makemigrations first_tables`, then `lback migrate`")
    if data["hooks"] == "offered":
        yield f"{style.cyan('next:')} `lback hooks install` lets git tell you of forks"
