"""Renames found by a comparison: what is with them follows, there and back, on each database."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from lback.db.autogenerate import Draft, differences, make_revision
from lback.db.questions import GivenAnswers, QuestionsLeft
from lback.db.settling import count_rows
from lback.errors import LbackError, UsageError
from tests.db.test_autogenerate import ENV, Modelled, columns, run_sql
from tests.servers import fresh_database, on

# Whatever a table may have that goes by its name or by that of a column.
SHOP = """
    from sqlalchemy import *
    metadata = MetaData({convention})
    Table("users", metadata,
        Column("id", Integer, primary_key=True),
        Column("email", String(50), nullable=False, unique=True, server_default="none",
               comment="where to write"),
        Column("age", Integer, index=True),
        Column("boss_id", Integer, ForeignKey("users.id")),
        CheckConstraint("age > 0", name="age_is_positive"),
        UniqueConstraint("email", "age", name="email_and_age"),
        Index("by_email_and_age", "email", "age"))
    Table("orders", metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
        Column("email", String(50), ForeignKey("users.email")))
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("text", Text))
"""
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
ROWS = (
    "INSERT INTO users (email, age) VALUES ('ada@x', 36)",
    "INSERT INTO users (email, age, boss_id) VALUES ('bob@x', 20, 1)",
    "INSERT INTO orders (id, user_id, email) VALUES (7, 1, 'ada@x')",
)


@pytest.fixture
def project(tmp_path: Path, any_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=any_url, extra="compare_server_default=True,")


def schema_of(url: str) -> dict[str, Any]:
    """Return all of the schema that can be seen, by table."""
    engine = create_engine(url)
    try:
        seen = inspect(engine)
        return {
            table: {
                "columns": {
                    row["name"]: (
                        str(row["type"]),
                        row["nullable"],
                        row.get("default"),
                        row.get("comment"),
                        row.get("autoincrement"),
                    )
                    for row in seen.get_columns(table)
                },
                "pk": seen.get_pk_constraint(table),
                "fks": sorted(map(str, seen.get_foreign_keys(table))),
                "indexes": sorted(map(str, seen.get_indexes(table))),
                "uniques": sorted(map(str, seen.get_unique_constraints(table))),
                "checks": sorted(
                    f"{row['name']}: {row['sqltext']}" for row in seen.get_check_constraints(table)
                ),
            }
            for table in seen.get_table_names()
            if not table.startswith(("alembic", "lback"))
        }
    finally:
        engine.dispose()


def start(project: Modelled, url: str, models: str = SHOP, convention: object = None) -> str:
    text = models.replace("{convention}", f"naming_convention={convention!r}" if convention else "")
    project.models(text)
    project.make("one")
    project.migrate()
    for row in ROWS:
        run_sql(url, row)
    return text


def there_and_back(project: Modelled, url: str, text: str, **answers: Any) -> dict[str, Any]:
    """Change the models, migrate, and back again; return the schema that was reached."""
    before = schema_of(url)
    project.models(text)
    project.make("two", **answers)
    project.migrate()
    assert differences(project.database()) == ()
    after = schema_of(url)
    project.back()
    assert schema_of(url) == before
    project.migrate()
    assert schema_of(url) == after
    return after


def shape(schema: dict[str, Any]) -> dict[str, Any]:
    """Return how much of everything a schema has."""
    return {
        table: {kind: len(parts) for kind, parts in held.items()} for table, held in schema.items()
    }


@pytest.mark.parametrize("convention", [None, CONVENTION], ids=["plain", "named"])
def test_everything_of_a_column_follows_it(
    project: Modelled, any_url: str, convention: object
) -> None:
    text = start(project, any_url, convention=convention)
    before = schema_of(any_url)
    text = text.replace(
        'Column("email", String(50), nullable', 'Column("mail", String(50), nullable'
    )
    text = text.replace('"email", "age"', '"mail", "age"').replace("users.email", "users.mail")
    after = there_and_back(project, any_url, text, renames=["users.email:mail"])
    assert shape(after) == shape(before)
    was, now = before["users"]["columns"]["email"], after["users"]["columns"]["mail"]
    assert now == was
    assert run_sql(any_url, "SELECT mail FROM users ORDER BY id") == [("ada@x",), ("bob@x",)]


@pytest.mark.parametrize("convention", [None, CONVENTION], ids=["plain", "named"])
def test_everything_of_a_table_follows_it(
    project: Modelled, any_url: str, convention: object
) -> None:
    text = start(project, any_url, convention=convention)
    before = schema_of(any_url)
    text = text.replace('"users"', '"people"').replace("users.", "people.")
    after = there_and_back(project, any_url, text, renames=["users:people"])
    before["people"] = before.pop("users")
    assert shape(after) == shape(before)
    seen = str(after)
    if "postgres" not in any_url:  # where keys are not renamed without being made anew
        seen = re.sub("(fk|pk|ck)_users", "", seen)
    assert "users" not in seen
    assert run_sql(any_url, "SELECT email FROM people WHERE id = 1") == [("ada@x",)]
    run_sql(any_url, "INSERT INTO people (email, age) VALUES ('eve@x', 1)")


def test_a_rename_with_whatever_else_changed(project: Modelled, any_url: str) -> None:
    text = start(project, any_url)
    text = text.replace('"users"', '"people"').replace("users.", "people.")
    text = text.replace(
        'Column("age", Integer, index=True)',
        'Column("years", BigInteger, index=True, nullable=False, server_default="1",'
        ' comment="since birth"), Column("nick", String(20))',
    )
    text = text.replace("age > 0", "years > 0").replace('"email", "age"', '"email", "years"')
    after = there_and_back(
        project,
        any_url,
        text,
        renames=["users:people", "people.age:people.years"],
        defaults=["people.years=1"],
    )
    type_, nullable, default, comment, _ = after["people"]["columns"]["years"]
    assert type_.startswith("BIGINT") and not nullable and "1" in default
    assert comment == (None if any_url.startswith("sqlite") else "since birth")
    assert run_sql(any_url, "SELECT years FROM people WHERE id = 1") == [(36,)]


def test_two_names_are_swapped(project: Modelled, any_url: str) -> None:
    text = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True),
        Column("first", String(50)), Column("last", String(60)))
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("text", Text))
    """
    project.models(text)
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, first, last) VALUES (1, 'Ada', 'Lovelace')")
    text = text.replace("first", "?").replace("last", "first").replace("?", "last")
    text += "    # another length\n"
    text = text.replace("users", "?").replace("notes", "users").replace("?", "notes")
    there_and_back(
        project,
        any_url,
        text,
        renames=["users:notes", "notes:users", "notes.first:last", "notes.last:first"],
    )
    assert run_sql(any_url, "SELECT last, first FROM notes") == [("Ada", "Lovelace")]


def test_an_index_under_another_name_is_renamed(project: Modelled, any_url: str) -> None:
    text = start(project, any_url).replace("by_email_and_age", "by_mail")
    before = schema_of(any_url)
    project.models(text)
    made = project.make("two")
    if not any_url.startswith("sqlite"):
        assert made.changes == ("rename index by_email_and_age to by_mail",)
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    assert schema_of(any_url) == before


ODD = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("us%er s", metadata,
        Column("Id", Integer, primary_key=True),
        Column("e:ma%il", String(50), nullable=False, unique=True, server_default="50%"),
        Column("the age", Integer, index=True),
        Column("up", Integer, ForeignKey("us%er s.Id")),
        Index("by %both", "the age", "e:ma%il"))
    Table("{long}", metadata, Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("us%er s.Id")), Column("{long}", Integer, index=True))
"""


def test_names_that_want_quotes_and_names_that_are_cut(project: Modelled, any_url: str) -> None:
    text = ODD.replace("{long}", "l" * 50)
    project.models(text)
    project.make("one")
    project.migrate()
    quote = "`" if any_url.startswith("mysql") else '"'
    row = "INSERT INTO 'us%er s' ('Id', 'the age') VALUES (1, 7)"
    run_sql(any_url, row.replace("'", quote))
    before = shape(schema_of(any_url))
    text = text.replace("us%er s", "Pe%ople").replace('"Id"', '"id"').replace(".Id", ".id")
    text = text.replace("the age", "Age").replace("l" * 50, "m" * 50)
    after = there_and_back(
        project,
        any_url,
        text,
        renames=[
            "us%er s:Pe%ople",
            "Pe%ople.Id:id",
            "Pe%ople.the age:Age",
            f"{'l' * 50}:{'m' * 50}",
            f"{'m' * 50}.{'l' * 50}:{'m' * 50}",
        ],
    )
    before["Pe%ople"], before["m" * 50] = before.pop("us%er s"), before.pop("l" * 50)
    assert shape(after) == before
    age = "SELECT 'Age' FROM 'Pe%ople'".replace("'", quote)
    assert run_sql(any_url, age) == [(7,)]


def test_a_table_may_get_other_capitals(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    text = (project.root / "models.py").read_text() + "# another length\n"
    there_and_back(project, any_url, text.replace('"users"', '"Users"'), renames=["users:Users"])


@pytest.mark.parametrize(
    ("rename", "why"),
    [
        ("users.nmae:users.full_name", "the database has no column users.nmae"),
        ("users.name:users.full_nmae", "the models have no column users.full_nmae"),
        ("user:people", "the database has no table user"),
        ("users:people", "the models have no table people"),
        ("users.id:users.full_name", "the models still have users.id"),
        ("users.name:users.id", "the database has a column users.id already"),
        ("users.name:orders.name", "leaves a column in its table"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(project: Modelled, rename: str, why: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    project.users('Column("full_name", Text, nullable=False)')
    with pytest.raises(UsageError, match=why):
        project.make("two", renames=[rename])
    assert len(list(project.versions.glob("*.py"))) == 1


@pytest.mark.parametrize(
    "answers",
    [
        {"renames": ["users.name:a", "users.name:b"]},
        {"renames": ["users.name:a", "users.x:a"]},
        {"renames": ["users.name:a", "users.name:a"]},
        {"renames": ["users.name:name"]},
        {"renames": ["users.name:a"], "drops": ["users.name"]},
        {"drops": ["users.name", "users.name"]},
        {"defaults": ["users.name=a", "users.name=b"]},
    ],
)
def test_answers_that_contradict_each_other_are_refused(
    project: Modelled, answers: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=r"twice|contradict|the same"):
        project.make("one", **answers)


@pytest.mark.parametrize(
    "answers",
    [{"defaults": ["users.name=x"]}, {"defaults": ["users.nmae=x"]}, {"drops": ["users.nmae"]}],
)
def test_an_answer_that_nothing_asks_for_is_refused(
    project: Modelled, answers: dict[str, Any]
) -> None:
    project.users('Column("name", String(50))')
    with pytest.raises(UsageError, match="no question"):
        project.make("one", **answers)
    assert not list(project.versions.glob("*.py"))


def test_a_name_with_a_colon_is_renamed_by_the_option_that_is_offered(
    project: Modelled, any_url: str
) -> None:
    project.users('Column("a:b", Integer)')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id) VALUES (1)")
    project.users('Column("b:cd", Integer)')
    with pytest.raises(QuestionsLeft) as left:
        project.make("two")
    (question,) = left.value.questions
    option, pair = shlex.split(question.options[0])
    assert (option, pair) == ("--rename", "users.a::b:users.b::cd")
    project.make("two", renames=[pair])
    project.migrate()
    assert "b:cd" in columns(any_url) and "a:b" not in columns(any_url)
    with pytest.raises(UsageError, match="OLD:NEW"):
        project.make("three", renames=["users.b:c:d"])


def test_a_column_of_another_type_may_be_renamed(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    project.users('Column("full_name", String(80), nullable=False)')
    with pytest.raises(LbackError, match=r"users\.name"):
        project.make("two")
    project.make("two", renames=["users.name:full_name"], defaults=["users.full_name=x"])
    project.migrate()
    assert run_sql(any_url, "SELECT full_name FROM users") == [("Ada",)]
    assert columns(any_url)["full_name"]["nullable"] is False


def test_an_enum_under_another_name_is_renamed(tmp_path: Path, postgres_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")
    text = """
    from sqlalchemy import *
    metadata = MetaData()
    kind = Enum("one", "two", name="kind")
    Table("users", metadata, Column("id", Integer, primary_key=True), Column("a", kind),
        Column("b", kind, server_default="one"))
    """
    project.models(text)
    project.make("one")
    project.migrate()
    run_sql(postgres_url, "INSERT INTO users (id, a) VALUES (1, 'two')")
    project.models(text.replace('"kind"', '"sort_of"').replace('"a"', '"first"'))
    made = project.make("two", renames=["users.a:first"])
    assert made.changes == ("rename column users.a to first", "rename type kind to sort_of")
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    assert run_sql(postgres_url, "SELECT a, b FROM users") == [("two", "one")]


def test_a_computed_column_stays_one(project: Modelled, any_url: str) -> None:
    twice = 'Column("twice", Integer, Computed("age * 2", persisted=True))'
    project.users('Column("age", Integer)', twice)
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, age) VALUES (1, 4)")
    twice = twice.replace("twice", "double").replace("age", "years")
    project.users('Column("years", Integer)', twice)
    project.make("two", renames=["users.age:years", "users.twice:double"])
    project.migrate()
    double = "`double`" if any_url.startswith("mysql") else "double"
    run_sql(any_url, "UPDATE users SET years = 5")
    assert run_sql(any_url, f"SELECT {double} FROM users") == [(10,)]
    project.back()
    run_sql(any_url, "UPDATE users SET age = 6")
    assert run_sql(any_url, "SELECT twice FROM users") == [(12,)]


def test_what_a_column_has_of_mysqls_own_is_kept(tmp_path: Path, mariadb_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    text = """
    from sqlalchemy import *
    from sqlalchemy.dialects import mysql
    metadata = MetaData()
    Table("users", metadata,
        Column("id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=True),
        Column("word", mysql.VARCHAR(9, charset="latin1", collation="latin1_bin")),
        Column("at", mysql.TIMESTAMP, nullable=False, server_default=text(
            "current_timestamp() ON UPDATE current_timestamp()")))
    """
    project.models(text)
    project.make("one")
    project.migrate()
    before = schema_of(mariadb_url)["users"]["columns"]
    new = text.replace('"id"', '"key"').replace('"word"', '"term"').replace('"at"', '"seen"')
    renames = ["users.id:key", "users.word:term", "users.at:seen"]
    after = there_and_back(project, mariadb_url, new, renames=renames)["users"]["columns"]
    assert list(after.values()) == list(before.values())


def test_the_sql_of_a_rename_is_that_of_what_comes_after_it(
    project: Modelled, any_url: str
) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    before = schema_of(any_url)
    project.models(
        """
        from sqlalchemy import *
        metadata = MetaData()
        Table("people", metadata, Column("id", Integer, primary_key=True),
              Column("full_name", String(60), nullable=False))
        """
    )
    answers = GivenAnswers.from_options(
        ["users:people", "people.name:full_name"], defaults=["people.full_name=it's 5%"]
    )
    made = make_revision(project.database(), Draft("two"), answers, with_sql=True)
    assert "RENAME TO people" in made.sql or "RENAME people" in made.sql
    assert made.sql.index("full_name") < made.sql.index("UPDATE people SET full_name='it''s 5%")
    assert schema_of(any_url) == before


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mysql),
    ],
)
def test_no_table_is_held_while_somebody_thinks(tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        run_sql(url, "CREATE TABLE users (id INTEGER)", "INSERT INTO users VALUES (1)")
        engine = create_engine(url)
        with engine.connect() as connection:
            context, given = MigrationContext.configure(connection), GivenAnswers.from_options()
            assert count_rows(context, given, "users", None) == 1
            assert count_rows(context, given, "users", None, "id") == 1
            assert count_rows(context, given, "nothing", None) is None
            limit = "lock_timeout = '3s'" if kind == "postgresql" else "lock_wait_timeout = 3"
            run_sql(url, f"SET {limit}", "ALTER TABLE users ADD COLUMN age INTEGER")
        engine.dispose()


@on("sqlite", "postgresql")  # MariaDB has no partial indexes
def test_the_predicate_of_an_index_goes_by_the_new_name(project: Modelled, any_url: str) -> None:
    text = """
    from sqlalchemy import *
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True), Column("age", Integer),
        Index("by_age", "age", sqlite_where=text("age > 5"), postgresql_where=text("age > 5")))
    """
    project.models(text)
    project.make("one")
    project.migrate()
    project.models(text.replace("age > 5", "years > 25").replace("age", "years"))
    project.make("two", renames=["users.age:years"])
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    engine = create_engine(any_url)
    (index,) = inspect(engine).get_indexes("users")
    engine.dispose()
    (where,) = (text for name, text in index["dialect_options"].items() if "_where" in name)
    assert str(where).strip("()") == "age > 5"
    project.migrate()


def test_a_new_name_is_quoted_where_it_has_to_be(project: Modelled, any_url: str) -> None:
    mark = "`" if any_url.startswith("mysql") else '"'

    def say(name: str, quoted: str, limit: int) -> None:
        twice = f"Column('twice', Integer, Computed('{quoted} * 2', persisted=True))"
        project.users(
            f"Column('{name}', Integer)",
            twice,
            f"CheckConstraint('{quoted} < {limit}', name='small')",
            f"CheckConstraint('{quoted} > 0', name='positive')",
        )

    say("age", "age", 90)
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, age) VALUES (1, 4)")
    say("the Years", f"{mark}the Years{mark}", 99)
    project.make("two", renames=["users.age:the Years"])
    project.migrate()
    assert differences(project.database()) == ()
    assert run_sql(any_url, f"SELECT {mark}the Years{mark}, twice FROM users") == [(4, 8)]
    project.back()
    assert run_sql(any_url, "SELECT age, twice FROM users") == [(4, 8)]
    project.migrate()
