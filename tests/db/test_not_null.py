"""NOT NULL beside rows: each value arrives as it was typed, on each database."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from lback.db.autogenerate import differences
from lback.errors import LbackError, UsageError
from tests.db.test_autogenerate import ENV, Modelled, columns, run_sql
from tests.db.test_renames import there_and_back
from tests.servers import on

NASTY = """it's 50% of "a\\b" :x ::y %(z)s %s {n} \\' -- ;"""
# Type, what is typed, and what is in the row then.
VALUES: dict[str, tuple[str, str, object]] = {
    "small": ("SmallInteger()", "-5", -5),
    "big": ("BigInteger()", "5000000000", 5_000_000_000),
    "exact": ("Numeric(6, 2)", "1234.5", Decimal("1234.50")),
    "rough": ("Float()", "2.5", 2.5),
    "flag": ("Boolean()", "yes", True),
    "word": ("String(80)", NASTY, NASTY),
    "long": ("Text()", NASTY, NASTY),
    "quoted": ("String(9)", "' x '", " x "),
    "blank": ("String(9)", "", ""),
    "day": ("Date()", "2024-02-29", datetime.date(2024, 2, 29)),
    "hour": ("Time()", "12:30", datetime.time(12, 30)),
    "moment": ("DateTime()", "2024-02-29 12:30:01", datetime.datetime(2024, 2, 29, 12, 30, 1)),
    "stamp": (
        "TIMESTAMP()",
        "2024-02-29 12:30:01",
        datetime.datetime(2024, 2, 29, 12, 30, 1),
    ),
    "span": ("Interval()", "1 day 2:30:00", datetime.timedelta(days=1, hours=2, minutes=30)),
    "id_": ("Uuid()", "0" * 31 + "1", uuid.UUID(int=1)),
    "data": ("JSON()", '{"a":1, "b": "50% \\\\ \'x\'"}', {"a": 1, "b": "50% \\ 'x'"}),
    "kind": ("Enum('one', 'it''s two'.replace(\"''\", \"'\"), native_enum=False)", "one", "one"),
    "raw": ("LargeBinary()", "ab%c", b"ab%c"),
    "made": ("String(20)", "sql:upper(name) || ''", "ADA"),
}


@pytest.fixture
def project(tmp_path: Path, any_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=any_url, extra="")


def row_of(project: Modelled, url: str) -> Any:
    """Return the one row as the project's models read it."""
    space: dict[str, Any] = {}
    exec((project.root / "models.py").read_text(), space)
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            (row,) = connection.execute(space["metadata"].tables["users"].select())
            return row._mapping
    finally:
        engine.dispose()


def with_a_row(project: Modelled, url: str, *more: str) -> None:
    project.users('Column("name", String(50))', *more)
    project.make("one")
    project.migrate()
    run_sql(url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")


def values_of(url: str) -> dict[str, tuple[str, str, object]]:
    if not url.startswith("mysql"):
        return VALUES
    return {**VALUES, "made": ("String(20)", "sql:concat(upper(name), '')", "ADA")}


@pytest.mark.parametrize("new", [True, False], ids=["new", "nullable before"])
def test_each_value_arrives(project: Modelled, any_url: str, new: bool) -> None:
    values = values_of(any_url)
    before = [] if new else [f"Column('{name}', {kind})" for name, (kind, *_) in values.items()]
    with_a_row(project, any_url, *before)
    project.users(
        'Column("name", String(50))',
        *[f"Column('{name}', {kind}, nullable=False)" for name, (kind, *_) in values.items()],
    )
    project.make(
        "two", defaults=[f"users.{name}={typed}" for name, (_, typed, _) in values.items()]
    )
    project.migrate()
    row = row_of(project, any_url)
    assert {name: row[name] for name in values} == {
        name: expected for name, (*_, expected) in values.items()
    }
    now = columns(any_url)
    assert [name for name in values if now[name]["nullable"] or now[name]["default"]] == []
    assert differences(project.database()) == ()
    word = "id_ = '00000000000000000000000000000001'"  # as the project itself looks for it
    assert run_sql(any_url, f"SELECT 1 FROM users WHERE {word}") == [(1,)]
    project.back()
    project.migrate()


WRONG = [
    ("SmallInteger()", "40000", "beyond"),
    ("Integer()", "1.5", "no whole number"),
    ("Integer()", "3000000000", "beyond"),
    ("Integer()", "NaN", "no"),
    ("Numeric(6, 2)", "12345", "4 digits fit before"),
    ("Numeric(6, 2)", "1.234", "2 digits fit behind"),
    ("Numeric(6, 2)", "inf", "no number"),
    ("Boolean()", "2", "true or false"),
    ("String(3)", "four", "4 characters, and 3 fit"),
    ("Date()", "2023-02-29", "2024-01-31"),
    ("Time()", "25:00", "12:30:00"),
    ("DateTime()", "yesterday", "2024-01-31 12:30:00"),
    ("Uuid()", "12", "0000"),
    ("JSON()", "{a: 1}", "no JSON"),
    ("Enum('one', 'two', name='kind')", "three", "one of one, two"),
    ("Integer()", "sql: ", "no expression"),
    ("DateTime()", "2024-01-31 12:00:00+02:00", "keeps no time zone"),
    ("Interval()", "soon", "1 day 12:30:00"),
]


@pytest.mark.parametrize("new", [True, False], ids=["new", "nullable before"])
def test_an_expression_is_tried_before_it_is_written(
    project: Modelled, any_url: str, new: bool
) -> None:
    with_a_row(project, any_url, *([] if new else ['Column("code", String(20))']))
    columns = ['Column("name", String(50))', 'Column("code", String(20), nullable=False)']
    for typed, why in (
        ("nosuch(name)", "nosuch"),
        ("nobody", "nobody"),
        ("(SELECT 1", "parentheses do not match"),
        ("1) FROM users; DROP TABLE users", "without a semicolon"),
        ("'it", "a quote is not closed"),
        ("lower('a')) WHERE (1 = 1", "parentheses do not match"),
    ):
        project.users(*columns)
        with pytest.raises(UsageError) as refused:
            project.make("two", defaults=[f"users.code=sql:{typed}"])
        assert why in refused.value.message, typed
        assert len(list(project.versions.glob("*.py"))) == 1
    assert run_sql(any_url, "SELECT count(*) FROM users") == [(1,)]
    project.make("two", defaults=["users.code=sql:coalesce(users.name, '50%; it''s :x')"])
    project.migrate()
    assert row_of(project, any_url)["code"] == "Ada"
    if any_url.startswith("sqlite"):  # which tries the whole file
        return
    # Whether a column that comes with it is there by then is not known here.
    project.users(*columns, *[f"Column('{name}', Integer, nullable=False)" for name in ("m", "n")])
    project.make("three", defaults=["users.m=1", "users.n=sql:m + 1"])


def test_a_value_that_the_column_cannot_hold_is_refused(tmp_path: Path, postgres_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")
    with_a_row(project, postgres_url)
    for place, (kind, typed, why) in enumerate(WRONG):
        project.users(
            'Column("name", String(50))', f"Column('{'n' * (place + 1)}', {kind}, nullable=False)"
        )
        with pytest.raises(UsageError, match=why):
            project.make("two", defaults=[f"users.{'n' * (place + 1)}={typed}"])
    assert len(list(project.versions.glob("*.py"))) == 1


@pytest.mark.mysql
def test_words_of_a_set_and_moments_without_a_zone(tmp_path: Path, mariadb_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=mariadb_url, extra="")
    with_a_row(project, mariadb_url)
    project.users(
        'Column("name", String(50))',
        'Column("words", mysql.SET("a", "b"), nullable=False)',
        'Column("at", DateTime(timezone=True), nullable=False)',
    )
    moment = "users.at=2024-01-31 12:00:00"
    for wrong in (["users.words=a,c", moment], ["users.words=a,b", f"{moment}+02:00"]):
        with pytest.raises(UsageError, match=r"some of a,b|no time zone"):
            project.make("two", defaults=wrong)
    project.make("two", defaults=["users.words=a,b", moment])
    project.migrate()
    assert run_sql(mariadb_url, "SELECT words FROM users") == [("a,b",)]


@pytest.mark.postgresql
def test_types_of_postgresql_come_back_without_null(tmp_path: Path, postgres_url: str) -> None:
    project = Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")
    kinds = (
        "ARRAY(Text)",
        "CIDR",
        "INET",
        "INTERVAL",
        "INT4MULTIRANGE",
        "MACADDR",
        "MONEY",
        "OID",
        "TSRANGE",
        "TSVECTOR",
    )
    gone = [f"k{number}" for number in range(len(kinds))]
    project.users(
        'Column("name", String(50))',
        *[
            f'Column("{name}", postgresql.{kind}, nullable=False)'
            for name, kind in zip(gone, kinds, strict=True)
        ],
    )
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))')
    project.make("two", drops=[f"users.{name}" for name in gone])
    project.migrate()
    run_sql(postgres_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    project.back()
    now = columns(postgres_url)
    assert [name for name in gone if now[name]["nullable"] or now[name]["default"]] == []


def test_an_expression_may_use_what_goes(project: Modelled, any_url: str) -> None:
    with_a_row(project, any_url, 'Column("last", String(50))')
    run_sql(any_url, "UPDATE users SET last = 'Lovelace'")
    join = "concat(name, ' ', last)" if any_url.startswith("mysql") else "name || ' ' || last"
    project.users('Column("full_name", String(101), nullable=False)')
    project.make(
        "two",
        defaults=[f"users.full_name=sql:{join}"],
        drops=["users.name", "users.last"],
    )
    project.migrate()
    assert run_sql(any_url, "SELECT full_name FROM users") == [("Ada Lovelace",)]


def test_a_rename_comes_before_the_value(project: Modelled, any_url: str) -> None:
    with_a_row(project, any_url)
    run_sql(any_url, "INSERT INTO users (id) VALUES (2)")
    text = "from sqlalchemy import *\nmetadata = MetaData()\n" + (
        'Table("people", metadata, Column("id", Integer, primary_key=True),'
        ' Column("full_name", Text, nullable=False), Column("nick", String(9), nullable=False))\n'
    )
    there_and_back(
        project,
        any_url,
        text,
        renames=["users:people", "people.name:full_name"],
        defaults=["people.full_name=?", "people.nick=sql:'x'"],
    )
    assert run_sql(any_url, "SELECT full_name, nick FROM people ORDER BY id") == [
        ("Ada", "x"),
        ("?", "x"),
    ]


def test_another_type_comes_before_the_value(project: Modelled, any_url: str) -> None:
    with_a_row(project, any_url, 'Column("code", String(5))')
    run_sql(any_url, "INSERT INTO users (id, name, code) VALUES (2, 'Bob', '12')")
    project.users('Column("name", String(50))', 'Column("code", String(20), nullable=False)')
    project.make("two", defaults=["users.code=longer than five"])
    project.migrate()
    assert run_sql(any_url, "SELECT code FROM users ORDER BY id") == [
        ("longer than five",),
        ("12",),
    ]


def test_null_may_be_left_where_it_is(project: Modelled, any_url: str) -> None:
    project.users('Column("name", String(50))')
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50), nullable=False)')
    (path,) = project.make("two", defaults=["users.name"]).paths
    assert "update" not in path.read_text()
    project.migrate()
    assert columns(any_url)["name"]["nullable"] is False


def test_a_dropped_column_comes_back_beside_rows(project: Modelled, any_url: str) -> None:
    kinds = {name: kind for name, (kind, *_) in VALUES.items()}
    project.users(
        'Column("name", String(50))',
        *[f"Column('{name}', {kind}, nullable=False)" for name, kind in kinds.items()],
        'Column("code", String(9), nullable=False)',
        'Column("boss", Integer, nullable=False)',
        'UniqueConstraint("code", name="one_code")',
        'ForeignKeyConstraint(["boss"], ["users.id"], name="to_boss")',
    )
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))')
    gone = [*kinds, "code", "boss"]
    (path,) = project.make("two", drops=[f"users.{name}" for name in gone]).paths
    assert path.read_text().count("# The values of users.") == len(gone)
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (2, 'Bob')")
    project.back()
    now = columns(any_url)
    assert set(gone) <= set(now)
    assert [name for name in kinds if now[name]["nullable"] or now[name]["default"]] == []


def test_the_models_own_default_is_taken(project: Modelled, any_url: str) -> None:
    with_a_row(project, any_url)
    project.users(
        'Column("name", String(50))',
        'Column("a", Boolean, default=False, nullable=False)',
        'Column("b", String(9), default="a%b", nullable=False)',
        'Column("c", DateTime, default=func.now(), nullable=False)',
        'Column("d", JSON, default={"x": 1}, nullable=False)',
    )
    project.make("two")
    project.migrate()
    row = row_of(project, any_url)
    assert (row["a"], row["b"], row["d"]) == (False, "a%b", {"x": 1})
    assert isinstance(row["c"], datetime.datetime)


def test_one_value_is_no_value_where_each_row_needs_its_own(
    project: Modelled, any_url: str
) -> None:
    with_a_row(project, any_url)
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (2, 'Bob')")
    new = 'Column("code", String(9), nullable=False)'
    project.users('Column("name", String(50))', new, 'UniqueConstraint("code", name="one_code")')
    with pytest.raises(UsageError, match="unique"):
        project.make("two", defaults=["users.code=x"])
    project.make("two", defaults=["users.code=sql:name"])
    project.migrate()
    assert run_sql(any_url, "SELECT code FROM users ORDER BY id") == [("Ada",), ("Bob",)]


def test_one_value_for_several_nulls_is_none_for_a_unique_column(
    project: Modelled, any_url: str
) -> None:
    project.users('Column("size", Integer)', 'Column("code", String(9), unique=True)')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users VALUES (1, NULL, NULL), (2, NULL, NULL), (3, 3, 'c')")
    wanted = ('Column("size", Integer, unique=True, nullable=False)',
              'Column("key", String(9), unique=True, nullable=False)')  # fmt: skip
    project.users(*wanted)
    told = {"renames": ["users.code:key"]}
    with pytest.raises(UsageError, match=r"users\.size .* gives each its own"):
        project.make("two", defaults=["users.size=7", "users.key=sql:id"], **told)
    with pytest.raises(UsageError, match=r"users\.key .* gives each its own"):
        project.make("two", defaults=["users.size=sql:id", "users.key=x"], **told)
    run_sql(any_url, "UPDATE users SET size = 1, code = 'a' WHERE id = 1")
    project.make("two", defaults=["users.size=7", "users.key=x"], **told)
    project.migrate()
    assert differences(project.database()) == ()
    assert run_sql(any_url, "SELECT id, size FROM users ORDER BY id") == [(1, 1), (2, 7), (3, 3)]


def test_the_models_one_default_is_none_for_a_unique_column(
    project: Modelled, any_url: str
) -> None:
    project.users('Column("size", Integer)')
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users VALUES (1, NULL), (2, NULL)")
    new = 'Column("code", String(9), unique=True, nullable=False, default="x")'
    project.users('Column("size", Integer)', new)
    with pytest.raises(LbackError, match=r"users\.code"):
        project.make("two")
    project.make("two", defaults=["users.code=sql:'c' || id"] if "mysql" not in any_url
                 else ["users.code=sql:concat('c', id)"])  # fmt: skip
    project.migrate()
    assert run_sql(any_url, "SELECT code FROM users ORDER BY id") == [("c1",), ("c2",)]


EACH = {
    "code": "String(9)",
    "word": "Text()",
    "number": "Integer()",
    "big": "BigInteger()",
    "exact": "Numeric(12, 2)",
    "token": "Uuid()",
    "given": "String(20), server_default='new'",
    "one": "String(9)",
}


def test_unique_columns_come_back_with_a_value_for_each_row(
    project: Modelled, any_url: str
) -> None:
    size = ", mysql_length=20" if "mysql" in any_url else ""
    project.users(
        'Column("name", String(50))',
        *[f"Column('{name}', {kind}, nullable=False)" for name, kind in EACH.items()],
        *[f"Index('one_{name}', '{name}', unique=True{size if name == 'word' else ''})"
          for name in EACH if name != "one"],
        'UniqueConstraint("name", "one", name="both")',
    )  # fmt: skip
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))')
    project.make("two", drops=[f"users.{name}" for name in EACH])
    project.migrate()
    for number in (1, 2, 30):
        run_sql(any_url, f"INSERT INTO users (id, name) VALUES ({number}, 'Ada')")
    project.back()
    now = columns(any_url)
    assert [name for name in EACH if now[name]["nullable"]] == []
    assert [name for name in EACH if now[name]["default"]] == ["given"]
    found = run_sql(any_url, "SELECT code, word, number, token, given FROM users ORDER BY id")
    assert [tuple(str(value).replace("-", "").lstrip("0") for value in row) for row in found] == [
        (text,) * 5 for text in ("1", "2", "30")
    ]
    project.migrate()


@on("sqlite", "postgresql")  # MariaDB has no indexes on expressions
def test_a_unique_expression_has_a_value_for_each_row_too(project: Modelled, any_url: str) -> None:
    unique = 'Index("one_word", func.lower(column("word")), unique=True)'
    project.users('Column("word", String(20), nullable=False)', unique)
    project.make("one")
    project.migrate()
    project.users()
    project.make("two", drops=["users.word"])
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id) VALUES (1), (2)")
    project.back()
    assert columns(any_url)["word"]["nullable"] is False


@on("sqlite", "postgresql")
def test_one_default_is_none_for_a_unique_expression(project: Modelled, any_url: str) -> None:
    project.users()
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id) VALUES (1), (2)")
    unique = 'Index("one_word", func.lower(users.c.word), unique=True)'
    text = "from sqlalchemy import *\nmetadata = MetaData()\n" + (
        'users = Table("users", metadata, Column("id", Integer, primary_key=True), '
        f"Column('word', String(9), server_default='y'))\n{unique}\n"
    )
    project.models(text)
    project.make("two")
    project.migrate()
    assert run_sql(any_url, "SELECT word FROM users") == [(None,), (None,)]


def test_what_nothing_is_known_for_comes_back_without_not_null_and_the_file_says_so(
    project: Modelled, any_url: str
) -> None:
    project.users(
        'Column("name", String(50))',
        'Column("day", Date, nullable=False)',
        'Column("boss", Integer, nullable=False)',
        'UniqueConstraint("day", name="one_day")',
        'ForeignKeyConstraint(["boss"], ["users.id"], name="to_boss")',
    )
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))')
    (path,) = project.make("two", drops=["users.day", "users.boss"]).paths
    for name in ("day", "boss"):
        assert f"# users.{name} comes back without NOT NULL" in path.read_text()
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Bob')")
    project.back()
    project.migrate()


def test_one_default_is_none_for_the_rows_of_a_unique_column(
    project: Modelled, any_url: str
) -> None:
    project.users()
    project.make("one")
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id) VALUES (1), (2)")
    new = [
        "Column('code', String(9), server_default='x', nullable=False, unique=True)",
        "Column('word', String(9), server_default='y')",
        "Index('one_word', 'word', unique=True)",
    ]
    project.users(*new)
    with pytest.raises(LbackError, match=r"users\.code .*is new, unique, NOT NULL"):
        project.make("two")
    with pytest.raises(UsageError, match="gives each its own"):
        project.make("two", defaults=["users.code=z"])
    given = "concat('c', id)" if "mysql" in any_url else "'c' || id"
    project.make("two", defaults=[f"users.code=sql:{given}"])
    project.migrate()
    assert differences(project.database()) == ()
    run_sql(any_url, "INSERT INTO users (id) VALUES (3)")
    assert run_sql(any_url, "SELECT code, word FROM users ORDER BY id") == [
        ("c1", None), ("c2", None), ("x", "y"),
    ]  # fmt: skip
    project.back()
    project.migrate()


def test_what_comes_back_passes_its_checks(project: Modelled, any_url: str) -> None:
    project.users(
        'Column("name", String(50))',
        'Column("state", String(9), nullable=False)',
        'Column("size", Integer, nullable=False)',
        'Column("kind", Enum("one", "two", name="kind", native_enum=False, '
        "create_constraint=True, length=9), nullable=False)",
        'Column("word", String(9), nullable=False)',
        "CheckConstraint(\"state IN ('new', '50%', 'a:b')\", name='states')",
        "CheckConstraint('size > 5', name='sizes')",
        "CheckConstraint('length(word) > 3', name='words')",
    )
    project.make("one")
    project.migrate()
    project.users('Column("name", String(50))')
    gone = ["state", "size", "kind", "word"]
    (path,) = project.make("two", drops=[f"users.{name}" for name in gone]).paths
    assert "# users.word comes back without NOT NULL" in path.read_text()
    project.migrate()
    run_sql(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Bob')")
    project.back()
    now = columns(any_url)
    assert [name for name in gone if now[name]["nullable"]] == ["word"]
    found = run_sql(any_url, "SELECT state, size, kind FROM users")
    assert set(found) == {("new", 6, "one")}
    project.migrate()
