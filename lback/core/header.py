"""The header of a revision file, read from its text as Alembic gets it by importing."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from lback.core import bindings, scanner
from lback.core.bindings import UNKNOWN, Binding, Scope
from lback.core.decoding import Undecodable, decode_text
from lback.core.revision import Header, Unreadable
from lback.core.usual import usual_header

__all__ = [
    "Header",
    "Unreadable",
    "docstring_of",
    "header_statements",
    "parsed_header",
    "read_header",
]

NAMES = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
WORDS = re.compile(r"revision|branch_labels|depends_on|__doc__")

_LEGACY_ID = re.compile(r"([a-f0-9]+)\.py$")
_FIRST_DEFINITION = re.compile(r"\n(?:def|class|async|@)")
_CREATE_DATE = re.compile(r"^[ \t]*Create Date:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_CONFLICT = re.compile(
    r"^(<{7})(?:[ \t][^\n]*)?\n(?s:.*?)^={7}\n(?s:.*?)^>{7}(?:[ \t]|$)", re.MULTILINE
)
_MARKER = re.compile(r"^(?:<{7}|>{7})(?:[ \t]|$)", re.MULTILINE)


def read_header(source: bytes, name: str) -> Header | Unreadable:
    """Read a header from the bytes of a file; `name` serves Alembic's ids in file names.

    Nothing is executed and nothing is guessed: a value that only running the file
    would tell is named in `uncertain`, or makes the file unreadable.
    """
    try:
        text = decode_text(source)
    except Undecodable as err:
        return Unreadable("LB106", _sentence(err.message), err.line)
    if "<<<<<<<" in text or ">>>>>>>" in text:
        found = _conflict(text)
        if found is not None:
            return found
    usual = usual_header(text)
    if usual is None:
        return parsed_header(text, name)
    return Header(
        usual.revision,
        usual.down_revisions,
        usual.depends_on,
        usual.branch_labels,
        _first_paragraph(usual.docstring),
        _create_date(usual.docstring),
        usual.line,
    )


def parsed_header(text: str, name: str) -> Header | Unreadable:
    """Read a header with the parser; the slow way that is always right."""
    try:
        statements = header_statements(text)
    except scanner.Lost as lost:
        return Unreadable("LB106", f"Line {lost.line} is not valid Python.", lost.line)
    scope = bindings.bind(statements)
    if ":=" in text or "global " in text:
        for one in bindings.hidden(statements, NAMES):
            scope[one] = Binding(UNKNOWN, None, 1, plain=False)
    return _header(scope, docstring_of(statements, scope), name)


def header_statements(text: str) -> list[ast.stmt]:
    """Return the statements that can hold a header, with positions; raises Lost."""
    first = _FIRST_DEFINITION.search(text)
    if first is not None and not WORDS.search(text, first.start()):
        # Nothing below names a header variable, so the part above says all.
        head = scanner.parse(text[: first.start() + 1])
        if head is not None:
            return head
    whole = scanner.parse(text)
    return scanner.salvage(text, WORDS) if whole is None else whole


def docstring_of(statements: Sequence[ast.stmt], scope: Scope) -> str:
    """Return the module's docstring as written, '' without one."""
    assigned = scope.get("__doc__")
    if assigned is not None:
        return assigned.value if isinstance(assigned.value, str) else ""
    match statements:
        case [ast.Expr(value=ast.Constant(value=str() as text)), *_]:
            return text
    return ""


def _header(scope: Scope, docstring: str, name: str) -> Header | Unreadable:
    revision = _revision(scope, name)
    if isinstance(revision, Unreadable):
        return revision
    if "down_revision" not in scope:
        return Unreadable("LB106", "`down_revision` is not assigned in this file.")
    values: dict[str, tuple[str, ...]] = {}
    uncertain: list[str] = []
    for variable in ("down_revision", "depends_on", "branch_labels"):
        found = scope.get(variable)
        ids = () if found is None else _ids(found.value)
        if ids is None:
            uncertain.append(variable)
        values[variable] = ids or ()
    return Header(
        revision,
        values["down_revision"],
        values["depends_on"],
        values["branch_labels"],
        _first_paragraph(docstring),
        _create_date(docstring),
        scope["revision"].line if "revision" in scope else 1,
        tuple(uncertain),
    )


def _revision(scope: Scope, name: str) -> str | Unreadable:
    found = scope.get("revision")
    if found is None:
        legacy = _LEGACY_ID.match(name)
        if legacy and "down_revision" in scope:
            return legacy.group(1)
        return Unreadable(
            "LB106",
            "`revision` is not assigned in this file, so Alembic cannot load it.",
            foreign="down_revision" not in scope,
        )
    if found.value is UNKNOWN:
        message = f"`revision` is computed on line {found.line}; only running the file would tell."
        return Unreadable("LB106", message, found.line)
    if not isinstance(found.value, str) or not found.value:
        message = f"`revision` on line {found.line} is not a revision id."
        return Unreadable("LB106", message, found.line)
    return found.value


def _ids(value: bindings.Value) -> tuple[str, ...] | None:
    """Return ids as Alembic takes them from a variable; None when they are not known."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, tuple):
        return None
    ids = tuple(one for one in value if isinstance(one, str))
    return tuple(filter(None, ids)) if len(ids) == len(value) else None


def _first_paragraph(docstring: str) -> str:
    return docstring.strip().split("\n\n", 1)[0]


def _create_date(docstring: str) -> str:
    if "Create Date:" not in docstring:
        return ""
    found = _CREATE_DATE.search(docstring)
    return found.group(1) if found else ""


def _conflict(text: str) -> Unreadable | None:
    """Return the finding about conflict markers; a lone one counts outside of strings."""
    found = _CONFLICT.search(text)
    if found is None:
        found = _MARKER.search(text)
        if found is None or scanner.parse(text) is not None:
            return None
    line = text.count("\n", 0, found.start()) + 1
    return Unreadable("LB109", f"Line {line} is a conflict marker that git left.", line)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
