"""Paths and files of the project's tree: a path is a text that begins where the tree does."""

from __future__ import annotations

import posixpath

from lback.core.effects import TREE
from lback.core.interpreter.choices import list_of
from lback.core.interpreter.discharge import Discharge, pure, unknown
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Method,
    Name,
    Scope,
    Text,
    Value,
)  # fmt: skip

_PARTS = ("parent", "name", "stem", "suffix")
_SAME = frozenset(["resolve", "absolute", "expanduser", "as_posix", "__str__"])
_READS = frozenset(["read_text", "read", "readlines", "read_bytes"])
METHODS = _SAME | {"joinpath", "with_name", "with_suffix", "read_text", "open", "exists", "is_file"}


def path_of(machine: Machine, scope: Scope) -> Value:
    """Return the `__file__` of a module."""
    if scope.is_revision:
        return f"{TREE}/{machine.project.path}" if machine.project.path else UNKNOWN_TEXT
    return UNKNOWN_TEXT


def part(path: str, name: str) -> Value | None:
    """Return `path.parent` and its like; None for what is no part of a path."""
    if name == "parent":
        return posixpath.dirname(path)
    if name == "name":
        return posixpath.basename(path)
    if name in _PARTS:
        stem, suffix = posixpath.splitext(posixpath.basename(path))
        return stem if name == "stem" else suffix
    return None


def path_method(machine: Machine, path: str, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a pathlib.Path."""
    rest = [one for one in arguments.positional if isinstance(one, str)]
    known = len(rest) == len(arguments.positional)
    if name in _SAME:
        return pure(f"pathlib.Path.{name}", posixpath.normpath(path))
    if name in ("exists", "is_file"):
        return pure(f"pathlib.Path.{name}", ANY)
    if name == "open":
        return pure("pathlib.Path.open", Method(path, "open"))
    if name == "read_text":
        return content(machine, path)
    if not known:
        return pure(f"pathlib.Path.{name}", UNKNOWN_TEXT)
    if name == "joinpath":
        return pure("pathlib.Path.joinpath", posixpath.normpath(posixpath.join(path, *rest)))
    changed = rest[0]
    if name == "with_suffix":
        changed = posixpath.splitext(posixpath.basename(path))[0] + changed
    return pure(f"pathlib.Path.{name}", posixpath.join(posixpath.dirname(path), changed))


def content(machine: Machine, path: Value) -> Discharge:
    """Return the text of a file of the tree."""
    if not isinstance(path, str) or not path:
        return pure("a file whose name is not in the text", UNKNOWN_TEXT)
    found = machine.project.resolve_file(posixpath.normpath(path))
    if found is None or not machine.room_for(len(found)):
        return pure("a file that is not in the tree", UNKNOWN_TEXT)
    return pure("a file of the tree", found.decode("utf-8", "replace"))


def file_method(machine: Machine, path: Value, name: str) -> Discharge:
    """Follow a method of an open file."""
    if name not in _READS:
        if name in ("close", "seek", "__enter__", "__exit__", "write", "flush", "readline"):
            return pure(f"a file's {name}", PLAIN)
        return unknown(machine, f"a file has no method {name}()")
    found = content(machine, path)
    if name == "readlines" and isinstance(found.value, str):
        return pure("a file of the tree", list_of(found.value.splitlines(keepends=True)[:2000]))
    return found


def open_file(arguments: Arguments) -> Discharge:
    """Follow open()."""
    path = arguments.get(0, "file", PLAIN)
    if isinstance(path, str | Text):
        return pure("builtins.open", Method(path, "open"))
    return pure("builtins.open", PLAIN)


def path_call(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    """Follow pathlib.Path(...), os.path.join(...) and their like."""
    values = arguments.positional
    texts = [one for one in values if isinstance(one, str)]
    if len(texts) != len(values) or not texts or sum(map(len, texts)) > 4096:
        return pure(callee.path, UNKNOWN_TEXT)
    last = callee.last
    if last == "dirname":
        return pure(callee.path, posixpath.dirname(texts[0]))
    if last == "basename":
        return pure(callee.path, posixpath.basename(texts[0]))
    if last in ("abspath", "realpath", "normpath"):
        return pure(callee.path, posixpath.normpath(texts[0]))
    return pure(callee.path, posixpath.normpath(posixpath.join(*texts)))
