from __future__ import annotations

import pytest

from lback.core.plans import Downgrade, Restamp, Upgrade
from lback.db.events import Event, RunOutcome, Stamp
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
    up = run_alembic(settings, project.root, ["upgrade", "head"])
    assert ([one.revision for one in up.steps], up.after) == (["a1", "b2"], ("b2",))  # type: ignore[union-attr]
    capsys.readouterr()
    assert run_alembic(settings, project.root, ["current"]).databases == ()
    assert "b2 (head)" in capsys.readouterr().out
    assert run_alembic(settings, project.root, ["downgrade", "-1"]).after == ("a1",)
    run_alembic(settings, project.root, ["heads", "--verbose"])
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
    assert run_alembic(settings, project.root, ["--help"]).databases == ()
    with pytest.raises(LbackError, match="No file of this checkout defines zz") as refusal:
        run_alembic(settings, project.root, ["upgrade", "zz"])
    assert "lback graph" in (refusal.value.hint or "")


def test_what_moves_a_database_is_told_of_and_may_be_refused(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    project.ini("path_separator = os\n")
    settings = project.settings()
    heard: list[Event] = []
    asked: list[Stamp] = []

    def alembic(*line: str) -> RunOutcome:
        return run_alembic(
            settings,
            project.root,
            line,
            on_event=heard.append,
            refuse=lambda view: asked.append(view.stamp),
        )

    assert alembic("upgrade", "head").steps == (Upgrade("a1"), Upgrade("b2"))
    assert alembic("downgrade", "-1").steps == (Downgrade("b2"),)
    assert [one.revisions for one in asked] == [(), ("b2",)]
    assert alembic("stamp", "head").after == ("b2",)
    assert len(asked) == 2
    starts = [(one.step, one.stamp) for one in heard if one.kind == "start"]
    assert starts == [
        (Upgrade("a1"), ()),
        (Upgrade("b2"), ("a1",)),
        (Downgrade("b2"), ("b2",)),
        (Restamp(("b2",)), ("a1",)),
    ]
    assert {one.lasting for one in heard if one.kind == "start"} == {"mysql" in any_url}

    def refuse(_stamp: tuple[str, ...]) -> None:
        raise LbackError("not now")

    with pytest.raises(LbackError, match=r"^not now$"):
        run_alembic(settings, project.root, ["downgrade", "base"], refuse=refuse)
    assert project.database().stamp().revisions == ("b2",)
