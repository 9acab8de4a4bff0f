"""The tables of a schema as an entity diagram of Mermaid, and as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lback.core.pictures.comparing import ComparedColumn, ComparedTable, State
from lback.core.pictures.folding import key_text
from lback.formats.mermaid import label
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.app.picture import PictureResult

# What may stand without quotes as the type or the name of an attribute.
_ODD = re.compile(r"[^A-Za-z0-9_]+")
_SIGNS = {"add": "+", "del": "-", "mod": "~", "": ""}
_COLOURS = {
    "add": "fill:#e3f6e8,stroke:#1a7f37,color:#1c2128",
    "del": "fill:#fdeaea,stroke:#c62828,color:#1c2128",
    "mod": "fill:#fff3d6,stroke:#8a5a00,color:#1c2128",
}


def render(result: PictureResult) -> str:
    """Return an `erDiagram`; names stand in labels and comments, so that none of them acts."""
    tables = result.page.compared
    names = {table.shape.name.casefold(): f"t{at}" for at, table in enumerate(tables)}
    lines = ["erDiagram"]
    for at, table in enumerate(tables):
        sign = f"{_SIGNS[table.state]} " if table.state else ""
        doubt = "" if table.shape.certain else " ?"
        lines.append(f'    t{at}["{sign}{label(table.shape.name)}{doubt}"] {{')
        lines += [f"        {_attribute(table, column)}" for column in table.columns]
        lines.append("    }")
    for at, table in enumerate(tables):
        lines += _references(f"t{at}", table, names)
    return "\n".join([*lines, *_coloured(tables)])


def _attribute(table: ComparedTable, column: ComparedColumn) -> str:
    shape, low = column.column, column.column.name.casefold()
    keys = [
        word
        for word, kind in (("PK", "primary key"), ("FK", "foreign key"))
        if low in table.shape.keyed(kind)  # type: ignore[arg-type]
    ]
    text = shape.text or "?"
    notes = [_SIGNS[column.state], text, "" if shape.certain else "not certain"]
    notes.append(f"was {column.past}" if column.past else "")
    notes.append("" if _plain(shape.name) == shape.name else shape.name)
    words = [_plain(text.split("(")[0].split(" ")[0]), _plain(shape.name), ", ".join(keys)]
    return " ".join([*filter(None, words), f'"{label(", ".join(filter(None, notes)), 120)}"'])


def _plain(text: str) -> str:
    plain = _ODD.sub("_", text)
    return plain if plain[:1].isalpha() else f"_{plain}"


def _references(name: str, table: ComparedTable, names: Mapping[str, str]) -> Iterator[str]:
    for key, state in table.keys:
        target = names.get((key.refers_to or "").casefold())
        if key.kind == "foreign key" and target is not None:
            line = "||--o{" if key.certain and not state else "||..o{"
            words = " ".join(filter(None, (_SIGNS[state], ", ".join(key.columns))))
            yield f'    {target} {line} {name} : "{label(words) or "?"}"'


def _coloured(tables: Sequence[ComparedTable]) -> Iterator[str]:
    for state, colours in _COLOURS.items():
        named = [f"t{at}" for at, table in enumerate(tables) if table.state == state]
        if named:
            yield f"    classDef {_CLASSES[state]} {colours}"
            yield f"    class {','.join(named)} {_CLASSES[state]}"


_CLASSES = {"add": "added", "del": "removed", "mod": "changed"}


def lines(tables: Sequence[ComparedTable], style: Style) -> Iterator[str]:
    """Yield the tables with their columns and keys; what differs in colour, with its sign."""
    paint: dict[State, Callable[[str], str]] = {
        "": str,
        "add": style.green,
        "del": style.red,
        "mod": style.yellow,
    }
    for number, table in enumerate(tables):
        if number:
            yield ""
        name = safe(table.shape.name) + ("" if table.shape.certain else "  (not certain)")
        yield paint[table.state](_marked(table.state, style.bold(name)))
        width = max((len(safe(one.column.name)) for one in table.columns), default=0)
        for one in table.columns:
            text = f"{safe(one.column.name):<{width}}  {safe(one.column.text or '?')}"
            text += f"  (was {safe(one.past)})" if one.past else ""
            text += "" if one.column.certain else "  ?"
            yield paint[one.state](_marked(one.state, text, 4))
        for key, state in table.keys:
            named = f" {safe(key.name)}" if key.name else ""
            text = f"{key.kind}{named} {safe(key_text(key))}" + ("" if key.certain else "  ?")
            yield paint[state](_marked(state, text, 4)) if state else style.dim(f"    {text}")


def _marked(state: State, text: str, indent: int = 0) -> str:
    sign = _SIGNS[state]
    if indent:
        return f"{sign:<{indent}}{text}"
    return f"{sign} {text}" if sign else text
