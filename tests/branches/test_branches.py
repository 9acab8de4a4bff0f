"""A database for each branch: made as a copy, seen by all, dropped after a yes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.errors import LbackError
from tests.branches.conftest import Checkout, MakeShop, ask


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Checkout:
    """Return the shop with one user, on two kinds of databases."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = make_shop(url)
    made.alembic("upgrade", "head")
    assert made.users("Ada") == ["Ada"]
    return made


MAILS = """
revision = "c1"
down_revision = "5b0e8d1c7a42"
import sqlalchemy as sa
from alembic import op
def upgrade():
    op.add_column("users", sa.Column("mail", sa.Text))
def downgrade():
    op.drop_column("users", "mail")
"""


def test_two_worktrees_and_three_branches(shop: Checkout) -> None:
    """The application, alembic and lback see one database a branch; switching loses nothing."""
    feature = shop.worktree("feature", "-b", "feature/names")
    assert feature.application("Grace") == ["Ada", "Grace"]
    assert shop.users("Bob") == ["Ada", "Bob"]
    (feature.path / "migrations/versions/c1_mails.py").write_text(MAILS)
    feature.git("add", ".")
    feature.git("commit", "-qm", "Mails")
    feature.run(sys.executable, "-m", "lback", "migrate")
    feature.branch("feature/more")
    assert feature.users("Lin") == ["Ada", "Grace", "Lin"]
    assert feature.alembic("current") == "c1 (head)\n"
    feature.git("checkout", "-q", "feature/names")
    assert feature.users() == ["Ada", "Grace"]
    assert "nothing to do" in feature.run(sys.executable, "-m", "lback", "switch")
    assert shop.alembic("current") == "5b0e8d1c7a42 (head)\n"
    assert shop.application() == ["Ada", "Bob"]

    rows = {row["branch"]: row for row in shop.rows()}
    assert {name: row["source"] for name, row in rows.items()} == {
        "main": None,
        "feature/names": "main",
        "feature/more": "feature/names",
    }
    assert len({row["url"] for row in rows.values()}) == 3
    assert all(row["exists"] and not row["gone"] for row in rows.values())
    url = feature.run(sys.executable, "-m", "lback", "database", "url").strip()
    assert ask(url, "SELECT name, mail FROM users") == [("Ada", None), ("Grace", None)]
    assert shop.lback("database", "url", "--branch", "feature/names") == url


def test_gone_and_dropped(shop: Checkout) -> None:
    shop.branch("old")
    shop.users("Lin")
    url = shop.lback("database", "url")
    shop.git("checkout", "-q", "main")
    assert "every branch" in shop.lback("database", "prune")
    shop.git("branch", "-q", "-D", "old")
    assert [row["gone"] for row in shop.rows()] == [False, True]
    shop.lback("database", "prune", code=3)
    assert "2 rows" in shop.said and "--yes" in shop.said
    assert len(ask(url, "SELECT * FROM users")) == 2
    assert shop.lback("database", "prune", "--yes") == "dropped 1 database"
    assert [row["branch"] for row in shop.rows()] == ["main"]
    shop.lback("database", "drop", "main", "--yes", code=2)
    assert shop.users() == ["Ada"]


def test_a_renamed_branch_keeps_its_database(make_shop: MakeShop) -> None:
    shop = make_shop(None)
    shop.migrated()
    shop.branch("one")
    shop.users("Lin")
    shop.git("branch", "-m", "two")
    assert shop.users() == ["Lin"]
    shop.git("checkout", "-q", "-b", "one", "main")
    assert shop.users() == []
    assert {row["branch"] for row in shop.rows()} == {"main", "one", "two"}


def test_what_a_branch_came_from(make_shop: MakeShop) -> None:
    """By the reflog; without it by the history; and by what is asked for."""
    shop = make_shop(None)
    shop.migrated()
    shop.branch("near")
    shop.users("Near")
    shop.git("commit", "-q", "--allow-empty", "-m", "More")
    shop.git("update-ref", "refs/heads/fetched", "near")
    shop.git("checkout", "-q", "fetched")
    (shop.path / ".git/logs/HEAD").unlink()
    assert shop.users() == ["Near"]
    shop.branch("clean")
    shop.lback("database", "create", "--from", "main")
    assert shop.users() == []
    shop.lback("database", "create", code=3)
    shop.branch("empty")
    shop.lback("database", "create", "--empty")
    assert "made an empty database for empty" in shop.said
    assert "none to copy" not in shop.said
    shop.migrated()
    assert shop.users() == []


def test_wrong_input(make_shop: MakeShop) -> None:
    shop = make_shop(None)
    for line, code, said in (
        (("url", "--branch", "nope"), 2, "There is no branch `nope` here"),
        (("drop", "nope", "--yes"), 2, "There is no branch `nope` here"),
        (("drop",), 2, "Missing argument"),
        (("create",), 2, "is the project's own"),
        (("create", "--empty", "--adopt"), 2, "cannot be used together"),
        (("url", "--url", "nonsense"), 3, "This is not the URL of a database"),
        (("url", "--url", "sqlite://"), 3, "A database in memory"),
    ):
        shop.lback("database", *line, code=code)
        assert said in shop.said, shop.said
    shop.git("checkout", "-q", "--detach")
    shop.lback("database", "url", code=3)
    assert "HEAD is on no branch" in shop.said
    assert not list(shop.path.glob(".git/lback/databases/*"))


def test_protected_stays_as_it_is(make_shop: MakeShop) -> None:
    shop = make_shop(None)
    (shop.path / "pyproject.toml").write_text('[tool.lback]\nprotected = ["*/shop.db"]\n')
    shop.migrated()
    shop.branch("feature")
    assert shop.users("Ada") == ["Ada"]
    assert shop.lback("database", "url").endswith("/shop/shop.db")
    shop.lback("database", "create", code=3)
    assert "is protected by" in shop.said
    shop.git("checkout", "-q", "main")
    assert shop.users() == ["Ada"]


def test_a_note_that_is_broken(make_shop: MakeShop) -> None:
    """Nothing is made or dropped on the strength of it."""
    shop = make_shop(None)
    shop.branch("feature")
    shop.lback("database", "url")
    note = shop.path / ".git/lback/databases.json"
    for text in ("{", "[1]", '[{"branch": 1}]', "[{}]"):
        note.write_text(text)
        shop.lback("database", "list", code=3)
        assert "cannot be read" in shop.said
        with pytest.raises(LbackError, match="cannot be read"):
            shop.users()


def test_a_killed_copy_is_made_again(make_shop: MakeShop) -> None:
    """What was noted as begun is nobody's database."""
    shop = make_shop(None)
    shop.migrated()
    shop.users("Ada")
    shop.branch("feature")
    url = shop.lback("database", "url")
    note = shop.path / ".git/lback/databases.json"
    note.write_text(note.read_text().replace('"complete": true', '"complete": false'))
    place = Path(str(sa.make_url(url).database))
    place.write_bytes(place.read_bytes()[:4096])
    assert [row["exists"] for row in shop.rows()] == [True, False]
    assert shop.users() == ["Ada"]
    assert json.loads(note.read_text())[0]["complete"] is True


def test_somebody_elses_database_of_that_name(make_shop: MakeShop) -> None:
    shop = make_shop(None)
    shop.migrated()
    shop.branch("feature")
    url = shop.lback("database", "url")
    ask(url, "INSERT INTO users (name) VALUES ('Mine')")
    (shop.path / ".git/lback/databases.json").unlink()
    shop.lback("database", "url", code=3)
    assert "has not noted that it made it" in shop.said and "--adopt" in shop.said
    shop.lback("database", "create", "--adopt")
    assert shop.users() == ["Mine"]


@pytest.mark.postgresql
def test_a_database_in_use_is_copied_all_the_same(make_shop: MakeShop, postgres_url: str) -> None:
    """By pg_dump; where that is not to be had, it is said who is connected."""
    shop = make_shop(postgres_url)
    shop.migrated()
    shop.users("Ada")
    engine = sa.create_engine(postgres_url, connect_args={"application_name": "the application"})
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        shop.branch("feature")
        assert shop.users("Lin") == ["Ada", "Lin"]
    engine.dispose()
    assert ask(postgres_url, "SELECT count(*) FROM users") == [(1,)]


@pytest.mark.mysql
def test_mariadb(make_shop: MakeShop, mariadb_url: str) -> None:
    shop = make_shop(mariadb_url)
    shop.migrated()
    shop.users("Ada")
    shop.branch("feature")
    assert shop.users("Lin") == ["Ada", "Lin"]
    shop.git("checkout", "-q", "main")
    assert shop.users() == ["Ada"]
    assert shop.lback("database", "drop", "feature", "--yes") == "dropped 1 database"


@pytest.mark.postgresql
def test_passwords(make_shop: MakeShop, postgres_url: str) -> None:
    """The URL of `$(lback database url)` is whole; no other output has the password."""
    url = sa.make_url(postgres_url).set(password="s3cret&x").render_as_string(hide_password=False)
    shop = make_shop(url)
    shop.branch("feature")
    told = shop.lback("database", "url")
    assert sa.make_url(told).password == "s3cret&x" and "s3cret" not in shop.said
    for line in (
        ("database", "list"),
        ("database", "url", "--json"),
        ("database", "list", "--json"),
    ):
        assert "s3cret" not in shop.lback(*line) + shop.said
