"""What a check is asked."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.rules.silencing import FailOn
from lback.core.source import WORKTREE


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check: `against` REFs (none: the shared branch), siblings, what counts."""

    at: str = WORKTREE
    against: tuple[str, ...] = ()
    siblings: bool = False
    refs: str | None = None
    fail_on: FailOn = "error"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    write_baseline: bool = False
    deepen: bool = False
    models: str | None = None
    replace: bool = False
    policy: str | None = None


def base_of(request: CheckOptions) -> str | None:
    """Return the name of the branch whose settings count, None where none was given."""
    return request.policy or next(iter(request.against), None)
