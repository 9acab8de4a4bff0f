"""`lback explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style

if TYPE_CHECKING:
    from lback.app.explain import ExplainResult


@click.command("explain", cls=Command)
@click.argument("code")
@common
def command(code: str) -> int:
    """Explain what a finding means and how to fix it.

    Example: `lback explain LB101`
    """
    from lback.app.explain import explain

    return run(lambda ctx: explain(code))


def lines(result: ExplainResult, style: Style) -> Iterator[str]:
    """Yield the page of one code."""
    yield style.bold(f"{result.code} ({result.severity}): {result.title}")
    yield from result.text.splitlines()[1:]
