"""Who changed a table: by revision and by column, with what git knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.app.blame import BlameOptions, blame
from lback.app.history import HistoryOptions, history
from lback.cli.terminal import render
from lback.core.results import Result
from lback.errors import UsageError
from lback.formats.style import Style
from tests.reports import checked
from tests.undo.team import Shop
from tests.worlds.people import Developer

CREATE = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("mail", sa.String(50)),
)
"""


def text(result: Result) -> str:
    checked(result)
    return "\n".join(render(result, Style()))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", CREATE, 'op.drop_table("users")')
    shop.commit("Add users\n\nCo-authored-by: Grace Hopper <grace@example.com>")
    shop.publish(tmp_path / "shop.git")
    shop.add("r2", 'op.alter_column("users", "mail", new_column_name="email")')
    shop.git("add", "-A")
    Developer.git(Developer("Hedy", shop.folder), "commit", "-q", "-m", "Say email")
    shop.add("r3", 'op.drop_column("users", "email")')
    return shop


def test_blame_follows_columns_through_their_names(shop: Shop) -> None:
    data = blame(shop.context(), BlameOptions("users")).data
    assert [row["name"] for row in data["columns"]] == ["id"]
    gone = data["gone"][0]
    assert gone["names"] == ["email", "mail"]
    assert gone["added_by"]["commit"]["author"] == "Ada"
    assert gone["added_by"]["co_authors"] == ["Grace Hopper"]
    assert gone["changed_by"]["commit"]["author"] == "Hedy"
    assert gone["dropped_by"]["commit"] is None
    assert (gone["added_by"]["published"], gone["changed_by"]["published"]) == (True, False)


def test_blame_at_a_commit(shop: Shop) -> None:
    data = blame(shop.context(), BlameOptions("users", "HEAD")).data
    assert [row["name"] for row in data["columns"]] == ["id", "email"]
    assert "as of HEAD" in text(blame(shop.context(), BlameOptions("users", "HEAD")))


def test_the_columns_of_blame_are_aligned(shop: Shop) -> None:
    said = text(blame(shop.context(), BlameOptions("users"))).splitlines()
    places = {line.index(name) for line in said for name in ("r1 ", "r2 ", "r3 ") if name in line}
    assert len(places) == 1


def test_history_tells_each_change(shop: Shop) -> None:
    result = history(shop.context(), HistoryOptions("users", patch=True))
    changes = result.data["changes"]
    assert [one["revision"] for one in changes] == ["r3", "r2", "r1"]
    assert [one["published"] for one in changes] == [False, False, True]
    said = text(result)
    assert "with Grace Hopper" in said
    assert 'op.alter_column("users", "mail", new_column_name="email")' in said
    assert "not committed; local" in said


def test_history_names_later_edits(shop: Shop) -> None:
    path = shop.written["r1"]
    path.write_text(path.read_text().replace("String(50)", "String(60)"))
    shop.git("add", "-A")
    Developer.git(Developer("Hedy", shop.folder), "commit", "-q", "-m", "Make it wider")
    assert "edited later: Hedy" in text(history(shop.context(), HistoryOptions("users")))


def test_history_of_other_branches(shop: Shop) -> None:
    shop.git("add", "-A")
    shop.git("commit", "-q", "-m", "Drop email")
    shop.git("checkout", "-q", "-b", "side", "HEAD~1")
    shop.last = "r2"
    shop.add("s3", 'op.add_column("users", sa.Column("age", sa.Integer()))')
    shop.commit("Add age")
    shop.git("checkout", "-q", "main")
    one = history(shop.context(), HistoryOptions("users"))
    assert "s3" not in [change["revision"] for change in one.data["changes"]]
    everything = history(shop.context(), HistoryOptions("users", everywhere=True))
    told = {change["revision"]: change for change in everything.data["changes"]}
    assert told["s3"]["branches"] == ["side"]
    assert told["s3"]["commit"]["subject"] == "Add age"
    assert "(only on side)" in text(everything)


def test_what_is_remembered_stays_right(shop: Shop) -> None:
    """The second answer comes from the cache, the third one after a commit, a switch, an edit."""
    first = history(shop.context(), HistoryOptions("users")).data
    assert history(shop.context(), HistoryOptions("users")).data == first
    shop.commit("Drop email")
    told = history(shop.context(), HistoryOptions("users")).data["changes"]
    assert [one["commit"]["subject"] for one in told] == ["Drop email", "Say email", "Add users"]
    shop.git("mv", "migrations/versions/r1_it.py", "migrations/versions/r1_users.py")
    shop.commit("Rename a file")
    told = history(shop.context(), HistoryOptions("users")).data["changes"]
    assert told[-1]["commit"]["subject"] == "Add users"
    shop.git("checkout", "-q", "HEAD~2")
    told = history(shop.context(), HistoryOptions("users")).data["changes"]
    assert [one["commit"]["subject"] for one in told] == ["Say email", "Add users"]


def test_without_git(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", "sqlite://", git=False)
    shop.add("r1", CREATE, 'op.drop_table("users")')
    result = history(shop.context(), HistoryOptions("users"))
    assert result.data["changes"][0]["commit"] is None
    assert "without git" in text(result)
    said = text(blame(shop.context(), BlameOptions("users")))
    assert "without git" in said
    for one in (said, text(result)):
        assert "not known" in one
        assert "not committed" not in one
        assert "local" not in one


def test_in_a_shallow_clone(shop: Shop, tmp_path: Path) -> None:
    shop.commit("Drop email")
    shop.git("clone", "-q", "--depth", "1", f"file://{shop.folder}", str(tmp_path / "shallow"))
    shallow = Shop("Ada", tmp_path / "shallow", url=shop.url)
    result = history(shallow.context(), HistoryOptions("users"))
    assert [one["commit"] for one in result.data["changes"]] == [None] * 3
    assert "shallow" in text(result)
    assert "not committed" not in text(result)
    assert "not committed" not in text(blame(shallow.context(), BlameOptions("users")))


def test_blame_fits_in_sixty_columns_and_cuts_no_name(shop: Shop) -> None:
    long = "a_name_of_a_column_that_goes_on_and_on"
    shop.add(f"r4_{long}", f'op.add_column("users", sa.Column("{long}", sa.Numeric(20, 10)))')
    result = blame(shop.context(), BlameOptions("users"))
    lines = list(render(result, Style(width=60)))
    assert all(len(line) <= 60 for line in lines), lines
    assert any(line.startswith(f"    {long}  ") for line in lines), lines
    assert f"    r4_{long}" in lines
    assert not any("…" in line for line in lines)


def test_a_table_that_nobody_knows(shop: Shop) -> None:
    with pytest.raises(UsageError, match="called user"):
        blame(shop.context(), BlameOptions("user"))


def test_nothing_heavy_is_imported(shop: Shop) -> None:
    code = (
        "import sys; sys.argv = ['lback', 'blame', 'users']\n"
        "from lback.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'alembic', 'sqlalchemy', 'git', 'sqlglot'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    import sys

    for _ in range(2):
        shop.run(sys.executable, "-c", code)


def test_blame_names_who_put_the_column_into_an_edited_file(shop: Shop) -> None:
    path = shop.written["r1"]
    more = 'sa.Column("mail", sa.String(50)),\n    sa.Column("age", sa.Integer()),'
    path.write_text(path.read_text().replace('sa.Column("mail", sa.String(50)),', more))
    shop.git("add", "-A")
    Developer.git(Developer("Hedy", shop.folder), "commit", "-q", "-m", "Add age there")
    age = 'sa.Column("age", sa.Integer()),'
    path.write_text(path.read_text().replace(age, age + ' sa.Column("height", sa.Integer()),'))
    for _ in range(2):  # the second time from what was remembered
        rows = {
            row["name"]: row for row in blame(shop.context(), BlameOptions("users")).data["columns"]
        }
        assert rows["id"]["added_by"]["commit"]["author"] == "Ada"
        assert rows["age"]["added_by"]["commit"]["subject"] == "Add age there"
        assert rows["age"]["added_by"]["co_authors"] == []
        assert rows["height"]["added_by"]["commit"] is None
    assert "not committed" in text(blame(shop.context(), BlameOptions("users")))


def test_blame_follows_a_revision_that_was_renumbered(shop: Shop) -> None:
    shop.commit("Drop email")
    first = shop.add("0001_pets", 'op.create_table("pets", sa.Column("id", sa.Integer()))')
    shop.commit("Add pets")
    first.write_text(first.read_text().replace("0001_pets", "0002_pets"))
    shop.git("mv", "migrations/versions/0001_pets_it.py", "migrations/versions/0002_pets_it.py")
    shop.git("add", "-A")
    Developer.git(Developer("Hedy", shop.folder), "commit", "-q", "-m", "Renumber")
    column = blame(shop.context(), BlameOptions("pets")).data["columns"][0]
    assert column["added_by"]["commit"]["subject"] == "Add pets"
