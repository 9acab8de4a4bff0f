"""What SQLAlchemy and Alembic make, and ways to the database, as values of plain data.

A name is a tuple of what it may be: one string where the text tells it, several where it may
be any of these, none where it is hidden; None stands for an object without a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lback.core.effects import Use

Words: TypeAlias = "tuple[str, ...] | None"
HIDDEN: tuple[str, ...] = ()

HandleKind = Literal["op", "batch", "bind", "session", "context", "inspector", "query", "impl"]


@dataclass(frozen=True, slots=True)
class Handle:
    """A way to the database; `tables` are those of a batch or a query.

    `whole`: the query gives objects of a mapped class, which can be changed; the batch copies
    the table over on every database.
    """

    kind: HandleKind
    tables: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a query gave; `whole` when they may be objects of a mapped class."""

    tables: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One of them; `part` is what an attribute of it holds: data, or other such objects."""

    tables: tuple[str, ...] = ()
    whole: bool = False
    part: bool = False


@dataclass(slots=True, eq=False)
class TypeV:
    """A column type; `name` and `values` are those of an enum, `text` is how people write it."""

    text: str
    name: Words = None
    enum: bool = False
    values: tuple[str, ...] = ()
    create: bool = True
    postgresql: bool = False
    schema: str | None = None
    uses: tuple[Use, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DefaultV:
    """sa.Computed, sa.Identity or FetchedValue inside a column."""

    aspect: Literal["computed", "identity", "default"]
    text: str = ""
    uses: tuple[Use, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class SequenceV:
    """sa.Sequence."""

    name: Words


@dataclass(slots=True, eq=False)
class ConstraintV:
    """A constraint; `kind` is primary, unique, foreignkey, check or exclude."""

    kind: str
    name: Words
    columns: tuple[str, ...] = ()
    refers_to: str | None = None
    table: str | None = None
    detail: str = ""
    uses: tuple[Use, ...] = ()
    unread: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class IndexV:
    """sa.Index."""

    name: Words
    columns: tuple[str, ...]
    unique: bool = False
    table: Words = None
    uses: tuple[Use, ...] = ()
    unread: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class ColumnV:
    """sa.Column or a class attribute like it; `unread` are arguments that were not understood."""

    name: Words
    type: TypeV | None = None
    parts: tuple[ConstraintV, ...] = ()
    nullable: bool | None = None
    primary_key: bool = False
    has_default: bool = False
    index: bool = False
    unique: bool = False
    sets: tuple[tuple[str, str], ...] = ()
    uses: tuple[Use, ...] = ()
    sequence: SequenceV | None = None
    unread: tuple[str, ...] = ()
    table: str | None = None

    @property
    def known(self) -> str | None:
        """Return the name where there is just one."""
        return self.name[0] if self.name and len(self.name) == 1 else None


@dataclass(slots=True, eq=False)
class TableV:
    """sa.Table, sa.table, the table of a mapped class; `items` are its columns and the like.

    `whole`: an entity whose rows are objects. `unread`: what it is made of is not all known.
    `called`: the name of an alias of it. None among the items: perhaps others, or not all of these.
    """

    names: tuple[str, ...]
    items: tuple[TableItem | None, ...] = ()
    whole: bool = False
    unread: tuple[str, ...] = ()
    called: Words = None


@dataclass(slots=True, eq=False)
class MetaDataV:
    """sa.MetaData; `held` are the tables that the text puts into it, None for perhaps others."""

    schema: str | None = None
    held: tuple[TableV | None, ...] = ()

    @property
    def tables(self) -> list[TableV]:
        """Return the tables that it may hold."""
        return [table for table in self.held if table is not None]

    @property
    def known(self) -> bool:
        """Tell whether it surely holds these, and no others."""
        return None not in self.held


@dataclass(slots=True, eq=False)
class BaseV:
    """A declarative base made by a function (declarative_base, automap_base)."""

    metadata: MetaDataV
    automap: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SqlV:
    """sa.text(...) or sa.DDL(...); None in `parts` is a piece that is not known."""

    parts: tuple[str | None, ...]

    @property
    def text(self) -> str | None:
        """Return the text where all of it is known."""
        return "".join(part or "" for part in self.parts) if None not in self.parts else None


@dataclass(frozen=True, slots=True, eq=False)
class ExprV:
    """An SQL expression: what it is made of. `column` is the name of a plain column."""

    text: str = ""
    uses: tuple[Use, ...] = ()
    reads: tuple[str, ...] = ()
    column: str | None = None
    nested: tuple[StatementV, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StatementV:
    """An SQLAlchemy Core statement: select, insert, update, delete, or a schema one.

    `tables` are those that it may write to; `whole`: what it selects may be objects.
    """

    kind: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    element: TableItem | TypeV | SequenceV | None = None
    name: Words = None
    nested: tuple[StatementV, ...] = ()
    uses: tuple[Use, ...] = ()
    whole: bool = False
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class EntityV:
    """A view, function, trigger or extension of alembic_utils, as the SQL that makes it."""

    create: tuple[str | None, ...]
    drop: tuple[str | None, ...]


TableItem: TypeAlias = "ColumnV | ConstraintV | IndexV | TableV"
SchemaValue: TypeAlias = (
    "TypeV | DefaultV | SequenceV | ColumnV | ConstraintV | IndexV | TableV | MetaDataV | BaseV"
    " | SqlV | ExprV | StatementV | EntityV"
)
SCHEMA_VALUES = (
    TypeV, DefaultV, SequenceV, ColumnV, ConstraintV, IndexV, TableV, MetaDataV, BaseV,
    SqlV, ExprV, StatementV, EntityV,
)  # fmt: skip


def merged(values: list[ExprV]) -> ExprV:
    """Return an expression made of several."""
    return ExprV(
        " ".join(value.text for value in values if value.text),
        tuple(dict.fromkeys(use for value in values for use in value.uses)),
        tuple(dict.fromkeys(read for value in values for read in value.reads)),
        None,
        tuple(inner for value in values for inner in value.nested),
        tuple(dict.fromkeys(word for value in values for word in value.unread)),
    )
