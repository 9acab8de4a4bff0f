"""What people write beside plain directives is read, and not only said to be unknown."""

# ruff: noqa: E501
from __future__ import annotations

from textwrap import dedent, indent

import pytest

from lback.core.effects import Effect, Effects, Use
from lback.core.interpreter.reading import read_effects

HEAD = """
import contextlib, functools, importlib, sys
from alembic import op
import alembic
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
"""
MODULES = {
    "shop": b"",
    "shop.ops": b"from alembic.op import *\nfrom shop.more import *\n",
    "shop.more": b"from alembic import op\n\ndef drop(name):\n    op.drop_table(name)\n",
    "shop.models": b"""
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String)
make = sessionmaker()
""",
    "shop.registered": b"""
from alembic.operations import Operations, MigrateOperation
@Operations.register_operation("drop_both")
class DropBoth(MigrateOperation):
    def __init__(self, one, two):
        self.names = [one, two]
    @classmethod
    def drop_both(cls, operations, one, two):
        return operations.invoke(cls(one, two))
@Operations.implementation_for(DropBoth)
def run(operations, operation):
    for name in operation.names:
        operations.drop_table(name)
""",
    "shop.steps": b"""
from alembic import op
class Step:
    def run(self):
        self.execute()
class Drop(Step):
    def __init__(self, name):
        self.name = name
    def execute(self):
        op.drop_table(self.name)
class Twice(Drop):
    def run(self):
        super().run()
        op.drop_table(self.name + "_2")
""",
}


def read(body: str, head: str = "") -> Effects:
    text = HEAD + dedent(head) + "\ndef upgrade():\n" + indent(dedent(body), "    ")
    return read_effects(text.encode(), resolve=MODULES.get)


def short(effect: Effect) -> str:
    words = [effect.kind, effect.object, effect.table or "-", effect.name or "-"]
    words += [f"[{effect.dialect}]"] if effect.dialect else []
    return " ".join(words) + ("" if effect.certain else " ?")


READ = {
    "star import of op": ("from alembic.op import *\nfrom sqlalchemy import *", 'drop_table("t")\nadd_column("t", Column("c", Integer))', ["drop table t t", "create column t c"]),
    "re-export": ("from shop.ops import *", 'drop("t")\ndrop_table("u")', ["drop table t t", "drop table u u"]),
    "import_module": ("", 'importlib.import_module("shop.more").drop("t")', ["drop table t t"]),
    "sys.modules": ("import shop.more", 'sys.modules["shop.more"].drop("t")', ["drop table t t"]),
    "class hierarchy": ("from shop.steps import Drop, Twice", 'for step in [Drop("t"), Twice("u")]:\n    step.run()', ["drop table t t", "drop table u u", "drop table u_2 u_2"]),
    "Operations": ("from alembic.operations import Operations\nfrom alembic.migration import MigrationContext", 'Operations(MigrationContext.configure(op.get_bind())).drop_table("t")', ["drop table t t"]),
    "Operations.context": ("from alembic.operations import Operations", 'with Operations.context(op.get_context()) as o:\n    o.drop_table("t")', ["drop table t t"]),
    "invoke": ("from alembic.operations import ops", 'op.invoke(ops.DropTableOp("t"))', ["drop table t t"]),
    "registered operation": ("import shop.registered", 'op.drop_both("t", "u")', ["drop table t t", "drop table u u"]),
    "context.execute": ("from alembic import context", 'context.execute("DELETE FROM t")', ["delete data t -"]),
    "index created": ("", 't = sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer))\nsa.Index("i", t.c.c).create(op.get_bind())', ["create index t i"]),
    "CreateIndex": ("from sqlalchemy.schema import CreateIndex, CreateTable, DropTable", 't = sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer))\nop.execute(CreateIndex(sa.Index("i", t.c.c)))\nop.execute(DropTable(t))', ["create index t i", "drop table t t"]),
    "Table.create": ("", 'sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer)).create(op.get_bind())', ["create table t t", "create column t c"]),
    "create_all": ("", 'm = sa.MetaData()\nt = sa.Table("t", m, sa.Column("c", sa.Integer))\nm.create_all(op.get_bind(), tables=[t])', ["create table t t ?", "create column t c ?"]),
    "batch copy_from": ("", 't = sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer))\nwith op.batch_alter_table("t", copy_from=t, recreate="always", reflect_args=[sa.Column("d", sa.Boolean(name="b"))]) as b:\n    b.drop_column("c")', ["drop column t c"]),
    "global": ("NAME = None\ndef f():\n    global NAME\n    NAME = 't'", "f()\nop.drop_table(NAME)", ["drop table t t"]),
    "nonlocal": ("", 'name = "u"\ndef f():\n    nonlocal name\n    name = "t"\nf()\nop.drop_table(name)', ["drop table t t"]),
    "mutable default": ("def f(n, seen=[]):\n    seen.append(n)\n    return seen", 'f("t")\nfor n in f("u"):\n    op.drop_table(n)', ["drop table t t", "drop table u u"]),
    "augmented attribute": ("class A:\n    n = ''", 'a = A()\na.n += "t"\nop.drop_table(a.n)', ["drop table t t"]),
    "literal tables": ("T = {'t': ['a', 'b'], 'u': ['c']}", 'for t, cs in T.items():\n    for c in cs:\n        op.drop_column(t, c)', ["drop column t a", "drop column t b", "drop column u c"]),
    "comprehension of columns": ("", 'op.create_table("t", *[sa.Column(n, sa.Integer) for n in ("a", "b")])', ["create table t t", "create column t a", "create column t b"]),
    "namedtuple class": ("from typing import NamedTuple\nclass P(NamedTuple):\n    t: str\n    c: str", 'for p in [P("t", "a"), P("u", "b")]:\n    op.drop_column(p.t, p.c)', ["drop column t a", "drop column u b"]),
    "dataclass": ("import dataclasses\n@dataclasses.dataclass\nclass P:\n    t: str\n    c: str = 'c'", 'op.drop_column(P("t").t, P(t="u", c="d").c)', ["drop column t d"]),
    "enum class": ("import enum\nclass E(enum.Enum):\n    A = 't'\n    B = 'u'", "for e in E:\n    op.drop_table(e.value)", ["drop table t t", "drop table u u"]),
    "exit stack": ("", 'with contextlib.ExitStack() as s:\n    b = s.enter_context(op.batch_alter_table("t"))\n    b.drop_column("c")\n    s.callback(op.drop_table, "u")', ["drop column t c", "drop table u u"]),
    "partial": ("", 'functools.partial(op.drop_column, "t")("c")', ["drop column t c"]),
    "reduce": ("", 'functools.reduce(lambda a, n: op.drop_table(n), ["t", "u"], None)', ["drop table t t", "drop table u u"]),
    "dict dispatch": ("def p():\n    op.drop_table('p')\ndef s():\n    op.drop_table('s')", '{"postgresql": p, "sqlite": s}[op.get_bind().dialect.name]()', ["drop table p p [postgresql]", "drop table s s [sqlite]"]),
    "dict get": ("SQL = {'postgresql': 'DELETE FROM p'}", 'op.execute(SQL.get(op.get_bind().dialect.name, "DELETE FROM o"))', ["delete data p - [postgresql]", "delete data o - [!postgresql]"]),
    "helper by dialect": ("def name():\n    if op.get_context().dialect.name == 'sqlite':\n        return 's'\n    return 'o'", "op.execute('DELETE FROM ' + name())", ["delete data s - [sqlite]", "delete data o - [!sqlite]"]),
    "alembic_utils": ("from alembic_utils.pg_view import PGView\nfrom alembic_utils.pg_function import PGFunction", 'op.create_entity(PGView(schema="public", signature="v", definition="SELECT 1"))\nop.drop_entity(PGView(schema="public", signature="v", definition="SELECT 1"))', ["create view - public.v", "drop view - public.v"]),
    "geoalchemy2": ("from geoalchemy2 import Geometry", 'op.create_geospatial_table("t", sa.Column("g", Geometry("POINT", srid=4326)))\nop.create_geospatial_index("i", "t", ["g"], unique=False)', ["create table t t", "create column t g", "create index t i"]),
    "sqlalchemy_utils": ("import sqlalchemy_utils", 'op.add_column("t", sa.Column("c", sqlalchemy_utils.types.uuid.UUIDType(), nullable=True))', ["create column t c"]),
    "attribute of a row": ("from shop.models import User", 'session = orm.Session(bind=op.get_bind())\nfor u in session.query(User).all():\n    u.name = u.name.strip()', ["update data users - ?"]),
    "attribute of one row": ("from shop.models import User", 'session = orm.Session(bind=op.get_bind())\nu = session.query(User).filter_by(id=1).first()\nif u:\n    u.name = "x"', ["update data users - ?"]),
    "setattr of a row": ("from shop.models import User", 'session = orm.Session(bind=op.get_bind())\nfor u in session.scalars(sa.select(User)):\n    setattr(u, "name", "x")', ["update data users - ?"]),
    "query kept": ("from shop.models import User", 'q = orm.Session(bind=op.get_bind()).query(User)\nq = q.filter(User.id > 1)\nq.delete()', ["delete data users -"]),
    "session.delete": ("from shop.models import User", 'session = orm.Session(bind=op.get_bind())\nsession.delete(session.get(User, 1))', ["delete data users -"]),
    "sessionmaker": ("from shop.models import User, make", 'session = make(bind=op.get_bind())\nsession.add(User(name="x"))\nsession.commit()', ["insert data users -"]),
    "module session": ("from shop.models import User\nS = orm.sessionmaker()\n@contextlib.contextmanager\ndef scope():\n    s = S(bind=op.get_bind())\n    yield s\n    s.commit()", 'with scope() as s:\n    s.add_all([User(name="x")])', ["insert data users -"]),
    "core rows": ("", 't = sa.table("t", sa.column("a"), sa.column("b"))\nbind = op.get_bind()\nfor row in bind.execute(sa.select(t.c.a)):\n    bind.execute(t.update().where(t.c.a == row.a).values(b=row.a))', ["update data t - ?"]),
    "upsert": ("from sqlalchemy.dialects.postgresql import insert", 't = sa.table("t", sa.column("a"))\ns = insert(t).values(a=1)\nop.execute(s.on_conflict_do_update(index_elements=["a"], set_={"a": 2}))', ["insert data t -"]),
    "early return": ("", 'if op.get_bind().dialect.name != "postgresql":\n    return\nop.drop_table("t")', ["drop table t t [postgresql]"]),
    "not in": ("", 'if op.get_bind().dialect.name not in ("mysql", "mariadb"):\n    op.drop_table("t")', ["drop table t t [!mariadb|mysql]"]),
    "match": ("", 'match op.get_bind().dialect.name:\n    case "sqlite":\n        return\n    case "mysql" | "mariadb":\n        op.drop_table("t")', ["drop table t t [mariadb|mysql]"]),
    "coroutine not awaited": ("async def f():\n    op.drop_table('t')", "f()", []),
    "generator not walked": ("def f():\n    op.drop_table('t')\n    yield", "f()", []),
    "map not walked": ("", 'map(op.drop_table, ["t"])', []),
    "swallowed by a decorator": ("def d(f):\n    return lambda: None\n@d\ndef f():\n    op.drop_table('t')", "f()", []),
    "found and break": ("", 'found = False\nfor c in sa.inspect(op.get_bind()).get_columns("t"):\n    if c["name"] == "old":\n        found = True\n        break\nif found:\n    op.drop_column("t", "old")', ["drop column t old ?"]),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_people_write_is_read(name: str) -> None:
    head, body, expected = READ[name]
    found = read(body, head)
    assert found.unknowns("upgrade") == ()
    assert [short(one) for one in found.upgrade] == expected


def test_parameters_that_env_py_passes() -> None:
    text = "def upgrade(op, tables):\n    op.drop_table('t')\n\n\ndef downgrade(op):\n    op.create_table('t')\n"
    found = read_effects(text.encode())
    assert [short(one) for one in (*found.upgrade, *found.downgrade)] == [
        "drop table t t",
        "create table t t",
    ]
    assert not found.unknown
    other = read_effects(
        b"def upgrade(migrator):\n    migrator.add_column('t', 'c')\n    migrator.go()\n"
    )
    assert len(other.unknowns("upgrade")) >= 1


def test_what_a_column_brings_along_counts() -> None:
    body = """
        op.add_column("t", sa.Column("c", sa.Integer, sa.CheckConstraint("c > d", name="k"), sa.ForeignKey("r.id")))
        op.add_column("t", sa.Column("e", sa.Enum("a", name="mood"), server_default=sa.text("nextval('s')")))
        op.add_column("t", sa.Column("g", sa.Integer, sa.Computed("c + d")))
        op.add_column("t", sa.Column("h", sa.Integer, object_of_no_kind, strange=1))
        op.create_index("i", "t", [sa.text("lower(c)")], postgresql_where=sa.text("d IS NULL"))
    """
    found = read(body)
    made = [short(one) for one in found.upgrade]
    assert made == [
        "create column t c",
        "create constraint t k",
        "create constraint t -",
        "create column t e",
        "create column t g",
        "create column t h",
        "create index t i",
    ]
    uses = [set(one.uses) for one in found.upgrade]
    assert Use("column", "d", "t") in uses[1]
    assert {Use("type", "mood"), Use("sequence", "s")} <= uses[3]
    assert {Use("column", "c", "t"), Use("column", "d", "t")} <= uses[4]
    assert {Use("column", "c", "t"), Use("column", "d", "t")} <= uses[6]
    assert {one.tables for one in found.unknowns("upgrade")} == {("t",)}


def test_what_a_condition_asks_of_the_schema_is_told() -> None:
    found = read(
        """
        inspector = sa.inspect(op.get_bind())
        if not inspector.has_table("t"):
            op.drop_table("u")
        if "c" in [c["name"] for c in inspector.get_columns("v")]:
            op.drop_column("v", "c")
        """
    )
    assert [short(one) for one in found.upgrade] == ["drop table u u ?", "drop column v c ?"]
    assert found.asked == (Use("table", "t"), Use("column", "*", "v"))


SILENT = {
    "attrgetter": ("import operator", 'operator.attrgetter("drop_table")(op)("t")'),
    "namedtuple": ("import collections\nP = collections.namedtuple('P', 'o')", 'P(op).o.drop_table("t")'),
    "context variable": ("import contextvars\nV = contextvars.ContextVar('v')", 'V.set(op)\nV.get().drop_table("t")'),
    "queue": ("import queue", 'q = queue.Queue()\nq.put(op)\nq.get().drop_table("t")'),
    "config attributes": ("from alembic import context", 'context.config.attributes["c"].execute("DROP TABLE t")'),
    "eval": ("", 'eval("op").drop_table("t")'),
    "thread": ("import threading", 'threading.Thread(target=lambda: op.drop_table("t")).start()'),
    "list of data": ("", 'names = {}\nfor r in op.get_bind().execute(sa.text("SELECT 1")):\n    names.setdefault(r[0], []).append(op.drop_table)\nfor n in names.values():\n    n[0]("t")'),
    "heap": ("import heapq", 'h = []\nheapq.heappush(h, op.drop_table)\nh[0]("t")'),
    "unknown import": ("from nowhere import go", "go()"),
    "attribute of an unknown import": ("from nowhere import thing", "thing.run"),
    "unknown in a with": ("from nowhere import thing", "with thing:\n    pass"),
    "unknown decorator": ("from nowhere import d\n@d\ndef f():\n    pass", "f()"),
    "unknown base": ("from nowhere import B\nclass A(B):\n    pass", "A().run()"),
    "unknown iteration": ("from nowhere import things", "for t in things:\n    pass"),
    "unknown subscript": ("from nowhere import things", "things[0]"),
    "method of an object": ("from shop.models import User", 'orm.Session(bind=op.get_bind()).query(User).first().rename("x")'),
    "related objects": ("from shop.models import User", 'orm.Session(bind=op.get_bind()).query(User).first().posts.append(1)'),
    "unknown function of SQL": ("", 'op.get_bind().execute(sa.select(sa.func.rebuild_everything()))'),
    "hash": ("class A:\n    def __hash__(self):\n        op.drop_table('t')\n        return 1", "{A(): 1}"),
    "index": ("class A:\n    def __index__(self):\n        op.drop_table('t')\n        return 0", "[1][A()]"),
    "format": ("class A:\n    def __format__(self, s):\n        op.drop_table('t')\n        return ''", "f'{A():x}'"),
    "advanced elsewhere": ("", "it = iter([op.drop_table])\nfor f in it:\n    f('t')"),
    "dialect by its beginning": ("", "if op.get_bind().dialect.name.startswith('post'):\n    op.drop_table('t')"),
    "star of nowhere": ("from nowhere import *", "go()"),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_what_is_not_proved_harmless_is_unknown(name: str) -> None:
    head, body = SILENT[name]
    found = read(body, head)
    assert found.unknowns("upgrade") or found.upgrade


def test_a_way_down_tells_what_was_not_read_on_the_way_up() -> None:
    def unknown(up: str, down: str) -> list[tuple[str, ...]]:
        text = HEAD + f"\ndef upgrade():\n    {up}\n\ndef downgrade():\n    {down}\n"
        return [one.tables for one in read_effects(text.encode()).unknowns("upgrade")]

    assert unknown("pass", 'op.drop_column("t", "c")') == [("t",)]
    assert unknown("pass", 'op.add_column("t", sa.Column("c", sa.Integer))') == [("t",)]
    assert (
        unknown('op.add_column("t", sa.Column("c", sa.Integer))', 'op.drop_column("t", "c")') == []
    )
    assert unknown('op.rename_table("t", "u")', 'op.drop_table("u")') == []
    assert unknown('op.create_table("t")', 'op.drop_column("t", "c")') == []
    assert unknown("pass", 'op.create_table("copy"); op.drop_table("copy")') == []


def test_nothing_is_discharged_but_by_the_four_ways() -> None:
    from pathlib import Path

    import lback.core.interpreter as package

    for path in Path(package.__file__).parent.rglob("*.py"):
        if path.name != "discharge.py":
            assert "Discharge(" not in path.read_text(), path.name


def test_files_of_the_tree_are_read_as_text() -> None:
    files = {"/lback-tree/db/versions/sql/a.sql": b"DELETE FROM t", "db/b.sql": b"DELETE FROM u"}
    text = (
        "import os, pathlib\nfrom pathlib import Path\nfrom alembic import op\nHERE = Path(__file__).parent\n"
        "def upgrade():\n    op.execute((HERE / 'sql' / 'a.sql').read_text())\n"
        "    with open(os.path.join(os.path.dirname(__file__), 'sql', 'a.sql')) as f:\n        op.execute(f.read())\n"
        "    op.execute(open('db/b.sql').read())\n    op.execute(open('db/c.sql').read())\n"
    )
    found = read_effects(text.encode(), path="db/versions/a.py", resolve_file=files.get)
    assert [short(one) for one in found.upgrade] == ["delete data t -"] * 2 + ["delete data u -"]
    assert len(found.unknown) == 1


def test_a_dialect_may_be_told_by_a_part_of_its_name() -> None:
    def found(test: str) -> list[str]:
        return [short(one) for one in read(f"if {test}:\n    op.drop_table('t')").upgrade]

    name, others = "op.get_bind().dialect.name", "[!mariadb|mssql|mysql|oracle|postgresql|sqlite] ?"
    may = [f"drop table t t {others}"]
    assert found(f"{name}.startswith('post')") == ["drop table t t [postgresql]", *may]
    assert found(f"'lite' in {name}") == ["drop table t t [sqlite]", *may]
    assert found(f"'sqlite' in {name}") == ["drop table t t [sqlite]"]
    assert found(f"{name}.upper() == 'POSTGRESQL'") == ["drop table t t ?"]
    assert found("op.get_bind().dialect.driver == 'pysqlite'") == ["drop table t t ?"]


def test_a_bare_name_is_not_claimed_once_names_may_mean_something_else() -> None:
    found = read(
        "op.execute('SET search_path TO tenant')\nop.drop_table('t')\nop.drop_table('t', schema='s')"
    )
    assert [short(one) for one in found.upgrade] == ["drop table t t ?", "drop table s.t s.t"]


def test_a_bare_name_is_not_claimed_in_the_text_that_changes_what_it_means() -> None:
    body = "op.execute('SET search_path TO tenant; DROP TABLE t; DROP TABLE s.t')"
    found = read_effects(f"from alembic import op\ndef upgrade():\n    {body}\n".encode())
    assert [(one.table, one.certain) for one in found.upgrade] == [("t", False), ("s.t", True)]


@pytest.mark.parametrize(
    "body",
    [
        "['a', 't'].sort(key=op.drop_table)",
        "class C:\n    def __lt__(self, o):\n        op.drop_table('t')\n        return True\n"
        "sorted([C(), C()])",
    ],
)
def test_sorting_calls_what_compares(body: str) -> None:
    text = "from alembic import op\ndef upgrade():\n" + indent(body, "    ")
    assert "t" in {one.table for one in read_effects(text.encode()).upgrade}


def test_a_type_of_the_project_is_not_taken_for_sqlalchemys() -> None:
    modules = {
        "shop": b"",
        "shop.types": b"import sqlalchemy as sa\nclass JSON(sa.TypeDecorator):\n    impl = sa.JSON\n",
    }
    text = (
        "from alembic import op\nimport sqlalchemy as sa\nfrom shop.types import JSON\n"
        "def upgrade():\n    op.add_column('t', sa.Column('a', JSON()))\n"
    )
    found = read_effects(text.encode(), resolve=modules.get)
    assert dict(found.upgrade[0].sets)["type"] == "shop.types.JSON()"


def test_one_of_several_dicts_may_be_spread_into_a_call() -> None:
    body = (
        "more = {} if op.get_bind().dialect.name == 'mysql' else {'schema': 's'}\n"
        "op.drop_index('ix', table_name='t', **more)\n"
        "else_ = {} if sys.argv else {'table_name': 'u'}\n"
        "def drop(table_name='t'):\n    op.drop_table(table_name)\n"
        "drop(**else_)\n"
    )
    found = read(body)
    assert [short(one) for one in found.upgrade] == [
        "drop index t ix [mysql]",
        "drop index s.t ix [!mysql]",
        "drop table t t ?",
        "drop table u u ?",
    ]
    assert not found.unknown
