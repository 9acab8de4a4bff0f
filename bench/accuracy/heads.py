"""The columns that `history` and `blame` know in the end beside those that are really there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.accuracy.judging import Truth
from bench.accuracy.picture import SCHEMA
from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.naming import bare
from lback.core.tables import life


def differences(
    graph: Graph, effects: Mapping[str, Effects], truths: Iterable[Truth]
) -> tuple[int, list[str]]:
    """Return the number of tables after the last upgrade, and where lback knows another one.

    A table that no revision creates has only the columns that revisions speak of: it is the
    application's, and left out.
    """
    ups = [one for one in truths if one.direction == "upgrade"]
    ran = frozenset(one.revision for one in ups)
    real = {
        bare(name): {one.casefold() for one in about["columns"]}
        for name, about in (ups[-1].after if ups else {}).items()
        if name != SCHEMA
    }
    foreign = {bare(one) for one in (ups[0].before if ups else ())}
    found = []
    for name in sorted(real.keys() - foreign):
        columns = real[name]
        told = life(name, graph, effects, ran)
        known = {one.name.casefold() for one in told.columns} if told.exists else set()
        found += [f"{name}.{one} is not known" for one in sorted(columns - known)]
        found += [f"{name}.{one} is not there" for one in sorted(known - columns)]
    for name in sorted({name for one in ran for name in effects[one].tables}):
        told = life(name, graph, effects, ran)
        if told.exists and bare(told.names[0]) not in real:
            found.append(f"table {name} is not there")
    return len(real.keys() - foreign), found
