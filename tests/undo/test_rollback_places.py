"""A change at every place of a chain is undone, and nothing else moves; on each database."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lback.errors import LbackError
from tests.rounds import long
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.worlds.texts import MODELS, table

CREATE = """
op.create_table(
    "{0}",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("label", sa.String(50), nullable=False),
)
"""


def create(shop: Shop, revision: str, table: str) -> None:
    shop.add(revision, CREATE.format(table), f'op.drop_table("{table}")')


def column(shop: Shop, revision: str, table: str, name: str, **options: object) -> None:
    shop.add(
        revision,
        f'op.add_column("{table}", sa.Column("{name}", sa.String(20)))',
        f"""
        # {name} goes again
        op.drop_column("{table}", "{name}")
        """,
    )


def top(shop: Shop) -> None:
    _base(shop)
    create(shop, "r5", "items")
    column(shop, "r6", "orders", "note")
    column(shop, "r7", "items", "note")
    column(shop, "r8", "users", "email")


def under_unrelated(shop: Shop) -> None:
    _base(shop)
    column(shop, "r5", "users", "email")
    create(shop, "r6", "items")
    column(shop, "r7", "orders", "note")
    column(shop, "r8", "items", "note")


def under_related(shop: Shop) -> None:
    """A later table refers to users, but not to what goes."""
    _base(shop)
    column(shop, "r5", "users", "email")
    shop.add(
        "r6",
        """
        op.create_table(
            "items",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", name="fk_items_user")),
        )
        """,
        'op.drop_table("items")',
    )
    column(shop, "r7", "orders", "note")
    column(shop, "r8", "items", "note")


def before_merge(shop: Shop) -> None:
    _base(shop)
    column(shop, "r5", "users", "email")
    create(shop, "r6", "items")
    shop.last = "r4"
    column(shop, "r7", "orders", "note")
    shop.add("r8", "pass", "pass", parents=("r6", "r7"))


def one_side_of_a_fork(shop: Shop) -> None:
    _base(shop)
    column(shop, "r5", "users", "email")
    create(shop, "r6", "items")
    shop.last = "r4"
    column(shop, "r7", "orders", "note")
    column(shop, "r8", "orders", "more")


def inside_many(shop: Shop) -> None:
    _base(shop)
    create(shop, "r5", "items")
    shop.add(
        "r6",
        """
        # all of them at once
        op.add_column("orders", sa.Column("email", sa.String(20)))
        op.add_column("users", sa.Column("email", sa.String(20)))
        with op.batch_alter_table("items") as batch_op:
            batch_op.add_column(sa.Column("email", sa.String(20)))
        """,
        """
        with op.batch_alter_table("items") as batch_op:
            batch_op.drop_column("email")
        op.drop_column("users", "email")  # the author's own words
        op.drop_column("orders", "email")
        """,
    )
    column(shop, "r7", "orders", "note")
    column(shop, "r8", "items", "note")


def _base(shop: Shop) -> None:
    create(shop, "r1", "users")
    create(shop, "r2", "orders")
    column(shop, "r3", "users", "name")
    column(shop, "r4", "orders", "price")


PLACES = (top, under_unrelated, under_related, before_merge, one_side_of_a_fork, inside_many)
WANTED = {"top": "r8", "inside_many": "r6"}


# What is local is reverted as what is published, but for the latest one.
CASES = [
    pytest.param(kind, published, place, id=f"{place.__name__}-{where}-{kind}")
    for kind in KINDS
    for published, where in ((False, "local"), (True, "published"))
    for place in PLACES
    if published or place is top or kind == "sqlite"
]


def in_ci(kind: str, published: bool, place: Callable[[Shop], None]) -> bool:
    """Tell whether CI runs a case: on a server half of the places, and one of what is local."""
    if not published:
        return place is top or (kind == "sqlite" and place is before_merge)
    number = PLACES.index(place)
    return kind == "sqlite" or number % 2 == (kind == "mariadb")


@pytest.mark.parametrize(
    ("kind", "published", "place"),
    [case if in_ci(*case.values) else long(case) for case in CASES],
)
def test_only_the_change_is_undone(
    tmp_path: Path, kind: str, published: bool, place: Callable[[Shop], None]
) -> None:
    name = place.__name__
    (tmp_path / "b").mkdir()
    with fresh_database(kind, tmp_path) as url, fresh_database(kind, tmp_path / "b") as other:
        shop = Shop.at(tmp_path / "ada", url)
        place(shop)
        shop.commit("Add migrations")
        if published:
            shop.publish(tmp_path / "shop.git")
        target = "heads" if name == "one_side_of_a_fork" else None
        shop.migrate(target)
        shop.execute(
            "INSERT INTO users (id, label) VALUES (1, 'a'), (2, 'b')",
            "INSERT INTO orders (id, label) VALUES (1, 'x')",
        )
        before = shop.tables()
        revision = WANTED.get(name, "r5")
        data = shop.roll("users").data
        assert data["undoes"] == [revision]
        direct = name == "top" and not published
        assert data["strategy"] == ("downgrade" if direct else "revert")
        if kind == "sqlite":
            assert data["proof"]["state"] == "proved"
        after = shop.tables()
        assert set(before["users"].columns) - set(after["users"].columns) == {"email"}
        kept = {name: one for name, one in before["users"].columns.items() if name != "email"}
        assert after == {**before, "users": replace(before["users"], columns=kept)}
        assert [row[:2] for row in shop.rows("users")] == [(1, "a"), (2, "b")]
        assert [row[:2] for row in shop.rows("orders")] == [(1, "x")]
        if direct:
            return
        path = shop.folder / data["writes"]
        assert path.is_file()
        assert "# email goes again" in path.read_text() or "author's own" in path.read_text()
        assert shop.migrate(target) == []
        second = clone(shop, tmp_path / "grace", other)
        second.migrate(target)
        assert second.tables() == after


def clone(shop: Shop, folder: Path, url: str) -> Shop:
    shutil.copytree(shop.folder, folder, ignore=shutil.ignore_patterns("*.sqlite3", "__pycache__"))
    return Shop("Grace", folder, {"DATABASE_URL": url}, url=url)


def test_the_new_revision_says_what_it_is(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.migrate()
        path = shop.folder / shop.roll("users").data["writes"]
        text = path.read_text()
        assert "revision r5 did to users" in text
        assert "of Ada Lovelace" in text or "of Ada," in text
        shop.run("python3", "-c", "import ast,sys; ast.parse(open(sys.argv[1]).read())", str(path))


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_scratch_database_proves_it_and_is_left_empty(tmp_path: Path, kind: str) -> None:
    (tmp_path / "b").mkdir()
    with fresh_database(kind, tmp_path) as url, fresh_database(kind, tmp_path / "b") as scratch:
        shop = Shop.at(tmp_path / "ada", url)
        shop.write("pyproject.toml", f'[tool.lback]\nscratch_url = "{scratch}"\n')
        inside_many(shop)
        shop.commit("Add migrations")
        shop.migrate()
        data = shop.roll("users").data
        assert data["proof"]["state"] == "proved", data["proof"]
        assert Shop("x", shop.folder, url=scratch).tables() == {}
        bad = (
            'with op.batch_alter_table("users") as b:\n'
            '    b.alter_column("label", existing_type=sa.String(50), nullable=True,\n'
            "                   existing_nullable=False)"
        )
        shop.last = data["target"][0]
        shop.add("r9", bad, "op.execute('SELECT 1')")
        shop.commit("Add r9")
        shop.migrate()
        result = shop.roll("users")
        assert result.exit_code == 3
        assert "column label: its nullable would be True, not False" in result.message
        shop.execute("CREATE TABLE stranger (id INTEGER)")
        Shop("x", shop.folder, url=scratch).execute("CREATE TABLE stranger (id INTEGER)")
        with pytest.raises(LbackError, match="not empty: it holds stranger"):
            shop.roll("users")


def test_without_a_scratch_database_it_says_so(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.migrate()
        proof = shop.roll("users", plan=True).data["proof"]
        assert proof["state"] == "unproved"
        assert "scratch_url" in proof["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_models_and_migrations_agree_afterwards(tmp_path: Path, kind: str) -> None:
    """Eight revisions on three tables; Grace had run them all before she pulls the reversal."""
    (tmp_path / "b").mkdir()
    with fresh_database(kind, tmp_path) as url, fresh_database(kind, tmp_path / "b") as other:
        shop = Shop.at(tmp_path / "ada", url)
        users, orders, items = table("users"), table("orders"), table("items")

        def column(name: str, **options: object) -> str:
            given = "".join(f", {key}={value}" for key, value in options.items())
            return f"    {name}: Mapped[str | None] = mapped_column(String(50){given})\n"

        email = column("email", index=True)
        steps = {
            "add_users": users,
            "add_orders": users + orders,
            "add_name": users + column("name") + orders,
            "add_email": users + column("name") + email + orders,
            "add_items": users + column("name") + email + orders + items,
            "add_note": users + column("name") + email + orders + column("note") + items,
        }
        last = users + column("name") + email + orders + column("note") + items + column("note")
        steps |= {"add_more": last, "add_size": last + column("size")}
        for name, text in steps.items():
            shop.write("models.py", MODELS + text)
            shop.lback("makemigrations", name)
            shop.migrate()
        shop.commit("Add users, orders and items")
        shop.publish(tmp_path / "shop.git")
        shop.git("clone", "-q", str(tmp_path / "shop.git"), str(tmp_path / "grace"))
        grace = Shop("Grace", tmp_path / "grace", {"DATABASE_URL": other}, url=other)
        grace.lback("migrate")
        for one in (shop, grace):
            one.execute("INSERT INTO users (id, label, email) VALUES (1, 'a', 'a@b')")
            one.execute("INSERT INTO orders (id, label, note) VALUES (1, 'x', 'y')")

        said = shop.lback("rollback", "users", "--yes")
        assert "revert_users_add_email" in said
        shop.write("models.py", (MODELS + steps["add_size"]).replace(email, ""))
        assert "agree" in shop.lback("makemigrations", "--check")
        assert "up to date" in shop.lback("migrate")
        shop.commit("Take email back")
        shop.git("push", "-q")

        grace.git("pull", "-q", "--no-rebase")
        assert "1 value of users.email" in grace.lback("migrate", code=3)
        grace.lback("migrate", "--yes")
        assert "agree" in grace.lback("makemigrations", "--check")
        assert grace.tables() == shop.tables()
        assert "email" not in grace.tables()["users"].columns
        for name in ("users", "orders", "items"):
            assert grace.rows(name) == shop.rows(name)
        assert len(grace.rows("orders")) == 1


def test_sql_and_plan_move_nothing(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.migrate()
        before, files = shop.tables(), shop.files()
        sql = "\n".join(shop.roll("users", sql=True).data["sql"])
        assert "ALTER TABLE users DROP COLUMN email" in sql
        assert "alembic_version" in sql
        plan = shop.roll("users", plan=True)
        assert plan.data["writes"].startswith("migrations/versions/")
        assert (shop.tables(), shop.files()) == (before, files)


def test_strategies_override(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.migrate()
        plan = shop.roll("users", strategy="downgrade", plan=True).data
        assert [row["revision"] for row in plan["collateral"]] == ["r8", "r7", "r6"]
        assert shop.roll("users", strategy="downgrade").exit_code == 3  # nobody consented
        assert shop.roll("users", strategy="downgrade", yes=True).data["target"] == ["r4"]
        shop.migrate()
        data = shop.roll(revision="r8", strategy="revert", yes=True).data
        assert (data["strategy"], data["undoes"]) == ("revert", ["r8"])


def test_rolling_back_the_rollback_does_it_again(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.migrate()
        before = shop.tables()
        new = shop.roll("users").data["target"]
        assert shop.roll("users").data["undoes"] == new
        assert shop.tables() == before


def test_steps_of_a_published_chain(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        shop.commit("Add migrations")
        shop.publish(tmp_path / "shop.git")
        shop.migrate("r5")
        before = shop.tables()
        shop.migrate()
        data = shop.roll(steps=3).data
        assert (data["strategy"], data["undoes"]) == ("revert", ["r8", "r7", "r6"])
        assert shop.tables() == before


def test_helpers_and_imports_come_along(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        shop.add("r1", CREATE.format("users"), 'op.drop_table("users")')
        shop.add(
            "r2",
            """
            op.create_table("orders", sa.Column("id", sa.Integer()))
            _add(TABLE, Decimal("1.5"))
            """,
            """
            name = "price"
            other = "orders"
            # first this one
            op.drop_column(TABLE, name)
            op.drop_table(other)
            """,
            top="""
            from decimal import Decimal, getcontext

            TABLE = "users"


            # what a price costs
            def _add(table, default):
                op.add_column(table, sa.Column("price", sa.Numeric(), server_default=str(default)))
            """,
        )
        shop.commit("Add migrations")
        shop.migrate()
        text = (shop.folder / shop.roll("users", yes=True).data["writes"]).read_text()
        assert "from decimal import Decimal\n" in text
        assert "# what a price costs\ndef _add(table, default):" in text
        assert '    name = "price"\n    # first this one\n    op.drop_column(TABLE, name)' in text
        assert "orders" not in text.partition("def upgrade")[2]


def test_post_write_hooks_run(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        under_unrelated(shop)
        ini = shop.folder / "alembic.ini"
        ini.write_text(
            ini.read_text()
            + "\n[post_write_hooks]\nhooks = mark\nmark.type = exec\n"
            + "mark.executable = sh\n"
            + "mark.options = -c \"echo '# marked' >> REVISION_SCRIPT_FILENAME\"\n"
        )
        shop.commit("Add migrations")
        shop.migrate()
        text = (shop.folder / shop.roll("users").data["writes"]).read_text()
        assert text.endswith("# marked\n")
