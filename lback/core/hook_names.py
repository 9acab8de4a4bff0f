"""The git hooks that lback installs, in the order in which they are told."""

from __future__ import annotations

NAMES = (
    "pre-commit",
    "post-commit",
    "post-applypatch",
    "post-merge",
    "post-checkout",
    "post-rewrite",
    "pre-push",
)
