"""Asks a database that revisions were just run on, in a template or beside another server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import URL, Connection

from lback.core.plans import Upgrade
from lback.db.scratch_run import run_steps, scratch_connection
from lback.db.templates.schemas import read_at
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database
    from lback.db.templates.building import Template

T = TypeVar("T")


def asked_of_copy(template: Template, read: Callable[[Connection], T]) -> T:
    """Ask a copy of a template, and drop it."""
    url = template.copy()
    try:
        return read_at(url, read)
    finally:
        template.drop(url)


def asked_elsewhere(
    database: Database,
    revisions: Sequence[str],
    url: URL,
    options: dict[str, Any],
    read: Callable[[Connection], T],
) -> T:
    """Run revisions by env.py's own options on an empty database of another kind, and ask it.

    env.py itself does not run, for it connects to its own. LbackError where they do not run.
    """
    given = {key: value for key, value in options.items() if key not in ("connection", "url")}
    with scratch_connection(url) as connection:

        def adjust(configured: dict[str, Any]) -> None:
            configured["connection"] = connection

        broken = run_steps(database, [Upgrade(name) for name in revisions], adjust, given)
        if connection.in_transaction():
            connection.commit() if broken is None else connection.rollback()
        if broken is not None:
            where = f"at {broken.revision}, line {broken.line}" if broken.line else broken.revision
            raise LbackError(f"The migrations do not run there: {where}: {broken.why}")
        found = read(connection)
        connection.rollback()
        return found
