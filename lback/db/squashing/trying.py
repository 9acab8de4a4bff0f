"""Asks a database that revisions were just run on, in a template or beside another server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import URL, Connection

from lback.core.plans import Step
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
    stages: Sequence[Sequence[Step]],
    url: URL,
    options: dict[str, Any],
    read: Callable[[Connection], T],
) -> list[T]:
    """Run revisions by env.py's own options on an empty database, and ask it after each stage.

    env.py itself does not run, for it connects to its own. LbackError where they do not run.
    """
    given = {key: value for key, value in options.items() if key not in ("connection", "url")}
    found = []
    with scratch_connection(url) as connection:

        def adjust(configured: dict[str, Any]) -> None:
            configured["connection"] = connection

        for steps in stages:
            broken = run_steps(database, steps, adjust, given)
            if connection.in_transaction():
                connection.commit() if broken is None else connection.rollback()
            if broken is not None:
                line = f", line {broken.line}" if broken.line else ""
                where = f"at {broken.revision}{line}"
                raise LbackError(f"The migrations do not run there: {where}: {broken.why}")
            found.append(read(connection))
            connection.rollback()
    return found
