"""Plays a rollback through on a scratch database, and says whether the table comes out right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lback.app.context import Context
from lback.core.graph import Graph
from lback.core.naming import same_name
from lback.core.plans import Downgrade, Step, Upgrade
from lback.db.runner import Database


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What playing it through showed: `state` is proved, unproved or wrong."""

    state: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"state": self.state, "message": self.message}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be played: the applied revisions, those undone, the reverting one on top.

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


def rehearse(
    ctx: Context,
    database: Database,
    graph: Graph,
    scene: Scene,
    dialect: str,
    options: Mapping[str, Any] | None = None,
) -> Rehearsal:
    """Play the present, the rollback and the way forward again, and compare the tables."""
    from lback.db.scratch import play, scratch_url

    url = scratch_url(dialect, ctx.project.settings.lback.scratch_url)
    if url is None:
        return Rehearsal(
            "unproved",
            f"no scratch database for {dialect} is at hand: `[tool.lback] scratch_url` may name "
            "an empty one",
        )
    gone = {step.revision for step in scene.down}
    above = gone or graph.descendants(scene.undoes) & scene.done
    acts: list[list[Step]] = [
        _upgrades(graph, scene.done - above),
        _upgrades(graph, above),
        list(scene.down) if scene.revert is None else [Upgrade(scene.revert)],
    ]
    if scene.revert is not None:
        acts.append([Downgrade(scene.revert)])
    played = play(database, acts, url, options)
    where = "SQLite in memory" if url.database is None else "the scratch database"
    if played.failed is not None:
        if played.failed < 2:
            return Rehearsal(
                "unproved",
                f"{played.revision or 'the chain'} does not run on an empty database "
                f"({_short(played.why)})",
            )
        return Rehearsal("wrong", f"on {where} it fails: {_short(played.why)}")
    return _judge(scene, played.tables, where)


def _judge(scene: Scene, tables: list[dict[str, Any]], where: str) -> Rehearsal:
    from lback.db.scratch import difference

    before, present, after = tables[:3]
    if scene.revert is None:
        apart = difference(before, after)
    else:
        names = before.keys() | present.keys() | after.keys()
        own = [one for one in names if _is_one(one, scene.own) or not scene.own]
        others = [one for one in names if one not in own]
        compared = [one for one in own if not _is_one(one, scene.touched_later)]
        apart = difference(before, after, compared)
        if not apart and not scene.renames:
            apart = difference(present, after, others)
        if not apart:
            apart = difference(present, tables[3])
            if apart:
                apart = f"downgrade() of the new revision does not lead back: {apart}"
    if apart:
        return Rehearsal("wrong", f"played through on {where}, {apart}")
    return Rehearsal("proved", f"played through on {where}")


def _upgrades(graph: Graph, revisions: Collection[str]) -> list[Step]:
    return [Upgrade(one) for one in graph.order() if one in revisions]


def _is_one(table: str, names: tuple[str, ...]) -> bool:
    return any(same_name(table, name) for name in names)


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
