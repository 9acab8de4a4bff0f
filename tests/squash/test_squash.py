"""`squash` on real databases: the same schema and rows, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.app.squash import SquashOptions, SquashResult, squash
from lback.db.squashing.exact import read_built
from lback.errors import LbackError, UsageError
from tests.templates.conftest import MakeShop, Shop

USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),"
    " sa.Column('name', sa.String(50), nullable=False, server_default='it''s: 5%'),"
    " sa.Column('kind', sa.Enum('a', 'b', name='kind')))"
)
TEAMS = """
op.create_table('teams', sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('lead', sa.Integer, sa.ForeignKey('users.id', name='fk_lead')),
    sa.Column('at', sa.DateTime, server_default=sa.func.now()))
with op.batch_alter_table('users') as batch:
    batch.add_column(sa.Column('team', sa.Integer))
    batch.create_foreign_key('fk_team', 'teams', ['team'], ['id'], ondelete='SET NULL')
    batch.create_unique_constraint('uq_name', ['name', 'team'])
op.create_index('ix_lead', 'teams', ['lead'])
"""
VIEW = """
op.rename_table('teams', 'groups')
op.execute("CREATE VIEW leads AS SELECT lead FROM groups WHERE lead > 0")
"""
SEED = "op.execute(\"INSERT INTO users (id, name) VALUES (1, 'root')\")"
MEND = 'op.execute("UPDATE users SET name = lower(name) WHERE id > 100")'


def _commit(shop: Shop) -> None:
    shop.git("add", "-A")
    shop.git("-c", "user.name=Ada", "-c", "user.email=ada@x.org", "commit", "-qm", "work")


def _shop(make_shop: MakeShop, url: str) -> Shop:
    shop = make_shop(url)
    shop.add("a1", None, USERS)
    shop.add("b2", "a1", SEED)
    shop.add("c3", "b2", TEAMS)
    shop.add("d4", "c3", MEND)
    shop.add("e5", "d4", VIEW)
    shop.add("f6", "e5")
    _commit(shop)
    return shop


@pytest.fixture
def shop(make_shop: MakeShop, sqlite_url: str) -> Shop:
    return _shop(make_shop, sqlite_url)


def done(shop: Shop, to: str, **options: object) -> SquashResult:
    return squash(shop.ctx(), SquashOptions(to, **options))  # type: ignore[arg-type]


def built(shop: Shop, revision: str) -> object:
    engine = sa.create_engine(shop.copy(shop.template(revision)), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return read_built(connection)


def test_one_file_builds_the_same(make_shop: MakeShop, any_url: str) -> None:
    shop = _shop(make_shop, any_url)
    before = {name: built(shop, name) for name in ("e5", "f6")}
    result = done(shop, "e5", data=("b2=keep", "d4=drop"))
    assert result.way == "build"
    assert result.replaces == ("a1", "b2", "c3", "d4")
    assert [proof.tables for proof in result.proof] == [2]
    assert shop.ctx().revisions.graph().order() == ("e5", "f6")
    assert {name: built(shop, name) for name in before} == before
    # Staged, and not committed.
    assert shop.git("status", "--porcelain").split() == [
        word
        for name, mark in (("a1", "D"), ("b2", "D"), ("c3", "D"), ("d4", "D"), ("e5", "M"))
        for word in (mark, f"migrations/versions/{name}_add.py")
    ]


def test_a_range_keeps_the_old_statements(shop: Shop) -> None:
    before = built(shop, "f6")
    result = done(shop, "f6", first="c3")
    assert (result.way, result.parents) == ("fold", ("b2",))
    assert {row.answer for row in result.statements} == {"keep"}
    assert shop.ctx().revisions.graph().order() == ("a1", "b2", "f6")
    assert built(shop, "f6") == before


def test_rows_that_a_new_database_has_are_not_dropped(shop: Shop) -> None:
    with pytest.raises(LbackError, match="users would have 0 rows instead of 1"):
        done(shop, "e5", data=("drop",))
    assert shop.git("status", "--porcelain") == ""


def test_nobody_guesses_what_a_new_database_needs(shop: Shop) -> None:
    with pytest.raises(LbackError, match=r"b2_add\.py, line 7"):
        done(shop, "e5")
    with pytest.raises(LbackError, match=r"d4_add\.py, line 7"):
        done(shop, "e5", data=("b2=keep",))
    with pytest.raises(UsageError):
        done(shop, "e5", data=("x9=keep",))
    with pytest.raises(UsageError):
        done(shop, "e5", data=("perhaps",))


def test_what_cannot_be_read_is_refused_unless_it_is_accepted(
    make_shop: MakeShop, sqlite_url: str
) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1")
    shop.add("b2", "a1", "import json\nop.execute(json.loads('\"SELECT 1\"'))")
    _commit(shop)
    with pytest.raises(LbackError, match=r"b2_add\.py, line 8 .* could not be read") as refused:
        done(shop, "b2")
    assert "--accept-unknown b2" in str(refused.value.hint)
    assert done(shop, "b2", accept_unknown=("b2",)).proof


def test_texts_that_git_does_not_have_are_not_removed(shop: Shop) -> None:
    shop.add("b2", "a1", f"{SEED}\nprint()")
    with pytest.raises(LbackError, match=r"b2_add\.py is not committed as it is"):
        done(shop, "e5", data=("keep",))


def test_the_plan_changes_nothing(shop: Shop) -> None:
    result = done(shop, "e5", plan=True)
    assert result.planned
    assert [(row.revision, row.line, row.answer) for row in result.statements] == [
        ("b2", 7, None),
        ("d4", 7, None),
    ]
    assert shop.git("status", "--porcelain") == ""


def test_what_only_its_own_sql_makes(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.add(
        "a1",
        None,
        '''
op.execute("""CREATE TABLE odd (id INTEGER PRIMARY KEY AUTOINCREMENT,
    word TEXT COLLATE NOCASE UNIQUE ON CONFLICT REPLACE,
    low TEXT GENERATED ALWAYS AS (lower(word)))""")
op.execute("CREATE INDEX ix_low ON odd (lower(word)) WHERE word <> 'b: a'")
op.execute("CREATE TRIGGER t AFTER INSERT ON odd BEGIN UPDATE odd SET word = 'x'; END")
''',
    )
    shop.add("b2", "a1")
    _commit(shop)
    before = built(shop, "b2")
    assert done(shop, "b2").proof
    assert built(shop, "b2") == before
    assert b"AUTOINCREMENT" in (shop.versions / "b2_add.py").read_bytes()


def test_one_file_for_several_dialects(
    make_shop: MakeShop, sqlite_url: str, postgres_url: str
) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1", None, USERS)
    shop.add("c3", "a1", TEAMS)
    _commit(shop)
    result = done(shop, "c3", on=(postgres_url,))
    assert [proof.dialect for proof in result.proof] == ["sqlite", "postgresql"]
    text = (shop.versions / "c3_add.py").read_text()
    assert 'if dialect == "sqlite":' in text
    assert "CREATE TYPE kind" in text


def test_what_postgresql_writes_otherwise_once_it_is_made_anew(
    make_shop: MakeShop, postgres_url: str
) -> None:
    """A list of words is kept with one cast, and made of its own definition with one for each."""
    shop = make_shop(postgres_url)
    columns = "sa.Column('id', sa.Integer), sa.Column('word', sa.String(9))"
    check = "word IN ('a', 'it''s')"
    shop.add(
        "a1",
        None,
        f"""
op.create_table('t', {columns}, sa.CheckConstraint("{check}", name='ck'))
op.create_index('ix', 't', ['id'], postgresql_where=sa.text("{check} OR word NOT IN ('b', 'c')"))
op.execute("CREATE VIEW v AS SELECT id FROM t WHERE {check}")
op.execute("CREATE TABLE odd (word varchar(9) COLLATE \\"C\\" CHECK ({check}))")
""",
    )
    shop.add("b2", "a1")
    _commit(shop)
    before = built(shop, "b2")
    assert done(shop, "b2").proof
    assert built(shop, "b2") == before


KEYS = """
for sql in (
    "CREATE TABLE users (id INT PRIMARY KEY, a INT, b INT, UNIQUE (a, b))",
    "CREATE TABLE `o``dd` (id INT PRIMARY KEY, `u%r` INT, a INT, b INT, own INT, INDEX ix (own), "
    "CONSTRAINT named FOREIGN KEY (`u%r`) REFERENCES users (id), "
    "FOREIGN KEY (a, b) REFERENCES users (a, b), FOREIGN KEY (own) REFERENCES users (id), "
    "FOREIGN KEY (b) REFERENCES users (id))",
):
    op.execute(sa.text(sql))
"""
COVERED = """
for number, columns in enumerate(("`u%r`, id", "a, b, id", "own, id", "b, id")):
    op.execute(sa.text(f"CREATE INDEX more{number} ON `o``dd` ({columns})"))
"""


@pytest.mark.mysql
def test_indexes_that_the_server_makes_for_a_key_are_made_so(
    make_shop: MakeShop, mariadb_url: str
) -> None:
    """They go by themselves once a later revision adds a wider one; others stay."""
    shop = make_shop(mariadb_url)
    shop.add("a1", None, KEYS)
    shop.add("b2", "a1")
    shop.add("c3", "b2", COVERED)
    _commit(shop)
    before = {name: built(shop, name) for name in ("b2", "c3")}
    assert str(before).count("made by the server") == 3
    assert done(shop, "b2").proof
    assert {name: built(shop, name) for name in before} == before


@pytest.mark.parametrize("committed", [False, True])
def test_the_old_files_come_back_while_nobody_has_the_squash(shop: Shop, committed: bool) -> None:
    with pytest.raises(UsageError):
        done(shop, "e5", revert=True)
    done(shop, "e5", data=("b2=keep", "d4=drop"))
    if committed:
        _commit(shop)
    result = done(shop, "e5", revert=True)
    assert len(result.restores) == 5
    if committed:
        _commit(shop)
        assert shop.git("diff", "HEAD~2", "--stat") == ""
    assert shop.git("status", "--porcelain") == ""


def test_a_published_squash_stays(shop: Shop) -> None:
    done(shop, "e5", data=("keep",))
    _commit(shop)
    shop.git("init", "-q", "--bare", "-b", "main", str(shop.root / ".git" / "origin"))
    shop.git("remote", "add", "origin", str(shop.root / ".git" / "origin"))
    shop.git("push", "-qu", "origin", "main")
    with pytest.raises(LbackError, match="is a squash on origin/main"):
        done(shop, "e5", revert=True)


def test_what_is_other_each_time_is_compared_by_its_kind(
    make_shop: MakeShop, sqlite_url: str
) -> None:
    """Of a row with a value by chance all else is compared."""
    shop = make_shop(sqlite_url)
    columns = "sa.Column('token', sa.Integer), sa.Column('word', sa.String(9))"
    shop.add("a1", None, f"op.create_table('t', {columns})")
    chance = "INSERT INTO t (token, word) VALUES (abs(random()), 'w')"
    shop.add("b2", "a1", f'op.execute("{chance}")')
    shop.add("c3", "b2", "op.execute(\"UPDATE t SET word = 'x'\")")
    shop.add("d4", "c3", 'op.execute("UPDATE t SET token = NULL WHERE token < 0")')
    _commit(shop)
    with pytest.raises(LbackError, match="t would have 0 rows instead of 1"):
        done(shop, "d4", data=("drop",))
    with pytest.raises(LbackError, match="rows of t would be others"):
        done(shop, "d4", data=("keep", "c3=drop"))
    (proof,) = done(shop, "d4", data=("keep", "d4=drop")).proof
    assert proof.varying == ("t.token",)


def test_what_could_not_be_read_is_kept_where_that_is_said(
    make_shop: MakeShop, sqlite_url: str
) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1")
    insert = "INSERT INTO t_a1 (id) VALUES (1)"
    shop.add("b2", "a1", f"import json\nop.execute(json.loads('\"{insert}\"'))")
    _commit(shop)
    with pytest.raises(LbackError, match="t_a1 would have 0 rows instead of 1"):
        done(shop, "b2", accept_unknown=("b2",))
    assert done(shop, "b2", data=("b2=keep",)).proof


def test_the_way_down_is_proved_or_said(make_shop: MakeShop, any_url: str) -> None:
    """From nothing to the squash, down to nothing, and up again."""
    shop = _shop(make_shop, any_url)
    (proof,) = done(shop, "e5", data=("b2=keep", "d4=drop")).proof
    assert proof.down_fails is None
    # The project's own database was not so much as connected to.
    assert not Path(any_url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    ("down", "told"),
    [
        ("op.drop_column('t_a1', 'n')", None),
        ("pass", "after it, column t_a1.n would be there as well"),
        ("raise ValueError('one way')", "one way"),
    ],
)
def test_the_way_down_of_a_range(
    make_shop: MakeShop, sqlite_url: str, down: str, told: str | None
) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1")
    shop.add("b2", "a1", "op.add_column('t_a1', sa.Column('n', sa.Integer))", down)
    shop.add("c3", "b2")
    _commit(shop)
    (proof,) = done(shop, "c3", first="b2").proof
    assert proof.down_fails is None if told is None else told in str(proof.down_fails)
