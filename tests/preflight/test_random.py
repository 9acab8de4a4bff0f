"""Random tables, rows and upgrades: whatever is stopped would have failed."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.preflight.world import World
from tests.servers import KINDS, fresh_database

SHORT, SOAK = 25, int(os.environ.get("LBACK_SOAK_PREFLIGHTS", "2000"))
TEXTS = (
    "'x'", "'x '", "''", "' '", "'7'", "' 7 '", "'-3'", "'007'", "'1e3'", "'1.5'", "'12abc'",
    "'99999999999'", "'2020-01-31'", "'2020-13-45'", "'today'", "'20200131'", "'{}'", "'[1'",
    "'c9bf9e57-1685-4c89-bafb-ff5af830be8a'", "'c9bf9e5716854c89bafbff5af830be8a'", "'true'",
    "'t'", "'maybe'", "'a longer text'", "'X'", "'x''y'", "'50%'", "'a:b'",
)  # fmt: skip
NUMBERS = ("0", "1", "2", "7", "-1", "300", "32767", "32768", "40000", "2147483647")
FRACTIONS = ("0", "1.5", "99.994", "99.995", "99.996", "999.99", "-1000", "123456.789")
TYPES = {
    "a": ("sa.Integer()", "sa.SmallInteger()", "sa.BigInteger()", "sa.Numeric(5, 2)", "sa.Date()",
          "sa.DateTime()", "sa.JSON()", "sa.UUID()", "sa.Boolean()", "sa.Float()", "sa.String(5)",
          "sa.String(1)", "sa.CHAR(3)", "sa.Text()", "sa.String(200)"),
    "b": ("sa.SmallInteger()", "sa.BigInteger()", "sa.Numeric(4, 2)", "sa.String(3)", "sa.Text()",
          "sa.Float()"),
    "n": ("sa.Numeric(5, 2)", "sa.Numeric(4, 0)", "sa.Integer()", "sa.SmallInteger()",
          "sa.String(4)", "sa.Float()"),
}  # fmt: skip
WORDS = {
    "sa.Integer()": "integer", "sa.SmallInteger()": "smallint", "sa.BigInteger()": "bigint",
    "sa.Date()": "date", "sa.DateTime()": "timestamp", "sa.JSON()": "json", "sa.UUID()": "uuid",
    "sa.Boolean()": "boolean", "sa.Float()": "double precision",
    "sa.Numeric(5, 2)": "numeric(5, 2)", "sa.Numeric(4, 2)": "numeric(4, 2)",
    "sa.String(5)": "varchar(5)",
}  # fmt: skip
OLD = {"a": "sa.String(100)", "b": "sa.Integer()", "n": "sa.Numeric(12, 4)"}


class Author:
    """Writes rows and upgrades at random, as people do: with fills, renames and moves before."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.table = "t"
        self.columns = {name: name for name in OLD}

    def before(self) -> list[str]:
        values = []
        texts = self.random.sample(TEXTS, self.random.choice((1, 2, 4, 8)))
        for number in range(self.random.choice((0, 1, 2, 5, 9))):
            row = (
                str(number),
                self.random.choice((*texts, *texts, "NULL")),
                self.random.choice((*NUMBERS, "NULL")),
                self.random.choice((*FRACTIONS, "NULL")),
            )
            values.append(f"({', '.join(row)})")
        statements = [
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "INSERT INTO p VALUES (1), (2), (7)",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(100), b INTEGER, n NUMERIC(12, 4))",
        ]
        rows = ", ".join(values).replace("%", "%%")
        return [*statements, f"INSERT INTO t VALUES {rows}"] if values else statements

    def upgrade(self) -> str:
        lines = [self.operation() for _ in range(self.random.choice((1, 1, 2, 3, 4)))]
        return "\n".join(lines)

    def operation(self) -> str:
        kinds = [
            self.required, self.required, self.unique, self.unique, self.convert, self.convert,
            self.convert, self.check, self.refer, self.fill, self.delete, self.rename, self.move,
            self.add, self.drop, self.parent, self.perhaps,
        ]  # fmt: skip
        return str(self.random.choice(kinds)())

    def batch(self, call: str) -> str:
        return f'with op.batch_alter_table("{self.table}") as batch:\n    batch.{call}'

    def column(self) -> tuple[str, str]:
        """Return the first name of a column, and the one that it has now."""
        first = self.random.choice(sorted(self.columns))
        return first, self.columns[first]

    def required(self) -> str:
        first, name = self.column()
        return self.batch(f'alter_column("{name}", existing_type={OLD[first]}, nullable=False)')

    def unique(self) -> str:
        names = [name for _, name in sorted({self.column(), self.column()})]
        unique = f"u{self.random.random()}"[2:]
        if self.random.random() < 0.5:
            return self.batch(f'create_unique_constraint("u{unique}", {names})')
        where = 'postgresql_where=sa.text("id > 3")' if self.random.random() < 0.2 else ""
        return f'op.create_index("i{unique}", "{self.table}", {names}, unique=True, {where})'

    def convert(self) -> str:
        first, name = self.column()
        new = self.random.choice(TYPES[first])
        using = ""
        if self.random.random() < 0.7 and new in WORDS:
            using = f', postgresql_using="{name}::{WORDS[new]}"'
            if self.random.random() < 0.15:
                using = f", postgresql_using=\"NULLIF({name}::text, 'x')::{WORDS[new]}\""
        return self.batch(f'alter_column("{name}", type_={new}, existing_type={OLD[first]}{using})')

    def check(self) -> str:
        condition = self.random.choice(
            (
                f"{self.columns.get('b', 'id')} < 300",
                "id > 0",
                f"{self.columns.get('a', 'id')} <> 'x'",
            )
        )
        return self.batch(f'create_check_constraint("c{self.random.random()}"[:9], "{condition}")')

    def refer(self) -> str:
        name = self.columns.get("b", "id")
        return self.batch(
            f'create_foreign_key("f{self.random.random()}"[:9], "p", ["{name}"], ["id"])'
        )

    def fill(self) -> str:
        first, name = self.column()
        value = {"a": "'7'", "b": "7", "n": "7"}[first]
        where = self.random.choice(("", f" WHERE {name} IS NULL", " WHERE id > 2"))
        return f'op.execute("UPDATE {self.table} SET {name} = {value}{where}")'

    def delete(self) -> str:
        where = self.random.choice(("", " WHERE id > 1", f" WHERE {self.column()[1]} IS NULL"))
        return f'op.execute("DELETE FROM {self.table}{where}")'

    def rename(self) -> str:
        first, name = self.column()
        self.columns[first] = f"{first}{self.random.randint(10, 99)}"
        given = f'existing_type={OLD[first]}, new_column_name="{self.columns[first]}"'
        return self.batch(f'alter_column("{name}", {given})')

    def move(self) -> str:
        old, self.table = self.table, f"t{self.random.randint(10, 99)}"
        return f'op.rename_table("{old}", "{self.table}")'

    def add(self) -> str:
        name = f"z{self.random.randint(10, 9999)}"
        default = self.random.choice(("", ', server_default="1"'))
        nullable = self.random.choice(("True", "False"))
        column = f'sa.Column("{name}", sa.Integer(), nullable={nullable}{default})'
        text = f'op.add_column("{self.table}", {column})'
        if self.random.random() < 0.4:
            text += "\n" + self.batch(
                f'alter_column("{name}", existing_type=sa.Integer(), nullable=False)'
            )
        return text

    def drop(self) -> str:
        if len(self.columns) < 2:
            return self.parent()
        first, name = self.column()
        del self.columns[first]
        return self.batch(f'drop_column("{name}")')

    def parent(self) -> str:
        return f'op.execute("INSERT INTO p VALUES ({self.random.randint(100, 40000)})")'

    def perhaps(self) -> str:
        return (
            f'rows = sa.text("SELECT COUNT(*) FROM {self.table}")\n'
            "if op.get_bind().execute(rows).scalar() > 3:\n"
            f'    op.execute("UPDATE {self.table} SET {self.column()[1]} = NULL")'
        )


@pytest.fixture(scope="module", params=KINDS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with fresh_database(request.param, tmp_path_factory.mktemp("world")) as url:
        made = World(url)
        yield made
        made.close()


def play(world: World, seed: int) -> tuple[bool, bool]:
    """Return whether it was stopped, and whether it failed; what is stopped has to fail."""
    author = Author(seed)
    before, upgrades = author.before(), [author.upgrade()]
    if author.random.random() < 0.4:
        upgrades.append(author.upgrade())
    outcome = world.attempt(before, *upgrades)
    stopped = "stops" in outcome.states
    assert outcome.failed is not None or not stopped, (seed, before, upgrades, outcome.rows)
    return stopped, outcome.failed is not None


def test_nothing_that_succeeds_is_stopped(world: World) -> None:
    played = [play(world, seed) for seed in range(SHORT)]
    assert any(stopped for stopped, _ in played)
    assert any(not stopped for stopped, _ in played)


@pytest.mark.soak
def test_nothing_that_succeeds_is_stopped_for_long(world: World) -> None:
    played = [play(world, seed) for seed in range(1000, 1000 + SOAK)]
    stopped = sum(stop for stop, _ in played)
    failed = sum(fail for _, fail in played)
    print(world.engine.dialect.name, len(played), "failed", failed, "stopped before", stopped)
