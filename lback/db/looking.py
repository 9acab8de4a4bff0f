"""Tells whether a failed step has left the tables as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lback.db.scratch import Tables
    from lback.db.view import View

_ALL_OR_NOTHING = frozenset({"postgresql", "mssql"})


def look_if_needed(view: View) -> Tables | None:
    """Return the tables as they are; None where a failed step is rolled back as a whole."""
    return None if view.stamp.dialect in _ALL_OR_NOTHING else view.tables()


def is_untouched(view: View, revision: str, before: Tables | None) -> bool:
    """Tell whether nothing of a revision is in the database: no stamp, and no other tables."""
    if revision in view.stamp.revisions:
        return False
    return before is None or view.tables() == before
