"""Several databases in one env.py: each is one of its own, named, and none is looked past."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lback.db.locking.files import LockFile
from tests.rounds import thinned
from tests.undo.several import LOOP, NOTE, Several, several

pytestmark = [
    pytest.mark.filterwarnings("ignore:'get_engine' is deprecated"),
    pytest.mark.untraced,
]

KINDS = [
    "sqlite-loop",
    "sqlite-template",
    "flask-binds",
    pytest.param("postgresql-template", marks=pytest.mark.postgresql),
    pytest.param("searched", marks=pytest.mark.postgresql),
    pytest.param("translated", marks=pytest.mark.postgresql),
]


def on(*numbers: int) -> pytest.MarkDecorator:
    """Run a test on some kinds; the others are its long form."""
    return pytest.mark.parametrize("world", thinned(KINDS, numbers), indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Several]:
    with several(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Several]:
    with several("sqlite-loop", tmp_path) as made:
        yield made


@on(*range(len(KINDS)))
def test_each_is_migrated_and_named(world: Several) -> None:
    plan = world.lback("migrate", "--plan").out
    assert plan.count("+ apply  r1") == plan.count("+ apply  r2") == len(world.urls)
    said = world.lback("migrate").said
    for name in world.urls:
        assert name in plan and name in said
    assert set(map(tuple, world.stamps().values())) == {("r2",)}
    status = world.ask("status")
    assert [one["state"] for one in status["databases"]] == ["current"] * len(world.urls)
    names = [one["name"] or one["schema"] or "main" for one in status["databases"]]
    assert names == list(world.urls)
    assert "***" in status["databases"][0]["url"] or "://" in status["databases"][0]["url"]


@on(0, 2, 4)
def test_rows_of_each_are_counted_saved_and_put_back(world: Several) -> None:
    world.lback("migrate")
    world.fill()
    before = world.rows()
    plan = world.ask("rollback", "users", "--plan")
    counts = [one["losses"][0]["rows"] for one in plan["databases"]]
    assert counts == list(range(1, len(world.urls) + 1))
    assert plan["losses"] == [{"table": "users", "column": "note", "rows": sum(counts)}]
    refused = world.lback("rollback", "users", code=3).said
    assert all(f"of users.note on {name}" in refused or name in refused for name in world.urls)
    done = world.ask("rollback", "users", "--yes")
    backups = [one["backup"] for one in done["databases"]]
    assert len(set(backups)) == len(world.urls)
    assert set(map(tuple, world.stamps().values())) == {("r1",)}
    world.lback("migrate")
    for backup in reversed(backups):
        world.lback("restore", backup)
    assert world.rows() == before


@on(1, 3, 5)
def test_a_whole_table_of_each_comes_back(world: Several) -> None:
    world.lback("migrate")
    world.fill()
    before = world.rows()
    done = world.ask("rollback", "--steps", "2", "--yes")
    assert [one["losses"][-1]["rows"] for one in done["databases"]] == [
        *range(1, len(world.urls) + 1)
    ]
    world.lback("migrate")
    for row in done["databases"]:
        world.lback("restore", Path(row["backup"]).name)
    assert world.rows() == before


# Of the others the project's template takes no arguments, and env.py gives some.
@pytest.mark.parametrize("world", KINDS[-2:], indirect=True)
def test_a_reverting_revision_runs_on_each(world: Several) -> None:
    world.lback("migrate")
    world.fill()
    done = world.ask("rollback", "users", "--strategy", "revert", "--yes")
    assert len({one["backup"] for one in done["databases"]}) == len(world.urls)
    stamps = set(map(tuple, world.stamps().values()))
    assert stamps == {tuple(done["target"])} and stamps != {("r2",)}


@on(0, 2, 3)
def test_each_is_switched(world: Several) -> None:
    world.lback("migrate")
    world.fill()
    asked = world.lback("switch", "before", "--no-backup", code=3).said
    assert "values of users.note" in asked and list(world.urls)[-1] in asked
    done = world.ask("switch", "before")
    assert [[row["revision"] for row in one["undoes"]] for one in done["databases"]] == [
        ["r2"] for _name in world.urls
    ]
    assert set(map(tuple, world.stamps().values())) == {("r1",)}
    names = [row["name"] for row in world.ask("restore")["saved"]]
    assert len(set(names)) == len(world.urls) and all(name.startswith("1@") for name in names)
    refused = world.lback("restore", "1", "--drop", code=2).said
    assert all(f" restore {name}`" in refused for name in names)
    world.lback("restore", names[-1], "--drop")
    left = [row["name"].partition("@")[2] for row in world.ask("restore")["saved"]]
    assert names[-1].partition("@")[2] not in left and len(left) == len(names) - 1


def test_none_is_looked_past_where_they_stand_apart(files: Several) -> None:
    files.lback("migrate")
    Path(files.urls["two"][10:]).unlink()
    status = files.lback("status").out
    assert "one (sqlite:///" in status and ": current at r2" in status
    assert ": empty, 2 pending" in status and "migrate`." in status
    report = files.ask("status")
    assert (report["database"]["state"], report["pending"]) == ("empty", ["r1", "r2"])
    doctor = files.lback("doctor").out
    assert "one (sqlite" in doctor and "two (sqlite" in doctor
    plan = files.ask("migrate", "--plan")
    assert [len(one["steps"]) for one in plan["databases"]] == [0, 2]
    changes = files.ask("history", "users", "--database")["changes"]
    assert [one["applied"] for one in changes] == [False, False]
    assert ["one (" in one["applied_on"][0] for one in changes] == [True, True]
    files.lback("migrate")
    assert files.stamps() == {"one": ["r2"], "two": ["r2"]}


def four(tmp_path: Path) -> Several:
    """Four databases: at the head, lost, empty and unreachable, in this order but the last two."""
    with several("sqlite-loop", tmp_path) as made:
        urls = {name: f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("one", "two")}
        urls |= {"gone": f"sqlite:///{tmp_path}/no/such/folder.sqlite3"}
        urls |= {"three": f"sqlite:///{tmp_path}/three.sqlite3"}
        made.lback("migrate")
        made.query("two", "UPDATE alembic_version SET version_num = 'nowhere'")
        made.shop.write("migrations/env.py", LOOP.format(urls=urls))
        made.urls = urls
        return made


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    world = four(tmp_path)
    status = world.ask("status")
    states = {one["name"]: one["state"] for one in status["databases"]}
    assert states == {"one": "current", "two": "lost", "gone": "unreachable", "three": "empty"}
    assert status["lost"] == ["nowhere"] and status["database"]["state"] == "unreachable"
    plan = world.ask("migrate", "--plan", code=3)
    assert {one["name"]: len(one["steps"]) for one in plan["databases"]} == {
        "one": 0,
        "two": 0,
        "gone": 0,
        "three": 2,
    }
    done = world.lback("migrate", code=3)
    assert "2 of 4 databases failed." in done.err
    assert "two (sqlite:///" in done.err and "stamped with nowhere" in done.err
    assert "gone (sqlite:///" in done.err and "cannot be reached" in done.err
    assert "All was done on one (" in done.err and "three (" in done.err.partition("All was")[2]
    assert world.query("three", "SELECT version_num FROM alembic_version") == [("r2",)]
    assert world.lback("doctor", code=1).out.count("sqlite:///") >= 4


def test_a_rollback_touches_none_where_it_cannot_be_planned_for_all(tmp_path: Path) -> None:
    world = four(tmp_path)
    said = world.lback("rollback", "users", "--yes", code=3).said
    assert "On two (sqlite:///" in said or "On gone (sqlite:///" in said
    assert "Nothing was changed on any database." in said
    assert world.query("one", "SELECT version_num FROM alembic_version") == [("r2",)]


def test_a_rollback_leaves_those_alone_that_have_not_run_it(files: Several) -> None:
    files.lback("migrate")
    files.fill()
    files.query("two", "ALTER TABLE users DROP COLUMN note")
    files.query("two", "UPDATE alembic_version SET version_num = 'r1'")
    done = files.ask("rollback", "users", "--yes")
    assert [one["undoes"] for one in done["databases"]] == [["r2"], []]
    assert files.stamps() == {"one": ["r1"], "two": ["r1"]}


@on(*range(len(KINDS)))
def test_a_migration_that_fails_on_one_is_told_with_its_name(world: Several) -> None:
    world.lback("migrate", "r1")
    first = next(iter(world.urls))
    world.query(first, "ALTER TABLE users ADD COLUMN note VARCHAR(20)")
    said = world.lback("migrate", code=3).err
    assert f"1 of {len(world.urls)} databases failed. " in said and first in said
    assert "Revision r2" in said and "All was done on" in said
    stamps = world.stamps()
    assert stamps.pop(first) == ["r1"]
    assert set(map(tuple, stamps.values())) == {("r2",)}
    world.query(first, "ALTER TABLE users DROP COLUMN note")
    world.lback("migrate")
    assert world.stamps()[first] == ["r2"]


DIES = """
def upgrade(engine_name=None):
    import os, signal
    bind = op.get_bind()
    op.add_column("users", sa.Column("extra", sa.Integer()))
    there = bind.engine.url.database + str(bind.get_execution_options()) + str(
        bind.exec_driver_sql("SHOW search_path").scalar() if bind.dialect.name != "sqlite" else ""
    )
    if os.environ.get("DIE", "|") in there:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@on(1, 3, 4)
def test_a_kill_on_one_leaves_nothing_half_done(world: Several) -> None:
    world.lback("migrate")
    world.fill()
    before = world.rows()
    world.add(
        "r3", DIES, 'def downgrade(engine_name=None):\n    op.drop_column("users", "extra")\n'
    )
    second = list(world.urls)[1]
    world.shop.env["DIE"] = second if world.schemas else world.urls[second].rpartition("/")[2]
    world.shop.lback("migrate", code=-signal.SIGKILL)
    del world.shop.env["DIE"]
    world.lback("migrate")
    assert set(map(tuple, world.stamps().values())) == {("r3",)}
    assert {name: [row[:2] for row in rows] for name, rows in world.rows().items()} == before


def test_a_checkout_tells_of_each(files: Several) -> None:
    files.lback("migrate")
    files.query("two", "ALTER TABLE users DROP COLUMN note")
    files.query("two", "UPDATE alembic_version SET version_num = 'r1'")
    files.lback("status")
    files.shop.lback("hooks", "install")
    said = files.shop.git("checkout", "-q", "before")
    assert "one (sqlite:///" in said and "has run 1 revision that this branch lacks" in said
    assert "two (sqlite" not in said
    said = files.shop.git("checkout", "-q", "main")
    assert "this branch adds 1 revision to two (sqlite:///" in said


SWALLOWS = LOOP.replace("    engine =", "  try:\n    engine =") + "  except Exception:\n    pass\n"


def test_what_env_py_swallows_is_told_with_its_name(files: Several) -> None:
    files.lback("migrate", "r1")
    files.query("one", "ALTER TABLE users ADD COLUMN note VARCHAR(20)")
    files.shop.write("migrations/env.py", SWALLOWS.format(urls=files.urls))
    said = files.lback("migrate", code=3).err
    assert "1 of 2 databases failed. one (sqlite:///" in said
    assert "Revision r2 (" in said and "duplicate column name: note" in said
    assert files.stamps() == {"one": ["r1"], "two": ["r2"]}


def test_one_that_is_locked_does_not_stop_the_others(files: Several) -> None:
    lock = LockFile(files.urls["one"][10:])
    assert lock.attempt()
    said = files.lback("migrate", "--lock-timeout", "0", code=3).err
    lock.release()
    assert "1 of 2 databases failed. one (sqlite:///" in said
    assert said.count("Another migration of this database (sqlite:///") == 1
    assert files.query("two", "SELECT version_num FROM alembic_version") == [("r2",)]


TWICE = """
from alembic import context
from sqlalchemy import create_engine, pool

engines = [create_engine(url, poolclass=pool.NullPool) for url in {urls!r}]
connections = [engine.connect() for engine in engines]
for number, connection in enumerate(connections):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations(engine_name="bind %d" % number)
for connection in connections:
    connection.commit()
    connection.close()
"""


@pytest.mark.postgresql
def test_two_names_of_one_database_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with several("postgresql-template", tmp_path) as world:
        url = world.urls["one"]
        urls = [url, url.replace("127.0.0.1", "localhost")]
        world.shop.write("migrations/env.py", TWICE.format(urls=urls))
        said = world.lback("migrate", "--lock-timeout", "1").out
        assert "bind 0 (" in said and "bind 1 (" in said
        assert world.query("one", "SELECT version_num FROM alembic_version") == [("r2",)]


def test_a_rebase_steps_each_database(tmp_path: Path) -> None:
    with several("sqlite-loop", tmp_path) as world:
        shop = world.shop
        shop.git("checkout", "-q", "-b", "mine", "before")
        world.last = "r1"
        world.add("m2", *NOTE)
        shop.commit("Mine")
        world.lback("migrate")
        world.fill()
        world.query("two", "ALTER TABLE users DROP COLUMN note")
        world.query("two", "UPDATE alembic_version SET version_num = 'r1'")
        shop.git("checkout", "-q", "main")
        shop.git("reset", "-q", "--hard", "before")
        world.last = "r1"
        made = (
            'def upgrade(engine_name):\n    op.create_table("pets", sa.Column("id", sa.Integer))\n'
        )
        world.add("t2", made, 'def downgrade(engine_name):\n    op.drop_table("pets")\n')
        shop.commit("Theirs")
        shop.git("checkout", "-q", "mine")
        shop.git("merge", "-q", "--no-edit", "main")
        planned = world.ask("rebase", "--onto", "main", "--plan")["databases"]
        assert [(row["name"][:3], row["state"]) for row in planned] == [
            ("one", "moved"),
            ("two", "untouched"),
        ]
        done = world.ask("rebase", "--onto", "main", "--yes")
        assert done["database"] == done["databases"][0]
        assert world.stamps() == {"one": ["m2"], "two": ["r1"]}
        assert world.query("one", "SELECT count(*) FROM pets") == [(0,)]
        world.lback("migrate")
        assert world.stamps() == {"one": ["m2"], "two": ["m2"]}


def test_makemigrations_names_the_database_that_lacks_a_revision(files: Several) -> None:
    files.lback("migrate")
    files.query("two", "UPDATE alembic_version SET version_num = 'r1'")
    env = files.shop.folder / "migrations" / "env.py"
    models = "from models import Base\nimport sqlalchemy as sa\n"
    models += 'sa.Table("users", Base.metadata, sa.Column("id", sa.Integer))\n'
    asked = "connection=connection, target_metadata=Base.metadata"
    env.write_text(models + env.read_text().replace("connection=connection", asked))
    said = files.lback("makemigrations", "more", code=3).err
    assert "The database two (sqlite:///" in said and "lacks 1 revision" in said
