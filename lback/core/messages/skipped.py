"""What is said of revisions below a stamp that a database has not run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lback.core.shell import command
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.merging.late import LatePlan


def in_the_way(skipped: Sequence[str]) -> LbackError:
    """Say that a database has to run first what lies below its stamp."""
    return LbackError(
        f"{_not_run(skipped)}: its stamp stands for more than it has run.",
        "`lback migrate` runs what was left out, where the order makes no difference; "
        "`lback migrate --plan` shows it.",
    )


def cannot_run_late(skipped: Sequence[str], plan: LatePlan) -> LbackError:
    """Say why what was left out may not run any more, and the ways out."""
    names = " and ".join(skipped)
    return LbackError(f"{_not_run(skipped)}. {_why(plan)}", _ways_out(names, skipped[0]))


def _ways_out(names: str, first: str) -> str:
    return (
        f"`lback switch` undoes what stands above and runs all in its order "
        f"(`lback switch --plan` shows it and what is lost). Or write what {names} would do into "
        "a new revision; once that is so, or where it was done by hand: "
        f"{command('lback migrate --fake', first)}."
    )


def ran_already(revisions: Sequence[str]) -> LbackError:
    """Say that a database would run again what it has run on other parents."""
    names = ", ".join(revisions)
    return LbackError(
        f"This database has run {names} already, by its record, before that got other parents: it "
        "would run twice.",
        f"{command('lback migrate --fake', revisions[0])} notes that it is done; "
        f"{command('lback show', revisions[0])} tells what it does. Look whether that, after what "
        "now lies below it, is still the same.",
    )


def would_go_down(skipped: Sequence[str]) -> LbackError:
    """Say that the way down leads over what was never run."""
    return LbackError(
        f"{_not_run(skipped)}, so that it cannot be undone here.",
        "`lback migrate` runs it first; `lback switch` brings the database to this checkout.",
    )


def not_known(revisions: Sequence[str]) -> str:
    """Say that nobody knows whether revisions below the stamp have run, and how to find out."""
    return f"{_doubt(revisions)}. {look_for(revisions[0])}"


def settle_first(revisions: Sequence[str]) -> LbackError:
    """Say that nothing can go down or up before it is known whether revisions have run."""
    return LbackError(
        f"{_doubt(revisions)}: they can be neither undone nor left out.",
        f"{look_for(revisions[0])} Where it is not, do it by hand first.",
    )


def _doubt(revisions: Sequence[str]) -> str:
    lie = "lies" if len(revisions) == 1 else "lie"
    return (
        f"It is not known whether this database has run {' and '.join(revisions)}, which {lie} "
        "below its stamp since a revision there got other parents"
    )


def look_for(revision: str) -> str:
    """Say how to find out whether a revision has run, and how to say so."""
    return (
        f"{command('lback show', revision)} tells what to look for; where it is done, "
        f"{command('lback migrate --fake', revision)} notes that."
    )


def _not_run(skipped: Iterable[str]) -> str:
    names = tuple(skipped)
    some = f"{', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
    lies = "lies" if len(names) == 1 else "lie"
    return f"This database has not run {some}, which {lies} below its stamp by now"


def _why(plan: LatePlan) -> str:
    if plan.overlaps:
        return (
            "Running it after what stands above could give another schema or other rows: "
            f"{plan.overlaps[0].message}."
        )
    if plan.uncertain:
        return f"What {' and '.join(plan.uncertain)} would do could not be read in full."
    below = " and ".join(plan.unsettled)
    return f"It is not known whether {below}, which it came with, has run."
