"""What has come of several databases: a line for each state, and why some are not done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lback.core.databases import BAD, STATES, StatedDatabase
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing

_SAID = {"current": "up to date", "left": "not begun"}
_MOST = 10  # reasons of one state


def turn(rows: Sequence[StatedDatabase], name: str, seconds: float) -> str:
    """Return what is said of one database when its turn has ended."""
    told = [_turn(row) for row in rows]
    if len(rows) > 1:
        told = [f"{_schema(row)}{text}" for row, text in zip(rows, told, strict=True)]
    return f"{safe(name)}: {'; '.join(told)}, {seconds:.2f} s"


def _schema(row: StatedDatabase) -> str:
    return f"{safe(row.schema)} " if row.schema else ""


def _turn(row: StatedDatabase) -> str:
    said = _SAID.get(row.state, row.state)
    if row.state in BAD:
        return f"{said}: {safe(row.message or '')}"
    steps = getattr(row, "steps", ()) or getattr(row, "pending", ())
    return f"{said}, {counted(len(steps), 'revision')}" if steps else said


def summary(
    rows: Sequence[StatedDatabase], counts: Mapping[str, int], style: Style
) -> Iterator[str]:
    """Yield a line for each state, with the names, and the reasons of those that are not done.

    `counts` may count more than there are rows.
    """
    for state, line in state_lines(rows, counts, style):
        yield line
        if state in BAD:
            yield from reasons([row for row in rows if row.state == state], style)


def state_lines(
    rows: Sequence[StatedDatabase], counts: Mapping[str, int], style: Style
) -> Iterator[tuple[str, str]]:
    """Yield each state that there is, and its line."""
    width = max([len(_SAID.get(state, state)) for state in counts], default=0)
    digits = len(str(max(counts.values(), default=0)))
    for state in STATES:
        if not counts.get(state):
            continue
        those = [_short(row) for row in rows if row.state == state]
        paint = style.red if state in BAD else style.yellow if state == "pending" else style.green
        label = paint(f"{_SAID.get(state, state):<{width}}")
        names = f"  {style.cut(listing(those), width + digits + 4)}" if those else ""
        yield state, f"{label}  {counts[state]:>{digits}}{names}"


def reasons(rows: Sequence[StatedDatabase], style: Style, most: int = _MOST) -> Iterator[str]:
    """Yield why some databases are not done; what is the same of several once."""
    groups: dict[str, list[StatedDatabase]] = {}
    for row in rows:
        groups.setdefault(_plain(row), []).append(row)
    for group in list(groups.values())[:most]:
        first = group[0]
        names = listing([_short(row) for row in group]) if len(groups) > 1 else ""
        yield f"    {names}{': ' if names else ''}{safe(first.message or '')}"
        if first.hint:
            yield f"    {style.cyan('next:')} {safe(first.hint)}"
    if len(groups) > most:
        yield f"    and {len(groups) - most} other reasons, which --json has"


def _short(row: StatedDatabase) -> str:
    return row.name or row.schema or row.url or row.title


def _plain(row: StatedDatabase) -> str:
    """Return why, without what only names the database."""
    text = row.message or ""
    for own in (row.title, row.url, row.schema, row.name):
        text = text.replace(own, "") if own else text
    return text
