"""The use cases of the git hooks, by name; for each environment that the hooks guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from lback.core.hook_facts import About, Failed, Gone, HookFact, HookReport, Switched
from lback.core.results import Result, text_only
from lback.core.shell import placed
from lback.core.source import INDEX
from lback.errors import LbackError, NotConfigured
from lback.project.context import Context
from lback.project.environments import (
    around,
    context_of,
    root_of,
    words,
)
from lback.project.githooks.guarded import guarded
from lback.project.locate import CONFIGS
from lback.project.options import Environment

Switch = Callable[[Context], Switched]
_STOPPED: dict[str, Literal["commit", "push"]] = {"pre-commit": "commit", "pre-push": "push"}


@dataclass(frozen=True, slots=True)
class HookOptions:
    """What git calls a hook with; `stdin` is what it writes to the hook's standard input.

    `prefix` is the folder that git was called in, from the root.
    """

    name: str
    arguments: tuple[str, ...] = ()
    stdin: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What a hook found out about one of several environments."""

    environment: str
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
    told = _reports(ctx, options, switch)
    only, several = (told[0][1], []) if len(told) == 1 else (HookReport(), told)
    reports = [report for _, report in told]
    findings = tuple(finding for report in reports for finding in report.findings)
    stops = any(report.stops for report in reports)
    return HookResult(
        heads=only.heads,
        merges=only.merges,
        lacks=only.lacks,
        adds=only.adds,
        projects=tuple(
            ProjectRow(environment.name, report.heads, report.merges, report.lacks, report.adds)
            for environment, report in several
        ),
        facts=tuple(fact for report in reports for fact in report.facts),
        findings=findings,
        status="findings" if findings else "ok",
        exit_code=1 if stops else 0,
        stopped=_STOPPED[options.name] if stops else "",
    )


def _reports(
    ctx: Context, options: HookOptions, switch: Switch
) -> list[tuple[Environment, HookReport]]:
    """Do what the hook does for each environment; one that fails does not stop the others."""
    every = _environments(ctx)
    if not every:
        return [(Environment("."), _report(ctx, options, switch))]
    root, told = root_of(ctx), []
    for environment in every:
        report = _report_of(ctx, environment, options, switch, alone=len(every) == 1)
        if report is not None:
            told.append((environment, report))
    said = _said_once([report for _, report in told])
    if every == (Environment("."),):
        return list(zip(every, said, strict=False))
    start = root / options.prefix
    return [
        (
            environment,
            _placed(ctx, report, environment, start) if report.facts or report.findings else report,
        )
        for (environment, _), report in zip(told, said, strict=True)
    ]


def _report_of(
    ctx: Context, environment: Environment, options: HookOptions, switch: Switch, *, alone: bool
) -> HookReport | None:
    """Do what the hook does for one environment; None where this branch does not have it."""
    here = (root_of(ctx) / environment.folder).is_dir()
    try:
        if here:
            return _report(context_of(ctx, environment), options, switch)
    except NotConfigured:
        if alone:
            raise
    except (LbackError, OSError) as err:
        if alone:
            raise
        return HookReport(facts=(Failed(str(err)),))
    is_news = options.name == "pre-commit" and _is_taken_away(ctx, environment)
    return HookReport(facts=(Gone(),)) if is_news else None


def _is_taken_away(ctx: Context, environment: Environment) -> bool:
    """Tell whether the next commit takes the configuration of an environment away."""
    if ctx.repository is None or ctx.repository.head().commit is None:
        return False
    named = (environment.config,) if environment.config else CONFIGS
    names = [PurePosixPath(environment.folder, name).as_posix() for name in named]
    before, after = (ctx.repository.files(at, names) for at in ("HEAD", INDEX))
    return bool(before.keys() - after.keys())


def _environments(ctx: Context) -> tuple[Environment, ...]:
    """Return what the hook is about; git calls it at the root, environments may lie below."""
    options = ctx.options
    if options.directory is not None or options.config is not None or options.name is not None:
        return ()
    return guarded(ctx) or around(ctx)


def _placed(ctx: Context, report: HookReport, environment: Environment, start: Path) -> HookReport:
    """Return a report that says which environment it is about, and in each next command."""
    about = About(environment.name, words(ctx, environment, start))
    folder = "" if environment.folder == "." else environment.folder
    findings = [
        each._replace(hint=placed(each.hint, about.where), path=each.path or folder)
        for each in report.findings
    ]
    return replace(report, facts=(about, *report.facts), findings=tuple(findings))


def _said_once(reports: Sequence[HookReport]) -> list[HookReport]:
    """Leave out what is said of models by one environment and settled, or said, by another.

    A file of models may serve several: a migration in one of them is a migration.
    """
    told: set[tuple[str, str]] = set()
    left = []
    for report in reports:
        kept = []
        for finding in report.findings:
            key = (finding.code, finding.path)
            about_models = finding.path in report.models
            if about_models and (key in told or not _all_say(reports, key)):
                continue
            told.add(key)
            kept.append(finding)
        left.append(replace(report, findings=tuple(kept)))
    return left


def _all_say(reports: Sequence[HookReport], key: tuple[str, str]) -> bool:
    looked = [report for report in reports if key[1] in report.models]
    return all(
        any((finding.code, finding.path) == key for finding in each.findings) for each in looked
    )


def _report(ctx: Context, options: HookOptions, switch: Switch) -> HookReport:
    """Do what the hook does, and import no more than that."""
    # `git commit --amend` rewrites, too, and brings nothing.
    amended = options.name == "post-rewrite" and options.arguments[:1] not in ((), ("rebase",))
    if options.name in ("post-merge", "post-rewrite") and not amended:
        from lback.project.githooks.arrivals import arrivals

        squashed = options.name == "post-merge" and options.arguments[:1] == ("1",)
        return arrivals(ctx, squashed=squashed)
    if options.name == "pre-commit":
        from lback.project.githooks.pre_commit import pre_commit

        return pre_commit(ctx)
    if options.name in ("post-commit", "post-applypatch"):
        from lback.project.githooks.pre_commit import post_commit

        return post_commit(ctx)
    if options.name == "post-checkout":
        from lback.project.githooks.checkout import post_checkout

        return post_checkout(ctx, options.arguments, switch)
    if options.name == "pre-push":
        from lback.project.githooks.pre_push import pre_push

        return pre_push(ctx, options.arguments, options.stdin)
    # A newer shim may name a hook that this version does not know: say nothing, stop nothing.
    return HookReport()
