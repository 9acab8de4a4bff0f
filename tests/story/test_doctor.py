"""`doctor` on a healthy clone and on sick ones."""

from __future__ import annotations

from pathlib import Path

from tests.reports import report_of
from tests.story.conftest import Join
from tests.worlds.people import Developer


def test_a_healthy_clone(join: Join) -> None:
    ada = join("Ada")
    said = ada.lback("doctor")
    assert "all installed" in said
    assert "sqlite:///db.sqlite3" in said
    assert "origin/main" in said


def test_what_is_wrong_has_a_fix(join: Join) -> None:
    ada = join("Ada")
    ada.write("migrations/versions/x.py", "<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    ada.write("pyproject.toml", "[tool.lback]\nupstraem = 'x'\n")
    ada.env["DATABASE_URL"] = "postgresql+psycopg://ada:sesame@127.0.0.1:9/x"
    said = ada.lback("doctor", code=1)
    assert "sesame" not in said
    assert "upstream" in said
    rows = report_of(ada.lback("doctor", "--json", code=1))["data"]["lines"]
    wrong = [row for row in rows if row["level"] == "error"]
    assert {row["topic"] for row in wrong} == {"revisions", "database"}
    assert all(row["fix"] for row in wrong)


def test_what_cannot_be_found_is_said_once(tmp_path: Path) -> None:
    said = Developer("Ada", tmp_path).lback("doctor", code=1)
    assert said.count("There is no Alembic configuration") == 1
