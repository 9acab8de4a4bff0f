"""What steps need of the rows that are there: their effects in, questions out.

Renames on the way are followed to the names that tables and columns have now. What the same run
makes, fills or changes before is not asked about: its rows are not there yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import IF_THERE, Direction, Effect, Unknown, described
from lback.core.naming import bare_as_written, key
from lback.core.preflight.column_types import ColumnType, read_type

QuestionKind = Literal[
    "not null", "new column", "unique", "foreign key", "check", "type", "drop table", "drop column"
]
_EVERY_ROW = ("every row", "yes")
_KNOWN_TERMS = frozenset({"every row", "refers", "condition", "using", "value", IF_THERE[0]})
# Settings of a session after which the database does not look.
_SWITCHES = {
    "foreign key": (b"foreign_key_checks", b"foreign_keys", b"session_replication_role"),
    "check": (b"check_constraint_checks", b"ignore_check_constraints"),
}


class StepEffects(NamedTuple):
    """What one step does, in the order in which it does it; `text` is that of its file."""

    revision: str
    path: str
    direction: Direction
    effects: tuple[Effect, ...]
    unknown: tuple[Unknown, ...] = ()
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a statement needs of the rows, by the names that are in the database now.

    `told` says what the statement does. `added` is a new column that is there by then, with NULL.
    `why` says why it cannot be asked, "" where it can.
    `written` are tables whose rows were written before, which may have changed others through
    triggers and foreign keys. `moved` says that rows of the table were read before.
    """

    kind: QuestionKind
    table: str
    columns: tuple[str, ...]
    revision: str
    path: str
    line: int
    told: str
    type: ColumnType | None = None
    using: str = ""
    refers_to: str = ""
    refers: tuple[str, ...] = ()
    condition: str = ""
    primary: bool = False
    added: bool = False
    moved: bool = False
    why: str = ""
    written: tuple[str, ...] = ()


@dataclass(slots=True)
class _Column:
    now: str | None
    why: str = ""
    empty: bool = False
    """A new one whose values are all NULL."""
    doubt: str = ""
    """Why it may be another one, which stops nothing: what goes is asked for either."""


@dataclass(slots=True)
class _Table:
    now: str | None
    why: str = ""
    columns: dict[str, _Column] = field(default_factory=dict)
    added: str = ""
    moved: bool = False
    doubt: str = ""
    """Why it may be another one, which stops nothing: what goes is asked for either."""


class Spellings(NamedTuple):
    """What is spelled in several ways in one run, in one case: tables, and columns of any table."""

    tables: dict[str, set[str]]
    columns: dict[str, set[str]]


def questions(steps: Iterable[StepEffects], dialect: str) -> tuple[Question, ...]:
    """Return what steps, in the order in which they run, need of the rows on this dialect."""
    steps = tuple(steps)
    follower = _Follower(dialect, _spellings(steps, dialect))
    for step in steps:
        follower.step(step)
    return tuple(follower.asked.values())


def _spellings(steps: Iterable[StepEffects], dialect: str) -> Spellings:
    """Return the names that are spelled in several ways, which may be one thing or several.

    Quotes and the server's file system decide that, and a text tells of neither.
    """
    tables: dict[str, set[str]] = {}
    columns: dict[str, set[str]] = {}
    for effect in (effect for step in steps for effect in step.effects):
        new = effect.to if effect.object == "table" else None
        for name in (effect.table, new, effect.refers_to, *effect.reads):
            if name and dialect != "sqlite":
                tables.setdefault(key(name, dialect), set()).add(bare_as_written(name))
        own = (effect.name, effect.to) if effect.object == "column" else ()
        for name in (*own, *effect.columns):
            if name and dialect == "postgresql":
                columns.setdefault(name.casefold(), set()).add(name)
    several = (
        {name: written for name, written in found.items() if len(written) > 1}
        for found in (tables, columns)
    )
    return Spellings(*several)


class _Follower:
    """Follows effects, and remembers what tables and columns are called now."""

    def __init__(self, dialect: str, spellings: Spellings) -> None:
        self.dialect = dialect
        self.spellings = spellings
        self.tables: dict[str, _Table] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self.asked: dict[int, Question] = {}
        self.dropped: dict[str, int] = {}
        self.written: dict[str, None] = {}
        self.opaque = ""
        self.count = 0
        self.switched: set[str] = set()
        self.fresh: set[str] = set()
        self.at = StepEffects("", "", "upgrade", ())

    def step(self, step: StepEffects) -> None:
        """Follow one step; what cannot be read of it makes its own questions moot as well."""
        self.at = step
        text = step.text.lower()
        self.switched |= {
            kind for kind, words in _SWITCHES.items() if any(word in text for word in words)
        }
        for unknown in step.unknown:
            why = f"{step.path}:{unknown.line} cannot be read: {unknown.reason}"
            for name in unknown.tables:
                self.table(name).why = why
            if not unknown.tables:
                self.opaque = why
        here = Dialects(frozenset({self.dialect}), but=False)
        for effect in step.effects:
            if not (Dialects.of(effect.dialect) & here).empty:
                self.follow(effect)

    def table(self, name: str) -> _Table:
        return self.tables.setdefault(self.key(name), _Table(name, doubt=self.doubt(name)))

    def key(self, name: str | None) -> str:
        """Return what a table is known by: its case counts where another differs in just that."""
        known = key(name, self.dialect)
        several = known in self.spellings.tables
        return f"{known} {bare_as_written(name or '')}" if several else known

    def doubt(self, name: str) -> str:
        return _either(self.spellings.tables.get(key(name, self.dialect)))

    def column(self, table: _Table, name: str) -> _Column:
        """Return what is known of a column."""
        made = _Column(name if table.now is not None else None)
        made.doubt = _either(self.spellings.columns.get(name.casefold()))
        return table.columns.setdefault(self.column_key(name), made)

    def column_key(self, name: str) -> str:
        known = name.casefold()
        return name if known in self.spellings.columns else known

    def follow(self, effect: Effect) -> None:
        """Ask what one effect needs, then do it."""
        for name in effect.reads if effect.object == "data" else ():
            self.table(name).moved = True
        if effect.object in ("schema", "database"):
            self._schema(effect)
        elif effect.object in ("enum", "type"):
            self._enum(effect)
        elif not effect.table:
            return
        elif effect.object == "table":
            self._table(effect, self.table(effect.table))
        elif effect.object == "column" and effect.name:
            self._column(effect, self.table(effect.table))
        elif effect.object in ("constraint", "index") and effect.kind == "create":
            self._constraint(effect, self.table(effect.table))
        elif effect.object == "data":
            self._data(effect, self.table(effect.table))

    # -- one question --------------------------------------------------------------

    def ask(
        self, kind: QuestionKind, effect: Effect, table: _Table, columns: Iterable[str] = ()
    ) -> Question | None:
        """Make a question about columns of a table; None where there is nothing to ask."""
        if table.now is None or not _is_certain(effect):
            return None
        found = [self.column(table, name) for name in columns]
        names = tuple(column.now for column in found if column.now is not None)
        if len(names) < len(found):
            return None
        at = f"{self.at.path}:{effect.line}"
        made = Question(
            kind, table.now, names, self.at.revision, self.at.path, effect.line, described(effect)
        )
        why = next((column.why for column in found if column.why), "") or table.why or self.opaque
        if kind not in ("drop table", "drop column"):
            doubts = (column.doubt for column in found if column.doubt)
            why = why or table.doubt or next(doubts, "")
        if kind in self.switched:
            why = why or f"{at}: a session's setting is changed"
        return replace(made, why=why, moved=table.moved, written=tuple(self.written))

    def put(self, question: Question | None) -> int:
        self.count += 1
        if question is not None:
            self.asked[self.count] = question
        return self.count

    def note(self, effect: Effect, what: str) -> str:
        return f"{self.at.path}:{effect.line} {what} before"

    # -- tables and columns --------------------------------------------------------

    def _table(self, effect: Effect, table: _Table) -> None:
        name = self.key(effect.table)
        if effect.kind == "create":
            if effect.certain:
                self.tables[name] = _Table(None)
            else:
                table.why = self.note(effect, "may make the table")
        elif effect.kind == "drop":
            question = self.ask("drop table", effect, table)
            if question is not None:
                self.dropped[name] = self.put(question)
            self.tables[name] = _Table(None)
        elif effect.kind == "rename" and effect.to:
            self._rename(effect, name, table)

    def _rename(self, effect: Effect, name: str, table: _Table) -> None:
        to = self.key(effect.to)
        if not effect.certain:
            for text in (effect.table or "", effect.to or ""):
                self.table(text).why = self.note(effect, "may rename the table")
            return
        if table.now is None and to in self.dropped:
            # A copy takes the place of what was dropped for it: its rows live on.
            self.asked.pop(self.dropped.pop(to), None)
        self.tables[to] = table
        self.tables[name] = _Table(None)

    def _schema(self, effect: Effect) -> None:
        """Ask what goes with a schema; MySQL calls a database so as well."""
        name = effect.name or ""
        if effect.kind == "create" and effect.certain:
            self.fresh.add(name.casefold())
            return
        whole = effect.object == "schema" or self.dialect in ("mysql", "mariadb")
        if effect.kind == "drop" and name and whole and name.casefold() not in self.fresh:
            made = self.ask("drop table", effect, _Table(f"{name}.*"))
            # CASCADE takes what cannot be read from the text; its own tables go in any case.
            self.put(made and replace(made, why=""))

    def _column(self, effect: Effect, table: _Table) -> None:
        name = effect.name or ""
        column = self.column(table, name)
        if effect.kind == "create":
            self._new_column(effect, table)
        elif effect.kind == "rename" and effect.to:
            if not effect.certain:
                column.why = self.note(effect, "may rename the column")
                self.column(table, effect.to).why = column.why
                return
            table.columns[self.column_key(effect.to)] = column
            table.columns[self.column_key(name)] = _Column(None)
        elif effect.kind == "drop":
            self.put(self.ask("drop column", effect, table, (name,)))
            table.columns[self.column_key(name)] = _Column(None)
        elif effect.kind == "alter":
            self._altered(effect, table, column)

    def _new_column(self, effect: Effect, table: _Table) -> None:
        said = dict(effect.sets)
        filled = any(said.get(aspect) for aspect in ("default", "computed", "identity"))
        kind = read_type(said.get("type", ""), _values(effect))
        known = kind.family != "other" and not filled
        if _is_certain(effect) and effect.certain:
            if "not null" in effect.aspects and said.get("nullable") == "no" and known:
                self.put(self._fillless(effect, table, kind))
            table.columns[self.column_key(effect.name or "")] = _Column(None, empty=known)
        else:
            self.column(table, effect.name or "").why = self.note(effect, "may add the column")

    def _fillless(self, effect: Effect, table: _Table, kind: ColumnType) -> Question | None:
        """Ask whether there are rows, for which a new column has no value."""
        made = self.ask("new column", effect, table)
        if made is None:
            return None
        why = made.why or table.added
        return replace(made, columns=(effect.name or "",), type=kind, why=why)

    def _altered(self, effect: Effect, table: _Table, column: _Column) -> None:
        name, said = effect.name or "", dict(effect.sets)
        required = "not null" in effect.aspects and said.get("nullable") == "no"
        kind = read_type(said.get("type", ""), _values(effect))
        if required and column.now is None and column.empty and not column.why:
            made = self._fillless(effect, table, kind)
            self.put(replace(made, added=True) if made is not None else None)
        elif required:
            self.put(self.ask("not null", effect, table, (name,)))
        if "type" not in effect.aspects:
            return
        enum = self.enums.get(key(said.get("type", ""), self.dialect))
        if kind.family == "other" and enum:
            kind = replace(kind, family="enum", values=enum)
        made = self.ask("type", effect, table, (name,))
        if made is not None:
            using = dict(effect.terms).get("using", "")
            self.put(replace(made, type=kind, using=using))
        column.why = column.why or self.note(effect, "changes the type")

    # -- constraints, rows, enums --------------------------------------------------

    def _constraint(self, effect: Effect, table: _Table) -> None:
        if _EVERY_ROW not in effect.terms or self._has_options(effect):
            return
        flavours = set(effect.aspects)
        if flavours & {"unique", "primary"} and effect.columns:
            primary = "primary" in flavours
            made = self.ask("unique", effect, table, effect.columns)
            if made is not None:
                self.put(replace(made, primary=primary))
            if primary and self.dialect != "sqlite":
                for name in effect.columns:
                    self.put(self.ask("not null", effect, table, (name,)))
        elif "foreignkey" in flavours and effect.refers_to and effect.columns:
            self._reference(effect, table)
        elif "check" in flavours:
            self._check(effect, table)

    def _has_options(self, effect: Effect) -> bool:
        """Tell whether an option of this dialect makes another question of it."""
        own = {"mysql": ("mysql_",), "mariadb": ("mariadb_", "mysql_")}
        prefixes = own.get(self.dialect, (f"{self.dialect}_",))
        others = ("postgresql_", "mysql_", "mariadb_", "sqlite_")
        return any(
            name not in _KNOWN_TERMS and (name.startswith(prefixes) or not name.startswith(others))
            for name, _ in effect.terms
        )

    def _reference(self, effect: Effect, table: _Table) -> None:
        parent = self.table(effect.refers_to or "")
        refers = tuple(value for name, value in effect.terms if name == "refers")
        made = self.ask("foreign key", effect, table, effect.columns)
        if made is None:
            return
        there = [self.column(parent, name) for name in refers]
        names = tuple(column.now for column in there if column.now is not None)
        why = made.why or parent.why or parent.added
        why = why or next((column.why for column in there if column.why), "")
        if parent.now is None or len(names) < len(there):
            why = why or self.note(effect, "refers to what the run makes")
        self.put(replace(made, refers_to=parent.now or "", refers=names, why=why))

    def _check(self, effect: Effect, table: _Table) -> None:
        condition = dict(effect.terms).get("condition", "")
        if condition in ("", "?"):
            return
        made = self.ask("check", effect, table)
        if made is None:
            return
        why = made.why
        for use in effect.uses:
            if use.object == "column" and key(use.table, self.dialect) == key(
                effect.table, self.dialect
            ):
                column = self.column(table, use.name)
                why = why or column.why
                if column.now is None or column.now.casefold() != use.name.casefold():
                    why = why or f"{use.name} is made or renamed in this run"
            elif use.object not in ("constraint", "table"):
                why = why or f"the condition uses {use.object} {use.name}"
        self.put(replace(made, condition=condition, why=why))

    def _data(self, effect: Effect, table: _Table) -> None:
        if table.now is not None:
            self.written[table.now] = None
        why = self.note(effect, "changes rows of it")
        if effect.kind == "insert" and "replace" not in effect.aspects:
            table.added = table.added or why
        elif effect.kind == "update" and effect.columns:
            for name in effect.columns:
                column = self.column(table, name)
                column.why = column.why or why
                column.empty = False
        else:
            table.why = table.why or why

    def _enum(self, effect: Effect) -> None:
        name = key(effect.name, self.dialect)
        if effect.kind == "create" and effect.certain:
            self.enums[name] = _values(effect)
        elif effect.kind == "rename" and effect.to:
            self.enums[key(effect.to, self.dialect)] = self.enums.pop(name, ())
        else:
            self.enums.pop(name, None)


def _either(spelled: Iterable[str] | None) -> str:
    return f"{' and '.join(sorted(spelled))} may be one" if spelled else ""


def _values(effect: Effect) -> tuple[str, ...]:
    return tuple(value for name, value in effect.terms if name == "value")


def _is_certain(effect: Effect) -> bool:
    return effect.certain or IF_THERE in effect.terms
