"""Blame: what a column is now, every change of it, and the people behind an edited file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lback.app.blame import BlameOptions, blame
from lback.app.history import HistoryOptions, history
from lback.cli.terminal import render
from lback.errors import UsageError
from lback.formats.style import Style
from tests.reports import checked
from tests.undo.team import Shop
from tests.worlds.people import Developer

CREATE = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("mail", sa.String(50), nullable=False, server_default="x"),
)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", CREATE, 'op.drop_table("users")', commit="Add users")
    return shop


def by(shop: Shop, name: str, message: str) -> None:
    """Commit everything as somebody else."""
    shop.git("add", "-A")
    Developer.git(Developer(name, shop.folder), "commit", "-q", "-m", message)


def rows(shop: Shop, **options: Any) -> dict[str, Any]:
    report = checked(blame(shop.context(), BlameOptions("users", **options)))
    return {row["name"]: row for row in report["data"]["columns"]}


def said(shop: Shop, **options: Any) -> str:
    return "\n".join(render(blame(shop.context(), BlameOptions("users", **options)), Style()))


def test_a_column_is_shown_as_it_is_now(shop: Shop) -> None:
    shop.add("r2", 'op.alter_column("users", "mail", nullable=True, server_default=None)')
    shop.add("r3", 'op.alter_column("users", "mail", type_=sa.Text(), comment="why")')
    mail = rows(shop)["mail"]
    now = {key: mail[key] for key in ("type", "nullable", "default", "comment")}
    assert now == {"type": "Text()", "nullable": True, "default": None, "comment": "why"}
    assert rows(shop, at="HEAD")["mail"]["default"] == "'x'"
    assert "String(50) not null default 'x'" in said(shop, at="HEAD")


def test_one_column_is_told_with_every_change(shop: Shop) -> None:
    shop.add("r2", 'op.alter_column("users", "mail", new_column_name="email")', commit="Rename")
    shop.add("r3", 'op.create_index("ix_mail", "users", ["email"])', commit="Index")
    shop.add("r4", 'op.drop_index("ix_mail")', commit="No index")
    told = said(shop, column="mail")
    words = ["added", "renamed to email", "added index ix_mail", "dropped index ix_mail"]
    assert [one for one in words if one not in told] == []
    assert [told.index(one) for one in words] == sorted(told.index(one) for one in words)
    assert "id" not in rows(shop, column="email")


def test_a_column_that_never_was(shop: Shop) -> None:
    with pytest.raises(UsageError, match="never had a column called nope"):
        blame(shop.context(), BlameOptions("users", column="nope"))


def test_an_edited_definition_is_named_and_keeps_its_author(shop: Shop) -> None:
    path = shop.written["r1"]
    path.write_text(path.read_text().replace("String(50)", "String(80)"))
    by(shop, "Hedy", "Make it longer")
    for _ in range(2):  # the second time from what was remembered
        added = rows(shop)["mail"]["added_by"]
        assert (added["commit"]["author"], added["edited_by"]["author"]) == ("Ada", "Hedy")
        assert not rows(shop)["id"]["added_by"]["edited"]
    assert "edited in the file here" in said(shop)
    path.write_text(path.read_text().replace("String(80)", "String(90)"))
    added = rows(shop)["mail"]["added_by"]
    assert (added["edited"], added["edited_by"]) == (True, None)


def test_a_schema_that_is_written_later_changes_no_author(shop: Shop) -> None:
    shop.add("r2", 'op.add_column("users", sa.Column("age", sa.Integer()))', commit="Add age")
    path = shop.written["r2"]
    text = path.read_text().replace("sa.Integer()))", 'sa.Integer()), schema="public")')
    path.write_text(text)
    by(shop, "Hedy", "Name the schema")
    assert rows(shop)["age"]["added_by"]["commit"]["author"] == "Ada"


def test_later_edits_of_a_helper_are_doubt_and_no_credit(shop: Shop) -> None:
    shop.write(
        "steps.py", 'from alembic import op\n\n\ndef age(t):\n    op.add_column("users", t)\n'
    )
    call = 'age(sa.Column("age", sa.Integer()))'
    shop.add("r2", call, top="from steps import age", commit="Add age")
    assert blame(shop.context(), BlameOptions("users")).data["helpers"] == []
    helper = shop.folder / "steps.py"
    helper.write_text(helper.read_text() + "\n\ndef more():\n    pass\n")
    Developer.git(
        Developer("Hedy", shop.folder),
        *("commit", "-q", "-a", "--date", "2099-01-01T10:00:00", "-m", "More steps"),
    )
    assert rows(shop)["age"]["added_by"]["commit"]["author"] == "Ada"
    told = blame(shop.context(), BlameOptions("users")).data["helpers"]
    assert [(one["path"], one["revisions"]) for one in told] == [("steps.py", ["r2"])]
    assert "steps.py, which r2 calls, was edited later: Hedy" in said(shop)


def test_who_brought_a_commit_stands_beside_who_wrote_it(shop: Shop) -> None:
    shop.git("checkout", "-q", "-b", "side")
    shop.add("r2", 'op.add_column("users", sa.Column("age", sa.Integer()))', commit="Add age")
    shop.git("checkout", "-q", "main")
    Developer.git(Developer("Bob", shop.folder), "cherry-pick", "side")
    change = history(shop.context(), HistoryOptions("users")).data["changes"][0]
    assert (change["commit"]["author"], change["picked_by"]) == ("Ada", "Bob")
    assert "committed by Bob" in said(shop, column="age")


def test_who_wrote_it_stands_beside_who_took_a_revert_back(shop: Shop) -> None:
    shop.add("r2", 'op.add_column("users", sa.Column("age", sa.Integer()))', commit="Add age")
    bob = Developer("Bob", shop.folder)
    bob.git("revert", "--no-edit", "HEAD")
    bob.git("revert", "--no-edit", "HEAD")
    added = rows(shop)["age"]["added_by"]
    assert (added["commit"]["author"], added["written"]["author"]) == ("Bob", "Ada")
    assert "written by Ada" in said(shop, column="age")


def test_keys_and_indexes_have_their_people(shop: Shop) -> None:
    shop.add("r2", 'op.create_index("ix_mail", "users", ["mail"])', commit="Index")
    parts = {one["name"]: one for one in blame(shop.context(), BlameOptions("users")).data["parts"]}
    assert parts["ix_mail"]["changes"][0]["commit"]["subject"] == "Index"
    assert "index ix_mail (mail)" in said(shop)
    assert "primary key (id)" in said(shop)


def test_an_index_dropped_by_name_alone_is_the_tables_for_every_command(shop: Shop) -> None:
    shop.add("r2", 'op.create_index("ix_mail", "users", ["mail"])', commit="Index")
    shop.add("r3", 'op.execute("DROP INDEX ix_mail")', commit="No index")
    told = history(shop.context(), HistoryOptions("users")).data["changes"]
    assert told[0]["revision"] == "r3"
    graph = shop.ask("graph")["data"]["revisions"]
    assert next(one for one in graph if one["revision"] == "r3")["tables"] == ["users"]
    assert shop.ask("show", "r3")["data"]["tables"] == ["users"]


def test_a_column_older_than_the_migrations_is_said_to_be_so(shop: Shop) -> None:
    shop.add("r2", 'op.alter_column("users", "born", nullable=False)', commit="Want it")
    assert rows(shop)["born"]["added_by"] is None
    for told in (said(shop), said(shop, column="born")):
        assert "no migration adds it: it is older than the first that names it" in told


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        ("def downgrade()", "def downgrade("),
        ("def upgrade()", "def upgrade("),
        ("import sqlalchemy as sa", "<<<<<<< ours\nimport sqlalchemy as sa\n======="),
    ],
)
def test_who_mends_a_file_did_not_bring_its_columns(shop: Shop, whole: str, broken: str) -> None:
    (place,) = (shop.folder / "migrations/versions").glob("r1*.py")
    text = place.read_text()
    assert whole in text
    longer = text.replace(
        'server_default="x"),', 'server_default="x"),\n        sa.Column("age", sa.Integer()),'
    )
    place.write_text(longer.replace(whole, broken))
    by(shop, "Ben", "Add age, and break the file")
    place.write_text(longer)
    by(shop, "Cleo", "Mend the file")
    columns = rows(shop)
    authors = {name: row["added_by"]["commit"]["author"] for name, row in columns.items()}
    assert authors == {"id": "Ada", "mail": "Ada", "age": "Ben"}
    assert {row["changed_by"] for row in columns.values()} == {None}
