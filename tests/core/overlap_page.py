"""Writes docs/overlaps.md from one run of all pairs: what people meet, and the figures.

`python -m tests.core.overlap_page` runs all pairs (an hour and more) and writes the page;
`--rows` runs the named pairs only and keeps the figures that are there.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from lback.core.effects import described
from lback.core.merging.matrix import MATRIX, SEVERITY
from lback.core.merging.overlap import overlaps
from tests.core.kinds import KINDS
from tests.core.merging.pairs import AROUND, Pair, all_pairs, effects
from tests.core.survey import Survey, survey
from tests.servers import KINDS as DATABASES

PAGE = Path(__file__).parents[2] / "docs/overlaps.md"

# What cannot be read: the text of the statement is not in the file.
OPAQUE = "run a statement that is not in the file"
TEXTS = {
    **KINDS,
    OPAQUE: "from base64 import b64decode\n"
    'op.execute(b64decode("QUxURVIgVEFCTEUgdXNlcnMgQUREIENPTFVNTiBjMSBJTlRFR0VS").decode())',
}

NAMED: tuple[tuple[str, str, str], ...] = (
    ("one column added twice, of one type", "add column", "add it again"),
    ("one column added twice, of two types", "add column", "add it as text"),
    ("a column added, the table dropped", "add column to spare", "drop table"),
    ("a column renamed, and used by a statement", "rename column", "update rows"),
    ("a column renamed, and dropped", "rename column", "drop column"),
    ("two columns added to one table", "add column", "add another column"),
    ("an index with one name twice", "make index", "make it on another column"),
    ("the same, on two tables", "make index", "make it on another table"),
    ("an index made twice, each if it is missing", "make index if missing",
     "make it if missing too"),
    ("a constraint name twice", "add unique", "add unique of that name"),
    ("a foreign key's name twice", "add foreign key", "add foreign key of that name"),
    ("a foreign key to a unique column, its key dropped", "add foreign key to code", "drop unique"),
    ("one enum value added on both sides", "add enum value", "add it too"),
    ("two enum values added", "add enum value", "add other enum value"),
    ("a type renamed, and used", "rename enum", "add column of enum"),
    ("NOT NULL set, rows inserted without it", "set not null", "insert logs"),
    ("a required column, rows inserted", "add a required column", "insert logs"),
    ("rows inserted by position, a column added", "insert by position", "add another column"),
    ("a default set, rows inserted that take it", "set default of kind", "insert entries"),
    ("a trigger made, rows inserted", "make trigger", "insert entries"),
    ("rows deleted, and rows that refer to them inserted", "delete rows", "insert posts"),
    ("a table renamed, and altered", "rename table", "add column to spare"),
    ("a table renamed, and referred to", "rename table", "create table that refers"),
    ("a table with this name in another schema", "drop column", "change other schema's table"),
    ("a view of all columns, a column added", "make view of all", "add another column"),
    ("one type changed to two others", "change type", "change type to other"),
    ("one type changed to the same", "change type", "change type so too"),
    ("rows updated, the column dropped", "update rows", "drop column"),
    ("a sequence in a default, and dropped", "default from sequence", "drop sequence"),
    ("one table created twice", "create table", "create it otherwise"),
    ("one table created twice, each if it is missing", "create table if missing",
     "create it if missing too"),
    ("raw SQL and op, the same column added", "add column", "raw add column"),
    ("raw SQL and op, one index name", "make index", "raw index"),
    ("raw SQL and op, nothing in common", "raw index", "add another column"),
    ("unreadable, and what it does besides", "add column", OPAQUE),
    ("unreadable, and something else", "create table", OPAQUE),
)  # fmt: skip
ROWS = tuple((left, right) for _, left, right in NAMED)

_HEAD = """# What overlaps, and what databases make of it

`lback merge` joins two sides of a fork only where their effects are known to commute. Every
effect has a *footprint*: the resources that it touches, each in a mode. A table, a column, a
type, a name, the rows of a table are resources; an index needs its table and columns and makes
its name; `DROP COLUMN` drops the column and what hangs on it; an `INSERT` by position takes all
columns that there are. Two effects commute where no two of their touches clash, by a small
matrix, as in the serialisability of transactions. What is not known is touched: a statement
whose columns cannot be read may use any of them, and code that cannot be read touches all.

The footprints are in `lback/core/merging/footprint.py` and beside it, the matrix in
`lback/core/merging/matrix.py`. A new kind of change needs a line in `tests/core/kinds.py`, and is
run with every other one.

- **joined**: no overlap. **same**: both do the same, and are joined too.
- **order matters**: the outcome depends on who comes first.
- **conflict**: one cannot run after the other, at least on one of the databases.
- **unknown**: the file does not say what it does, so that nothing is known of the pair.

## What people meet

Each row is a pair of statements, one of each side, the verdict, and what a real database did when
both were run from one schema with rows, in both orders. A "-" stands where one of the two does
nothing, or does not run, on that database.

| what meets | A | B | verdict | SQLite | PostgreSQL | MariaDB |
|---|---|---|---|---|---|---|
"""
_FIGURES = "## All pairs"
_MATRIX = "## The matrix"


def verdict(pair: Pair) -> str:
    """Return the gravest verdict on a pair, or that it is joined."""
    left, right = (effects(TEXTS[one]) for one in pair)
    found = overlaps({"left": left}, {"right": right}, AROUND)
    return max((one.verdict for one in found), key=lambda one: SEVERITY[one], default="joined")


def rows(found: Survey) -> str:
    """Return the rows of the named pairs."""
    lines = (
        f"| {title} | {_words(left)} | {_words(right)} | "
        f"**{verdict((left, right)).replace('-', ' ')}** | {_cells(found.did[left, right])} |"
        for title, left, right in NAMED
    )
    return "\n".join(lines) + "\n"


def _cells(did: dict[str, tuple[str, str]]) -> str:
    return " | ".join(_happened(did.get(one)) for one in DATABASES)


def _happened(said: tuple[str, str] | None) -> str:
    if said is None:
        return "-"
    if said == ("", ""):
        return "same outcome"
    if said[0] == "differ":
        return "both run, and differ"
    if all(said):
        return "neither order runs"
    return "B after A fails" if said[0] else "A after B fails"


def _words(kind: str) -> str:
    if kind == OPAQUE:
        return OPAQUE
    said = re.sub(r" \[\w+ only\]", "", described(effects(TEXTS[kind]).upgrade[0]))
    return f"raw: {said}" if kind.startswith("raw") else said


def figures(found: Survey) -> str:
    """Return what became of all pairs, in figures."""
    ran = [pair for pair, did in found.did.items() if did]
    commuting, false = found.commuting(), found.false()
    judged = Counter(found.verdicts[one] for one in ran)
    lines = [
        f"{len(KINDS)} kinds of change make {len(found.did):,} pairs. In {len(ran):,} of them both "
        "do something on one database at least; these were run.",
        "",
        "| | pairs |",
        "|---|---|",
        *(f"| {one.replace('-', ' ')} | {judged[one]:,} |" for one in _ORDER if judged[one]),
        f"| came out alike in both orders, everywhere | {len(commuting):,} |",
        f"| joined, and failed or differed somewhere | {len(found.wrong()):,} |",
        f"| alike, and yet not joined | {len(false):,} ({len(false) / len(commuting):.1%}) |",
        "",
        "The last ones are alike with the few rows of the test and may differ with others, or use "
        "columns that the text does not show:",
        "",
        "| why they are not joined | pairs |",
        "|---|---|",
        *(f"| {why} | {count} |" for why, count in _reasons(false)),
    ]
    return "\n".join(lines) + "\n"


_ORDER = ("joined", "same", "order-matters", "conflict", "unknown")


def _reasons(pairs: Sequence[Pair]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for pair in pairs:
        left, right = (effects(TEXTS[one]) for one in pair)
        worst = overlaps({"left": left}, {"right": right}, AROUND)[0]
        unread = worst.verdict == "unknown"
        counted["one cannot be read" if unread else worst.brief.partition(": ")[2]] += 1
    return counted.most_common()


def _matrix() -> Iterator[str]:
    yield "| resource | modes that clash |"
    yield "|---|---|"
    for kind, modes in MATRIX.items():
        pairs = dict.fromkeys(" and ".join(sorted(one)) for one in modes)
        yield f"| {kind} | {', '.join(pairs)} |"


def page(named: Survey, whole: str) -> str:
    """Return the page: the rows of the named pairs, and the figures of all."""
    matrix = "\n".join(_matrix())
    how = (
        "Generated by `python -m tests.core.overlap_page` from one run, which is the test as well "
        "(`pytest -m soak tests/core/test_overlap_truth.py`, [soak.md](soak.md)).\n\n"
    )
    return (
        f"{_HEAD}{rows(named)}\n{_FIGURES}\n\n{how}{whole}\n{_MATRIX}\n\nTwo touches of one "
        f"resource clash in these modes, and in no other:\n\n{matrix}\n"
    )


def figures_now() -> str:
    """Return the figures that the page has."""
    text = PAGE.read_text(encoding="utf-8")
    inner = text.partition(_FIGURES)[2].partition(f"\n{_MATRIX}")[0]
    return inner.partition("([soak.md](soak.md)).\n\n")[2] or inner.partition(").\n\n")[2]


def run(pairs: Sequence[Pair]) -> Survey:
    """Run pairs, and the second order of those that are named."""
    return survey(pairs, DATABASES, TEXTS, whole=frozenset(ROWS))


def main() -> None:
    """Write the page."""
    if "--rows" in sys.argv:
        found = run(ROWS)
        PAGE.write_text(page(found, figures_now()), encoding="utf-8")
        return
    found = run([*dict.fromkeys([*all_pairs(), *ROWS])])
    for pair in [one for one in found.did if OPAQUE in one]:
        found.verdicts.pop(pair)
    counted = Survey(found.verdicts, {one: found.did[one] for one in found.verdicts})
    PAGE.write_text(page(found, figures(counted)), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}; joined, and yet different: {counted.wrong()}\n")


if __name__ == "__main__":
    main()
