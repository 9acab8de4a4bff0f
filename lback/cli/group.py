"""The list of commands; a command's module is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from lback.cli.strict import Group
from lback.project.options import Options

# name: (module below lback.cli, one line for --help, section of --help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("init", "Start a project, or adopt an existing Alembic project.", "Every day"),
    "makemigrations": ("makemigrations", "Write a migration for what the models changed.", ""),
    "migrate": ("migrate", "Apply the pending revisions.", ""),
    "rollback": ("rollback", "Undo the latest change of one table.", ""),
    "restore": ("restore", "Restore the rows that a rollback saved.", ""),
    "status": ("status", "Show database, checkout and shared branch, and the next command.", ""),
    "diff": ("diff", "Show where two schemas differ: database, migrations, models, refs.", ""),
    "log": ("log", "Show what ran on the database, when, and who ran it.", ""),
    "heads": ("heads", "Show the heads of the revision graph.", "Reading"),
    "graph": ("graph", "Show the revision graph, here or at any commit.", ""),
    "show": ("show", "Show one revision: its place, its commit, what it does.", ""),
    "history": ("history", "Show who changed the schema, or one table, and when.", ""),
    "blame": ("blame", "Show who added and changed each column of a table.", ""),
    "merge": ("merge", "Join the heads of a fork with a merge revision.", "Branches"),
    "resolve": ("resolve", "Close a fork by a merge or a rebase, whichever is right.", ""),
    "switch": ("switch", "Bring the database to the revisions of a branch.", ""),
    "database": ("database", "Give each branch a database of its own.", ""),
    "rebase": ("rebase", "Move the local revisions onto the shared head.", ""),
    "squash": ("squash", "Make one revision of several, proved to build the same.", ""),
    "check": ("check", "Check the migrations for CI, as they are and once merged.", ""),
    "radar": ("radar", "Show which other branches will fork from or overlap with yours.", ""),
    "hooks": ("hooks", "Install, remove or inspect the git hooks.", ""),
    "doctor": ("doctor", "Show what lback found, what is wrong, and how to fix it.", "Help"),
    "explain": ("explain", "Explain what a finding means and how to fix it.", ""),
    "completion": ("completion", "Print what completes commands in bash, zsh or fish.", ""),
    "demo": ("demo", "Play the story of two developers in a temporary folder.", ""),
    "alembic": ("alembic", "Run any Alembic command on this project.", ""),
    "hook": ("hook", "What the git hooks call.", "-"),
}


class LazyGroup(Group):
    """A group that knows its commands by name only; see click's "complex" example."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the visible commands in the order of the help page."""
        return [name for name, (_, _, section) in COMMANDS.items() if section != "-"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"lback.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Say what was meant when there is no such command."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from lback.cli.habits import UnknownCommand

            raise UnknownCommand(args[0], ctx)
        resolved = super().resolve_command(ctx, args)
        ctx.find_root().ensure_object(Options).command = resolved[0] or ""
        return resolved

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section without importing them."""
        sections: list[tuple[str, list[tuple[str, str]]]] = []
        for name, (_, line, section) in COMMANDS.items():
            if section == "-":
                continue
            if section:
                sections.append((section, []))
            sections[-1][1].append((name, line))
        for title, rows in sections:
            with formatter.section(title):
                formatter.write_dl(rows)
