"""`diff --sql` on partitions, and on numbers that the server counts: there and back again."""

from __future__ import annotations

import json

import sqlalchemy as sa

from tests.cli.inside import lback
from tests.templates.conftest import MakeShop, Shop

PARTED = (
    "CREATE TABLE m (id int, at date, v int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
)
PARTED_LATER = (
    "CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE m_d PARTITION OF m DEFAULT",
    "CREATE INDEX ix_m ON m (v)",
    "ALTER TABLE m ADD COLUMN w text",
    "CREATE TABLE l (k text, v int) PARTITION BY LIST (k)",
    "CREATE TABLE l_a PARTITION OF l FOR VALUES IN ('a', 'b''c') PARTITION BY HASH (v)",
    "CREATE TABLE l_a0 PARTITION OF l_a FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "ALTER TABLE m_1 ADD CONSTRAINT ck_v CHECK (v > 0)",
    "CREATE INDEX ix_own ON m_2 (at)",
)
COUNTED = (
    "CREATE TABLE a (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, v int)",
    "CREATE TABLE b (id int NOT NULL PRIMARY KEY, v int)",
)
COUNTED_LATER = (
    "ALTER TABLE a MODIFY id bigint NOT NULL",
    "ALTER TABLE b MODIFY id int NOT NULL AUTO_INCREMENT",
    "CREATE TABLE c (id int NOT NULL AUTO_INCREMENT, v int, UNIQUE KEY uq_c (id), KEY (v))",
)


def run(url: str, statements: tuple[str, ...]) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            if not statement.startswith("--"):
                connection.exec_driver_sql(statement)


def told(shop: Shop, *line: str) -> tuple[list[str], tuple[str, ...]]:
    """Return what differs, and the statements of it."""
    data = json.loads(lback(shop.root, "diff", "--sql", "--json", *line).out)["data"]
    return [f"{one['table']} {one['name']}" for one in data["changes"]], tuple(data["sql"])


def there_and_back(shop: Shop, url: str, first: tuple[str, ...], later: tuple[str, ...]) -> None:
    shop.add("a1", None, "; ".join(f"op.execute({one!r})" for one in first))
    assert lback(shop.root, "migrate").code == 0
    shop.template()
    assert told(shop)[0] == []
    run(url, later)
    drift, forth = told(shop)
    assert drift
    run(url, told(shop, "-R")[1])
    assert told(shop)[0] == []
    run(url, forth)
    assert told(shop)[0] == drift


def test_partitions_and_what_their_tables_hand_on(make_shop: MakeShop, postgres_url: str) -> None:
    shop = make_shop(postgres_url)
    there_and_back(shop, postgres_url, PARTED, PARTED_LATER)
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.execute(sa.text(invalid)).scalar() == 0


def test_numbers_that_the_server_counts(make_shop: MakeShop, mariadb_url: str) -> None:
    shop = make_shop(mariadb_url)
    there_and_back(shop, mariadb_url, COUNTED, COUNTED_LATER)
    assert told(shop)[0] == ["a id", "b id", "None c"]
