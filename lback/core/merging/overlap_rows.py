"""Overlaps as results tell them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lback.core.source import Commit

Verdict = Literal["conflict", "order-matters", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class OverlapSide:
    """What one side of an overlap does, and the commit that brought it."""

    revision: str
    operation: str
    commit: Commit | None


@dataclass(frozen=True, slots=True)
class OverlapRow:
    """An overlap as results tell it."""

    object: str
    left: OverlapSide
    right: OverlapSide
    verdict: Verdict
    message: str
    brief: str
