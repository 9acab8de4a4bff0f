"""What a database without a stamp holds of the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lback.core.baseline import Baseline, baseline, names_in
from lback.core.graph.view import GraphView
from lback.core.messages import migrate as migrate_messages
from lback.core.naming import key
from lback.project.context import Context

if TYPE_CHECKING:
    from lback.db.view import View


def unstamped(ctx: Context, graph: GraphView, view: View) -> Baseline | None:
    """Return what a database without a stamp is; None where nothing of the migrations is there.

    Nor is anything told of it while somebody else is about to stamp it.
    """
    if view.stamp.revisions or graph.problems or not view.has_tables() or view.at_work():
        return None
    effects, dialect = ctx.revisions.effects(graph), view.stamp.dialect
    columns = view.columns(names_in(effects.values()))
    there = {key(name, dialect): found for name, found in columns.items()}
    return baseline(graph, effects, there, dialect)


def refuse_unstamped(ctx: Context, graph: GraphView, fake: bool, view: View) -> None:
    """Raise LbackError before tables would be created again, or noted that are not there.

    With `fake`, all revisions would be noted as applied.
    """
    found = unstamped(ctx, graph, view)
    if found is None or (fake and {*found.fits, *found.unseen}.issuperset(graph.heads)):
        return
    raise (
        migrate_messages.fits_less(found, graph.heads)
        if fake
        else migrate_messages.unstamped(found)
    )
