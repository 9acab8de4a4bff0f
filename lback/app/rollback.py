"""The use case of `rollback`: undo one table's latest change, one revision, or some steps."""

from __future__ import annotations

from typing import Any

from lback.app.context import Context
from lback.app.journal import recover
from lback.app.losses import may_lose
from lback.app.undo.choosing import Wish
from lback.app.undo.performing import Performance
from lback.app.undo.preparing import Prepared, gather, prepare
from lback.core.result import Result, refused
from lback.core.results import plain

__all__ = ["Wish", "rollback"]


def rollback(ctx: Context, wish: Wish) -> Result:
    """Undo the latest change of a table, or what else was wished; or say why not."""
    recover(ctx)
    ready = gather(ctx, wish)
    prepare(ready)
    data, undo = _data(ctx, ready), ready.undo
    if undo.strategy == "refused":
        return refused("rollback", data, _sentence(undo.reason), undo.hint)
    view = {"done": False, "sql": wish.sql, **_view(ready)}
    if wish.sql:
        text = ready.database().sql(lambda _stamp: ready.steps(), start=ready.choice.stamp)
        data["sql"] = text.rstrip("\n").split("\n")
    if wish.plan or wish.sql:
        return Result("rollback", data, view=view)
    also = f"This also undoes {', '.join(undo.collateral)}." if undo.collateral else ""
    if not wish.yes and not may_lose(ctx, ready.losses, also, saved=not wish.no_backup):
        return refused("rollback", data, "Nothing was undone: you said no.")
    performance = Performance(ctx, ready)
    performance.run()
    data["losses"] = ready.losses
    data["backup"] = str(performance.backup) if performance.backup else None
    return Result("rollback", data, view={**view, "done": True})


def _view(ready: Prepared) -> dict[str, Any]:
    names = (*ready.undo.undoes, *ready.undo.collateral)
    view: dict[str, Any] = {"docs": {one: ready.choice.graph[one].doc for one in names}}
    if ready.revert is not None:
        view["upgrade"] = ready.revert.draft.upgrade.splitlines()
    return view


def _data(ctx: Context, ready: Prepared) -> dict[str, Any]:
    undo = ready.undo
    goes = undo.strategy != "refused"
    return {
        "table": ready.choice.wish.table,
        "strategy": undo.strategy,
        "reason": undo.reason,
        "undoes": list(undo.undoes),
        "collateral": [
            {"revision": one, "tables": list(ready.choice.effects[one].tables)}
            for one in undo.collateral
        ],
        "losses": ready.losses,
        "writes": _writes(ctx, ready) if goes else None,
        "target": list(ready.target()) if goes else [],
        "sql": [],
        "proof": plain(ready.proof) if ready.proof else None,
        "backup": None,
    }


def _writes(ctx: Context, ready: Prepared) -> str | None:
    if ready.revert is None:
        return None
    root, path = ctx.project.root, ready.revert.path
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _sentence(text: str) -> str:
    first = text[:1] if "/" in text.partition(" ")[0] else text[:1].upper()
    return first + text[1:] + ("" if text.endswith(".") else ".")
