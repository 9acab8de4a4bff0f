"""The use case of `graph` as a page, and of the schema as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from lback.core.checks.findings import doubted, from_problems
from lback.core.messages import history as messages
from lback.core.naming import same_name
from lback.core.pictures.comparing import compared
from lback.core.pictures.folding import FoldedSchema, FoldedTable
from lback.core.pictures.page import Page
from lback.core.results import Result
from lback.core.source import WORKTREE
from lback.project.context import Context
from lback.project.pictures.gathering import (
    place_name,
    rows_of,
    seen_around,
    seen_at,
    seen_beside,
)
from lback.vcs.noted import INPUTS


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What to draw: `tables` () for all; `siblings` is how many other branches at most."""

    at: str = WORKTREE
    tables: tuple[str, ...] = ()
    schema: bool = False
    against: str | None = None
    siblings: int = 0
    with_database: bool = False


@dataclass(frozen=True, kw_only=True)
class PictureResult(Result):
    """The page that is to be drawn."""

    command = "graph"

    page: Page


def picture(ctx: Context, options: PictureOptions) -> PictureResult:
    """Return the revisions and the schema that they build, with what meets in the forks."""
    options = replace(options, at=ctx.place(options.at))
    INPUTS.doubt()  # branches and files of the page are not noted
    if options.schema:
        seen = seen_at(ctx, options.at)
    elif options.against is not None:
        seen = seen_beside(ctx, options.at, options.against)
    elif options.siblings:
        seen = seen_around(ctx, options.siblings)
    else:
        seen = seen_at(ctx, options.at)
    folded = seen.folded()
    before = None
    if options.against is not None:
        before = (
            seen_at(ctx, options.against).folded()
            if options.schema
            else seen.folded_beside(options.against)
        )
    here = seen.own(folded)
    every = folded if before is None else folded._replace(tables=(*folded.tables, *before.tables))
    _require(every, options.tables)
    page = Page(
        title=ctx.project.folder.name,
        at=options.at,
        branch=place_name(ctx, options.at),
        against=options.against or "",
        heads=seen.heads,
        view=_view(options),
        focus=options.tables,
        revisions=rows_of(ctx, seen, with_database=options.with_database),
        folded=folded,
        forks=tuple(seen.forks),
        compared=compared(before and before.shapes, here, options.tables),
        differs=before is not None,
        databases=(),
        notes=(),
    )
    problems = seen.graph.problems
    return PictureResult(
        page=page,
        findings=tuple(doubted(from_problems(problems))),
        status="findings" if problems else "ok",
        exit_code=1 if problems else 0,
    )


def _view(options: PictureOptions) -> Literal["revisions", "tables", "schema"]:
    if options.schema:
        return "schema"
    return "tables" if options.tables else "revisions"


def _require(folded: FoldedSchema, tables: Sequence[str]) -> None:
    """UsageError for a table that no revision names."""
    for table in tables:
        if not any(_is_called(row, table) for row in folded.tables):
            names = {name for row in folded.tables for name in row.names}
            near = get_close_matches(table, names, n=3, cutoff=0.6)
            raise messages.unknown_table(table, tuple(near))


def _is_called(row: FoldedTable, name: str) -> bool:
    return any(same_name(own, name) for own in row.names)
