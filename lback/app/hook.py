"""The use cases of the git hooks, by name; for each project that the hooks were installed for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from lback.app.context import Context
from lback.core.result import Result
from lback.vcs.framework import framework_call

__all__ = ["framework_call", "hook"]


def hook(ctx: Context, name: str, arguments: Sequence[str], given: str) -> Result:
    """Do what one hook does; `given` is what git wrote to its standard input."""
    results = [_hook(inner, name, arguments, given) for inner in _projects(ctx)]
    return results[0] if len(results) == 1 else _together(results)


def _hook(ctx: Context, name: str, arguments: Sequence[str], given: str) -> Result:
    if name == "post-merge":
        from lback.app.githooks.arrivals import post_merge

        return post_merge(ctx)
    if name == "post-rewrite":
        from lback.app.githooks.arrivals import post_rewrite

        return post_rewrite(ctx, arguments[0] if arguments else "rebase")
    if name == "pre-commit":
        from lback.app.githooks.pre_commit import pre_commit

        return pre_commit(ctx)
    if name == "post-checkout":
        from lback.app.githooks.checkout import post_checkout

        return post_checkout(ctx, arguments)
    if name == "pre-push":
        from lback.app.githooks.pre_push import pre_push

        return pre_push(ctx, arguments, given)
    # A newer shim may name a hook that this version does not know: say nothing, stop nothing.
    return Result("hook", {})


def _projects(ctx: Context) -> list[Context]:
    """Return a context for each recorded project; git calls hooks at the root, they live below."""
    repository = ctx.repository
    if repository is None or repository.root is None or ctx.options.directory is not None:
        return [ctx]
    from lback.vcs.projects import recorded

    places = [repository.root / folder for folder in recorded(repository.git)]
    # A branch may not have the project yet, or no more.
    there = [os.fspath(place) for place in places if place.is_dir()]
    if not places:
        return [ctx]
    return [Context(replace(ctx.options, directory=place), ctx.console) for place in there]


def _together(results: Sequence[Result]) -> Result:
    return Result(
        "hook",
        {"projects": [result.data for result in results]},
        [finding for result in results for finding in result.findings],
        status="findings" if any(result.findings for result in results) else "ok",
        exit_code=max((result.exit_code for result in results), default=0),
        view={
            "lines": [line for result in results for line in result.view.get("lines", ())],
            "stopped": next((r.view["stopped"] for r in results if r.view.get("stopped")), ""),
        },
    )
