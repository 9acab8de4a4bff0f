"""What is read of the record, of one that is older or of somebody else's as well."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.record.steps import RecordedStep
from lback.db.record.reading import Recorded
from lback.db.record.table import RECORD, RecordPlace, make

PLACE = RecordPlace(None, "alembic_version")


@pytest.fixture
def connection(sqlite_url: str) -> Iterator[Connection]:
    with sa.create_engine(sqlite_url).connect() as connection:
        yield connection


@pytest.fixture
def kept(connection: Connection) -> Connection:
    make(connection, PLACE)
    return connection


def step(connection: Connection, revision: str, text: bytes | None = None, **more: Any) -> int:
    row = {
        **dict.fromkeys(("down_revisions", "path", "blob", "run_by", "run_id"), ""),
        "revision": revision,
        "direction": "upgrade",
        "outcome": "done",
        "body": zlib.compress(text) if text is not None else None,
        "started_at": datetime(2026, 1, 2),
        "version_table": PLACE.version_table,
        **more,
    }
    return int(connection.execute(RECORD.insert(), row).inserted_primary_key[0])


def names(steps: Sequence[RecordedStep]) -> list[str]:
    return [step.revision for step in steps]


def test_where_there_is_none(connection: Connection) -> None:
    recorded = Recorded(connection, PLACE)
    assert not recorded.exists and recorded.why_not is None
    assert recorded.steps() == () == recorded.open_ended()
    assert recorded.newest() == 0 and recorded.texts(["a"]) == {} == recorded.last_texts(["a"])


def test_a_table_of_somebody_elses(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE lback_ledger (x INTEGER)")
    recorded = Recorded(connection, PLACE)
    assert not recorded.exists and "not lback's own" in (recorded.why_not or "")
    assert recorded.steps() == ()


def test_a_table_that_goes_meanwhile(kept: Connection) -> None:
    recorded = Recorded(kept, PLACE)
    assert recorded.exists and recorded.why_not is None
    kept.exec_driver_sql("DROP TABLE lback_ledger")
    assert recorded.steps() == ()
    assert not recorded.exists and recorded.why_not == "no such table: lback_ledger"


def test_an_older_shape_has_less_to_say(kept: Connection) -> None:
    step(kept, "a", host="here", command="migrate")
    for name in ("host", "stamp_before", "process"):
        kept.exec_driver_sql(f"ALTER TABLE lback_ledger DROP COLUMN {name}")
    recorded = Recorded(kept, PLACE)
    (read,) = recorded.steps()
    step(kept, "b", outcome="started")
    assert names(recorded.open_ended()) == ["b"]
    assert (read.host, read.before, read.process, read.command) == ("", None, None, "migrate")
    kept.exec_driver_sql("ALTER TABLE lback_ledger DROP COLUMN version_table")
    recorded = Recorded(kept, PLACE)
    assert not recorded.exists and recorded.why_not is None and recorded.steps() == ()


def test_all_that_a_row_says(kept: Connection) -> None:
    row = {
        "down_revisions": "p\nq", "depends_on": "d", "path": "p.py", "blob": "b", "commit_sha": "c",
        "branch": "main", "git_user": "Ada <ada@x>", "run_by": "ada", "run_id": "r", "host": "h",
        "process": 7, "command": "migrate", "lback": "1", "seconds": 0.5, "outcome": "failed",
        "message": "no", "stamp_before": "", "stamp_after": "a\nb", "direction": "downgrade",
    }  # fmt: skip
    number = step(kept, "a", **row)
    assert Recorded(kept, PLACE).steps() == (
        RecordedStep(
            number, "r", "downgrade", "a", ("p", "q"), ("d",), "p.py", "b", "c", "main",
            "Ada <ada@x>", "ada", "h", 7, "migrate", "1", datetime(2026, 1, 2), 0.5, "failed", "no",
            (), ("a", "b"),
        ),
    )  # fmt: skip
    step(kept, "b")
    bare = Recorded(kept, PLACE).steps()[-1]
    assert (bare.parents, bare.depends_on) == ((), ())
    assert (bare.before, bare.after, bare.command, bare.lback) == (None, None, "", "")


def test_steps_come_in_their_order(kept: Connection) -> None:
    numbers = [step(kept, name) for name in "abcd"]
    step(kept, "other", version_table="other")
    recorded = Recorded(kept, PLACE)
    assert names(recorded.steps()) == [*"abcd"]
    assert recorded.newest() == numbers[-1]


def test_the_texts_that_ran(kept: Connection) -> None:
    step(kept, "a", b"first")
    step(kept, "a", b"second")
    step(kept, "undone", b"x")
    step(kept, "undone", b"x", direction="downgrade")
    step(kept, "again", b"x", direction="downgrade")
    step(kept, "again", b"y")
    step(kept, "written down", b"x")
    step(kept, "written down", b"x", direction="fake upgrade")
    step(kept, "failed", b"x", outcome="failed")
    step(kept, "bare")
    step(kept, "broken", b"x", body=b"no zlib")
    step(kept, "a", direction="stamp")
    step(kept, "other", b"x", version_table="other")
    recorded = Recorded(kept, PLACE)
    asked = ["a", "undone", "again", "written down", "failed", "bare", "broken", "other", "none"]
    assert recorded.texts(asked) == {"a": b"second", "again": b"y"}
    assert recorded.texts(iter(asked[:1])) == {"a": b"second"}
    assert recorded.texts([]) == {}
    last = recorded.last_texts(asked)
    assert {name: text for name, (_, text) in last.items()} == {
        "a": b"second", "undone": b"x", "again": b"y", "written down": b"x",
    }  # fmt: skip
    assert last["undone"][0].direction == "downgrade" and last["undone"][0].revision == "undone"


def test_many_are_asked_for_in_parts(kept: Connection) -> None:
    for number in range(0, 1200, 100):
        step(kept, f"r{number}", b"x")
    asked = [f"r{number}" for number in range(1201)]
    assert sorted(Recorded(kept, PLACE).texts(asked)) == sorted(asked[:1200:100])
