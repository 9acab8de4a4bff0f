"""squawk's findings about SQL in new revisions, where squawk is installed."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.core.findings import Finding, finding
from lback.core.graph import Revision
from lback.core.sql.literals import SqlLiteral, sql_literals
from lback.vcs.lookups import own_program

if TYPE_CHECKING:
    from lback.vcs.repository import Repository

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


@dataclass(frozen=True, slots=True)
class _Piece:
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
    said = {(one.path, one.line) for one in known if one.code in ("LB402", "LB403", "LB404")}
    for row in _ask(program, "\n".join(lines)):
        piece = next(one for one in reversed(pieces) if one.start <= row["line"])
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
