"""How a command runs: options to context, result to terminal."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lback.cli.apart import call
from lback.cli.terminal import Terminal
from lback.core.messages import projects as messages
from lback.core.results import EACH, Result, failed, together
from lback.core.shell import named
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.environments import (
    around,
    environment_of,
    left_out,
    placed_at,
    root_of,
)
from lback.project.options import Environment, Options

# Commands without a project: what names one is of no use to them.
_NO_PROJECT = ("explain", "demo", "init", "completion")
_WHERE = ("-C", "-c", "--config", "-n", "--name", "--db")
# Commands that never run env.py, and those that cannot do without it.
_NEVER_ENV = (*_NO_PROJECT, "heads", "radar", "hooks")
_IN_HERE = (*_NEVER_ENV, "graph")  # asks a database for one environment only
_ALWAYS_ENV = ("makemigrations", "migrate", "rollback", "restore", "switch", "alembic", "database")


def run(
    use_case: Callable[[Context], Result],
    idle: Mapping[str, Any] | None = None,
    form: str = "text",
    *,
    each: bool = True,
    base: str | None = None,
    show: Callable[[Terminal, Result], int] | None = None,
) -> int:
    """Call a use case with the options of this run, print its result, return the exit status.

    `idle` are options that have nothing to do this time; it is said which were given. A
    command of `EACH` is called for each environment that lies below, unless `each` is false.
    `show` is what is done with the result of the only one where it is not printed.
    """
    every = opened(idle, each=each, base=base)
    started = time.monotonic()
    if len(every) > 1:
        code = _through(every, use_case)
        tell_more(every[0], started)
        return code
    (ctx,) = every
    terminal = ctx.console
    assert isinstance(terminal, Terminal)
    try:
        result = use_case(ctx)
        return show(terminal, result) if show is not None else terminal.show(result, form)
    finally:
        tell_more(ctx, started)


def opened(
    idle: Mapping[str, Any] | None = None, *, each: bool = True, base: str | None = None
) -> tuple[Context, ...]:
    """Return the contexts of this run: one, or one for each environment that lies below.

    Those that lie below at the commit `base`, and not here, are among them.
    UsageError where the common options cannot be meant, or where one has to be named.
    """
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
    if options.command in (*_NO_PROJECT, "hook", "hooks"):
        return (ctx,)
    return _placed(ctx, base, each=each and options.command in EACH) or (ctx,)


def _placed(ctx: Context, base: str | None, *, each: bool) -> tuple[Context, ...]:
    """Return contexts for what lies below, where nothing is configured here; () elsewhere."""
    options = ctx.options
    every = around(ctx) if options.only is None else (Environment.parse(options.only),)
    if base is not None and options.only is None:
        every = _with_those_of(ctx, base, every)
    places = [environment.options(options, root_of(ctx), ctx.cwd) for environment in every]
    if len(every) > 1 and not each:
        words = [place.place for place in places]
        raise messages.several([environment.name for environment in every], _line(options), words)
    terminal = ctx.console
    assert isinstance(terminal, Terminal)
    if len(every) == 1:
        if options.only is None:
            terminal.note(messages.the_only(every[0].name, options.command, places[0].place))
        # The gate's own messages are about it as well.
        options.directory, options.config, options.name = (
            getattr(places[0], name) for name in ("directory", "config", "name")
        )
        return (placed_at(ctx, every[0], options, terminal),)
    return tuple(
        placed_at(ctx, value, inner, Terminal(inner, terminal.prog))
        for value, inner in zip(every, places, strict=True)
    )


def _line(options: Options) -> tuple[str, ...]:
    """Return the words of the command line from its command on, if none says where it is."""
    args = options.args
    after = args[args.index(options.command) :] if options.command in args else ()
    return (options.command,) if set(after).intersection(_WHERE) else after or (options.command,)


def _with_those_of(
    ctx: Context, base: str, every: tuple[Environment, ...]
) -> tuple[Environment, ...]:
    """Add what a branch has and the files here have not; () where that is nothing."""
    try:
        here = every or (environment_of(ctx),)
    except LbackError:
        here = ()
    more = left_out(ctx, base, here)
    return (*here, *more) if more else every


def _through(every: Sequence[Context], use_case: Callable[[Context], Result]) -> int:
    """Call a use case for each of several environments; the exit status is the worst."""
    codes: list[int] = []
    reports = []
    for ctx in every:
        terminal, environment = ctx.console, ctx.environment
        assert isinstance(terminal, Terminal) and environment is not None
        ctx.options.no_pager = True
        if not ctx.options.json:
            terminal.heading(environment.name, first=not codes)
        answer = _in_here if ctx.options.command in _IN_HERE else _apart
        code, report = answer(ctx, terminal, use_case)
        codes.append(code)
        reports.append((environment, report))
    if every[0].options.json:
        Terminal(options_of_run()).answer(together(reports))
    return max(codes)


def _in_here(
    ctx: Context, terminal: Terminal, use_case: Callable[[Context], Result]
) -> tuple[int, dict[str, Any]]:
    """Show a result, or why there is none; return it as JSON has it as well."""
    options = ctx.options
    try:
        result = use_case(ctx)
    except LbackError as err:
        if not options.json:
            terminal.error(err.message, err.hint or "")
        return err.exit_code, failed(options.command, err)
    return result.exit_code if options.json else terminal.show(result), result.as_dict()


def _apart(
    ctx: Context, terminal: Terminal, _: Callable[[Context], Result]
) -> tuple[int, dict[str, Any]]:
    """Let another process do it, for env.py is run."""
    options, environment = options_of_run(), ctx.environment
    assert environment is not None
    code, text = call(terminal.prog, environment, options.args, shown=not options.json)
    if options.json:
        return code, json.loads(text) if text else failed(options.command, messages.ended(code))
    if text:
        terminal.document(text.removesuffix("\n"))
    return code, {}


def options_of_run() -> Options:
    """Return the common options of the command that runs."""
    return click.get_current_context().find_root().ensure_object(Options)


def for_env(*, used: bool = False) -> dict[str, Any]:
    """Return the options that are for env.py, unless that is run."""
    options = options_of_run()
    return {} if used else {"-x": options.x, "--db": options.database}


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
    unused: dict[str, Any] = {}
    if options.command in _NO_PROJECT:
        unused = {
            "--config": options.config,
            "--name": options.name,
            "--script-location": options.script_location,
        }
    if options.command in _NEVER_ENV:
        unused |= for_env()
    return unused


def from_here(options: Options, path: str) -> str:
    """Return a path of the command line as it is meant: from the folder that -C names."""
    return path if options.directory is None else os.fspath(Path.cwd() / options.directory / path)
