"""Every table that another parser finds in a statement is one that lback has seen there, too."""

from __future__ import annotations

import logging

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lback.core.sql.script import SqlReading
from tests.sql.table import rows
from tests.sql.test_truth import read

NAMES = {"p": "postgres", "m": "mysql", "s": "sqlite"}
# What is no statement to it, or says nothing of tables.
NOT_ASKED = (exp.Command, exp.Set, exp.Describe, exp.Comment)
CASES = [(letter, sql) for where, _, sql in rows() for letter in where if letter in NAMES]


@pytest.mark.parametrize(("letter", "sql"), CASES)
def test_no_table_is_overlooked(letter: str, sql: str, caplog: pytest.LogCaptureFixture) -> None:
    found = read(sql, letter)
    if any(not tables for _, tables in found.unknown):
        return  # anything may be meant
    with caplog.at_level(logging.CRITICAL, "sqlglot"):
        theirs = tables_of(sql, NAMES[letter])
    assert theirs <= known(found), found


def tables_of(sql: str, dialect: str) -> set[str]:
    """Return the tables of those statements that the other parser understands."""
    try:
        trees = [one for one in sqlglot.parse(sql, read=dialect) if one is not None]
    except SqlglotError:
        return set()
    found = set()
    for tree in trees:
        if isinstance(tree, NOT_ASKED) or tree.find(exp.Command) is not None:
            continue
        inner = {one.alias for one in tree.find_all(exp.CTE, exp.Table)}
        for table in tree.find_all(exp.Table):
            named = isinstance(table.this, exp.Identifier) and table.name not in inner
            if named and not table.name.endswith("_ops"):  # the operators of an index
                found.add(table.name.lower())
    return found


def known(found: SqlReading) -> set[str]:
    """Return the bare names of all that was read, whatever it is."""
    names = {*found.reads, *found.temporary, *(one.name for one in found.uses)}
    for effect in found.effects:
        names |= {effect.table or "", effect.name or "", effect.to or "", effect.refers_to or ""}
        names |= {*effect.reads, *(one.name for one in effect.uses)}
    names |= {table for _, tables in found.unknown for table in tables}
    return {one.rpartition(".")[2].lower() for one in names}
