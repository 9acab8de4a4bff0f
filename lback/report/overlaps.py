"""Overlaps as text: what each side does, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lback.report.style import Style, safe
from lback.report.words import commit_of, who


def overlap_lines(overlaps: Iterable[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """Yield each overlap in three lines: the verdict, the left side, the right side."""
    for overlap in overlaps:
        paint = style.red if overlap["verdict"] == "conflict" else style.yellow
        yield f"{paint(overlap['verdict'])}: {safe(overlap['brief'])}"
        for side in (overlap["left"], overlap["right"]):
            yield (
                f"    {style.yellow(safe(side['revision']))}  {safe(side['operation'])}"
                f"  {style.dim(who(commit_of(side['commit'])))}"
            )
