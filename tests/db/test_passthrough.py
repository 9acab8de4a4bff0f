from __future__ import annotations

import pytest

from lback.db.passthrough import run_alembic
from lback.errors import LbackError, UsageError
from tests.db.projects import MakeProject


def test_alembic_commands_as_they_are(
    make_project: MakeProject, any_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    project.ini("path_separator = os\n")
    settings = project.settings()
    assert run_alembic(settings, project.root, ["upgrade", "head"]) == 0
    capsys.readouterr()
    assert run_alembic(settings, project.root, ["current"]) == 0
    assert "b2 (head)" in capsys.readouterr().out
    assert run_alembic(settings, project.root, ["downgrade", "-1"]) == 0
    assert run_alembic(settings, project.root, ["heads", "--verbose"]) == 0
    assert "Rev: b2 (head)" in capsys.readouterr().out
    assert project.database().stamp().revisions == ("a1",)


def test_x_arguments_and_sql_reach_alembic(
    make_project: MakeProject, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    env = "from alembic import context\nprint(context.get_x_argument(as_dictionary=True))\n"
    project = make_project("")
    project.write("migrations/env.py", env)
    project.ini("path_separator = os\n")
    run_alembic(project.settings(), project.root, ["-x", "b=2", "current"], x=["a=1"])
    # What the project prints is no part of Alembic's answer.
    assert capsys.readouterr() == ("", "{'a': '1', 'b': '2'}\n")


def test_wrong_use_and_refusals(
    make_project: MakeProject, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1")
    project.ini("path_separator = os\n")
    settings = project.settings()
    with pytest.raises(UsageError, match="invalid choice: 'fly'"):
        run_alembic(settings, project.root, ["fly"])
    assert run_alembic(settings, project.root, ["--help"]) == 0
    with pytest.raises(LbackError, match="Can't locate revision identified by 'zz'") as refusal:
        run_alembic(settings, project.root, ["upgrade", "zz"])
    assert "lback status" in (refusal.value.hint or "")
