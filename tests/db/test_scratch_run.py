"""Revisions run on a scratch database, and nothing else is touched."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.core.checks.trials import Loss, Trial
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.schema_diff import Schema
from lback.db.schema import read_schema, read_tables
from lback.db.scratch_run import (
    Broken,
    is_in_memory,
    parse_scratch_url,
    redirected,
    run_stages,
    scratch_connection,
    scratch_url,
)
from lback.db.specimens import losses, put_rows, read_rows
from lback.db.trials import Tried, try_out
from lback.errors import LbackError
from tests.db.projects import SYNC_ENV, MakeProject, Project

MODELS_ENV = SYNC_ENV.replace(
    "target_metadata = None",
    """from sqlalchemy import Column, Integer, MetaData, Table
    target_metadata = MetaData()
    Table("t_a1", target_metadata, Column("id", Integer))""",
)


def ups(*revisions: str) -> list[Step]:
    return [Upgrade(one) for one in revisions]


def real_and_scratch(
    make_project: MakeProject, folder: Path, env: str = SYNC_ENV
) -> tuple[Project, str]:
    project = make_project(env, url=f"sqlite:///{folder / 'real.sqlite3'}")
    project.add("a1")
    project.add("b2", "a1", "op.add_column('t_a1', sa.Column('note', sa.Text))",
                "op.execute('ALTER TABLE t_a1 DROP COLUMN note')")  # fmt: skip
    return project, f"sqlite:///{folder / 'scratch.sqlite3'}"


@pytest.mark.parametrize("options", [None, {"transaction_per_migration": True}])
def test_the_schema_after_each_stage(
    make_project: MakeProject, tmp_path: Path, options: dict[str, object] | None
) -> None:
    project, url = real_and_scratch(make_project, tmp_path)
    stages = [ups("a1"), ups("b2"), [Downgrade("b2")], []]
    run = run_stages(project.database(), stages, sa.make_url(url), options)
    assert run.broken is None
    columns = [
        {name: set(one.columns) for name, one in each.tables.items()} for each in run.schemas
    ]
    assert columns == [
        {"t_a1": {"id"}}, {"t_a1": {"id", "note"}}, {"t_a1": {"id"}}, {"t_a1": {"id"}},
    ]  # fmt: skip
    assert run.schemas[0] == run.schemas[2] == run.schemas[3]
    with scratch_connection(sa.make_url(url)) as connection:
        assert read_schema(connection) == Schema()
    if options is not None:  # env.py has not run: it would have made the file
        assert not (tmp_path / "real.sqlite3").exists()


@pytest.mark.parametrize("options", [None, {}])
def test_where_a_run_breaks(
    make_project: MakeProject, any_url: str, tmp_path: Path, options: dict[str, object] | None
) -> None:
    project, _ = real_and_scratch(make_project, tmp_path)
    project.add("c3", "b2", "op.execute('SELECT nonsense')")
    stages = [ups("a1"), ups("b2", "c3"), [Downgrade("b2")]]
    run = run_stages(project.database(), stages, sa.make_url(any_url), options)
    assert [set(one.tables) for one in run.schemas] == [{"t_a1"}]
    assert run.broken is not None
    assert (run.broken.revision, run.broken.line) == ("c3", 7)
    assert "nonsense" in run.broken.why and run.broken.kind.endswith("Error")
    again = run_stages(project.database(), [ups("a1")], sa.make_url(any_url), options)
    assert again.broken is None


def test_a_run_that_never_begins(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project("raise SystemExit(4)")
    project.chain("a1")
    url = sa.make_url("sqlite://")
    assert run_stages(project.database(), [ups("a1")], url).broken == Broken(
        "", "4", 0, "SystemExit"
    )
    project.write("migrations/versions/a1_add.py", "revision = 'a1'\ndown_revision = None\n")
    broken = run_stages(project.database(), [ups("a1")], url, {}).broken
    assert broken is not None and broken.revision == "a1" and "has no upgrade()" in broken.why


def test_tables_and_views_and_types(any_url: str) -> None:
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    text = "VARCHAR(9)"
    with engine.begin() as connection:
        for statement in (
            f"CREATE TABLE users (id INTEGER PRIMARY KEY, name {text} DEFAULT 'x', "
            "CONSTRAINT uq UNIQUE (name))",
            "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER, "
            "CONSTRAINT ck CHECK (owner > 0), "
            "CONSTRAINT fk FOREIGN KEY (owner) REFERENCES users (id))",
            "CREATE INDEX ix ON users (id, name)",
            "CREATE VIEW names AS SELECT name FROM users",
            "CREATE TABLE alembic_version (x INTEGER)",
            "CREATE TABLE lback_ledger (x INTEGER)",
        ):
            connection.exec_driver_sql(statement)
        if "postgresql" in any_url:
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('b', 'a')")
            connection.exec_driver_sql("CREATE SCHEMA inside CREATE TABLE deep (id INTEGER)")
            connection.exec_driver_sql("COMMENT ON TABLE users IS 'people'")
    with engine.connect() as connection:
        schema = read_schema(connection)
        assert read_tables(connection) == Schema(schema.tables)
    postgres = "postgresql" in any_url
    deep = {"inside.deep"} if postgres else set()
    assert schema.tables.keys() == {"users", "pets"} | deep
    assert schema.views.keys() == {"names"} and "name" in (schema.views["names"] or "")
    assert schema.enums == ({"mood": ("b", "a")} if postgres else {})
    users, pets = schema.tables["users"], schema.tables["pets"]
    assert (users.primary_key, pets.primary_key) == (("id",), ("id",))
    name = users.columns["name"]
    assert name.type.startswith(text) and name.nullable and "x" in (name.default or "")
    assert users.columns["id"].nullable == ("sqlite" in any_url)
    assert "ix" in [one.name for one in users.indexes]
    assert [one.name for one in users.unique_constraints] == ["uq"]
    assert [one.name for one in pets.foreign_keys] == ["fk"]
    assert "ck" in [one.name for one in pets.check_constraints]
    assert users.comment == ("people" if postgres else None)


def test_a_scratch_database_has_to_be_empty_and_is_left_so(any_url: str) -> None:
    url = sa.make_url(any_url)
    with scratch_connection(url) as connection:
        connection.exec_driver_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE b (a INTEGER, FOREIGN KEY (a) REFERENCES a (id))")
        connection.exec_driver_sql("CREATE VIEW v AS SELECT id FROM a")
        connection.commit()
        with (
            pytest.raises(LbackError, match=r"is not empty: it holds a, b, v\.$"),
            scratch_connection(url),
        ):
            pass
    with scratch_connection(url) as connection:
        assert read_schema(connection) == Schema()
    with (
        pytest.raises(LbackError, match=r"refused: .*nonsense"),
        scratch_connection(url) as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nonsense")


def test_a_scratch_database_that_does_not_answer() -> None:
    url = sa.make_url("postgresql+psycopg://joe:s3cret@127.0.0.1:1/shop")
    with (
        pytest.raises(LbackError, match=r"joe:\*\*\*@127.* does not answer"),
        scratch_connection(url),
    ):
        pass


def test_which_scratch_database_there_is() -> None:
    mine = "mysql+pymysql://u@h/scratch"
    assert scratch_url("mariadb", mine) == sa.make_url(mine)
    assert scratch_url("mysql", mine) == sa.make_url(mine)
    assert scratch_url("postgresql", mine) is None
    assert scratch_url("sqlite", mine) == sa.make_url("sqlite://")
    assert scratch_url("postgresql", None) is None
    assert parse_scratch_url(None) == sa.make_url("sqlite://")
    with pytest.raises(LbackError, match="is not the URL of a database"):
        scratch_url("sqlite", "scratch")
    memory = {"sqlite://": True, "sqlite:///:memory:": True, "sqlite:///x": False, mine: False}
    assert {url: is_in_memory(sa.make_url(url)) for url in memory} == memory


def test_connections_are_led_to_the_scratch_database(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'real.sqlite3'}", poolclass=sa.pool.NullPool)
    with redirected(None) as redirect:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
            redirect.adjust({"connection": connection, "version_table": "v"})
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == ["t"]
        assert (redirect.dialects, redirect.version_tables) == (["sqlite"], {"v"})
        with pytest.raises(LbackError, match="connects in a way of its own"):
            redirect.adjust({"url": "sqlite://"})
        with pytest.raises(LbackError, match="The project connects to oracle, and no scratch"):
            redirect.url_for("oracle")
    assert not (tmp_path / "real.sqlite3").exists()
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def tried(project: Project, order: Sequence[str], chosen: Sequence[str]) -> Tried:
    return try_out(project.database(), order, chosen, None)


def test_up_down_and_up_again(make_project: MakeProject, tmp_path: Path) -> None:
    project, _ = real_and_scratch(make_project, tmp_path, MODELS_ENV)
    project.add("c3", "b2", "op.create_index('ix', 't_a1', ['note'])", "pass")
    project.add("d4", "c3", "op.drop_index('ix', 't_a1')", "op.get_bind()")
    project.add("e5", "d4", "pass", "raise NotImplementedError('never')")
    found = tried(project, ["a1", "b2", "c3", "d4", "e5"], ["b2", "c3", "d4", "e5"])
    assert found.dialect == "sqlite"
    assert (found.filled, found.refused) == ({"t_a1"}, set())
    back = "table t_a1: its index ix would still be there"
    assert found.trials[0] == Trial("b2")
    assert (found.trials[1].revision, found.trials[1].failed) == ("c3", "again")
    assert found.trials[1].back == back and "already exists" in found.trials[1].why
    assert found.trials[2].failed == "again" and found.trials[2].back.endswith("would be missing")
    assert found.trials[3].failed == "downgrade"
    assert (found.trials[3].kind, found.trials[3].why) == ("NotImplementedError", "never")
    assert found.trials[3].line == 9
    assert found.differences is not None and "note" in " ".join(found.differences)
    assert not (tmp_path / "real.sqlite3").exists()


def test_a_revision_that_comes_to_something_else_the_second_time(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project, _ = real_and_scratch(make_project, tmp_path, MODELS_ENV)
    once = "op.create_table('t2', sa.Column('id', sa.Integer))"
    project.add(
        "c3", "b2",
        f"import os\nif os.path.exists({str(tmp_path / 'once')!r}):\n    {once}\n"
        f"open({str(tmp_path / 'once')!r}, 'w').close()",
    )  # fmt: skip
    found = tried(project, ["a1", "b2", "c3"], ["c3"])
    assert found.trials == [Trial("c3", again="table t2 is there")]


def test_what_stops_all_trials(make_project: MakeProject, tmp_path: Path) -> None:
    project, _ = real_and_scratch(make_project, tmp_path, MODELS_ENV)
    project.add("c3", "b2", "op.execute('SELECT nonsense')")
    project.add("d4", "c3")
    for chosen in (["c3", "d4"], ["d4"]):
        found = tried(project, ["a1", "b2", "c3", "d4"], chosen)
        assert [(one.revision, one.failed, one.line) for one in found.trials] == [
            ("c3", "upgrade", 7)
        ]
        assert found.differences is None


def test_rows_that_a_revision_takes_away(make_project: MakeProject, tmp_path: Path) -> None:
    project, _ = real_and_scratch(make_project, tmp_path, MODELS_ENV)
    project.add("c3", "b2", "op.execute('DELETE FROM t_a1')", "op.execute('SELECT 1')")
    project.add("d4", "c3", "pass", "op.execute('UPDATE t_a1 SET note = NULL')")
    counted = "op.get_bind().exec_driver_sql('SELECT count(*) FROM t_a1').scalar()"
    project.add("e5", "d4", f"if {counted}:\n    raise ValueError('rows')")
    found = tried(project, ["a1", "b2", "c3", "d4", "e5"], ["c3", "d4", "e5"])
    assert [(one.revision, one.failed, one.losses) for one in found.trials] == [
        ("c3", "", (Loss("upgrade", "t_a1", None, 1), Loss("downgrade", "t_a1", None, 1))),
        ("d4", "", (Loss("downgrade", "t_a1", "note", 1),)),
        ("e5", "upgrade with rows", ()),
        ("e5", "", ()),
    ]


def test_several_databases_or_none_are_refused(make_project: MakeProject, tmp_path: Path) -> None:
    project, _ = real_and_scratch(make_project, tmp_path)
    text = (project.migrations / "env.py").read_text()
    (project.migrations / "env.py").write_text(text + text)
    with pytest.raises(LbackError, match=r"env\.py works on 2 databases"):
        tried(project, ["a1"], ["a1"])


def test_a_row_for_every_table_that_takes_one(any_url: str) -> None:
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    metadata = sa.MetaData()
    users = sa.Table(
        "users", metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(3), nullable=False),
        sa.Column("mood", sa.Enum("sad", "glad", name="mood"), nullable=False),
        sa.Column("yes", sa.Boolean, nullable=False),
        sa.Column("real", sa.Float),
        sa.Column("money", sa.Numeric(6, 2)),
        sa.Column("day", sa.Date),
        sa.Column("at", sa.DateTime),
        sa.Column("hour", sa.Time),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("set", sa.String(9), server_default="given"),
    )  # fmt: skip
    sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True),
             sa.Column("owner", sa.ForeignKey("users.id"), nullable=False),
             sa.Column("next", sa.ForeignKey("pets.id")))  # fmt: skip
    sa.Table("picky", metadata, sa.Column("id", sa.Integer, primary_key=True),
             sa.Column("n", sa.Integer, sa.CheckConstraint("n < 0"), nullable=False))  # fmt: skip
    sa.Table("choosy", metadata, sa.Column("id", sa.Integer, primary_key=True),
             sa.Column("n", sa.Integer, sa.CheckConstraint("n < 0")))  # fmt: skip
    full = sa.Table("full", metadata, sa.Column("id", sa.Integer))
    sa.Table("stamp", metadata, sa.Column("id", sa.Integer))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(full.insert(), [{"id": 5}, {"id": 6}])
    with engine.connect() as connection:
        filled, refused = put_rows(connection, ["stamp"])
        assert set(filled) == {"users", "pets", "choosy", "full"}
        assert refused == ["picky"]
        shown = [one for one in users.columns if one.name not in ("id", "mood")]
        [row] = connection.execute(sa.select(*shown)).all()
        noon = datetime.datetime(2001, 2, 3, 12)
        made = ("lba", True, 1.0, decimal.Decimal(1), noon.date(), noon, noon.time(), b"lback")
        assert row == (*made, "given")
        seen = read_rows(connection)
    assert seen.keys() == {"users", "pets", "picky", "choosy", "full", "stamp"}
    assert seen["users"][0]["mood"] == ("lbac" if "sqlite" in any_url else "sad")
    assert seen["full"] == [{"id": "5"}, {"id": "6"}]
    assert seen["users"][0]["raw"] == b"lback".hex()
    assert seen["pets"][0]["next"] is None and seen["stamp"] == []


def test_which_rows_and_values_are_gone() -> None:
    before = {
        "a": [{"x": "1", "y": "1"}, {"x": "1", "y": "2"}], "b": [{"x": "1"}], "c": [{"x": "1"}]
    }  # fmt: skip
    after = {"a": [{"x": "1", "y": None}, {"x": "2", "y": "2"}], "b": [], "d": []}
    rows = Loss("upgrade", "b", None, 1)
    assert list(losses(before, after, "upgrade", values=False)) == [rows]
    assert list(losses(before, after, "upgrade", values=True)) == [
        Loss("upgrade", "a", "x", 1), Loss("upgrade", "a", "y", 1), rows
    ]  # fmt: skip
    assert list(losses(before, before, "again", values=True)) == []
    more = {**before, "a": [*before["a"], {"x": "3", "y": "3"}]}
    assert list(losses(before, more, "again", values=True)) == []
