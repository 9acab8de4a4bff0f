"""`lback completion`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Script, Style

if TYPE_CHECKING:
    from lback.app.completion import CompletionResult

# What the shell calls, and the variable by which it asks; `lback.cli.main` answers.
_PROGRAM = "lback"
_VARIABLE = "_LBACK_COMPLETE"


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
def command(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print the script that completes commands and options in a shell.

    Example: `lback completion bash`

    For bash, put this into ~/.bashrc: eval "$(lback completion bash)"
    """
    from lback.app.completion import completion

    return run(lambda ctx: completion(shell, _script(shell)))


def _script(shell: str) -> str:
    """Return click's script, with no look at which bash is installed where it is written."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(click.get_current_context().find_root().command, {}, _PROGRAM, _VARIABLE)
    return maker.source_template % maker.source_vars()


def lines(result: CompletionResult, style: Style) -> Iterator[str]:
    """Yield the script as it is."""
    yield Script(result.script)
