"""Bytes of a Python file as the text that Python would compile, and back."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
# PEP 263: on the first line, or on the second below a blank line or a comment.
_COOKIE = re.compile(
    rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))??[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
_NEWLINE = re.compile(r"\r\n?|\n")


# What parsing a text may raise; the last two where it is nested too deep.
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class Undecodable(Exception):
    """Says why a file is no Python text; `line` is where, counted from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class SourceText(NamedTuple):
    """A decoded file: `raw` has its own newlines, `text` has `\\n` only; neither has a BOM."""

    raw: str
    text: str
    encoding: str
    bom: bool

    def offset(self, line: int, column: int) -> int:
        """Return the index in `raw` of a place that `ast` gives (UTF-8 columns, lines from 1)."""
        starts = [0, *(match.end() for match in _NEWLINE.finditer(self.raw))]
        start = starts[line - 1]
        end = starts[line] if line < len(starts) else len(self.raw)
        before = self.raw[start:end].encode("utf-8", "surrogatepass")[:column]
        return start + len(before.decode("utf-8", "surrogatepass"))

    def encode(self, raw: str) -> bytes:
        """Return the bytes of changed text; UnicodeEncodeError where a letter does not fit."""
        return (_BOM if self.bom else b"") + raw.encode(self.encoding)


def decode(source: bytes) -> SourceText:
    """Decode a Python file with its BOM, cookie and newlines; raises Undecodable."""
    encoding, bom = _encoding(source)
    raw = _decoded(source[3:] if bom else source, encoding)
    return SourceText(raw, normal(raw), encoding, bom)


def decode_text(source: bytes) -> str:
    """Decode a Python file to the text that Python compiles; raises Undecodable."""
    encoding, bom = _encoding(source)
    return normal(_decoded(source[3:] if bom else source, encoding))


def normal(raw: str) -> str:
    """Return the text with every newline as Python's own."""
    return _NEWLINE.sub("\n", raw) if "\r" in raw else raw


def _encoding(source: bytes) -> tuple[str, bool]:
    bom = source.startswith(_BOM)
    match = _COOKIE.match(source[3:] if bom else source)
    if match is None:
        return "utf-8", bom
    name = match.group(1).decode("ascii", "replace")
    if bom and re.sub(r"[-_]", "", name.lower()) not in ("utf8", "utf8sig"):
        raise Undecodable(f"the file has a UTF-8 byte order mark and claims to be {name}")
    return name, bom


def _decoded(source: bytes, encoding: str) -> str:
    if b"\0" in source:
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        raise Undecodable("the file is binary: it holds a NUL byte", line)
    try:
        return source.decode(encoding)
    except UnicodeDecodeError as err:
        line = source.count(b"\n", 0, err.start) + 1
        raise Undecodable(f"line {line} is not {encoding} text", line) from None
    except (LookupError, ValueError):
        raise Undecodable(f"the file names an unknown encoding, {encoding}") from None


_STOP = re.compile(r"""[\\\n#()\[\]{}"']""")
_TRIPLE = {quote: re.compile(rf"(?s)(?:[^\\]|\\.)*?{quote * 3}") for quote in "\"'"}
_SINGLE = {quote: re.compile(rf"(?s)(?:[^\\\n{quote}]|\\.)*{quote}") for quote in "\"'"}
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")
_DEFINES = re.compile(r"@|(?:async[ \t]+def|def|class)\b")


class Chunk(NamedTuple):
    """One top-level statement with everything indented below it."""

    line: int
    text: str


class Lost(Exception):
    """Says where quotes or brackets stop making sense; `rest` is the text from there."""

    def __init__(self, line: int, rest: str) -> None:
        super().__init__(f"line {line} cannot be parsed")
        self.line = line
        self.rest = rest


def parse(text: str) -> list[ast.stmt] | None:
    """Return the statements as this Python parses them, or None where it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in somebody's regular expression
            return ast.parse(text).body
    except UNPARSABLE:
        return None


def salvage(text: str, words: re.Pattern[str]) -> list[ast.stmt]:
    """Return the statements that can be parsed one by one, with their own positions.

    A statement that cannot be parsed is left out when it is a definition or holds
    none of `words`; otherwise raises Lost.
    """
    statements: list[ast.stmt] = []
    try:
        for chunk in chunks(text):
            body = parse(chunk.text)
            if body is not None:
                for statement in body:
                    ast.increment_lineno(statement, chunk.line - 1)
                statements.extend(body)
            elif not _DEFINES.match(chunk.text) and words.search(chunk.text):
                raise Lost(chunk.line, chunk.text)
    except Lost as lost:
        if words.search(lost.rest):
            raise
    return statements


def chunks(text: str) -> Iterator[Chunk]:
    """Cut text into top-level statements by its quotes and brackets; raises Lost."""
    ends, lost = _logical_ends(text)
    start = begin = 0
    line = 1
    for end in (*ends, lost if lost >= 0 else len(text)):
        if begin > start and _opens(text, begin):
            yield Chunk(line, text[start:begin])
            line += text.count("\n", start, begin)
            start = begin
        begin = end
    if lost >= 0:
        if begin > start and _opens(text, begin):
            yield Chunk(line, text[start:begin])
            start = begin
        raise Lost(text.count("\n", 0, lost) + 1, text[start:])
    if start < len(text):
        yield Chunk(line, text[start:])


def _opens(text: str, begin: int) -> bool:
    """Tell whether a logical line that begins here starts a statement of its own."""
    if text[begin : begin + 1] in (" ", "\t", "\f", "#", "\n", ""):
        return False
    if _CONTINUES.match(text, begin):
        return False
    above = text.rfind("\n", 0, max(begin - 1, 0)) + 1
    return not text.startswith("@", above)


def _logical_ends(text: str) -> tuple[list[int], int]:
    """Return the index after each newline outside of quotes and brackets.

    The second value is -1, or where the first logical line begins that never ends.
    """
    ends: list[int] = []
    depth = at = 0
    while match := _STOP.search(text, at):
        letter = match.group()
        at = match.end()
        if letter == "\n":
            if not depth:
                ends.append(at)
        elif letter == "\\":
            at += 1
        elif letter == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        else:
            at = _after_string(text, at, letter)
        if depth < 0 or at < 0:
            break
    last = ends[-1] if ends else 0
    return ends, last if depth or at < 0 else -1


def has_comment(text: str) -> bool:
    """Tell whether a piece of code holds a comment."""
    at = 0
    while match := _STOP.search(text, at):
        at = match.end()
        if match.group() == "#":
            return True
        if match.group() in "\"'":
            at = _after_string(text, at, match.group())
            if at < 0:
                return False
    return False


def _after_string(text: str, at: int, quote: str) -> int:
    """Return the index after a string whose first quote is before `at`; -1 if it never ends."""
    if text.startswith(quote * 2, at):
        match = _TRIPLE[quote].match(text, at + 2)
    else:
        match = _SINGLE[quote].match(text, at)
    return match.end() if match else -1
