"""Which databases a project runs on: what the texts of alembic.ini and env.py tell."""

from __future__ import annotations

from textwrap import dedent

import pytest

from lback.core.dialects import project_dialects

TEMPLATE = """
from sqlalchemy import engine_from_config, pool
from alembic import context

config = context.config


def run_migrations_offline():
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}), prefix="sqlalchemy."
    )
    with connectable.connect() as connection:
        context.configure(connection=connection)
"""


def told(ini: str, env: str) -> str | None:
    return project_dialects(dedent(ini), TEMPLATE + dedent(env)).text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://localhost/shop", "postgresql"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql"),
        ("postgres://localhost/shop", "postgresql"),
        ("mysql+pymysql://root@h/d", "mysql"),
        ("mariadb://h/d", "mariadb"),
        ("sqlite:///shop.db", "sqlite"),
        ("mssql+pyodbc://x", "mssql"),
        ("driver://user:pass@localhost/dbname", None),
        ("%(DATABASE_URL)s", None),
        ("", None),
    ],
)
def test_the_configured_url_counts(url: str, expected: str | None) -> None:
    assert told(f"[alembic]\nsqlalchemy.url = {url}\n", "") == expected


def test_every_section_counts() -> None:
    ini = "[a]\nsqlalchemy.url = sqlite:///a.db\n[b]\nsqlalchemy.url = postgresql://h/b\n"
    assert told(ini, "") == "postgresql|sqlite"
    assert told(ini + "[c]\nsqlalchemy.url = %(OTHER)s\n", "") is None
    assert told("[a]\n# sqlalchemy.url = sqlite:///a.db\n", "") is None


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ('PUT("mysql://h/d")', "mysql"),
        ('PUT(f"mysql+pymysql://{USER}@{HOST}/d")', "mysql"),
        ('PUT("mysql://%s" % HOST)', "mysql"),
        ('U = "mysql://h/d"\nPUT(U.replace("%", "%%"))', "mysql"),
        ('PUT(os.environ["DATABASE_URL"])', None),
        ('PUT(os.getenv("URL", "sqlite:///dev.db"))', None),
        ("from app import URL\nPUT(URL)", None),
        ("import app\nPUT(app.settings.url)", None),
        ('def get_url():\n    return f"mysql://{A}/d"\nPUT(get_url())', "mysql"),
        ('def get_url():\n    if A: return "mysql://h/d"\n    return B\nPUT(get_url())', None),
        ('configuration["sqlalchemy.url"] = URL.create("mysql+pymysql", host=HOST)', "mysql"),
        ('connectable = engine_from_config({"sqlalchemy.url": str(settings.URL)})', None),
        ("connectable = create_engine(make_url(X))", None),
        ('connectable = create_engine("mysql://h/d")', "mysql|postgresql"),
        ('if A:\n    PUT("mysql://h/d")', "mysql|postgresql"),
        ('U = "mysql://h/d"\nif A:\n    U = "sqlite://"\nPUT(U)', "mysql|sqlite"),
        ('U = "mysql://h/d"\nU += "x"\nPUT(U)', None),
    ],
)  # fmt: skip
def test_what_env_puts_in_its_place_counts(env: str, expected: str | None) -> None:
    ini = "[alembic]\nsqlalchemy.url = postgresql://h/d\n"
    env = env.replace("PUT(", 'config.set_main_option("sqlalchemy.url", ')
    assert told(ini, env) == expected


def test_a_connection_from_elsewhere_is_not_known() -> None:
    env = "from app.db import engine\nwith engine.connect() as c:\n    pass\n"
    assert project_dialects("[alembic]\nsqlalchemy.url = sqlite://\n", env).every
    assert project_dialects(None, None).every
    assert project_dialects("[alembic]\nsqlalchemy.url = sqlite://\n", "def f(:").every
