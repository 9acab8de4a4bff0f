"""`migrate` stops before the first statement, asks about what goes, and says so in the plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lback.app.migrate import MigrateOptions, MigrateResult, migrate
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.worlds.databases import stamp

USERS = (
    'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), '
    'sa.Column("email", sa.String(50)), sa.Column("age", sa.Integer()))'
)
REQUIRED = (
    'op.create_table("carts", sa.Column("id", sa.Integer(), primary_key=True))\n'
    'with op.batch_alter_table("users") as batch:\n'
    '    batch.alter_column("email", existing_type=sa.String(50), nullable=False)'
)
DROP = 'op.drop_column("users", "age")'


@pytest.fixture(scope="module", autouse=True)
def _empty_shop(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("preflight") / "empty"
    Shop.make(place)
    Shop.empty = place


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with fresh_database(request.param, tmp_path) as url:
        made = Shop.at(tmp_path / "shop", url)
        made.add("a1", USERS, 'op.drop_table("users")')
        made.migrate()
        made.execute("INSERT INTO users (id, email, age) VALUES (1, 'a', 3), (2, NULL, 4)")
        yield made


def run(shop: Shop, **options: bool) -> MigrateResult:
    return migrate(shop.context(), MigrateOptions(**options))


def test_nothing_is_begun(shop: Shop) -> None:
    shop.add("b2", REQUIRED, "pass")
    before = shop.tables()
    planned = run(shop, plan=True)
    assert [(row.kind, row.state, row.rows, row.keys) for row in planned.preflight] == [
        ("not null", "stops", 1, ("id=2",))
    ]
    assert planned.exit_code == 0
    result = run(shop)
    assert (result.exit_code, result.status) == (3, "refused")
    assert "1 row of users has NULL in email (id=2)" in result.message
    assert "SELECT * FROM users WHERE email IS NULL" in result.hint
    assert shop.tables() == before
    assert stamp(shop.url) == ["a1"]
    shop.execute("UPDATE users SET email = 'b' WHERE email IS NULL")
    assert run(shop).exit_code == 0
    assert stamp(shop.url) == ["b2"]


def test_what_goes_is_agreed_to(shop: Shop) -> None:
    path = shop.add("b2", DROP, "pass")
    assert run(shop).exit_code == 3
    said = " ".join(shop.lback("migrate", code=3).split())  # there is no terminal
    assert "2 values of users.age would be deleted (id=1, id=2)" in said
    assert "`--yes`" in said
    assert stamp(shop.url) == ["a1"]
    text = path.read_text()
    path.write_text(text.replace(DROP, f"{DROP}  # lback: ignore[LB402] ages are in the CRM"))
    (row,) = run(shop, plan=True).preflight
    assert (row.state, row.reason) == ("told", "the revision says why: ages are in the CRM")
    assert run(shop).exit_code == 0
    assert stamp(shop.url) == ["b2"]


@pytest.mark.parametrize("given", [{"yes": True}, {"preflight": False}])
def test_it_can_be_said_beforehand(shop: Shop, given: dict[str, bool]) -> None:
    shop.add("b2", DROP, "pass")
    assert run(shop, **given).exit_code == 0
    assert stamp(shop.url) == ["b2"]


def test_names_that_are_quoted(shop: Shop) -> None:
    column = '"100% sure", sa.String(9)'
    shop.add("b2", f'op.add_column("users", sa.Column({column}))', "pass")
    shop.migrate()
    change = 'batch.alter_column("100% sure", existing_type=sa.String(9), nullable=False)'
    shop.add("b3", f'with op.batch_alter_table("users") as batch:\n    {change}', "pass")
    result = run(shop)
    assert "2 rows of users have NULL in 100% sure (id=1, id=2)" in result.message
    mark = "`" if shop.url.startswith("mysql") else '"'
    fill = result.hint.partition("Fill them (")[2].partition(")")[0].strip("`")
    assert fill.strip() == (
        f"UPDATE users SET {mark}100% sure{mark} = … WHERE {mark}100% sure{mark} IS NULL"
    )


def test_names_that_only_their_case_tells_apart(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = Shop.at(tmp_path / "shop", url)
        shop.add("a1", USERS + "\n" + USERS.replace('"users"', '"Users"'), "pass")
        shop.migrate()
        shop.execute("INSERT INTO users VALUES (1)")
        shop.add("b2", 'op.drop_table("users")', "pass")
        told = [(row.state, row.keys) for row in run(shop, plan=True).preflight]
        assert told == [("loses", ("id=1",))]
        shop.add("b2", 'op.drop_table("Users")', "pass", parents=("a1",))
        row = run(shop, plan=True).preflight[0]
        assert (row.state, row.table, row.keys) == ("loses", "users", ("id=1",))
        # What it stops for has to be certain.
        shop.add("b2", 'op.alter_column("Users", "email", nullable=False)', "pass", parents=("a1",))
        row = run(shop, plan=True).preflight[0]
        assert (row.state, row.reason) == ("unknown", "Users may be Users or users")


def test_both_of_them_in_one_run(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = Shop.at(tmp_path / "shop", url)
        shop.add("a1", USERS, "pass")
        shop.migrate()
        shop.execute("INSERT INTO users VALUES (1)")
        made = 'op.create_table("Users", sa.Column("id", sa.Integer(), primary_key=True))'
        shop.add("b2", made, "pass")
        need = 'op.alter_column("users", "email", nullable=False)'
        shop.add("b3", need, "pass")
        shop.add("b4", 'op.drop_table("users")\nop.drop_table("Users")', "pass")
        told = [
            (row.kind, row.state, row.reason or row.keys) for row in run(shop, plan=True).preflight
        ]
        assert told == [
            ("not null", "unknown", "Users and users may be one"),
            ("drop table", "loses", ("id=1",)),
        ]
