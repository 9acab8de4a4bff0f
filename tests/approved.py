"""Texts that somebody has read and approved, kept in files beside the tests."""

from __future__ import annotations

import os
from difflib import unified_diff
from itertools import islice
from pathlib import Path


def approved(place: Path, text: str) -> None:
    """Compare a text with the approved one; LBACK_APPROVE=1 writes it, for `git diff` to show."""
    if os.environ.get("LBACK_APPROVE"):
        place.write_text(text, encoding="utf-8")
    before = place.read_text(encoding="utf-8").splitlines()
    changed = list(islice(unified_diff(before, text.splitlines(), n=0, lineterm=""), 20))
    assert changed == [], f"{place.name}: look at what changed after LBACK_APPROVE=1"
