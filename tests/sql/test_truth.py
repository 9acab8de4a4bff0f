"""What SQL does to a real database is among what was read of it, or was said to be unknown."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy.engine import make_url

from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.sql.script import SqlReading, read_sql
from tests.servers import fresh_database
from tests.sql import catalogue
from tests.sql.catalogue import Fact
from tests.sql.table import rows

DIALECTS = {"p": "postgresql", "m": "mysql", "s": "sqlite"}
# What a change of one kind of object is read as.
SAME = {
    "type": {"enum", "domain", "type"},
    "domain": {"domain"},
    "index": {"index", "constraint"},
    "constraint": {"constraint", "index"},
}


def read(sql: str, letter: str) -> SqlReading:
    if letter == "-":
        return read_sql(sql)
    return read_sql(sql, Dialects(frozenset({DIALECTS[letter]}), but=False))


@pytest.mark.parametrize(("where", "outcome", "sql"), rows())
def test_each_statement_ends_as_one_of_three(where: str, outcome: str, sql: str) -> None:
    for letter in where:
        found = read(sql, letter)
        ended = "?" if found.unknown else "does" if found.effects else "reads"
        assert ended == outcome, (letter, found)


@pytest.mark.parametrize(("where", "outcome", "sql"), rows())
def test_without_a_dialect_nothing_is_read_that_none_of_them_reads(
    where: str, outcome: str, sql: str
) -> None:
    anywhere = read(sql, "-")
    if anywhere.unknown:
        return
    each = [read(sql, letter) for letter in "pms"]
    same = [bare(one) for one in each if not one.unknown]
    assert bare(anywhere) in same


def bare(found: SqlReading) -> list[tuple[object, ...]]:
    # A name without quotes is in small letters where PostgreSQL alone is meant.
    return [
        (one.kind, one.object, (one.table or "").lower(), (one.name or "").lower())
        for one in found.effects
    ]


def test_postgresql_changes_what_was_read(tmp_path: Path) -> None:
    problems = Problems()
    with fresh_database("postgresql", tmp_path) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection, connection.cursor() as cursor:
            for one in catalogue.setup("postgresql"):
                cursor.execute(one)
            connection.commit()
            still = catalogue.of_postgresql(cursor)
            for sql, found in statements("p"):
                # Sequences go on when a transaction is rolled back.
                before = still | catalogue.sequences(cursor, still)
                with problems.of(sql):
                    cursor.execute(sql.encode())
                    cursor.execute("RESET SESSION AUTHORIZATION; SET search_path TO public")
                    after = catalogue.of_postgresql(cursor)
                    after |= catalogue.sequences(cursor, after)
                    problems.compare(sql, found, before, after)
                connection.rollback()
    assert not problems, "\n".join(problems)


def test_mariadb_changes_what_was_read(tmp_path: Path) -> None:
    # Each statement needs a database made anew: CI takes every third one.
    run_on_mariadb(tmp_path, step=3)


@pytest.mark.soak
def test_mariadb_changes_what_was_read_of_all(tmp_path: Path) -> None:
    run_on_mariadb(tmp_path, step=1)


def run_on_mariadb(tmp_path: Path, *, step: int) -> None:
    problems = Problems()
    with fresh_database("mariadb", tmp_path) as url:
        given = make_url(url)
        connection = pymysql.connect(
            host=given.host or "",
            port=given.port or 3306,
            user=given.username or "",
            password=given.password or "",
            database=given.database or "",
            autocommit=True,
            client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            before: frozenset[Fact] = frozenset()
            for sql, found in list(statements("m"))[::step]:
                if not before:
                    cursor.execute(f"DROP DATABASE `{given.database}`")
                    cursor.execute(f"CREATE DATABASE `{given.database}` CHARACTER SET utf8mb4")
                    cursor.execute(f"USE `{given.database}`")
                    for one in catalogue.setup("mysql"):
                        cursor.execute(one)
                    before = catalogue.of_mariadb(cursor)
                with problems.of(sql, "OUTFILE"):
                    cursor.execute(sql)
                    while cursor.nextset():
                        pass
                    cursor.execute("SET sql_mode = DEFAULT, foreign_key_checks = 1")
                    after = catalogue.of_mariadb(cursor)
                    problems.compare(sql, found, before, after)
                    before = before if before == after else frozenset()
    assert not problems, "\n".join(problems)


def test_sqlite_changes_what_was_read() -> None:
    problems = Problems()
    template = sqlite3.connect(":memory:")
    for one in catalogue.setup("sqlite"):
        template.execute(one)
    template.commit()
    before = catalogue.of_sqlite(template)
    for sql, found in statements("s"):
        with contextlib.closing(sqlite3.connect(":memory:")) as copy:
            template.backup(copy)
            with problems.of(sql):
                copy.executescript(sql)
                problems.compare(sql, found, before, catalogue.of_sqlite(copy))
    template.close()
    assert not problems, "\n".join(problems)


def statements(letter: str) -> Iterator[tuple[str, SqlReading]]:
    for where, _, sql in rows():
        if letter in where:
            yield sql, read(sql, letter)


class Problems(list[str]):
    """Gathers what is wrong, so that one run tells all of it."""

    @contextlib.contextmanager
    def of(self, sql: str, *may_fail: str) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, pymysql.Error, sqlite3.Error) as problem:
            if not any(word in sql for word in may_fail):
                self.append(f"{sql}\n    fails: {problem}")

    def compare(
        self, sql: str, found: SqlReading, before: frozenset[Fact], after: frozenset[Fact]
    ) -> None:
        changed = {(one.object, one.table, one.name) for one in before ^ after}
        missed = [one for one in sorted(changed) if not covered(*one, found)]
        if missed:
            self.append(f"{sql}\n    missed: {missed}\n    read: {found}")


def covered(kind: str, table: str, name: str, found: SqlReading) -> bool:
    """Tell whether a change of the catalogue is in what was read, or may be in the unknown."""
    if any(not tables or table in tables for _, tables in found.unknown):
        return True
    return any(covers(effect, kind, table, name) for effect in found.effects)


def covers(effect: Effect, kind: str, table: str, name: str) -> bool:
    if effect.object == "table" and table and table in (effect.table, effect.to):
        return True  # all that is in a table comes, goes and moves with it
    if effect.aspects[-1:] == ("cascade",) and kind in ("view", "constraint", "index"):
        return True  # whatever needs what was dropped
    if effect.object == "column" and effect.table == table:
        if kind == "column":
            return name in (effect.name, effect.to)
        # Rows, keys and indexes follow their columns.
        return kind in ("data", "index", "constraint")
    if effect.object == "sequence" and kind == "data":
        return table == effect.name  # MariaDB keeps them as tables
    if kind == "sequence":
        served = effect.table and name.startswith(f"{effect.table}_")
        return bool(served) or name in (effect.name, effect.to)
    if effect.object == "constraint" and effect.table == table and kind == "column":
        return "primary" in effect.aspects or effect.kind == "drop"
    if effect.object == "enum" and kind in ("column", "data", "index"):
        return True  # of that type: shown with its new name
    if effect.object == "comment" and effect.name and name in effect.name:
        return True
    if effect.object == "privileges" or kind == "privileges":
        return effect.object == "privileges"
    if effect.object == "enum" and kind in ("function", "cast"):
        return name.startswith(effect.name or "") or kind == "cast"  # those of a range
    if effect.object == "trigger" and kind == "constraint":
        return name == effect.name  # a constraint trigger
    same = SAME.get(kind, {kind})
    if effect.object not in same:
        return False
    if table and effect.table and effect.table != table:
        return False
    own = kind in ("data", "comment", "cast", "operator", "constraint") and not name
    return own or effect.name is None or name in (effect.name, effect.to) or kind in _ANY_NAME


_ANY_NAME = frozenset({"cast", "operator"})
