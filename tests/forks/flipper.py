"""Changes many files to and fro as one, until it is killed; a child process of test_kill.py."""

from __future__ import annotations

import sys

from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.options import Options

COUNT = 30


def contents(state: str) -> dict[str, bytes | None]:
    """Return the files of a state: each has the same last word; half of them come and go."""
    found: dict[str, bytes | None] = {}
    for number in range(COUNT):
        gone = number % 2 == 0 and (number % 4 == 0) == (state == "old")
        text = f"# {number} {state}\n".encode() * 200
        found[f"migrations/versions/r{number}.py"] = None if gone else text
    return found


if __name__ == "__main__":
    ctx = Context(Options(directory=sys.argv[1]))
    change_files(ctx, contents("old"))
    print("ready", flush=True)
    while True:
        for state in ("new", "old"):
            change_files(ctx, contents(state))
