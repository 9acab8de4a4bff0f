"""Bytes of a Python file as the text that Python would compile, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
# PEP 263: on the first line, or on the second below a blank line or a comment.
_COOKIE = re.compile(
    rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))??[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
_NEWLINE = re.compile(r"\r\n?|\n")


class Undecodable(Exception):
    """Says why a file is no Python text; `line` is where, counted from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class SourceText:
    """A decoded file: `raw` has its own newlines, `text` has `\\n` only; neither has a BOM."""

    raw: str
    text: str
    encoding: str
    bom: bool

    def offset(self, line: int, column: int) -> int:
        """Return the index in `raw` of a place that `ast` gives (UTF-8 columns, lines from 1)."""
        starts = [0, *(found.end() for found in _NEWLINE.finditer(self.raw))]
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
    found = _COOKIE.match(source[3:] if bom else source)
    if found is None:
        return "utf-8", bom
    name = found.group(1).decode("ascii", "replace")
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
