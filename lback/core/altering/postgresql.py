"""What PostgreSQL alters in its own way: columns, labels of types, and views above columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lback.core.altering.made import Key, SchemaSide, above, quoted, text
from lback.core.display import visible
from lback.core.schema_diff import SchemaChange


def altered(change: SchemaChange, before: SchemaSide, after: SchemaSide) -> Iterator[str]:
    """Yield what alters a column that is computed on neither side."""
    table, name = change.table or "", change.name or ""
    old, new = (side.column(table, name) for side in (before, after))
    assert old is not None
    assert new is not None
    place = after.source.places.get(table, quoted(table))
    start = f"ALTER TABLE {place} ALTER COLUMN {quoted(name)}"
    another_type = old.type != new.type
    if old.generated and old.generated != new.generated:
        yield f"{start} DROP IDENTITY"
    if old.default is not None and (another_type or old.default != new.default):
        yield f"{start} DROP DEFAULT"
    if another_type:
        yield f"{start} TYPE {new.type} USING {quoted(name)}::{new.type}"
    if old.nullable != new.nullable:
        yield f"{start} {'DROP' if new.nullable else 'SET'} NOT NULL"
    if new.default is not None and (another_type or old.default != new.default):
        yield f"{start} SET DEFAULT {new.default}"
    if new.generated and old.generated != new.generated:
        made = after.source.things.get(("identity", table, name))
        yield from made.make if made is not None else ["-- its identity: add it by hand"]
    if old.comment != new.comment:
        value = text(new.comment) if new.comment else "NULL"
        yield f"COMMENT ON COLUMN {place}.{quoted(name)} IS {value}"


def labels(name: str, before: SchemaSide, after: SchemaSide) -> Iterator[str]:
    """Yield what adds labels to a type; none can be taken out of it."""
    old, new = (list(side.schema.enums[name]) for side in (before, after))
    if [label for label in new if label in old] != old:
        yield "-- labels can neither leave a type nor change places: make it anew by hand"
        return
    place = after.source.places.get(name, quoted(name))
    for at, label in enumerate(new):
        if label not in old:
            where = (
                f" AFTER {text(new[at - 1])}" if at else f" BEFORE {text(old[0])}" if old else ""
            )
            yield f"ALTER TYPE {place} ADD VALUE {text(label)}{where}"


def readers(
    found: Sequence[SchemaChange], before: SchemaSide, after: SchemaSide
) -> Iterator[tuple[int, Key, str]]:
    """Yield the views that stay and read a column whose type changes, which lets no view be there.

    With each comes the number of the change, and a comment.
    """
    told = {change.name for change in found if change.kind == "view"}
    for number, change in enumerate(found):
        old, new = (side.column(change.table, change.name) for side in (before, after))
        if change.kind != "column" or old is None or new is None or old.type == new.type:
            continue
        for view in above(change.table or "", before.schema.views):
            if view not in told:
                told.add(view)
                why = f"-- View {visible(view)} may read it: it is made anew, its rights are not."
                yield number, ("view", None, view), why
