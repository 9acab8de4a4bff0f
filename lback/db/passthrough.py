"""Alembic's own command line on this project, with its own output and errors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from alembic.config import CommandLine
from alembic.util.exc import CommandError

from lback.core.settings import Settings
from lback.db.flaskapp import application_context
from lback.db.project import build_config, config_files
from lback.errors import LbackError


def run_alembic(
    settings: Settings, folder: Path, arguments: Sequence[str], *, x: Sequence[str] = ()
) -> int:
    """Run `alembic ARGUMENTS` in the project's folder; return its exit status.

    LbackError where Alembic says no, with Alembic's words.
    """
    os.chdir(folder)
    ini, _ = config_files(settings, folder)
    given = ["-c", str(ini)] if ini else []
    if settings.section != "alembic":
        given += ["-n", settings.section]
    for one in x:
        given += ["-x", one]
    line = CommandLine("alembic")
    try:
        options = line.parser.parse_args([*given, *arguments])
    except SystemExit as leave:
        return int(leave.code or 0)
    if not hasattr(options, "cmd"):
        line.parser.print_help()
        return 2
    config = build_config(settings, folder, x=x)
    config.cmd_opts = options
    function, positional, keywords = options.cmd
    values = [getattr(options, name, None) for name in positional]
    named = {name: getattr(options, name, None) for name in keywords}
    from alembic.script import ScriptDirectory

    try:
        place = Path(ScriptDirectory.from_config(config).dir) / "env.py"
        with application_context(settings, place, config) as bound:
            function(bound, *values, **named)
    except CommandError as err:
        raise LbackError(f"alembic: {err}", "See `lback status` for where things stand.") from err
    return 0
