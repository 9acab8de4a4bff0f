"""Which database belongs to which branch, as it is noted in git's common folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

_LONGEST = 63  # of PostgreSQL, in bytes; MySQL takes one more
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class BranchDatabase:
    """A database that was made for a branch.

    `server` and `base` say of which database it is a copy: server or kind, and name or file.
    `source` is the branch whose rows it began with, "" where there were none. Until it is
    `complete` nobody uses it.
    """

    branch: str
    server: str
    base: str
    name: str
    source: str = ""
    made: str = ""
    complete: bool = True

    def belongs(self, server: str, base: str) -> bool:
        """Tell whether it is a copy of a database."""
        return (self.server, self.base) == (server, base)


def parse_branches(text: str) -> tuple[BranchDatabase, ...]:
    """Read the note; ValueError for what is none."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("no list")
    return tuple(map(_row, rows))


def _row(row: Any) -> BranchDatabase:
    if not isinstance(row, dict):
        raise ValueError("no row")
    known = {field.name: field.type for field in fields(BranchDatabase)}
    given = {name: value for name, value in row.items() if name in known}
    if not all(isinstance(value, str | bool) for value in given.values()):
        raise ValueError("no text")
    try:
        return BranchDatabase(**given)
    except TypeError as err:
        raise ValueError(str(err)) from err


def branches_text(rows: Iterable[BranchDatabase]) -> str:
    """Return the note."""
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def name_for(base: str, branch: str, place: str) -> str:
    """Return a name for a branch's copy of a database, as short as every server takes it.

    `place` tells this clone and this server from others: two clones that use one server have
    a database each.
    """
    stem = _OTHER.sub("_", base.lower()).strip("_")[:24] or "database"
    slug = _OTHER.sub("_", branch.lower()).strip("_")[:24] or "branch"
    digest = hashlib.sha256("\0".join((place, base, branch)).encode("utf-8", "surrogatepass"))
    name = f"{stem}__{slug}_{digest.hexdigest()[:8]}"
    assert len(name) <= _LONGEST
    return name
