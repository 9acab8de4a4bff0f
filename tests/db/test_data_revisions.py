"""A data migration as it is written: it runs on each database, and goes through all rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.db.autogenerate import Draft, make_data_revision
from lback.errors import LbackError, UsageError
from tests.db.test_autogenerate import ENV, Modelled, run_sql

MODELS = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True), Column("na:me", String(50)))
    Table("seats", metadata, Column("row", Integer, primary_key=True, autoincrement=False),
          Column("place", String(9), primary_key=True), Column("price", Integer))
    Table("logs", metadata, Column("text", String(9)))
    Table("tags", metadata, Column("name", String(9), primary_key=True))
"""


@pytest.fixture
def project(tmp_path: Path, any_url: str) -> Modelled:
    project = Modelled(tmp_path / "project", ENV, url=any_url, extra="")
    project.models(MODELS)
    project.make("one")
    project.migrate()
    return project


@pytest.mark.parametrize(
    ("table", "insert", "old", "new", "counted"),
    [
        ("users", "INSERT INTO users (id) VALUES ({n})", "table.c['na:me']", "'x'", "id > 0"),
        (
            "seats",
            "INSERT INTO seats VALUES ({n}, 'p''{n}', 1)",
            "table.c['price']",
            "table.c['price'] + 1",
            "price = 2",
        ),
    ],
)
def test_each_row_once(
    project: Modelled, any_url: str, table: str, insert: str, old: str, new: str, counted: str
) -> None:
    run_sql(any_url, *(insert.format(n=n) for n in range(1, 6)))
    made = make_data_revision(project.database(), Draft("fill"), table)
    (path,) = made.paths
    project.migrate()  # as it is written
    project.back()
    text = path.read_text().replace("limit(1000)", "limit(2)")
    assert f"{old}}}" in text
    path.write_text(text.replace(f"{old}}}", f"{new}}}"))
    project.migrate()
    assert run_sql(any_url, f"SELECT count(*) FROM {table} WHERE {counted}") == [(5,)]


def test_what_has_no_batches_is_refused(project: Modelled) -> None:
    with pytest.raises(LbackError, match="no primary key"):
        make_data_revision(project.database(), Draft("x"), "logs")
    with pytest.raises(LbackError, match="no column but its key"):
        make_data_revision(project.database(), Draft("x"), "tags")
    with pytest.raises(UsageError, match="no table uesrs"):
        make_data_revision(project.database(), Draft("x"), "uesrs")
    assert len(list(project.versions.glob("*.py"))) == 1
