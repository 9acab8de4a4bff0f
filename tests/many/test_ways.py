"""How env.py gets its URL, and that the wrong database is never migrated."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.many.fleet import BODY, PLAIN, fleet
from tests.servers import fresh_database
from tests.worlds.databases import query

pytestmark = pytest.mark.counted

HEAD = "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine, pool\n"
WAYS = {
    "main option": PLAIN,
    "engine_from_config": (
        "from alembic import context\nfrom sqlalchemy import engine_from_config, pool\n"
        "section = context.config.get_section(context.config.config_ini_section, {})\n"
        "engine = engine_from_config(section, prefix='sqlalchemy.', poolclass=pool.NullPool)\n"
        + BODY
    ),
    "variable": HEAD + 'engine = create_engine(os.environ["DATABASE_URL"])\n' + BODY,
    "argument": (
        HEAD + 'name = context.get_x_argument(as_dictionary=True)["tenant"]\n'
        'engine = create_engine(f"sqlite:///{name}.db")\n' + BODY
    ),
    "module": "from alembic import context\nfrom app import engine\n" + BODY,
    "settings": "from alembic import context\nfrom app import make\nengine = make()\n" + BODY,
}
APP = (
    "import os\nfrom functools import lru_cache\nfrom sqlalchemy import create_engine\n"
    'engine = create_engine(os.environ["DATABASE_URL"])\n\n\n@lru_cache\ndef make():\n'
    '    return create_engine(os.getenv("DATABASE_URL"))\n'
)


@pytest.mark.parametrize("way", WAYS)
def test_usual_ways_to_take_a_url(tmp_path: Path, way: str) -> None:
    made = fleet(tmp_path, "a b c", WAYS[way])
    made.write("app.py", APP)
    text = (tmp_path / "pyproject.toml").read_text()
    text = text.replace("[tool.lback.", 'prepend_sys_path = ["."]\n[tool.lback.', 1)
    made.write("pyproject.toml", text + 'x = ["tenant={name}"]\n')
    assert made.states("--jobs", "2") == {"a": "done", "b": "done", "c": "done"}
    for name in "abc":
        assert made.tables(f"{name}.db") == ["t1", "t2"]
    assert set(made.states().values()) == {"current"}


def test_an_env_that_goes_its_own_way_is_refused(tmp_path: Path) -> None:
    made = fleet(tmp_path, "a b", HEAD + 'engine = create_engine("sqlite:///a.db")\n' + BODY)
    assert made.states(code=3) == {"a": "done", "b": "failed"}
    row = made.ask("migrate", "--all", code=3)["databases"]
    (wrong,) = [one for one in row if one["name"] == "b"]
    assert "env.py connected to sqlite:///a.db, and b is sqlite:///b.db" in wrong["message"]
    assert "sqlalchemy.url, DATABASE_URL" in wrong["hint"]
    assert "b is sqlite:///b.db" in made.lback("migrate", "--db", "b", code=3).err
    assert "b is sqlite:///b.db" in made.lback("status", "--db", "b", code=3).said
    assert not (tmp_path / "b.db").exists() or made.tables("b.db") == []


KEPT = (
    HEAD + "from app import engine as kept\n"
    'engine = create_engine(context.config.get_main_option("sqlalchemy.url"))\n' + BODY
)


def test_an_engine_that_a_module_keeps_is_never_of_another_database(tmp_path: Path) -> None:
    """env.py takes each URL anew, and a migration writes through an engine of the application."""
    made = fleet(tmp_path, "a b c", KEPT)
    made.write("app.py", APP)
    text = (tmp_path / "pyproject.toml").read_text()
    made.write(
        "pyproject.toml", text.replace("[tool.lback.", 'prepend_sys_path = ["."]\n[tool.lback.', 1)
    )
    made.lback("migrate", "--all")
    made.revision(
        3,
        "op.get_bind().commit() if 0 else app.note(op.get_bind())",
        head="import app",
    )
    made.write("app.py", APP + "\n\ndef note(bind):\n"
        "    with engine.connect() as other:\n"
        "        row = other.exec_driver_sql('PRAGMA database_list').all()[0][2]\n"
        "    bind.exec_driver_sql('CREATE TABLE told (path TEXT)')\n"
        "    bind.exec_driver_sql(f\"INSERT INTO told VALUES ('{row}')\")\n")  # fmt: skip
    assert set(made.states().values()) == {"done"}
    for name in "abc":
        assert made.sql(f"{name}.db", "SELECT path FROM told") == [(str(tmp_path / f"{name}.db"),)]


@pytest.mark.postgresql
def test_schemas_by_a_pattern(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        for schema in ("tenant_a", "tenant_b", '"tenant C"', "other"):
            query(url, f"CREATE SCHEMA {schema}")
        made = fleet(tmp_path)
        for text in (f'urls = ["{url}"]', ""):
            made.list(f'{text}\nschemas = "tenant*"\n')
            made.variables = {} if text else {"DATABASE_URL": url}
            if not text:
                made.write("migrations/env.py", WAYS["variable"])
            states = made.states("--jobs", "2")
            assert list(states) == ["tenant C", "tenant_a", "tenant_b"]
            assert set(states.values()) == {"done" if text else "current"}
        rows = query(url, "SELECT schemaname FROM pg_tables WHERE tablename = 't2'")
        assert sorted(row[0] for row in rows) == ["tenant C", "tenant_a", "tenant_b"]
        made.revision(3)
        made.lback("migrate", "--db", "tenant_b")
        assert made.states("--only-behind") == {"tenant C": "done", "tenant_a": "done"}
        made.lback("status", "--db", "elsewhere", code=2)
        said = made.lback("migrate", "--db", "tenant_z", code=3).err
        assert "is the schema tenant_z" in said


@pytest.mark.postgresql
def test_an_env_that_keeps_to_one_schema_is_refused(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        for schema in ("t_a", "t_b"):
            query(url, f"CREATE SCHEMA {schema}")
        body = BODY.replace(
            "    context.conf", "    connection.exec_driver_sql('SET search_path TO t_a')\n"
            "    connection.commit()\n    context.conf", 1,
        )  # fmt: skip
        made = fleet(tmp_path, env=PLAIN.replace(BODY, body))
        made.list(f'urls = ["{url}"]\nschemas = "t_*"\n')
        assert made.states(code=3) == {"t_a": "done", "t_b": "failed"}
        assert query(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 't_b'") == [(0,)]
