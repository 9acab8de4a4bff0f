"""The text of `lback show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lback.core.deeds import enclosed
from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import listing, standing, title, who


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield the revision's place first, then what it does, direction by direction."""
    row = result.data
    yield title(row, style)
    yield f"file     {safe(row['path'])}"
    yield f"commit   {who(row['commit'])}; {standing(row)}"
    yield f"parents  {listing(row['down_revisions'], 20) or 'none, it is a base'}"
    yield f"children {listing(row['children'], 20) or 'none, it is a head'}"
    if row["depends_on"]:
        yield f"needs    {listing(row['depends_on'], 20)}"
    if row["branch_labels"]:
        yield f"labels   {listing(row['branch_labels'], 20)}"
    for direction in ("upgrade", "downgrade"):
        yield ""
        yield style.bold(f"{direction}()")
        yield from effect_lines(row["effects"], direction, style)


def effect_lines(
    effects: Mapping[str, Sequence[Mapping[str, Any]]], direction: str, style: Style
) -> Iterator[str]:
    """Yield what one direction does, by line of the file, and what could not be read."""
    rows = [(e["line"], effect_text(e)) for e in effects[direction]]
    rows += [
        (u["line"], style.yellow(f"cannot be read: {safe(u['reason'])}{_surely(u)}"))
        for u in effects["unknown"]
        if u["direction"] == direction
    ]
    if not rows:
        yield "  nothing"
    for line, text in sorted(rows, key=lambda row: row[0]):
        yield f"  {style.dim(f'{line:>4}')}  {text}"


def _surely(unknown: Mapping[str, Any]) -> str:
    return f" (touches {listing(unknown['tables'])})" if unknown["tables"] else ""


def effect_text(effect: Mapping[str, Any]) -> str:
    """Return one effect as a phrase, such as `create column users.age (Integer)`."""
    table, name = effect["table"], effect["name"]
    if effect["object"] == "table" or not name:
        place = table or name or ""
    else:
        place = f"{table}.{name}" if table and effect["object"] == "column" else name
        if table and effect["object"] != "column":
            place += f" on {table}"
    text = f"{effect['kind']} {effect['object']} {place}"
    if effect["to"]:
        text += f" to {effect['to']}"
    if effect.get("detail"):
        text += f" {enclosed(effect['detail'])}"
    if effect.get("dialect"):
        text += f" [on {effect['dialect']}]"
    if effect.get("restates"):
        text += f" [MySQL also sets {listing(effect['restates'])} anew]"
    if not effect["certain"]:
        text += " [maybe]"
    return safe(text)
