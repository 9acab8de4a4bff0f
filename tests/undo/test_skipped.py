"""A revision that came to lie under an applied one: with a record, without, on three databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inside import Done
from tests.cli.inside import lback as program
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url
from tests.undo.team import Shop
from tests.worlds.databases import content, query, stamp
from tests.worlds.processes import python

pytestmark = pytest.mark.counted

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]

TABLE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'
DROP = 'op.drop_table("{0}")'
ROW = "op.execute('INSERT INTO users (id) VALUES (1)')"
NO_ROW = "op.execute('DELETE FROM users WHERE id = 1')"
RENAME = 'op.rename_table("{0}", "{1}")'


# What is decided by files and record alone is the same on each of the three.
on_sqlite = pytest.mark.parametrize("any_url", ["sqlite"], indirect=True)


@pytest.fixture
def shop(tmp_path: Path, any_url: str) -> Shop:
    """Return a project with a1, which makes users."""
    shop = Shop.at(tmp_path / "shop", any_url)
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    return shop


def lback(shop: Shop, *arguments: str) -> Done:
    shop.context()
    done = program(shop.folder, *arguments)
    where = f"lback -C {shop.folder}"
    return Done(done.code, done.out.replace(where, "lback"), done.err.replace(where, "lback"))


def alembic(shop: Shop, *arguments: str) -> None:
    done = python(("-m", "alembic", *arguments), shop.folder, shop.environment())
    assert done.returncode == 0, done.stderr


def b2(shop: Shop, up: str = TABLE.format("b"), down: str = DROP.format("b")) -> None:
    shop.add("b2", up, down, parents=["a1"], commit="Add b2")


def under(shop: Shop, up: str, down: str = "pass", name: str = "c1", commit: bool = True) -> None:
    """Put a revision between a1, or what is there by now, and b2."""
    path = shop.written["b2"]
    text = path.read_text()
    parent = text.partition("down_revision = '")[2].partition("'")[0]
    shop.add(name, up, down, parents=[parent])
    path.write_text(text.replace(f"down_revision = '{parent}'", f"down_revision = '{name}'"))
    if commit:
        shop.commit(f"Put b2 onto {name}")


def linear(shop: Shop) -> dict[str, object]:
    """Return what the database holds after a run of everything from nothing."""
    for table in (*content(shop.url), "alembic_version", "lback_ledger"):
        query(shop.url, f"DROP TABLE IF EXISTS {table}")
    assert lback(shop, "migrate").code == 0
    return content(shop.url)


@pytest.mark.parametrize("committed", [True, False])
def test_the_record_knows_of_rows_that_nobody_sees(shop: Shop, committed: bool) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW, commit=committed)
    said = lback(shop, "status").said
    assert "not run   c1: below the stamp, and this database has not run it" in said
    assert "behind at b2" in said
    assert "next: Run `lback migrate`." in said
    assert "+ apply  c1" in lback(shop, "migrate", "--plan").out
    assert shop.migrate() == ["c1"]
    assert stamp(shop.url) == ["b2"]
    assert query(shop.url, "SELECT id FROM users") == [(1,)]
    assert lback(shop, "migrate").out == "nothing to do: the database is up to date\n"
    assert "not run" not in lback(shop, "status").said
    now = content(shop.url)
    assert now == linear(shop)


@on_sqlite
def test_without_a_record_what_is_there_tells(shop: Shop) -> None:
    b2(shop)
    alembic(shop, "upgrade", "head")
    under(shop, TABLE.format("c"), DROP.format("c"))
    assert "not run   c1" in lback(shop, "status").said
    assert shop.migrate() == ["c1"]
    assert "not run" not in lback(shop, "status").said
    assert set(content(shop.url)) == {"users", "b", "c"}


@on_sqlite
def test_what_others_have_run_is_not_claimed_to_be_lacking(shop: Shop) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, TABLE.format("c"), DROP.format("c"))
    alembic(shop, "stamp", "a1")
    query(shop.url, "DROP TABLE b")
    alembic(shop, "upgrade", "head")
    assert "Nothing to do" in lback(shop, "status").said
    assert shop.migrate() == []


@on_sqlite
def test_what_nothing_tells_is_said_to_be_unknown_until_somebody_says_it(shop: Shop) -> None:
    b2(shop)
    alembic(shop, "upgrade", "head")
    under(shop, ROW, NO_ROW)
    done = lback(shop, "status")
    assert "unknown   c1: below the stamp; whether this database ran it is not known" in done.out
    assert "`lback migrate --fake c1` notes that." in done.out
    migrated = lback(shop, "migrate")
    assert "It is not known whether this database has run c1" in migrated.err
    assert query(shop.url, "SELECT id FROM users") == []
    shop.context()
    assert lback(shop, "migrate", "--fake", "c1").code == 0
    assert stamp(shop.url) == ["b2"]
    assert "unknown" not in lback(shop, "status").said
    assert "not known" not in lback(shop, "migrate").said


def test_what_does_not_commute_is_refused_and_switch_runs_all_in_order(shop: Shop) -> None:
    b2(shop, RENAME.format("users", "people"), RENAME.format("people", "users"))
    lback(shop, "migrate")
    column = 'with op.batch_alter_table("users") as b: b.{0}'
    under(
        shop,
        column.format('add_column(sa.Column("note", sa.String(9)))'),
        column.format('drop_column("note")'),
    )
    query(shop.url, "INSERT INTO people (id) VALUES (3)")
    for arguments in (("migrate",), ("migrate", "--plan")):
        refused = lback(shop, *arguments)
        assert refused.code == 3
        assert "This database has not run c1" in refused.err
        assert "`lback switch`" in refused.err
    assert "not run   c1" in lback(shop, "status").out
    assert "`lback switch` undoes what stands above" in lback(shop, "status").out
    plan = lback(shop, "switch", "--plan").out
    shown = [line.split()[1:3] for line in plan.splitlines()[:3]]
    assert shown == [["undo", "b2"], ["apply", "c1"], ["apply", "b2"]]
    assert lback(shop, "switch").code == 0
    assert stamp(shop.url) == ["b2"]
    assert query(shop.url, "SELECT id, note FROM people") == [(3, None)]
    assert lback(shop, "migrate").out == "nothing to do: the database is up to date\n"
    assert "not run" not in lback(shop, "status").said


@on_sqlite
def test_a_switch_runs_it_late_where_that_is_the_same(shop: Shop) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW)
    query(shop.url, "INSERT INTO b (id) VALUES (3)")
    done = lback(shop, "switch")
    assert (done.code, "undid" in done.out) == (0, False)
    assert query(shop.url, "SELECT id FROM users") == [(1,)]
    assert "nothing to do" in lback(shop, "switch").out


def test_a_switch_to_a_branch_without_both_undoes_what_ran(shop: Shop) -> None:
    shop.commit("Add a1")
    shop.git("switch", "-q", "-c", "feature")
    b2(shop)
    lback(shop, "migrate")
    under(shop, TABLE.format("c"), DROP.format("c"))
    shop.git("switch", "-q", "main")
    assert lback(shop, "switch").code == 0
    assert stamp(shop.url) == ["a1"]
    assert set(content(shop.url)) == {"users"}
    shop.git("switch", "-q", "feature")
    assert lback(shop, "switch").code == 0
    assert set(content(shop.url)) == {"users", "b", "c"}


@on_sqlite
def test_no_other_command_moves_such_a_database(shop: Shop) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, TABLE.format("c"), DROP.format("c"))
    before = content(shop.url)
    for arguments in (
        ("rollback", "b", "--yes"),
        ("rollback", "b", "--plan"),
        ("makemigrations", "more", "--against", "database"),
        ("makemigrations", "--check", "--against", "database"),
        ("migrate", "a1", "--yes"),
        ("migrate", "c1", "--yes"),
        ("alembic", "downgrade", "a1"),
    ):
        done = lback(shop, *arguments)
        assert done.code == 3, (arguments, done)
        assert "c1" in done.err
        assert "lback migrate" in done.err
    assert content(shop.url) == before
    assert stamp(shop.url) == ["b2"]


@on_sqlite
def test_what_somebody_has_said_to_be_applied_is_not_lacking(shop: Shop) -> None:
    b2(shop)
    query(shop.url, "CREATE TABLE users (id INTEGER PRIMARY KEY)", "CREATE TABLE b (id INTEGER)")
    assert lback(shop, "migrate", "--fake", "b2").code == 0
    assert "not run" not in lback(shop, "status").said
    under(shop, TABLE.format("c"), DROP.format("c"))
    # It came after that was said.
    assert shop.migrate() == ["c1"]


def test_down_and_up_again(shop: Shop) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, TABLE.format("c"), DROP.format("c"))
    assert shop.migrate() == ["c1"]
    assert shop.migrate("a1") == ["b2", "c1"]
    assert shop.migrate() == ["c1", "b2"]
    assert "Nothing to do" in lback(shop, "status").said


def test_three_levels_with_a_merge_revision_below(shop: Shop) -> None:
    b2(shop)
    lback(shop, "migrate")
    under(shop, TABLE.format("c"), DROP.format("c"))
    shop.add("d1", TABLE.format("d"), DROP.format("d"), parents=["a1"])
    path = shop.written["b2"]
    shop.add("m1", "pass", parents=["c1", "d1"])
    path.write_text(path.read_text().replace("= 'c1'", "= 'm1'"))
    shop.commit("Merge")
    assert [row["revision"] for row in shop.ask("migrate", "--plan")["data"]["steps"]] in (
        ["c1", "d1"],
        ["d1", "c1"],
        ["c1", "d1", "m1"],
        ["d1", "c1", "m1"],
    )
    shop.migrate()
    now = content(shop.url)
    assert "Nothing to do" in lback(shop, "status").said
    assert now == linear(shop)


@on_sqlite
def test_what_ran_before_it_was_put_on_top_does_not_run_twice(shop: Shop) -> None:
    b2(shop, ROW, NO_ROW)
    shop.add("d3", TABLE.format("d"), DROP.format("d"), parents=["b2"], commit="Add d3")
    lback(shop, "migrate")
    for name, parent in (("d3", "a1"), ("b2", "d3")):
        path = shop.written[name]
        text = path.read_text()
        old = text.partition("down_revision = '")[2].partition("'")[0]
        path.write_text(text.replace(f"down_revision = '{old}'", f"down_revision = '{parent}'"))
    shop.commit("Put b2 onto d3")
    for arguments in (("migrate",), ("switch",)):
        refused = lback(shop, *arguments)
        assert (refused.code, "has run b2 already" in refused.err) == (3, True)
    assert query(shop.url, "SELECT id FROM users") == [(1,)]
    assert "`lback migrate --fake b2` notes that it is done" in lback(shop, "status").out
    assert lback(shop, "migrate", "--fake", "b2").code == 0
    assert stamp(shop.url) == ["b2"]
    assert "nothing to do" in lback(shop, "migrate").out


def test_a_branch_of_its_own_beside_others(tmp_path: Path, sqlite_url: str) -> None:
    shop = Shop.at(tmp_path / "shop", sqlite_url)
    shop.add("x1", TABLE.format("x"), DROP.format("x"), parents=[])
    shop.add("a1", TABLE.format("users"), DROP.format("users"), parents=[])
    b2(shop)
    lback(shop, "migrate", "heads")
    assert stamp(shop.url) == ["b2", "x1"]
    under(shop, ROW, NO_ROW)
    assert "not run   c1" in lback(shop, "status").out
    assert shop.migrate("heads") == ["c1"]
    assert stamp(shop.url) == ["b2", "x1"]
    assert "not run" not in lback(shop, "status").out


def test_a_dependency_that_came_later(tmp_path: Path, sqlite_url: str) -> None:
    shop = Shop.at(tmp_path / "shop", sqlite_url)
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    b2(shop)
    lback(shop, "migrate")
    shop.add("d1", TABLE.format("d"), DROP.format("d"), parents=[])
    path = shop.written["b2"]
    path.write_text(path.read_text().replace("depends_on = None", "depends_on = 'd1'"))
    shop.commit("Need d1")
    assert "not run   d1" in lback(shop, "status").out
    assert shop.migrate("heads") == ["d1"]
    assert stamp(shop.url) == ["b2"]
    assert "not run" not in lback(shop, "status").out


TWO = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

for url in os.environ["DATABASE_URL"].split(" "):
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.parametrize("way", ["migrate", "switch"])
def test_each_of_several_databases_for_itself(tmp_path: Path, way: str) -> None:
    urls = [f"sqlite:///{tmp_path / name}.sqlite3" for name in ("one", "two")]
    shop = Shop.at(tmp_path / "shop", urls[0])
    shop.write("migrations/env.py", TWO)
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    b2(shop)
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW)
    shop.url = " ".join(urls)
    said = lback(shop, "status").out
    assert "not run   c1" in said
    assert lback(shop, way).code == 0
    for url in urls:
        assert stamp(url) == ["b2"]
        assert query(url, "SELECT id FROM users") == [(1,)]
    assert "not run" not in lback(shop, "status").out


def test_a_record_that_is_off_goes_by_git(tmp_path: Path, sqlite_url: str) -> None:
    shop = Shop.at(tmp_path / "shop", sqlite_url)
    shop.write("pyproject.toml", "[tool.lback]\nledger = false\n")
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    b2(shop)
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW, commit=False)
    assert "unknown   c1" in lback(shop, "status").out
    under(shop, TABLE.format("d"), DROP.format("d"), name="d1")  # and c1, in one commit
    assert "not run   c1" in lback(shop, "status").out
    assert shop.migrate() == ["c1", "d1"]
    assert query(shop.url, "SELECT id FROM users") == [(1,)]
    assert "Nothing to do" in lback(shop, "status").out


def test_nothing_runs_beside_what_may_have_run(tmp_path: Path, sqlite_url: str) -> None:
    shop = Shop.at(tmp_path / "shop", sqlite_url)
    shop.write("pyproject.toml", "[tool.lback]\nledger = false\n")
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    b2(shop)
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW)
    down = ("migrate", "a1"), ("rollback", "--steps", "2")
    for command in (*down, ("rollback", "users"), ("rollback", "--revision", "c1")):
        assert "It is not known whether" in lback(shop, *command, "--yes").err, command
    assert stamp(shop.url) == ["b2"]
    under(shop, TABLE.format("d"), DROP.format("d"), name="d1")
    # b2 may have run before c1 had come, or after it: there is no d1 either way.
    said = lback(shop, "status").out
    assert "not run   d1" in said and "unknown   c1" in said
    for command in ("migrate", "switch"):
        assert "It is not known whether" in lback(shop, command).err
    query(shop.url, "INSERT INTO users (id) VALUES (1)")
    lback(shop, "migrate", "--fake", "c1")
    assert shop.migrate() == ["d1"]
    assert query(shop.url, "SELECT id FROM users") == [(1,)]
    assert "Nothing to do" in lback(shop, "status").out


def test_without_git_the_record_alone_tells(tmp_path: Path, sqlite_url: str) -> None:
    shop = Shop.at(tmp_path / "shop", sqlite_url, git=False)
    shop.add("a1", TABLE.format("users"), DROP.format("users"))
    shop.add("b2", TABLE.format("b"), DROP.format("b"))
    lback(shop, "migrate")
    under(shop, ROW, NO_ROW, commit=False)
    assert "not run   c1" in lback(shop, "status").out
    assert shop.migrate() == ["c1"]
    assert "Nothing to do" in lback(shop, "status").out
