"""The way back computed from upgrade(), where an author has written none."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lback.core.effects import Effect, Effects, described
from lback.core.naming import key, same_name
from lback.core.rollback.calls import altering, calls, from_column, is_call, plain, within
from lback.core.rollback.extraction import Extractor
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.scope import loaded, locals_of

_GONE = {
    "drop": "what it deletes cannot be brought back",
    "delete": "what it deletes cannot be brought back",
    "update": "what it writes over cannot be brought back",
    "insert": "which rows were new is not in the text for certain",
}
_ALTERED = {
    "type_": "existing_type",
    "nullable": "existing_nullable",
    "server_default": "existing_server_default",
    "comment": "existing_comment",
}


@dataclass(frozen=True, slots=True)
class EarlierRevision:
    """A revision before the one that is undone: what it does, and its parsed text."""

    effects: Effects
    tree: ast.Module


@dataclass(slots=True)
class _Line:
    """One statement of the way back; `batch` is the table of the batch it belongs to."""

    code: str
    batch: str | None = None


def inverse(
    extractor: Extractor, effects: Sequence[Effect], earlier: Sequence[EarlierRevision]
) -> str:
    """Return the code that undoes these effects of upgrade(), last one first.

    `earlier` are the revisions below, newest first. Raises CannotUndo, naming the line,
    for what has no inverse.
    """
    return _Inverse(extractor, earlier).code(effects)


class _Inverse:
    def __init__(self, extractor: Extractor, earlier: Sequence[EarlierRevision]) -> None:
        self.extractor = extractor
        self.earlier = earlier
        self.function = extractor.function("upgrade")
        self.fixed = {
            call.args[0].value
            for call in calls(self.function, "f")
            if call.args and isinstance(call.args[0], ast.Constant)
        }
        self.local = {*locals_of(self.function)} - {"op", "sa"}
        self.done: set[tuple[ast.Call, str | None, str | None]] = set()

    def code(self, effects: Sequence[Effect]) -> str:
        """Return the statements, those of one batch together."""
        made = {key(e.table) for e in effects if e.object == "table" and e.kind == "create"}
        made |= {
            key(e.to) for e in effects if e.object == "table" and e.to and key(e.table) in made
        }
        lines: list[_Line] = []
        for effect in reversed(effects):
            if effect.object != "table" and effect.table and key(effect.table) in made:
                continue  # it goes with the table
            lines.extend(self._undo(effect))
        return "\n".join(_grouped(lines))

    def _undo(self, effect: Effect) -> Iterator[_Line]:
        if effect.kind == "create":
            yield self._line(effect, *self._dropping(effect))
        elif effect.kind == "rename" and effect.object == "table":
            schema, name = _parts(effect.table)
            _, new = _parts(effect.to)
            yield _Line(f"op.rename_table({new!r}, {name!r}{_schema(schema)})")
        elif effect.object == "column" and effect.kind in ("alter", "rename"):
            yield from self._altering(effect)
        elif effect.kind == "drop" and effect.object in ("index", "constraint"):
            yield _Line(self._making(effect))
        elif effect.kind in ("drop", "delete", "update", "insert"):
            raise self._no(effect, _GONE[effect.kind])
        else:
            raise self._no(effect, "it has no inverse that can be computed")

    def _dropping(self, effect: Effect) -> tuple[str, str]:
        """Return what drops a new object: alone, and within a batch on its table."""
        schema, table = _parts(effect.table)
        name = self._name(effect)
        if effect.object == "table":
            return f"op.drop_table({table!r}{_schema(schema)})", ""
        if effect.object == "column":
            return (
                f"op.drop_column({table!r}, {name}{_schema(schema)})",
                f"batch_op.drop_column({name})",
            )
        if effect.object == "index":
            return (
                f"op.drop_index({name}, table_name={table!r}{_schema(schema)})",
                f"batch_op.drop_index({name})",
            )
        if effect.object == "constraint":
            kinds = ("unique", "foreignkey", "check", "primary")
            kind = next((kind for kind in kinds if kind in effect.aspects), None)
            if kind is None:
                raise self._no(effect, "it is not known what kind of constraint it is")
            return (
                f"op.drop_constraint({name}, {table!r}, type_={kind!r}{_schema(schema)})",
                f"batch_op.drop_constraint({name}, type_={kind!r})",
            )
        if effect.object == "enum":
            return f"sa.Enum(name={name}).drop(op.get_bind(), checkfirst=True)", ""
        raise self._no(effect, "it has no inverse that can be computed")

    def _name(self, effect: Effect) -> str:
        if not effect.name:
            raise self._no(effect, "it has no name in the text, so that it cannot be dropped")
        return f"op.f({effect.name!r})" if effect.name in self.fixed else repr(effect.name)

    def _line(self, effect: Effect, alone: str, batched: str) -> _Line:
        batch = self._batch(effect.line) if batched else None
        return _Line(batched, effect.table) if batch else _Line(alone)

    def _batch(self, line: int) -> ast.With | None:
        for node in ast.walk(self.function):
            if (
                isinstance(node, ast.With)
                and node.lineno < line <= (node.end_lineno or 0)
                and any(is_call(item.context_expr, "batch_alter_table") for item in node.items)
            ):
                return node
        return None

    # -- altered columns -----------------------------------------------------------

    def _altering(self, effect: Effect) -> Iterator[_Line]:
        call = altering(self.function, effect)
        if call is None:
            raise self._no(effect, "it has no inverse that can be computed")
        # One call has several effects on a column, and in a loop it changes several columns.
        deed = (call, effect.table, effect.name)
        if deed in self.done:
            return
        self.done.add(deed)
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if "postgresql_using" in given:
            raise self._no(effect, "how its values go back is not in the text")
        schema, table = _parts(effect.table)
        old = effect.name or ""
        new = given.get("new_column_name")
        now = effect.to or old  # the last effect of a call, and so the first here, is the new name
        words = [f"new_column_name={old!r}"] if new is not None else []
        for name, existing in _ALTERED.items():
            if name in given:
                words.append(f"{name}={self._before(effect, name, existing, given)}")
                words.append(f"{existing}={self._text(effect, given[name])}")
            elif existing in given:
                words.append(f"{existing}={self._text(effect, given[existing])}")
        inner = ", ".join([repr(now), *words])
        yield self._line(
            effect,
            f"op.alter_column({table!r}, {inner}{_schema(schema)})",
            f"batch_op.alter_column({inner})",
        )

    def _before(self, effect: Effect, name: str, existing: str, given: dict[str, ast.expr]) -> str:
        if existing in given:
            return self._text(effect, given[existing])
        definition = self._defined(effect, name)
        if definition is not None:
            return definition
        value = given[name]
        if name == "nullable" and isinstance(value, ast.Constant):
            return repr(not value.value)
        raise self._no(effect, f"what {name.rstrip('_')} it had before is not in the text")

    def _text(self, effect: Effect, node: ast.expr) -> str:
        """Return a value that the way back takes over, which stands outside of upgrade()."""
        inner = self.local.intersection(loaded(node))
        if inner:
            raise self._no(effect, f"only upgrade() knows what `{min(inner)}` is")
        return ast.unparse(node)

    def _defined(self, effect: Effect, name: str) -> str | None:
        """Return what an earlier revision says of the column."""
        for earlier_revision in self.earlier:
            for other in reversed(earlier_revision.effects.upgrade):
                if other.object != "column" or other.name != effect.name:
                    continue
                if not same_name(other.table, effect.table):
                    continue
                if other.kind == "create":
                    return from_column(earlier_revision.tree, other, name)
                altered = altering(earlier_revision.tree, other)
                for word in altered.keywords if altered else ():
                    if word.arg == name:
                        return plain(word.value)
        return None

    # -- dropped indexes and constraints -------------------------------------------

    def _making(self, effect: Effect) -> str:
        """Return the statement of an earlier revision that made what was dropped."""
        for earlier_revision in self.earlier:
            for other in earlier_revision.effects.upgrade:
                if (other.kind, other.object, other.name) != ("create", effect.object, effect.name):
                    continue
                if effect.table and not same_name(other.table, effect.table):
                    continue
                for call in calls(earlier_revision.tree, None):
                    text = ast.unparse(call)
                    if within(call, other.line) and text.startswith("op.create_"):
                        return text if plain(call) else ""
        raise self._no(effect, "how it was made is not in an earlier revision's text")

    def _no(self, effect: Effect, why: str) -> CannotUndo:
        return CannotUndo(effect.line, f"{described(effect)}: {why}")


def _grouped(lines: Sequence[_Line]) -> Iterator[str]:
    open_batch: str | None = None
    for line in lines:
        if line.batch is None:
            open_batch = None
            yield line.code
            continue
        if line.batch != open_batch:
            schema, table = _parts(line.batch)
            yield f"with op.batch_alter_table({table!r}{_schema(schema)}) as batch_op:"
            open_batch = line.batch
        yield f"    {line.code}"


def _parts(table: str | None) -> tuple[str, str]:
    schema, _, name = (table or "").rpartition(".")
    return schema, name


def _schema(schema: str) -> str:
    return f", schema={schema!r}" if schema else ""
