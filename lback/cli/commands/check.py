"""`lback check`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lback.cli.options import common
from lback.cli.running import apart, for_env, from_here, opened, options_of_run, run, tell_more
from lback.cli.strict import Command
from lback.cli.terminal import Terminal
from lback.core.checks.report import AskRow, CheckResult, ModelsRow, together
from lback.formats.style import Style, safe
from lback.formats.verdict import left_out, verdict
from lback.formats.words import counted, listing
from lback.project.discovery import relative

if TYPE_CHECKING:
    from lback.vcs.repository import Repository

FORMATS = ("text", "concise", "json", "github", "gitlab", "sarif", "junit", "markdown")


@click.command("check", cls=Command)
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Check a commit, a branch or `index` instead of the files.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="REF",
    help="The branch that this one will be merged into; repeatable.",
)
@click.option(
    "--replace", is_flag=True, help="Check a push: REF becomes this commit, nothing is merged."
)
@click.option("--policy", metavar="REF", help="Take the settings of REF (default: of --against).")
@click.option("--siblings", is_flag=True, help="Compare with every other open branch, too.")
@click.option("--refs", metavar="GLOB", help="The other branches, such as 'refs/pull/*/head'.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="The output format (default: text)."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    help="The lowest severity that makes the exit status 1.",
)
@click.option(
    "--select", multiple=True, metavar="CODES", help="Report only these codes, such as LB1,LB201."
)
@click.option("--ignore", multiple=True, metavar="CODES", help="Leave these codes out.")
@click.option("--baseline", metavar="FILE", help="Leave out the findings that FILE lists.")
@click.option(
    "--write-baseline", is_flag=True, help="Write all current findings into the baseline file."
)
@click.option(
    "--models",
    is_flag=False,
    flag_value="new",
    type=click.Choice(["new", "all"]),
    help="RUN env.py and the migrations on a scratch database: up, down, up; compare the models.",
)
@click.option("--deepen", is_flag=True, help="Fetch the history that a shallow clone lacks.")
@common
def command(form: str | None, **given: Any) -> int:
    """Check the migrations as they are, and as they will be once merged.

    Reads text and git's objects only, and runs nothing of a branch; except with --models,
    which is for branches that you trust.

    Example: `lback check --at my-branch --against origin/main --siblings`
    """
    from lback.app.check import CheckOptions, check

    if given["write_baseline"] and not given["baseline"]:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    options = options_of_run()
    apart({"--json": options.json, f"--format {form}": form if form != "json" else None})
    options.json = options.json or form == "json"
    idle = for_env(used=given["models"])
    baseline = given["baseline"] and from_here(options, given["baseline"])
    describe = form in ("markdown", "github")  # which has a page in Markdown, too
    asked = CheckOptions(**{**given, "baseline": baseline, "describe": describe})
    is_shown = options.json or form in (None, "text")
    each = not asked.write_baseline and (is_shown or not asked.models)
    if is_shown:
        return run(lambda ctx: check(ctx, asked), idle, each=each, base=asked.base)
    every = opened(idle, each=each, base=asked.base)
    started = time.monotonic()
    result = together([check(ctx, asked) for ctx in every])
    terminal = Terminal(options)
    if form == "concise":
        result = _seen_from_here(result, every[0].repository)
    if form == "github":
        _tell_github(terminal, result)
    code = terminal.show(result, form or "text")
    tell_more(every[0], started)
    return code


def _tell_github(terminal: Terminal, result: CheckResult) -> None:
    """Write the page of the job's summary and the outputs of its step, where a runner asks."""
    from lback.formats.github import outputs

    for name, text in (
        ("GITHUB_STEP_SUMMARY", terminal.rendered(result, "markdown")),
        ("GITHUB_OUTPUT", outputs(result)),
    ):
        if place := os.environ.get(name):
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(text + "\n")


def _seen_from_here(result: CheckResult, repository: Repository | None) -> CheckResult:
    """Return the result with paths as an editor opens them that was started in this folder."""
    root = repository.root if repository else None
    if root is None or root == Path.cwd():
        return result
    findings = tuple(
        one._replace(path=relative(root / one.path, Path.cwd())) if one.path else one
        for one in result.findings
    )
    return replace(result, findings=findings)


def lines(result: CheckResult, style: Style) -> Iterator[str]:
    """Yield what was compared with what, and how it stands."""
    yield f"{safe(result.at)}: {counted(result.count, 'revision')}, {_heads(result.heads)}"
    for merge in result.merges:
        conflicts = f", {counted(len(merge.conflicts), 'conflict')}" if merge.conflicts else ""
        word = "in place of" if merge.replaced else "merged with"
        yield f"{word} {safe(merge.against)}: {_heads(merge.would_be_heads)}{conflicts}"
    if not result.merges and all(finding.code != "LB108" for finding in result.findings):
        yield style.dim("merged with nothing: there is no other branch to compare with")
    if result.new_revisions:
        yield f"new here: {listing(result.new_revisions)}"
    for row in result.siblings:
        forks = counted(len(row.forks), "fork") if row.forks else "no fork"
        news = listing(row.new_revisions, 3)
        yield f"with {listing(row.branches)} by {safe(row.author)}: {forks} ({news})"
    if result.models and result.models.dialect:
        yield _run(result.models)
        yield from (f"  asks the rows: {_ask(ask)}" for ask in result.models.asks if not ask.why)
    for finding in result.left_out_findings:
        if finding.by == "comments":
            place = safe(finding.finding.path)
            yield style.dim(f"silenced {finding.finding.code} in {place}: {safe(finding.reason)}")
    if quiet := left_out(result):
        yield style.dim(quiet)
    paint = style.red if result.exit_code else style.green
    yield paint(verdict(result))


def _run(models: ModelsRow) -> str:
    """Say what was run, and in how many tables it met rows."""
    filled, refused = len(models.rows_in), len(models.no_rows_in)
    parts = ["all migrations"]
    if models.tried:
        parts.append(f"{len(models.tried)} of them up, down and up again")
    if filled or refused:
        parts.append(f"with a test row in {filled} of {counted(filled + refused, 'table')}")
    if models.differences is not None:
        parts.append("then compared with the models")
    return f"run on {models.dialect}: {', '.join(parts)}"


def _ask(ask: AskRow) -> str:
    return f"{safe(ask.path)}:{ask.line}: {safe(ask.statement)} ({safe(ask.kind)})"


def _heads(heads: Sequence[str]) -> str:
    word = "head" if len(heads) == 1 else "heads"
    return f"{len(heads)} {word}" + (f" ({listing(heads)})" if heads else "")
