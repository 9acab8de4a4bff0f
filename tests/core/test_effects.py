"""Effects of a revision: what is read from each way of writing the same thing."""

from __future__ import annotations

import json
from textwrap import dedent, indent

import pytest

from lback.core.effects import Effect, Effects
from lback.core.interpreter.reading import read_effects

HEAD = """
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = "a"
down_revision = None
"""


def read(body: str, *, head: str = HEAD, down: str = "pass", **options: object) -> Effects:
    text = head + "\ndef upgrade():\n" + indent(dedent(body), "    ")
    text += "\ndef downgrade():\n" + indent(dedent(down), "    ")
    return read_effects(text.encode(), **options)  # type: ignore[arg-type]


def short(effect: Effect) -> str:
    words = [effect.kind, effect.object, effect.table or "-", effect.name or "-"]
    words += [f"to {effect.to}"] if effect.to else []
    words += [f"-> {effect.refers_to}"] if effect.refers_to else []
    words += [f"[{effect.dialect}]"] if effect.dialect else []
    return " ".join(words) + ("" if effect.certain else " ?")


def upgrade(body: str, **options: object) -> list[str]:
    found = read(body, **options)  # type: ignore[arg-type]
    assert found.unknowns("upgrade") == (), found.unknown
    return [short(one) for one in found.upgrade]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('op.add_column("t", sa.Column("c", sa.Integer()))', "create column t c"),
        (
            'op.add_column(table_name="t", column=sa.Column("c", sa.Integer), schema="s")',
            "create column s.t c",
        ),
        ('op.add_column("t", sa.Column(name="c", type_=sa.Integer))', "create column t c"),
        ('op.drop_column("t", "c")', "drop column t c"),
        ('op.drop_column("t", column_name="c", schema="s")', "drop column s.t c"),
        ('op.alter_column("t", "c", nullable=False)', "alter column t c"),
        ('op.alter_column("t", "c", new_column_name="d")', "rename column t c to d"),
        (
            'op.alter_column("t", "c", type_=sa.Text(), existing_type=sa.String())',
            "alter column t c",
        ),
        ('op.alter_column("t", "c", server_default=None)', "alter column t c"),
        ('op.rename_table("t", "u")', "rename table t t to u"),
        ('op.rename_table("t", "u", schema="s")', "rename table s.t s.t to s.u"),
        ('op.drop_table("t")', "drop table t t"),
        ('op.drop_table("t", if_exists=True)', "drop table t t ?"),
        ('op.create_index("i", "t", ["a", "b"], unique=True)', "create index t i"),
        ('op.create_index(op.f("i"), "t", [sa.text("lower(a)")])', "create index t i"),
        ('op.create_index(index_name="i", table_name="t", columns=["a"])', "create index t i"),
        ('op.drop_index("i", table_name="t")', "drop index t i"),
        ('op.drop_index("i")', "drop index - i"),
        ('op.create_unique_constraint("u", "t", ["a"])', "create constraint t u"),
        ('op.create_primary_key("p", "t", ["a"])', "create constraint t p"),
        ('op.create_check_constraint("k", "t", "a > 0")', "create constraint t k"),
        ('op.create_exclude_constraint("x", "t", ("a", "="))', "create constraint t x"),
        (
            'op.create_foreign_key("f", "t", "r", ["a"], ["id"], referent_schema="s")',
            "create constraint t f -> s.r",
        ),
        (
            'op.create_foreign_key(None, source_table="t", referent_table="r", '
            'local_cols=["a"], remote_cols=["id"], source_schema="s")',
            "create constraint s.t - -> r",
        ),
        ('op.drop_constraint("f", "t", type_="foreignkey")', "drop constraint t f"),
        ('op.drop_constraint(constraint_name="f", table_name="t")', "drop constraint t f"),
        ('op.create_table_comment("t", "words")', "alter comment t -"),
        ('op.drop_table_comment("t", schema="s")', "drop comment s.t -"),
        ('op.bulk_insert(sa.table("t", sa.column("a")), [{"a": 1}])', "insert data t -"),
        ('op.execute("UPDATE t SET a = 1")', "update data t -"),
        ('op.execute(sa.text("DELETE FROM s.t"))', "delete data s.t -"),
        ('op.get_bind().execute(sa.table("t").delete())', "delete data t -"),
        ('op.execute(sa.update(sa.table("t")).values(a=1))', "update data t -"),
    ],
)
def test_every_directive_is_read(line: str, expected: str) -> None:
    assert upgrade(line) == [expected]


@pytest.mark.parametrize(
    ("arguments", "restates"),
    [
        ("nullable=False, existing_type=sa.String(20)", ("type", "default")),
        ("type_=sa.Text(), existing_nullable=False", ("nullable", "default")),
        ("type_=sa.Text(), nullable=True, server_default=None", ()),
        ('comment="seen"', ("type", "nullable", "default")),
        ("autoincrement=True, existing_type=sa.Integer()", ("type", "nullable")),
        ('server_default="x", existing_type=sa.String(20)', ()),
        ("server_default=sa.func.now(), existing_type=sa.DateTime()", ("type", "nullable")),
        ('new_column_name="d", nullable=False', ("type", "default")),
    ],
)
def test_what_mysql_states_anew_with_an_altered_column_is_told(
    arguments: str, restates: tuple[str, ...]
) -> None:
    found = read(f'op.alter_column("t", "c", {arguments})').upgrade[0]
    assert found.restates == restates
    assert Effect.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@pytest.mark.parametrize(
    "head",
    [
        "import alembic.op as o\nimport sqlalchemy as sa\n",
        "import alembic\nimport sqlalchemy as sa\no = alembic.op\n",
        "from alembic import op as o\nfrom sqlalchemy import *\nimport sqlalchemy as sa\n",
    ],
)
def test_op_may_be_imported_in_any_way(head: str) -> None:
    assert upgrade('o.drop_table("t")', head=head) == ["drop table t t"]


def test_directives_may_be_imported_by_name() -> None:
    head = "from alembic.op import add_column, drop_table\nfrom sqlalchemy import Column, Integer\n"
    body = """
        add_column("t", Column("c", Integer))
        drop_table("u")
    """
    assert upgrade(body, head=head) == ["create column t c", "drop table u u"]


def test_batch_operations_know_their_table() -> None:
    body = """
        with op.batch_alter_table("t", schema="s") as batch_op:
            batch_op.add_column(sa.Column("c", sa.Integer(), sa.ForeignKey("r.id", name="f")))
            batch_op.drop_column("d")
            batch_op.alter_column("e", new_column_name="g", nullable=False)
            batch_op.create_index(batch_op.f("i"), ["c"])
            batch_op.create_foreign_key("k", "r2", ["c"], ["id"])
            batch_op.create_unique_constraint("u", columns=["c"])
            batch_op.drop_constraint("old", type_="unique")
            batch_op.drop_index("oi")
            batch_op.create_table_comment("words")
            batch_op.execute("DELETE FROM s.t")
    """
    assert upgrade(body) == [
        "create column s.t c",
        "create constraint s.t f -> r",
        "drop column s.t d",
        "alter column s.t e",
        "rename column s.t e to g",
        "create index s.t i",
        "create constraint s.t k -> r2",
        "create constraint s.t u",
        "drop constraint s.t old",
        "drop index s.t oi",
        "alter comment s.t -",
        "delete data s.t -",
    ]


def test_create_table_tells_all_that_is_inside() -> None:
    body = """
        op.create_table(
            "t",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("n", sa.String(50), nullable=False),
            sa.Column("r_id", sa.Integer(), sa.ForeignKey("s.r.id"), index=True),
            sa.Column("k", sa.Enum("a", "b", name="kind")),
            sa.UniqueConstraint("n", name="uq"),
            sa.ForeignKeyConstraint(["r_id"], ["q.id"], name="fk"),
            sa.CheckConstraint("n <> ''", name="ck"),
            sa.Index("ix", "n"),
            schema="s",
        )
    """
    found = read(body)
    assert [short(one) for one in found.upgrade] == [
        "create enum - kind [postgresql]",
        "create table s.t s.t",
        "create column s.t id",
        "create constraint s.t -",
        "create column s.t n",
        "create column s.t r_id",
        "create constraint s.t - -> s.r",
        "create index s.t ix_t_r_id",
        "create column s.t k",
        "create constraint s.t uq",
        "create constraint s.t fk -> q",
        "create constraint s.t ck",
        "create index s.t ix",
    ]
    name = next(one for one in found.upgrade if one.name == "n")
    assert name.detail == "String(50), not null"
    assert name.aspects == ("not null",)


def test_effects_survive_the_cache() -> None:
    found = read(
        """
        op.add_column("t", sa.Column("c", sa.Integer(), nullable=False))
        import other
        other.go(op)
        """,
        down="raise NotImplementedError",
    )
    assert found.unknown and found.upgrade
    assert Effects.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_constants_strings_and_loops_are_followed() -> None:
    head = (
        HEAD
        + 'TABLE = "t"\nNAMES = ["a", "b"]\nMORE: dict[str, str] = {"c": "u"}\nPAIR = ("x", "y")\n'
    )
    body = """
        op.drop_column(TABLE, f"{NAMES[0]}_id")
        for name in NAMES + ["z"]:
            op.drop_column(TABLE, name + "_at")
        for column, table in MORE.items():
            op.drop_column(table, "%s_%s" % (column, "n"))
        for n, (one, two) in enumerate([PAIR]):
            op.drop_column("{}_{n}".format(one, n=n), two.upper())
        [op.drop_table(name) for name in sorted(PAIR, reverse=True)]
        op.execute("; ".join(f"DROP TABLE {name}" for name in PAIR))
    """
    assert upgrade(body, head=head) == [
        "drop column t a_id",
        "drop column t a_at",
        "drop column t b_at",
        "drop column t z_at",
        "drop column u c_n",
        "drop column x_0 Y",
        "drop table y y",
        "drop table x x",
        "drop table x x",
        "drop table y y",
    ]


def test_a_test_for_the_dialect_says_where_a_branch_runs() -> None:
    body = """
        bind = op.get_bind()
        if bind.dialect.name == "postgresql":
            op.drop_table("a")
        elif op.get_context().dialect.name in ("mysql", "mariadb"):
            op.drop_table("b")
        else:
            op.drop_table("c")
        is_lite = bind.engine.name == "sqlite"
        if not is_lite and flag:
            op.drop_table("d")
        if "sqlite" in sa.inspect(bind).dialect.dialect_description:
            return
        op.drop_table("e")
    """
    assert upgrade(body) == [
        "drop table a a [postgresql]",
        "drop table b b [mariadb|mysql]",
        "drop table c c [!mariadb|mysql|postgresql]",
        "drop table d d [!sqlite] ?",
        "drop table e e [!sqlite]",
    ]


def test_match_statements_are_chains_of_tests() -> None:
    body = """
        match op.get_bind().dialect.name:
            case "postgresql":
                op.drop_table("a")
            case "mysql" | "mariadb":
                op.drop_table("b")
            case _:
                op.drop_table("c")
    """
    assert upgrade(body) == [
        "drop table a a [postgresql]",
        "drop table b b [mariadb|mysql]",
        "drop table c c [!mariadb|mysql|postgresql]",
    ]


def test_what_may_not_happen_is_not_certain() -> None:
    body = """
        bind = op.get_bind()
        if "a" not in sa.inspect(bind).get_table_names():
            op.drop_table("a")
        else:
            op.drop_table("b")
        try:
            op.drop_table("c")
        except Exception:
            op.drop_table("d")
        try:
            op.drop_table("e")
        except Exception:
            raise
        if bind.execute(sa.text("SELECT 1 FROM z")).scalar():
            raise RuntimeError("no")
        op.drop_table("f")
        for row in bind.execute(sa.text("SELECT x FROM z")):
            op.execute(f"DELETE FROM g WHERE x = {row.x}")
        if bind.execute(sa.text("SELECT 1 FROM z")).first() is None:
            return
        op.drop_table("h")
    """
    found = read(body)
    assert [short(one) for one in found.upgrade] == [
        "drop table a a ?",
        "drop table b b ?",
        "drop table c c ?",
        "drop table d d ?",
        "drop table e e",
        "drop table f f",
        "delete data g - ?",
        "drop table h h ?",
    ]
    assert found.reads == ("z",)
    assert found.unknown == ()


def test_code_that_never_runs_has_no_effect() -> None:
    body = """
        FAST = True
        if not FAST:
            op.drop_table("a")
        op.drop_table("b")
        return
        op.drop_table("c")
    """
    assert upgrade(body) == ["drop table b b"]


def test_functions_of_the_file_are_followed_with_their_arguments() -> None:
    head = HEAD + dedent(
        """
        from contextlib import contextmanager
        from functools import partial

        def add(table, *columns, kind=sa.Integer, **more):
            for column in columns:
                op.add_column(table, sa.Column(column, kind, **more))

        def table():
            return "t"

        @contextmanager
        def batch(name):
            with op.batch_alter_table(name) as found:
                op.drop_table("before")
                yield found
            op.drop_table("after")

        def again(n):
            op.drop_table("deep")
            again(n - 1)
        """
    )
    body = """
        add(table(), "a", "b", nullable=False)
        with batch("u") as one:
            one.drop_column("x")
        drop = lambda name: op.drop_table(name)
        drop("l")
    """
    found = read(body, head=head)
    assert [short(one) for one in found.upgrade] == [
        "create column t a",
        "create column t b",
        "drop table before before",
        "drop column u x",
        "drop table after after",
        "drop table l l",
    ]
    assert [one.aspects for one in found.upgrade[:2]] == [("not null",), ("not null",)]
    assert read("again(3)", head=head).unknown[0].reason.startswith("again() calls itself")


MODULES = {
    "app": b"",
    "app.helpers": b"""
from alembic import op
import sqlalchemy as sa
from app.names import USERS
from .names import POSTS

def drop_all(bind, extra):
    for name in (USERS, POSTS, extra):
        op.drop_table(name)
    bind.execute(sa.text("DELETE FROM z"))
""",
    "app.names": b'USERS = "users"\nPOSTS = "posts"\n',
    "app.models": b"""
class User(Base):
    __tablename__ = "users"
    name = Column(String)
""",
}


def test_helpers_of_the_project_are_followed_as_text() -> None:
    head = HEAD + "from app.helpers import drop_all\nfrom app import helpers\nimport app.names\n"
    body = """
        drop_all(op.get_bind(), "x")
        op.drop_table(app.names.USERS + "_old")
    """
    found = read(body, head=head, resolve=MODULES.get)
    assert [short(one) for one in found.upgrade] == [
        "drop table users users",
        "drop table posts posts",
        "drop table x x",
        "delete data z -",
        "drop table users_old users_old",
    ]
    first_line = head.count("\n") + 4
    assert {one.line for one in found.upgrade[:4]} == {first_line}


def test_without_their_text_helpers_are_unknown() -> None:
    head = HEAD + "from app.helpers import drop_all\nimport logging\n"
    body = """
        logging.getLogger("x").info("words")
        drop_all(op.get_bind(), "x")
        helper_result = drop_all
        op.drop_table("t")
    """
    found = read(body, head=head)
    assert [(one.direction, one.tables) for one in found.unknown] == [("upgrade", ())]
    assert "app.helpers.drop_all()" in found.unknown[0].reason
    assert [short(one) for one in found.upgrade] == ["drop table t t"]


def test_configured_wrappers_stand_for_directives() -> None:
    head = HEAD + "from app.ops import safe_add, drop\n"
    body = """
        safe_add("t", sa.Column("c", sa.Integer()))
        drop("u")
    """
    wrappers = {"safe_add": "add_column", "app.ops.drop": "drop_table"}
    assert upgrade(body, head=head, wrappers=wrappers) == ["create column t c", "drop table u u"]


@pytest.mark.parametrize(
    ("body", "reason", "tables"),
    [
        ("op.drop_table(input())", "drop_table() on a table", ()),
        ('column = open("x").read()\nop.add_column("t", column)', "adds a column", ("t",)),
        ('op.drop_column("t", input())', "drops a column", ("t",)),
        ('op.execute(open("x.sql").read())', "the SQL executed here", ()),
        ("op.invoke(open)", "invoke()", ()),
        ("make()", "an unknown function() may do anything", ()),
        ('op.frobnicate("t")', "op.frobnicate()", ()),
        ("Base.metadata.create_all(op.get_bind())", "create_all", ()),
        ("import subprocess\nsubprocess.run(['psql'])", "subprocess.run()", ()),
        ("exec(text)", "exec()", ()),
        ("from x import go\ngo()", "x.go() may do anything", ()),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    body: str, reason: str, tables: tuple[str, ...]
) -> None:
    found = read(body)
    assert len(found.unknown) == 1, found
    assert reason in found.unknown[0].reason
    assert found.unknown[0].tables == tables
    assert found.unknown[0].line == HEAD.count("\n") + 3 + body.count("\n")


def test_a_file_that_is_not_python_is_unknown_in_both_directions() -> None:
    found = read_effects(b"def upgrade(:\n")
    assert [one.direction for one in found.unknown] == ["upgrade", "downgrade"]
    assert [one.direction for one in read_effects(b"\x00").unknown] == ["upgrade", "downgrade"]


def test_core_statements_and_mapped_classes() -> None:
    head = HEAD + dedent(
        """
        from sqlalchemy.orm import Session, declarative_base
        Base = declarative_base()

        class User(Base):
            __tablename__ = "users"
            __table_args__ = {"schema": "s"}
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String)
        """
    )
    body = """
        bind = op.get_bind()
        t = sa.Table("t", sa.MetaData(), autoload_with=bind)
        bind.execute(t.insert().values(a=1))
        query = sa.select(User.__table__.c.id).select_from(User)
        bind.execute(sa.insert(t).from_select(["a"], query))
        session = Session(bind=bind)
        session.add(User(name="x"))
        for user in session.query(User).filter(User.id > 1):
            user.name = "y"
        session.query(User).filter_by(id=1).update({"name": "z"})
        session.query(User).delete()
        session.commit()
        Base.metadata.create_all(bind, tables=[User.__table__])
        User.__table__.drop(bind)
    """
    found = read(body, head=head)
    assert [short(one) for one in found.upgrade] == [
        "insert data t -",
        "insert data t -",
        "insert data s.users -",
        "update data s.users - ?",
        "update data s.users -",
        "delete data s.users -",
        "create table s.users s.users ?",
        "create column s.users id ?",
        "create constraint s.users - ?",
        "create column s.users name ?",
        "drop table s.users s.users",
    ]
    assert found.upgrade[0].columns == ("a",)
    assert found.upgrade[1].reads == ("s.users",)
    assert found.unknown == ()


def test_enumeration_types_are_objects_of_their_own() -> None:
    body = """
        mood = postgresql.ENUM("a", "b", name="mood", create_type=False)
        mood.create(op.get_bind(), checkfirst=True)
        op.create_table("t", sa.Column("m", mood))
        op.add_column("u", sa.Column("m", sa.Enum("x", name="other")))
        sa.Enum(name="gone").drop(op.get_bind())
    """
    assert upgrade(body) == [
        "create enum - mood [postgresql] ?",
        "create table t t",
        "create column t m",
        "create column u m",
        "drop enum - gone [postgresql]",
    ]


@pytest.mark.parametrize(
    ("down", "gap"),
    [
        ("pass", "empty"),
        ("'words'", "empty"),
        ("print('nothing to do')", "empty"),
        ("return None", "empty"),
        ("raise NotImplementedError('no')", "raises"),
        ("op.drop_table('t')", ""),
    ],
)
def test_whether_there_is_a_way_down(down: str, gap: str) -> None:
    found = read('op.drop_table("t")', down=down)
    assert found.downgrade_gap == gap
    assert found.has_downgrade is (gap == "")


def test_a_downgrade_may_be_missing() -> None:
    assert read_effects(b"def upgrade(): pass").downgrade_gap == "missing"


def test_several_databases_are_read_together() -> None:
    head = HEAD + dedent(
        """
        def upgrade_one():
            op.drop_table("a")

        def upgrade_two():
            op.drop_table("b")
        """
    )
    text = head + '\ndef upgrade(engine_name):\n    globals()["upgrade_%s" % engine_name]()\n'
    found = read_effects(text.encode())
    assert [short(one) for one in found.upgrade] == ["drop table a a ?", "drop table b b ?"]


def test_reading_ends_on_any_text() -> None:
    body = """
        while True:
            for a in range(300):
                for b in range(300):
                    for c in range(300):
                        op.drop_table(str(a * b * c))
    """
    found = read(body)
    assert "too many steps" in found.unknown[-1].reason


def test_nothing_gets_lost_in_odd_places() -> None:
    head = HEAD + dedent(
        """
        from functools import partial

        def drop(schema, name):
            op.drop_table(name, schema=schema)
            return True
        """
    )
    body = """
        partial(drop, "s")("a")
        assert drop("s", "b")
        getattr(op, "drop_table")("c")
        run = op.get_bind().execute
        run(sa.text("DELETE FROM d"))
        {"e": lambda: op.drop_table("e")}["e"]()
        list(map(lambda name: drop("s", name), ["f"]))
        x = 1 if drop("s", "g") else 2
    """
    assert upgrade(body, head=head) == [
        "drop table s.a s.a",
        "drop table s.b s.b",
        "drop table c c",
        "delete data d -",
        "drop table e e",
        "drop table s.f s.f",
        "drop table s.g s.g",
    ]
    assert upgrade('partial(op.drop_table, "x")()', head=head) == ["drop table x x"]
