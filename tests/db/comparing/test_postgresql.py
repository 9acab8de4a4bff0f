"""What only PostgreSQL has: enum values, domains, extensions, identities, views above tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.db.autogenerate import differences
from lback.db.questions import QuestionsLeft
from lback.errors import LbackError, UsageError
from tests.db.comparing.test_comparing import go, say
from tests.db.test_autogenerate import ENV, Modelled, run_sql

pytestmark = pytest.mark.postgresql
JOB = """from sqlalchemy.dialects.postgresql import *
    Table("job", metadata, Column("id", Integer, {key}primary_key=True), Column("n", Integer){more})
"""
STATE = """Table("job", metadata, Column("id", Integer, primary_key=True),
        Column("state", Enum({values}, name="state"), server_default="{first}"),
        CheckConstraint("state <> '{second}'"),
        Index("by_state", "state", postgresql_where=text("state = '{second}'")))
"""


@pytest.fixture
def project(tmp_path: Path, postgres_url: str) -> Modelled:
    return Modelled(tmp_path / "project", ENV, url=postgres_url, extra="")


def start(project: Modelled, models: str) -> None:
    say(project, models)
    project.make("one")
    project.migrate()


def there_and_back(project: Modelled) -> None:
    project.migrate()
    assert differences(project.database()) == ()
    project.back()
    project.migrate()


def job(more: str = "", key: str = "") -> str:
    return JOB.format(more=more and f", {more}", key=key and f"{key}, ")


POSITIVE = 'Column("m", DOMAIN("positive", Integer(), check="VALUE > 0"))'


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (job(), job(POSITIVE), "create domain positive"),
        (job(), job(key="Identity(start=5)"), "identity changed"),
        (job(key="Identity()"), job(key="Identity(always=True, start=5)"), "identity changed"),
        (
            job('ExcludeConstraint(("n", "="), name="one", using="btree")'),
            job('ExcludeConstraint(("n", "="), ("id", "="), name="one", using="btree")'),
            "add constraint one",
        ),
    ],
)
def test_it_is_seen_and_there_is_a_way_back(
    project: Modelled, before: str, after: str, told: str
) -> None:
    changes = go(project, before, after)
    assert any(told in change for change in changes)


def test_a_column_counts_on_from_its_rows(project: Modelled, postgres_url: str) -> None:
    start(project, job())
    run_sql(postgres_url, "INSERT INTO job (n) VALUES (1), (2)")
    say(project, job(key="Identity()"))
    project.make("two")
    project.migrate()
    run_sql(postgres_url, "INSERT INTO job (n) VALUES (3)")
    project.back()
    run_sql(postgres_url, "INSERT INTO job (n) VALUES (4)")
    found = run_sql(postgres_url, "SELECT id FROM job ORDER BY id")
    assert found == [(1,), (2,), (3,), (4,)]


@pytest.mark.parametrize("begin", ["", "Identity()"])
@pytest.mark.parametrize("place", ["", ', schema="de%pot"'])
def test_it_counts_otherwise_and_is_renamed_at_once(
    project: Modelled, postgres_url: str, begin: str, place: str
) -> None:
    """Its sequence goes by its new name, whatever letters and quotes that has."""
    text = 'Table({name!r}, metadata, Column("id", Integer, {way}primary_key=True){place})'
    ways = [f"{way}, " if way else "" for way in (begin, "Identity()" if not begin else "")]
    start(project, text.format(name="willow", way=ways[0], place=place))
    where = '"de%pot".' if place else ""
    run_sql(postgres_url, *[f"INSERT INTO {where}willow DEFAULT VALUES"] * 2)
    say(project, text.format(name="It's an Oak", way=ways[1], place=place))
    old, new = (f"de%pot.{name}" if place else name for name in ("willow", "It's an Oak"))
    project.make("two", renames=[f"{old}:{new}"])
    there_and_back(project)
    run_sql(postgres_url, f"""INSERT INTO {where}"It's an Oak" DEFAULT VALUES""")
    assert run_sql(postgres_url, f"""SELECT max(id) FROM {where}"It's an Oak" """) == [(3,)]
    project.back()
    run_sql(postgres_url, f"INSERT INTO {where}willow DEFAULT VALUES")
    assert run_sql(postgres_url, f"SELECT max(id) FROM {where}willow") == [(4,)]


def test_a_domain_that_changed_is_named(project: Modelled) -> None:
    start(project, job(POSITIVE))
    assert differences(project.database()) == ()
    say(project, job(POSITIVE.replace("> 0", "> 1")))
    (told,) = differences(project.database())
    assert told.startswith("not compared: domain positive")


def test_extensions_come_with_their_types(project: Modelled, postgres_url: str) -> None:
    query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'"
    if run_sql(postgres_url, query) != [(1,)]:
        pytest.skip("the server has no citext")
    start(project, job())
    say(project, job('Column("m", CITEXT, server_default="x")'))
    assert "create extension citext" in project.make("two").changes
    there_and_back(project)


def test_an_extension_that_the_server_may_lack_is_asked_for(project: Modelled) -> None:
    """The server says best what it lacks; without it the type would only be unknown."""
    start(project, job())
    kind = "type('Vec', (types.UserDefinedType,), {'get_col_spec': lambda self: 'VECTOR(3)'})"
    say(project, job(f'Column("m", {kind}())'))
    changes = differences(project.database())
    assert "create extension vector" in changes


def test_percents_and_quotes_stay_as_they_are(project: Modelled, postgres_url: str) -> None:
    """In names, defaults, checks and predicates: drivers and literals want them twice."""
    odd = """
        from sqlalchemy import *
        metadata = MetaData()
        Table("it's 5%", metadata, Column("id", Integer, primary_key=True){more})
    """
    more = (
        """, Column("n", String(9), CheckConstraint("n <> '5%'"), server_default="50% off"), """
        """Index("ix_n", "n", postgresql_where=text("n <> '9%'"))"""
    )
    for text, drops in ((odd.format(more=more), ()), (odd.format(more=""), ("it's 5%.n",))):
        project.models(text)
        project.make("next", drops=drops)
        project.migrate()
        assert differences(project.database()) == ()
    project.back()  # the column comes back
    run_sql(postgres_url, """INSERT INTO "it's 5%" DEFAULT VALUES""")
    assert run_sql(postgres_url, """SELECT n FROM "it's 5%" """) == [("50% off",)]


def test_percents_in_sequences_domains_and_types(project: Modelled, postgres_url: str) -> None:
    """Whatever is compiled for the driver has them twice, and a migration has them once."""
    start(project, job('Column("kind", String(9))'))
    run_sql(postgres_url, "INSERT INTO job (n, kind) VALUES (1, '5%'), (2, NULL)")
    domain = """DOMAIN("of%ten", String(), check="VALUE <> '9%'", default="1%")"""
    more = f"""
        Column("m", Integer, Sequence("no%s")), Column("part", {domain}),
        Column("kind", Enum("5%", "6%", name="ki%nd")),
        Index("by_kind", "n", postgresql_where=text("kind = '5%'"))"""
    say(project, job(more))
    project.make("two")
    there_and_back(project)
    run_sql(postgres_url, "INSERT INTO job (m, kind) VALUES (nextval('no%s'), '6%')")
    assert run_sql(postgres_url, "SELECT m, kind, part FROM job WHERE m = 1") == [(1, "6%", "1%")]
    say(project, job(more.replace('"6%", ', '"7%", ').replace("= '5%'", "= '7%'")))
    project.make("three", no_rename=True)
    run_sql(postgres_url, "DELETE FROM job WHERE m = 1")
    there_and_back(project)


# Values of enums

NEW = STATE.format(values="'new', 'dead'", first="new", second="dead")
FRESH = STATE.format(values="'fresh', 'gone', 'lost'", first="fresh", second="gone")


def test_values_are_renamed(project: Modelled, postgres_url: str) -> None:
    start(project, NEW)
    run_sql(postgres_url, "INSERT INTO job DEFAULT VALUES")
    say(project, FRESH)
    with pytest.raises(QuestionsLeft) as caught:
        project.make("two")
    first, second = caught.value.questions
    assert first.choices[0] == "renamed to fresh"
    assert second.options[1] == "--rename state.dead:gone"
    made = project.make("two", renames=["state.new:fresh", "state.dead:state.gone"])
    assert made.changes[:2] == (
        "rename value new of type state to fresh",
        "rename value dead of type state to gone",
    )
    there_and_back(project)
    assert run_sql(postgres_url, "SELECT state FROM job") == [("fresh",)]


def test_a_value_that_cannot_be_is_refused(project: Modelled) -> None:
    start(project, NEW)
    say(project, FRESH)
    with pytest.raises(UsageError, match="no new value odd"):
        project.make("two", renames=["state.new:odd"])
    with pytest.raises(UsageError, match=r"no column state\.odd"):
        project.make("two", renames=["state.odd:fresh"], no_rename=True)


def test_what_speaks_of_a_value_goes_with_it(project: Modelled) -> None:
    """A default, a check, an index: they come back when the value is there again."""
    start(project, NEW)
    lone = """Table("job", metadata, Column("id", Integer, primary_key=True),
        Column("state", Enum("dead", name="state"), server_default="dead"))
    """
    say(project, lone)
    project.make("two", no_rename=True)
    there_and_back(project)
    say(project, lone.replace('"dead", name', '"dead", "odd", name'))
    project.make("three")
    there_and_back(project)


def test_values_beneath_a_view(project: Modelled, postgres_url: str) -> None:
    start(project, NEW)
    run_sql(postgres_url, "CREATE VIEW states AS SELECT state FROM job WHERE id > 3")
    say(project, NEW.replace("'new', 'dead'", "'dead', 'new'"))
    made = project.make("two")
    assert made.changes[0] == "drop view states" and made.changes[-1] == "create view states"
    there_and_back(project)
    say(project, NEW.replace("'new', 'dead'", "'dead', 'new', 'lost'"))
    project.make("three")
    there_and_back(project)


def test_names_that_are_there_twice_and_types_in_arrays(project: Modelled) -> None:
    """Tables and types of one name in two schemas; `index=True` names them by the schema."""
    text = """from sqlalchemy.dialects.postgresql import ARRAY
    kind = Enum("a", "b'c", name="Ki%nd", schema="de%pot")
    Table("job", metadata, Column("id", Integer, primary_key=True), Column("kind", kind),
          Column("kinds", ARRAY(kind)), Column("m", Integer, index=True), schema="de%pot")
    Table("job", metadata, Column("id", Integer, primary_key=True),
          Column("m", Integer, index=True), Column("kind", Enum("a", name="Ki%nd")))
    """
    start(project, text)
    assert differences(project.database()) == ()
    say(project, text.replace('"Ki%nd"', '"So:rt%"').replace('"m"', '"n"'))
    made = project.make("two", renames=["job.m:n", "de%pot.job.m:n"])
    told = {"rename type Ki%nd to So:rt%", "rename index ix_de%pot_job_m to ix_de%pot_job_n"}
    assert told <= set(made.changes)
    there_and_back(project)


def test_types_of_one_name_in_one_table(project: Modelled) -> None:
    """Each keeps its own values, and what speaks of them is compared."""
    text = """from sqlalchemy.dialects.postgresql import ARRAY
    one, other = Enum("a", "b", name="sta%te"), Enum("b", "c", name="sta%te", schema="depot")
    Table("job", metadata, Column("id", Integer, primary_key=True),
          Column("one", one, server_default="a"), Column("other", other, server_default="b"),
          Column("others", ARRAY(other)), CheckConstraint("one <> 'b'", name="ck_one"),
          CheckConstraint("other <> 'c'", name="ck_other"),
          Index("by_other", "id", postgresql_where=text("other = 'c'")))
    """
    start(project, text)
    assert differences(project.database()) == ()
    other = text.replace('server_default="b"', 'server_default="c"')
    say(project, other.replace("<> 'c'", "<> 'b'"))
    changes = differences(project.database())
    assert changes[:2] == (
        "alter column job.other: default changed",
        "drop constraint ck_other of job",
    )
    assert len(changes) == 3
    project.make("two")
    there_and_back(project)
    say(project, text.replace('"b", "c", name', '"b", "c", "d", name').replace("= 'c'", "= 'd'"))
    project.make("three")
    there_and_back(project)


def test_keys_that_wait(project: Modelled, postgres_url: str) -> None:
    """A unique constraint begins to wait, and what goes comes back as it was."""
    text = """Table("job", metadata, Column("id", Integer, primary_key=True), Column("n", Integer),
        Column("m", Integer), UniqueConstraint("n", "m", name="uq_job"{waits}){more})
    """
    more = """, UniqueConstraint("m", name="uq_m", deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["n", "m"], ["job.n", "job.m"], name="fk_job", match="FULL")"""
    query = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conname IN ('uq_job', 'uq_m', 'fk_job') ORDER BY 1"""
    start(project, text.format(waits="", more=more))
    before = run_sql(postgres_url, query)
    assert "MATCH FULL" in str(before) and "DEFERRABLE INITIALLY DEFERRED" in str(before)
    assert differences(project.database()) == ()
    say(project, text.format(waits="", more=""))
    project.make("two")
    project.migrate()
    project.back()
    assert run_sql(postgres_url, query) == before
    project.migrate()
    say(project, text.format(waits=", deferrable=True", more=""))
    assert len(differences(project.database())) == 2
    project.make("three")
    there_and_back(project)
    assert run_sql(postgres_url, query) == [("uq_job", "UNIQUE (n, m) DEFERRABLE")]
    project.back()
    assert run_sql(postgres_url, query) == [("uq_job", "UNIQUE (n, m)")]


@pytest.mark.parametrize("name", ["n", "per%cent", "two words", 'a "b"'])
def test_a_type_beneath_a_computed_column(project: Modelled, postgres_url: str, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    text = """Table("job", metadata, Column("id", Integer, primary_key=True),
        Column({name!r}, {kind}), Column("more", BigInteger, Computed({text!r}, persisted=True)))
    """
    computed = f"{quoted} * 3 + length('it')"
    start(project, text.format(name=name, kind="Integer", text=computed))
    run_sql(postgres_url, f"INSERT INTO job ({quoted}) VALUES (2)")
    say(project, text.format(name=name, kind="BigInteger", text=computed))
    project.make("two")
    there_and_back(project)
    assert run_sql(postgres_url, "SELECT more FROM job") == [(8,)]


def test_defaults_of_arrays_stay(project: Modelled, postgres_url: str) -> None:
    """Where the type is made anew; one with a value that goes is taken away before."""
    text = """from sqlalchemy.dialects.postgresql import ARRAY
    kinds = ARRAY(Enum("a b", "c", "d", name="kind"))
    Table("job", metadata, Column("id", Integer, primary_key=True),
          Column("none", kinds, server_default="{}"),
          Column("few", kinds, server_default='{"a b",c}'),
          Column("gone", kinds, server_default="{d}"))
    """
    start(project, text)
    fewer = text.replace('"c", "d", name', '"c", name').replace('"{d}"', '"{c}"')
    say(project, fewer)
    project.make("two", no_rename=True)
    there_and_back(project)
    run_sql(postgres_url, "INSERT INTO job DEFAULT VALUES")
    query = "SELECT none::text, few::text, gone::text FROM job"
    assert run_sql(postgres_url, query) == [("{}", '{"a b",c}', "{c}")]
    project.back()
    run_sql(postgres_url, "DELETE FROM job", "INSERT INTO job DEFAULT VALUES")
    assert run_sql(postgres_url, query) == [("{}", '{"a b",c}', "{d}")]


# Views

WIDER = JOB.format(key="", more="").replace('"n", Integer', '"n", BigInteger')
VIEWS = ("CREATE VIEW low AS SELECT id, n FROM job", "CREATE VIEW top AS SELECT n FROM low")


def test_views_are_made_again(project: Modelled, postgres_url: str) -> None:
    start(project, job())
    run_sql(postgres_url, *VIEWS)
    say(project, WIDER)
    made = project.make("two")
    assert made.changes[0] == "drop view low, top" and made.changes[-1] == "create view low, top"
    there_and_back(project)
    assert run_sql(postgres_url, "SELECT count(*) FROM top") == [(0,)]


@pytest.mark.parametrize(
    ("statement", "after", "answers"),
    [
        ("GRANT SELECT ON top TO PUBLIC", WIDER, {}),
        ("COMMENT ON COLUMN low.n IS 'x'", WIDER, {}),
        ("SELECT 1", job().replace(', Column("n", Integer)', ""), {"drops": ["job.n"]}),
    ],
)
def test_views_that_cannot_be_put_back_are_named(
    project: Modelled, postgres_url: str, statement: str, after: str, answers: dict[str, object]
) -> None:
    start(project, job())
    run_sql(postgres_url, *VIEWS, statement)
    say(project, after)
    with pytest.raises(LbackError, match="low, top stand on it"):
        project.make("two", **answers)
    assert len(list(project.versions.glob("*.py"))) == 1


TWO = """
    from alembic import context
    from sqlalchemy import create_engine, pool
    import importlib, models

    importlib.reload(models)
    urls = {{"first": {url!r}, "second": "sqlite:///{place}"}}
    for name in urls:
        with create_engine(urls[name], poolclass=pool.NullPool).connect() as connection:
            context.configure(
                connection=connection, target_metadata=models.metadata,
                upgrade_token=f"{{name}}_upgrades", downgrade_token=f"{{name}}_downgrades",
            )
            with context.begin_transaction():
                context.run_migrations(engine_name=name)
"""
MAKO = """
revision, down_revision = ${repr(up_revision)}, ${repr(down_revision)}
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
def upgrade(engine_name):
    globals()[f"upgrade_{engine_name}"]()
def downgrade(engine_name):
    globals()[f"downgrade_{engine_name}"]()
% for name in ("first", "second"):
def upgrade_${name}():
    ${context.get(f"{name}_upgrades", "pass")}
def downgrade_${name}():
    ${context.get(f"{name}_downgrades", "pass")}
% endfor
"""


def test_each_database_is_written_in_its_own_words(tmp_path: Path, postgres_url: str) -> None:
    """Where env.py has one of PostgreSQL and one of SQLite."""
    place = tmp_path / "second.db"
    project = Modelled(tmp_path / "project", TWO, url=postgres_url, place=place)
    project.write("migrations/script.py.mako", MAKO)
    project.users('Column("state", Enum("a", "b", name="state")), Column("n", Integer)')
    project.make("one")
    project.migrate()
    project.users('Column("state", Enum("a", "b", name="state")), Column("n", BigInteger)')
    (path,) = project.make("two").paths
    first, _, second = path.read_text().partition("def upgrade_second")
    assert "op.alter_column('users', 'n'" in first
    assert "batch_op.alter_column('n'" in second
    project.migrate()
    assert differences(project.database()) == ()
