"""Kinds of change as people write them, and the schema with rows that all of them start from."""

from __future__ import annotations

START = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.String(50), nullable=False, server_default="x"),
    sa.Column("email", sa.String(50)),
    sa.Column("nick", sa.String(50)),
    sa.Column("note", sa.String(50)),
    sa.Column("age", sa.Integer()),
)
op.create_index("ix_users_email", "users", ["email"])
op.create_table(
    "tags",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("label", sa.String(50)),
    sa.Column("code", sa.String(50), nullable=False),
    sa.UniqueConstraint("code", name="uq_tags_code"),
)
op.create_table(
    "posts",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("user_id", sa.Integer()),
    sa.Column("tag_id", sa.Integer()),
    sa.Column("tag_code", sa.String(50)),
    sa.Column("title", sa.String(50)),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_posts_user", ondelete="CASCADE"),
    sa.CheckConstraint("title <> ''", name="ck_posts_title"),
)
op.create_index("ix_posts_title", "posts", ["title"])
op.create_table(
    "logs",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("message", sa.String(50)),
    sa.Column("level", sa.Integer()),
)
op.create_table(
    "entries",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("word", sa.String(50)),
    sa.Column("kind", sa.String(20), server_default="plain"),
)
op.create_table("spare", sa.Column("id", sa.Integer(), primary_key=True))
op.execute("CREATE VIEW tag_labels AS SELECT label FROM tags")
if op.get_bind().dialect.name == "postgresql":
    op.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
    op.execute("CREATE TABLE people (id SERIAL PRIMARY KEY, feels mood)")
    op.execute("CREATE SEQUENCE numbers")
    op.execute("CREATE SCHEMA billing")
    op.execute("CREATE TABLE billing.users (id INTEGER PRIMARY KEY, note VARCHAR(50))")
    op.execute("CREATE FUNCTION loud(t TEXT) RETURNS TEXT AS 'SELECT upper(t)' "
               "LANGUAGE sql IMMUTABLE")
    op.execute("INSERT INTO people (feels) VALUES ('glad')")
op.execute("INSERT INTO users (id, name, email, nick, age) VALUES (1, 'ann', 'a@x', 'an', 30)")
op.execute("INSERT INTO users (id, name, email, nick, age) VALUES (2, 'bob', 'b@x', 'bo', 40)")
op.execute("INSERT INTO tags (id, label, code) VALUES (1, 'red', 'r')")
op.execute("INSERT INTO posts (id, user_id, tag_id, tag_code, title) VALUES (1, 1, 1, 'r', 'hi')")
op.execute("INSERT INTO posts (id, user_id, title) VALUES (2, 2, 'ho')")
op.execute("INSERT INTO entries (id, word) VALUES (1, 'one')")
"""


def batch(table: str, call: str) -> str:
    """Return a batch of one operation."""
    return f'with op.batch_alter_table("{table}") as batch:\n    batch.{call}'


def sql(text: str) -> str:
    """Return the execution of a statement."""
    return f"op.execute({text!r})"


def on(dialect: str, text: str) -> str:
    """Return the execution of a statement on one dialect only."""
    return f'if op.get_bind().dialect.name == "{dialect}":\n    ' + sql(text)


def postgresql(text: str) -> str:
    return on("postgresql", text)


COLUMNS = {
    "add column": batch("users", 'add_column(sa.Column("c1", sa.Integer()))'),
    "add it again": batch("users", 'add_column(sa.Column("c1", sa.Integer()))'),
    "add it as text": 'op.add_column("users", sa.Column("c1", sa.String(20)))',
    "add another column": 'op.add_column("users", sa.Column("c2", sa.Integer()))',
    "add column with default": 'op.add_column("users", sa.Column("c3", sa.Integer(), '
    'nullable=False, server_default="7"))',
    "add a required column": 'op.add_column("logs", sa.Column("c1", sa.Integer(), nullable=False))',
    "add column to spare": 'op.add_column("spare", sa.Column("c1", sa.Integer()))',
    "add column to tags": 'op.add_column("tags", sa.Column("c1", sa.Integer()))',
    "add column to posts, copied": 'if op.get_bind().dialect.name == "sqlite":\n'
    '    with op.batch_alter_table("posts", recreate="always") as b:\n'
    '        b.add_column(sa.Column("c1", sa.Integer()))',
    "add column that refers": 'with op.batch_alter_table("posts") as b:\n'
    '    b.add_column(sa.Column("spare_id", sa.Integer()))\n'
    '    b.create_foreign_key("fk_posts_spare", "spare", ["spare_id"], ["id"])',
    "raw add column": sql("ALTER TABLE users ADD COLUMN c1 INTEGER"),
    "raw add two columns": on("postgresql", "ALTER TABLE users ADD c1 INT, ADD c4 INT"),
    "add column if missing": postgresql("ALTER TABLE users ADD COLUMN IF NOT EXISTS c1 INTEGER"),
    "add computed column": postgresql(
        "ALTER TABLE users ADD COLUMN twice INTEGER GENERATED ALWAYS AS (age * 2) STORED"
    ),
    "drop column": batch("users", 'drop_column("note")'),
    "drop indexed column": 'if op.get_bind().dialect.name != "sqlite":\n'
    '    op.drop_column("users", "email")',
    "drop title": 'if op.get_bind().dialect.name != "sqlite":\n'
    '    op.drop_column("posts", "title")',
    "raw drop column": sql("ALTER TABLE users DROP COLUMN note"),
    "rename column": batch(
        "users", 'alter_column("note", new_column_name="remark", existing_type=TEXT)'
    ),
    "rename column elsewhere": batch(
        "users", 'alter_column("note", new_column_name="c1", existing_type=TEXT)'
    ),
    "raw rename column": sql("ALTER TABLE users RENAME COLUMN nick TO nickname"),
    "rename tag column": 'op.alter_column("tags", "label", new_column_name="text", '
    "existing_type=TEXT)",
    "change type": batch("users", 'alter_column("note", type_=sa.String(99), existing_type=TEXT)'),
    "change type so too": batch(
        "users", 'alter_column("note", type_=sa.String(99), existing_type=TEXT)'
    ),
    "change type to other": batch(
        "users", 'alter_column("note", type_=sa.String(77), existing_type=TEXT)'
    ),
    "change other type": batch(
        "users", 'alter_column("nick", type_=sa.String(99), existing_type=TEXT)'
    ),
    "change type of age": postgresql(
        "ALTER TABLE users ALTER COLUMN age TYPE BIGINT USING age + 1"
    ),
    "change type of age so too": postgresql(
        "ALTER TABLE users ALTER COLUMN age TYPE BIGINT USING age + 1"
    ),
    "set not null": batch("logs", 'alter_column("message", nullable=False, existing_type=TEXT)'),
    "set not null on nick": batch(
        "users", 'alter_column("nick", nullable=False, existing_type=TEXT)'
    ),
    "drop not null": batch(
        "users",
        'alter_column("name", nullable=True, existing_type=TEXT, existing_server_default="x")',
    ),
    "set default": batch("logs", 'alter_column("message", server_default="m", existing_type=TEXT)'),
    "set other default": batch(
        "logs", 'alter_column("message", server_default="n", existing_type=TEXT)'
    ),
    "set default of kind": batch(
        "entries", 'alter_column("kind", server_default="rare", existing_type=sa.String(20))'
    ),
    "drop default of kind": postgresql("ALTER TABLE entries ALTER COLUMN kind DROP DEFAULT"),
    "comment on column": postgresql("COMMENT ON COLUMN users.note IS 'said'"),
    "comment on it otherwise": postgresql("COMMENT ON COLUMN users.note IS 'unsaid'"),
    "modify column": on("mysql", "ALTER TABLE users MODIFY nick VARCHAR(80) NULL"),
}

KEYS = {
    "make index": 'op.create_index("ix_new", "users", ["nick"])',
    "make it on another column": 'op.create_index("ix_new", "users", ["age"])',
    "make it on another table": 'op.create_index("ix_new", "tags", ["label"])',
    "make index on note": 'op.create_index("ix_note", "users", ["note"])',
    "make index if missing": postgresql("CREATE INDEX IF NOT EXISTS ix_new ON users (nick)"),
    "make it if missing too": postgresql("CREATE INDEX IF NOT EXISTS ix_new ON users (nick)"),
    "make unique index": 'op.create_index("ix_un", "users", ["nick"], unique=True)',
    "make partial index": 'op.create_index("ix_old", "users", ["age"], '
    'sqlite_where=sa.text("note IS NULL"), postgresql_where=sa.text("note IS NULL"))',
    "make index on expression": 'if op.get_bind().dialect.name != "mysql":\n'
    '    op.create_index("ix_lower", "users", [sa.text("lower(nick)")])',
    "make index by function": postgresql("CREATE INDEX ix_loud ON users (loud(name))"),
    "raw index": sql("CREATE INDEX ix_new ON users (age)"),
    "raw index on level": sql("CREATE INDEX ix_level ON logs (level)"),
    "index of key column": 'op.create_index("ix_posts_tag", "posts", ["tag_id"])',
    "drop index": 'op.drop_index("ix_users_email", table_name="users")',
    "drop it by name": postgresql("DROP INDEX ix_users_email"),
    "drop index if there": postgresql("DROP INDEX IF EXISTS ix_users_email"),
    "drop it if there too": postgresql("DROP INDEX IF EXISTS ix_users_email"),
    "drop other index": 'op.drop_index("ix_posts_title", table_name="posts")',
    "rename index": postgresql("ALTER INDEX ix_users_email RENAME TO ix_new"),
    "add unique": batch("users", 'create_unique_constraint("uq_new", ["nick"])'),
    "add unique of that name": batch("users", 'create_unique_constraint("uq_new", ["age"])'),
    "add unique named as index": batch("users", 'create_unique_constraint("ix_new", ["age"])'),
    "drop unique": batch("tags", 'drop_constraint("uq_tags_code", type_="unique")'),
    "add check": batch("users", 'create_check_constraint("ck_new", "age > 0")'),
    "add check on logs": batch("logs", 'create_check_constraint("ck_level", "level > 0")'),
    "raw unnamed check": postgresql("ALTER TABLE users ADD CHECK (age < 200)"),
    "raw unnamed check too": postgresql("ALTER TABLE users ADD CHECK (age > 2)"),
    "drop check": batch("posts", 'drop_constraint("ck_posts_title", type_="check")'),
    "add foreign key": batch("posts", 'create_foreign_key("fk_new", "tags", ["tag_id"], ["id"])'),
    "add foreign key of that name": batch(
        "posts", 'create_foreign_key("fk_new", "users", ["tag_id"], ["id"])'
    ),
    "add foreign key to code": 'if op.get_bind().dialect.name != "sqlite":\n'
    '    op.create_foreign_key("fk_code", "posts", "tags", ["tag_code"], ["code"])',
    "raw unnamed foreign key": 'if op.get_bind().dialect.name != "sqlite":\n    '
    + sql("ALTER TABLE posts ADD FOREIGN KEY (tag_id) REFERENCES tags (id)"),
    "drop foreign key": batch("posts", 'drop_constraint("fk_posts_user", type_="foreignkey")'),
    "drop primary key": postgresql("ALTER TABLE logs DROP CONSTRAINT logs_pkey"),
    "rename constraint": postgresql("ALTER TABLE tags RENAME CONSTRAINT uq_tags_code TO uq_code"),
}

TABLES = {
    "create table": 'op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))',
    "create it otherwise": 'op.create_table("fresh", sa.Column("key", sa.Text()))',
    "create table if missing": sql("CREATE TABLE IF NOT EXISTS fresh (id INTEGER PRIMARY KEY)"),
    "create it if missing too": sql("CREATE TABLE IF NOT EXISTS fresh (id INTEGER PRIMARY KEY)"),
    "create unless asked": 'if not sa.inspect(op.get_bind()).has_table("fresh"):\n'
    '    op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))',
    "create table that refers": 'op.create_table("fresh2", sa.Column("id", sa.Integer(), '
    'primary_key=True), sa.Column("s", sa.Integer(), sa.ForeignKey("spare.id")))',
    "create table that refers to users": 'op.create_table("fresh5", sa.Column("id", sa.Integer(), '
    'primary_key=True), sa.Column("u", sa.Integer(), sa.ForeignKey("users.id")))',
    "create table as select": sql("CREATE TABLE copied AS SELECT * FROM users"),
    "create table like": postgresql("CREATE TABLE alike (LIKE users)"),
    "create table as index is called": 'op.create_table("ix_new", sa.Column("id", sa.Integer()))',
    "drop table": 'op.drop_table("spare")',
    "drop posts": 'op.drop_table("posts")',
    "drop tags cascade": postgresql("DROP TABLE tags CASCADE"),
    "drop logs if there": sql("DROP TABLE IF EXISTS logs"),
    "rename table": 'op.rename_table("spare", "spared")',
    "rename posts": 'op.rename_table("posts", "articles")',
    "rename to fresh": 'op.rename_table("spare", "fresh")',
    "comment on table": postgresql("COMMENT ON TABLE users IS 'people'"),
    "grant": postgresql("GRANT SELECT ON users TO PUBLIC"),
    "change other schema's table": postgresql("ALTER TABLE billing.users DROP COLUMN note"),
    "swap entries": sql("CREATE TABLE entries2 (id INTEGER PRIMARY KEY, word VARCHAR(50))")
    + "\n"
    + sql("INSERT INTO entries2 (id, word) SELECT id, word FROM entries")
    + "\n"
    + sql("DROP TABLE entries")
    + "\n"
    + sql("ALTER TABLE entries2 RENAME TO entries"),
}

ROWS = {
    "insert rows": sql("INSERT INTO users (id, name) VALUES (3, 'cid')"),
    "insert by position": sql("INSERT INTO users VALUES (4, 'dan', 'd@x', 'da', NULL, 5)"),
    "insert logs": sql("INSERT INTO logs (id) VALUES (1)"),
    "insert entries": sql("INSERT INTO entries (id, word) VALUES (2, 'two')"),
    "insert other entries": 'op.bulk_insert(sa.table("entries", sa.column("id", sa.Integer()), '
    'sa.column("word", sa.String())), [{"id": 3, "word": "three"}])',
    "insert posts": sql("INSERT INTO posts (id, user_id, title) VALUES (3, 2, 'hm')"),
    "insert people": postgresql("INSERT INTO people (feels) VALUES ('sad')"),
    "upsert tags": postgresql(
        "INSERT INTO tags (id, label, code) VALUES (9, 'rot', 'r') "
        "ON CONFLICT (code) DO UPDATE SET label = excluded.label"
    ),
    "update rows": sql("UPDATE users SET note = 'n'"),
    "update other column": sql("UPDATE users SET nick = 'same'"),
    "update where": sql("UPDATE users SET age = 1 WHERE note IS NULL"),
    "update from posts": sql(
        "UPDATE users SET note = (SELECT max(title) FROM posts WHERE posts.user_id = users.id)"
    ),
    "update entries by core": 'op.execute(sa.table("entries", sa.column("word")).update()'
    '.values(word="w"))',
    "delete rows": sql("DELETE FROM users WHERE id = 2"),
    "delete posts": sql("DELETE FROM posts WHERE user_id = 2"),
    "copy rows": sql("INSERT INTO logs (id, message) SELECT id, note FROM users"),
}

OTHERS = {
    "make view": sql("CREATE VIEW notes AS SELECT note FROM users"),
    "make it again": sql("CREATE VIEW notes AS SELECT id FROM users"),
    "make view of all": sql("CREATE VIEW everyone AS SELECT * FROM users"),
    "replace view": postgresql("CREATE OR REPLACE VIEW notes AS SELECT note FROM users"),
    "drop view": sql("DROP VIEW tag_labels"),
    "make materialized view": postgresql(
        "CREATE MATERIALIZED VIEW word_list AS SELECT word FROM entries"
    ),
    "add enum value": postgresql("ALTER TYPE mood ADD VALUE 'calm'"),
    "add it too": postgresql("ALTER TYPE mood ADD VALUE 'calm'"),
    "add other enum value": postgresql("ALTER TYPE mood ADD VALUE 'wild'"),
    "add value if missing": postgresql("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'"),
    "add it if missing too": postgresql("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'"),
    "rename enum": postgresql("ALTER TYPE mood RENAME TO feeling"),
    "add column of enum": postgresql("ALTER TABLE logs ADD COLUMN feels mood"),
    "create table with enum": 'op.create_table("fresh3", sa.Column("m", sa.Enum("a", '
    'name="kind")))',
    "create other table with enum": 'op.create_table("fresh4", sa.Column("m", sa.Enum("a", '
    'name="kind")))',
    "drop people and enum": postgresql("DROP TABLE people") + "\n    " + sql("DROP TYPE mood"),
    "make sequence": postgresql("CREATE SEQUENCE counter"),
    "make that sequence": postgresql("CREATE SEQUENCE counter START 5"),
    "drop sequence": postgresql("DROP SEQUENCE numbers"),
    "default from sequence": postgresql(
        "ALTER TABLE logs ALTER COLUMN level SET DEFAULT nextval('numbers')"
    ),
    "restart sequence": postgresql("ALTER SEQUENCE people_id_seq RESTART WITH 50"),
    "replace function": postgresql(
        "CREATE OR REPLACE FUNCTION loud(t TEXT) RETURNS TEXT AS 'SELECT lower(t)' "
        "LANGUAGE sql IMMUTABLE"
    ),
    "drop function": postgresql("DROP FUNCTION loud(TEXT)"),
    "make extension": postgresql('CREATE EXTENSION IF NOT EXISTS "pg_trgm"'),
    "make schema": postgresql("CREATE SCHEMA IF NOT EXISTS billing2"),
    "make trigger": on(
        "sqlite",
        "CREATE TRIGGER shout AFTER INSERT ON entries BEGIN "
        "UPDATE entries SET word = upper(word) WHERE id = new.id; END",
    )
    + "\n"
    + on(
        "mysql",
        "CREATE TRIGGER shout BEFORE INSERT ON entries FOR EACH ROW SET NEW.word = upper(NEW.word)",
    ),
    "make rule": postgresql(
        "CREATE RULE double AS ON INSERT TO entries DO ALSO "
        "INSERT INTO logs (id, message) VALUES (NEW.id, NEW.word)"
    ),
}

MORE = {
    "truncate logs": postgresql("TRUNCATE entries"),
    "delete by what posts say": sql(
        "DELETE FROM tags WHERE id NOT IN (SELECT tag_id FROM posts WHERE tag_id IS NOT NULL)"
    ),
    "update from another table": postgresql(
        "UPDATE users SET nick = tags.label FROM tags WHERE tags.id = users.id"
    ),
    "insert with returning": postgresql("INSERT INTO people (feels) VALUES ('sad') RETURNING id"),
    "set sequence": postgresql("SELECT setval('people_id_seq', (SELECT max(id) + 10 FROM people))"),
    "upsert by constraint": postgresql(
        "INSERT INTO tags (id, label, code) VALUES (9, 'rot', 'r') "
        "ON CONFLICT ON CONSTRAINT uq_tags_code DO NOTHING"
    ),
    "table with serial": postgresql("CREATE TABLE fresh6 (id SERIAL PRIMARY KEY)"),
    "sequence of that name": postgresql("CREATE SEQUENCE fresh6_id_seq"),
    "unnamed unique": postgresql("ALTER TABLE users ADD UNIQUE (nick)"),
    "index of the name it gets": postgresql("CREATE INDEX users_nick_key ON users (age)"),
    "make domain": postgresql("CREATE DOMAIN mail AS VARCHAR(50)"),
    "make type of that name": postgresql("CREATE TYPE mail AS ENUM ('a')"),
    "column by function": postgresql("ALTER TABLE logs ADD COLUMN shout TEXT DEFAULT loud('x')"),
    "identity": postgresql("ALTER TABLE logs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY"),
    "row security": postgresql("ALTER TABLE users ENABLE ROW LEVEL SECURITY"),
    "owner": postgresql("ALTER TABLE users OWNER TO CURRENT_USER"),
    "make policy": postgresql("CREATE POLICY all_of_it ON users USING (note IS NOT NULL)"),
    "make trigger by function": postgresql(
        "CREATE FUNCTION up() RETURNS trigger AS "
        "'BEGIN NEW.word := upper(NEW.word); RETURN NEW; END' LANGUAGE plpgsql"
    )
    + "\n    "
    + sql(
        "CREATE TRIGGER up BEFORE INSERT OR UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION up()"
    ),
    "move to schema": postgresql("ALTER TABLE spare SET SCHEMA billing"),
    "drop schema": postgresql("DROP SCHEMA billing CASCADE"),
    "drop column cascade": postgresql("ALTER TABLE tags DROP COLUMN label CASCADE"),
    "unique by index": postgresql("CREATE UNIQUE INDEX ix_age ON users (age)")
    + "\n    "
    + sql("ALTER TABLE users ADD CONSTRAINT uq_age UNIQUE USING INDEX ix_age"),
    "not valid check": postgresql(
        "ALTER TABLE users ADD CONSTRAINT ck_old CHECK (age > 1) NOT VALID"
    ),
    "rename enum value": postgresql("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"),
    "set default of enum": postgresql("ALTER TABLE people ALTER COLUMN feels SET DEFAULT 'sad'"),
    "change type of key": postgresql("ALTER TABLE users ALTER COLUMN id TYPE BIGINT"),
    "drop not null of code": postgresql("ALTER TABLE tags ALTER COLUMN code DROP NOT NULL"),
    "inherit": postgresql("CREATE TABLE young () INHERITS (users)"),
    "unlogged": postgresql("ALTER TABLE entries SET UNLOGGED"),
    "do block": postgresql("DO $$ BEGIN UPDATE users SET note = 'done'; END $$"),
    "drop default in a batch": batch(
        "entries", 'alter_column("kind", server_default=None, existing_type=sa.String(20))'
    ),
    "rename table in a view": 'op.rename_table("tags", "labels")',
    "expression index on entries": 'if op.get_bind().dialect.name != "mysql":\n'
    '    op.create_index("ix_word", "entries", [sa.text("upper(word)")])',
    "column by batch on entries": batch("entries", 'add_column(sa.Column("n", sa.Integer()))'),
    "copy entries": 'with op.batch_alter_table("entries", recreate="always") as b:\n'
    '    b.add_column(sa.Column("m", sa.Integer()))',
}

KINDS: dict[str, str] = {**COLUMNS, **KEYS, **TABLES, **ROWS, **OTHERS, **MORE}
