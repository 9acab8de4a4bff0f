"""`lback doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.doctor import DoctorResult


@click.command("doctor", cls=Command)
@click.option("--fix", is_flag=True, help="Mend what needs no change of rows or of history.")
@click.option("--yes", "-y", is_flag=True, help="With --fix: mend without asking.")
@common
def command(fix: bool, yes: bool) -> int:
    """Show what lback found: configuration, git, database, hooks; and how to fix what is wrong.

    Example: `lback doctor --fix --yes`
    """
    from lback.app.doctor import DoctorOptions, doctor

    idle = {} if fix else {"--yes": yes}
    return run(lambda ctx: doctor(ctx, DoctorOptions(fix, yes)), idle)


def lines(result: DoctorResult, style: Style) -> Iterator[str]:
    """Yield a line for each thing that was looked at, and the fix below what is wrong."""
    paint = {"error": style.red, "warning": style.yellow, "note": style.cyan, "ok": style.green}
    for line in result.lines:
        mark = paint[line.level](f"{line.level:<7}")
        mended = style.green(" (mended)") if line.mended else ""
        yield f"{mark} {line.topic:<13} {safe(line.text)}{mended}"
        if line.fix:
            yield f"{'':<21} {style.cyan('next:')} {safe(line.fix)}"
