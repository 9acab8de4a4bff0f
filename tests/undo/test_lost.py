"""A change whose file is not in this checkout is undone with its code out of git."""

from __future__ import annotations

import shutil
from pathlib import Path

from lback.app.switch import SwitchOptions, switch
from tests.undo.team import Shop

USERS = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'


def elsewhere(tmp_path: Path) -> Shop:
    """Return a project on main whose database has run a revision of another branch."""
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", USERS, 'op.drop_table("users")')
    shop.commit("Add users")
    shop.git("checkout", "-q", "-b", "side")
    shop.add(
        "r2",
        'op.add_column("users", sa.Column("email", sa.String(50)))',
        'op.drop_column("users", "email")',
    )
    shop.commit("Add email")
    shop.migrate()
    shop.git("checkout", "-q", "main")
    return shop


def test_a_revision_of_another_branch(tmp_path: Path) -> None:
    shop = elsewhere(tmp_path)
    result = shop.roll("users", yes=True)
    assert (result.data["strategy"], result.data["undoes"]) == ("downgrade", ["r2"])
    assert result.data["proof"]["state"] == "proved"
    assert set(shop.tables()["users"].columns) == {"id"}


def test_a_revision_of_a_deleted_branch(tmp_path: Path) -> None:
    shop = elsewhere(tmp_path)
    shop.git("branch", "-q", "-D", "side")
    assert shop.roll("users", yes=True).data["undoes"] == ["r2"]


def test_nothing_is_written_on_top_of_it(tmp_path: Path) -> None:
    shop = elsewhere(tmp_path)
    result = shop.roll("users", yes=True, strategy="revert")
    assert result.exit_code == 3
    assert "r2, which no file of this checkout defines" in result.message


def test_its_helpers_are_followed_before_a_switch_deletes_rows(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.write("steps.py", "from alembic import op\n\n\ndef take(name):\n    op.drop_table(name)\n")
    shop.add("r1", USERS, 'op.drop_table("users")')
    shop.commit("Add users")
    shop.git("checkout", "-q", "-b", "side")
    mails = USERS.replace("users", "mails")
    shop.add("r2", mails, 'take("mails")', top="from steps import take", commit="Add mails")
    shop.migrate()
    shop.execute("INSERT INTO mails VALUES (1)")
    shop.git("checkout", "-q", "main")
    told = switch(shop.context(), SwitchOptions(plan=True)).data
    assert [one["revision"] for one in told["undoes"]] == ["r2"]
    assert told["losses"] == [{"table": "mails", "column": None, "rows": 1}]


def test_without_git_none_is_said_to_have_been_searched(tmp_path: Path) -> None:
    shop = elsewhere(tmp_path)
    shop.forget()
    shutil.rmtree(shop.folder / ".git")
    said = shop.lback("status")
    assert "lost      r2: applied, not in this checkout, found nowhere\n" in said
    assert "there is no git here to look in" in said and "reflogs" not in said
