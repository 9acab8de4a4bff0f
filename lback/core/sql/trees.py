"""SQL that holds queries or column definitions, by sqlglot: trees to effects."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from lback.core.effects import Effect, Kind
from lback.core.sql.reading import Reading

_DIALECTS = ("postgres", "mysql", "sqlite")


@lru_cache(maxsize=1)
def _sqlglot() -> Any:
    import sqlglot

    # It warns of statements it falls back on; what is not understood is reported by us.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    return sqlglot


def tree(piece: str) -> Any:
    """Parse one statement in the first dialect that understands it; None when none does."""
    sqlglot = _sqlglot()
    from sqlglot.errors import SqlglotError

    for text in (piece, _plain_parameters(piece)):
        for dialect in _DIALECTS:
            try:
                found = sqlglot.parse_one(text, read=dialect)
            except (SqlglotError, RecursionError):
                continue
            if found is not None and not isinstance(found, sqlglot.exp.Command):
                return found
    return None


def _plain_parameters(piece: str) -> str:
    """Replace the parameters that are a driver's and no SQL (%s, %(name)s)."""
    from lback.core.sql.tokens import tokens

    parts, position = [], 0
    for token in tokens(piece):
        if token.kind == "parameter":
            parts.append(piece[position : token.start] + "NULL")
            position = token.end
    return "".join(parts) + piece[position:]


def read_tree(reading: Reading, piece: str) -> bool:
    """Read a statement; False where no dialect understands it."""
    found = tree(piece)
    if found is None:
        return False
    exp = _sqlglot().exp
    for node in _writing(found, exp):
        handler = {exp.Insert: _insert, exp.Update: _update, exp.Delete: _delete}.get(type(node))
        if handler is not None:
            handler(reading, node, exp)
        else:
            _merge(reading, node, exp)
    if isinstance(found, exp.Create):
        return _create(reading, found, exp)
    if isinstance(found, exp.Query):
        into = found.args.get("into")
        if into is not None and into.this is not None:
            name = table_name(into.this)
            reading.add(Effect("create", "table", name, name))
        reading.reads.update(dict.fromkeys(_tables(found, exp)))
        return True
    return isinstance(found, exp.Insert | exp.Update | exp.Delete | exp.Merge)


def _writing(found: Any, exp: Any) -> Iterator[Any]:
    """Yield the statements that write: the tree itself, and those inside its CTEs."""
    for cte in found.find_all(exp.CTE):
        if isinstance(cte.this, exp.Insert | exp.Update | exp.Delete):
            yield cte.this
    if isinstance(found, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        yield found


def table_name(node: Any) -> str:
    """Return "schema.table" or "table" of a table in a tree."""
    schema = node.args.get("db") if hasattr(node, "args") else None
    name = node.name
    return f"{schema.name}.{name}" if schema is not None and schema.name else name


def _tables(found: Any, exp: Any) -> list[str]:
    """Return the sorted tables that a tree reads, without its CTEs."""
    ctes = {cte.alias_or_name for cte in found.find_all(exp.CTE)}
    names = set()
    for node in found.find_all(exp.Table):
        name = table_name(node)
        if name and not (name in ctes and not node.args.get("db")):
            names.add(name)
    return sorted(names)


def _target(node: Any, exp: Any) -> Any:
    target = node.this
    return target.this if isinstance(target, exp.Schema) else target


def _emit(
    reading: Reading,
    kind: str,
    table: str,
    columns: tuple[str, ...],
    node: Any,
    exp: Any,
    certain: bool = True,
) -> None:
    reads = tuple(name for name in _tables(node, exp) if name != table)
    reading.add(
        Effect(cast(Kind, kind), "data", table, columns=columns, certain=certain, reads=reads)
    )
    reading.reads.update(dict.fromkeys(reads))


def _insert(reading: Reading, node: Any, exp: Any) -> None:
    target = node.this
    columns: tuple[str, ...] = ()
    if isinstance(target, exp.Schema):
        columns = tuple(one.name for one in target.expressions)
        target = target.this
    _emit(reading, "insert", table_name(target), columns, node, exp)


def _update(reading: Reading, node: Any, exp: Any) -> None:
    target = _target(node, exp)
    pairs = [one.this for one in node.expressions if isinstance(one, exp.EQ)]
    columns = tuple(one.name for one in pairs)
    joined = target.args.get("joins") or ()
    if not joined:
        _emit(reading, "update", table_name(target), columns, node, exp)
        return
    # MySQL's UPDATE a JOIN b SET b.x: which table is written stands before the column.
    tables = [target, *(one.this for one in joined if isinstance(one.this, exp.Table))]
    by_alias = {one.alias_or_name: table_name(one) for one in tables}
    written = {by_alias.get(one.table) for one in pairs}
    sure = None not in written
    for name in sorted(one for one in (written if sure else by_alias.values()) if one):
        _emit(reading, "update", name, columns, node, exp, sure)


def _delete(reading: Reading, node: Any, exp: Any) -> None:
    several = node.args.get("tables")
    if several:
        by_alias = {one.alias_or_name: table_name(one) for one in node.find_all(exp.Table)}
        for one in several:
            _emit(reading, "delete", by_alias.get(one.name, one.name), (), node, exp)
        return
    _emit(reading, "delete", table_name(_target(node, exp)), (), node, exp)


def _merge(reading: Reading, node: Any, exp: Any) -> None:
    for kind in ("insert", "update"):
        _emit(reading, kind, table_name(node.this), (), node, exp, certain=False)


# -- CREATE TABLE, CREATE VIEW -----------------------------------------------------


def _create(reading: Reading, node: Any, exp: Any) -> bool:
    if node.kind != "TABLE":
        return False
    target = _target(node, exp)
    name = table_name(target)
    certain = not node.args.get("exists")
    reads = tuple(one for one in _tables(node.expression, exp)) if node.expression else ()
    reading.add(Effect("create", "table", name, name, certain=certain, reads=reads))
    reading.reads.update(dict.fromkeys(reads))
    if isinstance(node.this, exp.Schema):
        for item in node.this.expressions:
            if isinstance(item, exp.ColumnDef):
                _column(reading, item, name, certain, exp)
            else:
                _constraint(reading, item, name, certain, exp)
    elif reads or node.expression:
        reading.cannot_read("columns of a table made from a query", (name,))
    return True


def _column(reading: Reading, item: Any, table: str, certain: bool, exp: Any) -> None:
    kinds = [one.args.get("kind") for one in item.args.get("constraints") or ()]
    required = any(
        isinstance(one, exp.NotNullColumnConstraint) and not one.args.get("allow_null")
        for one in kinds
    )
    default = any(isinstance(one, exp.DefaultColumnConstraint) for one in kinds)
    kind = item.args.get("kind")
    detail = kind.sql("postgres") if kind is not None else ""
    reading.add(
        Effect(
            "create",
            "column",
            table,
            item.name,
            certain=certain,
            detail=detail + (", not null" if required else ""),
            aspects=("not null",) if required and not default else (),
            sets=_definition(detail, kinds, exp),
        )
    )
    for one in kinds:
        _column_constraint(reading, one, item.name, table, certain, exp)


def _definition(type_text: str, kinds: list[Any], exp: Any) -> tuple[tuple[str, str], ...]:
    """Return what a column's definition says that it is; see Effect.sets."""
    found = {"type": type_text or "?", "nullable": "yes"}
    for one in kinds:
        if isinstance(one, exp.NotNullColumnConstraint):
            found["nullable"] = "yes" if one.args.get("allow_null") else "no"
        elif isinstance(one, exp.PrimaryKeyColumnConstraint):
            found["nullable"] = "no"
        elif isinstance(one, exp.DefaultColumnConstraint):
            found["default"] = one.this.sql("postgres")
        elif isinstance(one, exp.CommentColumnConstraint):
            found["comment"] = one.this.name
        elif isinstance(one, exp.ComputedColumnConstraint):
            found["computed"] = one.this.sql("postgres")
        elif isinstance(one, exp.GeneratedAsIdentityColumnConstraint):
            if one.args.get("expression") is not None:
                found["computed"] = one.args["expression"].sql("postgres")
            else:
                found["identity"] = "always or by default"
        elif isinstance(one, exp.AutoIncrementColumnConstraint):
            found["identity"] = "auto_increment"
    return tuple(found.items())


def _column_constraint(
    reading: Reading, one: Any, column: str, table: str, certain: bool, exp: Any
) -> None:
    refers = None
    if isinstance(one, exp.Reference):
        flavour, refers = "foreignkey", _referred(one, exp)
    elif isinstance(one, exp.PrimaryKeyColumnConstraint):
        flavour = "primary"
    elif isinstance(one, exp.UniqueColumnConstraint):
        flavour = "unique"
    elif isinstance(one, exp.CheckColumnConstraint):
        flavour = "check"
    else:
        return
    reading.add(
        Effect(
            "create",
            "constraint",
            table,
            None,
            certain=certain,
            columns=(column,),
            refers_to=refers,
            aspects=(flavour,),
        )
    )


def _referred(node: Any, exp: Any) -> str | None:
    found = node.find(exp.Table)
    return table_name(found) if found is not None else None


def _constraint(reading: Reading, item: Any, table: str, certain: bool, exp: Any) -> None:
    name = item.name if isinstance(item, exp.Constraint) else None
    parts = item.expressions if isinstance(item, exp.Constraint) else [item]
    flavours = {
        exp.PrimaryKey: "primary",
        exp.UniqueColumnConstraint: "unique",
        exp.ForeignKey: "foreignkey",
        exp.CheckColumnConstraint: "check",
        exp.Check: "check",
    }
    for part in parts:
        flavour = flavours.get(type(part))
        if flavour is None:
            continue
        inner = part.this if flavour == "unique" and part.this is not None else part
        columns = tuple(one.name for one in getattr(inner, "expressions", ()) or () if one.name)
        refers = _referred(part, exp) if flavour == "foreignkey" else None
        reading.add(
            Effect(
                "create",
                "constraint",
                table,
                name or None,
                certain=certain,
                columns=columns if flavour != "check" else (),
                refers_to=refers,
                aspects=(flavour,),
            )
        )


def tables_in_view(piece: str, name: str) -> tuple[str, ...]:
    """Return the tables that a view reads; "?" among them where that is not understood."""
    found = tree(piece)
    exp = _sqlglot().exp
    if found is None or not isinstance(found, exp.Create) or found.expression is None:
        return ("?",)
    return tuple(one for one in _tables(found.expression, exp) if one != name)
