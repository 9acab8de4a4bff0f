"""The text of `lback makemigrations`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Script, Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what changed and the file that was written."""
    data = result.data
    if result.status == "findings":
        yield "the models and the migrations do not agree:"
        yield from (f"  {safe(change)}" for change in data["changes"])
        yield f"{style.cyan('next:')} `lback makemigrations NAME`"
        return
    if not data["paths"]:
        yield "no changes: the models and the schema agree"
        return
    for path in data["paths"]:
        yield f"wrote {style.bold(safe(path))}"
    yield from (f"  {safe(change)}" for change in data["changes"])
    if data["sql"]:
        yield ""
        yield Script("\n".join(data["sql"]))
    verb = "fill it in" if result.view["empty"] else "read it"
    yield f"{style.cyan('next:')} {verb}, then `lback migrate`"
