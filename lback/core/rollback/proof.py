"""What of a rollback is run on a scratch database, and what the schemas after it show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.graph.view import GraphView
from lback.core.messages import proofs as messages
from lback.core.naming import same_name
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.schema_diff import Difference, Schema, difference


@dataclass(frozen=True, slots=True)
class RollbackProof:
    """What running a rollback, and the way forward again, showed."""

    state: Literal["proved", "unproved", "wrong"]
    message: str


@dataclass(frozen=True, slots=True)
class RollbackRun:
    """What is to be run: the applied revisions, those undone, the reverting one on top.

    `own` are all names of the tables that are rolled back; () compares everything.
    `renames` when one of them goes back to another name.
    """

    done: frozenset[str]
    undoes: tuple[str, ...]
    own: tuple[str, ...]
    revert: str | None
    down: tuple[Downgrade, ...] = ()
    touched_later: tuple[str, ...] = ()
    renames: bool = False


def stages_of(graph: GraphView, planned: RollbackRun) -> list[list[Step]]:
    """Return the steps up to before, up to the present, back again, and forward once more."""
    gone = {step.revision for step in planned.down}
    above = gone or graph.descendants(planned.undoes) & planned.done
    below = planned.done - above
    stages = [_upgrades(graph, below), _upgrades(graph, above)]
    if planned.revert is None:
        return [*stages, list(planned.down)]
    return [*stages, [Upgrade(planned.revert)], [Downgrade(planned.revert)]]


def judge(planned: RollbackRun, schemas: Sequence[Schema], where: str) -> RollbackProof:
    """Compare the schemas after each stage: what was before, and what is now, comes back."""
    before, present, after, *forward = schemas
    if planned.revert is None:
        apart = difference(before, after, back=True)
    else:
        apart = _unlike(planned, before, present, after)
    back = difference(present, forward[0]) if forward and apart is None else None
    wrong = apart or back
    if wrong is None:
        return RollbackProof("proved", messages.rollback_proved(where))
    message = messages.rollback_wrong(where, wrong, on_the_way_back=wrong is back)
    return RollbackProof("wrong", message)


def judge_failure(stage: int, revision: str, why: str, where: str) -> RollbackProof:
    """Tell a rollback that breaks from revisions that do not run on an empty database at all.

    `stage` is the number of the one that broke, from 0.
    """
    if stage < 2:
        return RollbackProof("unproved", messages.chain_fails(revision, why))
    return RollbackProof("wrong", messages.rollback_fails(where, why))


def _upgrades(graph: GraphView, revisions: Collection[str]) -> list[Step]:
    return [Upgrade(revision) for revision in graph.order() if revision in revisions]


def _unlike(
    planned: RollbackRun, before: Schema, present: Schema, after: Schema
) -> Difference | None:
    """Return where the own tables are not as before, or others not as at present."""
    names = before.tables.keys() | present.tables.keys() | after.tables.keys()
    own = {name for name in names if not planned.own or _is_named(name, planned.own)}
    compared = {text for text in own if not _is_named(text, planned.touched_later)}
    apart = difference(before.only(compared), after.only(compared), back=True)
    if apart is None and not planned.renames:
        others = names - own
        apart = difference(present.only(others), after.only(others))
    return apart


def _is_named(table: str, names: tuple[str, ...]) -> bool:
    return any(same_name(table, name) for name in names)
