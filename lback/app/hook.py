"""The use cases of the git hooks, by name; for each project that the hooks were installed for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from lback.core.hook_facts import HookFact, HookReport, Switched
from lback.core.results import Result, text_only
from lback.project.context import Context
from lback.vcs.configuration import recorded

Switch = Callable[[Context], Switched]
_STOPPED: dict[str, Literal["commit", "push"]] = {"pre-commit": "commit", "pre-push": "push"}


@dataclass(frozen=True, slots=True)
class HookOptions:
    """What git calls a hook with; `stdin` is what it writes to the hook's standard input."""

    name: str
    arguments: tuple[str, ...] = ()
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What a hook found out about one of several projects."""

    heads: tuple[str, ...]
    merges: tuple[str, ...]
    lacks: tuple[str, ...]
    adds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HookResult(Result):
    """What a hook found out; `projects` has a row for each where there are several."""

    command = "hook"

    heads: tuple[str, ...] = ()
    merges: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    projects: tuple[ProjectRow, ...] = ()
    facts: tuple[HookFact, ...] = text_only(default=())
    stopped: Literal["", "commit", "push"] = text_only(default="")


def hook(ctx: Context, options: HookOptions, switch: Switch) -> HookResult:
    """Do what one hook does; `switch` is how `post-checkout` takes a database along."""
    if ctx.repository is None and ctx.no_git is not None:
        raise ctx.no_git
    reports = [_report(inner, options, switch) for inner in _projects(ctx)]
    only, several = (reports[0], []) if len(reports) == 1 else (HookReport(), reports)
    findings = tuple(finding for report in reports for finding in report.findings)
    stops = any(report.stops for report in reports)
    return HookResult(
        heads=only.heads,
        merges=only.merges,
        lacks=only.lacks,
        adds=only.adds,
        projects=tuple(
            ProjectRow(report.heads, report.merges, report.lacks, report.adds) for report in several
        ),
        facts=tuple(fact for report in reports for fact in report.facts),
        findings=findings,
        status="findings" if findings else "ok",
        exit_code=1 if stops else 0,
        stopped=_STOPPED[options.name] if stops else "",
    )


def _report(ctx: Context, options: HookOptions, switch: Switch) -> HookReport:
    """Do what the hook does, and import no more than that."""
    # `git commit --amend` rewrites, too, and brings nothing.
    amended = options.name == "post-rewrite" and options.arguments[:1] not in ((), ("rebase",))
    if options.name in ("post-merge", "post-rewrite") and not amended:
        from lback.project.githooks.arrivals import arrivals

        return arrivals(ctx)
    if options.name == "pre-commit":
        from lback.project.githooks.pre_commit import pre_commit

        return pre_commit(ctx)
    if options.name == "post-checkout":
        from lback.project.githooks.checkout import post_checkout

        return post_checkout(ctx, options.arguments, switch)
    if options.name == "pre-push":
        from lback.project.githooks.pre_push import pre_push

        return pre_push(ctx, options.arguments, options.stdin)
    # A newer shim may name a hook that this version does not know: say nothing, stop nothing.
    return HookReport()


def _projects(ctx: Context) -> list[Context]:
    """Return a context for each recorded project; git calls hooks at the root, they live below."""
    repository = ctx.repository
    if repository is None or repository.root is None or ctx.options.directory is not None:
        return [ctx]
    places = [repository.root / folder for folder in recorded(repository.git)]
    # A branch may not have the project yet, or no more.
    there = [os.fspath(place) for place in places if place.is_dir()]
    if not places:
        return [ctx]
    return [Context(replace(ctx.options, directory=place), ctx.console) for place in there]
