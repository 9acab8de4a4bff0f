"""What people type who come from Alembic, Flask-Migrate, Django or git, and what it is here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches

import click

from lback.core.shell import command, named, typed

_APPLY = "`lback migrate` applies what is pending"
_UNDO = "`lback rollback TABLE` undoes one table's change, `lback migrate REVISION` goes down"
_WRITE = "`lback makemigrations NAME` writes a revision"
_STANDS = "`lback status` says where the database stands, `lback graph` shows all revisions"
_COMMANDS = {
    "upgrade": _APPLY,
    "up": _APPLY,
    "apply": _APPLY,
    "downgrade": _UNDO,
    "down": _UNDO,
    "undo": _UNDO,
    "revert": _UNDO,
    "revision": _WRITE,
    "new": _WRITE,
    "generate": _WRITE,
    "autogenerate": _WRITE,
    "current": _STANDS,
    "showmigrations": _STANDS,
    "stamp": "`lback migrate REVISION --fake` marks revisions as applied without running them",
    "branches": "`lback heads` and `lback graph` show where revisions fork",
    "db": "what follows `flask db` stands alone here: `lback migrate` for `flask db upgrade`",
    "sqlmigrate": "`lback migrate --sql` prints the SQL",
    "squashmigrations": "`lback squash` makes one revision of several",
    "lint": "`lback check` looks at the migrations",
    "install": "`lback hooks install` lets git tell you of forks",
    "uninstall": "`lback hooks uninstall` takes the hooks out again",
    "help": "`lback --help` lists all commands",
    "version": "`lback --version` says it",
}
_OF_ALEMBIC = (
    *("branches", "current", "downgrade", "edit", "ensure_version", "list_templates"),
    *("revision", "stamp", "upgrade"),
)
_NAME = "the name stands alone: `lback makemigrations 'add users'`"
_OPTIONS = {
    ("makemigrations", "-m"): _NAME,
    ("makemigrations", "--message"): _NAME,
    ("makemigrations", "--autogenerate"): "models are compared anyway; `--empty` leaves that out",
    ("merge", "-m"): "everybody's merge revision is the same file, so it has no other message",
    ("merge", "--message"): "everybody's merge revision is the same file, without a message",
}
_EXTRA = {
    "makemigrations": "put a name of several words in quotes",
    "merge": "the heads are found without naming them",
    "blame": "`--column NAME` is about one column",
}
# Where a command has one of these, it may be meant by a word too many.
_NAMING = (
    ("--onto", "`--onto REF` names the branch to move onto"),
    ("--against", "`--against REF` names the branch to compare with"),
    ("--at", "`--at REF` names a commit or a branch to look at"),
)


class UnknownCommand(click.UsageError):
    """A word that is no command, where one has to stand."""

    def __init__(self, name: str, ctx: click.Context) -> None:
        near = [] if name in _COMMANDS else get_close_matches(name, _commands(ctx), n=1)
        nearest = f" Did you mean {named(near[0])}?" if near else ""
        super().__init__(f"There is no command {named(name)}.{nearest}", ctx)
        self.name = name


def advice(err: click.UsageError, args: Sequence[str]) -> str:
    """Return what to type instead of a command line that click did not take, and where it says."""
    if err.ctx is None:
        return "see `lback --help`"
    path = err.ctx.command_path.removeprefix(err.ctx.find_root().info_name or "")
    see = f"see {command(f'lback{path}', then='--help')}"
    known = _known(err, err.ctx, args)
    return f"{known}; or {see}" if known else see


def _known(err: click.UsageError, ctx: click.Context, args: Sequence[str]) -> str:
    if isinstance(err, UnknownCommand):
        return _instead(err.name, args)
    name = ctx.command.name or ""
    taken = {word for param in ctx.command.params for word in param.opts}
    if isinstance(err, click.NoSuchOption):
        if ctx.parent is None:
            late = next((word for word in args if word in _commands(ctx)), "")
            return f"what only {named(late)} takes stands after that word" if late else ""
        return _option(name, err.option_name, taken)
    if "unexpected extra argument" in err.message:
        meant = (text for option, text in _NAMING if option in taken)
        return _EXTRA.get(name) or next(meant, "")
    return ""


def _commands(ctx: click.Context) -> list[str]:
    program = ctx.find_root().command
    return program.list_commands(ctx) if isinstance(program, click.Group) else []


def _instead(name: str, args: Sequence[str]) -> str:
    ways = [_COMMANDS[name]] if name in _COMMANDS else []
    if name in _OF_ALEMBIC:
        own = shlex.join(("lback", "alembic", *args[args.index(name) :]))
        ways.append(f"{typed(own)} is Alembic's own")
    return "; ".join(ways)


def _option(name: str, option: str, taken: set[str]) -> str:
    if re.fullmatch(r"-\d+", option) and name in ("migrate", "rollback"):
        return "`lback rollback --steps N` undoes the last N revisions"
    if option in ("--dry-run", "--pretend") and "--plan" in taken:
        return "`--plan` shows what would be done"
    return _OPTIONS.get((name, option), "")
