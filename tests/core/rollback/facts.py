"""Facts of a rollback, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any

from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.interpreter.reading import read_effects
from lback.core.rollback.facts import RollbackFacts, RollbackRequest, Wanted
from tests.core.graphs import graph

HEAD = "from alembic import op\nimport sqlalchemy as sa\n\n\n"


def facts_of(
    drawn: Graph,
    stamp: str,
    effects: Mapping[str, Effects],
    *,
    table: str | None = None,
    revision: str | None = None,
    steps: int | None = None,
    strategy: Wanted | None = None,
    texts: Mapping[str, bytes] | None = None,
    dialect: str = "postgresql",
    **other: Any,
) -> RollbackFacts:
    """Make the facts of a database that is at some revisions ("a,b") of a graph."""
    at = tuple(filter(None, stamp.split(",")))
    return RollbackFacts(
        RollbackRequest(table, revision, steps, strategy),
        at,
        dialect,
        drawn,
        effects,
        texts or {},
        read_effects,
        drawn.ancestors(at),
        **other,
    )


def written(line: str, codes: Mapping[str, tuple[str, str | None]], **wanted: Any) -> RollbackFacts:
    """Make facts from a line of revisions ("a; b<a") and the code of each: up and down.

    Without code for going down there is no downgrade(). The database is at the heads unless
    `stamp` says something else.
    """
    drawn = graph(line)
    texts = {one: text_of(*codes.get(one, ("pass", "pass"))) for one in drawn.ids}
    effects = {one: read_effects(text) for one, text in texts.items()}
    stamp = wanted.pop("stamp", ",".join(drawn.heads))
    return facts_of(drawn, stamp, effects, texts=texts, **wanted)


def text_of(upgrade: str, downgrade: str | None) -> bytes:
    """Write a revision's file."""
    text = HEAD + f"def upgrade():\n{_body(upgrade)}\n"
    if downgrade is not None:
        text += f"\n\ndef downgrade():\n{_body(downgrade)}\n"
    return text.encode()


def _body(code: str) -> str:
    return indent(dedent(code).strip(), "    ")
