"""Odd names and odd rows go down and come back like all others, or nothing goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.app.restore import RestoreOptions, restore
from lback.app.rollback import RollbackOptions, rollback
from lback.app.switch import SwitchOptions, switch
from lback.errors import LbackError
from tests.reports import checked
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.worlds.databases import query

BASE = """
op.create_table(
    "base", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(20))
)
"""


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with fresh_database(request.param, tmp_path) as url:
        yield made(tmp_path, url)


def made(tmp_path: Path, url: str) -> Shop:
    shop = Shop.at(tmp_path / "ada", url)
    shop.add("r1", BASE, 'op.drop_table("base")', commit="Add base")
    shop.git("checkout", "-q", "-b", "a")
    return shop


def ran(shop: Shop, upgrade: str, downgrade: str, *rows: str) -> None:
    shop.add("a1", upgrade, downgrade, commit="Add more")
    shop.migrate()
    shop.execute(*rows)


def there_and_back(shop: Shop) -> None:
    for branch in ("main", "a"):
        shop.git("checkout", "-q", branch)
        result = switch(shop.context(), SwitchOptions())
        checked(result)
        assert result.exit_code == 0, result.message
        assert not any(row.left for row in result.returned)


def test_a_column_in_another_case(shop: Shop) -> None:
    if shop.url.startswith("postgresql"):
        down = 'op.execute("ALTER TABLE BASE DROP COLUMN MAIL")'
    else:
        down = 'op.drop_column("base", "MAIL")'
    column = "mail" if shop.url.startswith("postgresql") else "Mail"
    up = f'op.add_column("base", sa.Column("{column}", sa.String(20)))'
    ran(shop, up, down, "INSERT INTO base (id, name, mail) VALUES (1, 'a', 'x'), (2, 'b', NULL)")
    there_and_back(shop)
    assert shop.rows("base") == [(1, "a", "x"), (2, "b", None)]


def test_tables_in_another_case_and_longer_than_names_may_be(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = made(tmp_path, url)
        long = "é" * 35
        up = f'op.execute("CREATE TABLE Users (id int)")\nop.create_table("{long}", sa.Column("n"))'
        up = up.replace('sa.Column("n")', 'sa.Column("n", sa.Integer())')
        down = f'op.execute("DROP TABLE Users")\nop.drop_table("{long}")'
        ran(shop, up, down, "INSERT INTO users VALUES (1)", f'INSERT INTO "{long}" VALUES (2)')
        there_and_back(shop)
        assert (shop.rows("users"), shop.rows(f'"{long}"')) == ([(1,)], [(2,)])


def test_a_percent_sign_that_a_driver_halves(shop: Shop) -> None:
    mark = "`" if shop.url.startswith("mysql") else '"'
    name = f"{mark}50%%{mark}"
    run = f"op.get_bind().exec_driver_sql('{{}} TABLE {name}{{}}')"
    ran(shop, run.format("CREATE", " (id int)"), run.format("DROP", ""))
    if not shop.url.startswith("sqlite"):
        name = name.replace("%%", "%")
    engine = sa.create_engine(shop.url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO {name} VALUES (1)"))
    there_and_back(shop)
    assert query(shop.url, f"SELECT * FROM {name}") == [(1,)]


def test_sqlite_has_rows_without_their_key(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = made(tmp_path, url)
        up = 'op.execute("CREATE TABLE odd (k TEXT PRIMARY KEY, v)")'
        ran(shop, up, 'op.drop_table("odd")', "INSERT INTO odd VALUES (NULL, 1), (NULL, 2), (3, 4)")
        there_and_back(shop)
        assert sorted(query(url, "SELECT v, k FROM odd")) == [(1, None), (2, None), (4, "3")]


def test_rows_that_a_policy_hides_stop_it(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = made(tmp_path, url)
        ran(
            shop,
            'op.create_table("safe", sa.Column("id", sa.Integer(), primary_key=True))',
            'op.drop_table("safe")',
            "INSERT INTO safe VALUES (1), (2)",
            "ALTER TABLE safe ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE safe FORCE ROW LEVEL SECURITY",
            "CREATE POLICY one ON safe USING (id = 1)",
        )
        with owner_of(shop) as other:
            shop.git("checkout", "-q", "main")
            result: Any = None
            with pytest.raises(Exception, match="row-level security") as refused:
                shop.url = other
                result = switch(shop.context(), SwitchOptions())
            assert result is None
            assert "NO FORCE ROW LEVEL SECURITY" in str(refused.value)
            query(url, "ALTER TABLE safe NO FORCE ROW LEVEL SECURITY")
            query(url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            query(url, f"REVOKE CREATE ON SCHEMA public FROM {sa.make_url(other).username}")
            with pytest.raises(LbackError, match="could not be saved in the database") as unsaved:
                switch(shop.context(), SwitchOptions())
            assert "`--no-backup`" in str(unsaved.value.hint)
        shop.url = url
        assert shop.rows("safe") == [(1,), (2,)]


class owner_of:
    """A role that owns all tables and is no superuser."""

    def __init__(self, shop: Shop) -> None:
        url = sa.make_url(shop.url)
        self.shop, self.at = shop, shop.url
        self.role = f"{url.database}_owner"
        self.url = url.set(username=self.role, password="x").render_as_string(hide_password=False)

    def __enter__(self) -> str:
        owns = [f"ALTER TABLE {name} OWNER TO {self.role}" for name in self._tables()]
        self.shop.execute(
            f"CREATE ROLE {self.role} LOGIN PASSWORD 'x'",
            f"GRANT ALL ON SCHEMA public TO {self.role}",
            *owns,
        )
        return self.url

    def __exit__(self, *_: object) -> None:
        query(
            self.at,
            f"REASSIGN OWNED BY {self.role} TO CURRENT_USER",
            f"DROP OWNED BY {self.role}",
            f"DROP ROLE {self.role}",
        )

    def _tables(self) -> list[str]:
        rows = query(self.at, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [name for (name,) in rows]


def test_what_cannot_be_read_is_saved_by_rollback_as_well(shop: Shop) -> None:
    down = "name = op.get_bind().scalar(sa.text(\"SELECT 'more'\"))\nop.drop_table(name)"
    up = 'op.create_table("more", sa.Column("id", sa.Integer(), primary_key=True))'
    ran(shop, up, down, "INSERT INTO more VALUES (1)")
    result = rollback(shop.context(), RollbackOptions(steps=1, yes=True))
    checked(result)
    assert result.exit_code == 0, result.message
    assert result.backup is not None
    shop.migrate()
    checked(restore(shop.context(), RestoreOptions(result.backup)))
    assert shop.rows("more") == [(1,)]


RING = """
op.create_table(
    "boss",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("above", sa.Integer(), sa.ForeignKey("boss.id")),
    sa.Column("base", sa.Integer(), sa.ForeignKey("base.id")),
    sa.Column("team", sa.Integer()),
)
op.create_table(
    "team",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("boss", sa.Integer(), sa.ForeignKey("boss.id"), nullable=False),
)
with op.batch_alter_table("boss") as batch:
    batch.create_foreign_key("fk_team", "team", ["team"], ["id"])
"""
RING_DOWN = """
with op.batch_alter_table("boss") as batch:
    batch.drop_constraint("fk_team", type_="foreignkey")
op.drop_table("team")
op.drop_table("boss")
"""


def test_rows_that_refer_to_one_another(shop: Shop) -> None:
    ran(
        shop,
        RING,
        RING_DOWN,
        "INSERT INTO base (id) VALUES (1), (2)",
        "INSERT INTO boss (id, above, base) VALUES (1, 1, 1), (2, 1, 1)",
        "INSERT INTO boss (id, above, base) VALUES (3, 2, NULL), (4, NULL, 2)",
        "INSERT INTO team VALUES (1, 1), (2, 2), (4, 4)",
        "UPDATE boss SET team = id WHERE id <> 3",
        "UPDATE boss SET above = 3 WHERE id = 1",
    )
    bosses, teams = shop.rows("boss"), shop.rows("team")
    there_and_back(shop)
    assert (shop.rows("boss"), shop.rows("team")) == (bosses, teams)
    shop.git("checkout", "-q", "main")
    checked(switch(shop.context(), SwitchOptions()))
    shop.execute("DELETE FROM base WHERE id = 2")
    shop.git("checkout", "-q", "a")
    result = switch(shop.context(), SwitchOptions())
    checked(result)
    assert {(row.table, row.rows, row.left) for row in result.returned} == {
        ("boss", 3, 1),
        ("team", 2, 1),
    }
    assert shop.rows("boss") == bosses[:3] and shop.rows("team") == teams[:2]
    put = restore(shop.context(), RestoreOptions("1"))
    checked(put)
    assert (put.exit_code, put.message) == (
        3,
        "Rows of team and boss could not be put back, and stay saved.",
    )


def test_a_type_that_is_not_known_is_no_warning(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = made(tmp_path, url)
        up = 'op.execute("CREATE TABLE spots (id int PRIMARY KEY, at point)")'
        shop.add("a1", up, 'op.drop_table("spots")', commit="Add spots")
        shop.lback("migrate")
        shop.execute("INSERT INTO spots VALUES (1, '(1,2)')")
        shop.git("checkout", "-q", "main")
        said = shop.lback("switch")
        shop.git("checkout", "-q", "a")
        assert "Did not recognize" not in said + shop.lback("switch")
        assert shop.rows("spots") == [(1, "(1,2)")]


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
def test_a_row_that_is_replaced_on_the_way_down(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        shop = made(tmp_path, url)
        down = "op.execute(\"REPLACE INTO base (id, name) VALUES (1, 'old')\")"
        ran(shop, "op.execute(\"UPDATE base SET name = 'new'\")", down)
        shop.execute("INSERT INTO base VALUES (1, 'mine'), (2, 'x')")
        there_and_back(shop)
        assert shop.rows("base") == [(1, "mine"), (2, "new")]
