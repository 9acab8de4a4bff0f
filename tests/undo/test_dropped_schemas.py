"""A schema goes with all of its tables, and on MariaDB a database does: their rows are saved."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.app.migrate import MigrateOptions, migrate
from lback.app.restore import RestoreOptions, restore
from lback.errors import LbackError
from tests.servers import fresh_database
from tests.undo.team import Shop


class Place:
    """A shop, and a schema beside the one that it is in."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.name = f"beside_{uuid.uuid4().hex[:12]}"
        self.word = "DATABASE" if shop.url.startswith("mysql") else "SCHEMA"
        self.drop = f"DROP {self.word} {self.name}" + (" CASCADE" if self.word == "SCHEMA" else "")

    def op(self, statement: str) -> str:
        return f'op.execute("{statement}")'

    def made(self) -> str:
        return "\n".join(
            [
                self.op(f"CREATE {self.word} {self.name}"),
                self.op(f"CREATE TABLE {self.name}.t (id integer primary key)"),
                self.op(f"CREATE TABLE {self.name}.u (id integer primary key, x varchar(9))"),
            ]
        )

    def fill(self) -> None:
        self.shop.execute(
            f"INSERT INTO {self.name}.t VALUES (1)",
            f"INSERT INTO {self.name}.u VALUES (1, 'a'), (2, NULL)",
        )

    def rows(self) -> list[tuple[object, ...]]:
        engine = sa.create_engine(self.shop.url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT * FROM {self.name}.u ORDER BY id")
            return [tuple(row) for row in rows]


@pytest.fixture(params=["postgresql", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with fresh_database(request.param, tmp_path) as url:
        made = Place(Shop.at(tmp_path / "shop", url))
        yield made
        made.shop.execute(made.drop.replace(made.name, f"IF EXISTS {made.name}"))


def test_the_way_down_saves_what_is_in_it(place: Place) -> None:
    shop = place.shop
    shop.add("a1", place.made(), place.op(place.drop))
    shop.migrate()
    place.fill()
    result = shop.roll(steps=1, yes=True)
    assert result.exit_code == 0
    assert result.data["losses"] == [{"table": f"{place.name}.*", "column": None, "rows": 3}]
    shop.migrate()
    (backup,) = (shop.folder / ".git/lback/backups").iterdir()
    restore(shop.context(), RestoreOptions(str(backup)))
    assert place.rows() == [(1, "a"), (2, None)]


def test_the_way_up_asks_first(place: Place) -> None:
    shop = place.shop
    shop.add("a1", place.made(), "pass")
    shop.migrate()
    place.fill()
    gone = place.drop.replace(place.name, f"IF EXISTS {place.name}")
    shop.add("b2", place.op(gone), "pass")
    result = migrate(shop.context(), MigrateOptions())
    assert result.exit_code == 3
    (row,) = (row for row in result.preflight if row.state == "loses")
    assert (row.table, row.rows) == (f"{place.name}.t", 1)
    assert len(place.rows()) == 2


def test_a_schema_that_the_revision_did_not_make_stays(place: Place) -> None:
    shop = place.shop
    shop.add("a1", place.made(), "pass")
    made = 'op.create_table("z", sa.Column("id", sa.Integer(), primary_key=True))'
    shop.add("b2", made, f'op.drop_table("z")\n{place.op(f"DROP {place.word} {place.name}")}')
    shop.migrate()
    place.fill()
    with pytest.raises(LbackError, match="which its upgrade\\(\\) did not make"):
        result = shop.roll(steps=1, yes=True)
        raise LbackError(result.message, result.hint)
    assert len(place.rows()) == 2


def test_what_cannot_be_read_from_here_is_not_dropped(tmp_path: Path) -> None:
    """PostgreSQL shows nothing of another database."""
    with fresh_database("postgresql", tmp_path) as url:
        shop = Shop.at(tmp_path / "shop", url)
        drop = 'with op.get_context().autocommit_block():\n    op.execute("DROP DATABASE nowhere")'
        shop.add("a1", "pass", drop)
        shop.migrate()
        with pytest.raises(LbackError, match="its rows cannot be saved"):
            shop.roll(steps=1, yes=True, strategy="downgrade")
