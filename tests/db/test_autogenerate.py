from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from lback.app.rollback import RollbackOptions, rollback
from lback.core.plans import plan_downgrade, plan_upgrade
from lback.db.autogenerate import (
    Draft,
    Generated,
    differences,
    make_empty_revision,
    make_revision,
)
from lback.db.questions import GivenAnswers
from lback.errors import LbackError, UsageError
from lback.project.context import Context
from lback.project.options import Options
from tests.db.projects import Project

ENV = """
    import importlib
    from alembic import context
    from sqlalchemy import create_engine, pool
    import models

    importlib.reload(models)
    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=models.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            {extra}
        )
        with context.begin_transaction():
            context.run_migrations()
"""

USERS = """
    from sqlalchemy import *
    from sqlalchemy.dialects import mysql, postgresql
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True), {columns})
"""


class Modelled(Project):
    """A project with models, whose database follows them."""

    def models(self, text: str) -> None:
        self.write("models.py", textwrap.dedent(text))

    def users(self, *columns: str) -> None:
        self.models(USERS.format(columns=", ".join(columns)))

    def make(self, name: str, **answers: object) -> Generated:
        return make_revision(
            self.database(),
            Draft(name),
            GivenAnswers.from_options(**answers),  # type: ignore[arg-type]
        )

    def migrate(self) -> None:
        database = self.database()
        database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))

    def back(self) -> None:
        database = self.database()
        head = database.graph.heads[0]
        database.run(lambda stamp: plan_downgrade(database.graph, stamp.revisions, {head}).steps)


@pytest.fixture
def project(tmp_path: Path, any_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=any_url, extra="")


def columns(url: str, table: str = "users") -> dict[str, dict[str, object]]:
    engine = create_engine(url)
    try:
        return {one["name"]: dict(one) for one in inspect(engine).get_columns(table)}
    finally:
        engine.dispose()


def run_sql(url: str, *statements: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = [connection.execute(text(one)) for one in statements][-1]
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def test_the_main_path(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    made = project.make("add users table")
    assert made.changes == ("create table users",)
    (path,) = made.paths
    assert path.name == f"{made.revisions[0]}_add_users_table.py"
    assert path.parent == project.versions
    assert not list(project.versions.glob("__pycache__"))
    project.migrate()
    assert set(columns(any_url)) == {"id", "name"}
    assert project.make("nothing").paths == ()
    assert differences(project.database()) == ()
    project.back()
    assert differences_after_upgrade_missing(project)
    project.migrate()
    assert set(columns(any_url)) == {"id", "name"}


def differences_after_upgrade_missing(project: Modelled) -> bool:
    with pytest.raises(LbackError, match="lacks 1 revision"):
        differences(project.database())
    return True


def test_a_rename_of_a_column_keeps_the_values(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50), nullable=False)')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    project.users('Column("full_name", String(50), nullable=False)')
    with pytest.raises(LbackError, match=r"users\.name") as refusal:
        project.make("two")
    assert "--rename users.name:users.full_name" in (refusal.value.hint or "")
    made = project.make("two", renames=["users.name:full_name"])
    assert made.changes == ("rename column users.name to full_name",)
    project.migrate()
    assert run_sql(any_url, "SELECT full_name FROM users") == [("Ada",)]
    assert differences(project.database()) == ()
    project.back()
    assert run_sql(any_url, "SELECT name FROM users") == [("Ada",)]


def test_no_rename_drops_and_adds(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    # Another length: within one second Python would take the compiled models for current.
    project.users('Column("hometown", String(50))')
    made = project.make("two", no_rename=True)
    changes = ["add column users.hometown VARCHAR(50)", "drop column users.name"]
    assert sorted(made.changes) == changes


def test_a_rename_of_a_table_keeps_the_rows_and_the_index(project: Modelled, any_url: str) -> None:
    project.models(
        """
        from sqlalchemy import *
        metadata = MetaData()
        Table("users", metadata, Column("id", Integer, primary_key=True),
              Column("name", String(50)), Index("by_name", "name"))
        """
    )
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    project.models((project.root / "models.py").read_text().replace('"users"', '"people"'))
    with pytest.raises(LbackError, match="users is gone"):
        project.make("two")
    made = project.make("two", renames=["users:people"])
    assert made.changes[0] == "rename table users to people"
    assert all(change.startswith("rename ") for change in made.changes)
    project.migrate()
    assert run_sql(any_url, "SELECT name FROM people") == [("Ada",)]
    assert differences(project.database()) == ()
    project.back()
    assert run_sql(any_url, "SELECT name FROM users") == [("Ada",)]


@pytest.mark.parametrize(
    ("column", "answer", "expected"),
    [
        ("Column('age', Integer, nullable=False)", "users.age=7", 7),
        ("Column('age', Text, nullable=False)", "users.age=it's 12:30 :x", "it's 12:30 :x"),
        ("Column('age', Boolean, nullable=False)", "users.age=true", True),
    ],
)
def test_not_null_gives_existing_rows_a_value(
    project: Modelled, any_url: str, column: str, answer: str, expected: object
) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    project.users('Column("name", String(50))', column)
    with pytest.raises(LbackError, match=r"users\.age .* NOT NULL") as refusal:
        project.make("two")
    assert "--default users.age=VALUE" in (refusal.value.hint or "")
    project.make("two", defaults=[answer])
    project.migrate()
    assert run_sql(any_url, "SELECT age FROM users") == [(expected,)]
    after = columns(any_url)["age"]
    assert (after["nullable"], after["default"]) == (False, None)
    assert differences(project.database()) == ()
    project.back()
    assert "age" not in columns(any_url)


def test_a_null_that_is_forbidden_later_is_filled(project: Modelled, any_url: str) -> None:
    project.users('Column("age", Integer)')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id) VALUES (1)")
    project.users('Column("age", Integer, nullable=False)')
    project.make("two", defaults=["users.age=5"])
    project.migrate()
    assert run_sql(any_url, "SELECT age FROM users") == [(5,)]
    assert columns(any_url)["age"]["nullable"] is False


def test_the_models_own_default_answers(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    more = 'Column("m", Integer, default=3, nullable=False)'
    project.users('Column("name", String(50))', more.replace('"m"', '"n"'), more)
    project.make("two", defaults=["users.m=4"])
    project.migrate()
    assert run_sql(any_url, "SELECT n, m FROM users") == [(3, 4)]


def test_a_value_of_the_wrong_type_is_refused(project: Modelled) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))', 'Column("n", Integer, nullable=False)')
    with pytest.raises(UsageError, match="no number"):
        project.make("two", defaults=["users.n=many"])
    assert len(list(project.versions.glob("*.py"))) == 1


def test_a_default_may_have_an_equals_sign_in_names_and_in_the_value(
    project: Modelled, any_url: str
) -> None:
    quoted = "`a=b`" if any_url.startswith("mysql") else '"a=b"'
    project.models(EQUALS.format(more=""))
    project.make("one")
    project.migrate()
    run_sql(any_url, f"INSERT INTO {quoted} (id) VALUES (1)")
    more = "".join(f", Column({name!r}, String(9), nullable=False)" for name in ("c=d", "e"))
    project.models(EQUALS.format(more=more))
    with pytest.raises(LbackError) as refusal:
        project.make("two")
    assert "`--default a=b.c=d=VALUE`" in (refusal.value.hint or "")
    project.make("two", defaults=["a=b.c=d=x", "a=b.e==1"])
    project.migrate()
    assert run_sql(any_url, f"SELECT * FROM {quoted}") == [(1, "x", "=1")]


def test_what_a_default_means_has_to_be_clear(project: Modelled) -> None:
    project.models(EQUALS.format(more=""))
    project.make("one")
    project.migrate()
    more = "".join(f", Column({name!r}, String(9), nullable=False)" for name in ("c=d", "c"))
    project.models(EQUALS.format(more=more))
    for given, said in (
        (["a=b.c=d=x"], "meant for a=b.c=d and for a=b.c"),
        (["a=b.c=1", "a=b.c=2"], "given twice for a=b.c"),
        (["age=1.5", "a=b.c=1", "a=b.c=d"], r"age=1.5: write TABLE.COLUMN=VALUE"),
        (["age"], r"age: write TABLE.COLUMN=VALUE"),
    ):
        with pytest.raises(UsageError, match=said):
            project.make("two", defaults=given)
    assert not list(project.versions.glob("*_two.py"))


EQUALS = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("a=b", metadata, Column("id", Integer, primary_key=True){more})
"""


def test_the_sql_of_a_draft_runs_nothing(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    made = make_revision(project.database(), Draft("x"), GivenAnswers(), with_sql=True)
    assert "CREATE TABLE users" in made.sql
    project.migrate()
    project.users('Column("name", String(50))', 'Column("n", Integer, nullable=False)')
    answers = GivenAnswers.from_options(defaults=["users.n=1"])
    made = make_revision(project.database(), Draft("y"), answers, with_sql=True)
    assert "NOT NULL" in made.sql
    assert set(columns(any_url)) == {"id", "name"}


def test_the_sql_of_a_draft_has_each_index_and_key_once(project: Modelled) -> None:
    project.users()
    project.make("one")
    project.migrate()
    more = 'Column("mail", String(50), index=True)', 'Column("code", String(9), unique=True)'
    project.users(*more)
    made = make_revision(project.database(), Draft("y"), GivenAnswers(), with_sql=True)
    assert made.sql.count("ix_users_mail") == 1
    assert made.sql.count("UNIQUE") == 1
    project.migrate()
    assert differences(project.database()) == ()


def test_the_ledger_never_appears(project: Modelled, any_url: str) -> None:
    run_sql(any_url, "CREATE TABLE lback_ledger (id INTEGER, revision VARCHAR(20))")
    project.users('Column("name", String(50))')
    assert project.make("one").changes == ("create table users",)
    project.migrate()
    assert differences(project.database()) == ()


def test_the_projects_own_filters_and_directives_still_count(
    tmp_path: Path, sqlite_url: str
) -> None:
    extra = """include_object=lambda o, n, t, r, c: n != "hidden",
            process_revision_directives=models.directives,"""
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra=extra)
    project.models(
        """
        from sqlalchemy import *
        metadata = MetaData()
        Table("users", metadata, Column("id", Integer, primary_key=True))
        Table("hidden", metadata, Column("id", Integer, primary_key=True))
        def directives(context, revision, directives):
            assert context.config.cmd_opts.autogenerate
            directives[0].rev_id = "0001"
            if directives[0].upgrade_ops.is_empty():
                directives[:] = []
        """
    )
    made = project.make("one")
    assert (made.changes, made.revisions) == (("create table users",), ("0001",))
    project.migrate()
    assert project.make("two").paths == ()


def test_empty(tmp_path: Path, sqlite_url: str) -> None:
    project = Modelled(tmp_path / "project", "raise SystemExit(1)")
    first = make_empty_revision(project.database(), Draft("by hand", rev_id="0001"))
    assert first.paths == (project.versions / "0001_by_hand.py",)
    second = make_empty_revision(project.database(), Draft("by hand", rev_id="0002"))
    assert "down_revision = '0001'" in second.paths[0].read_text()


def test_several_heads_need_a_choice(tmp_path: Path) -> None:
    project = Modelled(tmp_path / "project", "raise SystemExit(1)")
    project.add("base")
    project.add("left", "base")
    project.add("right", "base")
    with pytest.raises(LbackError, match=r"2 heads: left .*, right") as refusal:
        make_empty_revision(project.database(), Draft("x"))
    assert "--head left" in (refusal.value.hint or "")
    made = make_empty_revision(project.database(), Draft("x", head="right"))
    assert "down_revision = 'right'" in made.paths[0].read_text()


def test_a_rollback_may_leave_a_name_to_a_key_that_had_none(project: Modelled) -> None:
    """SQLite's batches name each constraint that they make; an index is said as it is made."""
    key = 'Column("of", Integer, ForeignKey("users.id"{}))'
    project.users(key.format(""), 'Column("name", String(20))')
    project.make("one")
    project.migrate()
    project.users(
        key.format(', ondelete="CASCADE"'), 'Column("name", String(20))', 'Index("ix", "name")'
    )
    made = project.make("two")
    assert "create index ix on users (name)" in made.changes
    project.migrate()
    ctx = Context(Options(directory=str(project.root)))
    assert rollback(ctx, RollbackOptions(steps=1, yes=True)).done


def test_no_models_is_said_clearly(tmp_path: Path, sqlite_url: str) -> None:
    project = Modelled(tmp_path / "project", url=sqlite_url)
    with pytest.raises(LbackError, match="names no models: target_metadata is None"):
        project.make("x")


def test_classes_that_were_not_reflected_yet_are_named(project: Modelled) -> None:
    project.models("""
        from sqlalchemy.ext.declarative import DeferredReflection
        from sqlalchemy.orm import declarative_base

        Base = declarative_base()

        class Late(DeferredReflection, Base):
            __tablename__ = "late"

        metadata = Base.metadata
    """)
    with pytest.raises(LbackError, match="no columns for late") as caught:
        project.make("x")
    assert "`prepare()`" in (caught.value.hint or "")
    assert not project.database().graph.heads


def test_file_template_timezone_and_post_write_hooks(
    tmp_path: Path, sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra="")
    project.ini(
        """
        file_template = %%(year)d/%%(rev)s-%%(slug)s
        timezone = UTC
        recursive_version_locations = true

        [post_write_hooks]
        hooks = mark
        mark.type = exec
        mark.executable = sh
        mark.options = -c "echo done by hook; echo '# marked' >> REVISION_SCRIPT_FILENAME"
        """
    )
    project.users('Column("name", String(50))')
    (path,) = project.make("one").paths
    assert path.parent.parent == project.versions
    assert path.read_text().endswith("# marked\n")
    assert "+00:00" in path.read_text()
    out, err = capfd.readouterr()
    assert out == "" and "done by hook" in err


def test_a_hook_that_fails_is_told_and_the_file_stays(tmp_path: Path, sqlite_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra="")
    project.ini(
        """
        [post_write_hooks]
        hooks = no
        no.type = exec
        no.executable = false
        """
    )
    project.users('Column("name", String(50))')
    with pytest.raises(LbackError, match="is written, and a post-write hook failed"):
        project.make("one")
    assert len(list(project.versions.glob("*.py"))) == 1


def test_nothing_is_left_of_a_file_that_cannot_be_finished(tmp_path: Path, sqlite_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=sqlite_url, extra="")
    project.users('Column("name", String(50))')
    project.write("migrations/script.py.mako", "revision = ${repr(up_revision)}\nthis is no Python")
    with pytest.raises(LbackError, match="could not be written"):
        project.make("one")
    assert not list(project.versions.glob("*.py"))


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    project = Modelled(tmp_path / "project", "raise SystemExit(1)")
    project.ini("file_template = %%(slug)s\n")
    make_empty_revision(project.database(), Draft("same name"))
    before = (project.versions / "same_name.py").read_bytes()
    with pytest.raises(LbackError, match="is there already"):
        make_empty_revision(project.database(), Draft("same name"))
    assert (project.versions / "same_name.py").read_bytes() == before
