"""Runs a command in this process, or as a child where it runs code of the project."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

from lback.cli.gate import guarded
from lback.cli.main import program
from tests.check.team import Team
from tests.worlds.processes import python

Run = Callable[[Team], str]


def here(*arguments: str) -> Run:
    """Run a command in this process; give what it prints, and where git stands then."""

    def run(shop: Team) -> str:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            code = guarded(program, ["-C", str(shop.path), *arguments], "lback")
        left = shop.git("status", "--porcelain") + shop.git("log", "--format=%s %p", "-2")
        return f"{code}\n{out.getvalue()}\n{left}"

    return run


def child(*arguments: str) -> Run:
    """Run a command that runs code of the project."""

    def run(shop: Team) -> str:
        done = python(("-m", "lback", *arguments), shop.path, os.environ)
        return f"{done.returncode}\n{done.stdout}{done.stderr}"

    return run
