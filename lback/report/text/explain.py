"""The text of `lback explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style

if TYPE_CHECKING:
    from lback.app.explain import ExplainResult


def lines(result: ExplainResult, style: Style) -> Iterator[str]:
    """Yield the page of one code."""
    yield style.bold(f"{result.code} ({result.severity}): {result.title}")
    yield from result.text.splitlines()[1:]
