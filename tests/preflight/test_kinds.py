"""Each kind of row that is in the way is found before the first statement, on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from tests.preflight.world import World
from tests.servers import KINDS, fresh_database

BEFORE = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
    "INSERT INTO p VALUES (1)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(100), b INTEGER, n NUMERIC(10, 4))",
    "INSERT INTO t VALUES (1, 'x', 1, 1.5), (2, NULL, 7, 123456.7891), "
    "(3, 'long enough', 40000, 2), (4, 'x', NULL, 3)",
    "CREATE TABLE loose (k INTEGER, v INTEGER)",
    "INSERT INTO loose VALUES (1, 1), (1, 2), (2, NULL)",
]
BATCH = 'with op.batch_alter_table("{table}") as batch:\n    batch.'
T = BATCH.format(table="t")

# What stops: kind, how many rows, an upgrade(), and what mends the rows.
STOPS = {
    "NULL under NOT NULL": (
        "not null", 1,
        T + 'alter_column("a", existing_type=sa.String(100), nullable=False)',
        "UPDATE t SET a = 'y' WHERE a IS NULL",
    ),
    "NULL under SQL's NOT NULL": (
        "not null", 1,
        'op.rename_table("t", "s")\n'
        + BATCH.format(table="s")
        + 'alter_column("a", existing_type=sa.String(100), nullable=False)',
        "UPDATE t SET a = 'y' WHERE a IS NULL",
    ),
    "new column": (
        "new column", 4,
        'op.add_column("t", sa.Column("z", sa.Integer()))\n'
        + T + 'alter_column("z", existing_type=sa.Integer(), nullable=False)',
        "DELETE FROM t",
    ),
    "unique constraint": (
        "unique", 2, T + 'create_unique_constraint("u", ["a"])', "UPDATE t SET a = id"
    ),
    "unique index": (
        "unique", 2, 'op.create_index("ui", "t", ["a"], unique=True)', "UPDATE t SET a = id"
    ),
    "primary key": (
        "primary key", 2,
        BATCH.format(table="loose") + 'create_primary_key("pk", ["k"])',
        "DELETE FROM loose WHERE v = 2",
    ),
    "check": (
        "check", 1, T + 'create_check_constraint("ck", "b < 10")', "UPDATE t SET b = 1"
    ),
}  # fmt: skip
ON_SERVERS = {
    "foreign key": (
        "foreign key", 2, 'op.create_foreign_key("fk", "t", "p", ["b"], ["id"])',
        "UPDATE t SET b = 1",
    ),
    "too long": (
        "too long", 1,
        'op.alter_column("t", "a", type_=sa.String(5), existing_type=sa.String(100))',
        "UPDATE t SET a = 'x'",
    ),
    "text to a number": (
        "not convertible", 3,
        'op.alter_column("t", "a", type_=sa.Integer(), existing_type=sa.String(100), '
        'postgresql_using="a::integer")',
        "UPDATE t SET a = id",
    ),
    "out of range": (
        "out of range", 1,
        'op.alter_column("t", "b", type_=sa.SmallInteger(), existing_type=sa.Integer())',
        "UPDATE t SET b = 1",
    ),
    "precision": (
        "out of range", 1,
        'op.alter_column("t", "n", type_=sa.Numeric(5, 2), existing_type=sa.Numeric(10, 4))',
        "UPDATE t SET n = 1",
    ),
}  # fmt: skip
CONVERSIONS = {
    "date": ("sa.Date()", "date", "UPDATE t SET a = '2020-01-31'"),
    "json": ("sa.JSON()", "json", "UPDATE t SET a = '[1]'"),
    "uuid": ("sa.UUID()", "uuid", "UPDATE t SET a = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a'"),
}
ENUM = {
    "postgresql": (
        "op.execute(\"CREATE TYPE shade AS ENUM ('x', 'y')\")\n"
        'op.alter_column("t", "a", type_=sa.Enum("x", "y", name="shade"), '
        'existing_type=sa.String(100), postgresql_using="a::text::shade")'
    ),
    "mariadb": "op.execute(\"ALTER TABLE t MODIFY a ENUM('x', 'y')\")",
}
LOSES = {
    "drop table": ("drop table", 4, 'op.drop_table("t")'),
    "drop table if it is there": ("drop table", 4, 'op.execute("DROP TABLE IF EXISTS t")'),
    "drop column": ("drop column", 3, 'op.drop_column("t", "a")'),
}


@pytest.fixture(scope="module", params=KINDS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with fresh_database(request.param, tmp_path_factory.mktemp("world")) as url:
        made = World(url)
        yield made
        made.close()


def stops(world: World, kind: str, rows: int, upgrade: str, mending: str) -> None:
    """See that it is found, that it would fail, and that nothing is said once it is mended."""
    outcome = world.attempt(BEFORE, upgrade)
    assert outcome.kinds("stops") == [kind], outcome
    assert outcome.failed
    (row,) = (row for row in outcome.rows if row.state == "stops")
    assert row.rows == rows or (row.more and row.rows == 1)
    assert row.keys or row.table == "loose"
    assert row.query.startswith("SELECT ")
    mended = world.attempt([*BEFORE, mending], upgrade)
    assert "stops" not in mended.states
    assert mended.failed is None


@pytest.mark.parametrize("name", STOPS)
def test_found_everywhere(world: World, name: str) -> None:
    if name == "primary key" and world.engine.dialect.name == "sqlite":
        mending = STOPS[name][3]
        outcome = world.attempt(BEFORE, STOPS[name][2])
        assert "primary key" in outcome.kinds("stops")
        assert outcome.failed
        assert world.attempt([*BEFORE, mending], STOPS[name][2]).failed is None
        return
    stops(world, *STOPS[name])


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ("b < 10", "NOT (b < 10)"),
        ("b\n  <  10", "NOT (b < 10)"),
        ("b < 10 -- so", "NOT (b < 10 -- so\n)"),
    ],
)
def test_what_a_condition_asks_can_be_pasted(world: World, condition: str, asked: str) -> None:
    outcome = world.attempt(BEFORE, T + f"create_check_constraint('ck', {condition!r})")
    (row,) = (row for row in outcome.rows if row.kind == "check")
    assert (row.state, row.rows) == ("stops", 1) and row.query.endswith(f"WHERE {asked}")


@pytest.mark.parametrize("name", ON_SERVERS)
def test_found_on_servers(world: World, name: str) -> None:
    kind, rows, upgrade, mending = ON_SERVERS[name]
    if world.engine.dialect.name != "sqlite":
        stops(world, kind, rows, upgrade, mending)
        return
    upgrade = upgrade.replace('op.alter_column("t", ', T + "alter_column(")
    upgrade = upgrade.replace('op.create_foreign_key("fk", "t", ', T + 'create_foreign_key("fk", ')
    outcome = world.attempt(BEFORE, upgrade)
    # SQLite keeps such rows, or makes numbers of them: that does not fail, so it is only told.
    assert kind in [*outcome.kinds("told"), *outcome.kinds("loses")]
    assert outcome.failed is None


@pytest.mark.parametrize("name", CONVERSIONS)
def test_text_that_is_none_of_the_new_type(world: World, name: str) -> None:
    new, word, mending = CONVERSIONS[name]
    given = f'type_={new}, existing_type=sa.String(100), postgresql_using="a::{word}"'
    if world.engine.dialect.name != "sqlite":
        upgrade = f'op.alter_column("t", "a", {given})'
        stops(world, "not convertible", 3, upgrade, mending)


def test_values_that_an_enum_has_no_more(world: World) -> None:
    dialect = world.engine.dialect.name
    if dialect == "sqlite":
        upgrade = T + 'alter_column("a", type_=sa.Enum("x", "y", name="shade"))'
        assert world.attempt(BEFORE, upgrade).kinds("told") == ["enum value"]
        return
    upgrade = ENUM["postgresql" if dialect == "postgresql" else "mariadb"]
    stops(world, "enum value", 1, upgrade, "UPDATE t SET a = 'x'")


@pytest.mark.parametrize("name", LOSES)
def test_what_would_be_deleted(world: World, name: str) -> None:
    kind, rows, upgrade = LOSES[name]
    outcome = world.attempt(BEFORE, upgrade)
    assert outcome.failed is None
    assert [(row.kind, row.rows, len(row.keys)) for row in outcome.rows] == [(kind, rows, 3)]
    assert outcome.states == {"loses"}
    empty = world.attempt([*BEFORE, "DELETE FROM t"], upgrade)
    assert empty.states == {"fine"}


# Upgrades that succeed on these rows, and what a hasty reader would stop.
SUCCEED = {
    "filled before": (
        "op.execute(\"UPDATE t SET a = 'y' WHERE a IS NULL\")\n"
        + T + 'alter_column("a", existing_type=sa.String(100), nullable=False)'
    ),
    "filled by code": (
        "for row in op.get_bind().execute(sa.text('SELECT id FROM t')):\n"
        "    op.get_bind().execute(sa.text('UPDATE t SET a = id WHERE id = :i'), {'i': row.id})\n"
        + T + 'alter_column("a", existing_type=sa.String(100), nullable=False)'
    ),
    "deleted before": (
        'op.execute("DELETE FROM t WHERE a IS NULL")\n'
        + T + 'alter_column("a", existing_type=sa.String(100), nullable=False)'
    ),
    "with a default": (
        'op.add_column("t", sa.Column("z", sa.Integer(), nullable=False, server_default="1"))'
    ),
    "made again": (
        'op.drop_table("t")\n'
        'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("a", sa.String(5), nullable=False))'
    ),
    "another column of that name": (
        'op.drop_column("t", "a")\nop.add_column("t", sa.Column("a", sa.String(100)))\n'
        'op.create_index("ui", "t", ["a"], unique=True)'
    ),
    "NULL more than once": 'op.create_index("ui", "t", ["b"], unique=True)',
    "two columns together": 'op.create_index("ui", "t", ["a", "b"], unique=True)',
    "not here": (
        'if op.get_bind().dialect.name == "oracle":\n'
        '    op.create_index("ui", "t", ["a"], unique=True)'
    ),
    "only if": (
        'if "nowhere" in sa.inspect(op.get_bind()).get_table_names():\n'
        '    op.create_index("ui", "t", ["a"], unique=True)'
    ),
    "a longer type": (
        T + 'alter_column("a", type_=sa.String(200), existing_type=sa.String(100))'
    ),
    "the parents come first": (
        'op.execute("INSERT INTO p VALUES (7), (40000)")\n'
        + T + 'create_foreign_key("fk", "p", ["b"], ["id"])'
    ),
    "swapped names": (
        T + 'alter_column("a", existing_type=sa.String(100), new_column_name="old")\n'
        'op.add_column("t", sa.Column("a", sa.String(100), nullable=False, server_default=""))'
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUCCEED)
def test_what_succeeds_is_never_stopped(world: World, name: str) -> None:
    outcome = world.attempt(BEFORE, SUCCEED[name])
    assert outcome.failed is None
    assert "stops" not in outcome.states


def test_part_of_the_rows(world: World) -> None:
    """An index over a part of the rows is not asked of all of them."""
    where = 'sa.text("b > 1")'
    upgrade = (
        f'op.create_index("ui", "t", ["a"], unique=True, postgresql_where={where}, '
        f"sqlite_where={where})"
    )
    outcome = world.attempt(BEFORE, upgrade)
    if world.engine.dialect.name == "mysql":
        assert outcome.kinds("stops") == ["unique"]
    else:
        assert outcome.rows == ()
    assert (outcome.failed is None) == ("stops" not in outcome.states)


def test_triggers_may_mend(world: World) -> None:
    """What an earlier statement changes elsewhere by a trigger or a key makes it unknown."""
    if world.engine.dialect.name != "postgresql":
        return
    before = [
        *BEFORE,
        "CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN UPDATE t SET a = 'y' WHERE a IS NULL; RETURN NULL; END $$",
        "CREATE TRIGGER mends AFTER UPDATE ON loose FOR EACH STATEMENT EXECUTE FUNCTION mend()",
    ]
    upgrade = (
        'op.execute("UPDATE loose SET v = 5")\n'
        + T
        + 'alter_column("a", existing_type=sa.String(100), nullable=False)'
    )
    outcome = world.attempt(before, upgrade)
    assert outcome.failed is None
    assert outcome.kinds("unknown") == ["not null"]


# Values by their type on PostgreSQL: what is the same there, which is not the same text.
ALIKE = {
    "numeric": ("1.0", "1.00"),
    "double precision": ("0", "-0.0"),
    "interval": ("'1 day'", "'24 hours'"),
    "char(3)": ("'a'", "'a '"),
    "jsonb": ("'{\"a\": 1.0}'", "'{ \"a\":1.00}'"),
    "bit(2)": ("B'10'", "B'10'"),  # has no number to compare by
    "name": ("'a'", "'a'"),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_the_same_value_in_other_words(world: World, kind: str) -> None:
    if world.engine.dialect.name != "postgresql":
        return
    first, second = ALIKE[kind]
    table = f"CREATE TABLE u (id integer PRIMARY KEY, n integer, v {kind})"
    upgrade = 'op.create_unique_constraint("uq", "u", ["n", "v"])'
    outcome = world.attempt([table, f"INSERT INTO u VALUES (1, 1, {first})"], upgrade)
    assert (outcome.states, outcome.failed) == ({"fine"}, None)
    rows = f"INSERT INTO u VALUES (1, 1, {first}), (2, 1, {second}), (3, NULL, {first})"
    outcome = world.attempt([table, rows], upgrade)
    assert outcome.kinds("stops") == ["unique"]
    assert outcome.rows[0].rows == 2
    assert outcome.failed


def test_the_same_twice_is_looked_for_as_each_database_does_it_quickly(world: World) -> None:
    """A million rows took MariaDB 17 seconds and PostgreSQL 3, each by its own choice."""
    said: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    world.attempt(["CREATE TABLE u (v integer)"], 'op.create_index("ui", "u", ["v"], unique=True)')
    asked = [text for text in said if "COUNT" in text and " u " in text]
    name = world.engine.dialect.name
    if name == "postgresql":
        assert ["hash_record_extended" in text for text in asked] == [True]
    elif name == "mysql":
        assert ["(SELECT SQL_BIG_RESULT" in text for text in asked] == [True]
    else:
        assert len(asked) == 1
