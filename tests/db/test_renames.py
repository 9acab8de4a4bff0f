"""Renames found by a comparison: what is with them follows, there and back, on each database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from lback.db.autogenerate import differences
from lback.errors import LbackError, UsageError
from tests.db.test_autogenerate import ENV, Modelled, columns, run_sql

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
                "checks": sorted(row["sqltext"] for row in seen.get_check_constraints(table)),
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
        seen = seen.replace("fk_users_boss_id", "").replace("pk_users", "")
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
