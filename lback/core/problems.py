"""What is wrong with a set of revision files, before it is a finding."""

from __future__ import annotations

from typing import NamedTuple

from lback.core.revision import Unreadable


class Problem(NamedTuple):
    """One thing that is wrong: a code of the contract, a place and the way out."""

    code: str
    message: str
    hint: str
    path: str = ""
    line: int = 0
    revisions: tuple[str, ...] = ()


def unreadable(path: str, header: Unreadable) -> Problem:
    """Return the problem of a file that has no header."""
    hint = {
        "LB109": "resolve the conflict in this file, then `git add` it",
    }.get(header.code, "write `revision` and `down_revision` as plain strings")
    return Problem(header.code, header.message, hint, path=path, line=header.line)
