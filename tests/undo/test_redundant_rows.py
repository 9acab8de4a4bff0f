"""A stamp with a row that another one stands on, as after a revision got another parent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inside import lback
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url
from tests.undo.team import Shop
from tests.worlds import databases

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]


@pytest.fixture
def shop(tmp_path: Path, any_url: str) -> Shop:
    shop = Shop.at(tmp_path / "shop", any_url)
    make = 'op.create_table("{0}", sa.Column("id", sa.Integer))'
    shop.add("a1", make.format("a"), 'op.drop_table("a")')
    for name in ("b1", "c1"):
        shop.add(name, make.format(name), f'op.drop_table("{name}")', parents=["a1"])
    shop.migrate("heads")
    path = shop.written["c1"]
    path.write_text(path.read_text().replace("down_revision = 'a1'", "down_revision = 'b1'"))
    return shop


def stamp(shop: Shop) -> list[str]:
    rows = databases.query(shop.url, "SELECT version_num FROM alembic_version")
    return sorted(row[0] for row in rows)


def test_it_is_named_and_taken_out(shop: Shop) -> None:
    shop.context()
    assert stamp(shop) == ["b1", "c1"]
    said = lback(shop.folder, "status").said
    assert "redundant b1: another row of the stamp stands on it" in said
    assert "migrate` takes b1 out of the stamp." in said
    assert "another row of the stamp stands on b1" in lback(shop.folder, "doctor").said
    assert lback(shop.folder, "migrate", "--plan").out == (
        "b1 goes out of the stamp: another row of it stands on that\n"
    )
    assert stamp(shop) == ["b1", "c1"]
    done = lback(shop.folder, "migrate")
    assert done.out == "b1 went out of the stamp: another row of it stands on that\n"
    assert stamp(shop) == ["c1"]
    assert "redundant" not in lback(shop.folder, "status").said


def test_what_is_pending_comes_after_it(shop: Shop) -> None:
    shop.add("d1", "pass", parents=["c1"])
    shop.context()
    refused = lback(shop.folder, "alembic", "upgrade", "d1")
    assert (refused.code, "migrate` takes a row out of the stamp" in refused.said) == (3, True)
    assert shop.migrate() == ["d1"]
    assert stamp(shop) == ["d1"]


def test_switch_takes_it_out_and_every_other_command_on_its_way(shop: Shop) -> None:
    shop.commit("Put c1 onto b1")
    shop.context()
    told = "b1 goes out of the stamp: another row of it stands on that\n"
    assert told in lback(shop.folder, "switch", "--plan").out
    assert lback(shop.folder, "rollback", "b1", "--yes").code == 0
    assert stamp(shop) == [shop.ask("heads")["data"]["heads"][0]["revision"]]


def test_switch_takes_it_out_where_nothing_else_is_to_be_done(shop: Shop) -> None:
    shop.context()
    told = "b1 went out of the stamp: another row of it stands on that\n"
    assert told in lback(shop.folder, "switch").out
    assert stamp(shop) == ["c1"]
    assert "nothing to do" in lback(shop.folder, "switch").out
