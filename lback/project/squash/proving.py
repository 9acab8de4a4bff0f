"""Writes the file of a squash and proves it: both are run, and what they build is compared."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lback.core.graph.view import GraphView
from lback.core.schema_diff import changes
from lback.core.squash import messages
from lback.core.squash.data import DataRow, kept_lines
from lback.core.squash.file import Built, Folded, built_file, folded_file, with_squash
from lback.core.squash.folding import folded, function_name
from lback.core.squash.plan import SquashPlan
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.copies.templates import empty_beside, template_at
from lback.vcs.worktree import blob_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from lback.db.squashing.exact import BuiltSchema

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proof:
    """On which dialect the new file builds the same, and how many tables that are."""

    dialect: str
    tables: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The text of the new file, and where it was proved."""

    text: bytes
    proofs: tuple[Proof, ...]


class Prover:
    """Runs old and new revisions on the project's database and on those that were named."""

    def __init__(
        self, ctx: Context, graph: GraphView, plan: SquashPlan, others: Sequence[str]
    ) -> None:
        self.ctx = ctx
        self.graph = graph
        self.plan = plan
        self.node = graph[plan.revision]
        self.places: tuple[str | None, ...] = (None, *others)
        self._options: dict[str, Any] | None = None
        self._twice: dict[str | None, frozenset[str]] = {}

    def built(self, rows: Sequence[DataRow]) -> Proved:
        """Return the file that builds the schema from nothing; LbackError where it does not."""
        folds = self._folds(kept_lines(rows))
        old: dict[str | None, tuple[str, BuiltSchema]] = {}
        texts: dict[str | None, frozenset[str]] = {}
        for place in self.places:
            old[place] = self._old(place, _read)
            texts[place] = frozenset()
        while True:
            code, imports = self._written(texts)
            text = built_file(self.plan, self.node, code, imports, folds)
            proofs, again = [], False
            for place in self.places:
                dialect, before = old[place]
                whole = frozenset(before.schema.tables)
                try:
                    _, after = self._new(place, text, _read)
                except LbackError as err:
                    if texts[place] == whole:
                        raise messages.fails(dialect, err) from err
                    self.ctx.console.detail(messages.as_sql(dialect, err))
                    texts[place], again = whole, True
                    continue
                shown, tables = self._apart(place, before, after)
                if shown:
                    if not tables or tables <= texts[place]:
                        raise messages.differs(dialect, shown)
                    texts[place], again = texts[place] | tables, True
                proofs.append(Proof(dialect, len(whole)))
            if not again:
                return Proved(text, tuple(proofs))

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
            shown, _ = self._apart(place, before, after)
            if shown:
                raise messages.differs(dialect, shown)
            proofs.append(Proof(dialect, len(before.schema.tables)))
        return Proved(text, tuple(proofs))

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
        graph = with_squash(self.graph, self.plan, self.node.path, text, blob_id(text))
        sources = {self.plan.revision: text}
        if place is None:
            return self._of_template(graph, sources, read)
        return self._elsewhere(place, graph, sources, read)

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

    def _apart(
        self, place: str | None, before: BuiltSchema, after: BuiltSchema
    ) -> tuple[list[str], frozenset[str]]:
        """Return where two differ, in words, and in which tables of the first.

        Rows that the old files themselves make otherwise each time, by a clock or by chance, are
        counted.
        """
        shown, tables = _in_schema(before, after)
        differing = [
            table
            for table in sorted(before.rows.keys() | after.rows.keys())
            if before.rows.get(table) != after.rows.get(table)
        ]
        same = [table for table in differing if _number(before, table) == _number(after, table)]
        other = self._other_each_time(place, before) if same else frozenset()
        for table in differing:
            if table in same and table in other:
                continue
            numbers = _number(before, table), _number(after, table)
            shown.append(messages.rows_differ(table, *numbers))
        return shown, tables

    def _other_each_time(self, place: str | None, before: BuiltSchema) -> frozenset[str]:
        """Return the tables whose rows are others when the old files are run once more."""
        if place not in self._twice:
            _, again = self._elsewhere(place, self.graph, None, _read)
            tables = before.rows.keys() | again.rows.keys()
            self._twice[place] = frozenset(
                table for table in tables if before.rows.get(table) != again.rows.get(table)
            )
        return self._twice[place]

    def _elsewhere(
        self,
        place: str | None,
        graph: GraphView,
        sources: Mapping[str, bytes] | None,
        read: Callable[[Connection], T],
    ) -> tuple[str, T]:
        from lback.db.squashing.trying import asked_elsewhere

        if self._options is None:
            found = self.ctx.database.look_first(lambda view: dict(view.options or {}))
            self._options = found
        wanted = graph.ancestors([self.plan.revision])
        order = [name for name in graph.order() if name in wanted]
        database = self.ctx.database_of(graph, sources)
        with empty_beside(self.ctx, messages.no_place(), place) as url:
            return asked_elsewhere(
                database,
                order,
                url,
                self._options,
                lambda connection: (connection.dialect.name, read(connection)),
            )


def _read(connection: Connection) -> BuiltSchema:
    from lback.db.squashing.exact import read_built

    return read_built(connection)


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
