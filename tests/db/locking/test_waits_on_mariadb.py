"""What waits on MariaDB waits for up to a day: it is told, with what may be the reason."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from lback.core.plans import plan_upgrade
from lback.db.events import Event, RunOutcome
from tests.db.projects import SYNC_ENV, MakeProject
from tests.worlds.databases import query

pytestmark = pytest.mark.mysql


def told_while(make_project: MakeProject, url: str, code: str, held: str, own: str = "") -> str:
    """Migrate while somebody has a transaction open; return what is told, once that has ended."""
    query(url, "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT)")
    query(url, "INSERT INTO users VALUES (1, 'ada')")
    project = make_project(SYNC_ENV, url=own or url)
    project.chain("a1")
    project.add("b2", "a1", code)
    database = project.database()
    heard: list[Event] = []
    outcomes: list[RunOutcome] = []

    def run() -> None:
        plan = lambda stamp: plan_upgrade(database.graph, stamp.revisions)  # noqa: E731
        outcomes.append(database.run(plan, on_event=heard.append))

    thread = Thread(target=run)
    with create_engine(url, poolclass=pool.NullPool).connect() as other:
        other.exec_driver_sql(held)
        thread.start()
        while not any(event.kind == "waiting" for event in heard):
            assert thread.is_alive()
            time.sleep(0.02)
    thread.join(60)
    assert [step.revision for step in outcomes[0].steps] == ["a1", "b2"]  # type: ignore[union-attr]
    return next(event.text for event in heard if event.kind == "waiting")


COLUMN = "op.add_column('users', sa.Column('age', sa.Integer))"
READS = "SELECT * FROM users"


def test_a_table_that_somebody_reads(make_project: MakeProject, mariadb_url: str) -> None:
    said = told_while(make_project, mariadb_url, COLUMN, READS)
    assert said.startswith("Waiting for table metadata lock; what is open here: session ")
    assert "idle in transaction for " in said


def test_a_row_that_somebody_writes(make_project: MakeProject, mariadb_url: str) -> None:
    writes = "UPDATE users SET mail = 'x'"
    said = told_while(make_project, mariadb_url, f'op.execute("{writes}")', writes)
    assert said.startswith("Waiting for the lock of a row; what is open here: session ")


def test_who_may_not_see_transactions_is_told_so(
    make_project: MakeProject, mariadb_url: str
) -> None:
    with user_of(mariadb_url) as own:
        said = told_while(make_project, mariadb_url, COLUMN, READS, own)
    assert said == (
        "Waiting for table metadata lock; who has it needs the right PROCESS to be seen."
    )


@contextmanager
def user_of(url: str) -> Iterator[str]:
    """Yield the URL of a user who may do all in a database, and see nobody else."""
    name, at = f"lback_{uuid.uuid4().hex[:12]}", make_url(url)
    # A new server has a user without a name on localhost, who is nearer than one from anywhere.
    both = [f"'{name}'@'{host}'" for host in ("%", "localhost")]
    for user in both:
        query(url, f"CREATE USER {user} IDENTIFIED BY 'x'")
    try:
        for user in both:
            query(url, f"GRANT ALL ON `{at.database}`.* TO {user}")
        yield at.set(username=name, password="x").render_as_string(hide_password=False)
    finally:
        query(url, f"DROP USER {', '.join(both)}")
