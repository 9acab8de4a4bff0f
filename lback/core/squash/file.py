"""The one file of a squash: its text, and its header as the graph will have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.header import read_header
from lback.core.squash.folding import in_strings
from lback.core.squash.plan import SquashPlan

_WIDTH = 96
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Built:
    """The code that builds the schema on one dialect, and that takes it away, a statement each."""

    up: tuple[str, ...]
    down: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """The function of one revision that was moved into the file."""

    name: str
    text: str


def built_file(
    plan: SquashPlan,
    node: Revision,
    built: Mapping[str, Built],
    imports: Iterable[str],
    folds: Sequence[Folded] = (),
    fills: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return the file that builds what was there at the end, on each of these dialects.

    `folds` are called after that: they do what the old files did to rows. What inserts the rows
    that those left, the `fills` by dialect, comes last.
    """
    parts = [_head(plan, node, _BUILT, imports)]
    names = {}
    for dialect, code in built.items():
        names[dialect] = word = _word(dialect)
        parts.append(_function(f"_build_on_{word}()", code.up))
        parts.append(_function(f"_drop_on_{word}()", code.down))
    parts += [fold.text for fold in folds]
    rows = [f"{fold.name}(True)" for fold in folds]
    filled = {dialect: names[dialect] for dialect, code in (fills or {}).items() if code}
    for dialect, word in filled.items():
        parts.append(_function(f"_fill_on_{word}()", (fills or {})[dialect]))
        rows += [f"if dialect {_test(dialect)}:", f"    _fill_on_{word}()"]
    parts.append(_function("upgrade(*args, **kwargs)", [_choice(names, "_build_on_"), *rows]))
    parts.append(_function("downgrade(*args, **kwargs)", [_choice(names, "_drop_on_")]))
    return _text(parts)


def folded_file(
    plan: SquashPlan, node: Revision, folds: Sequence[Folded], *, future: bool = False
) -> bytes:
    """Return the file that does what all the old files did, one after the other."""
    parts = [_head(plan, node, _FOLDED, (), future=future)]
    parts += [fold.text for fold in folds]
    up = [f"{fold.name}(True)" for fold in folds]
    down = [f"{fold.name}(False)" for fold in reversed(folds)]
    parts.append(_function("upgrade(*args, **kwargs)", up))
    parts.append(_function("downgrade(*args, **kwargs)", down))
    return _text(parts)


def with_squash(graph: GraphView, plan: SquashPlan, path: str, text: bytes, blob: str) -> Graph:
    """Return the graph as it is once the file is written and the others are gone."""
    header = read_header(text, path.rpartition("/")[2])
    assert isinstance(header, Header)
    gone = frozenset(plan.members)
    others = [node for node in graph if node.id not in gone]
    return Graph([*others, Revision(header, path, blob)])


_BUILT = "It builds in one step what {number} revisions built, from nothing."
_FOLDED = "It does in one step what {number} revisions did, one after the other."


def _head(
    plan: SquashPlan, node: Revision, about: str, imports: Iterable[str], *, future: bool = False
) -> str:
    title = " ".join(node.doc.split()) or f"squash of {len(plan.members)} revisions"
    date = f"Create Date: {_plain(node.header.create_date)}\n" if node.header.create_date else ""
    revises = ", ".join(map(_plain, plan.parents))
    lines = [
        f'"""{_plain(title)}',
        "",
        about.format(number=len(plan.members)),
        "A database that stands at one of those in `replaces` is brought here by `lback migrate`,",
        "with their own files, which git has.",
        "",
        f"Revision ID: {_plain(plan.revision)}",
        f"Revises: {revises}",
        f'{date}"""',
        "",
        *(["from __future__ import annotations", ""] if future else []),
        *sorted({*imports, "from alembic import op"} if imports else ()),
        *([""] if imports else []),
        "# revision identifiers, used by Alembic.",
        f"revision = {_literal(plan.revision)}",
        f"down_revision = {_ids(plan.parents)}",
        f"branch_labels = {_ids(plan.labels)}",
        f"depends_on = {_ids(plan.depends_on)}",
        "",
        "# What was squashed into this one; lback reads it.",
        f"replaces = {_tuple(plan.replaces)}",
    ]
    return "\n".join(lines)


def _function(signature: str, statements: Sequence[str]) -> str:
    body = "\n".join(statements) or "pass"
    return f"def {signature} -> None:\n{_indented(body)}"


def _indented(code: str) -> str:
    """Return code four columns further in; what is in a string of several lines is left alone."""
    inside = in_strings(code)
    return "\n".join(
        line if number in inside or not line.strip() else f"    {line}"
        for number, line in enumerate(code.split("\n"), 1)
    )


def _choice(names: Mapping[str, str], start: str) -> str:
    lines = ["dialect = op.get_context().dialect.name"]
    word = "if"
    for dialect, name in names.items():
        lines += [f"{word} dialect {_test(dialect)}:", f"    {start}{name}()"]
        word = "elif"
    proved = " and ".join(names)
    lines += [
        "else:",
        f'    raise NotImplementedError(f"this squash was made for {proved}, not {{dialect}}")',
    ]
    return "\n".join(lines)


def _test(dialect: str) -> str:
    if dialect in ("mysql", "mariadb"):
        return 'in ("mysql", "mariadb")'
    return f'== "{dialect}"'


def _text(parts: Iterable[str]) -> bytes:
    return ("\n\n\n".join(parts) + "\n").encode()


def _word(dialect: str) -> str:
    return re.sub(r"\W+", "_", dialect)


def _ids(names: Sequence[str]) -> str:
    if not names:
        return "None"
    return _literal(names[0]) if len(names) == 1 else _tuple(names)


def _tuple(names: Sequence[str]) -> str:
    rows = "".join(f"    {_literal(name)},\n" for name in names)
    return f"(\n{rows})"


def _literal(text: str) -> str:
    return f'"{_plain(text)}"'


def _plain(text: str) -> str:
    """Return text for between double quotes, in letters that no encoding changes."""
    return _NOT_PLAIN.sub(lambda found: _escaped(found[0]), text)


def _escaped(letter: str) -> str:
    number = ord(letter)
    if letter == "\\":
        return "\\\\"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
