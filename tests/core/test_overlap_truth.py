"""The table of commuting pairs against what databases do: each pair in both orders."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from lback.core.effects import Effects, read_effects
from lback.core.forks.overlap import overlaps
from lback.core.forks.sides import keys
from tests.core.truth import Bench, commute, revision
from tests.servers import fresh_database

BATCH = 'with op.batch_alter_table("{}") as batch:\n    batch.'
USERS, POSTS, LOGS = BATCH.format("users"), BATCH.format("posts"), BATCH.format("logs")
KIND = 'sa.Enum("a", name="kind")))'
ON_POSTGRESQL = 'if op.get_bind().dialect.name == "postgresql":\n    '

DEEDS: dict[str, str] = {
    "add column": USERS + 'add_column(sa.Column("c1", sa.Integer()))',
    "add it again": USERS + 'add_column(sa.Column("c1", sa.Integer()))',
    "add it as text": 'op.add_column("users", sa.Column("c1", sa.String(20)))',
    "add another column": 'op.add_column("users", sa.Column("c2", sa.Integer()))',
    "add a required column": 'op.add_column("logs", sa.Column("c1", sa.Integer(), nullable=False))',
    "add column to spare": 'op.add_column("spare", sa.Column("c1", sa.Integer()))',
    "drop column": USERS + 'drop_column("note")',
    "drop indexed column": USERS + 'drop_column("email")',
    "rename column": USERS + 'alter_column("note", new_column_name="remark", existing_type=TEXT)',
    "rename column elsewhere": USERS
    + 'alter_column("note", new_column_name="c1", existing_type=TEXT)',
    "change type": USERS + 'alter_column("note", type_=sa.String(99), existing_type=TEXT)',
    "change type so too": USERS + 'alter_column("note", type_=sa.String(99), existing_type=TEXT)',
    "change type to other": USERS + 'alter_column("note", type_=sa.String(77), existing_type=TEXT)',
    "change other type": USERS + 'alter_column("nick", type_=sa.String(99), existing_type=TEXT)',
    "set not null": LOGS + 'alter_column("message", nullable=False, existing_type=TEXT)',
    "set default": LOGS + 'alter_column("message", server_default="m", existing_type=TEXT)',
    "set not null on users": USERS + 'alter_column("nick", nullable=False, existing_type=TEXT)',
    "make index": 'op.create_index("ix_new", "users", ["nick"])',
    "make it on another column": 'op.create_index("ix_new", "users", ["age"])',
    "make it on another table": 'op.create_index("ix_new", "tags", ["label"])',
    "make index on note": 'op.create_index("ix_note", "users", ["note"])',
    "make unique index": 'op.create_index("ix_un", "users", ["nick"], unique=True)',
    "drop index": 'op.drop_index("ix_users_email", table_name="users")',
    "drop other index": 'op.drop_index("ix_posts_title", table_name="posts")',
    "add unique": USERS + 'create_unique_constraint("uq_new", ["nick"])',
    "add unique of that name": USERS + 'create_unique_constraint("uq_new", ["age"])',
    "add unique named as index": USERS + 'create_unique_constraint("ix_new", ["age"])',
    "add check": USERS + 'create_check_constraint("ck_new", "age > 0")',
    "drop check": POSTS + 'drop_constraint("ck_posts_title", type_="check")',
    "add foreign key": POSTS + 'create_foreign_key("fk_new", "tags", ["tag_id"], ["id"])',
    "add foreign key of that name": POSTS
    + 'create_foreign_key("fk_new", "spare", ["tag_id"], ["id"])',
    "drop foreign key": POSTS + 'drop_constraint("fk_posts_user", type_="foreignkey")',
    "create table": 'op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))',
    "create it otherwise": 'op.create_table("fresh", sa.Column("key", sa.Text()))',
    "create table that refers": 'op.create_table("fresh2", sa.Column("id", sa.Integer(), '
    'primary_key=True), sa.Column("s", sa.Integer(), sa.ForeignKey("spare.id")))',
    "create table with enum": 'op.create_table("fresh3", sa.Column("m", ' + KIND,
    "create other table with enum": 'op.create_table("fresh4", sa.Column("m", ' + KIND,
    "drop table": 'op.drop_table("spare")',
    "drop posts": 'op.drop_table("posts")',
    "rename table": 'op.rename_table("spare", "spared")',
    "rename posts": 'op.rename_table("posts", "articles")',
    "rename to fresh": 'op.rename_table("spare", "fresh")',
    "insert rows": "op.execute(\"INSERT INTO users (id, name) VALUES (3, 'cid')\")",
    "insert logs": 'op.execute("INSERT INTO logs (id) VALUES (1)")',
    "update rows": "op.execute(\"UPDATE users SET note = 'n'\")",
    "update other column": "op.execute(\"UPDATE users SET nick = 'same'\")",
    "update where": 'op.execute("UPDATE users SET age = 1 WHERE note IS NULL")',
    "delete rows": 'op.execute("DELETE FROM users WHERE id = 2")',
    "copy rows": 'op.execute("INSERT INTO logs (id, message) SELECT id, note FROM users")',
    "raw add column": 'op.execute("ALTER TABLE users ADD COLUMN c1 INTEGER")',
    "raw drop column": 'op.execute("ALTER TABLE users DROP COLUMN note")',
    "raw index": 'op.execute("CREATE INDEX ix_new ON users (age)")',
    "make view": 'op.execute("CREATE VIEW notes AS SELECT note FROM users")',
    "make it again": 'op.execute("CREATE VIEW notes AS SELECT id FROM users")',
    "drop view": 'op.execute("DROP VIEW tag_labels")',
    "rename tag column": 'op.alter_column("tags", "label", new_column_name="text", '
    "existing_type=TEXT)",
    "add enum value": ON_POSTGRESQL + "op.execute(\"ALTER TYPE mood ADD VALUE 'calm'\")",
    "add it too": ON_POSTGRESQL + "op.execute(\"ALTER TYPE mood ADD VALUE 'calm'\")",
    "add other enum value": ON_POSTGRESQL + "op.execute(\"ALTER TYPE mood ADD VALUE 'wild'\")",
    "drop enum": ON_POSTGRESQL + 'op.execute("DROP TYPE mood")',
    "make sequence": ON_POSTGRESQL + 'op.execute("CREATE SEQUENCE counter")',
    "make that sequence": ON_POSTGRESQL + 'op.execute("CREATE SEQUENCE counter START 5")',
    "drop sequence": ON_POSTGRESQL + 'op.execute("DROP SEQUENCE numbers")',
}

_NEVER_DIFFER = "they do not differ with these few rows, and may with others"
_ANY_COLUMN = "which columns an expression or a WHERE uses is not looked into"
_VIEWS = "a view may be of all columns (SELECT *)"
_KEYS = "MySQL keeps indexes for foreign keys, and may refuse to drop one"

ROWS = frozenset(
    {
        "insert rows",
        "update rows",
        "update other column",
        "update where",
        "delete rows",
        "copy rows",
    }
)
TYPES = frozenset(
    {"change type", "change type so too", "change type to other", "change other type"}
)
GONE = frozenset(
    {"drop column", "drop indexed column", "rename column", "rename column elsewhere"}
) | {"raw drop column"}
ADDED = frozenset({"add column", "add it again", "add it as text", "add another column"}) | {
    "raw add column"
}
KEYS = frozenset(
    {
        "add unique",
        "add unique of that name",
        "add unique named as index",
        "add check",
        "make unique index",
    }
)
INDEXES = frozenset({"make index", "make unique index", "make index on note"})
POSTS_KEYS = frozenset(
    {
        "add foreign key",
        "add foreign key of that name",
        "drop foreign key",
        "drop check",
        "drop other index",
    }
)

# Pairs that did commute here and yet are not called safe, and why that is right.
CAUTIOUS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (ROWS, ROWS, _NEVER_DIFFER),
    (ROWS, GONE | TYPES, _ANY_COLUMN),
    (ROWS, KEYS | {"set not null on users"}, _NEVER_DIFFER),
    (TYPES | GONE | {"set not null on users"}, KEYS | INDEXES, _ANY_COLUMN),
    (TYPES, frozenset({"set not null on users"}), "MySQL writes the whole column anew"),
    (frozenset({"make view", "make it again"}), ADDED | GONE, _VIEWS),
    (frozenset({"drop index"}), GONE, "a dropped column takes its indexes along"),
    (frozenset({"drop index"}), frozenset({"insert rows"}), "an upsert needs its unique index"),
    (POSTS_KEYS, POSTS_KEYS, _KEYS),
    (frozenset({"drop other index"}), frozenset({"rename posts"}), "the table has another name"),
    (POSTS_KEYS, frozenset({"rename tag column"}), _ANY_COLUMN),
    (
        frozenset({"set not null", "set default"}),
        frozenset({"set not null", "set default"}),
        "MySQL writes the whole column anew",
    ),
)

# What the project promises to judge right, in words of DEEDS.
PROMISED = (
    ("add column", "add it again"),
    ("add column", "add it as text"),
    ("add column", "add another column"),
    ("add column", "raw add column"),
    ("drop posts", "add foreign key"),
    ("add column to spare", "drop table"),
    ("add column to spare", "rename table"),
    ("drop column", "rename column"),
    ("rename column", "update rows"),
    ("make index", "make it on another column"),
    ("make index", "make it on another table"),
    ("make index", "raw index"),
    ("add unique", "add unique of that name"),
    ("add foreign key", "add foreign key of that name"),
    ("add enum value", "add other enum value"),
    ("add enum value", "add it too"),
    ("set not null", "insert logs"),
    ("add a required column", "insert logs"),
    ("rename posts", "add foreign key"),
    ("rename table", "create table that refers"),
    ("change type", "change type to other"),
    ("change type", "change type so too"),
    ("change type", "change other type"),
    ("update rows", "drop column"),
    ("copy rows", "drop column"),
    ("create table", "create it otherwise"),
    ("create table", "rename to fresh"),
    ("create table with enum", "create other table with enum"),
    ("make view", "drop column"),
    ("make view", "set not null on users"),
    ("make sequence", "make that sequence"),
    ("drop index", "drop indexed column"),
)


@functools.lru_cache(maxsize=256)
def effects(deed: str) -> Effects:
    found = read_effects(revision(DEEDS[deed]))
    assert not found.unknown, found.unknown
    assert found.upgrade, deed
    return found


def verdicts(left: str, right: str) -> set[str]:
    found = overlaps({"left": effects(left)}, {"right": effects(right)})
    return {one.verdict for one in found}


def pairs(whole: bool) -> list[tuple[str, str]]:
    """Return every pair; or what is promised and some of those that share a name."""
    if whole:
        return list(combinations_with_replacement(DEEDS, 2))
    named = {deed: set[str]().union(*map(keys, effects(deed).upgrade)) for deed in DEEDS}
    found = [
        (left, right)
        for left, right in combinations_with_replacement(DEEDS, 2)
        if named[left] & named[right]
    ]
    return [*PROMISED, *found[::12]]


def is_cautious(left: str, right: str) -> bool:
    return any(
        (left in one and right in other) or (right in one and left in other)
        for one, other, _ in CAUTIOUS
    )


@contextmanager
def bench(kind: str, folder: Path) -> Iterator[Bench]:
    with fresh_database(kind, folder) as url:
        made = Bench(url)
        yield made
        made.close()


rounds = pytest.mark.parametrize(
    "whole", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["short", "whole"]
)


@rounds
@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mysql),
    ],
)
def test_what_is_called_safe_is_safe(kind: str, whole: bool, tmp_path: Path) -> None:
    with bench(kind, tmp_path) as database:
        wrong = [
            (left, right)
            for left, right in pairs(whole)
            if verdicts(left, right) <= {"same"}
            and commute(database, DEEDS[left], DEEDS[right]) is False
        ]
    assert wrong == []


@rounds
@pytest.mark.postgresql
@pytest.mark.mysql
def test_what_is_called_unsafe_differs_somewhere(whole: bool, tmp_path: Path) -> None:
    suspects = {
        (left, right)
        for left, right in (pairs(True) if whole else PROMISED)
        if not verdicts(left, right) <= {"same"} and not is_cautious(left, right)
    }
    for kind in ("sqlite", "postgresql", "mariadb"):
        with bench(kind, tmp_path) as database:
            differing = {
                pair
                for pair in suspects
                if commute(database, DEEDS[pair[0]], DEEDS[pair[1]]) is False
            }
        suspects -= differing
    assert suspects == set()


def test_the_lists_name_deeds_that_exist() -> None:
    listed = {deed for pair in PROMISED for deed in pair}
    listed |= {deed for one, other, _ in CAUTIOUS for deed in one | other}
    assert listed <= set(DEEDS)
