"""The use case of `diff`: one schema beside another, and all in which they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.messages import templates as messages
from lback.core.results import Result
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


@dataclass(frozen=True, kw_only=True)
class DiffResult(Result):
    """Two schemas and all in which they differ; `added` is what only the second one has.

    `not_compared` are the kinds of things that were not looked at.
    """

    command = "diff"

    before: str
    after: str
    changes: tuple[SchemaChange, ...]
    not_compared: tuple[str, ...]


def diff(ctx: Context, options: DiffOptions) -> DiffResult:
    """Compare two schemas; exit 1 where they differ."""
    before, after = _sides(ctx, options)
    found = changes(before.schema, after.schema)
    return DiffResult(
        before=before.name,
        after=after.name,
        changes=found,
        not_compared=after.not_read,
        status="findings" if found else "ok",
        exit_code=1 if found else 0,
    )


def _sides(ctx: Context, options: DiffOptions) -> tuple[Described, Described]:
    if options.models:
        if options.refs:
            raise messages.too_much()
        return built_here(ctx), of_models(ctx)
    if not options.refs:
        return drift_of(ctx)
    first, *rest = options.refs
    return built_at(ctx, first), built_at(ctx, rest[0]) if rest else built_here(ctx)
