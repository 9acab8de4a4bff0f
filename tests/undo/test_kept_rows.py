"""What goes down with a branch comes back with it: schema and rows as they were."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.app.restore import RestoreOptions, restore
from lback.app.switch import SwitchOptions, switch
from lback.core.schema_diff import Table
from tests.reports import checked
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop

USERS = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
)
op.bulk_insert(
    sa.table("users", sa.column("id"), sa.column("name")),
    [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": "Edsger"}],
)
"""
# A tree, a list of rows without a key, and a table that refers to both users and the tree.
TREE = """
op.create_table(
    "parts",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("order", sa.String(20), server_default="none"),
    sa.Column("inside", sa.Integer(), sa.ForeignKey("parts.id")),
)
op.create_table(
    "owners",
    sa.Column("part", sa.Integer(), sa.ForeignKey("parts.id"), nullable=False),
    sa.Column("user", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
)
op.execute("INSERT INTO parts (id) VALUES (1), (2), (9)")
with op.batch_alter_table("users") as batch:
    batch.add_column(sa.Column("100% sure", sa.Boolean()))
    batch.add_column(sa.Column("née", sa.Text(), server_default="x"))
"""
TREE_DOWN = """
with op.batch_alter_table("users") as batch:
    batch.drop_column("née")
    batch.drop_column("100% sure")
op.drop_table("owners")
op.drop_table("parts")
"""
MORE = """
with op.batch_alter_table("parts") as batch:
    batch.add_column(sa.Column("price", sa.Numeric(12, 4)))
    batch.add_column(sa.Column("at", sa.DateTime()))
"""
MORE_DOWN = """
with op.batch_alter_table("parts") as batch:
    batch.drop_column("at")
    batch.drop_column("price")
"""
OTHER = 'op.create_table("other", sa.Column("id", sa.Integer(), primary_key=True))'


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Stand on branch `a`, which has two revisions more than main, with rows."""
    with fresh_database(request.param, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        shop.add("r1", USERS, 'op.drop_table("users")', commit="Add users")
        shop.git("checkout", "-q", "-b", "a")
        shop.add("a1", TREE, TREE_DOWN)
        shop.commit("Add parts")
        shop.add("a2", MORE, MORE_DOWN)
        shop.commit("Add prices")
        shop.migrate()
        fill(shop)
        yield shop


def fill(shop: Shop) -> None:
    q = quoter(shop)
    shop.execute(
        "DELETE FROM parts WHERE id = 9",
        f"UPDATE parts SET {q('order')} = '', price = 12.3456 WHERE id = 1",
        f"INSERT INTO parts (id, {q('order')}, inside, price, at) VALUES "
        "(5, NULL, 7, NULL, '2026-01-02 03:04:05'), (7, 'back', NULL, -0.0001, NULL)"
        if not shop.url.startswith("mysql")
        else "INSERT INTO parts (id, `order`, inside, price, at) VALUES "
        "(7, 'back', NULL, -0.0001, NULL), (5, NULL, 7, NULL, '2026-01-02 03:04:05')",
        f"INSERT INTO owners (part, {q('user')}) VALUES (1, 1), (1, 1), (7, 2)",
        f"UPDATE users SET {q('née')} = 'é' WHERE id = 1",
        f"UPDATE users SET {q('née')} = NULL WHERE id = 3",
    )
    set_sure(shop)


def set_sure(shop: Shop) -> None:
    engine = sa.create_engine(shop.url, poolclass=sa.pool.NullPool)
    users = sa.table("users", sa.column("id"), sa.column("100% sure"))
    with engine.begin() as connection:
        connection.execute(sa.update(users).where(users.c.id == 1).values({"100% sure": True}))


def quoter(shop: Shop) -> Any:
    mark = "`" if shop.url.startswith("mysql") else '"'
    return lambda name: f"{mark}{name}{mark}"


def everything(shop: Shop) -> tuple[dict[str, Table], dict[str, list[Any]]]:
    tables = dict(shop.tables())
    q = quoter(shop)
    rows = {name: sorted(map(repr, query(shop, f"SELECT * FROM {q(name)}"))) for name in tables}
    return tables, rows


def query(shop: Shop, text: str) -> list[Any]:
    engine = sa.create_engine(shop.url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(text))]


def own_tables(shop: Shop) -> list[str]:
    engine = sa.create_engine(shop.url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
    return [name for name in names if name.startswith("lback_saved")]


def number_of(shop: Shop) -> str:
    saved = checked(restore(shop.context(), RestoreOptions()))["data"]["saved"]
    assert len(saved) == 1
    return str(saved[0]["name"])


def go(shop: Shop, ref: str | None = None, **options: Any) -> dict[str, Any]:
    result = switch(shop.context(), SwitchOptions(ref, **options))
    report = checked(result)
    assert result.exit_code == 0, result.message
    return dict(report["data"])


def test_there_and_back(shop: Shop) -> None:
    before = everything(shop)
    shop.git("checkout", "-q", "main")
    there = go(shop)
    assert {row["table"] for row in there["saved"]} == {"parts", "owners", "users"}
    assert set(shop.tables()) == {"users"}
    assert set(shop.tables()["users"].columns) == {"id", "name"}
    shop.add("b1", OTHER, 'op.drop_table("other")', parents=("r1",), commit="Add other")
    go(shop)
    shop.execute("INSERT INTO other VALUES (1)")
    other = everything(shop)
    shop.git("checkout", "-q", "a")
    back = go(shop)
    assert [row for row in back["returned"] if row["left"]] == []
    assert everything(shop) == before
    shop.git("checkout", "-q", "main")
    go(shop)
    assert everything(shop) == other
    shop.git("checkout", "-q", "a")
    go(shop)
    assert everything(shop) == before
    assert {name for name in own_tables(shop) if name != "lback_saved"} == {
        f"lback_saved_{number_of(shop)}_0"
    }


def test_a_revision_that_was_never_committed_and_is_deleted(shop: Shop) -> None:
    path = shop.add(
        "a3",
        'op.create_table("drafts", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("drafts")',
    )
    shop.migrate()
    shop.execute("INSERT INTO drafts VALUES (4)")
    before = everything(shop)
    text = path.read_text()
    path.unlink()
    shop.git("checkout", "-q", "main")
    shop.git("gc", "-q", "--prune=now")
    told = go(shop, plan=True)
    assert [row["revision"] for row in told["undoes"]] == ["a3", "a2", "a1"]
    go(shop)
    assert set(shop.tables()) == {"users"}
    shop.git("checkout", "-q", "a")
    there = go(shop)
    assert [row["revision"] for row in there["applies"]] == ["a1", "a2"]
    assert "drafts" not in shop.tables()
    assert there["forgotten"] == [{"revision": "a3", "path": "migrations/versions/a3_it.py"}]
    assert not path.exists()
    go(shop, restore_files=True)
    assert path.read_text() == text
    assert everything(shop) == before


def test_in_a_clone_that_has_never_seen_the_branch(shop: Shop, tmp_path: Path) -> None:
    before = everything(shop)
    shop.publish(tmp_path / "shop.git")  # main alone
    clone = Shop("Grace", tmp_path / "grace", {"DATABASE_URL": shop.url}, url=shop.url)
    shop.git("clone", "-q", str(tmp_path / "shop.git"), str(clone.folder))
    told = go(clone, plan=True)
    assert [row["revision"] for row in told["undoes"]] == ["a2", "a1"]
    go(clone)
    assert set(shop.tables()) == {"users"}
    assert clone.git("status", "--porcelain") == ""
    go(shop)
    assert everything(shop) == before


def test_from_another_worktree(shop: Shop, tmp_path: Path) -> None:
    before = everything(shop)
    shop.git("worktree", "add", "-q", str(tmp_path / "second"), "main")
    second = Shop("Ada", tmp_path / "second", {"DATABASE_URL": shop.url}, url=shop.url)
    go(second)
    assert set(shop.tables()) == {"users"}
    go(second, "a")
    assert everything(shop) == before


def test_newer_rows_stay_and_are_named(shop: Shop) -> None:
    """What was written on the other branch is newer than what was saved."""
    shop.git("checkout", "-q", "-b", "c")
    shop.add(
        "c1",
        "op.execute(\"UPDATE users SET name = 'X' WHERE id < 3\")\n"
        'op.execute("DELETE FROM users WHERE id = 3")',
        "op.execute(\"UPDATE users SET name = 'Y' WHERE id < 3\")",
        commit="Change names",
    )
    shop.migrate()
    shop.execute("UPDATE users SET name = 'mine'")
    shop.git("checkout", "-q", "a")
    go(shop)
    assert [row[1] for row in query(shop, "SELECT id, name FROM users ORDER BY id")] == ["Y", "Y"]
    shop.execute("UPDATE users SET name = 'newer' WHERE id = 2")
    shop.git("checkout", "-q", "c")
    back = go(shop)
    rows = query(shop, "SELECT id, name FROM users ORDER BY id")
    assert rows == [(1, "mine"), (2, "X")]
    told = [(row["table"], row["rows"], row["left"], row["keys"]) for row in back["returned"]]
    assert told == [("users", 1, 1, ["2"])]
    listed = checked(restore(shop.context(), RestoreOptions()))["data"]["saved"]
    assert [(row["undoes"], row["rows"]) for row in listed] == [(["c1"], 1)]
    name = listed[0]["name"]
    shop.execute("UPDATE users SET name = 'changed since' WHERE id = 1")
    refused = restore(shop.context(), RestoreOptions(name))
    assert refused.exit_code == 3
    assert query(shop, "SELECT name FROM users WHERE id = 2") == [("X",)]
    shop.lback(*hinted(refused.hint))
    names = query(shop, "SELECT name FROM users ORDER BY id")
    assert names == [("changed since",), ("mine",)]
    assert own_tables(shop) == ["lback_saved"]


def hinted(hint: str | None) -> list[str]:
    """Return what to type after `lback` by a hint."""
    found = re.search(r"`lback ([^`]*)`", hint or "")
    assert found is not None
    return shlex.split(found[1])


def test_values_whose_row_has_another_key_by_now_wait_for_a_person(shop: Shop) -> None:
    shop.execute("DELETE FROM owners WHERE part = 1")
    shop.git("checkout", "-q", "main")
    go(shop)
    shop.execute("UPDATE users SET id = 11 WHERE id = 1")
    shop.git("checkout", "-q", "a")
    back = go(shop)
    told = [(row["table"], row["left"], row["keys"]) for row in back["returned"] if row["left"]]
    assert told == [("users", 1, ["1"])]
    name = number_of(shop)
    refused = restore(shop.context(), RestoreOptions(name))
    (row,) = checked(refused)["data"]["tables"]
    assert (row["missing"], row["unsure"], row["missing_keys"]) == (1, 1, ["1"])
    assert refused.exit_code == 3 and f"lback_saved_{name}_" in (refused.hint or "")
    shop.execute("UPDATE users SET id = 1 WHERE id = 11")
    assert restore(shop.context(), RestoreOptions(name)).exit_code == 0
    q = quoter(shop)
    rows = query(shop, f"SELECT {q('100% sure')}, {q('née')} FROM users WHERE id = 1")
    assert rows == [(True, "é")]
    assert own_tables(shop) == ["lback_saved"]


def test_values_that_are_done_by_hand_are_forgotten_as_the_hint_says(shop: Shop) -> None:
    shop.git("checkout", "-q", "main")
    go(shop)
    shop.execute("UPDATE users SET id = 33 WHERE id = 3")
    shop.git("checkout", "-q", "a")
    go(shop)
    shop.lback(*hinted(restore(shop.context(), RestoreOptions(number_of(shop))).hint))
    assert own_tables(shop) == ["lback_saved"]


def test_a_column_that_came_back_with_values_of_its_own(shop: Shop) -> None:
    """A kill, or plain Alembic, brought the column back; by now somebody has written to it."""
    before = everything(shop)
    shop.git("checkout", "-q", "main")
    go(shop)
    shop.git("checkout", "-q", "a")
    shop.lback("alembic", "upgrade", "heads")
    shop.execute("UPDATE parts SET price = 7 WHERE id = 1", "DELETE FROM parts WHERE id = 2")
    back = go(shop)
    assert {row["table"]: (row["rows"], row["left"]) for row in back["returned"]} == {
        "parts": (3, 1),  # what is gone before anything came back is no newer value
        "owners": (3, 0),
        "users": (2, 0),
    }
    assert query(shop, "SELECT price FROM parts WHERE id = 1") == [(7,)]
    assert everything(shop)[0] == before[0]


PARTS = "op.execute('CREATE TABLE parts (id INTEGER PRIMARY KEY, note TEXT)')"
FILLED = 'op.execute("INSERT INTO parts VALUES {0}")'


def chain(folder: Path, *revisions: tuple[str, str, str]) -> Shop:
    """Return a shop on SQLite with a revision of main's, and two of a branch about parts."""
    shop = Shop.at(folder, f"sqlite:///{folder}.sqlite3")
    shop.add("r1", USERS, 'op.drop_table("users")', commit="Add users")
    shop.git("checkout", "-q", "-b", "a")
    for revision in revisions:
        shop.add(*revision)
    shop.commit("Add parts")
    return shop


P1 = ("p1", PARTS, 'op.drop_table("parts")')
P2 = ("p2", FILLED.format("(1, NULL), (2, NULL)"), 'op.execute("DELETE FROM parts WHERE id < 3")')


def test_rows_wait_for_the_revisions_that_write_in_their_table(tmp_path: Path) -> None:
    shop = chain(tmp_path / "ada", P1, P2)
    shop.migrate()
    shop.execute("UPDATE parts SET note = 'mine' WHERE id = 2", "INSERT INTO parts VALUES (5, 'x')")
    shop.git("checkout", "-q", "main")
    go(shop)
    shop.git("checkout", "-q", "a")
    shop.migrate("p1")
    assert shop.rows("parts") == []
    shop.migrate("p2")
    assert shop.rows("parts") == [(1, None), (2, "mine"), (5, "x")]
    assert own_tables(shop) == ["lback_saved"]


def test_they_wait_in_a_table_that_was_there_all_the_time(tmp_path: Path) -> None:
    more = "op.execute(\"INSERT INTO users VALUES (9, 'nine')\")"
    p2 = ("p2", more, 'op.execute("DELETE FROM users WHERE id > 3")')
    shop = chain(tmp_path / "ada", P1, p2)
    shop.migrate()
    shop.execute("UPDATE users SET name = 'mine' WHERE id = 9", "INSERT INTO users VALUES (5, 'x')")
    before = shop.rows("users")
    shop.git("checkout", "-q", "main")
    go(shop)
    shop.git("checkout", "-q", "a")
    shop.migrate("p1")
    shop.migrate("p2")
    assert shop.rows("users") == before
    assert own_tables(shop) == ["lback_saved"]


def test_what_a_revision_in_the_middle_has_written_stays(tmp_path: Path) -> None:
    shop = chain(tmp_path / "ada", P1, P2)
    shop.migrate()
    shop.execute("UPDATE parts SET note = 'mine' WHERE id = 2")
    others = (("o1", OTHER, 'op.drop_table("other")'), P1)
    n1 = ("n1", FILLED.format("(7, 'n')"), 'op.execute("DELETE FROM parts WHERE id = 7")')
    for name, text in chain(tmp_path / "again", *others, n1, P2).files().items():
        shop.write(f"migrations/versions/{name}", text)
    shop.commit("Put two below")
    back = go(shop)
    assert shop.rows("parts") == [(1, None), (2, None), (7, "n")]
    told = [(row["table"], row["left"], row["keys"]) for row in back["returned"]]
    assert told == [("parts", 1, ["2"])]
    assert restore(shop.context(), RestoreOptions(number_of(shop), overwrite=True)).exit_code == 0
    assert shop.rows("parts") == [(1, None), (2, "mine"), (7, "n")]


def test_a_row_that_went_on_under_another_key_does_not_come_twice(tmp_path: Path) -> None:
    up, down = "UPDATE parts SET id = id + 100", "UPDATE parts SET id = id - 100"
    seed, no_seed = "INSERT INTO parts VALUES (1, 'seed')", "DELETE FROM parts WHERE note = 'seed'"
    shop = chain(
        tmp_path / "ada",
        P1,
        ("p2", f'op.execute("{up}")\nop.execute("{seed}")',
               f'op.execute("{no_seed}")\nop.execute("{down}")'),
    )  # fmt: skip
    shop.migrate()
    shop.execute("INSERT INTO parts VALUES (105, 'five'), (108, 'eight')")
    shop.migrate("p2")
    text = shop.written["p2"].read_text()
    shop.written["p2"].unlink()
    go(shop)
    assert shop.rows("parts") == [(5, "five"), (8, "eight")]
    shop.execute("UPDATE parts SET id = 6 WHERE id = 5", "DELETE FROM parts WHERE id = 8")
    shop.written["p2"].write_text(text)
    back = go(shop)
    assert shop.rows("parts") == [(1, "seed"), (106, "five")]
    assert [(row["table"], row["rows"], row["left"]) for row in back["returned"]] == [
        ("parts", 0, 2)
    ]


REFERRING = """
for name, other, gone in (
    ("orders", "users", "CASCADE"), ("lines", "orders", "CASCADE"), ("notes", "users", "SET NULL")
):
    key = sa.ForeignKey(other + ".id", ondelete=gone)
    id = sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False)
    op.create_table(name, id, sa.Column("of", sa.Integer(), key))
"""
REFERRING_DOWN = 'for name in ("notes", "lines", "orders"): op.drop_table(name)'
ENGINE = "    engine = create_engine(url, poolclass=pool.NullPool)\n"
HEEDS_KEYS = """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def heed_keys(connection, _record):
        if "sqlite" in type(connection).__module__:
            connection.execute("PRAGMA foreign_keys=ON")

"""


@pytest.fixture(params=KINDS)
def referring(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Stand on a branch that inserts a user, to whom rows of other tables refer by now."""
    with fresh_database(request.param, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        env = shop.folder / "migrations" / "env.py"
        env.write_text(env.read_text().replace(ENGINE, ENGINE + HEEDS_KEYS))
        shop.add("r1", USERS, 'op.drop_table("users")')
        shop.add("r2", REFERRING, REFERRING_DOWN, commit="Add users")
        shop.git("checkout", "-q", "-b", "a")
        up = "op.execute(\"INSERT INTO users VALUES (9, 'Nine')\")"
        shop.add("a1", up, 'op.execute("DELETE FROM users WHERE id = 9")', commit="Add a user")
        shop.migrate()
        of = quoter(shop)("of")
        shop.execute(
            f"INSERT INTO orders (id, {of}) VALUES (1, 9), (2, 1)",
            f"INSERT INTO {quoter(shop)('lines')} (id, {of}) VALUES (1, 1), (2, 2)",
            f"INSERT INTO notes (id, {of}) VALUES (1, 9), (2, 1), (3, NULL)",
        )
        yield shop


def test_what_goes_along_by_a_key_comes_back(referring: Shop) -> None:
    before = everything(referring)
    referring.git("checkout", "-q", "main")
    went = go(referring)
    q = quoter(referring)
    assert query(referring, f"SELECT id FROM {q('lines')}") == [(2,)]
    assert query(referring, "SELECT id FROM orders") == [(2,)]
    assert query(referring, f"SELECT {q('of')} FROM notes ORDER BY id") == [(None,), (1,), (None,)]
    saved = {row["table"]: row["rows"] for row in went["saved"]}
    assert saved == {"users": 1, "orders": 1, "lines": 1, "notes": 1}
    referring.git("checkout", "-q", "a")
    back = go(referring)
    assert everything(referring) == before
    assert {row["table"]: row["left"] for row in back["returned"]} == dict.fromkeys(
        ("orders", "lines", "notes"), 0
    )


def test_what_goes_along_by_a_key_is_told_before(referring: Shop) -> None:
    before = everything(referring)
    said = " ".join(referring.lback("migrate", "r2", "--no-input", code=3).split())
    for part in (
        "up to 2 rows of orders, along with users",
        "up to 2 rows of lines, along with orders",
        "up to 2 values of notes.of, along with users",
    ):
        assert part in said
    assert everything(referring) == before
