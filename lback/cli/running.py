"""How a command runs: options to context, result to terminal."""

from __future__ import annotations

from collections.abc import Callable

import click

from lback.app.context import Context, Options
from lback.cli.terminal import Terminal
from lback.core.result import Result


def run(use_case: Callable[[Context], Result]) -> int:
    """Call a use case with the options of this run, print its result, return the exit status."""
    root = click.get_current_context().find_root()
    options = root.ensure_object(Options)
    terminal = Terminal(options, root.info_name or "lback")
    return terminal.show(use_case(Context(options, terminal)))
