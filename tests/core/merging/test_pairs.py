# ruff: noqa: E501 (one pair a line)
"""Pairs that the kinds of change do not hold: of sides that make, ask, rename and guard."""

from __future__ import annotations

from pathlib import Path

from lback.core.effects import Effects
from lback.core.merging.overlap import overlaps
from lback.core.merging.surroundings import NOTHING_AROUND, surroundings
from tests.approved import approved
from tests.core.merging.pairs import effects

HERE = Path(__file__).parent


def sql(text: str) -> str:
    return f"op.execute({text!r})"


def asked(question: str) -> str:
    return f"if not sa.inspect(op.get_bind()).{question}:\n    op.execute('UPDATE other SET x = 1')"


MAKE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))'
MAKE_GUARDED = sql("CREATE TABLE IF NOT EXISTS t (id INTEGER)")
ADD = 'op.add_column("t", sa.Column("c", sa.Integer()))'
RENAME = 'op.rename_table("t", "u")'
LINKED = 'op.create_foreign_key("fk", "child", "t", ["t_id"], ["id"])'
CASCADE = 'op.create_foreign_key("fk2", "leaf", "child", ["c_id"], ["id"])'
INDEX = 'op.create_index("ix", "t", ["c"])'
TRIGGER = sql("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
FUNCTION = sql("CREATE FUNCTION f() RETURNS trigger AS 'BEGIN INSERT INTO log VALUES (1); "
               "RETURN NEW; END' LANGUAGE plpgsql")  # fmt: skip
VIEW = sql("CREATE VIEW v AS SELECT a, b AS n FROM t")
OVER = f"{VIEW}\n{sql('CREATE VIEW w AS SELECT n FROM v')}"
# A view is renamed below another one, and its name is then given to one on top.
RENAMED = f"{OVER}\n{sql('ALTER VIEW v RENAME TO y')}\n{sql('CREATE VIEW v AS SELECT n FROM w')}"
FILLED = sql("CREATE MATERIALIZED VIEW m AS SELECT a FROM t")
FROM_VIEW = sql("UPDATE other SET x = (SELECT max(n) FROM w)")
COPIED = """same = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer()), sa.Column("b", sa.Text()))
with op.batch_alter_table("t", copy_from=same) as batch:
    batch.alter_column("b", nullable=True)"""
PARTED = "\n".join(
    [
        sql("CREATE TABLE p PARTITION OF t FOR VALUES IN (1)"),
        sql("ALTER TABLE t ATTACH PARTITION q FOR VALUES IN (2)"),
    ]
)

CATALOGUE = (
    'if op.get_bind().scalar(sa.text("SELECT count(*) FROM information_schema.columns")):\n'
    "    op.execute('UPDATE other SET x = 1')"
)
KEEPS = sql("CREATE TRIGGER k AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES (OLD.a)")
UNREAD_VIEW = sql("CREATE VIEW v AS SELECT a FROM t MATCH_RECOGNIZE (PATTERN (x+))")
UNLINKED = 'op.drop_constraint("fk", "child", type_="foreignkey")'
EXCLUDES = sql("ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (a WITH =)")
KEYED = 'op.create_unique_constraint("uq", "t", ["c"])'
NESTED = f"{PARTED}\n{sql('CREATE TABLE r PARTITION OF p FOR VALUES IN (1)')}"
REMADE = """with op.batch_alter_table("t", recreate="always") as batch:
    batch.add_column(sa.Column("c", sa.Integer()))"""
TYPED = sql("CREATE FUNCTION f(n mood, s.kind, double precision, c v.c%TYPE DEFAULT NULL, OUT m int) "
            "RETURNS SETOF t LANGUAGE sql AS 'SELECT 1'")  # fmt: skip

# Each: what is below the fork, the left side, the right side.
PAIRS: list[tuple[str, str, str]] = [
    # inside of a table that a side has made
    ("", f"{MAKE}\n{ADD}\n{INDEX}", sql("UPDATE v SET c = 1")),
    ("", f"{MAKE}\n{ADD}", f"{MAKE}\n{INDEX}"),
    ("", f"{MAKE_GUARDED}\n{ADD}", f"{MAKE_GUARDED}\n{ADD}"),
    ("", f"{MAKE_GUARDED}\n{ADD}", MAKE_GUARDED),
    ("", f"{MAKE}\n{RENAME}", 'op.add_column("u", sa.Column("c", sa.Integer()))'),
    ("", f"{MAKE}\n{RENAME}\nop.drop_table('u')", MAKE),
    ("", MAKE, 'op.add_column("t", sa.Column("c", sa.Integer()))'),
    ("", f'{MAKE}\nop.create_unique_constraint("uq", "t", ["id"])', 'op.create_index("uq", "v", ["x"])'),
    # renamed tables
    ("", RENAME, sql("INSERT INTO u (a) VALUES (1)")),
    ("", RENAME, 'op.rename_table("v", "u")'),
    ("", RENAME, 'op.rename_table("t", "v")'),
    ("", RENAME, 'op.create_table("u", sa.Column("c", sa.Integer()))'),
    ("", RENAME, sql("CREATE VIEW u AS SELECT 1")),
    (INDEX, 'op.drop_table("t")', sql("ALTER INDEX ix RENAME TO iy")),
    (f"{INDEX}\n{RENAME}", 'op.drop_table("u")', sql("DROP INDEX ix")),
    # what hangs on a column
    (INDEX, 'op.drop_column("t", "c")', sql("DROP INDEX ix")),
    (INDEX, 'op.drop_column("t", "d")', sql("DROP INDEX ix")),
    (f'{INDEX}\nop.alter_column("t", "c", new_column_name="d")', 'op.drop_column("t", "d")', sql("DROP INDEX ix")),
    ("", 'op.drop_column("t", "c")', 'op.drop_constraint("ck", "t", type_="check")'),
    # indexes whose table nobody knows
    ("", 'op.drop_table("t")', sql("DROP INDEX ix")),
    ("", 'op.drop_column("t", "c")', sql("DROP INDEX ix")),
    ("", RENAME, sql("DROP INDEX ix")),
    ("", 'op.alter_column("t", "c", new_column_name="d")', sql("DROP INDEX ix")),
    (INDEX, 'op.alter_column("t", "c", new_column_name="d")', sql("DROP INDEX ix")),
    ("", 'op.create_index("ix", "t", ["c"])', sql("DROP INDEX ix")),
    # rows along foreign keys
    (LINKED, sql("DELETE FROM t"), sql("UPDATE child SET t_id = 1")),
    (LINKED, sql("DELETE FROM t"), sql("INSERT INTO child (t_id) VALUES (1)")),
    (LINKED, sql("UPDATE t SET id = 2"), sql("UPDATE child SET t_id = 1")),
    (LINKED, sql("UPDATE t SET x = 2"), sql("UPDATE child SET y = 1")),
    (LINKED, sql("UPDATE child SET y = 1"), sql("DELETE FROM t")),
    (f"{LINKED}\n{CASCADE}", sql("DELETE FROM t"), sql("UPDATE leaf SET c_id = 1")),
    (f"{LINKED}\n{CASCADE}", sql("DELETE FROM t"), sql("UPDATE leaf SET other = 1")),
    (f"{LINKED}\n{CASCADE}", sql("DELETE FROM t"), sql("INSERT INTO leaf (c_id) VALUES (1)")),
    (MAKE + "\n" + LINKED, sql("UPDATE t SET x = 2"), sql("DELETE FROM child")),
    (MAKE + "\n" + LINKED, sql("UPDATE t SET id = 2"), sql("DELETE FROM child")),
    (LINKED, 'op.drop_constraint("fk", "child", type_="foreignkey")', sql("DELETE FROM t")),
    (LINKED, 'op.drop_constraint("gk", "child", type_="foreignkey")', sql("DELETE FROM t")),
    (LINKED, 'op.drop_constraint("fk", "child")', sql("DELETE FROM t")),
    (LINKED, sql("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"), sql("DELETE FROM t")),
    (LINKED, sql("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"), 'op.drop_constraint("fk", "child", type_="foreignkey")'),
    (LINKED, sql("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"), 'op.drop_constraint("fk", "v", type_="foreignkey")'),
    (sql("CREATE TABLE t (id SERIAL, a INT)"), 'op.drop_table("t")', sql("ALTER SEQUENCE t_id_seq RENAME TO q")),
    # triggers
    (f"{TRIGGER}\n{FUNCTION}", sql("INSERT INTO t (a) VALUES (1)"), sql("DELETE FROM log")),
    (f"{TRIGGER}\n{FUNCTION}", sql("INSERT INTO t (a) VALUES (1)"), sql("UPDATE other SET x = 1")),
    (TRIGGER, sql("INSERT INTO t (a) VALUES (1)"), sql("UPDATE other SET x = 1")),
    (TRIGGER, sql("INSERT INTO t (a) VALUES (1)"), sql("DROP FUNCTION f()")),
    (f"{TRIGGER}\n{FUNCTION}\nop.execute('DROP FUNCTION f()')", sql("INSERT INTO t (a) VALUES (1)"), sql("DELETE FROM log")),
    ("", TRIGGER, sql("INSERT INTO t (a) VALUES (1)")),
    ("", TRIGGER, sql("INSERT INTO v (a) VALUES (1)")),
    ("", sql("DROP TRIGGER g"), sql("INSERT INTO t (a) VALUES (1)")),
    ("", sql("DROP TRIGGER g ON t"), sql("INSERT INTO v (a) VALUES (1)")),
    ("", sql("DROP TRIGGER g ON t"), TRIGGER),
    ("", sql("ALTER TRIGGER g ON t RENAME TO h"), TRIGGER.replace(" g ", " h ")),
    ("", KEEPS, 'op.drop_column("t", "a")'),
    ("", KEEPS, 'op.drop_column("t", "b")'),
    ("", KEEPS, 'op.alter_column("t", "a", type_=sa.Text())'),
    ("", KEEPS, 'op.alter_column("log", "what", new_column_name="text")'),
    ("", KEEPS, 'op.add_column("log", sa.Column("c", sa.Integer()))'),
    ("", sql("CREATE RULE r AS ON UPDATE TO t DO ALSO UPDATE v SET x = OLD.a"), 'op.alter_column("t", "a", new_column_name="d")'),
    # through views that are there
    (OVER, FROM_VIEW, sql("UPDATE t SET a = 1")),
    (OVER, FROM_VIEW, sql("UPDATE t SET c = 1")),
    (OVER, FROM_VIEW, sql("INSERT INTO t (a) VALUES (1)")),
    (OVER, FROM_VIEW, 'op.alter_column("t", "b", new_column_name="d")'),
    (OVER, FROM_VIEW, 'op.alter_column("t", "c", new_column_name="d")'),
    (f"{OVER}\n{RENAME}", FROM_VIEW, sql("UPDATE u SET b = 1")),
    (f'{OVER}\nop.alter_column("t", "b", new_column_name="d")', FROM_VIEW, sql("UPDATE t SET d = 1")),
    (f"{OVER}\n{sql('ALTER VIEW w RENAME TO y')}", FROM_VIEW.replace(" w)", " y)"), sql("UPDATE t SET b = 1")),
    (f"{OVER}\nop.create_table('w', sa.Column('n', sa.Integer()))", FROM_VIEW, sql("UPDATE t SET b = 1")),
    (RENAMED, FROM_VIEW, sql("UPDATE t SET b = 1")),
    (RENAMED, FROM_VIEW.replace(" w)", " v)"), sql("UPDATE t SET b = 1")),
    (RENAMED, FROM_VIEW, sql("UPDATE t SET c = 1")),
    (VIEW, sql("CREATE VIEW w AS SELECT n FROM v"), 'op.alter_column("t", "b", new_column_name="d")'),
    (VIEW, sql("CREATE VIEW w AS SELECT n FROM v"), sql("UPDATE t SET b = 1")),
    (VIEW, sql("INSERT INTO v (n) VALUES (1)"), 'op.alter_column("t", "c", nullable=False)'),
    (VIEW, sql("INSERT INTO v (n) VALUES (1)"), 'op.alter_column("t", "c", server_default="1")'),
    (VIEW, sql("INSERT INTO v (n) VALUES (1)"), ADD),
    (VIEW, sql("UPDATE v SET n = 1"), sql("UPDATE other SET x = (SELECT max(b) FROM t)")),
    (OVER, sql("DROP TABLE t CASCADE"), sql("COMMENT ON VIEW w IS 'x'")),
    (OVER, sql("DROP TABLE t CASCADE"), sql("ALTER VIEW w RENAME TO y")),
    (OVER, sql("ALTER TABLE t DROP COLUMN a CASCADE"), sql("ALTER VIEW w RENAME TO y")),
    (OVER, sql("ALTER TABLE t DROP COLUMN c CASCADE"), sql("ALTER VIEW w RENAME TO y")),
    (FILLED, sql("REFRESH MATERIALIZED VIEW m"), sql("UPDATE t SET a = 1")),
    (FILLED, sql("REFRESH MATERIALIZED VIEW m"), sql("UPDATE t SET b = 1")),
    (FILLED, sql("REFRESH MATERIALIZED VIEW m"), sql("UPDATE other SET x = (SELECT max(a) FROM m)")),
    (FILLED, sql("UPDATE other SET x = (SELECT max(a) FROM m)"), sql("UPDATE t SET a = 1")),
    (f"{VIEW}\n{sql('CREATE MATERIALIZED VIEW m AS SELECT n FROM v')}", sql("REFRESH MATERIALIZED VIEW m"), sql("UPDATE t SET b = 1")),
    ("", sql("REFRESH MATERIALIZED VIEW m"), sql("UPDATE t SET a = 1")),
    ("", sql("ALTER TABLE t ADD COLUMN a INT GENERATED ALWAYS AS (b * 2) STORED"), sql("UPDATE t SET b = 1")),
    ("", sql("CREATE SEQUENCE t_id_seq"), sql("INSERT INTO t (a) VALUES (1)")),
    ("", sql("ALTER SEQUENCE t_id_seq RENAME TO q"), sql("INSERT INTO t (a) VALUES (1)")),
    (VIEW, sql("CREATE MATERIALIZED VIEW m AS SELECT n FROM v"), sql("UPDATE t SET b = 1")),
    (VIEW, sql("CREATE MATERIALIZED VIEW m AS SELECT n FROM v"), sql("UPDATE t SET c = 1")),
    # settings and comments: of the same thing, and of another one
    ("", sql("ALTER TABLE t VALIDATE CONSTRAINT k"), sql("ALTER TABLE t VALIDATE CONSTRAINT k")),
    ("", sql("ALTER TABLE t VALIDATE CONSTRAINT k"), sql("ALTER TABLE t VALIDATE CONSTRAINT l")),
    ("", sql("COMMENT ON COLUMN t.a IS 'x'"), sql("COMMENT ON COLUMN t.a IS 'y'")),
    ("", sql("COMMENT ON COLUMN t.a IS 'x'"), sql("COMMENT ON COLUMN t.b IS 'y'")),
    ("", sql("COMMENT ON VIEW v IS 'x'"), sql("COMMENT ON VIEW v IS 'y'")),
    ("", sql("COMMENT ON VIEW v IS 'x'"), sql("COMMENT ON VIEW w IS 'y'")),
    ("", sql("ALTER TABLE t SET (fillfactor = 70)"), sql("ALTER TABLE t SET (fillfactor = 60)")),
    ("", sql("ALTER TABLE t SET (fillfactor = 70)"), ADD),
    ("", sql("ALTER INDEX ix SET (fillfactor = 70)"), sql("ALTER INDEX ix SET (fillfactor = 60)")),
    ("", sql("ALTER INDEX ix SET (fillfactor = 70)"), sql("ALTER INDEX iy SET (fillfactor = 70)")),
    ("", sql("REVOKE SELECT ON t FROM a"), sql("GRANT SELECT ON v TO a")),
    # policies, functions, extensions, schemas
    ("", sql("CREATE POLICY p ON t USING (a > 1)"), sql("CREATE POLICY p ON t USING (a > 2)")),
    ("", sql("CREATE POLICY p ON t USING (a > 1)"), sql("DROP POLICY p ON t")),
    ("", sql("CREATE POLICY p ON t USING (a > 1)"), 'op.drop_column("t", "a")'),
    ("", sql("DROP FUNCTION f()"), FUNCTION),
    ("", sql("DROP FUNCTION f()"), sql("ALTER FUNCTION f() RENAME TO g")),
    ("", sql("ALTER FUNCTION f() RENAME TO g"), FUNCTION.replace(" f()", " g()")),
    ("", sql("CREATE EXTENSION e"), sql("DROP EXTENSION e")),
    ("", sql("ALTER SCHEMA s RENAME TO z"), 'op.create_table("t", sa.Column("c", sa.Integer()), schema="s")'),
    ("", sql("ALTER SCHEMA s RENAME TO z"), 'op.create_table("t", sa.Column("c", sa.Integer()), schema="z")'),
    # keys of one column, for which MySQL makes one index
    ("", 'op.create_foreign_key("k", "t", "v", ["x"], ["id"])', 'op.create_foreign_key("l", "t", "u", ["x"], ["id"])'),
    ("", 'op.create_foreign_key("k", "t", "v", ["x"], ["id"])', 'op.create_foreign_key("l", "t", "u", ["y"], ["id"])'),
    ("", 'op.create_foreign_key("k", "t", "v", ["x"], ["id"])', 'op.create_foreign_key("l", "w", "u", ["x"], ["id"])'),
    # inside of a table that both make
    ("", f"{MAKE}\n{INDEX}", f"{MAKE}\n{INDEX}"),
    ("", f"{MAKE}\n{KEYED}", KEYED),
    ("", sql("ALTER TABLE IF EXISTS t RENAME TO u"), sql("ALTER TABLE IF EXISTS t RENAME TO u")),
    # a view that cannot be read whole may look at anything of the schema
    ("", UNREAD_VIEW, 'op.add_column("other", sa.Column("c", sa.Integer()))'),
    ("", UNREAD_VIEW, 'op.create_table("z", sa.Column("c", sa.Integer()))'),
    ("", UNREAD_VIEW, sql("UPDATE other SET a = 1")),
    # partitions
    (PARTED, sql("UPDATE t SET a = 1"), sql("UPDATE p SET a = 2")),
    (PARTED, sql("UPDATE p SET a = 1"), sql("UPDATE q SET a = 2")),
    (PARTED, sql("UPDATE t SET a = 1"), sql("UPDATE p SET b = 2")),
    (PARTED, sql("INSERT INTO t (a) VALUES (1)"), 'op.drop_table("p")'),
    (PARTED, 'op.drop_column("t", "a")', 'op.create_index("ix", "p", ["a"])'),
    (PARTED, 'op.drop_column("t", "a")', 'op.create_index("ix", "p", ["b"])'),
    (PARTED, 'op.create_index("ix", "t", ["a"])', 'op.create_index("iy", "p", ["b"])'),
    (PARTED, sql("UPDATE other SET x = (SELECT max(a) FROM t)"), sql("UPDATE q SET a = 2")),
    (PARTED, sql("UPDATE other SET x = (SELECT max(a) FROM t)"), sql("UPDATE q SET b = 2")),
    (PARTED, 'op.drop_table("t")', sql("UPDATE q SET b = 2")),
    (PARTED + "\n" + RENAME, sql("UPDATE u SET a = 1"), sql("UPDATE p SET a = 2")),
    (PARTED + "\n" + sql("ALTER TABLE p ATTACH PARTITION t DEFAULT"), sql("UPDATE t SET a = 1"), sql("UPDATE p SET a = 2")),
    # what conditions ask for
    ("", asked('has_table("t")'), MAKE),
    ("", asked('has_table("t")'), 'op.drop_table("t")'),
    ("", asked('has_table("t")'), ADD),
    ("", asked('has_table("t", schema="s")'), MAKE),
    ("", asked("get_table_names()"), MAKE),
    ("", asked("get_table_names()"), ADD),
    ("", asked("get_table_names()"), sql("UPDATE t SET c = 1")),
    ("", asked('get_columns("t")'), ADD),
    ("", asked('get_columns("t")'), 'op.alter_column("t", "c", type_=sa.Text())'),
    ("", asked('get_columns("t")'), INDEX),
    ("", asked('get_indexes("t")'), INDEX),
    ("", asked('get_indexes("t")'), 'op.create_index("ix", "v", ["c"])'),
    ("", asked('get_unique_constraints("t")'), 'op.create_unique_constraint("uq", "t", ["c"])'),
    ("", asked('get_view_names()'), sql("CREATE VIEW v AS SELECT 1")),
    ("", sql("UPDATE t SET a = (SELECT count(*) FROM information_schema.tables)"), MAKE),
    ("", sql("UPDATE t SET a = (SELECT count(*) FROM pg_indexes)"), INDEX),
    ("", sql("UPDATE t SET a = (SELECT count(*) FROM sqlite_master)"), sql("UPDATE v SET b = 1")),
    # what SQLite's copies of a table do not keep
    ("", sql("CREATE INDEX ix ON t (a COLLATE NOCASE)"), 'with op.batch_alter_table("t", recreate="always") as b:\n    b.drop_column("b")'),
    ("", sql("CREATE INDEX ix ON t (c, a DESC)"), 'with op.batch_alter_table("t", recreate="always") as b:\n    b.drop_column("b")'),
    ("", sql("CREATE INDEX ix ON t (a ASC)"), 'with op.batch_alter_table("t", recreate="always") as b:\n    b.drop_column("b")'),
    ("", 'with op.batch_alter_table("log") as b:\n    b.add_column(sa.Column("c", sa.Boolean(name="k", create_constraint=True)))', KEEPS),
    ("", 'with op.batch_alter_table("log") as b:\n    b.add_column(sa.Column("c", sa.Boolean()))', KEEPS),
    ("", COPIED, ADD),
    ("", COPIED, INDEX),
    ("", COPIED, 'op.alter_column("t", "c", nullable=False)'),
    ("", COPIED, 'op.create_unique_constraint("uq", "t", ["c"])'),
    ("", COPIED, 'op.add_column("v", sa.Column("c", sa.Integer()))'),
    ("", COPIED, sql("UPDATE t SET c = 1")),
    # reading without changing
    ("", "op.get_bind().execute(sa.text('SELECT a FROM t'))", sql("UPDATE t SET a = 1")),
    ("", "op.get_bind().execute(sa.text('SELECT a FROM t'))", 'op.drop_column("t", "b")'),
    ("", "op.get_bind().execute(sa.text('SELECT a FROM t'))", ADD),
    # schemas
    ("", sql("CREATE SCHEMA s"), 'op.create_table("t", sa.Column("c", sa.Integer()), schema="s")'),
    ("", sql("CREATE SCHEMA s"), 'op.add_column("t", sa.Column("c", sa.Integer()), schema="s")'),
    ("", sql("DROP SCHEMA s"), sql("CREATE SEQUENCE s.numbers")),
    ("", 'op.drop_table("t")', 'op.add_column("t", sa.Column("c", sa.Integer()), schema="s")'),
    ("", 'op.create_index("ix", "t", ["c"], schema="s")', 'op.create_index("ix", "t", ["c"])'),
    # keys and their names
    ("", 'op.create_primary_key("pk", "t", ["a"])', 'op.create_primary_key("pk2", "t", ["b"])'),
    ("", 'op.create_primary_key("pk", "t", ["a"])', 'op.alter_column("t", "a", nullable=True)'),
    ("", 'op.create_unique_constraint("a", "t", ["x", "y"])', 'op.create_unique_constraint("b", "t", ["y", "x"])'),
    ("", 'op.create_unique_constraint(None, "t", ["x"])', sql("CREATE INDEX t_x_key ON v (a)")),
    ("", 'op.create_foreign_key(None, "t", "v", ["x"], ["id"])', 'op.create_check_constraint("t_x_fkey", "t", "y > 1")'),
    ("", 'op.create_check_constraint("k", "t", "a > 1 AND b <> \'c\'")', 'op.drop_column("t", "a")'),
    ("", 'op.create_check_constraint("k", "t", "a > 1 AND b <> \'c\'")', 'op.drop_column("t", "c")'),
    ("", 'op.create_check_constraint("k", "t", "a > 1")', 'op.create_check_constraint("k", "u", "b > 1")'),
    ("", 'op.drop_table("t")', 'op.create_table("t_pkey", sa.Column("c", sa.Integer()))'),
    ("", sql("ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)"), 'op.drop_column("t", "a")'),
    ("", sql("ALTER TABLE t VALIDATE CONSTRAINT k"), sql("INSERT INTO t (a) VALUES (1)")),
    ("", sql("COMMENT ON CONSTRAINT k ON t IS 'x'"), 'op.drop_constraint("k", "t", type_="check")'),
    ("", sql("COMMENT ON INDEX ix IS 'x'"), sql("DROP INDEX ix")),
    ("", sql("COMMENT ON TABLE t IS 'x'"), sql("COMMENT ON TABLE t IS 'y'")),
    ("", sql("ALTER INDEX ix SET (fillfactor = 70)"), sql("DROP INDEX ix")),
    # upserts, defaults, counters
    ("", sql("INSERT INTO t (a) VALUES (1)"), 'op.drop_constraint("uq", "t", type_="unique")'),
    ("", sql("INSERT INTO t (a) VALUES (1)"), 'op.alter_column("t", "b", server_default="1")'),
    ("", sql("INSERT INTO t (a) VALUES (1)"), 'op.alter_column("t", "a", server_default="1")'),
    ("", sql("INSERT INTO t VALUES (1)"), 'op.alter_column("t", "a", server_default="1")'),
    ("", sql("INSERT INTO t (a) VALUES (1)"), sql("ALTER SEQUENCE t_id_seq RESTART")),
    ("", sql("INSERT INTO my_t (a) VALUES (1)"), sql("ALTER SEQUENCE my_t_id_seq RESTART")),
    ("", sql("ALTER TABLE t ADD COLUMN n SERIAL"), sql("CREATE SEQUENCE t_n_seq")),
    ("", sql("ALTER TABLE t ADD COLUMN n INT GENERATED ALWAYS AS IDENTITY"), sql("CREATE SEQUENCE t_n_seq")),
    ("", sql("ALTER TABLE t ADD COLUMN n INT"), sql("CREATE SEQUENCE t_n_seq")),
    ("", 'op.drop_column("t", "n")', sql("DROP SEQUENCE t_n_seq")),
    # types
    ("", sql("ALTER TABLE t ADD COLUMN m s.mood"), sql("DROP TYPE s.mood")),
    ("", sql('ALTER TABLE t ADD COLUMN m "mood"'), sql("DROP TYPE mood")),
    ("", sql("ALTER TABLE t ADD COLUMN m text"), sql("DROP TYPE text")),
    (sql("ALTER TABLE t ADD COLUMN m mood DEFAULT 'sad'"), sql("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"),
     sql("ALTER TABLE t ALTER m SET DEFAULT 'glad'")),
    (sql("ALTER TABLE t ADD COLUMN m text DEFAULT 'sad'"), sql("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"),
     sql("ALTER TABLE t ALTER m SET DEFAULT 'glad'")),
    ("", sql("ALTER TYPE mood ADD VALUE 'a'"), sql("ALTER TYPE mood RENAME VALUE 'b' TO 'c'")),
    ("", sql("ALTER TABLE t ADD COLUMN a INT DEFAULT nextval('numbers')"), sql("DROP SEQUENCE numbers")),
    ("", sql("ALTER TABLE t ADD COLUMN a INT DEFAULT loud('x')"), sql("DROP FUNCTION loud(TEXT)")),
    ("", sql("ALTER TABLE t ADD COLUMN a INT GENERATED ALWAYS AS (b * 2) STORED"), 'op.drop_column("t", "b")'),
    ("", sql("ALTER TABLE t ADD COLUMN a INT GENERATED ALWAYS AS (b * 2) STORED"), 'op.drop_column("t", "d")'),
    ("", sql("ALTER TABLE t ALTER COLUMN a DROP EXPRESSION"), sql("UPDATE t SET b = 1")),
    ("", sql("COMMENT ON FUNCTION loud(TEXT) IS 'x'"), sql("DROP FUNCTION loud(TEXT)")),
    ("", TYPED, sql("ALTER TYPE mood RENAME TO feeling")),
    ("", TYPED, sql("DROP TYPE s.kind")),
    ("", TYPED, RENAME),
    ("", TYPED, 'op.alter_column("v", "c", new_column_name="d")'),
    ("", TYPED, sql("ALTER TYPE other RENAME TO another")),
    ("", TYPED, sql("DROP TYPE n")),
    ("", sql("CREATE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM t'"), 'op.drop_table("t")'),
    ("", sql("CREATE FUNCTION f() RETURNS SETOF INT LANGUAGE sql AS 'TABLE t'"), 'op.drop_table("t")'),
    ("", sql("CREATE FUNCTION f() RETURNS INT LANGUAGE sql AS 'SELECT c FROM t'"), 'op.drop_column("t", "c")'),
    ("", sql("CREATE FUNCTION f() RETURNS INT LANGUAGE sql AS 'SELECT 1'"), 'op.drop_table("t")'),
    ("", sql("CREATE PROCEDURE p() LANGUAGE sql AS 'UPDATE t SET c = 1 WHERE d = 2'"), 'op.alter_column("t", "c", new_column_name="e")'),
    ("", sql("CREATE PROCEDURE p() LANGUAGE sql AS 'UPDATE t SET c = 1 WHERE d = 2'"), ADD.replace('"c"', '"e"')),
    # dialects and conditions
    ("", f'if op.get_bind().dialect.name == "mysql":\n    {ADD}', f'if op.get_bind().dialect.name == "sqlite":\n    {ADD}'),
    ("", f'if op.get_bind().dialect.name == "mysql":\n    {ADD}', ADD),
    ("", f'if op.get_bind().dialect.name == "mysql":\n    {ADD}', f'if op.get_bind().dialect.name != "mysql":\n    {ADD}'),
    ("", f"if op.get_context().get_x_argument():\n    {ADD}", f"if op.get_context().get_x_argument():\n    {ADD}"),
    ("", 'if op.get_bind().dialect.name == "mysql":\n    op.drop_column("t", "a")', INDEX.replace('["c"]', '[sa.text("lower(c)")]')),
    ("", 'op.drop_column("t", "a")', INDEX.replace('["c"]', '[sa.text("lower(c)")]')),
    # the same on both sides
    ("", 'op.alter_column("t", "c", type_=sa.Text())', 'op.alter_column("t", "c", type_=sa.Text())'),
    ("", 'op.alter_column("t", "c", server_default=unknown())', 'op.alter_column("t", "c", server_default=unknown())'),
    ("", sql("ALTER TABLE t ALTER c TYPE INT USING c + 1"), sql("ALTER TABLE t ALTER c TYPE INT USING c + 1")),
    ("", sql("DROP TABLE IF EXISTS t"), sql("DROP TABLE IF EXISTS t")),
    ("", sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS c INT"), sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS c INT")),
    ("", sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS c INT"), sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS c TEXT")),
    ("", sql("CREATE INDEX IF NOT EXISTS ix ON t (c)"), sql("CREATE INDEX IF NOT EXISTS ix ON t (c)")),
    ("", sql("ALTER TYPE mood ADD VALUE 'a' AFTER 'b'"), sql("ALTER TYPE mood ADD VALUE 'a' AFTER 'c'")),
    # one change says MySQL what the column was
    ("", sql("ALTER TABLE t MODIFY c INT"), 'op.alter_column("t", "c", nullable=False)'),
    ("", sql("ALTER TABLE t MODIFY c INT"), 'op.alter_column("t", "c", server_default="1")'),
    (ADD, sql("ALTER TABLE t MODIFY c INT"), 'op.alter_column("t", "c", server_default="1")'),
    (ADD, sql("ALTER TABLE t MODIFY c INT"), 'op.alter_column("t", "c", comment="x")'),
    # privileges, policies, cascades
    ("", sql("GRANT SELECT ON t TO a"), sql("REVOKE SELECT ON t FROM a")),
    ("", sql("GRANT SELECT ON t TO a"), 'op.drop_table("t")'),
    ("", sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO a"), MAKE),
    ("", sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO a"), sql("CREATE VIEW v AS SELECT 1")),
    ("", sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO a"), sql("CREATE SEQUENCE q")),
    ("", sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO a"), ADD),
    ("", sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO a"), sql("REVOKE SELECT ON t FROM a")),
    ("", sql("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO a"), sql("ALTER TABLE t ADD COLUMN n SERIAL")),
    ("", sql("GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO a"), FUNCTION),
    ("", sql("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO a"), MAKE),
    ("", sql("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO a"), sql("GRANT SELECT ON t TO a")),
    ("", sql("GRANT admin TO a"), MAKE),
    ("", sql("ALTER TABLE t INHERIT v"), sql("UPDATE t SET a = 1")),
    ("", sql("ALTER TABLE t INHERIT v"), LINKED),
    ("", sql("ALTER TABLE t INHERIT v"), sql("INSERT INTO t (a) VALUES (1)")),
    ("", sql("ALTER TABLE t INHERIT v"), TRIGGER),
    ("", sql("ALTER TABLE t INHERIT v"), 'op.alter_column("t", "a", server_default="1")'),
    ("", sql("ALTER TABLE t OWNER TO a"), sql("UPDATE t SET a = 1")),
    ("", sql("ALTER TABLE t OWNER TO a"), sql("ALTER TABLE t OWNER TO b")),
    ("", sql("DROP TABLE t CASCADE"), sql("DROP VIEW v")),
    ("", sql("DROP TABLE t CASCADE"), sql("DROP VIEW v CASCADE")),
    ("", sql("CREATE VIEW v AS SELECT a FROM t"), 'op.drop_column("t", "b")'),
    ("", sql("CREATE VIEW v AS SELECT a FROM t"), 'op.alter_column("t", "a", type_=sa.Text())'),
    ("", sql("CREATE MATERIALIZED VIEW v AS SELECT a FROM t"), sql("UPDATE t SET a = 1")),
    ("", sql("CREATE MATERIALIZED VIEW v AS SELECT a FROM t"), sql("UPDATE t SET b = 1")),
    # an index that is called as its column
    ("", ADD, 'op.create_index("c", "t", ["c"])'),
    ('op.create_index("c", "t", ["c"])', 'op.drop_column("t", "c")', sql("DROP INDEX c")),
    # rows that a condition chooses
    ("", sql("DELETE FROM t WHERE a = 1"), sql("UPDATE t SET a = 2")),
    ("", sql("DELETE FROM t WHERE a = 1"), sql("UPDATE t SET b = 2")),
    # columns of a trigger, and of the far end of a key
    ("", TRIGGER.replace("INSERT", "UPDATE OF c"), 'op.drop_column("t", "c")'),
    ("", TRIGGER.replace("INSERT", "UPDATE OF c"), 'op.drop_column("t", "d")'),
    ("", LINKED, 'op.drop_column("child", "id")'),
    # what a column brings along or calls, under the column's name
    ("", 'op.add_column("t", sa.Column("mood", sa.Enum("a", name="mood")))', sql("DROP TYPE mood")),
    ("", 'op.add_column("t", sa.Column("f", sa.Integer(), server_default=sa.text("f()")))', sql("DROP FUNCTION f()")),
    # what lies in a schema by its table alone
    ("", sql("CREATE SCHEMA s"), 'op.create_unique_constraint("uq", "t", ["c"], schema="s")'),
    ("", sql("DROP SCHEMA s"), TRIGGER.replace(" t ", " s.t ")),
    # a query of the catalogue
    ("", CATALOGUE, MAKE),
    ("", CATALOGUE, ADD),
    ("", CATALOGUE, sql("UPDATE t SET c = 1")),
    # whose name an index of PostgreSQL has too, and whose MySQL keeps for a schema
    ("", EXCLUDES, sql("CREATE INDEX k ON v (a)")),
    ("", EXCLUDES, 'op.create_foreign_key("k", "v", "u", ["x"], ["id"])'),
    ("", 'op.create_primary_key("k", "t", ["a"])', sql("CREATE INDEX k ON v (a)")),
    ("", 'op.create_primary_key("k", "t", ["a"])', 'op.create_check_constraint("k", "v", "a > 1")'),
    ("", 'op.create_check_constraint("k", "t", "a > 1")', sql("CREATE INDEX k ON v (a)")),
    ("", 'op.create_foreign_key("k", "t", "u", ["x"], ["id"])', sql("CREATE INDEX k ON v (a)")),
    ("", 'op.create_foreign_key("k", "t", "u", ["x"], ["id"])', 'op.create_check_constraint("k", "v", "a > 1")'),
    ("", 'op.drop_constraint("k", "t")', sql("CREATE INDEX k ON v (a)")),
    ("", 'op.drop_constraint("k", "t")', 'op.create_check_constraint("k", "v", "a > 1")'),
    # names that a database makes up, and numbers
    ("", sql("CREATE INDEX ON t (a)"), sql("CREATE INDEX ON t (a)")),
    ("", sql("CREATE INDEX ON t (a)"), sql("CREATE INDEX ON t (b)")),
    ("", sql("CREATE INDEX ON t (a)"), sql("CREATE INDEX t_a_idx ON v (b)")),
    ("", sql("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES v (id)"), sql("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)")),
    ("", sql("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES v (id)"), sql("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u (id)")),
    ("", sql("ALTER TABLE t ADD CHECK (a > 1)"), sql("ALTER TABLE t ADD CHECK (b > 1)")),
    ("", sql("ALTER TABLE t ADD UNIQUE (a)"), sql("ALTER TABLE t ADD UNIQUE (b)")),
    ("", sql("ALTER TABLE t ADD PRIMARY KEY (a)"), sql("CREATE INDEX t_pkey ON v (b)")),
    ("", sql("ALTER TABLE s.t ADD UNIQUE (a)"), sql("CREATE INDEX t_a_key ON s.v (b)")),
    ("", sql("ALTER TABLE s.t ADD UNIQUE (a)"), sql("CREATE INDEX t_a_key ON v (b)")),
    (sql("CREATE TABLE t (id SERIAL, a INT)"), 'op.drop_table("t")', sql("ALTER SEQUENCE t_a_seq RENAME TO q")),
    # what a foreign key leans on, and what hangs on its end
    (LINKED, UNLINKED, 'op.drop_index("of_no_known_column", "child")'),
    (f'{LINKED}\nop.create_index("ic", "child", ["t_id"])', UNLINKED, 'op.drop_index("ic", "child")'),
    (f'{LINKED}\nop.create_index("ic", "child", ["x"])', UNLINKED, 'op.drop_index("ic", "child")'),
    ('op.create_index("ic", "child", ["t_id"])', LINKED, 'op.drop_index("ic", "child")'),
    ("", LINKED, 'op.drop_index("uq", "t")'),
    ("", LINKED, 'op.drop_constraint("uq", "t", type_="unique")'),
    ("", LINKED, 'op.drop_constraint("uq", "t", type_="check")'),
    ("", LINKED, sql("ALTER TABLE t ALTER id TYPE text")),
    ("", LINKED, sql("DELETE FROM t")),
    (MAKE, LINKED, sql("ALTER TABLE t ALTER x TYPE text")),
    # what constraints ask of rows and columns
    ("", 'op.create_check_constraint("k", "t", "x > 1")', 'op.alter_column("t", "x", type_=sa.Text())'),
    ("", 'op.create_check_constraint("k", "t", "x > 1")', sql("UPDATE t SET x = 1")),
    ("", 'op.create_check_constraint("k", "t", "x > 1")', sql("UPDATE t SET y = 1")),
    ("", KEYED, 'op.alter_column("t", "c", type_=sa.Text())'),
    ("", 'op.alter_column("t", "x", nullable=False)', 'op.alter_column("t", "x", nullable=False)'),
    ("", 'op.alter_column("t", "x", nullable=False)', sql("UPDATE t SET x = 1")),
    ("", 'op.alter_column("t", "x", nullable=False)', sql("UPDATE t SET y = 1")),
    ("", sql("CREATE UNIQUE INDEX k ON t (a)"), sql("UPDATE t SET b = 1")),
    ("", sql("CREATE UNIQUE INDEX k ON t (a)"), sql("INSERT INTO t (a) VALUES (1)")),
    ("", 'op.drop_constraint("pk", "t", type_="primary")', 'op.alter_column("t", "id", nullable=True)'),
    ("", 'op.drop_constraint("pk", "t", type_="unique")', 'op.alter_column("t", "id", nullable=True)'),
    (INDEX, sql("ALTER INDEX ix RENAME TO iy"), 'op.drop_column("t", "c")'),
    (INDEX, sql("ALTER INDEX ix RENAME TO iy"), 'op.drop_column("t", "d")'),
    (KEYED, 'op.drop_constraint("uq", "t", type_="unique")', 'op.drop_column("t", "c")'),
    (KEYED, 'op.drop_constraint("uq", "t", type_="unique")', 'op.drop_column("t", "d")'),
    (KEYED, sql("ALTER TABLE t RENAME CONSTRAINT uq TO uk"), 'op.drop_column("t", "c")'),
    (KEYED, sql("ALTER TABLE t RENAME CONSTRAINT uq TO uk"), KEYED.replace("uq", "uk")),
    (KEYED, sql("ALTER TABLE t RENAME CONSTRAINT uq TO uk"), 'op.drop_constraint("uq", "t", type_="unique")'),
    # a column beside what a copy of its table loses
    ("", REMADE, KEEPS),
    ("", ADD, KEEPS),
    # partitions of partitions, and what a partition is not
    (NESTED, sql("UPDATE t SET a = 1"), sql("UPDATE r SET a = 2")),
    (NESTED, sql("UPDATE q SET a = 1"), sql("UPDATE r SET a = 2")),
    (PARTED, sql("UPDATE t SET a = 1 WHERE c = 2"), sql("UPDATE q SET c = 3")),
    (PARTED, sql("UPDATE t SET a = 1 WHERE c = 2"), sql("UPDATE q SET b = 3")),
    (PARTED, sql("DELETE FROM t WHERE c = 2"), sql("UPDATE q SET c = 3")),
    (PARTED, 'op.create_index("ix", "t", ["a"])', 'op.drop_table("p")'),
    (PARTED, 'op.drop_table("t")', 'op.drop_table("p")'),
    (PARTED, 'op.drop_table("t")', 'op.create_table("p", sa.Column("id", sa.Integer()))'),
    (PARTED, RENAME, sql("UPDATE p SET a = 2")),
    # types, domains and sequences
    ("", sql("CREATE TYPE mood AS (a int)"), sql("CREATE SEQUENCE mood")),
    ("", sql("CREATE DOMAIN mood AS int"), sql("ALTER DOMAIN mood SET NOT NULL")),
    ("", sql("ALTER DOMAIN mood SET NOT NULL"), sql("DROP DOMAIN mood")),
    ("", sql("ALTER SEQUENCE q RESTART"), sql("DROP SEQUENCE q")),
    ("", sql("ALTER SEQUENCE q RESTART"), sql("ALTER SEQUENCE q RESTART")),
]  # fmt: skip


def shown(below: str, left: str, right: str) -> list[str]:
    around = surroundings([effects(below)]) if below else NOTHING_AROUND
    here, there = {"left": effects(left)}, {"right": effects(right)}
    found = overlaps(here, there, around)
    back = overlaps(there, here, around)
    assert sorted(one.verdict for one in back) == sorted(one.verdict for one in found)
    told = [" / ".join(part.replace("\n", "; ") for part in (below, left, right) if part)]
    return [*told, *(f"    {one.verdict}: {one.message}" for one in found)]


def test_each_pair_has_its_verdict() -> None:
    lines = [line for pair in PAIRS for line in shown(*pair)]
    approved(HERE / "pairs.txt", "\n".join(lines) + "\n")


def test_only_the_worst_of_a_pair_on_one_object_is_told() -> None:
    left = effects('op.drop_column("t", "a")\nop.execute("UPDATE t SET b = 1")')
    right = effects('op.drop_column("t", "a")\nop.execute("UPDATE t SET b = 2")')
    found = overlaps({"l1": left, "l2": left}, {"r1": right})
    assert [(one.left_revision, one.object, one.verdict) for one in found] == [
        ("l1", "column t.a", "conflict"),
        ("l2", "column t.a", "conflict"),
        ("l1", "column t.b", "order-matters"),
        ("l2", "column t.b", "order-matters"),
    ]
    assert overlaps({}, {"r1": right}) == overlaps({"l1": left}, {}) == ()


def test_what_is_unread_meets_what_it_may_touch() -> None:
    unread = effects("import x\nx.y(op)").unknown[0]
    add = effects(ADD)
    cases = {(): "anything", ("t",): "table t", ("t", "u"): "t, u", ("v",): None}
    for tables, about in cases.items():
        side = Effects(unknown=(unread._replace(tables=tables),))
        found = overlaps({"l": side}, {"r": add})
        assert [one.object for one in found] == ([about] if about else [])
        mirrored = overlaps({"r": add}, {"l": side})
        assert [one.object for one in mirrored] == [one.object for one in found]
        for one, other in zip(found, mirrored, strict=True):
            assert (one.left_revision, one.right_revision) == ("l", "r")
            assert (other.left_revision, other.right_revision) == ("r", "l")
            assert (one.left_operation, one.right_operation) == (
                other.right_operation,
                other.left_operation,
            )
    both = Effects(unknown=(unread._replace(tables=("T",)),))
    elsewhere = Effects(unknown=(unread._replace(tables=("v",)),))
    assert len(overlaps({"l": both}, {"r": both})) == 1
    assert overlaps({"l": both}, {"r": elsewhere}) == ()
    anything = overlaps({"l": both}, {"r": Effects(unknown=(unread,))})
    assert [one.object for one in anything] == ["table T", "anything"]
    down = Effects(unknown=(unread._replace(direction="downgrade"),))
    assert overlaps({"l": down}, {"r": add}) == ()
