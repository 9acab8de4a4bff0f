"""What a rollback refuses, by name and line; and then nothing has moved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from lback.errors import LbackError
from tests.undo.team import Shop

USERS = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("label", sa.String(50)),
)
"""
ADD = 'op.add_column("users", sa.Column("email", sa.String(50)))'
DROP = 'op.drop_column("users", "email")'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", USERS, 'op.drop_table("users")')
    return shop


class Refusal(NamedTuple):
    """What a refusal says."""

    message: str
    hint: str


def refused(shop: Shop, pattern: str, *, commit: bool = True, **wish: object) -> Refusal:
    """Roll back, expect a refusal that says this, and that nothing moved."""
    if commit:
        shop.commit("Add migrations")
    shop.migrate()
    before, files = shop.tables(), shop.files()
    stamp = shop.context().database.stamp().revisions
    table = None if "revision" in wish else "users"
    try:
        done = shop.roll(table, yes=True, **wish)
        assert done.exit_code == 3, done.data
        result = Refusal(done.message, done.hint)
    except LbackError as err:
        assert err.exit_code == 3
        result = Refusal(err.message, err.hint or "")
    assert re.search(pattern, result.message), result.message
    assert result.hint
    assert shop.tables() == before
    assert shop.files() == files
    assert shop.context().database.stamp().revisions == stamp
    return result


def test_a_foreign_key_to_what_would_go(shop: Shop) -> None:
    shop.add(
        "r2",
        """
        op.create_table(
            "orders",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", name="fk_user")),
        )
        """,
        'op.drop_table("orders")',
    )
    refused(shop, r"r2_it.py:\d+: r2 needs what would go: .*fk_user on orders.*users")


def test_a_foreign_key_that_is_gone_is_no_reason(shop: Shop) -> None:
    shop.add(
        "r2",
        """
        op.create_table("orders", sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id")))
        """,
        'op.drop_table("orders")',
    )
    shop.add("r3", 'op.drop_table("orders")', 'op.create_table("orders")')
    shop.commit("Add migrations")
    shop.migrate()
    assert shop.roll("users", yes=True).data["strategy"] == "revert"
    assert shop.tables() == {}


def test_a_foreign_key_to_another_column_is_no_reason(shop: Shop) -> None:
    shop.add(
        "r2",
        ADD
        + """
op.create_table(
    "orders",
    sa.Column("email", sa.String(50)),
    sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", name="fk_user")),
)
""",
        'op.drop_table("orders")\n' + DROP,
    )
    shop.commit("Add migrations")
    shop.migrate()
    assert shop.roll("users", yes=True).data["strategy"] == "revert"
    assert "email" not in shop.tables()["users"].columns


def test_a_foreign_key_to_the_column(shop: Shop) -> None:
    shop.add(
        "r2",
        """
        with op.batch_alter_table("users") as b:
            b.add_column(sa.Column("code", sa.Integer()))
            b.create_unique_constraint("uq_code", ["code"])
        """,
        """
        with op.batch_alter_table("users") as b:
            b.drop_constraint("uq_code", type_="unique")
            b.drop_column("code")
        """,
    )
    shop.add(
        "r3",
        'op.create_table("orders", sa.Column("c", sa.Integer(), sa.ForeignKey("users.code")))',
        'op.drop_table("orders")',
    )
    refused(shop, r"r3 needs what would go: .*orders.*users.*refers to what would go")


def test_a_later_revision_that_uses_the_column(shop: Shop) -> None:
    shop.add("r2", ADD, DROP)
    shop.add(
        "r3",
        'op.create_index("ix_users_email", "users", ["email"])',
        'op.drop_index("ix_users_email", table_name="users")',
    )
    refused(shop, r"r3_it.py:\d+: r3 needs what would go: .*ix_users_email", revision="r2")


def test_a_later_statement_that_reads_the_column(shop: Shop) -> None:
    shop.add("r2", ADD, DROP)
    shop.add(
        "r3",
        'op.execute("CREATE TABLE mails AS SELECT email FROM users")',
        'op.drop_table("mails")',
    )
    refused(shop, r"r3 needs what would go: .*reads")


def test_a_later_view_on_the_table(shop: Shop) -> None:
    shop.add("r2", ADD, DROP)
    shop.add(
        "r3",
        """
        op.create_table("other", sa.Column("id", sa.Integer()))
        op.execute("CREATE VIEW people AS SELECT u.email FROM users u, other o")
        """,
        """
        op.execute("DROP VIEW people")
        op.drop_table("other")
        """,
    )
    refused(shop, "r3 needs what would go: create view people")


def test_a_table_of_the_same_revision_that_refers_to_it(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add(
        "r1",
        USERS
        + 'op.create_table("orders", sa.Column("u", sa.Integer(), sa.ForeignKey("users.id")))',
        'op.drop_table("orders")\nop.drop_table("users")',
    )
    refused(shop, r"r1_it.py:\d+: r1 needs what would go: .*orders.*users")


def test_raw_sql_without_an_inverse(shop: Shop) -> None:
    shop.add("r2", """op.execute("UPDATE users SET label = lower(label)")""", "pass")
    shop.add("r3", 'op.create_table("other", sa.Column("id", sa.Integer()))', "pass")
    refused(shop, r"r2_it.py:\d+: r2 cannot be undone: its downgrade\(\) does nothing")
    refused(shop, r"r2_it.py:17: update rows of users", strategy="revert", commit=False)


def test_dropped_data_without_a_downgrade(shop: Shop) -> None:
    shop.add("r2", 'op.drop_column("users", "label")', None)
    refused(shop, r"r2_it.py:17: drop column users.label: what it deletes cannot be brought back")


def test_a_downgrade_that_raises(shop: Shop) -> None:
    shop.add("r2", ADD, 'raise NotImplementedError("no way back")')
    refused(shop, r"r2 cannot be undone: its downgrade\(\) raises")


def test_a_downgrade_edited_after_it_ran(shop: Shop) -> None:
    path = shop.add("r2", ADD, DROP)
    shop.commit("Add migrations")
    shop.migrate()
    shop.forget()
    path.write_text(path.read_text().replace("op.drop_column", "pass  # op.drop_column"))
    found = refused(shop, r"downgrade\(\) of r2 was edited later", commit=False)
    assert "--strategy" in found.hint
    shop.commit("Edit it")
    refused(shop, r"downgrade\(\) of r2 was edited later \(by Ada in commit", commit=False)


def test_an_upgrade_edited_in_the_work_tree(shop: Shop) -> None:
    path = shop.add("r2", ADD, DROP)
    shop.commit("Add migrations")
    shop.migrate()
    shop.forget()
    path.write_text(path.read_text().replace("String(50)", "String(60)"))
    refused(shop, r"upgrade\(\) of r2 was edited later \(in this work tree\)", commit=False)


def test_an_edit_that_changes_nothing_is_no_reason(shop: Shop) -> None:
    path = shop.add("r2", ADD, DROP)
    shop.commit("Add migrations")
    shop.migrate()
    path.write_text(path.read_text().replace("r2 does it", "r2 does it well") + "\n# done\n")
    assert shop.roll("users", yes=True).data["strategy"] == "downgrade"


def test_a_downgrade_that_does_not_lead_back(shop: Shop) -> None:
    shop.add(
        "r2",
        ADD,
        DROP + '\nwith op.batch_alter_table("users") as b:\n    b.drop_column("label")',
    )
    refused(shop, r"r2_it.py:\d+: downgrade\(\) of r2 would drop column users.label, which its")
    assert shop.roll("users", strategy="downgrade", yes=True).data["strategy"] == "downgrade"


def test_statements_about_several_tables_at_once(shop: Shop) -> None:
    shop.add(
        "r2",
        """
        op.create_table("other", sa.Column("id", sa.Integer()))
        for name in ("users", "other"):
            op.add_column(name, sa.Column("flag", sa.Integer()))
        """,
        """
        for name in ("users", "other"):
            op.drop_column(name, "flag")
        op.drop_table("other")
        """,
    )
    refused(shop, r"r2_it.py:18: this statement is about several tables at once")


def test_something_unreadable_later(shop: Shop) -> None:
    shop.add("r2", ADD, DROP)
    shop.add("r3", "op.execute(os.environ.get('X', 'SELECT 1'))", "pass", top="import os")
    refused(shop, r"r3_it.py:\d+: r3 does something that cannot be read")


def test_a_fork_above_it(shop: Shop) -> None:
    shop.add("r2", 'op.create_table("a", sa.Column("id", sa.Integer()))', 'op.drop_table("a")')
    shop.last = "r1"
    shop.add("r3", 'op.create_table("b", sa.Column("id", sa.Integer()))', 'op.drop_table("b")')
    shop.commit("Add migrations")
    shop.migrate("heads")
    result = shop.roll("users", yes=True)
    assert result.exit_code == 3
    assert "fork" in result.message
    assert "lback resolve" in result.hint


def test_not_up_to_date(shop: Shop) -> None:
    shop.add("r2", ADD, DROP)
    shop.commit("Add migrations")
    shop.publish(shop.folder.parent / "shop.git")
    shop.migrate("r1")
    result = shop.roll("users", yes=True)
    assert result.exit_code == 3
    assert "lback migrate" in result.hint


def test_a_database_that_cannot_do_it_keeps_its_files(shop: Shop) -> None:
    """Going back would make a column NOT NULL that has NULLs: data, not text, stands against."""
    shop.add(
        "r2",
        """
        with op.batch_alter_table("users") as b:
            b.alter_column("id", existing_type=sa.Integer(), comment="x")
        """,
        """
        with op.batch_alter_table("users") as b:
            b.alter_column("id", existing_type=sa.Integer(), comment=None)
            b.create_unique_constraint("uq", ["label"])
        """,
    )
    shop.add("r3", 'op.create_table("other", sa.Column("id", sa.Integer()))', "pass")
    refused(shop, "would not be right")


# -- where an inverse is computed ---------------------------------------------------

INVERSES = {
    "column": (ADD, ""),
    "table": ('op.create_table("more", sa.Column("id", sa.Integer()))', "more"),
    "index": ('op.create_index("ix_label", "users", ["label"])', ""),
    "fixed name": ('op.create_index(op.f("ix_label"), "users", ["label"], unique=True)', ""),
    "batch": (
        'with op.batch_alter_table("users") as b:\n'
        '    b.add_column(sa.Column("n", sa.Integer()))\n'
        '    b.create_unique_constraint("uq_n", ["n"])\n',
        "",
    ),
    "rename": ('op.alter_column("users", "label", new_column_name="title")', ""),
    "rename table": ('op.rename_table("users", "people")', "people"),
    "type": (
        'with op.batch_alter_table("users") as b:\n'
        '    b.alter_column("label", type_=sa.Text(), nullable=False, server_default="x")\n',
        "",
    ),
    "sql": ('op.execute("ALTER TABLE users ADD COLUMN n INTEGER")', ""),
    "two": (ADD + '\nop.create_index("ix_email", "users", ["email"])', ""),
}


@pytest.mark.parametrize("name", INVERSES)
def test_an_inverse_is_computed_where_downgrade_is_missing(shop: Shop, name: str) -> None:
    code, table = INVERSES[name]
    shop.add("r2", code, None)
    shop.commit("Add migrations")
    shop.migrate("r1")
    before = shop.tables()
    shop.migrate()
    after = shop.tables()
    assert before != after
    result = shop.roll(table or "users", yes=True)
    assert result.exit_code == 0, result.message
    assert result.data["proof"]["state"] == "proved"
    assert shop.tables() == before
    shop.roll(revision=result.data["target"][0], yes=True)
    assert shop.tables() == after
