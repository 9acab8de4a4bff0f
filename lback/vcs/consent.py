"""What git's own configuration lets a hook do; no file of the tree can set it."""

from __future__ import annotations

from lback.errors import UsageError
from lback.vcs.git import Git


def configured(git: Git, key: str) -> str | None:
    """Return one value of git's configuration (system, global, local), None where it has none."""
    answer = git.ask("config", "-z", "--get", key)
    return answer.out.decode("utf-8", "replace").rstrip("\0") if not answer.status else None


def on_checkout(git: Git) -> str | None:
    """Return what `post-checkout` may do, "tell" or "switch"; None where nobody has said.

    UsageError that names what is allowed.
    """
    return _choice(git, "lback.onCheckout", ("tell", "switch"))


def on_fork(git: Git) -> str | None:
    """Return how this person wants forks closed, None for as the project says; see above."""
    return _choice(git, "lback.onFork", ("merge", "rebase", "tell"))


def _choice(git: Git, key: str, allowed: tuple[str, ...]) -> str | None:
    value = configured(git, key)
    if value is not None and value not in allowed:
        raise UsageError(f"git config {key} cannot be {value!r}.", f"allowed: {', '.join(allowed)}")
    return value
