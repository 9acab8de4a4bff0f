"""One database while env.py has it open: where it stands, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from lback.db.counting import Place, count_rows
from lback.db.events import Stamp
from lback.db.record import texts_that_ran
from lback.db.traces import traces

if TYPE_CHECKING:
    from lback.core.effects import Effect
    from lback.db.scratch import Tables


class View:
    """Answers from a connection that is open anyway; it is good for nothing afterwards.

    `options` are those of env.py's configure(), where they are all that it did.
    """

    def __init__(
        self, stamp: Stamp, connection: Connection, options: dict[str, Any] | None = None
    ) -> None:
        self.stamp = stamp
        self.connection = connection
        self.options = options

    def texts(self, revisions: Sequence[str]) -> dict[str, bytes]:
        """Return the text that each recorded revision's upgrade() was run from."""
        return texts_that_ran(self.connection, revisions)

    def rows(self, places: Sequence[Place]) -> dict[Place, int]:
        """Count the rows of tables, or the values of columns that are not NULL."""
        return count_rows(self.connection, places)

    def traces(self, effects: Iterable[Effect]) -> bool | None:
        """Tell whether all or none of what effects make is there; None where that is unclear."""
        return traces(self.connection, effects)

    def tables(self) -> Tables:
        """Return all tables as they are."""
        from lback.db.scratch import look  # which itself performs steps

        return look(self.connection)
