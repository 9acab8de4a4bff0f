"""How a command runs: options to context, result to terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from lback.cli.terminal import Terminal
from lback.core.messages import projects as messages
from lback.core.results import Result
from lback.core.shell import named
from lback.project.context import Context
from lback.project.options import Options

# Commands without a project: what names one is of no use to them.
_NO_PROJECT = ("explain", "demo", "init")
# Commands that never run env.py, and those that cannot do without it.
_NEVER_ENV = (*_NO_PROJECT, "heads", "graph", "show", "blame", "radar", "hooks")
_ALWAYS_ENV = ("makemigrations", "migrate", "rollback", "restore", "switch", "alembic")


def run(
    use_case: Callable[[Context], Result],
    idle: Mapping[str, Any] | None = None,
    form: str = "text",
) -> int:
    """Call a use case with the options of this run, print its result, return the exit status.

    `idle` are options that have nothing to do this time; it is said which were given.
    """
    ctx = opened(idle)
    terminal = ctx.console
    assert isinstance(terminal, Terminal)
    started = time.monotonic()
    try:
        return terminal.show(use_case(ctx), form)
    finally:
        tell_more(ctx, started)


def opened(idle: Mapping[str, Any] | None = None) -> Context:
    """Return the context of this run; UsageError where the common options cannot be meant."""
    options = options_of_run()
    terminal = Terminal(options, click.get_current_context().find_root().info_name or "lback")
    _refuse_contradictions(options)
    ctx = Context(options, terminal)
    if options.directory is not None:
        _ = ctx.cwd  # a folder that is not there is an error for every command
    unused = {**_unused(options), **(idle or {})}
    given = [name for name, value in unused.items() if value not in (None, False, ())]
    if given:
        verb = "is" if len(given) == 1 else "are"
        terminal.note(f"note: {' and '.join(given)} {verb} not used here")
    return ctx


def options_of_run() -> Options:
    """Return the common options of the command that runs."""
    return click.get_current_context().find_root().ensure_object(Options)


def tell_more(ctx: Context, started: float) -> None:
    """Say what went without git, and under `--verbose` what was read, where, and how long."""
    if ctx.no_git is not None and ctx.no_git is not sys.exc_info()[1] and not _tells(ctx):
        ctx.console.warn(messages.without_git(ctx.no_git))
    revisions = vars(ctx).get("revisions")
    gone = revisions.lost_head if revisions is not None else None
    if gone is not None:
        ctx.console.note(messages.head_gone(*gone))
    if not ctx.options.verbose:
        return
    known = vars(ctx)
    project, repository = known.get("project"), known.get("repository")
    if project is not None:
        where = project.settings.config_path or "no configuration"
        ctx.console.detail(f"project: {project.folder}, {where}")
    if repository is not None:
        ctx.console.detail(f"repository: {repository.root or repository.common_dir}")
    ctx.console.detail(f"{named(ctx.options.command)} took {time.monotonic() - started:.2f} s")


def _tells(ctx: Context) -> bool:
    """Tell whether the result itself says why git tells nothing."""
    return ctx.options.command in ("check", "doctor", "hook")


def apart(given: Mapping[str, Any]) -> None:
    """Refuse options that cannot be meant together."""
    named = [name for name, value in given.items() if value not in (None, False, ())]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} cannot be used together.")


def _refuse_contradictions(options: Options) -> None:
    apart({"--quiet": options.quiet, "--verbose": options.verbose})
    for name in ("config", "name"):
        apart(
            {"--script-location": options.script_location, f"--{name}": getattr(options, name)},
        )
    if options.script_location is not None and options.command == "hooks":
        raise click.UsageError("The hooks go by a configuration; name it with --config.")
    if options.script_location is not None and options.command in _ALWAYS_ENV:
        raise click.UsageError(
            f"{named(options.command)} runs env.py, and --script-location leaves its configuration "
            "out; name the configuration with --config."
        )


def _unused(options: Options) -> dict[str, Any]:
    """Return the common options that this command has no use for."""
    found: dict[str, Any] = {}
    if options.command in _NO_PROJECT or click.get_current_context().info_name == "uninstall":
        found = {
            "--config": options.config,
            "--name": options.name,
            "--script-location": options.script_location,
        }
    if options.command in _NEVER_ENV:
        found["-x"] = options.x
    return found


def from_here(ctx: Context, path: str) -> str:
    """Return a path of the command line as it is meant: from the folder that -C names."""
    return path if ctx.options.directory is None else os.path.join(ctx.cwd, path)  # noqa: PTH118
