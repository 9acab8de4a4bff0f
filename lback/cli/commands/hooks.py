"""`lback hooks`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Group
from lback.core.hook_names import NAMES
from lback.formats.style import Style, safe
from lback.formats.words import listing

if TYPE_CHECKING:
    from lback.app.hooks import HooksResult


@click.group("hooks", cls=Group)
@common
def command() -> None:
    """Install, remove or inspect the git hooks.

    Example: `lback hooks install`
    """


@command.command("install")
@click.option(
    "--only", multiple=True, type=click.Choice(NAMES), help="Install this hook only; repeatable."
)
@click.option("--write", is_flag=True, help="Write the lines into the other hook manager's file.")
@click.option(
    "--force", is_flag=True, help="Replace a hook of lback that was edited by hand; keep a copy."
)
@common
def install(only: tuple[str, ...], write: bool, force: bool) -> int:
    """Install the git hooks; an existing hook is kept and still runs first.

    Example: `lback hooks install --only post-merge`
    """
    from lback.app.hooks import HooksOptions, hooks_install

    options = HooksOptions(names=only or NAMES, write=write, force=force)
    return run(lambda ctx: hooks_install(ctx, options))


@command.command("uninstall")
@click.option(
    "--all", "everything", is_flag=True, help="Also for the other environments of the repository."
)
@click.option("--force", is_flag=True, help="Remove a hook of lback that was edited by hand, too.")
@common
def uninstall(everything: bool, force: bool) -> int:
    """Remove the git hooks and put back what was there before.

    Where they guard several environments, the one here is guarded no longer, and the hooks
    stay for the others.

    Example: `lback hooks uninstall`
    """
    from lback.app.hooks import HooksOptions, hooks_uninstall

    return run(lambda ctx: hooks_uninstall(ctx, HooksOptions(everything=everything, force=force)))


@command.command("status")
@common
def status() -> int:
    """Show which hooks are installed.

    Example: `lback hooks status`
    """
    from lback.app.hooks import hooks_status

    return run(hooks_status)


_GOOD = frozenset({"installed", "updated", "unchanged", "removed", "restored", "absent"})

_EITHER_WAY = "add the lines, or let `lback hooks install --write` do it"
_LEFT = "add them by hand: `--write` leaves alone what has an entry for the hook, or ends early"
_BY_HAND = "add them by hand; a new script begins with `#!/bin/sh` and is made executable"


def lines(result: HooksResult, style: Style) -> Iterator[str]:
    """Yield one line a hook, then the lines to add for another hook manager."""
    for row in result.hooks:
        path = row.path.removeprefix(f"{result.root}/") if result.root else row.path
        paint = style.green if row.state in _GOOD else style.yellow
        message = f"  {safe(row.message)}" if row.message else ""
        yield f"{row.hook:<16} {paint(f'{row.state:<10}')} {safe(path)}{style.dim(message)}"
    one_at_the_root = [row.name for row in result.environments] == ["."]
    if result.unguarded or not one_at_the_root:
        for number, environment in enumerate(result.environments):
            absent = "" if environment.here else style.dim("  not in this checkout")
            yield f"{'' if number else 'guarded':<16} {safe(environment.name)}{absent}"
    if result.environments and result.unguarded and result.action == "status":
        yield f"{'not guarded':<16} {listing(result.unguarded)}"
        yield f"{style.cyan('next:')} `lback hooks install` guards them, too"
    advised = [row for row in result.hooks if row.lines]
    for row in advised:
        yield ""
        yield f"{row.manager} runs {row.hook}: add this to {safe(row.into or '')}"
        yield from (f"    {line}" for line in row.lines)
    if advised:
        yield ""
        way = _LEFT if result.wrote else _EITHER_WAY
        if all(row.by_hand for row in advised):
            way = _BY_HAND
        yield f"{style.cyan('next:')} {way}"
