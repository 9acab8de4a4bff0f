"""The entry of the program: one lazy group and one gate for errors."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

# Modules, and ten thousand headers, are objects that all live until the end: looking for garbage
# among them takes up to a sixth of the time of `heads`. It begins with the import of click.
gc.set_threshold(100_000, 20, 20)

import click  # noqa: E402

from lback.cli.group import LazyGroup  # noqa: E402
from lback.cli.options import common  # noqa: E402
from lback.cli.strict import present  # noqa: E402
from lback.cli.terminal import Terminal  # noqa: E402
from lback.project.options import Options  # noqa: E402

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        present(ctx, "version", f"lback {version('lback-migrations')}")
        ctx.exit()


def _json_schema(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and not ctx.resilient_parsing:
        from lback.cli.running import apart
        from lback.cli.schemas import schema_text

        options = ctx.ensure_object(Options)
        apart({"--json": options.json, "--json-schema": value})
        Terminal(options).document(schema_text(value))
        ctx.exit()


@click.group(cls=LazyGroup, context_settings=_SETTINGS, invoke_without_command=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
@click.option(
    "--json-schema",
    metavar="COMMAND",
    is_eager=True,
    expose_value=False,
    callback=_json_schema,
    help="Show the JSON Schema of what COMMAND prints with --json.",
)
@common
@click.pass_context
def program(ctx: click.Context) -> None:
    """Change one database schema from many git branches without hurting each other.

    Example: after a pull, `lback status` says where database, checkout and the
    shared branch stand, and which command comes next.
    """
    ctx.ensure_object(Options)
    if ctx.invoked_subcommand is None:
        present(ctx, "help", ctx.get_help())


def _elsewhere(home: str, args: list[str]) -> tuple[str, ...]:
    """Return `-C HOME` where a manage.py is called from outside of its project, as Django's is."""
    outside = not Path.cwd().is_relative_to(Path(home or ".").resolve())
    return ("-C", home) if outside and not any(arg.startswith("-C") for arg in args) else ()


def main(argv: list[str] | None = None, prog: str = "lback", only: str | None = None) -> NoReturn:
    """Run the program and leave with the contract's exit status.

    0 fine, 1 a check found something, 2 wrong usage, 3 refused or failed, 70 a bug
    of lback, 130 interrupted. `only` is one of the environments that lie below.
    """
    from lback.cli import streams
    from lback.cli.gate import guarded

    args = list(sys.argv[1:] if argv is None else argv)
    if argv is None and prog != "lback" and os.path.basename(sys.argv[0]) == prog:  # noqa: PTH119
        prog = sys.argv[0]
        args = [*_elsewhere(os.path.dirname(prog), args), *args]  # noqa: PTH120
    if "_LBACK_COMPLETE" in os.environ:  # a shell asks, by what `lback completion` has printed
        program.main([], prog_name="lback", obj=Options())
    streams.take()
    code = guarded(program, args, prog, only)
    # Python looks for garbage once more when it ends: among all that SQLAlchemy is made of,
    # that is a quarter of the time of a `migrate` with nothing to do.
    gc.freeze()
    sys.exit(code)
