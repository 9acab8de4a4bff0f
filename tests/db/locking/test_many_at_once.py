"""Many processes that migrate one database at once, by two sections, also through PgBouncer.

`LBACK_SOAK_PROCESSES=30 LBACK_SOAK_REVISIONS=50 LBACK_SOAK_ROUNDS=20 pytest -m soak` is the long
form.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import fresh_database, pgbouncer
from tests.worlds.databases import query
from tests.worlds.processes import python
from tests.worlds.texts import SCRIPT_MAKO

WAYS = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("session", marks=pytest.mark.postgresql),
    pytest.param("transaction", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mysql),
)
SECTIONS = ("alembic", "billing")

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

options = {options!r}
name = "stamp_" + context.config.config_ini_section
engine = create_engine({url!r}, poolclass=pool.NullPool, **options)
with engine.connect() as connection:
    context.configure(connection=connection, version_table=name)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''
"""step {number}"""
import os
from alembic import op

revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    # Nobody else is at work on this database, by whichever section.
    handle = os.open({probe!r}, os.O_CREAT | os.O_EXCL)
    op.execute("INSERT INTO ran VALUES ('{revision}')")
    os.close(handle)
    os.unlink({probe!r})
'''


def make_project(folder: Path, url: str, revisions: int) -> None:
    """Write two sections whose migrations share one database."""
    options = {"connect_args": {"timeout": 60}} if "sqlite" in url else {}
    for section in SECTIONS:
        scripts = folder / section
        (scripts / "versions").mkdir(parents=True)
        (scripts / "env.py").write_text(ENV.format(url=url, options=options))
        (scripts / "script.py.mako").write_text(textwrap.dedent(SCRIPT_MAKO))
        parent = None
        for number in range(revisions):
            revision = f"{section[0]}{number:03}"
            probe = str(folder / "at_work")
            text = REVISION.format(number=number, revision=revision, parent=parent, probe=probe)
            (scripts / "versions" / f"{revision}.py").write_text(text)
            parent = revision
    sections = [f"[{section}]\nscript_location = %(here)s/{section}" for section in SECTIONS]
    (folder / "alembic.ini").write_text("\n".join(sections) + "\n")


def play(folder: Path, url: str, direct: str, processes: int, revisions: int) -> None:
    """Let processes migrate an empty database at once; see that all is there once."""
    make_project(folder, url, revisions)
    query(direct, "CREATE TABLE ran (revision VARCHAR(32))")

    def migrate(number: int) -> subprocess.CompletedProcess[str]:
        section = SECTIONS[number % len(SECTIONS)]
        line = ["-m", "lback", "migrate", "-n", section]
        return python(line, folder, os.environ | {"LBACK_SKIP": ""}, joined=True)

    with ThreadPoolExecutor(processes) as pool:
        ended = list(pool.map(migrate, range(processes)))
    assert [(one.returncode, one.stdout) for one in ended if one.returncode] == []
    ids = [f"{section[0]}{number:03}" for section in SECTIONS for number in range(revisions)]
    assert sorted(row[0] for row in query(direct, "SELECT revision FROM ran")) == sorted(ids)
    record = query(
        direct, "SELECT revision, outcome, run_by, host, process, command FROM lback_ledger"
    )
    assert sorted(row[0] for row in record) == sorted(ids)
    assert {row[1] for row in record} == {"done"}
    assert all(row[2] and row[3] and row[4] and "migrate -n" in row[5] for row in record)
    # Who began a section went on to its end: the others found nothing to do.
    assert len(Counter(row[4] for row in record)) <= len(SECTIONS)
    assert locks_left(direct) == []
    assert not list(folder.parent.rglob("*.lback-lock"))


def locks_left(url: str) -> list[object]:
    """Return the advisory locks on a database of PostgreSQL."""
    if "postgresql" not in url:
        return []
    return query(
        url,
        "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()",
    )


def rounds(way: str, folder: Path, processes: int, revisions: int, number: int) -> None:
    with ExitStack() as stack:
        kind = way if way in ("sqlite", "mariadb") else "postgresql"
        pooled = None
        if way in ("session", "transaction"):
            pooled = stack.enter_context(pgbouncer(way))
        for one in range(number):
            place = folder / str(one)
            place.mkdir()
            with fresh_database(kind, place) as direct:
                url = pooled(direct) if pooled else direct
                play(place / "project", url, direct, processes, revisions)
            shutil.rmtree(place)


@pytest.mark.parametrize("way", WAYS)
def test_two_sections_and_a_few_processes(way: str, tmp_path: Path) -> None:
    rounds(way, tmp_path, 6, 4, 1)


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
def test_thirty_processes(way: str, tmp_path: Path) -> None:
    processes = int(os.environ.get("LBACK_SOAK_PROCESSES", "30"))
    revisions = int(os.environ.get("LBACK_SOAK_REVISIONS", "50"))
    rounds(way, tmp_path, processes, revisions, int(os.environ.get("LBACK_SOAK_ROUNDS", "20")))


@pytest.mark.mysql
def test_mariadb_says_who_is_at_work_by_the_record(tmp_path: Path) -> None:
    with fresh_database("mariadb", tmp_path) as url:
        folder = tmp_path / "project"
        make_project(folder, url, 1)
        (revision,) = (folder / "alembic" / "versions").iterdir()
        # What was begun is committed by the first change of a schema.
        slow = 'op.execute("CREATE TABLE t (id INT)"); op.execute("SELECT SLEEP(60)")'
        revision.write_text(revision.read_text().partition("    # Nobody")[0] + f"    {slow}\n")
        line = [sys.executable, "-m", "lback", "migrate"]
        with subprocess.Popen(line, cwd=folder, stderr=subprocess.DEVNULL) as holder:
            while ("t",) not in query(url, "SHOW TABLES"):
                assert holder.poll() is None
            said = python(["-m", "lback", "migrate", "--lock-timeout", "0"], folder, os.environ)
            holder.kill()
        assert said.returncode == 3
        assert f"(process {holder.pid})" in said.stderr and "`lback migrate` of " in said.stderr
