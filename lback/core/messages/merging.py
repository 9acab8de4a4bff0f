"""What `lback merge` and `lback resolve` say when they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from lback.errors import LbackError


def not_merged(heads: Sequence[str], reason: str, *, proof_failed: bool) -> LbackError:
    """Say which heads stay apart, and why."""
    hint = "Look at both with `lback show`; `lback merge --force` merges them anyway."
    if proof_failed:
        hint = (
            "Where that revision needs another kind of database, name an empty one in "
            "`[tool.lback] scratch_url`; or merge without `--prove`."
        )
    return LbackError(f"{' and '.join(heads)} cannot be merged automatically: {reason}", hint)


def not_resolved(reason: str, hint: str) -> LbackError:
    """Say why a fork is left to a person."""
    return LbackError(f"This fork cannot be resolved automatically: {reason}.", hint)
