"""What every command asks of its command line, whatever its options are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from lback.cli.terminal import Terminal
from lback.core.results import envelope
from lback.project.options import Options

if TYPE_CHECKING:
    _Base = click.Command
else:
    _Base = object


class Strict(_Base):
    """A command line on which no value is empty, eaten, or given twice and forgotten once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look at what was given before click makes values of it; UsageError says what is odd."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            present(ctx, "help", ctx.get_help())
            ctx.exit()
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        names = {name for param in self.get_params(ctx) for name in param.opts}
        for param, times in Counter(order).items():
            texts = _texts(given.get(param.name or ""))
            if param.type is not click.UNPROCESSED:
                for text in texts:
                    _refuse_odd(ctx, param, text, names - _joined(param, text, args))
            if times > 1 and texts and not param.multiple:
                raise click.UsageError(f"{_label(ctx, param)} is given {times} times.", ctx)
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Let the help page go where results go, and be one object under `--json`."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Command(Strict, click.Command):
    """One command."""


class Group(Strict, click.Group):
    """A command with commands of its own."""

    command_class = Command


def present(ctx: click.Context, key: str, text: str) -> None:
    """Print a text that is the whole result: the help, or the version."""
    root = ctx.find_root()
    options = root.ensure_object(Options)
    terminal = Terminal(options, root.info_name or "lback")
    if options.json:
        terminal.answer(envelope(options.command, {key: text}))
    else:
        terminal.document(text)


def _show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        present(ctx, "help", ctx.get_help())
        ctx.exit()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)):
        return [name for name in value if isinstance(name, str)]
    return []


def _joined(param: click.Parameter, text: str, args: list[str]) -> set[str]:
    """Return the option that a value looks like, where it was written as one word with its own."""
    words = {word for opt in param.opts for word in (f"{opt}={text}", f"{opt}{text}")}
    return {text.partition("=")[0]} if words & set(args) else set()


def _label(ctx: click.Context, param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.human_readable_name or "").upper()


def _refuse_odd(ctx: click.Context, param: click.Parameter, text: str, names: set[str]) -> None:
    label = _label(ctx, param)
    if not text.strip(" \t\r\n,"):
        raise click.UsageError(f"{label} is empty.", ctx)
    if "\0" in text:
        raise click.UsageError(f"{label} holds a NUL character.", ctx)
    if text.partition("=")[0] in names and isinstance(param, click.Option):
        raise click.UsageError(f"{label} needs a value, and {text} is an option.", ctx)
