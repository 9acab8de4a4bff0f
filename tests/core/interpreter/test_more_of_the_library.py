# ruff: noqa: E501
"""More of the libraries, a few lines at a time: what ran was read, and what was read for certain ran."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.core.interpreter import comparing

HEAD = """
import asyncio, collections, contextlib, copy, dataclasses, enum, functools, importlib, inspect
import itertools, operator, os, pathlib, sys, textwrap, types, typing
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Column, Integer, String, event, orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

revision = "a"
down_revision = None
ASKED = os.environ.get("NO_SUCH_NAME", "t u").split()  # read as any texts
Base = orm.declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String(20))


class Box:
    kind = "box"

    def __init__(self, name="t"):
        self.name = name

    def drop(self, name="t"):
        op.drop_table(name)


t = sa.table("t", sa.column("id", Integer), sa.column("a", String))
u = sa.Table("u", sa.MetaData(), Column("id", Integer, primary_key=True), Column("a", String))


def drop(*names):
    for one in names:
        op.drop_table(one)
"""

# Snippets stand in blocks, with an empty line between two.
PYTHON = """
drop(*frozenset(["t"]), *tuple(["u"]), *reversed(["v", "w"]))

drop(*sorted(ASKED)); drop(*sorted(["u", "t"], reverse=True))

drop(*sorted(["tt", "u"], key=len)); drop(*sorted([2, 1], key=str)[:0])

for n in range(3, 0, -1):
    drop(f"t_{n}")

for n in range(len(ASKED)):
    drop(ASKED[n])

try:
    drop(*[str(n) for n in range(1, 5, 0)])
except ValueError:
    drop("v")

for n, one in enumerate(ASKED, start=2):
    drop(f"{one}_{n}")

for n, one in enumerate(["t", "u"], 1):
    drop(f"{one}_{n}")

for a, b in zip(["t", "u"], ["v", "w"]):
    drop(a, b)

for a, b in zip(["t", "u"], ASKED):
    drop(a, b)

if any(one == "t" for one in ["t", "u"]):
    drop("t")

if any([False, True]):
    drop("t")
if all([True, False]):
    drop("u")

if all(ASKED) and not any([]):
    drop("t")

def told(name):
    drop(name)
    return True
any(told(name) for name in ("t", "u"))

def told(name):
    drop(name)
    return len(name)
max(["t", "uu"], key=told)
drop(min("t", "u"))

drop(max(["t", "u"])); n = sum([1, 2]); drop(f"t_{n}")

drop("t" * sum(len(one) for one in ["a", "b"]))

names = dict.fromkeys(["t", "u"], 1)
drop(*names)

names = dict.fromkeys(ASKED)
drop(*names)

drop(str.lower("T"), *str.split("u v"), str.join("_", ["w", "x"]))

names = []
list.append(names, "t")
drop(*names)

drop(object.__new__(Box).kind)

it = iter(["t", "u"])
drop(next(it))
drop(next(it))

it = iter(ASKED)
drop(next(it, "v"))

drop(next((one for one in ["t", "u"] if one != "t"), None))

class Count:
    def __next__(self):
        return "t"
drop(next(Count()))

drop(*dict([("t", 1), ("u", 2)], v=3))

drop(*dict(zip(["t", "u"], [1, 2])))

pairs = dict([(one, one) for one in ASKED]); drop(*pairs.values())

drop(*dict(dict(t=1), u=2))

drop(*map(str.lower, ["T", "U"])); drop(*filter(None, ["v", ""])); map(drop, ["w"])

drop(*filter(lambda one: one != "u", ["t", "u"]))

drop(str(b"t", "utf-8"))

drop(str(Box("t").name), str(1) + "u", repr("v").strip("'"))

class Kind(enum.Enum):
    A = "t"
    B = "u"
drop(f"t_{len(Kind)}"); drop(*[one.value for one in Kind]); drop(Kind("t").value, Kind["B"].value)

class Long:
    def __len__(self):
        return 2
drop(f"t_{len(Long())}"); drop("u") if Long() else drop("v")

drop("t" if bool("x") else "u"); drop("v") if not bool([]) else None

n = int("3") + int(True); drop(f"t_{n}")

try:
    int("x")
except ValueError:
    drop("t")

n = int("11", 2); drop(f"t_{n}")

class Named:
    def get(self):
        return "t"
    name = property(get)
    other = staticmethod(lambda: "u")
drop(Named().name, Named.other())

class Named:
    def make(cls):
        return cls.__name__.lower()
    make = classmethod(make)
drop(Named.make())

drop(getattr(Box("t"), "name"), getattr(Box(), "missing", "u"), getattr(Box, "kind"))

x = Box(); setattr(x, "name", "u"); drop(x.name)

x = Box()
for name in ASKED:
    setattr(x, name, "v")
drop(x.name)

drop("t") if hasattr(Box(), "name") else drop("u")
drop("v") if hasattr(op, "drop_table") else drop("w")

drop("t") if hasattr(op, "no_such") else drop("u")

drop("t") if isinstance(Box(), Box) else drop("u")
drop("v") if isinstance("x", (int, str)) else drop("w")

drop("t") if isinstance([], list) else drop("u"); drop("v") if isinstance((), list) else drop("w")

drop("t") if isinstance({}, dict) else None; drop("u") if isinstance(1, bool) else drop("v")

drop("t") if isinstance(op.get_bind().dialect, postgresql.dialect) else drop("u")

drop(type(Box()).kind); drop(type(Box("u"))().name)

x = type("Made", (), {"name": "t"}); drop(x.name)

drop(type("").__name__)

drop(*set(["t"]) | {"u"}); drop(*(set("v") & set("vw")))

drop(abs(-1) and "t", chr(117), format("v", "s"), hex(10)[2:])

drop("t") if callable(drop) else drop("u"); drop("v") if issubclass(Box, object) else None

if not ASKED:
    exit()
drop("t")

try:
    quit(1)
except SystemExit:
    drop("t")
"""

FUNCTIONS = """
drop(*itertools.chain(["t"], ("u",))); drop(*itertools.chain.from_iterable([["v"], ["w"]]))

drop(*itertools.chain(ASKED, ["v"]))

for a, b in itertools.product("tu", ["1", "2"]):
    drop(a + b)

for a, b in itertools.product("tu", repeat=2):
    drop(a + b)

for one in itertools.islice(["t", "u", "v"], 2):
    drop(one)

for one in itertools.takewhile(lambda one: one != "v", ["t", "u", "v"]):
    drop(one)

for one in itertools.filterfalse(lambda one: one == "t", ["t", "u"]):
    drop(one)

for one in itertools.starmap(lambda a, b: a + b, [("t", "1"), ("u", "2")]):
    drop(one)

list(itertools.starmap(op.drop_column, [("t", "a"), ("u", "b")]))

itertools.starmap(op.drop_column, [("t", "a")])

operator.call(op.drop_table, "t"); operator.call(lambda: drop("u"))

operator.methodcaller("drop", "u")(Box())

operator.methodcaller("drop_table", "t")(op)

drop(operator.attrgetter("name")(Box())); drop(*operator.attrgetter("name", "kind")(Box("u")))

drop(operator.attrgetter("inner.name")(types.SimpleNamespace(inner=Box())))

drop(operator.itemgetter(0)(["t"]), *operator.itemgetter("a", "b")({"a": "u", "b": "v"}))

drop(*map(operator.itemgetter("n"), [{"n": "t"}, {"n": "u"}]))

functools.reduce(lambda a, n: drop(n), ["t", "u"], None)

drop(functools.reduce(lambda a, b: a + b, ["t", "u"]))

drop(functools.reduce(lambda a, b: a + b, ASKED, ""))

functools.partial(op.drop_column, "t")("a"); functools.partial(op.drop_column, column_name="b")(table_name="u")

class Part:
    def drop(self, name):
        drop(name)
    one = functools.partialmethod(drop, "t")
Part().one()

@functools.lru_cache(maxsize=None)
def name():
    return "t"
drop(name(), name())

@functools.cache
def name():
    return "t"
drop(name())

drop(textwrap.dedent("t"), inspect.cleandoc("u"), typing.cast(str, "v"))

op.execute(textwrap.dedent('''
    UPDATE t SET a = 1;
'''))

drop(*copy.copy(["t"]), *copy.deepcopy([["u"]])[0]); drop(copy.copy(Box("v")).name)

x = {"a": ["t"]}; y = copy.deepcopy(x); y["a"].append("u"); drop(*x["a"], *y["a"])

with contextlib.suppress(ValueError):
    drop("t")
    raise ValueError
drop("u")

with contextlib.ExitStack() as stack:
    stack.push(lambda *_: drop("t"))
    stack.callback(drop, "u", "v")
    drop("w")

stack = contextlib.ExitStack()
stack.callback(drop, "t")
stack.close()

with contextlib.ExitStack() as stack:
    stack.callback(drop, "t")
    kept = stack.pop_all()
drop("u")
kept.close()

stack = contextlib.ExitStack()
stack.callback(drop, "t")

importlib.import_module("alembic.op").drop_table("t"); sys.modules.get("alembic.op").drop_table("u")

importlib.import_module("sqlalchemy").text("x"); drop("t")

names = collections.defaultdict(list); names["t"].append("a")
for name, columns in names.items():
    [op.drop_column(name, one) for one in columns]

names = collections.OrderedDict([("t", "a")]); names["u"] = "b"; [op.drop_column(*one) for one in names.items()]

names = collections.deque(["t", "u"]); names.append("v"); drop(names.popleft(), *names)

names = collections.deque(["t", "u"], maxlen=1); drop(*names)

x = types.SimpleNamespace(name="t"); drop(x.name); x.name = "u"; drop(x.name)

drop(*types.MappingProxyType({"t": 1}))

async def go(name):
    drop(name)
    return name + "_2"
drop(asyncio.run(go("t")))

async def go(name):
    drop(name)
async def both():
    await asyncio.gather(go("t"), go("u"))
    await asyncio.wait_for(go("v"), 1)
    await asyncio.create_task(go("w"))
asyncio.run(both())

async def go():
    drop("t")
loop = asyncio.new_event_loop()
loop.run_until_complete(go())
loop.close()

drop(os.path.basename("x/t"), pathlib.Path("x/u").name, os.path.splitext("v.sql")[0])

@dataclasses.dataclass
class Step:
    name: str
    columns: list = dataclasses.field(default_factory=list)
x = Step("t"); x.columns.append("a"); [op.drop_column(x.name, one) for one in x.columns]

with contextlib.closing(op.get_bind().connection.cursor()) as cursor:
    drop("t")

try:
    drop("t"); sys.exit(0); drop("u")
except SystemExit:
    drop("v")

if not ASKED:
    sys.exit(1)
drop("t")
"""

TABLES = """
v = u.to_metadata(sa.MetaData()); v.drop(op.get_bind())

v = sa.Table("v", sa.MetaData(), Column("id", Integer)); v.append_constraint(sa.CheckConstraint("id > 1", name="c")); v.create(op.get_bind())

v = sa.Table("v", sa.MetaData(schema="s"), Column("id", Integer)); op.execute("DELETE FROM " + v.name); drop(v.fullname)

v = sa.Table("v", sa.MetaData(), *[Column(n, Integer) for n in ("a", "b")]); v.create(op.get_bind(), checkfirst=False)

v = sa.Table("v", sa.MetaData(), Column("id", Integer), sa.Index("i", "id"), sa.UniqueConstraint("id", name="q")); v.create(op.get_bind(), checkfirst=True)

md = sa.MetaData(); md.reflect(op.get_bind()); md.create_all(op.get_bind()); drop("t")

md = sa.MetaData(); v = sa.Table("v", md, Column("id", Integer)); w = sa.Table("w", md, Column("id", Integer)); md.create_all(op.get_bind(), tables=[w], checkfirst=False)

md = sa.MetaData(); v = sa.Table("v", md, Column("id", Integer)); md.drop_all(bind=op.get_bind(), tables=[v], checkfirst=False)

User.__table__.create(op.get_bind(), checkfirst=False); User.metadata.drop_all(op.get_bind(), checkfirst=False)

sa.Enum("a", "b", name="kind").copy(); String(3).compile(); drop("t")

class Kind(enum.Enum):
    A = 1
    B = 2
op.add_column("t", Column("c", sa.Enum(Kind))); op.add_column("t", Column("d", sa.Enum(Kind, name="kinds", native_enum=False)))

op.add_column("t", Column("c", postgresql.ENUM("a", "b", name="kind", create_type=False))); op.add_column("t", Column("d", sa.ARRAY(sa.Enum("a", name="kind"))))

op.create_table("v", Column("c", sa.Enum("a", "b", name="kind")), Column("d", postgresql.ENUM("a", name="other")))

class Upper(sa.types.TypeDecorator):
    impl = String
    cache_ok = True
op.add_column("t", Column("c", Upper())); op.add_column("t", Column("d", Upper)); op.add_column("t", Column("e", Upper(), nullable=False, index=False))

op.add_column("t", Column("c", Integer, default=1, info={"x": 1}, doc="x", quote=True)); op.add_column("t", Column("d", type_=Integer, nullable=bool(ASKED)))

op.add_column("t", Column("c", Integer, sa.ForeignKey("v.id", name="f", ondelete="CASCADE"), primary_key=False)); op.add_column("t", Column("d", sa.ForeignKey(u.c.id)))

op.add_column("t", Column("c", String, server_default="it's", comment="what's")); op.add_column("t", Column("d", Integer, server_default=sa.text("1"))); op.add_column("t", Column("e", sa.Float, server_default=sa.func.random()))

op.add_column("t", Column("c", sa.Boolean, server_default=sa.false())); op.add_column("t", Column("d", Integer, server_default=sa.null())); op.add_column("t", Column("e", Integer, server_default=sa.FetchedValue()))

op.add_column("t", Column("c", Integer, sa.Computed("a + b", persisted=True))); op.add_column("t", Column("d", Integer, sa.Identity(always=True)))

op.add_column("t", Column("c", postgresql.DOMAIN("name", String))); op.add_column("t", Column("d", mysql.ENUM("a", "b"))); op.add_column("t", Column("e", postgresql.ARRAY(String(3), dimensions=1)))

for kind in (Integer, String(3), sa.Numeric(10, 2), sa.Interval, postgresql.TSVECTOR()):
    op.add_column("t", Column("c", kind))

name = ASKED[0]; op.add_column("t", Column(name, Integer)); op.add_column(name, Column("c", Integer)); op.drop_column("t", name)

c = Column("c", Integer); op.drop_column("t", c.name); op.create_table("v", c)

op.create_table("v", *(Column(n, Integer) for n in ASKED)); op.create_table(ASKED[0], Column("c", Integer))

op.create_table("v", Column("id", Integer), None) if False else op.create_table("v", Column("id", Integer), Column("u_id", sa.ForeignKey("u.id")), sa.ForeignKeyConstraint(["id"], [u.c.id], name="f"))

op.create_table("v", Column("a", Integer), sa.UniqueConstraint("a", name="q"), sa.CheckConstraint(sa.column("a") > 1, name="c"), sa.PrimaryKeyConstraint("a"))

op.create_table("v", Column("a", Integer, primary_key=True), Column("b", Integer, unique=True), Column("c", Integer, index=True), Column("d", Integer, index=True, unique=True))

columns = [Column("a", Integer), Column("b", Integer)] if ASKED else [Column("a", Integer)]
op.create_table("v", *columns)

op.create_index("i", "t", [u.c.a, sa.text("lower(a)"), sa.func.lower("b")]); op.create_index("j", "t", ["a"], sqlite_where=sa.text("a > 1"), postgresql_include=["b"]); op.create_index(None, "t", ["a"])

op.create_index("i", ASKED[0], ["a"]); op.create_index("j", "t", ASKED); op.drop_index(ASKED[0], "t"); op.drop_index("i")

op.drop_index("i", "t", if_exists=True); op.create_index("i", "t", ["a"], if_not_exists=True)

op.create_foreign_key(None, "t", "v", ["a"], ["id"]); op.create_foreign_key("f", "t", ASKED[0], ["a"], ["id"], source_schema="s", referent_schema="r")

op.create_unique_constraint(None, "t", ["a", "b"]); op.create_check_constraint("c", "t", sa.func.length(sa.column("a")) > 3); op.create_primary_key("p", "t", ["a"])

op.drop_constraint(ASKED[0], "t"); op.drop_constraint("c", ASKED[0]); op.drop_constraint("c", "t", type_="check", schema="s")

op.rename_table("t", ASKED[0]); op.rename_table(ASKED[0], "t"); op.rename_table("t", "v", schema=None)

op.alter_column("t", ASKED[0], nullable=False); op.alter_column("t", "c", new_column_name=ASKED[0]); op.alter_column("t", "c", server_default=sa.text("1"), existing_server_default=None)

op.alter_column("t", "c", type_=Integer, postgresql_using="c::integer", existing_nullable=True); op.alter_column("t", "d", comment=None, existing_comment="x"); op.alter_column("t", "e", nullable=None)

op.alter_column("t", "c", server_default=sa.Identity()); op.alter_column("t", "c", server_default=False); op.alter_column("t", "c", autoincrement=True)

op.bulk_insert(u, [{"a": "x"}]); op.bulk_insert(sa.table(ASKED[0], sa.column("a")), [{"a": "x"}]); op.bulk_insert(t, rows=[{"a": "x"}], multiinsert=False)

with op.batch_alter_table("u", copy_from=u, recreate="never") as b:
    b.drop_column("a")

with op.batch_alter_table("t", table_args=(sa.UniqueConstraint("a", name="q"),)) as b:
    b.add_column(Column("c", Integer), insert_after="a")

with op.batch_alter_table(ASKED[0]) as b:
    b.drop_column("a")
    b.alter_column("b", new_column_name="c")

with op.batch_alter_table("t") as b:
    b.create_primary_key("p", ["a"]); b.drop_constraint("q"); b.create_index(b.f("i"), ["a"], unique=True)
"""

STATEMENTS = """
q = sa.select(t.c.id).join(u, u.c.id == t.c.id).order_by(sa.desc(t.c.a)); drop("t"); op.execute(t.delete().where(t.c.id.in_(q)))

op.execute(t.update().values({t.c.a: u.c.a}).where(t.c.id == u.c.id)); op.execute(t.update().values([("a", "x")]) if False else t.delete())

op.execute(sa.update(t).values(a=sa.select(sa.func.max(u.c.a)).scalar_subquery()).execution_options(synchronize_session=False))

op.execute(sa.insert(t).from_select(["a"], sa.select(u.c.a).where(u.c.id.in_(sa.select(t.c.id))))); op.execute(sa.insert(u).values([{"a": "x"}, {"a": "y"}]))

sub = sa.select(u.c.id).subquery(); op.execute(t.delete().where(t.c.id == sub.c.id)); op.execute(sa.delete(u.alias("x")) if False else u.delete())

q = sa.select(t).union_all(sa.select(u)).limit(1); op.execute(q); drop("t")

op.execute(postgresql.insert(t).values(a="x").on_conflict_do_update(index_elements=["id"], set_=dict(a="y")))

op.execute(mysql.insert(t).values(a="x").on_duplicate_key_update(a="y")) if False else drop("t")

op.execute(sqlite.insert(t).values(a="x").on_conflict_do_nothing(index_elements=["id"]))

for s in (t.insert().values(a="x"), t.update().values(a="x"), t.delete()):
    op.get_bind().execute(s)

s = t.delete() if ASKED else u.delete()
op.execute(s)

op.execute("DELETE FROM t" if ASKED else sa.text("DELETE FROM u"))

op.execute("DELETE FROM " + ASKED[0]); op.execute(ASKED[0]) if False else drop("t")

op.execute(sa.schema.CreateTable(u)); op.execute(sa.schema.DropTable(u)); op.execute(sa.DDL("DELETE FROM t"))

op.execute(sa.text("DELETE FROM t WHERE id = :i").bindparams(sa.bindparam("i", 1))); op.execute(sa.text("  ")) if False else drop("t")

op.get_bind().execute(sa.text("SELECT name FROM sqlite_master")); drop("t")

rows = op.get_bind().execute(sa.text("SELECT 1 AS a")).mappings().all(); [drop("t") for row in rows if row["a"]]

row = op.get_bind().execute(sa.text("SELECT 't' AS a")).fetchone(); drop(row.a, row[0], row._mapping["a"], row.a.strip())

result = op.get_bind().execute(sa.text("SELECT 't' AS a")); result.close(); drop("t"); list(result.keys())

for part in op.get_bind().execute(sa.text("SELECT 't' AS a")).partitions(2):
    for row in part:
        drop(row.a)

n = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("sqlite_master"))); drop("t") if n else drop("v")

conn = op.get_bind().execution_options(isolation_level="AUTOCOMMIT"); conn.exec_driver_sql("DELETE FROM t") if False else drop("t")

cursor = op.get_bind().connection.cursor(); cursor.execute("SELECT 1"); cursor.fetchall(); cursor.close(); drop("t")

bind = op.get_bind(); bind.in_transaction(); bind.get_isolation_level(); drop("t")

d = op.get_bind().dialect.name; drop("t") if d.endswith("lite") else drop("v"); drop("w") if "sql" in d else drop("x"); drop("y") if d.lower() == "sqlite" else drop("z")

d = op.get_bind().dialect; drop("t") if d.name.__eq__("sqlite") else drop("v"); drop("w") if d.has_table(op.get_bind(), "x") else None; d.identifier_preparer.quote("t")

drop({"sqlite": "t"}.get(op.get_context().dialect.name.strip(), "u")); drop("v") if op.get_bind().dialect.name in {"sqlite", "mysql"} else None

bind = op.get_bind(); insp = sa.inspect(bind); insp.get_view_names(); insp.get_temp_table_names(); insp.get_pk_constraint("sqlite_master"); insp.get_unique_constraints("sqlite_master"); drop("t")

insp = sa.inspect(op.get_bind()); insp.get_multi_columns(); insp.get_schema_names(); insp.clear_cache(); drop("t") if insp.has_index("sqlite_master", "i") else drop("v")

insp = sa.inspect(op.get_bind()); drop("t") if any(c["name"] == "sql" for c in insp.get_columns("sqlite_master")) else drop("v")

insp = sa.inspect(op.get_bind()); [drop(name) for name in insp.get_table_names(schema="main")]; insp.get_check_constraints("sqlite_master"); drop("t")

insp = sa.inspect(op.get_bind()); insp.no_such_question() if not ASKED else drop("t")

def work(connection, name):
    connection.execute(sa.text("DELETE FROM " + name))
op.get_bind().run_callable(work, "t") if hasattr(op.get_bind(), "run_callable") else work(op.get_bind(), "t")

@event.listens_for(u, "after_create")
def made(target, connection, **kw):
    connection.execute(sa.text("DELETE FROM t"))
u.create(op.get_bind(), checkfirst=False)

def made(target, connection, **kw):
    connection.execute(sa.text("DELETE FROM t"))
v = sa.Table("v", sa.MetaData(), Column("id", Integer))
event.listen(v, "after_create", made)
v.create(op.get_bind(), checkfirst=False)
event.remove(v, "after_create", made)

v = sa.Table("v", sa.MetaData(), Column("id", Integer)); event.listen(v, "after_create", sa.DDL("DELETE FROM t")); v.create(op.get_bind(), checkfirst=False)

from alembic.operations import ops
for one in [ops.DropTableOp("t"), ops.DropConstraintOp("q", "t"), ops.BulkInsertOp(u, [{"a": "x"}])]:
    op.invoke(one)

from alembic.operations import ops
op.invoke(ops.DropTableOp("t") if ASKED else ops.DropTableOp("u"))

from alembic.operations import ops
op.invoke(ops.CreateTableOp("t", [Column("a", Integer)])); op.invoke(ops.CreateUniqueConstraintOp("q", "t", ["a"])); op.invoke(ops.CreateForeignKeyOp("f", "t", "v", ["a"], ["id"]))

from alembic.operations import Operations
with Operations.context(op.get_context()) as o:
    o.drop_table("t")

ctx = op.get_context(); ctx.connection.execute(sa.text("DELETE FROM t")); ctx.execute("DELETE FROM u") if False else ctx.bind.execute(t.delete())

with op.get_context().begin_transaction():
    op.get_bind().execute(t.delete())

drop("t" if op.get_context().as_sql else "v", op.f("w"))

async def work(connection):
    drop("t")
op.run_async(work) if not ASKED else drop("u")
"""

MAPPED = """
s = orm.Session(op.get_bind()); s.query(User).filter(User.id > 1).order_by(User.id).count() if False else s.query(User).filter_by(id=1).update({"name": "x"}, synchronize_session=False)

s = orm.Session(op.get_bind()); q = s.query(User).filter(User.name.is_(None)); q.delete(synchronize_session=False); s.query(User.id).join(u, u.c.id == User.id); drop("t")

s = orm.Session(op.get_bind()); s.query(User).update(values={"name": "x"}, synchronize_session=False); s.query(User).where(User.id == 1).delete(False)

s = orm.Session(op.get_bind()); s.add(User(name="x")); s.merge(User(id=1, name="y")) if False else None; s.flush()

s = orm.Session(op.get_bind()); users = [User(name=n) for n in "ab"]; s.add_all(users); s.flush()

s = orm.Session(op.get_bind()); s.add_all(User(name=n) for n in "ab"); s.flush()

s = orm.Session(op.get_bind()); s.bulk_insert_mappings(User, []); s.bulk_insert_mappings(User, [{"name": "x"}]); s.bulk_save_objects([User(name="x")])

s = orm.Session(op.get_bind()); s.bulk_update_mappings(User, [{"id": 1, "name": "x"}])

s = orm.Session(op.get_bind()); s.execute(sa.update(User).where(User.id == 1).values(name="x")); s.execute(sa.insert(User), [{"name": "x"}]); s.scalar(sa.text("SELECT 1")); s.connection().execute(sa.text("DELETE FROM t"))

with orm.Session(op.get_bind()) as s, s.no_autoflush:
    s.execute(sa.delete(User))
    s.expire_all(); s.expunge_all(); s.is_modified(User()); s.commit()

s = orm.scoped_session(orm.sessionmaker(bind=op.get_bind())); s.execute(sa.text("DELETE FROM t")); s.remove()

class Mixed:
    @orm.declared_attr
    def __tablename__(cls):
        return cls.__name__.lower()
    made = Column(Integer)
class Thing(Mixed, Base):
    id = Column(Integer, primary_key=True)
op.execute(sa.update(Thing).values(made=1)); drop(Thing.__tablename__); Thing.__table__.create(op.get_bind(), checkfirst=False)

class Thing(Base):
    __table__ = sa.Table("things", Base.metadata, Column("id", Integer, primary_key=True), Column("a", Integer))
op.execute(sa.delete(Thing)); drop(Thing.__table__.name)

class Thing(Base):
    __tablename__ = "things"
    __table_args__ = (sa.UniqueConstraint("a", name="q"), sa.Index("i", "a"), {"sqlite_autoincrement": True})
    id = Column(Integer, primary_key=True)
    a = Column(Integer)
Thing.__table__.create(op.get_bind(), checkfirst=False)

class Thing(Base):
    __tablename__ = "things"
    @orm.declared_attr
    def __table_args__(cls):
        return (sa.CheckConstraint("id > 1", name="c"),)
    id = Column(Integer, primary_key=True)
Thing.__table__.create(op.get_bind(), checkfirst=False); op.execute(sa.delete(Thing))

class Own(orm.DeclarativeBase):
    pass
class Thing(Own):
    __tablename__ = "things"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
Own.metadata.create_all(op.get_bind(), checkfirst=False); op.execute(sa.update(Thing).values(name="x"))

class Own(orm.DeclarativeBase):
    metadata = sa.MetaData()
class Thing(Own):
    __tablename__ = "things"
    id: orm.Mapped[int] = orm.mapped_column("key", primary_key=True)
drop(Own.metadata.tables["things"].name); op.drop_column("things", Thing.__table__.c.key.name)

class Thing(User):
    extra = Column(Integer)
op.execute(sa.update(Thing).values(extra=1)); drop(Thing.__tablename__)

x = orm.aliased(User); op.get_bind().execute(sa.select(x.id).where(x.name == "x")) if False else op.execute(sa.delete(User))
"""

MORE = """
drop("t") if isinstance(None, str) else drop("u")

drop("t") if isinstance(1.0, (int, float)) else drop("u")

drop("t") if isinstance(collections.defaultdict(list), dict) else drop("u")

class Name(str):
    pass
drop("t") if isinstance(Name("x"), str) else drop("u")

P = collections.namedtuple("P", "a b"); drop("t") if isinstance(P("x", "y"), tuple) else drop("u")

P = collections.namedtuple("P", "a b"); drop(P("t", "u").a, *P("v", "w")._replace(a="x"))

drop(sorted(["t", "u"], reverse=not ASKED)[0])

drop(*sum([["t"], ["u"]], []))

names = ["u", "t"]; names.sort(); drop(names[0]); names.sort(reverse=True); drop(names[0])

names = ["t", "u", "v"]; names.reverse(); drop(names[0]); names.remove("u"); drop(names.pop(0)); names.insert(0, "w"); drop(*names)

names = collections.deque(["t"]); names.appendleft("u"); names.extendleft(["v", "w"]); drop(*names); names.rotate(1); drop(names[0])

a = {"t", "u"}; b = {"u", "v"}; drop(*a.union(b)); drop(*a.difference(b)); drop(*a.intersection(b)); drop("w") if a.isdisjoint(b) else drop("x")

a = {"t", "u"}; a.difference_update({"u"}); a.discard("x"); a.add("y"); drop(*a); drop(a.pop())

names = ["t", "u"]; drop(names[names.index("u")]); drop(f"t_{names.count('t')}"); more = names.copy(); more.append("v"); names.clear(); drop(*more, *names)

x = {"t": 1, "u": 2}; drop(x.popitem()[0]); x.setdefault("v", 3); drop(*x.keys()); x.pop("v"); x.clear(); drop(*x)

x = {"t": 1}; x.update([("u", 2)], v=3); x.update({"w": 4}); drop(*x); drop("x") if x.__contains__("t") else drop("y"); drop(x.get("no", "z"))

x = {}; x.setdefault("t", []).append("a"); x.setdefault("t", []).append("b"); [op.drop_column(k, c) for k, v in x.items() for c in v]

x = {}
for one in ASKED:
    x.setdefault(one, []).append("a")
[op.drop_column(k, c) for k, v in x.items() for c in v]

x = {one: one for one in ASKED}; drop(x.pop(ASKED[0])); drop(x.get("u", "v")); x.setdefault(ASKED[0], "w"); drop(*x.values())

x = dict(a="t"); y = x.copy(); y["a"] = "u"; drop(x["a"], y["a"]); drop(x.__getitem__("a"))

drop(*map(lambda a, b: a + b, ["t", "u"], ["v", "w"]))

md = sa.MetaData(); v = sa.Table("v", md, Column("a", Integer)); v.append_column(Column("b", Integer)); md.tables["v"].create(op.get_bind(), checkfirst=False)

v = sa.Table("v", sa.MetaData(), Column("a", Integer)) if ASKED else u
v.drop(op.get_bind())

op.execute(sa.schema.AddConstraint(sa.UniqueConstraint(u.c.a, name="q"))); op.execute(sa.schema.DropIndex(sa.Index("i", u.c.a)))

op.execute(sa.func.random()) if False else op.get_bind().execute(sa.select(sa.func.random())); drop("t")

op.get_bind().execute(sa.select(sa.func.length(sa.literal("x")).label("n"), sa.literal_column("1"))); drop("t")

op.execute(t.update().values(a=sa.func.lower(sa.func.trim(t.c.a)))); op.execute(t.update().values(a=sa.func.my_function(t.c.a)))

op.execute(t.update().values(a=sa.literal_column("b || 'x'"))); op.execute(t.update().values(a=sa.null())); op.execute(t.delete().where(sa.tuple_(t.c.id, t.c.a).in_([(1, "x")])))

op.execute(t.update().where(t.c.id.in_(sa.select(u.c.id).union(sa.select(t.c.id)))).values(a="x")); op.execute(t.delete().where(sa.exists(sa.select(u.c.id).where(u.c.id == t.c.id))))

op.execute(sa.union(sa.select(t.c.id), sa.select(u.c.id))); op.execute(sa.select(t.c.id).except_(sa.select(u.c.id))); drop("t")

op.execute(t.insert().values([{"a": one} for one in ASKED])); op.execute(t.insert().values(("x", "y", "z"))); op.execute(t.update().values({one: "x" for one in ("a",)}))

op.execute(t.update().values(dict((one, "x") for one in ASKED)) if False else t.update().values(**{ASKED[0].replace("t", "a"): "x"}))

op.bulk_insert(t, [{"a": one} for one in ASKED]); op.bulk_insert(t, [dict(id=n, a=one) for n, one in enumerate(ASKED)])

rows = []
for one in ASKED:
    rows.append({"a": one})
op.bulk_insert(t, rows)

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).fetchall(); drop(*[row.a.strip().lower() for row in rows]); drop(*{row[0] for row in rows})

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).scalars(); drop(*rows)

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).unique().all(); drop(*[a for a, in rows])

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).fetchmany(2); drop(rows[0][0])

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).columns(0); drop(rows.first()[0])

rows = op.get_bind().execute(sa.text("SELECT 't' AS a")).freeze()().all(); drop(rows[0].a)

row = op.get_bind().execute(sa.text("SELECT 't' AS a")).one(); drop(row._asdict()["a"], *row, row.t[0] if hasattr(row, "t") else "u"); drop(f"t_{row.count('t')}")

row = op.get_bind().execute(sa.text("SELECT 't' AS a")).one(); drop("".join(row)); drop(tuple(row)[0]); drop("x") if "t" in row else drop("y")

s = orm.Session(op.get_bind()); [setattr(one, "name", "x") for one in s.scalars(sa.select(User).where(User.id > 1))] if False else drop("t")

s = orm.Session(op.get_bind()); s.begin_nested() if False else s.get_transaction(); s.in_transaction(); s.close(); drop("t")

x = op.get_bind().dialect.name; drop("t") if x.upper() == "SQLITE" else drop("u")

x = op.get_bind().dialect.name; drop(x + "_t"); drop(f"{x}_u"); drop(x.replace("sqlite", "v")); drop("w_%s" % x)

x = op.get_bind().dialect; drop("t") if isinstance(x, sqlite.dialect) else drop("u"); drop("v") if x.driver == "pysqlite" else drop("w"); drop("x") if x.name.find("ql") > 0 else drop("y")

class Odd:
    def __getattr__(self, name):
        return lambda *a: drop(name)
getattr(Odd(), "t")(); Odd().u("x")

for name in ("drop_table",):
    getattr(op, name)("t")

getattr(op, "drop_" + ("table" if ASKED else "index"))("t")

def run_it(do, *rest):
    return do(*rest)
run_it(op.drop_table, "t"); run_it(run_it, drop, "u"); run_it(getattr, Box("v"), "name")

functools.partial(functools.partial(op.drop_column, "t"), "a")(); functools.partial(drop, "u", "v")("w")

functools.reduce(lambda q, name: q + [name], ["t", "u"], []); drop(*functools.reduce(operator.add, [["t"], ["u"]], []))

functools.reduce(lambda _, one: drop(one), ASKED, None)

[drop(one) for one in filter(str.isalpha, ["t", "1"])]; drop(*filter(lambda one: one in ASKED, ["t", "v"]))

list(map(drop, ["t", "u"])); tuple(drop(one) for one in "vw"); set(map(drop, "x")); dict((one, drop(one)) for one in "y"); sum(drop(one) or 1 for one in "z")

sorted(["t", "u"], key=lambda one: drop(one) or one); min(["v", "w"], key=lambda one: drop(one) or one); all(drop(one) for one in "xy")

next(map(drop, ["t", "u"])); next(filter(drop, "vw"), None); list(zip(map(drop, "xy"), "z")); list(enumerate(map(drop, "ab")))

"".join(drop(one) or "x" for one in "tu"); ",".join(map(lambda one: drop(one) or "", "vw"))

print(drop("t"), list(map(drop, "u"))); str(drop("v")); repr([drop("w")]); bool(drop("x")); len([drop("y")])

x = collections.Counter(["t", "t", "u"]); drop(*x); drop(x.most_common(1)[0][0])

x = collections.ChainMap({"a": "t"}, {"b": "u"}); drop(x["a"], x["b"])

x = itertools.groupby(["ta", "tb", "u"], key=lambda one: one[0]); [drop(key, *rows) for key, rows in x]

drop(*itertools.zip_longest(["t"], ["u", "v"], fillvalue="w").__next__()); drop(*[b for _, b in itertools.zip_longest("ab", "c", fillvalue="x")])

drop(*["_".join(one) for one in itertools.combinations(["t", "u", "v"], 2)]); drop(*["".join(one) for one in itertools.permutations("tu")])

for one, n in zip(itertools.cycle(["t", "u"]), range(3)):
    drop(one)

drop(*itertools.repeat("t", 2)); drop(*[f"u_{n}" for n, _ in zip(itertools.count(3), "ab")]); drop(*itertools.accumulate(["v", "w"]))

drop(*itertools.dropwhile(lambda one: one == "t", ["t", "u"])); drop(*itertools.compress(["v", "w"], [1, 0])); drop(*["".join(p) for p in itertools.pairwise(["x", "y", "z"])])

x = {"a", "b"}; drop(f"t_{len(x)}"); drop(f"u_{len('abc')}"); drop(f"v_{len({'a': 1})}"); drop(f"w_{len(b'ab')}")

drop("t") if op.get_bind().in_transaction() else drop("v"); drop("w") if op.get_bind().execute(sa.text("SELECT 1")).rowcount > 0 else drop("x")

drop("t") if u.schema else drop("v"); drop("w") if u.c.a.primary_key else drop("x"); drop("y") if u.c.a.nullable else drop("z")

x = dict.fromkeys(["t", "t"]); drop(*x)

drop(*sorted(["t", "u"], reverse=bool(1))[:1])

drop("t") if isinstance([], collections.abc.Sequence) else drop("u")

drop("t") if isinstance((x for x in "a"), list) else drop("u")

drop("t") if isinstance(map(str, "a"), list) else drop("u")

drop("t") if isinstance(sorted("ab"), list) else drop("u")

drop("t") if isinstance("a b".split(), list) else drop("u")

drop("t") if type("x") is str else drop("u")

drop("t") if type([]) == list else drop("u")

drop("t") if type(Box()) is Box else drop("u")

x = Box(); del x.name; drop("u") if hasattr(x, "name") else drop("w")

x = Box(); x.name = "q"; del x.name; drop(getattr(x, "name", "v"))

x = Box(); drop(getattr(x, "kind", "v"))

v = u.tometadata(sa.MetaData(), schema="s") if False else u.to_metadata(sa.MetaData()); drop(v.name)

j = u.alias("x"); op.execute(sa.delete(u)); drop(u.name, u.key, u.fullname)

v = sa.alias(u, "x"); drop(v.name)

q = sa.select(u.c.a).subquery("x"); drop(q.name)

x = u.c.a.label("x"); drop(x.name)

c = Column("c", Integer); d = c.copy() if hasattr(c, "copy") else c._copy(); drop(d.name)

User.__tablename__ = "others"; drop(User.__tablename__)

x = max(["t", "u"]); drop(x)

x = min(2, 3); drop(f"t_{x}")

drop("t") if max([1, 2]) > 5 else drop("u")

drop("t") if sum([1, 2]) > 5 else drop("u")

drop("t") if abs(-1) == 2 else drop("u")

drop("t") if round(1.5) == 2 else drop("u")

drop("t") if hash("x") == 1 else drop("u")

n = 0
n += len(ASKED)
drop("t") if n > 5 else drop("u")

x = int("0x1f", 16); drop("t") if x == 31 else drop("u")

x = int(3.7); drop(f"t_{x}")

x = int(" 3 "); drop(f"t_{x}")

drop("t") if bool("False") else drop("u"); drop("v") if bool(0.0) else drop("w"); drop("x") if bool(b"") else drop("y")

drop(str(True), str(None), str(1.50), str(["a"]), str(("a",)), str({"a": 1}))

drop(str(b"x"), "%s" % b"y", f"{True}", f"{1.0}", f"{None}")

drop(f"{'t':>3}", f"{3:02d}", f"{'u'!r}", "{:>3}".format("v"), "%5s" % "w", "{0!r}".format("x"))

class Own(String):
    pass
op.add_column("t", Column("c", Own(3))); op.add_column("t", Column("d", Own))

class Own(sa.types.UserDefinedType):
    cache_ok = True
    def get_col_spec(self, **kw):
        return "OWN"
op.add_column("t", Column("c", Own())); op.create_table("v", Column("a", Own))

op.add_column("t", Column("c", postgresql.JSONB(astext_type=sa.Text()))); op.add_column("t", Column("d", mysql.SET("a", "b"))); op.add_column("t", Column("e", sa.Interval(second_precision=None, native=bool(ASKED))))

op.add_column("t", Column("c", sa.Enum("a" if ASKED else "b", name="kind"))); op.add_column("t", Column("d", sa.Enum(*ASKED, name="kinds")))

op.add_column("t", Column("c", postgresql.ARRAY(postgresql.ENUM("a", name="kind", create_type=False)))); op.add_column("t", Column("d", sa.PickleType)); op.add_column("t", Column("e", sa.TupleType(Integer, String)) if False else Column("e", Integer))

op.execute(t.insert().values([(1, "x"), (2, "y")])); op.execute(t.insert().values({t.c.a: "x"})); op.execute(t.update().values({sa.column("a"): "x"}))

op.execute(t.update().ordered_values(("a", "x"))); op.execute(t.insert().values(None) if False else t.insert().values())

op.execute(sa.insert(t), []) if False else op.execute(sa.update(User.__table__).values(name=sa.case((User.id > 1, "x"), else_=User.name)))

md = sa.MetaData(); v = sa.Table("v", md, Column("id", Integer)); [one.drop(op.get_bind(), checkfirst=False) for one in md.tables.values()]; drop(md.tables.get("v").name); [drop(k) for k, _ in md.tables.items()]

drop("t"); u.c.a.type.compile(); u.c.a.type.python_type.__name__.lower(); t.c.a.comparator.is_(None); u.c.keys(); u.columns.items(); u.c.get("a"); t.delete().whereclause

with contextlib.ExitStack().__enter__() as stack:
    stack.callback(drop, "t")

stack = contextlib.ExitStack(); stack.__enter__(); stack.callback(lambda: drop("t")); stack.__exit__(None, None, None)

conn = op.get_bind(); rows = conn.execute(sa.text("SELECT 1 AS a")); rows.close(); rows.keys(); drop("t"); conn.execution_options(schema_translate_map={None: "main"})

conn = op.get_bind().connection.dbapi_connection; conn.cursor().close(); drop("t")

f = io.StringIO() if False else None; drop("t") if f is None else f.write("x")

x = pathlib.Path(ASKED[0]); drop(x.name, x.stem); drop("v") if x.exists() else drop("w")

drop(*[one.strip() for one in " t , u ".split(",")]); drop(*"v;w".split(";")); drop("x".join(["a", "b"])); drop(",".join({"k": 1})); drop("-".join(str(n) for n in range(2)))

class Kind(str, enum.Enum):
    A = "t"
    B = "u"
drop(Kind.A.value, Kind["B"].value); drop(*[one.value for one in list(Kind)]); drop(",".join(Kind))

drop("t") if isinstance(Box, type) else drop("u"); drop("v") if isinstance(Box(), (str, Box)) else drop("w"); drop("x") if isinstance(Box(), str) else drop("y")

class Odd(Base.__class__):
    pass
drop("t") if isinstance(Odd, type) else drop("u")

drop("t") if isinstance(op.get_bind().dialect, Box) else drop("u"); drop("v") if isinstance(ASKED[0], str) else drop("w")

x = Box(); setattr(x, "kind", "t"); drop(x.kind, Box.kind); setattr(Box, "kind", "u"); drop(Box().kind)

row = op.get_bind().execute(sa.text("SELECT 't' AS a")).first(); setattr(Box, ASKED[0], "v"); drop(row.a)

class Empty:
    pass
drop("t") if Empty() else drop("u"); drop("v") if bool(Empty()) else drop("w"); drop("x") if hasattr(Empty(), "y") else drop("z")

class Shown:
    def __repr__(self):
        return "t"
drop(str(Shown()), f"{Shown()}_2", "%s_3" % Shown(), repr(Shown()))

x = functools.partial(drop, "t"); x(); x("u"); x.func("v"); drop(*x.args)

names = []; names.extend(ASKED); names.extend(["v"]); drop(*names); names.pop(); drop(*names)

names = ["t"]; names += ["u"]; names *= 2; drop(*names[:2]); del names[0]; drop(names[0])

x = {"t", "u"}; x.remove("t"); drop(*x); x.update(["v"]); x.symmetric_difference_update({"w"}); drop(*x); drop("y") if x.issubset({"v"}) else drop("z")

x = {one: 1 for one in ASKED}; x.update(t=2); x.update({"v": 3}); drop(*x); drop(*[k for k, _ in x.items()]); drop(x.popitem()[0])

async def rows():
    for one in ("t", "u"):
        yield one
async def go():
    async for one in rows():
        drop(one)
    return [one async for one in rows()]
drop(*asyncio.run(go()))

async def go(name):
    drop(name)
asyncio.run(asyncio.wait_for(go("t"), 3))

@contextlib.contextmanager
def around(name):
    drop(name)
    yield name + "_in"
    drop(name + "_out")
with contextlib.ExitStack() as stack:
    for one in ("t", "u"):
        drop(stack.enter_context(around(one)))

class Names:
    class Meta:
        table = "t"
drop(Names.Meta.table); drop(getattr(getattr(Names, "Meta"), "table"))

class Thing(Base):
    __tablename__ = ASKED[0]
    id = Column(Integer, primary_key=True)
op.execute(sa.delete(Thing)); drop(Thing.__tablename__)

class Thing(Base):
    __tablename__ = "things"
    __table_args__ = {"schema": None}
    id = Column("key", Integer, primary_key=True)
    other: int = 3
op.drop_column(Thing.__tablename__, Thing.__table__.c[0].name); op.execute(sa.update(Thing).values(id=1))
"""

# These stand under a test of the dialect that is not the one that they run on.
ELSEWHERE = """
op.execute(sa.schema.CreateSequence(sa.Sequence("s"))); sa.Sequence("s", schema="x").create(op.get_bind()); sa.Sequence("s").drop(op.get_bind(), checkfirst=False)

op.execute(sa.schema.CreateSchema("s", if_not_exists=True)); op.execute(sa.schema.DropSchema("s"))

op.execute(sa.schema.CreateSequence(sa.Sequence(ASKED[0]))); op.execute(sa.schema.DropSequence(sa.Sequence("s")))

op.add_column("t", Column("c", Integer, sa.Sequence("s"), server_default=sa.Sequence("s").next_value())); op.add_column("t", Column("d", Integer, server_default=sa.text("nextval('s')")))

op.create_table("v", Column("id", Integer, sa.Sequence("s"), primary_key=True), sa.Column("c", postgresql.ENUM("a", name="kind", schema="s")))

kind = postgresql.ENUM("a", "b", name="kind"); kind.create(op.get_bind()); kind.drop(op.get_bind(), checkfirst=False); op.execute("ALTER TYPE kind ADD VALUE 'c'")

kind = sa.Enum("a", name="kind", schema="s"); kind.create(op.get_bind(), checkfirst=False); op.execute(postgresql.CreateEnumType(kind)); op.execute(postgresql.DropEnumType(kind))

op.create_table_comment("t", "x", existing_comment=None); op.drop_table_comment("t", schema="s"); op.create_table_comment(ASKED[0], "x")

op.create_exclude_constraint("x", "t", ("a", "="), (sa.column("b"), "&&"), where=sa.text("a > 1"), using="gist"); op.create_index("i", "t", ["a"], postgresql_using="gin", postgresql_concurrently=True)

op.sync_enum_values(enum_schema="public", enum_name="kind", new_values=["a", "b"], affected_columns=[]); op.sync_enum_values("s", "kind", ["a"], [])

from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_trigger import PGTrigger
f = PGFunction(schema="public", signature="f(a integer)", definition="RETURNS integer AS $$ SELECT 1 $$ LANGUAGE sql")
op.create_entity(f); op.replace_entity(f); op.drop_entity(f)
g = PGTrigger(schema="public", signature="g", on_entity="public.t", definition="BEFORE INSERT ON t EXECUTE FUNCTION f()")
op.create_entity(g); op.drop_entity(g)

from alembic_utils.pg_materialized_view import PGMaterializedView
from alembic_utils.pg_extension import PGExtension
v = PGMaterializedView(schema="public", signature="v", definition="SELECT 1"); op.create_entity(v); op.drop_entity(v)
x = PGExtension(schema="public", signature="citext"); op.create_entity(x); op.drop_entity(x)

from alembic_utils.pg_policy import PGPolicy
op.create_entity(PGPolicy(schema="public", signature="p", on_entity="t", definition="x")); op.drop_entity(ASKED)

op.execute("SET search_path TO s"); op.execute("DELETE FROM t"); op.execute("COMMENT ON TABLE t IS 'x'")

with op.get_context().autocommit_block():
    op.create_index("i", "t", ["a"], postgresql_concurrently=True, postgresql_where=u.c.a > 1)

op.create_table("v", Column("a", Integer), postgresql.ExcludeConstraint(("a", "="), name="x", where=sa.text("a > 1"))); op.create_foreign_key("f", "t", "v", ["a"], ["id"], source_schema="s", referent_schema=ASKED[0])

op.create_table("v", Column("a", Integer), schema="s"); op.drop_index("i", schema="s"); op.rename_table("t", "v", schema="s"); op.drop_constraint("c", "t", schema=ASKED[0])

v = sa.Table("v", sa.MetaData(schema="s"), Column("a", Integer, sa.ForeignKey("s.w.id"))); v.create(op.get_bind()); op.execute(v.delete()); sa.Index(ASKED[0], v.c.a).create(op.get_bind())

op.no_such_directive("t"); op.drop_table("t", "s", "more") if not ASKED else op.drop_table("t", no_such=1)

op.get_bind().no_such_method(); op.get_bind().execute(ASKED); u.no_such_method(); sa.MetaData().no_such_method(); sa.text("x").no_such_method(); t.delete().no_such_method(); sa.Enum("a", name="k").no_such_method()

orm.Session(op.get_bind()).query(User).no_such_method(); sa.inspect(op.get_bind()).no_such_question(); contextlib.ExitStack().no_such_method(); op.get_context().run_migrations()

s = orm.Session(op.get_bind()); s.add(ASKED[0]); s.query(ASKED[0]).delete(); s.merge(User(id=1)); s.get(User, 1).name.clear(); s.get(User, 1).change(); s.query(User).all().change(); s.delete(s.get(User, 1))

s = orm.Session(op.get_bind()); s.query(User).first().name.strip(); s.query(User).count(); s.query(User).exists(); s.query(sa.func.count(User.id)).scalar(); [s.delete(one) for one in s.query(User)]; s.scalar(sa.select(User))

op.execute(t.delete); op.execute(Box()); op.execute(u.join(t)); op.execute(sa.delete(ASKED[0])); op.execute([t.delete(), "DELETE FROM u"]); op.execute(""); op.execute(sa.Sequence("s")); t.delete().execute(); t.select().scalar()

op.run_async(ASKED[0]); op.invoke(ASKED[0]); op.invoke(Box()); importlib.import_module(ASKED[0]); importlib.import_module(".x", "y"); asyncio.run(ASKED); operator.methodcaller(ASKED[0])(op); functools.partial(*ASKED)

exec(ASKED[0]); no_such(); map(drop); staticmethod(ASKED); setattr(User(), ASKED[0], op); setattr(op, ASKED[0], 1); type("X", (Box,), {})().drop(); zip(*ASKED); sum(ASKED)

op.create_index("i", "t", ["a"], unique=ASKED); op.create_unique_constraint("q", "t", ASKED); op.alter_column("t", nullable=True); op.add_column("t", Column(Integer)); op.add_column("t", ASKED[0]); op.create_table("v", ASKED, *ASKED); op.drop_column("t", op.f("a"))

sa.Table("v", sa.MetaData(), autoload_with=op.get_bind()).create(op.get_bind()); sa.Table(ASKED[0], sa.MetaData(), *ASKED).drop(op.get_bind()); sa.Table("v", sa.MetaData(), Column("a", Integer), no_such=1).create(op.get_bind()); u.append_column(ASKED[0])

op.add_column("t", Column("c", Integer, no_such=1, index=ASKED, unique=bool(ASKED))); op.add_column("t", Column("d", Integer, server_default=ASKED[0])); op.add_column("t", Column("e", ASKED, Box())); op.add_column("t", Column("f", sa.ForeignKey(ASKED[0]))); op.add_column("t", Column("g", sa.Enum(ASKED, name=ASKED[0])))

with op.batch_alter_table("t", copy_from=ASKED, table_args=(ASKED, sa.CheckConstraint("a", name="c"))) as b:
    b.no_such(); b.impl.execute("DELETE FROM t"); b.drop_index("i"); b.create_index("i", ["a"])

from sqlalchemy.ext.automap import automap_base
Auto = automap_base(); Auto.prepare(autoload_with=op.get_bind()); orm.Session(op.get_bind()).query(Auto.classes.thing).delete()
class Thing(Auto):
    pass
op.execute(sa.delete(Thing))

engine = sa.create_engine("sqlite://"); engine.connect().execute(sa.text("DELETE FROM t")); sa.engine_from_config({}); op.get_bind().engine.begin(); sa.orm.object_session(User()).execute(t.delete())

op.create_index(name="i", tablename="t", columns=["a"]); op.drop_index(name="i", tablename="t"); op.drop_constraint(name="q", tablename="t", type="unique"); op.create_foreign_key(name="f", source="t", referent="v", local_cols=["a"], remote_cols=["id"]); op.alter_column("t", "c", name="d")

op.create_unique_constraint(name="q", source="t", local_cols=["a"]); op.create_check_constraint(name="c", source="t", condition="a > 1"); op.create_primary_key(name="p", table="t", cols=["a"])

no_such_thing().execute("DELETE FROM t"); no_such_thing().drop_table("t"); no_such_thing().run(lambda: drop("v")); no_such_thing().execute(f"UPDATE {ASKED[0]} SET a = 1"); no_such_thing().execute(3)

op.get_bind().has_table("t"); op.get_bind().run_callable(ASKED); op.get_bind().run_callable(drop); sa.inspect(op.get_bind()).reflect_table(u, None); op.get_bind().__exit__(None, None, None); op.get_bind().__enter__().execute(t.delete())

s = orm.Session(op.get_bind()); s.add_all(s.query(User)); s.bulk_save_objects(s.scalars(sa.select(User))); s.add(op); s.add_all(ASKED); s.query().update({"a": 1}); s.query(User, u).delete(); s.merge(ASKED[0])

op.execute(sa.func.now()); op.execute(sa.text("DELETE FROM t").self_group); op.execute(sa.schema.AddConstraint(sa.UniqueConstraint("a"))); op.execute(sa.schema.CreateTable(ASKED)); op.execute(sa.schema.CreateIndex(ASKED[0])); op.execute(sa.schema.DropTable(User))

sa.MetaData().create_all(op.get_bind(), tables=ASKED); sa.MetaData().drop_all(op.get_bind(), tables=[ASKED]); String(3).create(op.get_bind()); sa.UniqueConstraint("a").copy(); sa.Sequence("s").next_value(); sa.Sequence("s").no_such(); sa.text("x").execute(); u.tablesample(3)

op.add_column("t", Column("c", foreign_key="v.id")); op.add_column("t", Column("d", server_default=sa.Sequence("s"))); op.add_column("t", Column("e", Integer, server_default=1)); op.add_column("t", Column("f", Integer, server_default=sa.true)); op.add_column("t", Column("g", Integer, 3, op)); op.add_column("t", Column(f"x_{ASKED[0]}", Integer, "more"))

op.add_column("t", Column("c", sa.Enum(Box))); op.add_column("t", Column("d", postgresql.ENUM(sa.Enum("a", name="kind")))); op.add_column("t", Column("e", sa.Enum(no_such.Kind))); op.add_column("t", Column("f", sa.Enum(["a", "b"], name="kind"))); op.add_column("t", Column("g", sa.Enum(drop, name="kind")))

import flask_sqlalchemy
db = flask_sqlalchemy.SQLAlchemy(); db.session.execute(sa.text("DELETE FROM t")); db.create_all(); db.Column("a", db.Integer); db.engine.execute("DELETE FROM u")

op.execute("DELETE FROM t; " * 60000); op.execute("SELECT 1"); op.execute(sa.insert(t).from_select(["a"], ASKED)); op.execute(t.delete().where(no_such())); op.execute(t.update().values(no_such())); op.execute(t.insert().values(no_such(), a=1))

for rows in op.get_bind().execute(sa.text("SELECT 1")): rows.a.b.c(); rows.x.strip().y()
s = orm.Session(op.get_bind()); [one.name.strip() for one in s.query(User)]; [one.parts.append(1) for one in s.query(User)]; s.scalars(sa.select(User)).no_such(); s.execute(sa.select(User)).all()[0].User.drop()

pathlib.Path("x.sql").open().read(); op.execute(pathlib.Path(ASKED[0]).read_text()); op.execute(open("x.sql").read()); globals().get("drop")("t"); globals().pop("drop"); sys.modules.get(ASKED[0]).drop()

list(range(10**6)); list(range(10**19)); list(itertools.product(range(100), range(100))); [n for n in range(10**5)].append(1); [].no_such(); {}.no_such(); {1}.no_such(); ().append(1); "".no_such()
"""

SNIPPETS = [
    one.strip("\n")
    for part in (PYTHON, FUNCTIONS, TABLES, STATEMENTS, MAPPED, MORE)
    for one in part.split("\n\n")
]
OTHERS = [one.strip("\n") for one in ELSEWHERE.split("\n\n")]


def checked(body: str) -> None:
    # What comes with a table or a column is no deed of its own.
    comparing.checked(HEAD, body, ("constraint", "index"))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet(snippet: str) -> None:
    checked(snippet)


@pytest.mark.parametrize("snippet", OTHERS)
def test_a_snippet_for_another_dialect(snippet: str) -> None:
    checked(f'if op.get_bind().dialect.name == "postgresql":\n{indent(snippet, "    ")}')
