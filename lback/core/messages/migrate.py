"""What `lback migrate` asks."""

from __future__ import annotations

from collections.abc import Iterable


def goes_down(revisions: Iterable[str]) -> str:
    """Say that revisions are undone."""
    return f"This goes down and undoes {', '.join(revisions)}."
