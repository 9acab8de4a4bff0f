"""What `lback merge` and `lback resolve` say when they refuse."""

from __future__ import annotations

from lback.core.merging.merge_plan import MergePlan
from lback.errors import LbackError


def not_merged(plan: MergePlan, *, proof_failed: bool) -> LbackError:
    """Say which heads stay apart, and why."""
    hint = "Look at both with `lback show`; `lback merge --force` merges them anyway."
    if proof_failed:
        hint = (
            "Where that revision needs another kind of database, name an empty one in "
            "`[tool.lback] scratch_url`; or merge without `--prove`."
        )
    heads = " and ".join(plan.heads)
    return LbackError(f"{heads} cannot be merged automatically: {plan.reason}", plan.hint or hint)


def not_resolved(reason: str, hint: str) -> LbackError:
    """Say why a fork is left to a person."""
    return LbackError(f"This fork cannot be resolved automatically: {reason}.", hint)
