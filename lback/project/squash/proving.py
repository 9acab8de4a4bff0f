"""Writes the file of a squash and proves it: both are run, and what they build is compared."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lback.core.graph.view import GraphView
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.schema_diff import changes
from lback.core.squash import messages
from lback.core.squash.data import DataRow, kept_lines, tables_by_rows
from lback.core.squash.file import Built, Folded, built_file, folded_file, with_squash
from lback.core.squash.folding import folded, function_name
from lback.core.squash.plan import SquashPlan
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.copies.templates import empty_beside, template_at
from lback.project.squash.filling import Filling, SeedRow, filling, read
from lback.vcs.worktree import blob_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from lback.core.squash.seeds import Seeds
    from lback.db.squashing.exact import BuiltSchema

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proof:
    """On which dialect the new file builds the same, and how many tables that are.

    `down_fails` says why downgrade() was not proved: it leaves what was there before, from which
    upgrade() builds the same again. None where it does.
    """

    dialect: str
    tables: int
    down_fails: str | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """The text of the new file, and where it was proved."""

    text: bytes
    proofs: tuple[Proof, ...]
    rows: tuple[SeedRow, ...] = ()


class Prover:
    """Runs old and new revisions on the project's database and on those that were named."""

    def __init__(
        self,
        ctx: Context,
        graph: GraphView,
        plan: SquashPlan,
        others: Sequence[str],
        frozen: Sequence[str] = (),
    ) -> None:
        self.ctx = ctx
        self.graph = graph
        self.plan = plan
        self.node = graph[plan.revision]
        self.places: tuple[str | None, ...] = (None, *others)
        self.frozen = frozen
        self._options: dict[str, Any] | None = None
        self._twice: dict[str | None, tuple[BuiltSchema, Seeds]] = {}

    def built(self, rows: Sequence[DataRow]) -> Proved:
        """Return the file that builds the schema from nothing; LbackError where it does not."""
        folds = self._folds(kept_lines(rows))
        old: dict[str | None, tuple[str, BuiltSchema]] = {}
        texts: dict[str | None, frozenset[str]] = {}
        fills: dict[str | None, Filling] = {}
        for place in self.places:
            old[place] = self._old(place, _read)
            texts[place] = frozenset()
        while True:
            text = self._text(texts, folds, fills)
            proofs, again = [], False
            for place in self.places:
                dialect, before = old[place]
                whole = frozenset(before.schema.tables)
                try:
                    _, (after, seeds) = self._new(place, text, _read_both)
                except LbackError as err:
                    if texts[place] == whole:
                        raise messages.fails(dialect, err) from err
                    self.ctx.console.detail(messages.as_sql(dialect, err))
                    texts[place], again = whole, True
                    continue
                shown, tables = _in_schema(before, after)
                if shown:
                    if not tables or tables <= texts[place]:
                        raise messages.differs(dialect, shown)
                    texts[place], again = texts[place] | tables, True
                elif place not in fills and self._fills(rows, before, after):
                    fills[place], again = self._fill(place, rows, before, seeds), True
                elif shown := self._rows_apart(place, before, after):
                    raise messages.differs(dialect, shown)
                proofs.append(Proof(dialect, len(whole)))
            if not again:
                told = tuple(row for fill in fills.values() for row in fill.rows)
                self._refuse_unused(told)
                return Proved(text, self._with_way_down(text, proofs), told)

    def _refuse_unused(self, told: Sequence[SeedRow]) -> None:
        """Raise UsageError for a column that was to be frozen and is none that varies."""
        used = {row.table for row in told if row.frozen}
        used |= {f"{row.table}.{column}" for row in told for column in row.frozen}
        for place in self.frozen:
            if place not in used:
                raise messages.not_varying(place)

    def _text(
        self,
        texts: Mapping[str | None, frozenset[str]],
        folds: Sequence[Folded],
        fills: Mapping[str | None, Filling],
    ) -> bytes:
        """Return the new file, with these tables as SQL and these rows."""
        code, imports = self._written(texts)
        inserts = {}
        for place, fill in fills.items():
            dialect, (inserts_, more) = self._old(place, partial(_write_fill, fill=fill))
            inserts[dialect], imports = inserts_, imports | more
        return built_file(self.plan, self.node, code, imports, folds, inserts)

    @staticmethod
    def _fills(rows: Sequence[DataRow], before: BuiltSchema, after: BuiltSchema) -> bool:
        return before.rows != after.rows and any(row.answer == "rows" for row in rows)

    def _fill(
        self, place: str | None, rows: Sequence[DataRow], before: BuiltSchema, new: Seeds
    ) -> Filling:
        """Choose the rows that are written down; LbackError where one cannot be."""
        dialect, old = self._old(place, read)
        wanted = tables_by_rows(rows, before.schema.tables)
        return filling(
            self.ctx.console,
            dialect,
            (old, new),
            lambda: self._again(place)[1],
            wanted,
            self.frozen,
        )

    def folded(self) -> Proved:
        """Return the file that does all that the old ones did; LbackError where it does not."""
        sources = self._sources()
        future = any(b"from __future__ import annotations" in text for text in sources.values())
        text = folded_file(self.plan, self.node, self._folds(None), future=future)
        proofs = []
        for place in self.places:
            dialect, before = self._old(place, _read)
            try:
                _, after = self._new(place, text, _read)
            except LbackError as err:
                raise messages.fails(dialect, err) from err
            shown = _in_schema(before, after)[0] + self._rows_apart(place, before, after)
            if shown:
                raise messages.differs(dialect, shown)
            proofs.append(Proof(dialect, len(before.schema.tables)))
        return Proved(text, self._with_way_down(text, proofs))

    def _with_way_down(self, text: bytes, proofs: Sequence[Proof]) -> tuple[Proof, ...]:
        """Run the new file up, down and up again in each place, and say where that fails."""
        return tuple(
            replace(proof, down_fails=self._down_fails(place, text))
            for place, proof in zip(self.places, proofs, strict=True)
        )

    def _down_fails(self, place: str | None, text: bytes) -> str | None:
        graph, sources = self._changed(text)
        below = graph.ancestors(self.plan.parents) | graph.ancestors(self.plan.depends_on)
        up, down = Upgrade(self.plan.revision), Downgrade(self.plan.revision)
        first = [Upgrade(name) for name in graph.order() if name in below]
        seen: list[BuiltSchema] = []

        def look(connection: Connection) -> None:
            seen.append(_read(connection))
            if len(seen) > 2:  # down is compared with before, and up again with up
                then, now = seen[-3], seen[-1]
                shown = [*_in_schema(then, now)[0], *self._rows_apart(place, then, now)]
                if shown:
                    raise messages.not_the_same(down=len(seen) == 3, shown=shown)

        try:
            self._walked(place, graph, sources, [first, [up], [down], [up]], look)
        except LbackError as err:
            return err.message
        return None

    def _folds(self, kept: Mapping[str, Sequence[int]] | None) -> list[Folded]:
        """Move old files into functions: all of each, or what does this to rows."""
        sources = self._sources()
        made: list[Folded] = []
        for name in self.plan.members:
            if kept is None and self.graph[name].is_merge and _is_empty(sources[name]):
                continue
            if kept is not None and name not in kept:
                continue
            word = function_name(name, [fold.name for fold in made])
            lines = None if kept is None else kept[name]
            text = folded(word, self.graph[name].path, sources[name], lines)
            made.append(Folded(word, text))
        return made

    def _sources(self) -> dict[str, bytes]:
        nodes = [self.graph[name] for name in self.plan.members]
        texts = self.ctx.revisions.texts(nodes)
        return {node.id: texts[node.blob] for node in nodes}

    def _written(
        self, texts: Mapping[str | None, frozenset[str]]
    ) -> tuple[dict[str, Built], frozenset[str]]:
        from lback.db.squashing.writing import write_building

        code: dict[str, Built] = {}
        imports: set[str] = set()
        for place in self.places:
            dialect, (built, more) = self._old(place, partial(write_building, as_text=texts[place]))
            code[dialect] = built
            imports |= more
        return code, frozenset(imports)

    def _old(self, place: str | None, read: Callable[[Connection], T]) -> tuple[str, T]:
        """Ask what the old files build."""
        if place is None:
            return self._of_template(None, None, read)
        return self._elsewhere(place, self.graph, None, read)

    def _new(
        self, place: str | None, text: bytes, read: Callable[[Connection], T]
    ) -> tuple[str, T]:
        """Ask what the new file builds."""
        graph, sources = self._changed(text)
        if place is None:
            return self._of_template(graph, sources, read)
        return self._elsewhere(place, graph, sources, read)

    def _changed(self, text: bytes) -> tuple[GraphView, dict[str, bytes]]:
        """Return the graph with the new file, and that as a source."""
        graph = with_squash(self.graph, self.plan, self.node.path, text, blob_id(text))
        return graph, {self.plan.revision: text}

    def _of_template(
        self,
        graph: GraphView | None,
        sources: Mapping[str, bytes] | None,
        read: Callable[[Connection], T],
    ) -> tuple[str, T]:
        from lback.db.squashing.trying import asked_of_copy

        template = template_at(self.ctx, [self.plan.revision], graph=graph, sources=sources)
        return asked_of_copy(
            template, lambda connection: (connection.dialect.name, read(connection))
        )

    def _rows_apart(self, place: str | None, before: BuiltSchema, after: BuiltSchema) -> list[str]:
        """Return in words which tables have other rows.

        Rows that the old files themselves make otherwise each time, by a clock or by chance, are
        counted.
        """
        shown = []
        for table in sorted(before.rows.keys() | after.rows.keys()):
            if before.rows.get(table) == after.rows.get(table):
                continue
            numbers = _number(before, table), _number(after, table)
            if numbers[0] == numbers[1]:
                again, _ = self._again(place)
                if before.rows.get(table) != again.rows.get(table):
                    continue
            shown.append(messages.rows_differ(table, *numbers))
        return shown

    def _again(self, place: str | None) -> tuple[BuiltSchema, Seeds]:
        """Return what is there when the old files are run once more."""
        if place not in self._twice:
            self._twice[place] = self._elsewhere(place, self.graph, None, _read_both)[1]
        return self._twice[place]

    def _elsewhere(
        self,
        place: str | None,
        graph: GraphView,
        sources: Mapping[str, bytes] | None,
        read: Callable[[Connection], T],
    ) -> tuple[str, T]:
        wanted = graph.ancestors([self.plan.revision])
        steps = [Upgrade(name) for name in graph.order() if name in wanted]
        dialect, (found,) = self._walked(place, graph, sources, [steps], read)
        return dialect, found

    def _walked(
        self,
        place: str | None,
        graph: GraphView,
        sources: Mapping[str, bytes] | None,
        stages: Sequence[Sequence[Step]],
        read: Callable[[Connection], T],
    ) -> tuple[str, list[T]]:
        """Run stages of steps in an empty database, and ask it after each."""
        from lback.db.squashing.trying import asked_elsewhere
        from lback.db.templates.schemas import read_options

        if self._options is None:
            with empty_beside(self.ctx, messages.no_place()) as url:
                self._options = read_options(self.ctx.database, url)
        database = self.ctx.database_of(graph, sources)
        with empty_beside(self.ctx, messages.no_place(), place) as url:
            told = asked_elsewhere(
                database,
                stages,
                url,
                self._options,
                lambda connection: (connection.dialect.name, read(connection)),
            )
        return told[0][0], [one for _, one in told]


def _read(connection: Connection) -> BuiltSchema:
    from lback.db.squashing.exact import read_built

    return read_built(connection)


def _read_both(connection: Connection) -> tuple[BuiltSchema, Seeds]:
    return _read(connection), read(connection)


def _write_fill(connection: Connection, fill: Filling) -> tuple[tuple[str, ...], frozenset[str]]:
    from lback.db.squashing.seeds import write_seeds

    return write_seeds(connection, fill.tables, fill.counters)


def _in_schema(before: BuiltSchema, after: BuiltSchema) -> tuple[list[str], frozenset[str]]:
    """Return where two schemas differ, in words, and in which tables of the first."""
    found = changes(before.schema, after.schema)
    shown = [messages.change(one) for one in found]
    names = before.schema.tables.keys()
    tables = {table for one in found for table in _tables_of(one.table or one.name or "", names)}
    return shown, frozenset(tables)


def _tables_of(name: str, names: Iterable[str]) -> list[str]:
    """Return the tables that something is of, by its name: its own, or what comes before a dot."""
    known = set(names)
    parts = name.split(".")
    tries = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    tries += [".".join(parts[1:count]) for count in range(len(parts), 1, -1)]
    return [one for one in tries if one in known][:1]


def _number(read: BuiltSchema, table: str) -> int:
    return sum(read.rows.get(table, {}).values())


def _is_empty(source: bytes) -> bool:
    """Tell whether neither way does anything, as of a merge."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return all(
        isinstance(one, ast.Pass)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for function in functions
        for one in function.body
    )
