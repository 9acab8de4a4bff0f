"""Writes the file of a squash and proves it: both are run, and what they build is compared."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lback.core.graph.view import GraphView
from lback.core.plans import Downgrade, Upgrade
from lback.core.squash import messages
from lback.core.squash.data import DataRow, kept_lines, tables_by_rows
from lback.core.squash.file import Built, Folded, built_file, folded_file
from lback.core.squash.folding import folded, function_name
from lback.core.squash.plan import SquashPlan
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.squash.comparing import rows_apart, schema_apart
from lback.project.squash.filling import Filling, SeedRow, filling
from lback.project.squash.running import BuiltDatabase, SquashRuns, read_all

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Proof:
    """On which dialect the new file builds the same, and how many tables that are.

    `down_fails` says why downgrade() was not proved: it leaves what was there before, from which
    upgrade() builds the same again. None where it does. `varying` are columns with other values
    each time that the old files run, as "table.column": of them only the kind was compared.
    """

    dialect: str
    tables: int
    down_fails: str | None = None
    varying: tuple[str, ...] = ()


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
        self.runs = SquashRuns(ctx, graph, plan)

    def built(self, rows: Sequence[DataRow]) -> Proved:
        """Return the file that builds the schema from nothing; LbackError where it does not."""
        folds = self._folds(kept_lines(rows))
        old = {place: self.runs.old(place, read_all) for place in self.places}
        texts: dict[str | None, frozenset[str]] = dict.fromkeys(self.places, frozenset())
        fills: dict[str | None, Filling] = {}
        while True:
            text = self._text(texts, folds, fills)
            proofs, again = [], False
            for place in self.places:
                dialect, before = old[place]
                whole = frozenset(before.built.schema.tables)
                try:
                    _, after = self.runs.new(place, text, read_all)
                except LbackError as err:
                    if texts[place] == whole:
                        raise messages.fails(dialect, err) from err
                    self.ctx.console.detail(messages.as_sql(dialect, err))
                    texts[place], again = whole, True
                    continue
                shown, tables = schema_apart(before.built, after.built)
                varying: list[str] = []
                if shown:
                    if not tables or tables <= texts[place]:
                        raise messages.differs(dialect, shown)
                    texts[place], again = texts[place] | tables, True
                elif place not in fills and self._fills(rows, before, after):
                    fills[place], again = self._fill(place, dialect, rows, before, after), True
                else:
                    varying = self._same_rows(place, dialect, before, after)
                proofs.append(Proof(dialect, len(whole), varying=tuple(varying)))
            if not again:
                told = tuple(row for fill in fills.values() for row in fill.rows)
                self._refuse_unused(told)
                return Proved(text, self._with_way_down(text, proofs), told)

    def _same_rows(
        self, place: str | None, dialect: str, before: BuiltDatabase, after: BuiltDatabase
    ) -> list[str]:
        """Return the columns that vary by themselves; LbackError where rows are others."""
        shown, varying = rows_apart(before, after, partial(self.runs.again, place))
        if shown:
            raise messages.differs(dialect, shown)
        return varying

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
            dialect, (inserts_, more) = self.runs.old(place, partial(_write_fill, fill=fill))
            inserts[dialect], imports = inserts_, imports | more
        return built_file(self.plan, self.node, code, imports, folds, inserts)

    @staticmethod
    def _fills(rows: Sequence[DataRow], before: BuiltDatabase, after: BuiltDatabase) -> bool:
        other = before.built.rows != after.built.rows
        return other and any(row.answer == "rows" for row in rows)

    def _fill(
        self,
        place: str | None,
        dialect: str,
        rows: Sequence[DataRow],
        before: BuiltDatabase,
        after: BuiltDatabase,
    ) -> Filling:
        """Choose the rows that are written down; LbackError where one cannot be."""
        return filling(
            self.ctx.console,
            dialect,
            (before.seeds, after.seeds),
            lambda: self.runs.again(place).seeds,
            tables_by_rows(rows, before.built.schema.tables),
            self.frozen,
        )

    def folded(self) -> Proved:
        """Return the file that does all that the old ones did; LbackError where it does not."""
        sources = self._sources()
        future = any(b"from __future__ import annotations" in text for text in sources.values())
        text = folded_file(self.plan, self.node, self._folds(None), future=future)
        proofs = []
        for place in self.places:
            dialect, before = self.runs.old(place, read_all)
            try:
                _, after = self.runs.new(place, text, read_all)
            except LbackError as err:
                raise messages.fails(dialect, err) from err
            if shown := schema_apart(before.built, after.built)[0]:
                raise messages.differs(dialect, shown)
            varying = self._same_rows(place, dialect, before, after)
            proofs.append(Proof(dialect, len(before.built.schema.tables), varying=tuple(varying)))
        return Proved(text, self._with_way_down(text, proofs))

    def _with_way_down(self, text: bytes, proofs: Sequence[Proof]) -> tuple[Proof, ...]:
        """Run the new file up, down and up again in each place, and say where that fails."""
        return tuple(
            replace(proof, down_fails=self._down_fails(place, text))
            for place, proof in zip(self.places, proofs, strict=True)
        )

    def _down_fails(self, place: str | None, text: bytes) -> str | None:
        up, down = Upgrade(self.plan.revision), Downgrade(self.plan.revision)
        seen: list[BuiltDatabase] = []

        def look(connection: Connection) -> None:
            seen.append(read_all(connection))
            if len(seen) > 2:  # down is compared with before, and up again with up
                then, now = seen[-3], seen[-1]
                shown = schema_apart(then.built, now.built)[0]
                shown += rows_apart(then, now, partial(self.runs.again, place))[0]
                if shown:
                    raise messages.not_the_same(down=len(seen) == 3, shown=shown)

        try:
            self.runs.stages(place, text, [self.runs.below(text), [up], [down], [up]], look)
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
            dialect, (built, more) = self.runs.old(
                place, partial(write_building, as_text=texts[place])
            )
            code[dialect] = built
            imports |= more
        return code, frozenset(imports)


def _write_fill(connection: Connection, fill: Filling) -> tuple[tuple[str, ...], frozenset[str]]:
    from lback.db.squashing.seeds import write_seeds

    return write_seeds(connection, fill.tables, fill.counters)


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
