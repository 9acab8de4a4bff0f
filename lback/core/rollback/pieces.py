"""The text of statements, with the comments that belong to them and without indentation."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_BLOCKS = {
    ast.If: ("body", "orelse"),
    ast.With: ("body",),
    ast.Try: ("body", "finalbody"),
}


@dataclass(slots=True)
class Piece:
    """One statement of a body: kept or not, or in part where `blocks` says which."""

    node: ast.stmt
    keep: bool
    silent: bool = False
    blocks: dict[str, list[Piece]] = field(default_factory=dict)

    def nodes(self) -> Iterator[ast.AST]:
        """Yield what of the statement is kept."""
        if not self.blocks:
            yield self.node
            return
        if isinstance(self.node, ast.If):
            yield self.node.test
        elif isinstance(self.node, ast.With):
            yield from self.node.items
        for pieces in self.blocks.values():
            for piece in pieces:
                if piece.keep:
                    yield from piece.nodes()


def blocks_of(statement: ast.stmt) -> tuple[str, ...]:
    """Return the fields of a statement that hold statements and may be thinned out."""
    names = _BLOCKS.get(type(statement), ())
    if isinstance(statement, ast.Try) and (statement.handlers or statement.orelse):
        return ()
    return tuple(name for name in names if getattr(statement, name))


class Lines:
    """A text by its lines, which knows where a line goes on a string of the one before."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.inside = _inside_strings(text)

    def block(self, body: Sequence[ast.stmt]) -> str:
        """Return a function's body as it is, without a docstring, `pass` and indentation."""
        wanted = [statement for statement in body if not _is_filler(statement)]
        if not wanted:
            return ""
        if self._is_beside_another(wanted[0], after=False):  # the `def` itself
            return "\n".join(self._statement(node, node.lineno) for node in wanted)
        first = body.index(wanted[0])
        start = body[first - 1].end_lineno if first else None
        top = self._lead(wanted[0], start or 0)
        end = self._tail(body[-1])
        skipped = {
            number
            for statement in body[first:]
            if _is_filler(statement)
            for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        }
        return self._dedented(
            [number for number in range(top, end + 1) if number not in skipped],
            wanted[0].col_offset,
        )

    def pieces(self, pieces: Sequence[Piece]) -> str:
        """Return the kept statements, each with its comments."""
        parts = []
        previous = None
        for piece in pieces:
            if piece.keep:
                parts.append(self._piece(piece, previous))
            previous = piece.node
        return "\n".join(parts)

    def _piece(self, piece: Piece, previous: ast.stmt | None) -> str:
        node = piece.node
        after = (previous.end_lineno or 0) if previous else 0
        if not piece.blocks:
            return self._statement(node, after)
        top = self._lead(node, after)
        body: list[ast.stmt] = node.body  # type: ignore[attr-defined]
        text = self._dedented(range(top, body[0].lineno), node.col_offset)
        # Comments above the first statement inside belong to that statement.
        text = _without_tail_comments(text)
        text += "\n" + _indented(self.pieces(piece.blocks["body"]) or "pass")
        for name, keyword in (("orelse", "else:"), ("finalbody", "finally:")):
            inner = self.pieces(piece.blocks[name]) if name in piece.blocks else ""
            if inner:
                text += f"\n{keyword}\n" + _indented(inner)
        return text

    def _statement(self, node: ast.stmt, after: int) -> str:
        """Return a statement with the comments above it, and no other that shares its lines."""
        numbers = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        above = self._dedented(range(self._lead(node, after), node.lineno), node.col_offset)
        if not self._is_beside_another(node):
            text = self._dedented(numbers, node.col_offset)
        else:
            lines = (ast.get_source_segment(self.text, node) or "").splitlines()
            column = _indent(self.lines[node.lineno - 1])
            text = "\n".join(
                line if number in self.inside else line[min(column, _indent(line)) :]
                for number, line in zip(numbers, lines, strict=True)
            )
        return f"{above}\n{text}" if above else text

    def _is_beside_another(self, node: ast.stmt, *, after: bool = True) -> bool:
        """Tell whether something else than a comment stands on the lines of a statement."""
        before = self.lines[node.lineno - 1].encode()[: node.col_offset].strip()
        last = self.lines[(node.end_lineno or node.lineno) - 1].encode()
        behind = last[node.end_col_offset or 0 :].lstrip(b" \t;")
        return bool(before) or (after and bool(behind) and not behind.startswith(b"#"))

    def with_lead(self, node: ast.stmt, body: Sequence[ast.stmt]) -> str:
        """Return a module-level statement with the comments above it and its decorators."""
        index = list(body).index(node)
        start = body[index - 1].end_lineno if index else 0
        top = self._lead(node, start or 0)
        return self._dedented(range(top, (node.end_lineno or node.lineno) + 1), node.col_offset)

    def on_one_line(self, statement: ast.stmt) -> bool:
        """Tell whether a block's first statement stands on the line of the block's head."""
        body: list[ast.stmt] = getattr(statement, "body", [])
        return bool(body) and self.lines[body[0].lineno - 1][: body[0].col_offset].strip() != ""

    def _lead(self, node: ast.stmt, after: int) -> int:
        """Return the first line of the comments directly above a statement."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        top = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        while top - 1 > after and self._is_comment(top - 1):
            top -= 1
        return top

    def _tail(self, node: ast.stmt) -> int:
        """Return the last line of the comments that follow the last statement of a block."""
        end = node.end_lineno or node.lineno
        last = end
        for number in range(end + 1, len(self.lines) + 1):
            line = self.lines[number - 1]
            if self._is_comment(number) and _indent(line) >= node.col_offset:
                last = number
            elif line.strip():
                break
        return last

    def _is_comment(self, number: int) -> bool:
        return self.lines[number - 1].lstrip().startswith("#") and number not in self.inside

    def _dedented(self, numbers: Sequence[int] | range, column: int) -> str:
        lines = []
        for number in numbers:
            line = self.lines[number - 1]
            if number not in self.inside:
                cut = min(column, _indent(line))
                line = line[cut:] if line.strip() else ""
            lines.append(line)
        return "\n".join(lines)


def indent(code: str) -> str:
    """Indent code by one step, except where a line goes on a string."""
    inside = _inside_strings(code)
    return "\n".join(
        f"    {line}" if line and number not in inside else line
        for number, line in enumerate(code.splitlines(), 1)
    )


_indented = indent


def _inside_strings(text: str) -> frozenset[int]:
    """Return the lines that begin inside of a string."""
    inside: set[int] = set()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return frozenset()
    opened: list[int] = []
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name == "FSTRING_START":
            opened.append(token.start[0])
        elif name == "FSTRING_END" and opened:
            inside.update(range(opened.pop() + 1, token.end[0] + 1))
    return frozenset(inside)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _without_tail_comments(text: str) -> str:
    lines = text.splitlines()
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "\n".join(lines)


def _is_filler(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
