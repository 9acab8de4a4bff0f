"""Rows that the old files leave are written down: typed, in order, and none without a word."""

from __future__ import annotations

import ast
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from lback.core.squash.seeds import Seeds, SeedTable, alike, clashing, lacking, varying
from lback.db.squashing.code import Writer
from lback.errors import LbackError
from tests.squash.test_squash import _commit, built, done
from tests.templates.conftest import MakeShop, Shop, ask

NOW = datetime(2026, 5, 4, 12)


def table(name: str, *rows: tuple[object, ...], parents: str = "", **more: object) -> SeedTable:
    return SeedTable(name, ("id", "up"), rows, frozenset(parents.split()), **more)  # type: ignore[arg-type]


def test_rows_come_after_those_that_they_refer_to() -> None:
    inner = (((1,), (0,)),)
    old = {
        one.name: one
        for one in (
            table("a", (1, 7), parents="b"),
            table("b", (1, 3), (2, None), (3, 2), parents="b", inner=inner),
            table("c", (1, 1), (2, 2)),
        )
    }
    new = {"c": table("c", (1, 1), (2, 2))}
    found = lacking(Seeds(old), Seeds(new), None)
    assert [(one.name, one.rows) for one in found] == [
        ("b", ((2, None), (3, 2), (1, 3))),
        ("a", ((1, 7),)),
    ]
    assert [one.name for one in lacking(Seeds(old), Seeds(new), {"a"})] == ["a"]
    other = Seeds({"b": table("b", (9, 9))})
    assert clashing(Seeds(old), other, found) == ["b"]
    assert lacking(Seeds(old), other, {"b"})[0].rows == ((2, None), (3, 2), (1, 3))


def test_a_long_line_of_rows_is_put_in_order() -> None:
    """Each row waits for the next one; two wait for each other, and one for itself."""
    rows = [(number, number + 1) for number in range(20000)]
    old = table("a", *rows, (20000, None), (-1, -2), (-2, -1), (-3, -3), inner=(((1,), (0,)),))
    (found,) = lacking(Seeds({"a": old}), Seeds(), None)
    assert found.rows == ((20000, None), *reversed(rows), (-2, -1), (-1, -2), (-3, -3))


def test_only_the_kind_of_what_is_other_each_time_counts() -> None:
    first = table("a", (1, 7), (2, None))
    assert alike(first, table("a", (2, None), (1, 9)), ["up"])
    assert not alike(first, table("a", (2, None), (1, "9")), ["up"])
    assert not alike(first, table("a", (2, 9), (1, None)), ["up"])
    assert not alike(first, table("a", (3, None), (1, 9)), ["up"])


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ((1, "x"), (1, "x"), ()),
        ((1, "x"), (1, "y"), ("up",)),
        # What a clock says within one second is the same both times.
        ((1, NOW), (1, NOW), ("up",)),
        ((1, "2026-05-04 11:59:59"), (1, "2026-05-04 11:59:59"), ("up",)),
        ((1, 1777896000), (1, 1777896000), ("up",)),
        ((1, 1777896000123), (1, 1777896000123), ("up",)),
        ((1, "2020-01-01"), (1, "2020-01-01"), ()),
        ((1, 20200101), (1, 20200101), ()),
    ],
)
def test_what_differs_from_run_to_run(
    first: tuple[object, ...], second: tuple[object, ...], told: tuple[str, ...]
) -> None:
    assert varying(table("a", first), table("a", second), NOW) == told


def test_values_that_change_places() -> None:
    first, second = table("a", (1, "x"), (2, "y")), table("a", (1, "y"), (2, "x"))
    assert varying(first, second, NOW) == ("id", "up")


MAKE = """
op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('name', sa.String(50)), sa.Column('price', sa.Numeric(8, 2)),
    sa.Column('since', sa.DateTime), sa.Column('day', sa.Date), sa.Column('on', sa.Boolean),
    sa.Column('raw', sa.LargeBinary), sa.Column('more', sa.JSON), sa.Column('x', sa.Float),
    sa.Column('kind', sa.Enum('a', 'b', name='kind')),
    sa.Column('boss', sa.Integer, sa.ForeignKey('users.id')))
op.create_table('aces', sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('user', sa.Integer, sa.ForeignKey('users.id'), nullable=False))
"""
# Nobody can read what this inserts.
FILL = """
import json, datetime, decimal
op.execute(json.loads('"SELECT 1"'))
users = sa.table('users', *map(sa.column, ('name', 'on', 'boss', 'kind', 'x')),
    sa.column('price', sa.Numeric), sa.column('since', sa.DateTime), sa.column('day', sa.Date),
    sa.column('raw', sa.LargeBinary), sa.column('more', sa.JSON))
bind = op.get_bind()
for name in json.loads('["it\\'s: 5%", "b\\\\u00e4r", null]'):
    bind.execute(users.insert(), dict(name=name, on=bool(name), kind='b', x=0.1,
        price=decimal.Decimal('1.50'), since=datetime.datetime(2020, 1, 2, 3, 4, 5, 6),
        day=datetime.date(2020, 1, 2), raw=b'\\x00x', more={'a': [1, None]}, boss=None))
bind.exec_driver_sql('UPDATE users SET boss = 3 WHERE id = 1')
bind.exec_driver_sql('INSERT INTO aces (id, user) VALUES (1, 1)'.replace('user)', QUOTED))
"""


def seeded(make_shop: MakeShop, url: str) -> Shop:
    shop = make_shop(url)
    shop.add("a1", None, MAKE)
    quoted = "'`user`)'" if "mysql" in url or "mariadb" in url else "'\"user\")'"
    shop.add("b2", "a1", FILL.replace("QUOTED", quoted))
    _commit(shop)
    return shop


def test_rows_that_unread_code_inserts_are_written_down(make_shop: MakeShop, any_url: str) -> None:
    shop = seeded(make_shop, any_url)
    before = built(shop, "b2")
    with pytest.raises(LbackError, match="could not be read") as refused:
        done(shop, "b2", data=("rows",))
    assert "--data b2=rows" in str(refused.value.hint)
    result = done(shop, "b2", data=("b2=rows",))
    assert [(one.table, one.rows, one.frozen) for one in result.seeds] == [
        ("users", 3, ()),
        ("aces", 1, ()),
    ]
    assert built(shop, "b2") == before
    text = (shop.versions / "b2_add.py").read_text()
    assert "json.loads" not in text
    # A new row has a number that is free.
    url = shop.copy(shop.template("b2"))
    ask(url, "INSERT INTO users (name) VALUES ('new')")
    assert ask(url, "SELECT max(id) FROM users") == [(4,)]
    _commit(shop)
    rows = shop.ctx().revisions
    effects = rows.effects(rows.graph(), ["b2"])["b2"]
    assert {one.table for one in effects.upgrade if one.object == "data"} >= {"aces", "users"}


def test_values_of_chance_are_asked_for(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.add(
        "a1",
        None,
        "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('token', sa.String(40)), sa.Column('at', sa.DateTime))",
    )
    insert = "INSERT INTO t VALUES (1, hex(randomblob(8)), CURRENT_TIMESTAMP)"
    shop.add("b2", "a1", f'op.execute("{insert}")')
    _commit(shop)
    with pytest.raises(LbackError, match=r"t\.token, t\.at have other values") as refused:
        done(shop, "b2", data=("rows",))
    assert "`--freeze t.token` and `--freeze t.at`" in str(refused.value.hint)
    with pytest.raises(LbackError, match=r"t\.at has other values"):
        done(shop, "b2", data=("rows",), freeze=("t.token",))
    assert shop.git("status", "--porcelain") == ""
    result = done(shop, "b2", data=("rows",), freeze=("t.token", "t.at"))
    assert [one.frozen for one in result.seeds] == [("token", "at")]


def test_what_is_kept_and_what_is_written_down(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1")
    shop.add("b2", "a1", 'op.execute("INSERT INTO t_a1 VALUES (1)")')
    shop.add("c3", "b2", 'op.execute("INSERT INTO t_a1 VALUES (2)")')
    shop.add("d4", "c3", 'op.execute("UPDATE t_a1 SET id = 5 WHERE id = 1")')
    _commit(shop)
    before = built(shop, "d4")
    with pytest.raises(LbackError, match="t_a1 gets rows by what is kept"):
        done(shop, "d4", data=("b2=keep", "c3=rows", "d4=drop"))
    result = done(shop, "d4", data=("b2=rows", "c3=keep", "d4=drop"))
    assert [(one.table, one.rows) for one in result.seeds] == [("t_a1", 1)]
    assert built(shop, "d4") == before


def test_a_large_table_is_no_text(
    make_shop: MakeShop, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lback.project.squash.filling._MOST", 2)
    shop = make_shop(sqlite_url)
    shop.add("a1")
    shop.add("b2", "a1", 'op.execute("INSERT INTO t_a1 VALUES (1), (2), (3)")')
    _commit(shop)
    with pytest.raises(LbackError, match="t_a1 has 3 rows"):
        done(shop, "b2", data=("rows",))


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("ab:\\'\" $%1\n\r\t\0\u2028é{};-"), min_size=1, max_size=12))
def test_a_statement_is_run_as_it_was_read(middle: str) -> None:
    """What text() takes for a parameter, and Python for a line end, is in it as a letter."""
    writer = Writer()
    writer.sql(f"SELECT {middle} x")
    (call,) = (node for node in ast.walk(ast.parse(writer.up[0])) if isinstance(node, ast.Call))
    made = sa.text(ast.literal_eval(call.args[0])).compile(dialect=sqlite.dialect())
    assert made.params == {}
    assert str(made).strip() == f"SELECT {middle} x"


HOSTILE = (
    "a\nb",
    "it's",
    '"""',
    "\\",
    "\x1b[31m",
    "\r",
    "x" * 300,
    "{%s}:a",
    "\\:a",
    "\u2028",
    "é",
    "",
)


def test_rows_with_any_text_come_back(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    shop.add(
        "a1",
        None,
        "op.create_table('a \\'%s:b', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('a (%)s: b', sa.Text), sa.Column('j', sa.JSON))\n",
    )
    shop.add(
        "b2",
        "a1",
        f"op.bulk_insert(sa.table('a \\'%s:b', sa.column('a (%)s: b'), sa.column('j', sa.JSON)),"
        f" [{{'a (%)s: b': text, 'j': [text]}} for text in {HOSTILE!r}])",
    )
    _commit(shop)
    before = built(shop, "b2")
    (told,) = done(shop, "b2", data=("b2=rows",)).seeds
    assert told.rows == len(HOSTILE)
    assert built(shop, "b2") == before


@pytest.mark.postgresql
def test_rows_of_a_schema_with_any_name(make_shop: MakeShop, postgres_url: str) -> None:
    shop = make_shop(postgres_url)
    place = "de\"p\\o't"
    shop.add(
        "a1",
        None,
        f"op.execute(sa.schema.CreateSchema({place!r}))\n"
        "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True),"
        f" sa.Column('n', sa.Text), schema={place!r})",
    )
    rows = "[{'id': 1, 'n': 'x'}]"
    table = f"sa.table('t', sa.column('id'), sa.column('n'), schema={place!r})"
    shop.add("b2", "a1", f"op.bulk_insert({table}, {rows})")
    _commit(shop)
    before = built(shop, "b2")
    (told,) = done(shop, "b2", data=("b2=rows",)).seeds
    assert told.rows == 1
    assert built(shop, "b2") == before


TOKENS = "op.create_table('t', sa.Column('id', sa.Integer), sa.Column('n', sa.Integer))"


def test_a_revision_may_ask_the_engine_for_another_connection(
    make_shop: MakeShop, sqlite_url: str
) -> None:
    """The old files are run once more beside the template, on a connection of lback's."""
    shop = make_shop(sqlite_url)
    shop.add("a1", None, f"sa.inspect(op.get_bind().engine).get_table_names()\n{TOKENS}")
    shop.add("b2", "a1", 'op.execute("INSERT INTO t VALUES (1, 2)")')
    _commit(shop)
    assert [one.rows for one in done(shop, "b2", data=("rows",)).seeds] == [1]
