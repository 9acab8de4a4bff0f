"""Result -> lines for a person; each command's report is a module of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from lback.core.findings import Finding
from lback.core.results import Result
from lback.report.style import Style, safe

# They print what they do while they do it.
_TOLD = ("alembic", "demo")


def render(result: Result, style: Style) -> Iterator[str]:
    """Yield the lines of a result; findings come last, where the eye ends."""
    if result.command not in _TOLD:
        module = import_module(f"lback.report.text.{result.command}")
        yield from module.lines(result, style)
    yield from findings(result.findings, style)


def findings(found: Iterable[Finding], style: Style) -> Iterator[str]:
    """Yield findings as `path:line: CODE message` with the hint below."""
    paint = {"error": style.red, "warning": style.yellow, "note": style.cyan}
    for one in found:
        place = f"{safe(one.path)}:{one.line}: " if one.path and one.line else ""
        if one.path and not one.line:
            place = f"{safe(one.path)}: "
        yield f"{place}{paint[one.severity](one.code)} {safe(one.message)}"
        if one.hint:
            yield f"    {style.cyan('next:')} {safe(one.hint[:1].upper() + one.hint[1:])}"
