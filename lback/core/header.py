"""The fast way to a header: only for files of the usual shape, and then with certainty.

Every line down to the last header variable must be one of a few shapes that cannot
mean anything else, and no header variable may be named after it; any doubt is None,
and the parser decides. Many times faster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from lback.core import bindings, scanner
from lback.core.bindings import UNKNOWN, Binding, Scope
from lback.core.graph.revision import Header, Unreadable
from lback.core.scanner import Undecodable, decode_text

_WORDS = "revision|branch_labels|depends_on|__doc__"
WORDS = re.compile(_WORDS)
_NOT_A_WORD = rf"(?![^\n]*(?:{_WORDS}))"
_NOT_A_NAME = rf"(?![^()]*(?:{_WORDS}))"
_STRING = r"""(?:"[^"\\\n]*"|'[^'\\\n]*')"""
_STRINGS = rf"(?:{_STRING}\s*(?:,\s*{_STRING}\s*)*(?:,\s*)?)?"
_END = r"[ \t]*(?:\#[^\n]*)?(?:\n|\Z)"

_BLANK = re.compile(r"(?:[ \t\f]*(?:#[^\n]*)?\n)*")
_SAFE = re.compile(
    rf"""(?:
        [ \t\f]*(?:\#[^\n]*)?\n
      | import[ \t]{_NOT_A_WORD}[\w., \t]+{_END}
      | {_NOT_A_WORD}[A-Za-z_]\w*[ \t]*=[ \t]*[\w.]+\([\w., \t]*\){_END}
      | from[ \t]+{_NOT_A_WORD}[\w.]+[ \t]+import[ \t]+(?:
            [\w., \t*]+{_END}
          | \({_NOT_A_NAME}[\w,\s]*\){_END}
        )
    )+""",
    re.VERBOSE,
)
_ASSIGNMENT = re.compile(
    rf"""
    (?P<name>revision|down_revision|branch_labels|depends_on)
    (?:[ \t]*:[ \t]*[\w.,|\[\] \t"']+?)?
    [ \t]*=[ \t]*
    (?:None|(?P<one>{_STRING})|\(\s*(?P<many>{_STRINGS})\)|\[\s*(?P<list>{_STRINGS})\])
    {_END}
    """,
    re.VERBOSE,
)
_ITEM = re.compile(_STRING)

# A line at the margin that could begin a statement which binds a header variable:
# all but definitions and assignments of other names, none of which names one.
_DOUBTFUL = rf"""(?x)\n(?!
        [#)\]}}\s]|\Z
      | {_NOT_A_WORD}(?:@|(?:async[ ]+def|def|class)[ ]|[A-Za-z_]\w*[ ]*(?::[^=\n]*)?=)
    )"""
_REBINDS = r":=|\bglobal\b|\\\n"


class UsualHeader(NamedTuple):
    """A header whose values are plain literals."""

    revision: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]
    docstring: str
    line: int


def usual_header(text: str) -> UsualHeader | None:
    """Return the header of a file of the usual shape, or None when in any doubt."""
    docstring_span = _docstring(text)
    if docstring_span is None or "\nreplaces" in text:
        return None
    docstring, at = docstring_span
    values: dict[str, tuple[str, ...]] = {}
    place = -1
    while True:
        if skipped := _SAFE.match(text, at):
            at = skipped.end()
        assigned = _ASSIGNMENT.match(text, at)
        if assigned is None:
            break
        name, value, many, listed = assigned.group("name", "one", "many", "list")
        many = many or listed
        if name == "revision":
            place = at
        ids = [value] if value else _ITEM.findall(many) if many else ()
        values[name] = tuple([item[1:-1] for item in ids if len(item) > 2])
        at = assigned.end()
    if "down_revision" not in values or len(values.get("revision", ())) != 1:
        return None
    if WORDS.search(text, at) and not _is_harmless(text, at - 1):
        return None
    return UsualHeader(
        values["revision"][0],
        values["down_revision"],
        values.get("depends_on", ()),
        values.get("branch_labels", ()),
        docstring,
        text.count("\n", 0, place) + 1,
    )


def _is_harmless(text: str, at: int) -> bool:
    """Tell whether no statement after `at` can bind a header variable, though it names one.

    Every top-level statement begins at the margin, whatever strings the text holds.
    """
    doubtful, rebinds = re.compile(_DOUBTFUL), re.compile(_REBINDS)
    return not doubtful.search(text, at) and not rebinds.search(text, at)


def _docstring(text: str) -> tuple[str, int] | None:
    """Return the docstring and the index after its line; None when it needs the parser."""
    blank = _BLANK.match(text)
    at = blank.end() if blank else 0
    quotes = text[at : at + 3]
    if quotes not in ('"""', "'''"):
        # No string, hence no docstring; what follows decides whether it is usual.
        return None if quotes[:1] in ('"', "'") else ("", at)
    end = text.find(quotes, at + 3)
    if end < 0:
        return None
    body = text[at + 3 : end]
    after = text.find("\n", end + 3)
    if after < 0 or "\\" in body or text[end + 3 : after].strip(" \t"):
        return None
    return body, after + 1


NAMES = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})

_CREATE_DATE = re.compile(r"^[ \t]*Create Date:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
# Compiled where they are needed: few files have what these look for.
_LEGACY_ID = r"([a-f0-9]+)\.py$"
_FIRST_DEFINITION = r"\n(?:def|class|async|@)"
_CONFLICT = r"(?m)^(<{7})(?:[ \t][^\n]*)?\n(?s:.*?)^={7}\n(?s:.*?)^>{7}(?:[ \t]|$)"
_MARKER = r"(?m)^(?:<{7}|>{7})(?:[ \t]|$)"


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
        conflict = _conflict(text)
        if conflict is not None:
            return conflict
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
        for word, line in bindings.hidden(statements, NAMES).items():
            scope[word] = Binding(UNKNOWN, None, line, plain=False)
    return _header(scope, docstring_of(statements, scope), name)


def header_statements(text: str) -> list[ast.stmt]:
    """Return the statements that can hold a header, with positions; raises Lost."""
    first = re.search(_FIRST_DEFINITION, text)
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
        line = scope["revision"].line if "revision" in scope else 1
        return Unreadable("LB106", "`down_revision` is not assigned in this file.", line)
    values: dict[str, tuple[str, ...]] = {}
    uncertain: list[tuple[str, int]] = []
    for variable in ("down_revision", "depends_on", "branch_labels"):
        binding = scope.get(variable)
        ids = () if binding is None else _ids(binding.value)
        if binding is not None and ids is None:
            uncertain.append((variable, binding.line))
            ids = _literal(binding.node) if variable == "branch_labels" else ()
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
        _replaced(scope),
    )


def _replaced(scope: Scope) -> tuple[str, ...]:
    """Return what a squash says that it replaces; whatever is no tuple of ids is no such word."""
    binding = scope.get("replaces")
    value = binding.value if binding is not None else None
    return (_ids(value) or ()) if isinstance(value, tuple) else ()


def _revision(scope: Scope, name: str) -> str | Unreadable:
    binding = scope.get("revision")
    if binding is None:
        legacy = re.match(_LEGACY_ID, name)
        if legacy and "down_revision" in scope:
            return legacy.group(1)
        return Unreadable(
            "LB106",
            "`revision` is not assigned in this file, so Alembic cannot load it.",
            foreign="down_revision" not in scope,
        )
    if binding.value is UNKNOWN:
        message = (
            f"`revision` is computed on line {binding.line}; only running the file would tell."
        )
        return Unreadable("LB106", message, binding.line)
    if not isinstance(binding.value, str) or not binding.value:
        message = f"`revision` on line {binding.line} is not a revision id."
        return Unreadable("LB106", message, binding.line)
    return binding.value


def _ids(value: bindings.Value) -> tuple[str, ...] | None:
    """Return ids as Alembic takes them from a variable; None when they are not known."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, tuple):
        return None
    ids = tuple(option for option in value if isinstance(option, str))
    return tuple(filter(None, ids)) if len(ids) == len(value) else None


def _literal(node: ast.expr | None) -> tuple[str, ...]:
    """Return those labels of a tuple that are strings: more of them would only be more."""
    items = node.elts if isinstance(node, ast.Tuple | ast.List) else ()
    labels = (item.value for item in items if isinstance(item, ast.Constant))
    return tuple(label for label in labels if isinstance(label, str) and label)


def _first_paragraph(docstring: str) -> str:
    return docstring.strip().split("\n\n", 1)[0]


def _create_date(docstring: str) -> str:
    if "Create Date:" not in docstring:
        return ""
    match = _CREATE_DATE.search(docstring)
    return match.group(1) if match else ""


def _conflict(text: str) -> Unreadable | None:
    """Return the finding about conflict markers; a lone one counts outside of strings."""
    match = re.search(_CONFLICT, text)
    if match is None:
        match = re.search(_MARKER, text)
        if match is None or scanner.parse(text) is not None:
            return None
    line = text.count("\n", 0, match.start()) + 1
    return Unreadable("LB109", f"Line {line} is a conflict marker that git left.", line)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
