"""Rules about what new revisions do: LB401 to LB405, from their effects."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lback.core.checks.findings import Finding, finding
from lback.core.effects import Effect, Effects, described
from lback.core.graph.revision import Revision
from lback.core.scanner import UNPARSABLE

_GAPS = {
    "missing": "there is no downgrade()",
    "empty": "downgrade() is empty",
    "raises": "downgrade() only raises",
}
_ROWS_GONE = "delete"


@dataclass(frozen=True, slots=True)
class LockedTables:
    """Where LB404 applies: on every table, on the named ones, or nowhere."""

    everywhere: bool = False
    tables: tuple[str, ...] = ()

    def matter(self, table: str | None) -> bool:
        """Tell whether a lock on this table is worth a word."""
        if self.tables:
            return table in self.tables or (table or "").rpartition(".")[2] in self.tables
        return self.everywhere


class Content:
    """One revision with its effects; its text is asked for only where a rule has to look."""

    def __init__(self, revision: Revision, effects: Effects, text: Callable[[], bytes]) -> None:
        self.revision = revision
        self.effects = effects
        self.text = text

    @cached_property
    def made(self) -> frozenset[str]:
        """Return the tables that this very revision creates: they are empty."""
        return frozenset(
            effect.table
            for effect in self.effects.upgrade
            if effect.kind == "create" and effect.object == "table" and effect.table
        )

    @cached_property
    def existing(self) -> tuple[Effect, ...]:
        """Return what upgrade() does to tables that were there before."""
        return tuple(effect for effect in self.effects.upgrade if effect.table not in self.made)

    def finding(self, code: str, message: str, hint: str, effect: Effect | None = None) -> Finding:
        """Make a finding that points at an effect's line."""
        line = effect.line if effect and effect.line else self.revision.header.line
        tables = (effect.table,) if effect and effect.table else ()
        return finding(
            code,
            message,
            hint,
            path=self.revision.path,
            line=line,
            revisions=(self.revision.id,),
            tables=tables,
        )

    def statement(self, line: int) -> str:
        """Return the source of the statement at a line, in lower case."""
        text = self.text().decode("utf-8", "replace")
        span = next((s for s in _simple(text) if s[0] <= line <= s[1]), (line, line))
        return "\n".join(text.splitlines()[span[0] - 1 : span[1]]).lower()


def content_findings(content: Content, locks: LockedTables) -> Iterator[Finding]:
    """Yield what is worth a look in one new revision."""
    yield from _no_way_down(content)
    yield from _drops_data(content)
    yield from _not_null(content)
    yield from _locks(content, locks)
    yield from _opaque(content)


def _no_way_down(content: Content) -> Iterator[Finding]:
    effects = content.effects
    gap = effects.downgrade_gap
    # Nothing done needs no undoing: merges, revisions that only hold a place, help tables that
    # are gone at the end.
    if gap and (effects.unknowns("upgrade") or _lasting(effects.upgrade)):
        yield content.finding(
            "LB401",
            f"{content.revision.id} cannot be downgraded: {_GAPS[gap]}",
            "Write downgrade(), so that `lback rollback` and `lback switch` can undo it.",
        )


def _lasting(effects: Sequence[Effect]) -> bool:
    """Tell whether anything is left to undo besides tables that came and went."""
    made: set[str | None] = set()
    gone: set[str | None] = set()
    for effect in effects:
        if effect.object == "table" and effect.certain:
            if effect.kind == "create" and effect.table not in gone:
                made.add(effect.table)
            elif effect.kind == "drop" and effect.table in made:
                gone.add(effect.table)
        if effect.table not in made or effect.kind == "rename":
            return True
    return made != gone


def _drops_data(content: Content) -> Iterator[Finding]:
    gone = {e.table for e in content.existing if e.object == "table" and e.kind == "drop"}
    # What comes back as a computed column held nothing of its own: batches drop it to copy a table.
    computed = {
        (effect.table, effect.name)
        for effect in content.effects.downgrade
        if effect.object == "column" and effect.kind == "create"
        if any(aspect == "computed" and value for aspect, value in effect.sets)
    }
    for effect in content.existing:
        if effect.object == "column" and effect.table in gone:
            continue
        if effect.object == "column" and (effect.table, effect.name) in computed:
            continue
        dropped = effect.kind == "drop" and effect.object in ("table", "column", "schema")
        deleted = effect.object == "data" and effect.kind == _ROWS_GONE
        if dropped or (deleted and effect.table not in gone):
            yield content.finding(
                "LB402",
                f"{_perhaps(effect)}{described(effect)}: this deletes data",
                "Release code that no longer uses it first, and keep a copy of what matters.",
                effect,
            )


def _not_null(content: Content) -> Iterator[Finding]:
    filled = {e.table for e in content.effects.upgrade if e.object == "data"}
    for effect in content.existing:
        if effect.object != "column" or "not null" not in effect.aspects:
            continue
        if effect.kind == "create":
            yield content.finding(
                "LB403",
                f"{_perhaps(effect)}{described(effect)}: this fails on a table that has rows",
                "Give it a `server_default`, or add it nullable, fill it, and then set NOT NULL.",
                effect,
            )
        elif effect.kind == "alter" and effect.table not in filled:
            yield content.finding(
                "LB403",
                f"{_perhaps(effect)}{described(effect)}: this fails if a row has NULL there",
                "Fill the column in this revision before it becomes NOT NULL.",
                effect,
            )


def _locks(content: Content, locks: LockedTables) -> Iterator[Finding]:
    for effect in content.existing:
        if not locks.matter(effect.table) or not _on_postgresql(effect.dialect):
            continue
        advice = _advice(content, effect)
        if advice is not None:
            why, hint = advice
            message = f"{_perhaps(effect)}{described(effect)}: on PostgreSQL {why}"
            yield content.finding("LB404", message, hint, effect)


def _advice(content: Content, effect: Effect) -> tuple[str, str] | None:
    kind, what = effect.kind, effect.object
    if what == "index" and kind in ("create", "drop"):
        if "concurrently" in content.statement(effect.line):
            return None
        return (
            "it blocks every write to the table while it runs",
            "Use `postgresql_concurrently=True` inside `op.get_context().autocommit_block()`.",
        )
    if what == "constraint" and kind == "create":
        return _constraint_advice(content, effect)
    if what == "column" and kind == "alter" and "type" in effect.aspects:
        return (
            "it may rewrite the whole table under an exclusive lock",
            "Add a new column, copy in batches, then swap the two.",
        )
    if what == "column" and kind == "alter" and "not null" in effect.aspects:
        return (
            "it reads the whole table under an exclusive lock",
            "Add a CHECK (... IS NOT NULL) NOT VALID first, validate it, then set NOT NULL.",
        )
    return None


def _constraint_advice(content: Content, effect: Effect) -> tuple[str, str] | None:
    if "unique" in effect.aspects or "primary" in effect.aspects:
        if "using index" in content.statement(effect.line):
            return None
        return (
            "it builds an index under an exclusive lock",
            "Create a unique index concurrently, then add the constraint USING INDEX.",
        )
    if "foreignkey" in effect.aspects or "check" in effect.aspects:
        source = content.statement(effect.line)
        if "not valid" in source or "not_valid" in source:
            return None
        return (
            "it reads the whole table under a lock",
            "Add it with `postgresql_not_valid=True`, and VALIDATE it in a later revision.",
        )
    return None


def _opaque(content: Content) -> Iterator[Finding]:
    seen: set[tuple[int, str]] = set()
    for unknown in content.effects.unknown:
        if (unknown.line, unknown.reason) in seen:
            continue
        seen.add((unknown.line, unknown.reason))
        yield finding(
            "LB405",
            f"{unknown.direction}() of {content.revision.id} cannot be read: {unknown.reason}",
            "What overlaps with it is unknown. Write table and column names as plain strings, or "
            "name the function in `[tool.lback] wrappers`.",
            path=content.revision.path,
            line=unknown.line,
            revisions=(content.revision.id,),
            tables=unknown.tables,
        )


def _perhaps(effect: Effect) -> str:
    return "" if effect.certain else "perhaps "


def _on_postgresql(dialect: str | None) -> bool:
    if dialect is None:
        return True
    names = dialect.lstrip("!").split("|")
    return ("postgresql" in names) != dialect.startswith("!")


def _simple(text: str) -> Sequence[tuple[int, int]]:
    """Return the first and last line of every statement that holds no other."""
    try:
        tree = ast.parse(text)
    except UNPARSABLE:
        return ()
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
    ]
