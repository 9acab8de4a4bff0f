"""Writes docs/overlaps.md: pairs that people meet, the verdict, and what three databases did.

`python -m tests.core.overlap_page` writes it; tests/core/test_overlap_page.py compares.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from lback.core.deeds import described
from lback.core.effects import Effects, read_effects
from lback.core.forks.judging import SEVERITY
from lback.core.forks.overlap import overlaps
from tests.core.test_overlap_truth import DEEDS, ON_POSTGRESQL, bench
from tests.core.truth import Bench, revision
from tests.servers import KINDS

PAGE = Path(__file__).parents[2] / "docs/overlaps.md"
ALIKE, DIFFER = "same outcome", "both run, and differ"

# What cannot be read: the text of the statement is not in the file.
OPAQUE = {
    "opaque: add the column": "from base64 import b64decode\n"
    'op.execute(b64decode("QUxURVIgVEFCTEUgdXNlcnMgQUREIENPTFVNTiBjMSBJTlRFR0VS").decode())',
}
WORDS = {"opaque: add the column": "run a statement that is not in the file"}

NAMED: tuple[tuple[str, str, str], ...] = (
    ("one column added twice, of one type", "add column", "add it again"),
    ("one column added twice, of two types", "add column", "add it as text"),
    ("a column added, the table dropped", "add column to spare", "drop table"),
    ("a column renamed, and used by a statement", "rename column", "update rows"),
    ("a column renamed, and dropped", "rename column", "drop column"),
    ("two columns added to one table", "add column", "add another column"),
    ("an index with one name twice", "make index", "make it on another column"),
    ("the same, on two tables", "make index", "make it on another table"),
    ("a constraint name twice", "add unique", "add unique of that name"),
    ("a foreign key's name twice", "add foreign key", "add foreign key of that name"),
    ("one enum value added on both sides", "add enum value", "add it too"),
    ("two enum values added", "add enum value", "add other enum value"),
    ("NOT NULL set, rows inserted without it", "set not null", "insert logs"),
    ("a required column, rows inserted", "add a required column", "insert logs"),
    ("a table renamed, and altered", "rename table", "add column to spare"),
    ("a table renamed, and referred to", "rename table", "create table that refers"),
    ("one type changed to two others", "change type", "change type to other"),
    ("one type changed to the same", "change type", "change type so too"),
    ("rows updated, the column dropped", "update rows", "drop column"),
    ("one table created twice", "create table", "create it otherwise"),
    ("raw SQL and op, the same column added", "add column", "raw add column"),
    ("raw SQL and op, one index name", "make index", "raw index"),
    ("raw SQL and op, nothing in common", "raw index", "add another column"),
    ("unreadable, and what it does besides", "add column", "opaque: add the column"),
    ("unreadable, and something else", "create table", "opaque: add the column"),
)

_HEAD = """# What overlaps, and what databases make of it

`lback merge` joins two sides of a fork only where their effects are known to commute. Each row
is a pair of statements, one of each side, the verdict, and what a real database did when both
were run from one schema in both orders. What is joined has come out alike on every database;
where it could err, the verdict errs on the side of asking.

- **joined**: no overlap. **same**: both do the same, and are joined too.
- **order matters**: the outcome depends on who comes first.
- **conflict**: one cannot run after the other, at least on one of the databases.
- **unknown**: the file does not say what it does, so that nothing is known of the pair.

This page is written by `python -m tests.core.overlap_page`; a test compares it with what three
servers do. The whole table is `lback/core/forks/commuting.py`, and all pairs of its kinds are
run by `pytest -m soak tests/core/test_overlap_truth.py` ([soak.md](soak.md)).

| what meets | A | B | verdict | SQLite | PostgreSQL | MariaDB |
|---|---|---|---|---|---|---|
"""


def body(deed: str) -> str:
    return OPAQUE[deed] if deed in OPAQUE else DEEDS[deed]


def effects(deed: str) -> Effects:
    return read_effects(revision(body(deed)))


def verdict(left: str, right: str) -> str:
    """Return the gravest verdict on a pair, or that it is joined."""
    found = overlaps({"left": effects(left)}, {"right": effects(right)})
    gravest = max((one.verdict for one in found), key=lambda one: SEVERITY[one], default="joined")
    return gravest.replace("-", " ")


def happened(database: Bench, kind: str, left: str, right: str) -> str:
    """Say what one database did in both orders."""
    one, other = body(left), body(right)
    if kind != "postgresql" and ON_POSTGRESQL in one + other:
        return "no enum types"
    assert database.runs_alone(one), left
    assert database.runs_alone(other), right
    first, second = database.outcome(one, other), database.outcome(other, one)
    if isinstance(first, str) and isinstance(second, str):
        return "neither order runs"
    if isinstance(first, str):
        return "B after A fails"
    if isinstance(second, str):
        return "A after B fails"
    return ALIKE if first == second else DIFFER


def table() -> dict[tuple[str, str], dict[str, str]]:
    """Run every named pair on every database."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder, bench(kind, Path(folder)) as database:
            for _, left, right in NAMED:
                row = found.setdefault((left, right), {})
                row[kind] = happened(database, kind, left, right)
    return found


def page(found: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """Return the page's text."""
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows(found))


def _rows(found: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    for title, left, right in NAMED:
        did = found[left, right]
        cells = (did[kind] for kind in KINDS)
        yield (title, _words(left), _words(right), f"**{verdict(left, right)}**", *cells)


def _words(deed: str) -> str:
    said = WORDS.get(deed) or described(effects(deed).upgrade[0])
    return f"raw: {said}" if deed.startswith("raw") else said


if __name__ == "__main__":
    PAGE.write_text(page(table()), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
