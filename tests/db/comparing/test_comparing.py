"""What `makemigrations` sees that Alembic by itself does not, on each database."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from lback.db.autogenerate import differences
from lback.errors import LbackError
from tests.db.test_autogenerate import ENV, Modelled, run_sql
from tests.servers import on

MODELS = """
    import enum
    from sqlalchemy import *
    metadata = MetaData()
    {models}
"""
Make = Callable[..., Modelled]


@pytest.fixture
def modelled(tmp_path: Path, any_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=any_url, extra="")


@pytest.fixture
def on_postgresql(tmp_path: Path, postgres_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")


def say(project: Modelled, models: str) -> None:
    # Another length: within one second Python would take the compiled models for current.
    said = len(list(project.root.glob("said*")))
    project.write(f"said{said}", "")
    project.models(MODELS.format(models=models + "\n    #" + "#" * 200 * said))


def go(project: Modelled, before: str, after: str) -> tuple[str, ...]:
    """Go from one state of the models to the next, back, and there again."""
    say(project, before)
    project.make("one")
    project.migrate()
    assert differences(project.database()) == ()
    say(project, after)
    changes = differences(project.database())
    assert changes
    made = project.make("two", no_rename=True)
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    say(project, before)
    graph = project.database().graph
    (project.root / project.database().graph[graph.heads[0]].path).unlink()
    assert differences(project.database()) == ()
    return made.changes


JOB = 'Table("job", metadata, Column("id", Integer, primary_key=True), Column("n", Integer), {})'


_CHECKED = 'Enum("a", "it\'s", name="kind", native_enum=False, create_constraint=True, length=9)'
CHANGES = [
    (
        'Column("twice", Integer, Computed("n * 2", persisted=True))',
        'Column("twice", Integer, Computed("n * 3", persisted=True))',
    ),
    ('Column("twice", Integer)', 'Column("twice", Integer, Computed("n * 3", persisted=True))'),
    ('CheckConstraint("n < 10", name="small")', 'CheckConstraint("n < 20", name="small")'),
    ('CheckConstraint("n < 10")', ""),
    ("", 'CheckConstraint("n < 10")'),
    ('Column("m", Integer, server_default="1")', 'Column("m", Integer, server_default="2")'),
    (
        'Column("m", Numeric(5, 2), server_default="1.50")',
        'Column("m", Numeric(5, 2), server_default="2.50")',
    ),
    ('Column("m", String(9), server_default="it\'s")', 'Column("m", String(9))'),
    ('Column("m", ForeignKey("job.id", name="own"))', 'Column("m", Integer)'),
    ("", 'Column("m", Integer, index=True)'),
    ("", 'Column("m", Integer, unique=True)'),
    ("", 'Column("m", Integer, index=True), CheckConstraint("m < 10")'),
    ('Column("m", Integer, index=True)', ""),
    ('UniqueConstraint("n")', ""),
    ("", 'UniqueConstraint("n")'),
    ("", f'Column("m", {_CHECKED})'),
    (f'Column("m", {_CHECKED})', ""),
    ('Column("m", String(9))', f'Column("m", {_CHECKED})'),
    ('Column("m", String(9))', "Column('m', String(9)), CheckConstraint(\"m IN ('a', 'b')\")"),
    ('Column("m", Integer)', 'Column("m", Integer), CheckConstraint("m IN (1, 2)", name="two")'),
    ("", "Column(\"m\", String(9)), CheckConstraint(\"m IN ('a', 'b')\")"),
    (
        'Column("m", String(9)), CheckConstraint("m IN (\'a\', \'b\')", name="ab")',
        'Column("m", String(9)), CheckConstraint("m NOT IN (\'a\', \'b\')", name="ab")',
    ),
    ("", 'Column("m", Enum("a", "b", name="one_ab", native_enum=False, create_constraint=True))'),
    ("", 'Column("m", Boolean(create_constraint=True)), Column("l", Integer)'),
    ('Index("sorted", text("n DESC"))', 'Index("sorted", text("n DESC"), "id")'),
    ('Column("m", String(9), server_default="5")', 'Column("m", Integer, server_default="6")'),
]


def all_at_once(changes: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return models before and after, where each change has a table of its own."""
    return tuple(  # type: ignore[return-value]
        "\n    ".join(
            JOB.replace("job", f"job{number}")
            .format(change[side])
            .replace("job.id", f"job{number}.id")
            for number, change in enumerate(changes)
        )
        for side in (0, 1)
    )


def test_each_is_seen_and_there_is_a_way_back(modelled: Modelled) -> None:
    said = " | ".join(go(modelled, *all_at_once(CHANGES)))
    for number, change in enumerate(CHANGES):
        assert re.search(rf"\bjob{number}\b", said), (change, said)


INDEXES = [
    (
        'Index("by_n{i}", "n", {where}=text("n > 1"))',
        'Index("by_n{i}", "n", {where}=text("n > 2"))',
    ),
    ('Index("by_n{i}", "n")', 'Index("by_n{i}", "n", {where}=text("n > 2"))'),
    ('Index("by_n{i}", text("abs(n)"))', 'Index("by_n{i}", text("abs(n + 1)"))'),
    ('Index("by_n{i}", text("abs(n)"))', ""),
]


@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_indexes(tmp_path: Path, request: pytest.FixtureRequest, url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=request.getfixturevalue(url), extra="")
    where = f"{'sqlite' if url == 'sqlite_url' else 'postgresql'}_where"
    changes = [
        (before.format(i=number, where=where), after.format(i=number, where=where))
        for number, (before, after) in enumerate(INDEXES)
    ]
    said = " | ".join(go(project, *all_at_once(changes)))
    assert all(f"job{number}" in said for number in range(len(INDEXES))), said


@pytest.mark.mysql
def test_indexes_that_mysql_makes_for_keys_come_and_go_with_them(
    tmp_path: Path, mariadb_url: str
) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    key = JOB.format('Column("m", ForeignKey("job.id"))')
    changes = go(project, key, JOB.format('Column("m", Integer)'))
    assert "drop index m on job" in changes
    other = JOB.format('Column("other", ForeignKey("job.id"))')
    say(project, key + "\n    # more")
    project.make("three")
    project.migrate()
    say(project, other + "\n    # and more")
    made = project.make("four", renames=["job.m:other"])
    assert made.changes == ("rename column job.m to other",)
    project.migrate()
    assert differences(project.database()) == ()


STATES = 'Column("state", Enum({}, name="state"))'


VALUES = [
    ("'new'", "'new', 'dead'", "add dead"),
    ("'new'", "'old', 'new'", "add old"),
    ("'new', 'dead'", "'new'", "remove dead"),
    ("'new', 'dead'", "'dead', 'new'", "order of values"),
]


def test_values_of_an_enum(on_postgresql: Modelled) -> None:
    before, after = all_at_once(
        [
            tuple(STATES.replace('name="state', f'name="state{i}').format(side) for side in sides)  # type: ignore[misc]
            for i, (*sides, _) in enumerate(VALUES)
        ]
    )
    told = {f"change type state{i}: {told}" for i, (*_, told) in enumerate(VALUES)}
    assert set(go(on_postgresql, before, after)) == told


def test_an_enum_comes_and_goes_with_its_column(on_postgresql: Modelled) -> None:
    changes = go(on_postgresql, JOB.format(""), JOB.format(STATES.format("'new', 'old'")))
    assert changes == ("create type state (new, old)", "add column job.state state")
    engine = create_engine(on_postgresql.url)
    assert inspect(engine).get_enums() == []  # type: ignore[attr-defined]
    engine.dispose()


def test_two_tables_have_one_enum(on_postgresql: Modelled) -> None:
    state = STATES.format("'x'")
    two = f"Table('a', metadata, {state}); Table('b', metadata, {state})"
    go(on_postgresql, JOB.format(""), f"{JOB.format('')}; {two}")


def test_a_default_of_a_new_value(on_postgresql: Modelled) -> None:
    before = STATES.format("'new'")
    after = 'Column("state", Enum("new", "dead", name="state"), server_default="dead")'
    go(on_postgresql, JOB.format(before), JOB.format(after))


def test_an_identity_that_sqlite_has_no_word_for(modelled: Modelled) -> None:
    table = JOB.replace("Integer, primary_key", "Integer, Identity(start=3), primary_key")
    go(modelled, table.format(""), table.format('Column("m", Integer)'))


def test_tables_that_refer_to_each_other(modelled: Modelled) -> None:
    after = """
    Table("a", metadata, Column("id", Integer, primary_key=True),
          Column("b_id", ForeignKey("b.id", name="a_to_b")))
    Table("b", metadata, Column("id", Integer, primary_key=True),
          Column("a_id", ForeignKey("a.id", name="b_to_a")))
    """
    go(modelled, JOB.format(""), f"{JOB.format('')}{after}")


def test_schemas_are_made(on_postgresql: Modelled) -> None:
    after = 'Table("t", metadata, Column("id", Integer, primary_key=True), schema="depot")'
    changes = go(on_postgresql, JOB.format(""), f"{JOB.format('')}; {after}")
    assert changes == ("create schema depot", "create table depot.t")


KIND = """
import sqlalchemy as sa
class Money(sa.types.TypeDecorator):
    impl = sa.Numeric
    cache_ok = True
"""


def test_sequences_come_before_the_columns_that_count_by_them(modelled: Modelled) -> None:
    key = 'Table("t", metadata, Column("id", Integer, primary_key=True){more})'
    counted = (
        ', Column("n", Integer, Sequence("My numbers", start=5)), '
        'Column("m", Integer, Sequence("not needed", optional=True))'
    )
    made = go(modelled, key.format(more=""), key.format(more=counted))
    has_sequences = not str(modelled.url).startswith("sqlite")
    assert ("create sequence My numbers" in made) == has_sequences
    # MariaDB has no column that counts without being the key.
    needed = "mysql" in str(modelled.url)
    assert ("create sequence not needed" in made) == needed


def test_a_type_of_the_projects_own_is_imported(modelled: Modelled) -> None:
    modelled.write("shop_kinds.py", KIND)
    say(modelled, f"from shop_kinds import Money; {JOB.format('Column(chr(115), Money(10, 2))')}")
    (path,) = modelled.make("one").paths
    assert "import shop_kinds" in path.read_text()
    modelled.migrate()
    assert differences(modelled.database()) == ()


def test_a_template_without_imports_is_refused(modelled: Modelled) -> None:
    modelled.write("shop_kinds.py", KIND)
    template = modelled.migrations / "script.py.mako"
    template.write_text(
        template.read_text()
        .replace("${imports if imports else ''}", "")
        .replace('${imports if imports else ""}', "")
    )
    say(modelled, f"from shop_kinds import Money; {JOB.format('Column(chr(115), Money(10, 2))')}")
    with pytest.raises(LbackError, match="name 'shop_kinds' is not defined") as refusal:
        modelled.make("one")
    assert "imports" in (refusal.value.hint or "")
    assert not list(modelled.versions.glob("*.py"))


def test_a_type_without_a_name_is_refused(modelled: Modelled) -> None:
    say(
        modelled,
        """
    def make():
        class Money(TypeDecorator):
            impl = Numeric
            cache_ok = True
        return Money()
    """
        + JOB.format('Column("s", make())'),
    )
    with pytest.raises(LbackError, match="no name that a migration could import"):
        modelled.make("one")


def test_rows_are_kept_where_a_table_is_copied(modelled: Modelled) -> None:
    """SQLite copies the table; what Alembic does not reflect stays."""
    before = JOB.format(
        'Column("twice", Integer, Computed("n * 2", persisted=True)), '
        'CheckConstraint("n < 99"), UniqueConstraint("n")'
    )
    say(modelled, before)
    modelled.make("one")
    modelled.migrate()
    run_sql(modelled.url, "INSERT INTO job (id, n) VALUES (1, 7)")
    say(modelled, before.replace('Column("n", Integer)', 'Column("n", BigInteger)'))
    modelled.make("two")
    modelled.migrate()
    assert run_sql(modelled.url, "SELECT id, n, twice FROM job") == [(1, 7, 14)]
    assert differences(modelled.database()) == ()
    engine = create_engine(modelled.url)
    assert len(inspect(engine).get_check_constraints("job")) == 1
    assert len(inspect(engine).get_unique_constraints("job")) == 1
    engine.dispose()


def test_what_is_not_compared_is_named(modelled: Modelled) -> None:
    """Alembic compares no primary keys, and here nobody writes them."""
    say(modelled, JOB.format('Column("m", Integer, nullable=False)'))
    modelled.make("one")
    modelled.migrate()
    assert modelled.make("two").not_compared == ()
    say(modelled, JOB.format('Column("m", Integer, primary_key=True)'))
    made = modelled.make("two")
    assert made.not_compared == ("primary key of job: (id), in the models (id, m)",)
    assert differences(modelled.database()) == (f"not compared: {made.not_compared[0]}",)


def test_values_are_cast_where_the_server_does_not_know(on_postgresql: Modelled) -> None:
    say(on_postgresql, JOB.format('Column("m", String(9))'))
    on_postgresql.make("one")
    on_postgresql.migrate()
    run_sql(on_postgresql.url, "INSERT INTO job (id, m) VALUES (1, '7')")
    say(on_postgresql, JOB.format('Column("m", Integer)'))
    on_postgresql.make("two")
    on_postgresql.migrate()
    assert run_sql(on_postgresql.url, "SELECT m FROM job") == [(7,)]
    on_postgresql.back()
    assert run_sql(on_postgresql.url, "SELECT m FROM job") == [("7",)]


DEFAULTS = [
    ('String(9), server_default="40"', 'Integer, server_default="40"'),
    ('String(9), server_default="40"', "Integer"),
    ("String(9)", 'Integer, server_default="7", nullable=False'),
    ('Enum("7", "8", name="{}"), server_default="7"', 'String(9), server_default="7"'),
    ('Boolean, server_default="true"', 'Integer, server_default="1"'),
]


def test_a_default_goes_along_where_the_server_does_not_cast_it(on_postgresql: Modelled) -> None:
    states = []
    for side in (0, 1):
        columns = [f"Column('m{n}', {one[side].format(f'e{n}')})" for n, one in enumerate(DEFAULTS)]
        states.append(JOB.format(", ".join(columns)))
    url = on_postgresql.url
    say(on_postgresql, states[0])
    on_postgresql.make("one")
    on_postgresql.migrate()
    assert differences(on_postgresql.database()) == ()
    run_sql(url, "INSERT INTO job (id, m2) VALUES (1, '5')")
    say(on_postgresql, states[1])
    on_postgresql.make("two", defaults=["job.m2=7"])
    on_postgresql.migrate()
    assert differences(on_postgresql.database()) == ()
    run_sql(url, "INSERT INTO job (id) VALUES (2)")
    rows = "SELECT m0, m1, m2, m3, m4 FROM job ORDER BY id"
    assert run_sql(url, rows) == [(40, 40, 5, "7", 1), (40, None, 7, "7", 1)]
    on_postgresql.back()
    run_sql(url, "INSERT INTO job (id) VALUES (3)")
    assert run_sql(url, rows)[2] == ("40", "40", None, "7", True)
    on_postgresql.migrate()


def test_an_in_of_postgresql_comes_back_as_it_was(on_postgresql: Modelled) -> None:
    bare = "Table('other', metadata, Column('id', Integer, primary_key=True))"
    check = "Column('m', String(9)), CheckConstraint(\"m {}IN ('a', 'it''s')\", name='said')"
    for word in ("", "NOT "):
        say(on_postgresql, JOB.format(check.format(word)))
        on_postgresql.make(f"one{word.strip()}")
        on_postgresql.migrate()
        before = run_sql(on_postgresql.url, _CHECKS)
        for name, left in (("two", JOB.format("Column('m', String(9))")), ("three", bare)):
            say(on_postgresql, left)
            on_postgresql.make(f"{name}{word.strip()}", no_rename=True)
            on_postgresql.migrate()
            on_postgresql.back()
            assert run_sql(on_postgresql.url, _CHECKS) == before
            (path,) = on_postgresql.versions.glob(f"*_{name}{word.strip().lower()}.py")
            path.unlink()


_CHECKS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'said'"


@pytest.mark.mysql
def test_keys_that_mysql_names_after_their_table_are_renamed_with_it(
    tmp_path: Path, mariadb_url: str
) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    say(project, JOB.format('Column("m", ForeignKey("job.id"))'))
    project.make("one")
    project.migrate()
    say(project, JOB.format('Column("m", Integer)').replace('"job"', '"task"'))
    project.make("two", renames=["job:task"])
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    project.migrate()


def test_a_percent_sign_stays_one_where_a_table_is_copied(modelled: Modelled) -> None:
    more = 'Column("m", String(9), server_default="50%"), CheckConstraint("m <> \'5%\'")'
    say(modelled, JOB.format(more))
    modelled.make("one")
    modelled.migrate()
    say(modelled, JOB.format(more).replace('"n", Integer', '"n", BigInteger'))
    modelled.make("two")
    modelled.migrate()
    assert differences(modelled.database()) == ()
    run_sql(modelled.url, "INSERT INTO job (id) VALUES (1)")
    assert run_sql(modelled.url, "SELECT m FROM job") == [("50%",)]
    modelled.back()
    modelled.migrate()


@on("sqlite", "postgresql")  # keys of MariaDB never wait
def test_a_key_that_may_wait_gets_its_new_name_too(modelled: Modelled) -> None:
    task = "Table('{0}', metadata, Column('id', Integer, primary_key=True))"
    key = 'Column("m", Integer), ForeignKeyConstraint(["m"], ["{0}.id"], name="to_{0}", {1})'
    words = 'deferrable=True, initially="DEFERRED"'
    for name, renames in (("task", []), ("duty", ["task:duty"])):
        say(modelled, f"{task.format(name)}; {JOB.format(key.format(name, words))}")
        modelled.make(name, renames=renames)
        modelled.migrate()
        engine = create_engine(modelled.url)
        (found,) = inspect(engine).get_foreign_keys("job")
        engine.dispose()
        assert (found["name"], found["options"]) == (
            f"to_{name}", {"deferrable": True, "initially": "DEFERRED"},
        )  # fmt: skip
    modelled.back()
    modelled.migrate()


TASK = """
    Table("task", metadata, Column("id", Integer, primary_key=True),
        Column("job", {}), ForeignKeyConstraint(["job"], ["job.id"], name="to_job"){})"""
KEPT_BY = [
    ("Integer, unique=True", "Integer"),
    ("Integer, index=True", "Integer, unique=True"),
    ("Integer, unique=True", "Integer, index=True"),
    ("Integer, index=True", "Integer"),
]


@pytest.mark.mysql
@pytest.mark.parametrize(("before", "after"), KEPT_BY)
def test_an_index_that_mysql_needs_for_a_key_is_replaced_at_once(
    tmp_path: Path, mariadb_url: str, before: str, after: str
) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    for name, kind in (("one", before), ("two", after)):
        say(project, JOB.format("") + TASK.format(kind, ""))
        project.make(name)
        project.migrate()
        assert differences(project.database()) == ()
    engine = create_engine(project.url)
    indexes = inspect(engine).get_indexes("task")
    assert [index["unique"] for index in indexes] == ["unique" in after]
    engine.dispose()
    if len(project.database().graph.heads) and list(project.versions.glob("*_two.py")):
        project.back()
        project.migrate()


@pytest.mark.parametrize("key", ["", ', Index("by_job", "job", "id", unique=True)'])
def test_a_table_with_a_key_and_its_index_comes_and_goes(modelled: Modelled, key: str) -> None:
    task = TASK.format("Integer, index=True", key)
    go(modelled, JOB.format(""), JOB.format("") + task)
    for path in modelled.versions.glob("*.py"):
        path.unlink()
    run_sql(modelled.url, "DELETE FROM alembic_version")
    run_sql(modelled.url, "DROP TABLE job")
    go(modelled, JOB.format("") + task, JOB.format(""))


def test_tables_that_refer_to_each_other_go_and_come_back(modelled: Modelled) -> None:
    before = """
    Table("a", metadata, Column("id", Integer, primary_key=True),
          Column("b_id", ForeignKey("b.id", name="a_to_b")))
    Table("b", metadata, Column("id", Integer, primary_key=True),
          Column("a_id", ForeignKey("a.id", name="b_to_a")))
    """
    go(modelled, f"{JOB.format('')}{before}", JOB.format(""))


@pytest.mark.parametrize("url", ["postgres_url", "mariadb_url"])
def test_names_with_a_percent_sign_are_renamed(
    tmp_path: Path, request: pytest.FixtureRequest, url: str
) -> None:
    project = Modelled(tmp_path / "project", ENV, url=request.getfixturevalue(url), extra="")
    for name, index in (("one", "old%"), ("two", "new%")):
        say(project, JOB.format(f'Index("{index}", "n")'))
        project.make(name)
        project.migrate()
        engine = create_engine(project.url)
        (found,) = inspect(engine).get_indexes("job")
        engine.dispose()
        assert found["name"] == index
    project.back()
    project.migrate()
