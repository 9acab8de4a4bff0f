"""A name for a migration that nobody named, from what it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

# A longer one tells nobody more; Alembic cuts the name of a file at 40.
_LONGEST = 40
_SEVERAL = 3
Verb = Literal["add", "drop", "change", "rename"]


class NamedChange(NamedTuple):
    """One thing that a migration does, as far as it is worth a word of its name."""

    verb: Verb
    table: str
    column: str | None = None
    new: str | None = None
    """What it is renamed to."""


def propose_name(changes: Sequence[NamedChange], *, first: bool) -> str:
    """Return a name for what is done; `first` tells that nothing was migrated before."""
    tables = list(dict.fromkeys(change.table for change in changes))
    if first and len(tables) > 1 and all(change.verb == "add" for change in changes):
        return "initial"
    phrases = [_phrase(group) for group in _grouped(changes)]
    name = "_and_".join(phrases)
    if len(name) > _LONGEST or len(phrases) > _SEVERAL:
        name = f"change_{'_and_'.join(tables)}"
    if len(name) > _LONGEST or len(tables) > _SEVERAL:
        name = f"change_{len(tables)}_tables"
    return re.sub(r"\W+", "_", name).strip("_").lower() or "change_schema"


def _grouped(changes: Sequence[NamedChange]) -> list[list[NamedChange]]:
    """Put together what one phrase tells: the same done to several columns of a table."""
    groups: dict[tuple[str, ...], list[NamedChange]] = {}
    come_and_go = {change[1:3] for change in changes if change.verb in ("add", "drop")}
    for change in changes:
        if change.column is not None and (change.table, None) in come_and_go:
            continue  # with its table
        if change.verb == "change" and (change.table, change.column) in come_and_go:
            continue
        key = (change.verb, change.table if change.column is not None else "", change.new or "")
        groups.setdefault(key, []).append(change)
    return list(groups.values())


def _phrase(group: Sequence[NamedChange]) -> str:
    verb, table, column, new = group[0]
    if column is None:
        names = "_and_".join(dict.fromkeys(change.table for change in group))
        if verb == "rename":
            return f"rename_{table}_to_{new}"
        kind = "" if verb == "change" else "_table" if len(group) == 1 else "_tables"
        return f"{verb}_{names}{kind}"
    columns = "_and_".join(dict.fromkeys(str(change.column) for change in group))
    if verb == "rename":
        return f"rename_{table}_{column}_to_{new}"
    link = {"add": "to", "drop": "from"}.get(verb, "of")
    return f"{verb}_{columns}_{link}_{table}"
