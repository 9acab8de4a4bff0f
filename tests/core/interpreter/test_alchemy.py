# ruff: noqa: E501
"""Alembic and SQLAlchemy, a line at a time: what ran was read, and what was read for certain ran."""

from __future__ import annotations

from textwrap import dedent

import pytest

from lback.core.interpreter.reading import read_effects
from tests.core.interpreter.comparing import checked

HEAD = """
import contextlib, functools, logging, os, sys
import alembic
import sqlalchemy
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Column, Integer, String, column, delete, insert, select, table, text, update
from sqlalchemy.orm import Session, declarative_base, sessionmaker
from sqlalchemy.sql import func

revision = "a"
down_revision = None
log = logging.getLogger("alembic")
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String(20))
    age = Column(Integer)


t = table("t", column("id", Integer), column("a", String), column("b", String))
u = sa.Table("u", sa.MetaData(), Column("id", Integer, primary_key=True), Column("a", String))
"""

CORE = """
op.execute(t.insert().values(a="x")); op.execute(t.update().values(a="x")); op.execute(t.delete())
op.execute(insert(t).values({"a": "x"})); op.execute(update(t).where(t.c.id == 1).values(a="x")); op.execute(delete(t).where(t.c.a.is_(None)))
op.execute(t.update().where(t.c.a == op.inline_literal("x")).values({"b": op.inline_literal("y")}))
op.execute(t.update().where(t.c.a.in_(["x", "y"])).values({t.c.b: func.lower(t.c.a)}))
op.execute(u.update().values(a=select(t.c.a).where(t.c.id == u.c.id).scalar_subquery()))
op.execute(u.insert().from_select(["id", "a"], select(t.c.id, t.c.a)))
op.bulk_insert(t, [{"id": 1, "a": "x"}, {"id": 2, "a": "y"}]); op.bulk_insert(t, [])
op.bulk_insert(sa.table("v", sa.column("a")), [dict(a=str(n)) for n in range(3)])
bind = op.get_bind(); bind.execute(text("DELETE FROM t")); bind.execute(t.delete())
bind = op.get_bind(); bind.execute(text("UPDATE t SET a = :a WHERE id = :i"), {"a": "x", "i": 1})
bind = op.get_bind(); bind.execute(text("INSERT INTO t (a) VALUES (:a)"), [{"a": "x"}, {"a": "y"}])
conn = op.get_bind().connect(); conn.execute(text("DELETE FROM t"))
op.get_context().bind.execute(text("DELETE FROM t"))
context.get_context().connection.execute(text("DELETE FROM t"))
rows = op.get_bind().execute(text("SELECT 1")).fetchall(); [op.drop_table("t") for row in rows]
row = op.get_bind().execute(text("SELECT 1")).first(); op.drop_table("t") if row else op.drop_table("v")
n = op.get_bind().execute(text("SELECT 1")).scalar(); op.drop_table("t") if n else op.drop_table("v")
n = op.get_bind().scalar(text("SELECT 1")); op.drop_table("t") if n == 1 else op.drop_table("v")
for (n,) in op.get_bind().execute(text("SELECT 1")): op.execute(t.update().where(t.c.id == n).values(a="x"))
for row in op.get_bind().execute(text("SELECT 1 AS id")).mappings(): op.execute(t.delete().where(t.c.id == row["id"]))
for row in op.get_bind().execute(text("SELECT 1 AS id")): op.execute(t.delete().where(t.c.id == row.id)); op.execute(t.delete().where(t.c.id == row[0]))
names = [row[0] for row in op.get_bind().execute(text("SELECT 'v'"))]; [op.drop_table(one) for one in names]
found = {row.id: row for row in op.get_bind().execute(text("SELECT 1 AS id"))}; op.drop_table("t") if found else None
op.get_bind().execute(text("SELECT 1")).scalars().all(); op.drop_table("t")
op.get_bind().execute(text("SELECT 1")).one_or_none(); op.drop_table("t")
res = op.get_bind().execute(text("SELECT 1")); res.close(); op.drop_table("t")
op.get_bind().exec_driver_sql("SELECT 1"); op.drop_table("t")
with op.get_bind().begin_nested(): op.get_bind().execute(text("DELETE FROM t"))
q = select(t.c.a).where(t.c.id == 1).order_by(t.c.a).limit(1); op.drop_table("t")
q = select(func.count()).select_from(t); op.drop_table("t")
alias = t.alias("x"); op.execute(t.update().values(a=select(alias.c.b).where(alias.c.id == t.c.id).scalar_subquery()))
stmt = t.update(); stmt = stmt.where(t.c.id == 1); stmt = stmt.values(a="x"); op.execute(stmt)
values = {"a": "x"}; values["b"] = "y"; op.execute(t.update().values(**values)); op.execute(t.insert().values(values))
op.execute(t.update().values({name: "x" for name in ("a", "b")}))
op.execute(t.update().values(a=sa.case((t.c.b == "x", "y"), else_="z")))
op.execute(t.update().values(a=t.c.a + "x", b=sa.cast(t.c.id, String)))
op.execute(t.delete().where(sa.and_(t.c.a == "x", sa.or_(t.c.b.like("y%"), sa.not_(t.c.id > 1)))))
op.execute(t.delete().where(sa.exists().where(u.c.id == t.c.id)))
op.execute(text("UPDATE t SET a = :a").bindparams(a="x")); op.execute(text("DELETE FROM t").execution_options(autocommit=True))
op.execute(sa.func.now()) if False else op.drop_table("t")
op.execute("UPDATE t SET a = 1; DELETE FROM t")
op.execute("INSERT INTO t (a) SELECT a FROM v"); op.execute(sqltext="DELETE FROM t")
"""

DIRECTIVES = """
op.create_table("v", Column("id", Integer, primary_key=True), sa.UniqueConstraint("id"), sa.Index("i", "id"))
x = op.create_table("v", Column("id", Integer), Column("a", String)); op.bulk_insert(x, [{"id": 1}]); op.execute(x.delete())
columns = [Column("id", Integer)]; columns.append(Column("a", String)); op.create_table("v", *columns)
op.create_table("v", *[Column(name, Integer) for name in ("a", "b")])
op.create_table("v", Column("id", Integer), schema=None, if_not_exists=True) if False else op.drop_table("v")
op.add_column("t", Column("c", Integer, nullable=False, server_default="1")); op.drop_column("t", "c")
op.add_column("t", Column("c", sa.ForeignKey("v.id"))); op.add_column("t", Column("d", sa.Enum("a", "b", name="kind")))
op.alter_column("t", "c", type_=sa.Text(), existing_type=String(3), nullable=False, server_default=None, comment="x")
op.alter_column("t", "c", new_column_name="d"); op.rename_table("t", "v")
op.create_index("i", "t", ["a", "b"], unique=True); op.create_index(op.f("j"), "t", [text("lower(a)")]); op.drop_index("i", table_name="t")
op.create_index("k", "t", [sa.desc("a")], postgresql_where=text("a > 1")); op.drop_index(op.f("k"), "t")
op.create_unique_constraint("q", "t", ["a"]); op.create_check_constraint("c", "t", "a > 1"); op.create_check_constraint("d", "t", column("a") > 1)
op.create_foreign_key("f", "t", "v", ["a"], ["id"], ondelete="CASCADE"); op.create_primary_key("p", "t", ["id"])
op.drop_constraint("f", "t", type_="foreignkey"); op.drop_constraint("q", "t", "unique")
name = "t"; op.drop_table(table_name=name); op.drop_column(table_name=name, column_name="c")
[op.add_column("t", Column(name, kind)) for name, kind in (("a", Integer), ("b", String(3)))]
kw = {"nullable": False}; op.alter_column("t", "c", **kw); op.alter_column(*("t", "d"), **{"nullable": True})
with op.batch_alter_table("t") as b: b.add_column(Column("c", Integer)); b.drop_column("d"); b.alter_column("e", nullable=True)
with op.batch_alter_table("t", schema=None, recreate="never") as b: b.create_index("i", ["a"]); b.drop_index("i"); b.create_unique_constraint("q", ["a"])
with op.batch_alter_table("t") as b: b.create_foreign_key("f", "v", ["a"], ["id"]); b.drop_constraint("f", type_="foreignkey"); b.create_check_constraint("k", "a > 1")
with op.batch_alter_table("t") as b: [b.drop_column(name) for name in ("a", "b")]; b.execute("DELETE FROM t")
with op.get_context().autocommit_block(): op.execute("DELETE FROM t")
with op.get_context().begin_transaction(): op.execute("DELETE FROM t")
with contextlib.suppress(KeyError): op.drop_table("t")
with contextlib.nullcontext("t") as name: op.drop_table(name)
with contextlib.ExitStack() as stack: stack.enter_context(contextlib.nullcontext()); stack.callback(op.drop_table, "t")
with contextlib.closing(op.get_bind().execute(text("SELECT 1"))) as rows: op.drop_table("t")
op.drop_table("t") if op.get_bind().dialect.name == "sqlite" else op.drop_table("v")
op.drop_table("t") if op.get_context().dialect.name in ("postgresql", "mysql") else op.drop_table("v")
op.drop_table("t") if op.get_bind().engine.name != "sqlite" else op.drop_table("v")
op.drop_table({"sqlite": "t", "mysql": "v"}[op.get_bind().dialect.name])
op.drop_table({"mysql": "v"}.get(op.get_bind().dialect.name, "t"))
name = op.get_bind().dialect.name; op.drop_table("t") if name.startswith("postgres") else op.drop_table("v")
is_sqlite = op.get_context().dialect.name == "sqlite"; op.drop_table("t") if not is_sqlite else op.drop_table("v")
op.drop_table("t") if op.get_context().as_sql else op.drop_table("v"); op.drop_table("w") if context.is_offline_mode() else None
inspector = sa.inspect(op.get_bind()); op.drop_table("t") if inspector.has_table("t") else op.drop_table("v")
inspector = sa.inspect(op.get_bind()); op.drop_table("t") if "t" in inspector.get_table_names() else op.drop_table("v")
inspector = sa.inspect(op.get_bind()); names = [c["name"] for c in inspector.get_columns("sqlite_master")]; op.drop_table("t") if "name" in names else op.drop_table("v")
inspector = sa.inspect(op.get_bind()); [op.drop_index(i["name"], "sqlite_master") for i in inspector.get_indexes("sqlite_master")]; op.drop_table("t")
insp = sa.engine.reflection.Inspector.from_engine(op.get_bind()); op.drop_table("t") if not insp.get_foreign_keys("sqlite_master") else op.drop_table("v")
log.info("dropping %s", "t"); print("dropping"); op.drop_table("t")
getattr(op, "drop_" + "table")("t"); {"drop": op.drop_table}["drop"]("t"); [op.drop_table, print][0]("v")
do = op.drop_table; do("t"); functools.partial(do, "v")(); f = lambda name, do=do: do(name); f("w")
u.drop(op.get_bind()); sa.MetaData()
u.create(op.get_bind(), checkfirst=True)
alembic.op.drop_table("t"); sys.modules["alembic.op"].drop_table("v")
"""

ORM = """
s = Session(bind=op.get_bind()); s.execute(text("DELETE FROM t")); s.commit()
s = Session(op.get_bind()); s.add(User(name="x")); s.flush()
s = Session(op.get_bind()); s.add_all([User(name="x"), User(name="y")]); s.flush()
s = sessionmaker(bind=op.get_bind())(); s.execute(update(User).values(name="x")); s.execute(delete(User).where(User.age > 1))
with Session(op.get_bind()) as s: s.execute(insert(User).values(name="x"))
s = Session(op.get_bind()); s.query(User).filter(User.age > 1).update({"name": "x"}, synchronize_session=False)
s = Session(op.get_bind()); s.query(User).filter_by(age=1).delete(synchronize_session=False)
s = Session(op.get_bind()); s.bulk_insert_mappings(User, [{"name": "x"}])
s = Session(op.get_bind()); s.close(); op.drop_table("t")
op.execute(update(User).values({User.name: "x"})); op.execute(User.__table__.delete()); op.bulk_insert(User.__table__, [{"name": "x"}])
op.drop_table(User.__tablename__); op.drop_column(User.__tablename__, User.name.name)
op.drop_table(User.__table__.name); [op.drop_column("users", c.name) for c in User.__table__.columns]
"""
MORE = """
v = sa.Table("v", sa.MetaData(), Column("id", Integer)); v.append_column(Column("a", String)); v.create(op.get_bind()); v.drop(op.get_bind(), checkfirst=True)
op.execute(u.select()); op.execute(u.insert().values(a="x")); op.execute(u.alias("x").select()); op.execute(u.delete())
op.execute(u.insert(), {"a": "x"}) if False else op.execute(u.update().values({"a": "x"}))
j = u.join(t, u.c.id == t.c.id); op.execute(select(u.c.id).select_from(j)); op.drop_table("t")
[op.drop_column("u", c.name) for c in u.c]; [op.drop_column("u", c.name) for c in u.columns]; op.drop_column("u", u.c["a"].name); op.drop_column("u", u.columns.a.key)
md = sa.MetaData(); v = sa.Table("v", md, Column("id", Integer)); [op.drop_table(one.name) for one in md.sorted_tables]; op.drop_table(md.tables["v"].name); md.create_all(op.get_bind(), checkfirst=False)
md = sa.MetaData(); v = sa.Table("v", md, Column("id", Integer)); md.drop_all(op.get_bind())
md = sa.MetaData(); [op.drop_table(name) for name in md.tables]; op.drop_table("t")
Base.metadata.tables["users"].drop(op.get_bind()); [op.drop_table(one.name) for one in Base.metadata.sorted_tables]
sa.Enum("a", "b", name="kind").create(op.get_bind(), checkfirst=True); sa.Enum(name="kind").drop(op.get_bind(), checkfirst=False); op.drop_table("t")
kind = sa.Enum("a", "b", name="kind").with_variant(String(3), "sqlite"); op.add_column("t", Column("c", kind)); op.alter_column("t", "c", type_=kind, existing_type=String())
op.add_column("t", Column("c", String().with_variant(sa.Text(), "mysql"))); op.add_column("t", Column("d", sa.JSON().as_generic() if False else sa.JSON()))
op.add_column("t", Column("c", sa.Enum(*["a", "b"], name="kind"))); op.add_column("t", Column("d", sa.ARRAY(Integer))); op.add_column("t", Column("e", sa.Numeric(10, 2), default=0))
op.add_column("t", Column("c", Integer, sa.Sequence("s"))); op.add_column("t", Column("d", Integer, sa.Identity(start=3))); op.add_column("t", Column("e", Integer, sa.Computed("a * 2")))
op.add_column("t", Column("c", sa.DateTime(timezone=True), server_default=func.now(), onupdate=func.now())); op.add_column("t", Column("d", String, server_default=text("'x'")))
op.add_column("t", Column("c", sa.Boolean, server_default=sa.true(), nullable=False)); op.add_column("t", Column("d", sa.Boolean(), server_default=sa.sql.expression.false()))
op.add_column("t", Column(name="c", type_=Integer, index=True, unique=True)); op.add_column("t", Column("d", key="x", comment="y", type_=sa.LargeBinary()))
made = Column("c", Integer); made.nullable = False; op.add_column("t", made); op.add_column("t", made.copy() if False else Column("d", made.type))
kinds = {"a": Integer, "b": String(3)}; [op.add_column("t", Column(name, kind)) for name, kind in kinds.items()]
op.create_table("v", Column("id", Integer), sa.PrimaryKeyConstraint("id", name="pk"), sa.ForeignKeyConstraint(["id"], ["u.id"]), sa.CheckConstraint("id > 1", name="ck"))
op.create_table("v", Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True), mysql_engine="InnoDB", comment="x")
op.create_table("v", sa.MetaData(), Column("id", Integer, primary_key=True), extend_existing=True, keep_existing=False)
row = op.get_bind().execute(text("SELECT 'x' AS a, NULL AS b")).first(); x = {"p": "t"} if row.b else None; y = x or {}; y["q"] = "v"; [op.drop_table(y[k]) for k in sorted(y)]; z = (None if row.a else 0) or "w"; op.drop_table(z)
row = op.get_bind().execute(text("SELECT 'x' AS a")).first(); x = None if row.a else {}; op.drop_table("v") if x is None else None; y = (x and "t") or "w"; op.drop_table(y); x["a"] = 1; op.drop_table("never")
from sqlalchemy.ext.mutable import MutableDict, MutableList; op.add_column("t", Column("d", MutableDict.as_mutable(sa.JSON()))); op.add_column("t", Column("l", MutableList.as_mutable(sa.JSON)))
op.get_bind().execute(sa.schema.CreateTable(u)) if False else op.execute(sa.schema.DropTable(u)); op.execute(sa.schema.CreateIndex(sa.Index("i", u.c.a)))
sa.Index("i", u.c.a, unique=True).create(op.get_bind()); sa.Index("i", u.c.a).drop(op.get_bind())
op.execute([text("DELETE FROM t")][0]); op.execute(("DELETE FROM t", "DELETE FROM v")[1]); [op.execute(q) for q in ("DELETE FROM t", text("DELETE FROM v"), t.delete())]
op.get_bind().execute(select(t).with_only_columns(t.c.id)); op.get_bind().execute(select(t.c.id).distinct().group_by(t.c.id).having(func.count() > 1)); op.drop_table("t")
op.get_bind().execute(t.select().where(t.c.id.between(1, 2)).union(t.select())); op.get_bind().execute(select(sa.literal(1).label("x"))); op.drop_table("t")
op.execute(t.update().where(~t.c.a.contains("x")).values(a=sa.null())); op.execute(t.update().where(t.c.a.op("||")("x") == "y").values(b=sa.literal("z")))
op.execute(t.update().ordered_values((t.c.a, "x"), (t.c.b, "y"))); op.execute(t.insert().returning(t.c.id).values(a="x")); op.execute(t.delete().returning(t.c.id))
from sqlalchemy.dialects import postgresql, sqlite, mysql; op.add_column("t", Column("c", postgresql.JSONB())); op.add_column("t", Column("d", mysql.TINYINT(1))); op.add_column("t", Column("e", postgresql.UUID(as_uuid=True)))
from sqlalchemy.dialects.sqlite import insert as upsert; op.execute(upsert(t).values(id=1, a="x").on_conflict_do_nothing()); op.execute(upsert(t).values(id=1).on_conflict_do_update(index_elements=["id"], set_={"a": "y"}))
from alembic.operations import ops; op.invoke(ops.DropTableOp("t")); op.invoke(ops.AddColumnOp("t", Column("c", Integer))); op.invoke(ops.ExecuteSQLOp("DELETE FROM t")); op.invoke(ops.DropColumnOp("t", "c"))
from alembic.operations import ops; op.invoke(ops.RenameTableOp("t", "v")); op.invoke(ops.CreateIndexOp("i", "t", ["a"])); op.invoke(ops.DropIndexOp("i", "t")); op.invoke(ops.AlterColumnOp("t", "a", modify_nullable=True))
from alembic.operations import Operations; from alembic.migration import MigrationContext; Operations(op.get_context()).drop_table("t"); Operations(MigrationContext.configure(op.get_bind())).drop_table("v")
m = op.get_context(); m.impl.drop_table("t") if False else op.drop_table("t"); m.config.get_main_option("x") if m.config else None; context.get_x_argument() if False else None
ctx = op.get_context(); op.drop_table("t") if ctx.opts.get("x") else op.drop_table("v"); op.drop_table("w") if ctx.get_current_revision() is None else None
op.execute(text("UPDATE t SET a = " + "1")); op.execute(text("".join(["DELETE FROM ", "t"]))); op.execute(text("DELETE FROM {}".format(t.name))); op.execute(text(f"DELETE FROM {u.name}"))
op.execute(f"DELETE FROM {User.__tablename__}"); op.execute(str(text("DELETE FROM t"))); op.execute("DELETE FROM %s" % t.name); op.execute(f"DELETE FROM {t}")
s = sessionmaker(op.get_bind()); x = s(); x.query(User).update({User.name: "x"}, synchronize_session=False); x.query(User).delete(synchronize_session=False); x.commit(); x.close()
s = Session(bind=op.get_bind()); [s.add(User(name=n)) for n in "ab"]; s.flush(); s.rollback(); s.execute(t.insert().values(a="x")); s.scalars(select(User.id)).all()
s = Session(bind=op.get_bind()); s.bulk_save_objects([User(name="x")]); s.bulk_update_mappings(User, [{"id": 1, "name": "x"}]); s.expunge_all()
with Session(op.get_bind()) as s, s.begin(): s.execute(delete(User)); s.execute(insert(User), [{"name": "x"}])
with sessionmaker(op.get_bind()).begin() as s: s.execute(update(User).values(age=User.age + 1))
for user in Session(op.get_bind()).query(User): user.name = "x"
user = User(name="x", age=1); user.age += 1; Session(op.get_bind()).merge(user) if False else op.drop_table("t")
n = op.get_bind().execute(select(func.count()).select_from(u)).scalar_one() if False else 0; op.drop_table("t") if n else op.drop_table("v")
rows = list(op.get_bind().execute(text("SELECT 1 AS a, 2 AS b"))); a, b = rows[0]; op.execute(t.update().where(t.c.id == a).values(a=str(b))); [op.drop_table("t") for a, *b in rows]
rows = op.get_bind().execute(text("SELECT 1 AS a")); keys = rows.keys(); op.drop_table("t") if "a" in keys else op.drop_table("v"); rows._mapping if False else None
row = op.get_bind().execute(text("SELECT 1 AS a")).mappings().first(); op.drop_table("t") if row["a"] > 0 else op.drop_table("v"); op.drop_column("t", "c") if dict(row).get("a") else None
row = dict(op.get_bind().execute(text("SELECT 1 AS a")).fetchone()._mapping); row["b"] = 1; op.drop_table("t") if row else None; op.bulk_insert(t, [row])
"""

PARTS = """
op.drop_table(u.name); op.drop_table(u.fullname); op.drop_table(u.key); op.drop_table(f"{u.schema}_x"); op.drop_table(t.name + "_2"); op.drop_table(str(u))
x = sa.Table("w", sa.MetaData(schema="s"), Column("id", Integer)); op.drop_table(x.name); op.drop_table(x.metadata.schema + "_m")
x = Column("c", String(3)); op.drop_column("t", x.name); op.drop_column("t", x.key); op.add_column("t", Column("d", x.type, nullable=x.nullable, server_default=x.server_default, comment=x.comment)); op.drop_table("v") if x.primary_key else op.drop_table("w")
op.drop_column("u", u.c.a.name); op.drop_column("u", u.c["id"].key); op.add_column("u", Column("d", u.c.a.type)); op.drop_table("v") if u.c.a.nullable else op.drop_table("w"); op.drop_table(u.c.a.table.name)
x = sa.Enum("a", "b", name="kind"); op.drop_table(x.name); [op.drop_table(one) for one in x.enums]; op.drop_table("v") if x.schema else op.drop_table("w"); op.drop_table(f"t_{String(3).length}"); op.drop_table("y") if sa.DateTime(timezone=True).timezone else op.drop_table("z")
x = sa.Enum(*(["a"] if op.get_bind() else ["b"]), name="kind"); op.add_column("t", Column("c", x)); [op.drop_table(one) for one in x.enums]
op.drop_table(User.__tablename__); op.drop_table(User.__table__.name); op.drop_column("users", User.name.key); op.drop_column("users", User.__table__.c.age.name); [op.drop_column("users", c.name) for c in User.__table__.columns if not c.primary_key]
x = Base.metadata; [op.drop_table(one) for one in x.tables]; [op.drop_table(one.name) for one in x.tables.values()]; [op.drop_table(one.name) for one in reversed(x.sorted_tables)]; op.drop_table("v") if "users" in x.tables else op.drop_table("w"); op.drop_table(x.tables["users"].name)
x = sa.MetaData(); x.reflect(bind=op.get_bind()); [op.drop_table(one) for one in x.tables]; op.drop_table("v") if "t" in x.tables else op.drop_table("w")
x = sa.inspect(op.get_bind()); [op.drop_table(one) for one in x.get_table_names()]; op.drop_table("v") if x.has_table("t") else op.drop_table("w"); [op.drop_column("t", c["name"]) for c in (x.get_columns("t") if x.has_table("t") else [])]; op.drop_table(x.default_schema_name or "y")
x = op.get_bind(); op.drop_table(x.dialect.name); op.drop_table(x.engine.dialect.name); op.drop_table(x.dialect.default_schema_name or "y"); op.drop_table("z") if x.dialect.driver == "x" else op.drop_table("q")
x = op.get_context(); op.drop_table("v") if x.as_sql else op.drop_table("w"); op.drop_table(x.version_table if hasattr(x, "version_table") else "y"); op.drop_table(x.impl.__dialect__); x.bind.execute(text("DELETE FROM t")); x.connection.execute(text("DELETE FROM u"))
op.execute(text("DELETE FROM t") if op.get_bind() else text("DELETE FROM v")); op.execute({"a": t.delete()}["a"]); op.execute(*[t.delete()]); op.execute(sqltext="DELETE FROM t"); op.execute(text(text="DELETE FROM t"))
op.execute(u.delete().where(u.c.id + 1 > 2 * u.c.id)); op.execute(u.delete().where(-u.c.id < 0)); op.execute(u.delete().where(~(u.c.id == 1))); op.execute(u.delete().where((u.c.id == 1) | (u.c.a == "x") & (u.c.a != None)))
op.execute(u.delete().where(not_(u.c.id == 1) if False else sa.not_(u.c.id == 1))); op.execute(u.delete().where(sa.and_(*[u.c.id == n for n in range(2)]))); op.execute(u.delete().where(u.c.a == "x" if op.get_bind() else u.c.a == "y"))
op.execute(u.update().values(a=u.c.a + "x")); op.execute(u.update().values(a="x" + u.c.a)); op.execute(u.update().values({u.c.a: sa.case((u.c.id == 1, "x"), else_="y")})); op.execute(u.update().values({"a": func.coalesce(u.c.a, "z")})); op.execute(u.update().values(**{c: "x" for c in ["a"]}))
op.execute(u.update().values({Column("a", String): "x"} if False else {"a": sa.cast(u.c.id, String)})); op.execute(u.update().values(a=sa.literal_column("id")).where(sa.text("id = 1"))); op.execute(u.update().where(sa.exists().where(t.c.id == u.c.id)).values(a=None))
x = select(u.c.id).where(u.c.a == "x"); op.execute(u.delete().where(u.c.id.in_(x))); op.execute(t.delete().where(t.c.id.in_(x.scalar_subquery() if False else x))); z = x.subquery(); op.execute(t.insert().from_select(["id"], select(z.c.id))); a = u.alias("q"); op.execute(u.delete().where(u.c.id.in_(select(a.c.id))))
[op.drop_column("t", c.name) for c in t.c]; op.drop_table("v") if "a" in t.c else op.drop_table("w"); op.drop_table("y") if len(t.c) > 2 else op.drop_table("z"); [op.drop_column("t", one) for one in t.c.keys()]; op.drop_table("q") if t.c.a is not None else op.drop_table("r"); op.drop_column("t", t.columns["a"].name)
x = op.batch_alter_table("t"); op.drop_table("v")
rows = op.get_bind().execute(text("SELECT 1 AS a, 'x' AS b")).fetchall(); x = {row.a: row.b for row in rows}; [op.drop_table(f"t_{k}_{v}") for k, v in x.items()]; y = [dict(row._mapping) for row in rows]; [op.drop_table(one["b"]) for one in y]; z = rows[0].a + 1; op.drop_table("v") if z > 1 else op.drop_table("w"); op.drop_table("t_" + rows[0].b); q = sum(row.a for row in rows); op.drop_table(f"q_{q}")
row = op.get_bind().execute(text("SELECT 1 AS a, 'x' AS b")).one(); op.drop_table(row.b); op.drop_table(row[1]); op.drop_table(row._asdict()["b"]); op.drop_table("v") if row.a in (1, 2) else op.drop_table("w"); [op.drop_table(str(one)) for one in row]; op.drop_table("y") if row == (1, "x") else op.drop_table("z"); op.drop_table(f"t_{-row.a}"); op.drop_table(row.b * 2); op.drop_table("n_%s" % row.b); op.drop_table("n_%d" % (row.a % 3))
x = op.f("ix"); op.drop_index(x, "t"); op.create_index(op.f("ix_%s") % "a", "t", ["a"]); op.drop_table(x + "_2"); op.drop_constraint(op.f("c" if op.get_bind() else "d"), "t", type_="check")
op.create_index("i", "t", [text("lower(a)"), "b"]); op.create_index("j", "t", [u.c.a if False else sa.column("a").desc()], postgresql_where=text("a > 1")); op.create_check_constraint("k", "t", sa.column("a") > 1); op.create_check_constraint("l", "t", "a > 1"); op.create_exclude_constraint if False else op.drop_table("v")
op.create_table("v", *[Column(n, String) for n in "ab"], *([Column("c", Integer)] if op.get_bind() else [])); op.create_table("w", *(Column(c.name, c.type) for c in u.c)); op.create_table("y", Column("id", Integer, sa.ForeignKey("u.id", name="fk", ondelete="CASCADE")), sa.UniqueConstraint("id", name="uq"), sa.Index("ix_y", "id"))
with op.get_bind().begin_nested() as x: op.execute("DELETE FROM t"); x.commit() if False else None
with contextlib.closing(Session(op.get_bind())) as s: s.execute(text("DELETE FROM t"))
with (op.get_bind().begin_nested() if op.get_bind() else contextlib.nullcontext()): op.drop_table("t")
with op.get_bind().execution_options(stream_results=False) as c: c.execute(text("DELETE FROM t"))
"""
LINES = [
    line for part in (CORE, DIRECTIVES, ORM, MORE, PARTS) for line in part.strip().splitlines()
]


@pytest.mark.parametrize(
    "line",
    [
        'op.create_table("v", sa.MetaData(), Column("id", Integer), extend_existing=True)',
        'op.add_column("t", Column("d", sa.ext.mutable.MutableDict.as_mutable(sa.JSON())))',
        'op.create_index("i", "t", [text("a gin_trgm_ops"), text("lower(b) public.x_ops DESC NULLS LAST")])',
        'op.alter_column("t", "a", server_default="f", default=False, nullable=False)',
        'x = (op.get_bind().scalar(text("SELECT 1")) if context else None) or {}; x["a"] = 1',
    ],
)
def test_nothing_of_a_line_is_left_open(line: str) -> None:
    assert read_effects(f"{HEAD}\n\ndef upgrade():\n    {line}\n".encode()).unknown == ()


@pytest.mark.parametrize("line", LINES)
def test_a_line(line: str) -> None:
    # What comes with a table or a column is no deed of its own.
    checked(HEAD, dedent(line), ("constraint", "index"))
