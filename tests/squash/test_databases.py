"""Databases inside a squash, and what history still knows of what was squashed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.app.blame import BlameOptions, blame
from lback.app.history import HistoryOptions, history
from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, rollback
from lback.app.show import ShowOptions, show
from lback.app.squash import SquashOptions, squash
from lback.app.status import status
from lback.app.switch import SwitchOptions, switch
from lback.errors import LbackError
from tests.templates.conftest import MakeShop, Shop, tables

CHAIN = ("a1", "b2", "c3", "d4", "e5")


def commit(shop: Shop, who: str, *paths: str) -> None:
    shop.git("add", "-A", *paths)
    shop.git("commit", "-qm", f"by {who}", f"--author={who} <{who.lower()}@x.org>")


def old(make_shop: MakeShop, url: str) -> Shop:
    shop = make_shop(url)
    shop.add(
        "a1",
        None,
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))",
        "op.drop_table('users')",
    )
    commit(shop, "Ada")
    shop.add(
        "b2",
        "a1",
        "op.add_column('users', sa.Column('name', sa.String(20)))",
        "op.drop_column('users', 'name')",
    )
    commit(shop, "Bob")
    shop.add("c3", "b2", "op.execute(\"UPDATE users SET name = 'c' WHERE name IS NULL\")")
    shop.add("d4", "c3")
    shop.add(
        "e5",
        "d4",
        "op.add_column('users', sa.Column('age', sa.Integer))",
        "op.drop_column('users', 'age')",
    )
    commit(shop, "Cleo")
    return shop


@pytest.fixture
def shop(make_shop: MakeShop, sqlite_url: str) -> Shop:
    return old(make_shop, sqlite_url)


def squashed(shop: Shop, to: str = "d4", first: str | None = None, who: str = "Dan") -> None:
    data = () if first else ("drop",)
    squash(shop.ctx(), SquashOptions(to, first, data=data))
    commit(shop, who)


def rows(shop: Shop, sql: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(shop.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        done = connection.exec_driver_sql(sql)
        return [tuple(row) for row in done] if done.returns_rows else []


@pytest.mark.parametrize("uncommitted", [False, True])
@pytest.mark.parametrize("at", ["a1", "b2", "c3"])
def test_a_database_inside_comes_to_head_with_its_rows(
    shop: Shop, at: str, uncommitted: bool
) -> None:
    migrate(shop.ctx(), MigrateOptions(at))
    rows(shop, "INSERT INTO users (id) VALUES (7)")
    squash(shop.ctx(), SquashOptions("d4", data=("drop",)))
    if not uncommitted:
        commit(shop, "Dan")
    told = status(shop.ctx())
    assert told.database is not None
    assert (told.database.state, told.lost) == ("behind", ())
    assert told.pending == CHAIN[CHAIN.index(at) + 1 :]
    plan = migrate(shop.ctx(), MigrateOptions(plan=True))
    assert [step.revision for step in plan.steps] == list(told.pending)
    migrate(shop.ctx(), MigrateOptions())
    assert rows(shop, "SELECT id, name, age FROM users") == [(7, None if at == "c3" else "c", None)]
    assert rows(shop, "SELECT version_num FROM alembic_version") == [("e5",)]
    assert not migrate(shop.ctx(), MigrateOptions()).steps
    assert status(shop.ctx()).database.state == "current"  # type: ignore[union-attr]


def test_switch_undoes_nothing_of_what_was_squashed(shop: Shop) -> None:
    migrate(shop.ctx(), MigrateOptions("b2"))
    rows(shop, "INSERT INTO users (id) VALUES (7)")
    squashed(shop)
    switch(shop.ctx(), SwitchOptions())
    assert rows(shop, "SELECT id, name FROM users") == [(7, "c")]


def test_databases_at_and_above_and_new_ones_need_nothing(shop: Shop) -> None:
    migrate(shop.ctx(), MigrateOptions("d4"))
    squashed(shop)
    assert [step.revision for step in migrate(shop.ctx(), MigrateOptions()).steps] == ["e5"]
    Path(shop.url.removeprefix("sqlite:///")).unlink()
    done = migrate(shop.ctx(), MigrateOptions())
    assert [step.revision for step in done.steps] == ["d4", "e5"]
    assert {"t_d4", "users"} <= set(tables(shop.url))
    assert status(shop.ctx()).database.state == "current"  # type: ignore[union-attr]


def test_a_squash_of_a_squash(shop: Shop) -> None:
    migrate(shop.ctx(), MigrateOptions("a1"))
    rows(shop, "INSERT INTO users (id) VALUES (7)")
    squashed(shop, "c3")
    squash(shop.ctx(), SquashOptions("e5", data=("drop",)))
    commit(shop, "Dan")
    assert shop.ctx().revisions.graph()["e5"].replaces == ("a1", "b2", "c3", "d4")
    migrate(shop.ctx(), MigrateOptions())
    assert rows(shop, "SELECT id, name FROM users") == [(7, "c")]
    assert rows(shop, "SELECT version_num FROM alembic_version") == [("e5",)]


def test_a_range_with_a_beginning(shop: Shop) -> None:
    migrate(shop.ctx(), MigrateOptions("a1"))
    rows(shop, "INSERT INTO users (id) VALUES (7)")
    squashed(shop, "d4", "b2")
    done = migrate(shop.ctx(), MigrateOptions())
    assert [step.revision for step in done.steps] == ["d4", "e5"]
    assert rows(shop, "SELECT id, name FROM users") == [(7, "c")]


def test_a_clone_without_the_old_files_says_so(shop: Shop, tmp_path: Path) -> None:
    migrate(shop.ctx(), MigrateOptions("b2"))
    squashed(shop)
    shop.git("clone", "-q", "--depth", "1", f"file://{shop.root}", str(tmp_path / "shallow"))
    (tmp_path / "shallow" / "migrations" / "env.py").write_bytes(
        (shop.migrations / "env.py").read_bytes()
    )
    shop.root = tmp_path / "shallow"
    with pytest.raises(LbackError, match="squashed into d4") as refused:
        migrate(shop.ctx(), MigrateOptions())
    assert "--unshallow" in str(refused.value.hint)


def test_who_brought_a_column_is_still_who_brought_it(shop: Shop) -> None:
    def people() -> list[tuple[str, str | None]]:
        told = blame(shop.ctx(), BlameOptions("users"))
        return [
            (column.name, column.added_by.commit.author)
            for column in told.columns
            if column.added_by is not None and column.added_by.commit is not None
        ]

    def changes() -> list[tuple[str, str | None]]:
        told = history(shop.ctx(), HistoryOptions("users"))
        return [(row.revision, row.commit and row.commit.author) for row in told.changes]

    before = people(), changes()
    assert before[0] == [("id", "Ada"), ("name", "Bob"), ("age", "Cleo")]
    squash(shop.ctx(), SquashOptions("e5", data=("drop",)))
    assert (people(), changes()) == before
    commit(shop, "Dan")
    assert (people(), changes()) == before
    shown = show(shop.ctx(), ShowOptions("b2"))
    assert (shown.commit and shown.commit.author, shown.down_revisions) == ("Bob", ("a1",))
    assert show(shop.ctx(), ShowOptions("e5")).replaces == CHAIN[:-1]


def test_rollback_of_a_table_finds_its_change(shop: Shop) -> None:
    migrate(shop.ctx(), MigrateOptions())
    squash(shop.ctx(), SquashOptions("e5", data=("drop",)))
    commit(shop, "Dan")
    plan = rollback(shop.ctx(), RollbackOptions("t_d4", plan=True, strategy="revert"))
    assert plan.undoes == ("d4",)


def test_what_was_squashed_was_not_edited_since_it_ran(shop: Shop) -> None:
    """The database has run the last of the old files, and the new one has its id."""
    migrate(shop.ctx(), MigrateOptions("d4"))
    squashed(shop)
    assert (status(shop.ctx()).edited, status(shop.ctx()).changed) == ((), ())
    Path(shop.url.removeprefix("sqlite:///")).unlink()
    migrate(shop.ctx(), MigrateOptions())
    assert (status(shop.ctx()).edited, status(shop.ctx()).changed) == ((), ())


def test_a_reverting_revision_goes_on_top_of_a_squash(shop: Shop) -> None:
    """What it undoes is read in git, and its file follows a file that is there."""
    migrate(shop.ctx(), MigrateOptions("e5"))
    squash(shop.ctx(), SquashOptions("e5", data=("drop",)))
    commit(shop, "Dan")
    done = rollback(shop.ctx(), RollbackOptions("users", strategy="revert", yes=True))
    assert done.exit_code == 0, done.message
    names = {
        column["name"] for column in sa.inspect(sa.create_engine(shop.url)).get_columns("users")
    }
    assert names == {"id", "name"}
    assert status(shop.ctx()).database.state == "current"  # type: ignore[union-attr]
    Path(shop.url.removeprefix("sqlite:///")).unlink()
    migrate(shop.ctx(), MigrateOptions())
    assert "users" in tables(shop.url)
