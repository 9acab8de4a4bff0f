"""The operations of one step, as they are sent: what they are, what they touch, their inverses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.record.steps import RecordedStep

OPERATIONS_TABLE = "lback_operations"

Kind = Literal["read", "rows", "schema", "other"]
OperationOutcome = Literal["started", "done", "failed", "undoing", "blind"]

_FIRST = re.compile(r"(?:\s|;|\(|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?!!).*?\*/)*(\w*)", re.DOTALL)
_READS = frozenset(
    {
        *("SELECT", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "VALUES", "SET", "USE", "PRAGMA"),
        *("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "RESET"),
        *("DECLARE", "FETCH", "CLOSE", "DISCARD", "LISTEN"),
    }
)
_ROWS = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})
_SCHEMA = frozenset({"CREATE", "ALTER", "DROP", "RENAME", "COMMENT"})
_WRITES = re.compile(r"\b(?:insert|update|delete|merge)\b", re.IGNORECASE)
_CALLS = re.compile(
    r"select\s+(?:pg_catalog\.)?(\w+)\s*\((?!.*\bfrom\b)", re.IGNORECASE | re.DOTALL
)
_HARMLESS = frozenset(
    {"version", "current_schema", "current_database", "current_setting", "now", "count"}
)
_PART = r"(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|\w+)"
_NAME = rf"(?P<name>{_PART}(?:\s*\.\s*{_PART})?)"
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?"
_FLAGS = re.IGNORECASE | re.DOTALL
# Texts, which `re` compiles where they are used: that is seldom, and every command imports this.
_FORMS = tuple(
    rf"\s*{form}"
    for form in (
        rf"create\s+(?:or\s+replace\s+)?(?:temporary\s+)?table\s+{_IF}{_NAME}\s*\(",
        rf"alter\s+table\s+{_IF}(?:only\s+)?{_NAME}(?=\s)",
        rf"drop\s+table\s+{_IF}{_NAME}\s*(?:cascade|restrict)?\s*;?\s*$",
        rf"create\s+(?:unique\s+|fulltext\s+|spatial\s+)?index\s+(?:concurrently\s+)?{_IF}{_PART}"
        rf"\s+(?:using\s+\w+\s+)?on\s+(?:only\s+)?{_NAME}",
        rf"drop\s+index\s+{_IF}{_PART}\s+on\s+{_NAME}\s*;?\s*$",
        rf"drop\s+index\s+(?:concurrently\s+)?{_IF}{_NAME}\s*(?:cascade|restrict)?\s*;?\s*$",
        rf"rename\s+table\s+{_NAME}\s+to\s+{_PART}\s*;?\s*$",
        rf"alter\s+type\s+{_NAME}\s+(?:add|rename)\b",
        rf"comment\s+on\s+(?:table|column)\s+{_NAME}",
    )
)


@dataclass(frozen=True, slots=True)
class SentOperation:
    """One statement of a step that changes something, as it was sent.

    `before` is what it touches, as that was before it; None where that cannot be compared.
    `returned` says that it gave rows, which cannot be had again.
    """

    number: int
    kind: Kind
    digest: str
    text: str
    outcome: OperationOutcome
    before: str | None = None
    returned: bool = False
    rowcount: int | None = None
    lastrowid: int | None = None


@dataclass(frozen=True, slots=True)
class HalfRun:
    """A step that was cut off where no transaction takes it back, and what of it ran.

    Or one that may be `running`, by whom that says.
    """

    step: RecordedStep
    ran: tuple[SentOperation, ...]
    unknown: tuple[SentOperation, ...] = ()
    """Those of which it is not known whether they ran."""
    failed: tuple[SentOperation, ...] = ()
    running: str = ""

    @property
    def first_time(self) -> tuple[SentOperation, ...]:
        """Return what ran, and what had failed before the last of it, which went on then."""
        last = max((operation.number for operation in self.ran), default=0)
        return (*self.ran, *(operation for operation in self.failed if operation.number < last))

    def made(self, table: str) -> frozenset[str | None]:
        """Return which columns of a table its upgrade() has made; None is the table itself."""
        inverses = [inverse_of(operation) for operation in self.ran]
        made = [inverse.made for inverse in inverses if inverse is not None and inverse.made]
        return frozenset(column for name, column in made if name == table)


def kind_of(statement: str) -> Kind:
    """Tell what a statement is about."""
    first = _FIRST.match(statement)
    word = first[1].upper() if first else ""
    if word == "WITH":
        return "rows" if _WRITES.search(statement) else "read"
    if word == "SELECT":
        call = _CALLS.search(statement)
        return "other" if call is not None and call[1].lower() not in _HARMLESS else "read"
    if word in _READS or not word:
        return "read"
    return "rows" if word in _ROWS else "schema" if word in _SCHEMA else "other"


def touched(statement: str) -> str | None:
    """Return the name of the one thing that a statement about the schema changes.

    None where it is several, or none that could be looked at.
    """
    for form in _FORMS:
        match = re.match(form, statement, _FLAGS)
        if match is not None:
            return match["name"]
    return None


def _inverse(pattern: str, inverse: str) -> tuple[str, str]:
    return rf"\s*{pattern}\s*;?\s*$", inverse


_T = rf"(?P<t>{_PART}(?:\s*\.\s*{_PART})?)"
_N = rf"(?P<n>{_PART})"
_M = rf"(?P<m>{_PART})"
_INVERSES = (
    _inverse(rf"create\s+table\s+{_T}\s*\(.*", "DROP TABLE {t}"),
    _inverse(
        rf"create\s+(?:unique\s+|fulltext\s+|spatial\s+)?index\s+{_N}\s+on\s+{_T}\s*\(.*",
        "DROP INDEX {n} ON {t}",
    ),
    _inverse(
        rf"alter\s+table\s+{_T}\s+add\s+constraint\s+{_N}\s+(?:unique|check|foreign\s+key)\b.*",
        "ALTER TABLE {t} DROP CONSTRAINT {n}",
    ),
    _inverse(rf"alter\s+table\s+{_T}\s+add\s+column\s+{_N}\s[^,;]*(?:\([^)]*\)[^,;]*)*", "{c}"),
    _inverse(rf"alter\s+table\s+{_T}\s+rename\s+to\s+{_M}", "ALTER TABLE {m} RENAME TO {t}"),
    _inverse(rf"rename\s+table\s+{_T}\s+to\s+{_M}", "RENAME TABLE {m} TO {t}"),
    _inverse(
        rf"alter\s+table\s+{_T}\s+rename\s+column\s+{_N}\s+to\s+{_M}",
        "ALTER TABLE {t} RENAME COLUMN {m} TO {n}",
    ),
)


@dataclass(frozen=True, slots=True)
class Inverse:
    """What takes an operation back; `counted` are the rows that go with it.

    `made` is the table that goes with it, or the one column of that.
    """

    statement: str
    counted: str | None = None
    made: tuple[str, str | None] | None = None


def inverse_of(operation: SentOperation) -> Inverse | None:
    """Return what takes an operation about the schema back; None where nothing is known to."""
    if operation.kind != "schema":
        return None
    for pattern, inverse in _INVERSES:
        match = re.match(pattern, operation.text, _FLAGS)
        if match is None:
            continue
        parts = match.groupdict()
        if inverse == "{c}":
            table, column = parts["t"], parts["n"]
            rows = f"SELECT COUNT({column}) FROM {table}"
            made = (_bare(table), _bare(column))
            return Inverse(f"ALTER TABLE {table} DROP COLUMN {column}", rows, made)
        statement = inverse.format(**parts)
        if not statement.startswith("DROP TABLE"):
            return Inverse(statement)
        return Inverse(statement, f"SELECT COUNT(*) FROM {parts['t']}", (_bare(parts["t"]), None))
    return None


def _bare(name: str) -> str:
    """Return the name that is written in a statement, without its schema."""
    part = re.split(rf"{_PART}\s*\.\s*", name)[-1].strip()
    return part[1:-1].replace(part[0] * 2, part[0]) if part[:1] in ("`", '"') else part


def shown(text: str, longest: int = 100) -> str:
    """Return a statement on one line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def told(operations: Sequence[SentOperation]) -> str:
    """Return what operations were, by their numbers."""
    return "; ".join(f"{one.number}. {shown(one.text)}" for one in operations)
