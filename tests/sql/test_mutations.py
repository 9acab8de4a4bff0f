"""A function that writes, put into every corner of every statement, is never overlooked.

Each statement is changed at one token and run on PostgreSQL; where the server takes it, what it
changed is among what was read of it, or was said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from lback.core.sql.outcome import CannotRead
from lback.core.sql.tokens import cut
from tests.servers import fresh_database
from tests.sql import catalogue
from tests.sql.table import rows
from tests.sql.test_truth import covered, read

WRITER = (
    "CREATE FUNCTION {name}() RETURNS {type} LANGUAGE plpgsql AS 'BEGIN "
    "INSERT INTO tags (id, label) SELECT max(id) + 1000, ''written'' FROM tags; "
    "RETURN {value}; END'"
)
INSTEAD = ("b()", "bt()", "(SELECT b())", "DISTINCT b()")
BEHIND = (" , b()", " + b()", " AND b() > 0", " LIMIT b()", " ORDER BY b()", " RETURNING b()",
          " WHERE b() > 0")  # fmt: skip


def mutants() -> Iterator[str]:
    for where, _, sql in rows():
        if "p" not in where or "LISTEN" in sql:
            continue
        try:
            found = cut(sql, "postgresql")
        except CannotRead:
            continue
        for token in found:
            if token.kind in ("word", "quoted", "number", "string") and token.text[0] != "$":
                before, after = sql[: token.start], sql[token.end :]
                yield from (before + one + after for one in INSTEAD)
                yield from (before + token.text + one + after for one in BEHIND)


def test_a_few_mutants(tmp_path: Path) -> None:
    assert run(list(mutants())[::40], tmp_path) > 10


@pytest.mark.soak
def test_all_mutants(tmp_path: Path) -> None:
    assert run(list(mutants()), tmp_path) > 800


def run(changed: list[str], folder: Path) -> int:
    """Run statements that may not be valid; return how many of them were."""
    ran = 0
    with fresh_database("postgresql", folder) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection, connection.cursor() as cursor:
            for one in catalogue.setup("postgresql"):
                cursor.execute(one.encode())
            cursor.execute(WRITER.format(name="b", type="int", value="3").encode())
            cursor.execute(WRITER.format(name="bt", type="text", value="''x''").encode())
            connection.commit()
            still = catalogue.of_postgresql(cursor)
            for sql in changed:
                before = still | catalogue.sequences(cursor, still)
                try:
                    cursor.execute("SET LOCAL statement_timeout = '5s'")
                    cursor.execute(sql.encode())
                    cursor.execute("RESET SESSION AUTHORIZATION; SET search_path TO public")
                except psycopg.Error:
                    connection.rollback()
                    continue
                after = catalogue.of_postgresql(cursor)
                differing = before ^ (after | catalogue.sequences(cursor, after))
                connection.rollback()
                ran += 1
                found = read(sql, "p")
                missed = [one for one in differing if not covered(*one[:3], found)]
                assert not missed, (sql, missed, found)
    return ran
