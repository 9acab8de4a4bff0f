"""The use case of `alembic …`: Alembic's own command line on this project."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.results import Result
from lback.project.context import Context
from lback.project.run import noted, refuse_half, refuse_skipped

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView
    from lback.db.events import OnEvent, RunOutcome
    from lback.db.view import View


@dataclass(frozen=True, kw_only=True)
class AlembicResult(Result):
    """How an Alembic command ended, and under `--json` what it printed, line by line."""

    command = "alembic"

    output: tuple[str, ...] = ()


class _Kept(io.StringIO):
    """Text in memory; Alembic asks a stream how it is encoded, and takes none for ASCII."""

    encoding = "utf-8"


def alembic(ctx: Context, arguments: Sequence[str]) -> AlembicResult:
    """Run an Alembic command as it is; its words are made safe, or kept under `--json`.

    SQL goes out as it is.
    """
    from lback.db.passthrough import run_alembic
    from lback.db.record.writing import RecordWriter

    project = ctx.project
    kept = _Kept() if ctx.options.json else None
    told = kept or ctx.console.spoken()

    def graph() -> GraphView:
        return ctx.database.graph

    def refuse(view: View) -> None:
        refuse_half(ctx, graph(), view)
        refuse_skipped(ctx, graph(), view)

    def run(listener: OnEvent) -> RunOutcome:
        recorded = project.settings.lback.ledger
        return run_alembic(
            project.settings,
            project.folder,
            tuple(arguments),
            x=ctx.options.x,
            lock_timeout=ctx.lock_timeout(None),
            out=kept or ctx.console.output(),
            told=told,
            on_event=listener,
            refuse=refuse,
            recorder=RecordWriter(graph, ctx.git_facts, listener) if recorded else None,
            listed=ctx.listed,
        )

    try:
        # Alembic speaks of its own steps.
        noted(ctx, graph, run)
    finally:
        if kept is None:
            told.close()  # a last line without an end
    return AlembicResult(output=tuple(kept.getvalue().splitlines() if kept else ()))
