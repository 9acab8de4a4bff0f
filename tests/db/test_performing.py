"""One run on a database: decided under the lock, told step by step, never without an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, pool

from lback.core.databases import DatabaseName
from lback.core.plans import Downgrade, Restamp, Step, Upgrade, plan_upgrade
from lback.db.events import DatabaseOutcome, Event, Stamp
from lback.db.view import View
from lback.errors import LbackError
from tests.db.projects import PER_MIGRATION_ENV, MakeProject, Project

TWO_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    for url in {urls!r}:
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
"""
SWALLOWING_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        try:
            with context.begin_transaction():
                context.run_migrations()
        except Exception:
            pass
"""
ASKING_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    options = context.config.cmd_opts
    with open({place!r}, "a") as file:
        x = context.get_x_argument()
        revision = getattr(options, "revision", None)
        file.write(f"{{options.cmd[0].__name__}} {{revision}} {{x}}\\n")
    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        context.get_context()
        with context.begin_transaction():
            context.run_migrations()
"""


def tables(url: str) -> set[str]:
    engine = create_engine(url, poolclass=pool.NullPool)
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def two_databases(make_project: MakeProject, folder: Path) -> tuple[Project, list[str]]:
    urls = [f"sqlite:///{folder / name}.sqlite3" for name in ("one", "two")]
    project = make_project(TWO_ENV, urls=urls)
    project.chain("a1", "b2")
    return project, urls


def test_what_a_run_tells(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    heard: list[Event] = []
    outcome = database.run(
        lambda stamp: plan_upgrade(database.graph, stamp.revisions), on_event=heard.append
    )
    dialect = {"my": "mysql", "po": "postgresql"}.get(any_url[:2], "sqlite")
    lasting = dialect == "mysql"
    start = Event("start", total=2, text=dialect, lasting=lasting)
    name = DatabaseName(re.sub(r":[^:@/]*@", ":***@", any_url))
    assert {one.database for one in heard} == {name}
    assert [one._replace(seconds=0.0, database=None) for one in heard] == [
        Event("plan", total=2),
        start._replace(step=Upgrade("a1"), number=1),
        Event("done", Upgrade("a1"), 1, 2),
        start._replace(step=Upgrade("b2"), number=2, stamp=("a1",)),
        Event("done", Upgrade("b2"), 2, 2),
    ]
    assert all((one.seconds > 0) == (one.kind == "done") for one in heard)
    steps = (Upgrade("a1"), Upgrade("b2"))
    assert outcome.databases == (DatabaseOutcome(name, (), ("b2",), steps),)
    assert (outcome.before, outcome.after, outcome.steps) == ((), ("b2",), steps)
    stamp = Stamp(("b2",), name.url, dialect, name)
    assert database.stamp() == stamp


def test_a_step_that_is_only_written_down_leaves_nothing_half_done(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1")
    heard: list[Event] = []
    project.database().run(lambda _now: (Upgrade("a1", fake=True),), on_event=heard.append)
    assert [one.lasting for one in heard] == [False, False, False]


def test_several_databases_are_decided_on_one_by_one(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project, urls = two_databases(make_project, tmp_path)
    database = project.database()
    turns: list[tuple[str, ...]] = []

    def decide(now: Stamp) -> Sequence[Step]:
        turns.append(now.revisions)
        return (Upgrade("a1"),) if len(turns) == 1 else ()

    outcome = database.run(decide)
    assert turns == [(), ()]
    assert [one.steps for one in outcome.databases] == [(Upgrade("a1"),), ()]
    assert (outcome.steps, outcome.after) == ((Upgrade("a1"),), ("a1",))
    stamp = database.stamp()
    assert stamp == Stamp(("a1",), urls[0], "sqlite", DatabaseName(urls[0]))
    assert database.look(lambda view: view.stamp.url) == tuple(urls)
    assert database.look_first(lambda view: view.stamp.url) == urls[0]
    assert tables(urls[1]) == set()


def test_the_failing_database_says_where_it_is(make_project: MakeProject, tmp_path: Path) -> None:
    project, _ = two_databases(make_project, tmp_path)
    turns: list[tuple[str, ...]] = []
    project.add("c3", "b2", "op.execute('SELECT nonsense')")
    database = project.database()

    def decide(now: tuple[str, ...]) -> Sequence[Step]:
        turns.append(now)
        return (Upgrade("a1"), Upgrade("b2"), *([Upgrade("c3")] if len(turns) > 1 else ()))

    database.run(lambda _now: (Upgrade("a1"),))
    with pytest.raises(LbackError, match="Revision c3") as refusal:
        database.run(lambda now: plan_upgrade(database.graph, now.revisions))
    assert "2 of 2" not in (refusal.value.hint or "")
    assert "1 of 2 steps were completed and stay." in (refusal.value.hint or "")
    assert "The database is at b2." in (refusal.value.hint or "")


def test_what_may_be_asked_is_known_by_its_options(
    make_project: MakeProject, sqlite_url: str, tmp_path: Path
) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1")
    database = project.database()
    options = database.look_first(lambda view: view.options)
    assert options is not None and {"connection", "target_metadata"} <= options.keys()
    place = tmp_path / "asked.txt"
    other = Project(tmp_path / "other", ASKING_ENV, url=sqlite_url, place=str(place))
    other.chain("a1")
    asking = other.database(x=["a=1"])
    assert asking.look_first(lambda view: view.options) is None
    asking.run(lambda _now: (), line=("downgrade", "base"))
    asking.run(lambda _now: ())
    asking.sql(lambda _now: (Upgrade("a1"),), line=("upgrade", "a1"))
    assert place.read_text().splitlines() == [
        "current None ['a=1']",
        "downgrade base ['a=1']",
        "upgrade heads ['a=1']",
        "upgrade a1 ['a=1']",
    ]


@pytest.mark.parametrize("when", ["looking", "deciding", "before"])
def test_a_refusal_comes_out_whatever_env_makes_of_it(
    make_project: MakeProject, sqlite_url: str, when: str
) -> None:
    project = make_project(SWALLOWING_ENV, url=sqlite_url)
    project.chain("a1")
    database = project.database()

    def refuse(_given: object) -> Sequence[Step]:
        raise LbackError("not like that")

    with pytest.raises(LbackError, match=r"^not like that$"):
        if when == "looking":
            database.look(refuse)
        elif when == "deciding":
            database.run(refuse)
        else:
            database.run(
                lambda now: plan_upgrade(database.graph, now.revisions),
                before=lambda view: refuse(view) and None,
            )
    assert tables(sqlite_url) == set()
    assert database.stamp().revisions == ()


def test_a_failure_that_env_swallows_is_told(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(SWALLOWING_ENV, url=sqlite_url)
    project.chain("a1", "b2")
    project.add("c3", "b2", "op.execute('SELECT nonsense')")
    database = project.database()

    def fail(_view: View) -> None:
        raise ValueError

    for before, why in ((fail, "failed: ValueError"), (None, "Revision c3 (")):
        with pytest.raises(LbackError) as refusal:
            database.run(lambda now: plan_upgrade(database.graph, now.revisions), before=before)
        assert why in refusal.value.message


def test_what_comes_before_the_first_step(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    seen: list[tuple[object, ...]] = []

    def before(view: View) -> None:
        seen.append((view.stamp.revisions, view.rows([("t_a1", None), ("t_b2", None)])))

    database.run(lambda _now: (Upgrade("a1"),), before=before)
    database.run(lambda _now: (), before=before)
    database.run(lambda _now: (Upgrade("b2"),), before=before)
    assert seen == [((), {}), (("a1",), {("t_a1", None): 0})]
    assert "t_b2" in database.sql(lambda _now: (Upgrade("b2"),), ("a1",))


def forked(project: Project) -> None:
    project.add("a1")
    project.add("b2", "a1")
    project.add("c3", "a1")
    project.add("m4", ("b2", "c3"), "pass")
    project.add("d5", "m4")


@pytest.mark.parametrize(
    ("steps", "stamp"),
    [
        ("-d5", ("m4",)),
        ("-d5 -m4", ("b2", "c3")),
        ("-d5 -m4 -c3", ("b2",)),
        ("-d5 -m4 -c3 -b2", ("a1",)),
        ("-d5 -m4 -c3 -b2 -a1", ()),
        ("-d5 -m4 -c3 +c3 -b2", ("c3",)),
        ("-d5 -m4 -c3 -b2 +b2", ("b2",)),
        ("-d5 -m4 -c3 +c3 +m4", ("m4",)),
        ("-d5 -m4 +m4 +d5", ("d5",)),
        ("-d5 -m4 -c3 +x1", ("b2", "x1")),
        ("+x1 -d5 -m4 -b2", ("c3", "x1")),
    ],
)
def test_the_stamp_after_steps_down_and_up(
    make_project: MakeProject, sqlite_url: str, steps: str, stamp: tuple[str, ...]
) -> None:
    project = make_project(url=sqlite_url)
    forked(project)
    project.add("x1")
    database = project.database()
    up = [Upgrade(one) for one in ("a1", "b2", "c3", "m4", "d5")]
    assert database.run(lambda _now: up).after == ("d5",)
    wanted = [Upgrade(one[1:]) if one[0] == "+" else Downgrade(one[1:]) for one in steps.split()]
    outcome = database.run(lambda _now: wanted)
    assert outcome.after == database.stamp().revisions == stamp
    applied = database.graph.ancestors(stamp) - {"m4"}
    assert tables(sqlite_url) == {f"t_{one}" for one in applied}


def test_a_dependency_keeps_its_row_in_the_stamp(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1")
    project.add("x1")
    project.add("b2", "a1", depends_on="x1")
    database = project.database()
    up = [Upgrade("a1"), Upgrade("x1"), Upgrade("b2")]
    assert database.run(lambda _now: up).after == ("b2",)
    assert database.run(lambda _now: (Downgrade("b2"),)).after == ("a1", "x1")
    assert database.run(lambda _now: (Downgrade("x1"),)).after == ("a1",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("b2",)),
        (("a1",), ("b2",)),
        (("a1",), ("a1", "x")),
        (("a1", "x"), ("x",)),
        (("a1",), ()),
    ],
)
def test_restamping_leaves_what_stays(
    make_project: MakeProject, sqlite_url: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    project = make_project(url=sqlite_url)
    project.chain("a1", "b2")
    database = project.database()
    database.run(lambda _now: (Restamp(before),))
    outcome = database.run(lambda _now: (Restamp(after),))
    assert (outcome.before, outcome.after) == (before, after)
    assert database.stamp().revisions == after
    assert tables(sqlite_url) == set()


def test_offline_sql_goes_down_and_writes_down(make_project: MakeProject, any_url: str) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2")
    database = project.database()
    sql = database.sql(lambda _now: (Downgrade("b2"),), ("b2",), line=("downgrade", "a1"))
    assert "DROP TABLE t_b2" in sql and "alembic_version" in sql and "t_a1" not in sql
    assert "CREATE TABLE alembic_version" not in sql
    faked = database.sql(lambda _now: (Upgrade("a1", fake=True),))
    assert faked.count("CREATE TABLE alembic_version") == 1 and "t_a1" not in faked
    with pytest.raises(LbackError, match=r"^no$"):
        database.sql(lambda _now: (_ for _ in ()).throw(LbackError("no")))


def test_a_module_without_the_way_that_is_to_run(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = make_project(url=sqlite_url)
    project.add("a1").write_text(
        "revision = 'a1'\ndown_revision = None\nupgrade = 'not a function'\n"
    )
    database = project.database()
    with pytest.raises(LbackError) as refusal:
        database.run(lambda now: plan_upgrade(database.graph, now.revisions))
    path = project.versions / "a1_add.py"
    assert refusal.value.message == (
        "Revision a1 (migrations/versions/a1_add.py) cannot be loaded: "
        f"{path}: revision a1 has no upgrade()."
    )
    assert refusal.value.hint == "Nothing was run. Correct the file and run the command again."
    with pytest.raises(LbackError, match=r"There is no revision zz\."):
        database.run(lambda _now: (Upgrade("zz"),))


def test_each_step_stays_by_itself(make_project: MakeProject, postgres_url: str) -> None:
    project = make_project(PER_MIGRATION_ENV, url=postgres_url)
    project.chain("a1", "b2")
    project.add("c3", "b2", "op.execute('SELECT nonsense')")
    database = project.database()
    heard: list[Event] = []
    with pytest.raises(LbackError, match="Revision c3"):
        database.run(lambda now: plan_upgrade(database.graph, now.revisions), on_event=heard.append)
    assert database.stamp().revisions == ("b2",)
    assert [one.kind for one in heard[-2:]] == ["done", "start"]
