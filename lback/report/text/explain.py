"""The text of `lback explain`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield the page of one code."""
    data = result.data
    yield style.bold(f"{data['code']} ({data['severity']}): {data['title']}")
    yield from data["text"].splitlines()[1:]
