"""Steps that were cut off half-way: what of them ran, and taking that back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lback.core.messages import half as messages
from lback.core.messages.record import NOT_WRITTEN
from lback.core.record.operations import HalfRun, Inverse, SentOperation, inverse_of, touched
from lback.core.record.steps import RecordedStep
from lback.db.alembic_compat import commits_each_statement
from lback.db.record.operations import change_operation, definition, read_operations
from lback.db.record.reading import Recorded
from lback.db.record.table import RecordPlace, execute

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_PAUSE = 0.1
_INTO = re.compile(r"\s*(?:insert|replace)\s+(?:ignore\s+)?into\s+([`\"\w.]+)", re.IGNORECASE)


def half_run(
    connection: Connection,
    place: RecordPlace,
    at_work: Callable[[], str] = str,
    recorded: Recorded | None = None,
) -> HalfRun | None:
    """Return the step that was cut off, None where there is none of which something stayed.

    While somebody is `at_work`, it may be running: what stayed of it is not looked for.
    """
    recorded = recorded or Recorded(connection, place)
    for step in recorded.open_ended():
        if who := at_work():
            return HalfRun(step, (), running=who)
        half = _half(connection, place, step)
        if half is not None:
            return half
    return None


def _half(connection: Connection, place: RecordPlace, step: RecordedStep) -> HalfRun | None:
    operations = read_operations(connection, place, step.id)
    ran: list[SentOperation] = []
    unknown: list[SentOperation] = []
    failed: list[SentOperation] = []
    for operation in operations or ():
        state = _state(connection, operation)
        if state == "failed":
            failed.append(operation)
        elif state is None:
            unknown.append(operation)
        elif state == "ran":
            ran.append(operation)
    blind = step.message is not None and step.message.startswith(NOT_WRITTEN)
    if blind or (operations is None and step.outcome == "started"):
        unknown.append(messages.NOT_KEPT)
    if not ran and not unknown:
        return None
    return HalfRun(step, tuple(ran), tuple(unknown), tuple(failed))


def _state(connection: Connection, operation: SentOperation) -> str | None:
    """Tell whether an operation "ran", "failed" or is "idle"; None where that is not known."""
    if operation.outcome == "done":
        return "ran"
    if operation.outcome == "failed":
        return "failed"
    name = touched(operation.text)
    if operation.before is None or name is None or operation.outcome == "blind":
        return None
    _let_it_end(connection, operation.text)
    now = definition(connection, name)
    if connection.dialect.name == "postgresql" and "index false" in now.replace("index f ", ""):
        return None  # an index that is not valid is neither there nor gone
    same = now == operation.before
    return "idle" if same == (operation.outcome == "started") else "ran"


def _let_it_end(connection: Connection, statement: str) -> None:
    """Wait until no session runs a statement any more: MySQL's goes on after its client died."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return
    query = sa.text(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
        " AND db = DATABASE() AND LEFT(TRIM(info), 200) = LEFT(:statement, 200)"
    )
    while connection.scalar(query, {"statement": statement.strip()}):
        time.sleep(_PAUSE)


def settle(connection: Connection, place: RecordPlace, half: HalfRun) -> None:
    """Write of what was decided by the schema that it ran."""
    for operation in half.ran:
        if operation.outcome != "done":
            change_operation(connection, place, half.step.id, operation.number, outcome="done")


def declare_undone(connection: Connection, place: RecordPlace, half: HalfRun) -> None:
    """Write that nothing of a step is left."""
    table = place.table
    values = {"outcome": "undone"}
    execute(connection, table.update().where(table.c.id == half.step.id).values(**values))
    _commit(connection)


def undo(
    connection: Connection,
    place: RecordPlace,
    half: HalfRun,
    *,
    rows_go: bool,
    tell: Callable[[str], None],
) -> None:
    """Take what ran back, the last one first; LbackError before anything is, where that cannot be.

    What holds rows is only dropped with `rows_go`.
    """
    if half.unknown:
        raise messages.unknown_first(half)
    inverses = _inverses(half)
    if not rows_go:
        _refuse_rows(connection, half, inverses)
    for operation, inverse in inverses:
        if inverse is not None:
            name = touched(operation.text)
            before = definition(connection, name) if name is not None else None
            change = {"outcome": "undoing", "before": before}
            change_operation(connection, place, half.step.id, operation.number, **change)
            _commit(connection)
            connection.exec_driver_sql(inverse.statement)
            tell(inverse.statement)
        change_operation(
            connection, place, half.step.id, operation.number, outcome="failed", before=None
        )
        _commit(connection)
    declare_undone(connection, place, half)


def _inverses(half: HalfRun) -> list[tuple[SentOperation, Inverse | None]]:
    """Return what takes each operation back; None for rows of a table that goes anyway."""
    made = {
        touched(operation.text)
        for operation in half.ran
        if (inverse := inverse_of(operation)) is not None
        and inverse.statement.startswith("DROP TABLE")
    }
    inverses: list[tuple[SentOperation, Inverse | None]] = []
    stuck: list[SentOperation] = []
    for operation in reversed(half.ran):
        inverse = inverse_of(operation)
        into = _INTO.match(operation.text)
        if inverse is None and not (into is not None and into[1] in made):
            stuck.append(operation)
        inverses.append((operation, inverse))
    if stuck:
        raise messages.no_inverse(half, stuck)
    return inverses


def _refuse_rows(
    connection: Connection, half: HalfRun, inverses: list[tuple[SentOperation, Inverse | None]]
) -> None:
    inserted = {
        into[1] for operation in half.ran if (into := _INTO.match(operation.text)) is not None
    }
    for operation, inverse in inverses:
        if inverse is None or inverse.counted is None or touched(operation.text) in inserted:
            continue
        rows = connection.exec_driver_sql(inverse.counted).scalar() or 0
        if rows:
            raise messages.holds_rows(operation, int(rows))


def _commit(connection: Connection) -> None:
    if not commits_each_statement(connection):
        driver: Any = connection.connection.dbapi_connection
        driver.commit()
