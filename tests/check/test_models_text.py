"""Models that a branch changes, read as text: as they are, and once merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.team import Team, content

_MODELS = """import sqlalchemy as sa


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text)


    def greet(self):
        return self.name


"""
_COLUMN = "    mail = sa.Column(sa.Text)\n"


@pytest.fixture
def shop(team: Team) -> Team:
    team.write("models.py", _MODELS)
    team.add("c3", "b2", table="users")
    return team


def _added(team: Team, after: str, column: str = _COLUMN) -> None:
    text = (team.path / "models.py").read_text()
    team.write("models.py", text.replace(after, after + column))


def test_a_changed_model_needs_a_revision_of_its_branch(shop: Team) -> None:
    shop.branch("topic")
    _added(shop, "sa.Column(sa.Text)\n")
    shop.commit("Add mail")
    (found,) = shop.check(against="main").findings
    assert (found.code, found.path, found.tables) == ("LB305", "models.py", ("users",))
    shop.write(
        "migrations/versions/d4.py",
        content("d4", "c3", 'op.add_column("users", sa.Column("mail", sa.Text()))'),
    )
    assert "LB305" not in shop.codes(against="main")


def test_a_revision_that_cannot_be_read_may_be_the_one(shop: Team) -> None:
    shop.branch("topic")
    _added(shop, "sa.Column(sa.Text)\n")
    shop.write("migrations/versions/d4.py", content("d4", "c3", "mystery()", "mystery()"))
    shop.commit("Add mail")
    assert "LB305" not in shop.codes(against="main")


def test_two_branches_add_one_column_in_different_places(shop: Team) -> None:
    shop.branch("topic")
    _added(shop, "primary_key=True)\n")
    shop.write(
        "migrations/versions/d4.py",
        content("d4", "c3", 'op.add_column("users", sa.Column("mail", sa.Text()))'),
    )
    shop.commit("Add mail")
    assert "LB306" not in shop.codes(against="main")
    shop.git("checkout", "-q", "main")
    _added(shop, "return self.name\n\n\n")
    shop.commit("Add mail as well")
    shop.git("checkout", "-q", "topic")
    twice = [each for each in shop.check(against="main").findings if each.code == "LB306"]
    assert [each.path for each in twice] == ["models.py"]
    assert "Once merged with main, User declares mail twice" in twice[0].message


def test_what_a_branch_itself_has_twice_is_told_once(shop: Team) -> None:
    shop.branch("topic")
    _added(shop, "primary_key=True)\n")
    _added(shop, "return self.name\n\n\n")
    shop.commit("Add mail, twice")
    shop.git("checkout", "-q", "main")
    shop.write("models.py", "# Models.\n" + _MODELS)
    shop.commit("Say what it is")
    shop.git("checkout", "-q", "topic")
    (twice,) = [each for each in shop.check(against="main").findings if each.code == "LB306"]
    assert twice.line
    assert "Once merged" not in twice.message


def test_a_clone_without_the_files_judges_the_migrations(shop: Team, tmp_path: Path) -> None:
    shop.branch("topic")
    _added(shop, "sa.Column(sa.Text)\n")
    shop.commit("Add mail")
    shop.git("config", "uploadpack.allowFilter", "true")
    clone = shop.clone(tmp_path / "clone", "--filter=blob:none", "--branch", "topic")
    assert clone.codes(against="origin/main") == []
