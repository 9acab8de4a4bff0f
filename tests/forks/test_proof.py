"""`lback merge --prove`: both orders are run, and what differs is not merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import adds, creates

# Read as text, both only add a column; run, the second one sees what the first has done.
SNEAKY = (
    "names = [c['name'] for c in sa.inspect(op.get_bind()).get_columns('users')]\n"
    'column = "second" if "nick" in names else "first"\n'
    'op.add_column("users", sa.Column("plain", sa.String(20)))\n'
    "op.get_bind().exec_driver_sql(f'alter table users add column {column} integer')",
    "pass",
)


def answer(shop: Shop, *arguments: str, code: int = 0) -> dict[str, Any]:
    said = shop.lback("merge", "--prove", "--json", *arguments, code=code)
    data: dict[str, Any] = report_of(said[said.index("{") :])["data"]
    return data


def scratch(shop: Shop, url: str) -> None:
    ini = shop.folder / "alembic.ini"
    shop.folder.joinpath("pyproject.toml").write_text(f'[tool.lback]\nscratch_url = "{url}"\n')
    shop.commit("Name a scratch database")
    assert ini.exists()


def test_what_commutes_is_proved_on_sqlite_in_memory(shop: Shop) -> None:
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.publish("s2", ("s1",), *creates("orders"))
    data = answer(shop, "--plan")
    assert data["proof"] == [
        {"state": "equal", "message": "both orders come to one schema on SQLite in memory"}
    ]
    told = shop.lback("merge", "--prove")
    assert "proof: both orders come to one schema" in told
    assert not Path(shop.url.removeprefix("sqlite:///")).exists()


def test_what_differs_is_not_joined(shop: Shop) -> None:
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.publish("s2", ("s1",), *SNEAKY)
    before = shop.migrations()
    data = answer(shop, "--force", "--plan")
    assert data["proof"][0]["state"] == "differs"
    assert "table users: its columns differ" in data["proof"][0]["message"]
    shop.lback("merge", "--prove", code=3)
    assert shop.migrations() == before


def test_three_heads_and_a_failing_one(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.local("b", ("s1",), *creates("labels"))
    shop.publish("s2", ("s1",), *creates("orders"))
    assert answer(shop, "--plan")["proof"][0]["state"] == "equal"
    shop.local("c", ("b",), 'op.add_column("nowhere", sa.Column("x", sa.Integer()))', "pass")
    data = answer(shop, "--plan", code=3)
    assert data["proof"][0]["state"] == "failed"
    assert "c fails in both orders" in data["proof"][0]["message"]
    assert "scratch_url" in shop.lback("merge", "--prove", code=3)


@pytest.mark.postgresql
def test_a_scratch_server_is_used_and_left_empty(shop: Shop, postgres_url: str) -> None:
    enum = (
        "op.execute(\"CREATE TYPE mood AS ENUM ('ok')\")\n"
        'op.execute("ALTER TABLE users ADD COLUMN mood mood")',
        "pass",
    )
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *enum)
    scratch(shop, postgres_url)
    for _ in range(2):
        assert answer(shop, "--plan")["proof"] == [
            {"state": "equal", "message": "both orders come to one schema on the scratch database"}
        ]
    shop.url = postgres_url
    assert shop.schema() == {}


@pytest.mark.mysql
def test_a_scratch_server_that_is_in_use_is_refused(shop: Shop, mariadb_url: str) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    scratch(shop, mariadb_url)
    assert answer(shop, "--plan")["proof"][0]["state"] == "equal"
    sqlite, shop.url = shop.url, mariadb_url
    shop.rows("create table precious (id int)")
    assert "not empty: it holds precious" in shop.lback("merge", "--prove", code=3)
    assert "precious" in shop.schema()
    shop.url = sqlite
