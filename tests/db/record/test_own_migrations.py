"""The repository is itself a project of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from lback.core.plans import plan_downgrade, plan_upgrade
from lback.core.record.steps import RECORD_TABLE
from lback.core.settings import read_settings
from lback.db.autogenerate import differences
from lback.db.record.table import RECORD
from lback.db.runner import Database
from tests.db.projects import Project

ROOT = Path(__file__).parents[3]


@pytest.fixture
def database(any_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("DATABASE_URL", any_url)
    pyproject = ROOT / "pyproject.toml"
    settings = read_settings(pyproject=(str(pyproject), pyproject.read_text()))
    return Database(settings, Project.at(ROOT).graph(), ROOT)


def test_the_record_comes_goes_and_agrees_with_its_model(database: Database, any_url: str) -> None:
    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert differences(database) == ()
    engine = create_engine(any_url)
    assert inspect(engine).has_table(RECORD_TABLE)
    everything = set(database.graph.order())
    database.run(lambda stamp: plan_downgrade(database.graph, stamp.revisions, everything).steps)
    assert not inspect(engine).has_table(RECORD_TABLE)
    engine.dispose()


def test_a_long_source_fits_the_record(database: Database, any_url: str) -> None:
    import datetime
    import random

    database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    source = random.Random(1).randbytes(200_000)
    engine = create_engine(any_url)
    with engine.begin() as connection:
        connection.execute(
            RECORD.insert().values(
                direction="upgrade",
                revision="a1",
                down_revisions="",
                path="p",
                blob="b" * 40,
                body=source,
                run_by="me",
                run_id="1",
                started_at=datetime.datetime(2024, 1, 2, 3, 4, 5),
                outcome="done",
            )
        )
        stored = connection.execute(text(f"SELECT body FROM {RECORD_TABLE}")).scalar_one()
    engine.dispose()
    assert stored == source
