"""What is wrong with a set of revision files, before it is a finding."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: a code of the contract, a place and the way out."""

    code: str
    message: str
    hint: str
    path: str = ""
    line: int = 0
    revisions: tuple[str, ...] = ()
