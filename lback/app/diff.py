"""The use case of `diff`: one schema beside another, and all in which they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.altering.statements import statements
from lback.core.messages import templates as messages
from lback.core.results import Result, optional, text_only
from lback.core.schema_diff import SchemaChange, changes
from lback.project.context import Context
from lback.project.copies.differing import built_at, built_here, drift_of, of_models

if TYPE_CHECKING:
    from lback.project.copies.differing import Described


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What is compared: the database with its stamp, refs with one another, or the models."""

    refs: tuple[str, ...] = ()
    models: bool = False
    sql: bool = False
    reverse: bool = False
    """Whether the two change places."""


@dataclass(frozen=True, kw_only=True)
class DiffResult(Result):
    """Two schemas and all in which they differ; `added` is what only the second one has.

    `not_compared` are the kinds of things that were not looked at. `sql` are statements that make
    the second of the first, where that was asked for; one that begins with `--` is a comment.
    """

    command = "diff"

    before: str
    after: str
    changes: tuple[SchemaChange, ...]
    not_compared: tuple[str, ...]
    sql: tuple[str, ...] | None = optional()
    dialect: str = text_only(default="")


def diff(ctx: Context, options: DiffOptions) -> DiffResult:
    """Compare two schemas; exit 1 where they differ."""
    before, after = _sides(ctx, options)
    if options.reverse:
        before, after = after, before
    found = changes(before.schema, after.schema)
    sql = None
    if options.sql:
        sql = statements(found, before.side, after.side, after.dialect)
    return DiffResult(
        before=before.name,
        after=after.name,
        changes=found,
        not_compared=after.not_read,
        sql=sql,
        dialect=after.dialect,
        status="findings" if found else "ok",
        exit_code=1 if found else 0,
    )


def _sides(ctx: Context, options: DiffOptions) -> tuple[Described, Described]:
    sql = options.sql
    if options.models:
        if options.refs:
            raise messages.too_much()
        return built_here(ctx, sql=sql), of_models(ctx, sql=sql)
    if not options.refs:
        return drift_of(ctx, sql=sql)
    first, *rest = options.refs
    second = built_at(ctx, rest[0], sql=sql) if rest else built_here(ctx, sql=sql)
    return built_at(ctx, first, sql=sql), second
