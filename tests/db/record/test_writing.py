"""What the record says of each step, and when it says it."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.plans import Downgrade, Restamp, Step, Upgrade
from lback.core.record.steps import GitFacts
from lback.db.events import Event, Turn
from lback.db.record import writing as module
from lback.db.record.operations import read_operations
from lback.db.record.table import RECORD, RecordPlace
from lback.db.record.writing import Recording, RecordWriter, command_line
from lback.secrets import KNOWN

PLACE = RecordPlace(None, "alembic_version")
HERE = DatabaseName("the url")
CONTEXT: Any = SimpleNamespace(version_table="alembic_version", version_table_schema=None)
TEXT = b"the text of a1"
GRAPH = Graph(
    [
        Revision(Header("a0", ()), "versions/a0.py", "0" * 40),
        Revision(Header("a1", ("a0",), ("d1",)), "versions/a1.py", "1" * 40),
        Revision(Header("d1", ()), "versions/d1.py", "2" * 40),
    ]
)


@pytest.fixture
def connection(any_url: str) -> Iterator[Connection]:
    with sa.create_engine(any_url, poolclass=sa.pool.NullPool).connect() as connection:
        yield connection


class Work:
    """A turn of one database, and its record."""

    def __init__(
        self,
        connection: Connection,
        *,
        writer: RecordWriter | None = None,
        git: GitFacts = GitFacts("c" * 40, "main", "Ada"),  # noqa: B008 - frozen
        **turn: Any,
    ) -> None:
        facts = {"transactional": True, "before": ("a0",), "after": ("a0",), **turn}
        self.connection = connection
        self.heard: list[Event] = []
        self.writer = writer or RecordWriter(lambda: GRAPH, lambda: git, self.heard.append)
        self.turn = Turn(HERE, connection.dialect.name, **facts)
        self.recording: Recording = self.writer.begin(self.turn, CONTEXT, connection)

    def start(self, *steps: Step, moves: int = 1, text: bytes | None = TEXT) -> None:
        script: Any = SimpleNamespace(text=text) if text is not None else None
        self.recording.start(steps, lambda _step: script, moves)

    def done(self, *after: str) -> None:
        self.turn.after = after
        self.recording.applied()

    def flush(self) -> None:
        """Write what is done, where nothing is committed."""
        self.recording._flush(self.recording._insert.execute)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hear of statements as while a step runs."""
        operations = self.recording._operations
        watching = operations.watching(self.recording._ran) if operations else nullcontext()
        with self.recording.listening(), watching:
            yield

    @property
    def rows(self) -> list[Any]:
        return list(self.connection.execute(sa.select(RECORD).order_by(RECORD.c.id)))

    @property
    def told(self) -> list[tuple[Any, ...]]:
        return [
            (row.direction, row.revision, row.outcome, row.stamp_before, row.stamp_after)
            for row in self.rows
        ]


A1 = ("upgrade", "a1", "done", "a0", "a1")


def test_a_row_goes_out_with_the_transaction(connection: Connection) -> None:
    work = Work(connection)
    assert work.recording.writes
    work.start(Upgrade("a1"))
    work.done("a1")
    assert work.rows == []
    work.recording.committing()
    assert work.told == [A1]
    work.flush()
    assert len(work.rows) == 1 and work.heard == []


def test_all_that_a_row_says(connection: Connection) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"))
    work.done("d1", "a1")
    work.flush()
    (row,) = work.rows
    assert (row.down_revisions, row.depends_on, row.path) == ("a0", "d1", "versions/a1.py")
    assert (row.blob, zlib.decompress(row.body)) == ("1" * 40, TEXT)
    assert (row.commit_sha, row.branch, row.git_user) == ("c" * 40, "main", "Ada")
    assert (row.version_table, row.message) == ("alembic_version", None)
    assert row.stamp_after == "d1\na1" and row.seconds >= 0 and len(row.run_id) == 32
    assert row.process and row.host and row.run_by and row.lback and row.command
    assert row.started_at.tzinfo is None


def test_what_is_rolled_back_is_forgotten(connection: Connection) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"))
    work.done("a1")
    work.recording.rolled_back()
    work.flush()
    assert work.rows == []


def test_several_steps_of_one_transaction(connection: Connection) -> None:
    work = Work(connection, before=(), after=())
    work.start(Upgrade("a0"))
    work.done("a0")
    work.start(Downgrade("a0"))
    work.done()
    work.start(Restamp(("a1",)))
    work.done("a1")
    work.start(Restamp(("a1", "d1")))
    work.done("a1", "d1")
    work.flush()
    assert work.told == [
        ("upgrade", "a0", "done", "", "a0"),
        ("downgrade", "a0", "done", "a0", ""),
        ("stamp", "a1", "done", "", "a1"),
        ("stamp", "", "done", "a1", "a1\nd1"),
    ]
    assert len({row.run_id for row in work.rows}) == 1
    assert [row.body for row in work.rows[2:]] == [None, None]


def test_steps_that_are_stamped_together(connection: Connection) -> None:
    work = Work(connection, before=(), after=())
    work.start(Upgrade("a0", fake=True), Upgrade("a1", fake=True), moves=2)
    work.done("a0")
    work.flush()
    assert work.rows == []
    work.done("a1")
    work.flush()
    assert work.told == [
        ("fake upgrade", "a0", "done", "", "a1"),
        ("fake upgrade", "a1", "done", "a1", "a1"),
    ]


def test_no_moves_are_no_step(connection: Connection) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"), moves=0)
    work.recording.committing()
    assert work.rows == []


@pytest.mark.parametrize(
    ("revision", "text", "blob"),
    [("lost", b"x", hashlib.sha1(b"blob 1\0x").hexdigest()), ("lost", None, "")],
)
def test_a_revision_that_no_file_defines(
    connection: Connection, revision: str, text: bytes | None, blob: str
) -> None:
    work = Work(connection)
    work.start(Upgrade(revision), text=text)
    work.done("lost")
    work.flush()
    (row,) = work.rows
    assert (row.blob, row.path, row.down_revisions, row.depends_on) == (blob, "", "", "")
    assert (row.body is None) == (text is None)


# -- where a step keeps something before it is done -----------------------------------------


def test_a_row_comes_first_where_nothing_is_taken_back(connection: Connection) -> None:
    work = Work(connection, transactional=False)
    work.start(Upgrade("a1"))
    assert work.told == [("upgrade", "a1", "started", "a0", None)]
    work.done("a1")
    assert work.told == [A1]
    (row,) = work.rows
    assert row.seconds >= 0 and row.message is None


def test_a_step_that_is_only_written_down_has_its_row_afterwards(connection: Connection) -> None:
    work = Work(connection, transactional=False)
    work.start(Upgrade("a1", fake=True))
    assert work.rows == []
    work.done("a1")
    assert work.told == [("fake upgrade", *A1[1:])]


def test_a_commit_on_the_way_has_a_row_from_then_on(connection: Connection) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"))
    work.recording.committing()
    assert work.told == [("upgrade", "a1", "started", "a0", None)]
    work.recording.committing()
    work.done("a1")
    assert work.told == [A1]


def test_why_a_step_has_failed(connection: Connection) -> None:
    KNOWN.learn("sesame-99-open")
    work = Work(connection, transactional=False)
    work.start(Upgrade("a1"))
    work.recording.failed("sesame-99-open\0 is no column, " + "x" * 5000)
    (row,) = work.rows
    assert (row.outcome, row.stamp_after) == ("failed", None) and row.seconds >= 0
    assert len(row.message) == 4000 and row.message.endswith("xx")
    assert "sesame" not in row.message and "\0" not in row.message
    work.recording.failed("again")
    assert work.rows == [row]


def test_a_failure_lasts(any_url: str) -> None:
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        work = Work(connection, transactional=False)
        work.start(Upgrade("a1"))
        work.recording.failed("no")
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(RECORD))
        assert (row.outcome, row.message) == ("failed", "no")


def test_a_transaction_of_env_py_is_left_to_it(any_url: str) -> None:
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        work = Work(connection, transactional=False, outside=True)
        connection.commit()
        work.start(Upgrade("a1"))
        work.recording.failed("no")
        assert connection.in_transaction()


@pytest.mark.parametrize("begun", [False, True])
def test_what_a_transaction_takes_back_has_not_failed(connection: Connection, begun: bool) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"))
    if begun:
        work.recording.committing()
    work.recording.failed("no")
    assert [row.outcome for row in work.rows] == (["started"] if begun else [])


def test_statements_are_written_down_and_forgotten_when_all_is_done(
    connection: Connection,
) -> None:
    work = Work(connection, transactional=False)
    work.start(Upgrade("a1"))
    (row,) = work.rows
    with work.at_work():
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        work.recording.committing()
        kept = read_operations(connection, PLACE, row.id)
        assert kept is not None and [one.number for one in kept] == [1]
    work.done("a1")
    assert read_operations(connection, PLACE, row.id) == ()


def test_a_step_that_was_cut_off_is_gone_on_with(connection: Connection) -> None:
    first = Work(connection, transactional=False)
    first.start(Upgrade("a1"))
    (row,) = first.rows
    with first.at_work():
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        first.recording.committing()
    for other in (Upgrade("a0"), Downgrade("a1"), Restamp(("a1",))):
        work = Work(connection, transactional=False)
        assert work.recording.half is not None and work.recording.half.step.id == row.id
        work.start(other)
        assert work.recording.row != row.id
    work = Work(connection, transactional=False)
    work.start(Upgrade("a1"))
    assert work.recording.row == row.id
    with work.at_work():
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")  # is not sent again
    work.done("a1")
    assert [one.outcome for one in work.rows if one.id == row.id] == ["done"]


# -- where there is none --------------------------------------------------------------------


def test_where_it_cannot_be_it_is_said_once(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE lback_ledger (x INTEGER)")
    heard: list[Event] = []
    writer = RecordWriter(lambda: GRAPH, GitFacts, heard.append)
    for _ in range(2):
        work = Work(connection, writer=writer)
        assert not work.recording.writes
        work.start(Upgrade("a1"))
        work.recording.committing()
        with work.at_work():
            connection.exec_driver_sql("SELECT 1")
        work.done("a1")
        work.recording.failed("no")
        work.recording.rolled_back()
    ((kind, text, database),) = [(event.kind, event.text, event.database) for event in heard]
    assert (kind, database) == ("note", HERE) and "not lback's own" in text
    assert connection.exec_driver_sql("SELECT count(*) FROM lback_ledger").scalar() == 0


def test_a_record_that_goes_meanwhile_is_given_up(connection: Connection) -> None:
    work = Work(connection)
    work.start(Upgrade("a1"))
    connection.exec_driver_sql("DROP TABLE lback_ledger")
    work.done("a1")
    work.flush()
    assert [event.kind for event in work.heard] == ["note"] and not work.recording.writes
    work.start(Upgrade("a1"))
    work.done("a1")
    work.flush()
    assert len(work.heard) == 1


# -- parts ----------------------------------------------------------------------------------


def test_a_line_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    for argv, line in (
        (["/usr/bin/lback", "migrate", "a b"], "lback migrate 'a b'"),
        (["/x/lback/__main__.py", "status"], "lback status"),
        (["manage.py", "migrate"], "manage.py migrate"),
        ([], "''"),
    ):
        monkeypatch.setattr(sys, "argv", argv)
        assert command_line() == line


@pytest.mark.parametrize("size", [10, 16 * 1024, 16 * 1024 + 1, 100_000])
def test_a_text_is_kept_packed(size: int) -> None:
    text = (b"0123456789abcdef" * 10_000)[:size]
    packed = module._compressed(text)
    assert packed is not None and zlib.decompress(packed) == text
    assert len(packed) < size or size < 100


def test_a_text_with_a_password_is_not_kept() -> None:
    KNOWN.learn("sesame-99-open")
    assert module._compressed(b"x = 'sesame-99-open'") is None
    assert module._compressed(None) is None


def test_the_text_that_a_script_was_loaded_from(tmp_path: Path) -> None:
    def source(**facts: Any) -> bytes | None:
        script: Any = SimpleNamespace(**facts)
        return module._source(script)

    file = tmp_path / "a.py"
    file.write_bytes(b"x")
    assert module._source(None) is None
    assert source(text=b"y", path=str(file)) == b"y"
    assert source(path=str(file)) == b"x"
    assert source(path=str(tmp_path / "nowhere.py")) is None
    file.rename(tmp_path / "a.pyc")
    assert source(path=str(tmp_path / "a.pyc")) is None


def test_names_that_every_database_takes() -> None:
    assert module._name(None) is None
    assert module._name("x" * 300) == "x" * 255
    assert module._name("a\0b\udcff") == "ab?"
