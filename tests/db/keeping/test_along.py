"""What keys write in other tables when values change is saved as well."""

from __future__ import annotations

import sqlalchemy as sa

from lback.db.keeping.kept import Kept, Place, wanted

TABLES = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY, n VARCHAR(9))",
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER UNIQUE, "
    "FOREIGN KEY (p_id) REFERENCES p (id) ON UPDATE CASCADE)",
    "CREATE TABLE d (id INTEGER PRIMARY KEY, c_id INTEGER, "
    "FOREIGN KEY (c_id) REFERENCES c (p_id) ON UPDATE SET NULL)",
    "CREATE TABLE e (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id))",
)


def kept(url: str, *places: Place, dropped: tuple[Place, ...] = ()) -> list[Kept]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        return wanted(connection, places, dropped=dropped)


def test_keys_with_on_update(any_url: str) -> None:
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    found = {item.table: item.columns for item in kept(any_url, ("p", "id"))}
    assert found == {"p": ("id",), "c": ("p_id",), "d": ("c_id",)}
    assert [item.table for item in kept(any_url, ("p", None))] == ["p", "c", "d"]
    assert [item.table for item in kept(any_url, ("p", "n"))] == ["p"]
    gone: Place = ("p", "id")
    assert [item.table for item in kept(any_url, gone, dropped=(gone,))] == ["p"]
