"""`doctor` on a healthy clone and on sick ones."""

from __future__ import annotations

from pathlib import Path

from tests.reports import report_of
from tests.story.conftest import Join
from tests.worlds.people import Developer
from tests.worlds.typists import Typist


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


def test_files_alone_have_no_database(join: Join) -> None:
    said = join("Ada").lback("--script-location", "migrations/versions", "doctor")
    assert "not looked at: `--script-location` leaves the configuration out" in said


def test_what_cannot_be_found_is_said_once(tmp_path: Path) -> None:
    said = Developer("Ada", tmp_path).lback("doctor", code=1)
    assert said.count("There is no Alembic configuration") == 1


def test_fix_installs_the_hooks_and_leaves_the_rest(join: Join) -> None:
    ada = join("Ada")
    ada.lback("hooks", "uninstall")
    ada.write("migrations/versions/x.py", "<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    assert "--yes" in ada.lback("doctor", "--fix", code=3)
    said = ada.lback("doctor", "--fix", "--yes", code=1)
    assert "all installed (mended)" in said
    assert "next:" in said  # the conflict is a person's
    assert (ada.folder / "migrations/versions/x.py").exists()
    rows = report_of(ada.lback("doctor", "--fix", "--json", code=1))["data"]["lines"]
    assert [row["level"] for row in rows if row["topic"] == "hooks"] == ["ok"]
    assert not any(row["mended"] for row in rows)


def test_fix_asks_on_a_terminal(join: Join) -> None:
    ada = join("Ada")
    ada.lback("hooks", "uninstall")
    typist = Typist(["doctor", "--fix"], ada.folder, ada.environment())
    typist.until("Install the git hooks?")
    assert typist.end("n\r") == 0
    assert "mended" not in typist.said
    typist = Typist(["doctor", "--fix"], ada.folder, ada.environment())
    typist.until("Install the git hooks?")
    typist.type("y\r")
    typist.until("all installed")
    typist.until("(mended)")
    typist.end()
