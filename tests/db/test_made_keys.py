"""What the server counts on from is no part of a table, wherever its text has it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from lback.db.beside.made_keys import in_one_order, without_counter
from lback.db.definitions.mysql import definitions
from lback.db.squashing.exact import read_built

PARTED = """CREATE TABLE `pa%rted` (id INT NOT NULL AUTO_INCREMENT, n INT, PRIMARY KEY (id),
    KEY (n)) COMMENT 'see AUTO_INCREMENT=3' PARTITION BY HASH (id) PARTITIONS 2"""


def test_a_table_is_the_same_with_rows(mariadb_url: str) -> None:
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    with engine.connect() as connection:

        def run(sql: str) -> None:
            connection.exec_driver_sql(sql.replace("%", "%%"))

        run(PARTED)
        empty = [one.make for one in definitions(connection)], read_built(connection).schema
        run("INSERT INTO `pa%rted` (n) VALUES (1), (2)")
        assert [one.make for one in definitions(connection)] == empty[0]
        assert "AUTO_INCREMENT=3'" in empty[0][0]
        assert read_built(connection).schema == empty[1]


@pytest.mark.parametrize("counter", ["", " AUTO_INCREMENT=7"])
def test_lines_come_in_one_order(counter: str) -> None:
    start, end = "CREATE TABLE `t` (\n  `b` int,\n  `a` int,\n", f") ENGINE=InnoDB{counter}"
    one = f"{start}  KEY `y` (`a`),\n  KEY `x` (`b`)\n{end}"
    other = f"{start}  KEY `x` (`b`),\n  KEY `y` (`a`)\n) ENGINE=InnoDB"
    assert in_one_order(without_counter(one)) == in_one_order(other)
