"""Findings as lines of a page."""

from __future__ import annotations

from collections.abc import Iterable

from lback.core.checks.findings import Finding
from lback.core.source import Commit

ADA = Commit("a" * 40, "Ada", "ada@example.com", "2026-01-02T03:04:05+00:00", "Add a")
BEN = Commit("b" * 40, "Ben", "ben@example.com", "2026-01-03T03:04:05+00:00", "Add b")
COMMITS = {"b": BEN, "c": ADA}


def shown(found: Iterable[Finding]) -> str:
    """Return each finding with all that it holds."""
    lines = []
    for one in found:
        about = [*one.revisions, *(f"table {table}" for table in one.tables)]
        about += [f"commit {commit.author}" for commit in one.commits]
        place = f" {one.path}:{one.line}" if one.path or one.line else ""
        lines.append(f"{one.code} {one.severity}{place} [{', '.join(about)}]")
        lines += [f"    {one.message}", f"    -> {one.hint}"]
    return "\n".join(lines) or "nothing"


def page(cases: dict[str, Iterable[Finding]]) -> str:
    """Return the findings of each case under its name."""
    return "\n".join(f"== {name}\n{shown(found)}\n" for name, found in cases.items())


def codes(found: Iterable[Finding]) -> list[str]:
    return [one.code for one in found]
