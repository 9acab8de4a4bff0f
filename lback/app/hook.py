"""The use cases of the git hooks, by name."""

from __future__ import annotations

from collections.abc import Sequence

from lback.app.context import Context
from lback.core.result import Result


def hook(ctx: Context, name: str, arguments: Sequence[str], given: str) -> Result:
    """Do what one hook does; `given` is what git wrote to its standard input."""
    if name == "post-merge":
        from lback.app.hook_arrivals import post_merge

        return post_merge(ctx)
    if name == "post-rewrite":
        from lback.app.hook_arrivals import post_rewrite

        return post_rewrite(ctx, arguments[0] if arguments else "rebase")
    if name == "pre-commit":
        from lback.app.hook_pre_commit import pre_commit

        return pre_commit(ctx)
    # A newer shim may name a hook that this version does not know: say nothing, stop nothing.
    return Result("hook", {})
