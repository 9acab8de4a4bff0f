"""SQL that stands in a migration as plain text, with its lines."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lback.core.checks.findings import Finding, finding
from lback.core.graph.revision import Revision
from lback.vcs.lookups import own_program

if TYPE_CHECKING:
    from lback.vcs.repository import Repository


class SqlLiteral(NamedTuple):
    """One text given to an `execute`; `first` and `last` are the lines of the whole statement."""

    sql: str
    line: int
    first: int
    last: int


def sql_literals(source: bytes) -> tuple[SqlLiteral, ...]:
    """Return the texts that upgrade() of a revision executes, in their order.

    Takes `op.execute("...")` and `op.execute(sa.text("..."))`; a text that is put together at
    run time is left out. A source that does not parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    literals = []
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name != "upgrade":
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and (text := _executed(node)) is not None:
                last = node.end_lineno or node.lineno
                literals.append(SqlLiteral(text.value, text.lineno, node.lineno, last))  # type: ignore[arg-type]
    return tuple(sorted(literals, key=lambda literal: literal.line))


def _executed(call: ast.Call) -> ast.Constant | None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "execute" or not call.args:
        return None
    text = call.args[0]
    if isinstance(text, ast.Call) and text.args and _name(text.func) == "text":
        text = text.args[0]
    plain = isinstance(text, ast.Constant) and isinstance(text.value, str)
    return text if plain else None  # type: ignore[return-value]


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


# Matters of taste, and what Alembic's own transaction and settings decide.
_TASTE = (
    "prefer-robust-stmts",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "require-lock-timeout",
    "require-statement-timeout",
)
_SECONDS = 30


class _Piece(NamedTuple):
    """One text of a revision, and the line of the joined SQL that it begins at."""

    revision: Revision
    literal: SqlLiteral
    start: int


def squawk_findings(
    texts: Iterable[tuple[Revision, bytes]],
    known: Iterable[Finding],
    repository: Repository | None = None,
) -> Iterator[Finding]:
    """Yield LB404 for what squawk says, at the line of the file; none when it is not there.

    Where a rule of ours has spoken about the same statement, squawk need not repeat it.
    """
    program = own_program("squawk", repository)
    if program is None:
        return
    pieces: list[_Piece] = []
    lines: list[str] = []
    for revision, text in texts:
        for literal in sql_literals(text):
            pieces.append(_Piece(revision, literal, len(lines)))
            sql = literal.sql.rstrip().removesuffix(";") + "\n;"
            lines += sql.split("\n")
    if not pieces:
        return
    said = {
        (finding.path, finding.line)
        for finding in known
        if finding.code in ("LB402", "LB403", "LB404")
    }
    for row in _ask(program, "\n".join(lines)):
        piece = next(piece for piece in reversed(pieces) if piece.start <= row["line"])
        here = range(piece.literal.first, piece.literal.last + 1)
        if not any((piece.revision.path, line) in said for line in here):
            yield _finding(piece, row)


def _finding(piece: _Piece, row: dict[str, Any]) -> Finding:
    return finding(
        "LB404",
        f"squawk {row['rule_name']}: {row['message']}",
        row.get("help") or "",
        path=piece.revision.path,
        line=min(piece.literal.line + row["line"] - piece.start, piece.literal.last),
        revisions=(piece.revision.id,),
    )


def _ask(program: Path, sql: str) -> list[dict[str, Any]]:
    """Return squawk's rows; none where it fails, for it is an extra."""
    command = [os.fspath(program), "--reporter", "json", "--stdin-filepath", "revision.sql"]
    command += [f"--exclude={rule}" for rule in _TASTE]
    try:
        # In an empty folder: where it stands squawk looks for a .squawk.toml, and the branch
        # that is looked at could bring one.
        with tempfile.TemporaryDirectory(prefix="lback-") as folder:
            done = subprocess.run(
                command,
                input=sql,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        rows = json.loads(done.stdout or "[]")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    return [row for row in rows if isinstance(row, dict) and {"line", "rule_name"} <= row.keys()]
