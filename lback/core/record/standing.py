"""Where a revision is applied, and by whom, as results tell it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AppliedBy:
    """Who applied a revision to a database, by its record, and when, in UTC."""

    database: str
    who: str
    at: str


@dataclass(frozen=True)
class Standing:
    """Where a revision is applied.

    `applied` is None where no database tells, and true where all of several are known to have run
    it; `applied_on` names those that have where others have not, `applied_by` who did it there,
    where a record tells.
    """

    applied: bool | None
    applied_on: tuple[str, ...] = ()
    applied_by: tuple[AppliedBy, ...] = ()
