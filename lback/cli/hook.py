"""`lback hook NAME …`: what the installed shims call; not for people."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command

if TYPE_CHECKING:
    from lback.app.context import Context
    from lback.core.hook_facts import Switched


@click.command("hook", cls=Command, hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("hook_name", metavar="NAME")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common
def command(hook_name: str, arguments: tuple[str, ...]) -> int:
    """Do what one git hook does; exit 1 only when a finding should stop git.

    Example: `lback hook post-merge 0`
    """
    from lback.app.hook import HookOptions, framework_call, hook

    # A script with Windows line ends that calls the shim adds one to the last argument, or as it.
    arguments = tuple(one for one in (each.rstrip("\r") for each in arguments) if one)
    # Only these two are given something to read; the others might wait for ever.
    reads = hook_name in ("pre-push", "post-rewrite")
    call = framework_call(hook_name, os.environ) if not arguments else None
    if call is not None:
        arguments, given = call
    else:
        given = sys.stdin.read() if reads and sys.stdin and not sys.stdin.isatty() else ""
    options = HookOptions(hook_name, arguments, given)
    return run(lambda ctx: hook(ctx, options, _switch))


def _switch(ctx: Context) -> Switched:
    """Take the database along; rows are never lost without a question."""
    from lback.app.hook import Switched
    from lback.app.switch import SwitchOptions, switch

    done = switch(ctx, SwitchOptions())
    return Switched(
        tuple(row["revision"] for row in done.data["undoes"]),
        tuple(row["revision"] for row in done.data["applies"]),
        done.message,
    )
