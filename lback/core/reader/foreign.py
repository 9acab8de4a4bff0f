"""Names of code that is not the project's: what is harmless to call and what is not."""

from __future__ import annotations

import sys

# Libraries that are never looked into: their code is known or does not touch this database.
LIBRARIES = frozenset(sys.stdlib_module_names) | {
    "alembic",
    "alembic_postgresql_enum",
    "attr",
    "attrs",
    "click",
    "cryptography",
    "dateutil",
    "flask",
    "geoalchemy2",
    "jinja2",
    "loguru",
    "numpy",
    "oslo_log",
    "oslo_utils",
    "packaging",
    "pgvector",
    "psycopg2",
    "pydantic",
    "pytz",
    "requests",
    "rich",
    "six",
    "slugify",
    "sqlalchemy",
    "sqlalchemy_utils",
    "sqlmodel",
    "structlog",
    "tqdm",
    "ulid",
    "werkzeug",
    "yaml",
}

# Of these a bare call is harmless: none reaches the database without being handed it.
INERT = LIBRARIES - {"alembic", "alembic_postgresql_enum", "flask", "requests", "subprocess"}

# Standard modules that can start a program, and so do anything.
DANGEROUS = frozenset(
    {
        "os.system",
        "os.popen",
        "os.execv",
        "os.execvp",
        "os.spawnv",
        "runpy.run_path",
        "runpy.run_module",
    }
)

# Methods of unknown objects that people call for their own sake and that write no schema.
QUIET_METHODS = frozenset(
    """debug info warning warn error exception critical log success trace notice msg write
    flush append extend add_note sort reverse update discard setdefault clear remove pop
    popitem insert isEnabledFor setLevel close echo secho print start stop join register
    invariant""".split()  # noqa: SIM905
)

# Functions that only look at what they are given.
READERS = frozenset(
    """inspect isinstance issubclass hasattr getattr print len repr str type id bool list
    tuple set dict sorted any all next iter enumerate zip map filter from_engine vars dir
    callable min max sum format hash""".split()  # noqa: SIM905
)
