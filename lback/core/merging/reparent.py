"""Gives a revision file another parent by a splice: every other byte stays as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lback.core import bindings, scanner
from lback.core.bindings import UNKNOWN, Binding
from lback.core.graph.revision import Header, Unreadable
from lback.core.header import header_statements, read_header
from lback.core.scanner import SourceText, Undecodable, decode
from lback.errors import LbackError

_QUOTE = re.compile(r"([uU]?)[rR]?(\"\"\"|'''|\"|')")
_DOCSTRING = re.compile(r"(?s)[uUrR]?(\"\"\"|'''|\"|')(.*)\1")
_REVISES = re.compile(r"(?<![^\r\n])([ \t]*Revises:[ \t]*)([^\r\n]*?)[ \t]*(?=\r|\n|\Z)")
_REVISION_ID = re.compile(r"(?m)(^[ \t]*Revision ID:[ \t]*)([^\s]+)")
_HINT_ID = "write `revision` by hand in this file"
_HINT = "write `down_revision` by hand in this file"

# Any name that Alembic takes an id from: files without `revision` are rewritten too.
_ANY_NAME = "0.py"


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def reparent(source: bytes, old: tuple[str, ...], new: tuple[str, ...]) -> bytes:
    """Return the file with `new` as its parents; `old` is what it must say now, in any order.

    The value of `down_revision` keeps its quotes, brackets and layout; the `Revises:`
    line of the module's docstring follows. Raises LbackError, naming the line, when
    the file says something else or cannot be rewritten exactly.
    """
    before = read_header(source, _ANY_NAME)
    if isinstance(before, Unreadable):
        raise LbackError(before.message, _HINT)
    if sorted(before.down_revisions) != sorted(old):
        raise LbackError(
            f"Line {before.line}: the parent of {before.revision} is "
            f"{_listed(before.down_revisions)}, not {_listed(old)}.",
            "the file has changed meanwhile; start again",
        )
    try:
        text = decode(source)
        edited = _edited(text, before.down_revisions, new)
        result = text.encode(edited)
    except Undecodable as err:
        raise LbackError(err.message, _HINT) from None
    except UnicodeEncodeError as err:
        raise LbackError(f"{_listed(new)} cannot be written as {err.encoding}.", _HINT) from None
    _verify(before, before._replace(down_revisions=new), result)
    return result


def renumber(source: bytes, new: str) -> bytes:
    """Return the file with `new` as its id; `Revision ID:` of the docstring follows."""
    before = read_header(source, _ANY_NAME)
    if isinstance(before, Unreadable):
        raise LbackError(before.message, _HINT_ID)
    try:
        text = decode(source)
        statements = header_statements(text.text)
    except (Undecodable, scanner.Lost):
        raise LbackError("the file is not valid Python", _HINT_ID) from None
    binding = bindings.bind(statements).get("revision")
    if binding is None or not binding.plain or not isinstance(binding.node, ast.Constant):
        raise LbackError(f"Line {before.line}: `revision` is not one plain value.", _HINT_ID)
    start, end = _span(text, binding.node)
    edits = [_Edit(start, end, _literal(new, _quote_of(text, binding.node) or '"'))]
    told = _REVISION_ID.search(text.raw, 0, start)
    if told is not None and told.group(2) == before.revision:
        edits.append(_Edit(told.start(2), told.end(2), new))
    result = text.encode(_spliced(text.raw, edits))
    _verify(before, before._replace(revision=new), result)
    return result


def _verify(before: Header, wished: Header, result: bytes) -> None:
    after = read_header(result, _ANY_NAME)
    # Only the docstring may have followed, where `Revises:` stands in its first paragraph.
    if not isinstance(after, Header) or after._replace(doc=before.doc, line=before.line) != wished:
        raise LbackError(
            f"Line {before.line}: the header of {before.revision} cannot be rewritten exactly.",
            _HINT,
        )


def _edited(source: SourceText, old: tuple[str, ...], new: tuple[str, ...]) -> str:
    try:
        statements = header_statements(source.text)
    except scanner.Lost as lost:
        raise LbackError(f"Line {lost.line} is not valid Python.", _HINT) from None
    scope = bindings.bind(statements)
    binding = scope.get("down_revision")
    if binding is None or binding.node is None or not binding.plain or binding.value is UNKNOWN:
        line = binding.line if binding else 1
        raise LbackError(f"Line {line}: `down_revision` is not one plain value.", _HINT)
    edits = _docstring_edits(source, statements, old, new)
    if old != new:
        quote = _quote(source, binding, scope.get("revision"))
        edits += _value_edits(source, binding.node, new, quote)
    return _spliced(source.raw, edits)


def _spliced(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


# The value


def _value_edits(
    source: SourceText, node: ast.expr, new: tuple[str, ...], quote: str
) -> list[_Edit]:
    """Return the edits of the value: of single elements where their number stays."""
    elements = _elements(node)
    if elements is not None and len(elements) == len(new) and new:
        return [
            _whole(source, element, _literal(parent, _quote_of(source, element) or quote))
            for element, parent in zip(elements, new, strict=True)
            if not (isinstance(element, ast.Constant) and element.value == parent)
        ]
    return [_whole(source, node, _rendered(source, node, new, quote))]


def _elements(node: ast.expr) -> list[ast.expr] | None:
    if isinstance(node, (ast.Tuple, ast.List)):
        return node.elts
    return None


def _whole(source: SourceText, node: ast.expr, text: str) -> _Edit:
    start, end = _span(source, node)
    if scanner.has_comment(source.raw[start:end]):
        raise LbackError(
            f"Line {node.lineno}: a comment inside the value of `down_revision` would get lost.",
            _HINT,
        )
    return _Edit(start, end, text)


def _span(source: SourceText, node: ast.expr) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (
        source.offset(node.lineno, node.col_offset),
        source.offset(node.end_lineno, node.end_col_offset),
    )


def _rendered(source: SourceText, node: ast.expr, new: tuple[str, ...], quote: str) -> str:
    """Return the new value in the brackets and over the lines of the old one."""
    literals = [_literal(parent, quote) for parent in new]
    elements = _elements(node)
    if not new:
        return "None"
    if elements is None and len(new) == 1:
        return literals[0]
    opening, closing = "[]" if isinstance(node, ast.List) else "()"
    start, end = _span(source, node)
    layout = re.search(r"(\r\n?|\n)([ \t]*)", source.raw[start:end]) if elements else None
    if layout is None:
        comma = "," if len(literals) == 1 and opening == "(" else ""
        return f"{opening}{', '.join(literals)}{comma}{closing}"
    newline, indent = layout.groups()
    last = re.search(r"[\r\n]([ \t]*)[\])]\Z", source.raw[start:end])
    lines = "".join(f"{newline}{indent}{literal}," for literal in literals)
    return f"{opening}{lines}{newline}{last.group(1) if last else ''}{closing}"


def _quote(source: SourceText, value: Binding, revision: Binding | None) -> str:
    """Return the quotes to write with: those of the value, else those of `revision`."""
    nodes = [value.node, *(_elements(value.node) or ())] if value.node else []
    for node in (*nodes, revision.node if revision else None):
        quote = _quote_of(source, node) if node is not None else None
        if quote:
            return quote
    return '"'


def _quote_of(source: SourceText, node: ast.expr) -> str | None:
    """Return how a string is opened, a `u` before the quotes included."""
    if not isinstance(node, ast.Constant):
        return None
    match = _QUOTE.match(source.raw, _span(source, node)[0])
    return match.group(1) + match.group(2) if match else None


def _literal(text: str, quote: str) -> str:
    end = quote.lstrip("uU")
    return f"{quote}{_escaped(text, end[0])}{end}"


def _escaped(text: str, quote: str) -> str:
    parts = []
    for letter in text:
        if letter in ("\\", quote):
            parts.append("\\" + letter)
        elif letter.isprintable():
            parts.append(letter)
        else:
            parts.append(letter.encode("unicode_escape").decode("ascii"))
    return "".join(parts)


# The docstring


def _docstring_edits(
    source: SourceText, statements: Sequence[ast.stmt], old: tuple[str, ...], new: tuple[str, ...]
) -> list[_Edit]:
    match statements:
        case [ast.Expr(value=ast.Constant(value=str()) as node), *_]:
            start, end = _span(source, node)
        case _:
            return []
    literal = _DOCSTRING.fullmatch(source.raw[start:end])
    if literal is None:
        return []
    revises = _REVISES.search(literal.group(2))
    if revises is None:
        return []
    told = _told(revises.group(2), old, new)
    if told == revises.group(2):
        return []
    head = revises.group(1) if not told or revises.group(1)[-1] in " \t" else revises.group(1) + " "
    if not source.raw.startswith(("r", "R"), start):
        told = _escaped(told, literal.group(1)[0])
    at = start + literal.start(2)
    return [_Edit(at + revises.start(), at + revises.end(2), head + told)]


def _told(value: str, old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """Return the text after `Revises:`; words that people added around one id stay."""
    if not re.search(r"[^\s,]\s+[^\s,]", value):
        return ", ".join(new)
    if len(old) == len(new) == 1:
        word = re.compile(rf"(?<!\w){re.escape(old[0])}(?!\w)")
        return word.sub(lambda _: new[0], value, count=1)
    return ", ".join(new) if all(parent in value for parent in old) else value


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids) or "the base"
