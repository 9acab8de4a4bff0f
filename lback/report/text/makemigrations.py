"""The text of `lback makemigrations`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Script, Style, safe

if TYPE_CHECKING:
    from lback.app.makemigrations import MakemigrationsResult


def lines(result: MakemigrationsResult, style: Style) -> Iterator[str]:
    """Yield what changed and the file that was written."""
    if result.status == "findings":
        yield "the models and the migrations do not agree:"
        yield from (f"  {safe(change)}" for change in result.changes)
        yield f"{style.cyan('next:')} `lback makemigrations NAME`"
        return
    if not result.paths:
        yield "no changes: the models and the schema agree"
        return
    for path in result.paths:
        yield f"wrote {style.bold(safe(path))}"
    yield from (f"  {safe(change)}" for change in result.changes)
    if result.sql:
        yield ""
        yield Script("\n".join(result.sql))
    verb = "fill it in" if result.empty else "read it"
    yield f"{style.cyan('next:')} {verb}, then `lback migrate`"
