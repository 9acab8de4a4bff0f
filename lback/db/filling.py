"""A new revision file from the project's template: names stand in it as text, or not at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mako.template import Template  # type: ignore[import-untyped]

from lback.core.display import visible
from lback.db.failures import reason
from lback.errors import LbackError

# Between quotes of any kind, and behind a #, these mean nothing but themselves.
_PLAIN = re.compile(r"[\w !#$%&()*+,./:;<=>?@\[\]^|~-]*")
_HEADER = re.compile(r"(?im)^\s*(?:revision id|revises|create date)\s*:")
_NAMES = ("message", "up_revision", "down_revision", "branch_labels", "depends_on")
_HOME = "`lback init` in an empty folder shows a script.py.mako that works."


def fill(source: Path, encoding: str, arguments: Mapping[str, Any]) -> bytes:
    """Return the text of a new revision; LbackError where it would not be what was meant.

    A template that pastes `${message}` between quotes, as Alembic's own does, gets it escaped.
    What the file then is to Python is compared with what it is with harmless names.
    """
    given = {name: arguments.get(name) for name in _NAMES}
    if all(map(_is_plain, _texts(given))):
        return _encoded(one_ending(_rendered(source, arguments)), encoding, source)
    standing = {name: _replaced(value, _Stand(name)) for name, value in given.items()}
    meant = _module(_rendered(source, {**arguments, **standing}), encoding)
    if meant is None:
        raise LbackError(f"{source} does not make a Python file.", _HOME)
    wanted = ast.dump(_Named(given).visit(meant))
    for spelled in _spellings(given):
        text = _rendered(source, {**arguments, **spelled, "comma": _comma})
        made = _module(text, encoding)
        if made is not None and ast.dump(made) == wanted:
            return one_ending(text).encode(encoding)
    raise _refusal(source, given)


def one_ending(text: str) -> str:
    """Return a text whose lines all end as a template's do: git may have made it of CRLF."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else text


class _InText(str):
    """A text that is escaped where a template pastes it, and itself where it asks for `repr`."""

    __slots__ = ("pasted",)
    pasted: str

    def __str__(self) -> str:
        return self.pasted

    def __format__(self, spec: str) -> str:
        return format(self.pasted, spec)


class _Stand:
    """Gives harmless texts in place of names."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0

    def __call__(self, _text: str) -> str:
        self.number += 1
        return f"lback_{self.name}_{self.number}_stand"


class _Named(ast.NodeTransformer):
    """Puts the names in where their stands are."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.names = {}
        for name, value in given.items():
            for number, text in enumerate(_texts({name: value}), 1):
                self.names[f"lback_{name}_{number}_stand"] = text
        self.pattern = re.compile("|".join(map(re.escape, self.names)) or r"(?!)")

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            node.value = self.pattern.sub(lambda match: self.names[match[0]], node.value)
        return node


def _comma(value: Any) -> str:
    """Do what Alembic's filter does, by what each name is where it is pasted."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else ", ".join(map(str, value))


def _spellings(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the names as they are, where all of them can be seen, and then escaped."""
    if all(map(_may_stand, _texts(given))):
        yield dict(given)
    for ascii_only in (False, True):

        def escaped(text: str, ascii_only: bool = ascii_only) -> str:
            return _escaped(text, ascii_only=ascii_only)

        def in_text(text: str, ascii_only: bool = ascii_only) -> str:
            made = _InText(text)
            made.pasted = _escaped(text, ascii_only=ascii_only)
            return made

        yield {name: _replaced(value, in_text) for name, value in given.items()}
        yield {name: _replaced(value, escaped) for name, value in given.items()}
    yield dict(given)  # for a template that escapes by itself


def _may_stand(text: str) -> bool:
    """Tell whether a text can be seen, and has no line like Alembic's own in a docstring."""
    return visible(text.replace("\n", "")) == text.replace("\n", "") and not _HEADER.search(text)


def _escaped(text: str, *, ascii_only: bool) -> str:
    """Return a text for between quotes of any kind, the same on every machine."""
    shown = []
    for char in text:
        number = ord(char)
        if char in "\\\"'":
            shown.append("\\" + char)
        elif char.isprintable() and visible(char) == char and (char.isascii() or not ascii_only):
            shown.append(char)
        elif number < 0x100:
            shown.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char, f"\\x{number:02x}"))
        else:
            shown.append(f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")
    return "".join(shown)


def _texts(given: Mapping[str, Any]) -> Iterator[str]:
    for value in given.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from (text for text in value if isinstance(text, str))


def _replaced(value: Any, by: Any) -> Any:
    if isinstance(value, str):
        return by(value)
    if isinstance(value, (tuple, list)):
        return tuple(by(text) if isinstance(text, str) else text for text in value)
    return value


def _rendered(source: Path, arguments: Mapping[str, Any]) -> str:
    try:
        text: str = Template(filename=str(source)).render_unicode(**arguments)
    except FileNotFoundError:
        raise
    except Exception as err:
        raise LbackError(f"{source} could not be filled in: {reason(err)}", _HOME) from err
    return text


def _module(text: str, encoding: str) -> ast.Module | None:
    """Return what the file is to Python, which also looks for an encoding in its first lines."""
    try:
        return ast.parse(text.encode(encoding))
    except (SyntaxError, ValueError, LookupError):
        return None


def _is_plain(text: str) -> bool:
    # Behind a # in the first lines that word would choose how the whole file is read.
    return bool(_PLAIN.fullmatch(text)) and "coding" not in text


def _encoded(text: str, encoding: str, source: Path) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeError as err:
        raise LbackError(
            f"What {source} makes cannot be written as {encoding}.",
            "Let output_encoding be utf-8, or give the migration another name.",
        ) from err


def _refusal(source: Path, given: Mapping[str, Any]) -> LbackError:
    odd = next(text for text in _texts(given) if not _is_plain(text))
    return LbackError(
        f"The name {odd!r} cannot stand in a file made by {source}: it would be "
        "more than a text there.",
        "Give a name of letters, digits and spaces, or let script.py.mako write ${repr(message)}.",
    )
