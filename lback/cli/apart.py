"""A command for one of several environments, in a process of its own.

What one env.py has imported, set or put on the path is nothing for the next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lback.cli import streams
from lback.project.options import Environment
from lback.start import taken

_PROGRAM = """
import json, sys
sys.path[:], taken, only, prog = json.loads(sys.argv.pop(1))
from lback.start import take_over
take_over(taken)
from lback.cli.main import main
main(sys.argv[1:], prog, only)
"""


def call(
    prog: str, environment: Environment, args: Sequence[str], *, shown: bool
) -> tuple[int, str]:
    """Run a command line for one environment; return its exit status, and what it printed.

    Where it is `shown`, it prints where this process does.
    """
    home = os.fspath(Path(__file__).parents[2])
    path = [entry for entry in sys.path if entry != home]
    mine = json.dumps([[*path, home], taken(), environment.spelled(), prog])
    streams.let_nothing_wait()
    environ, out = dict(os.environ), subprocess.PIPE
    if shown and streams.taken():
        streams.failure()
        out = streams.result().fileno()
    else:
        environ["PYTHONIOENCODING"] = "utf-8"
    child = subprocess.run(
        [sys.executable, "-c", _PROGRAM, mine, *args],
        stdout=out,
        encoding="utf-8",
        env=environ,
        check=False,
    )
    return child.returncode if child.returncode >= 0 else 3, child.stdout or ""
