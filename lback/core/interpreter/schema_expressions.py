"""SQL expressions: columns, functions, and what they use of the schema."""

from __future__ import annotations

from lback.core.dialects import EVERY_DIALECT
from lback.core.effects import Use
from lback.core.interpreter.choices import options
from lback.core.interpreter.schema import (
    ColumnV,
    ExprV,
    Row,
    Rows,
    SequenceV,
    SqlV,
    StatementV,
    TableV,
    TypeV,
    merged,
)  # fmt: skip
from lback.core.interpreter.values import Arguments, Klass, Map, Method, Seq, Value

# Stands for the table that an expression belongs to before that is known.
_HERE = "lback_here"
_NOT_UNDERSTOOD = ("an SQL expression that is not understood",)


def uses_of_text(text: str, table: str | None) -> tuple[tuple[Use, ...], tuple[str, ...]]:
    """Return what a piece of SQL uses, and why it is not understood where it is not."""
    from lback.core.sql.script import expression_uses

    if not text.strip():
        return (), ()
    uses = expression_uses(text, table or _HERE)
    if uses is None:
        return (), _NOT_UNDERSTOOD
    return tuple(use._replace(table=None) if use.table == _HERE else use for use in uses), ()


def is_pure_function(name: str) -> bool:
    """Tell whether a function of the databases changes nothing, on all that have it."""
    from lback.core.sql.functions import is_pure
    from lback.core.sql.tokens import grammars_of

    schema, _, last = name.rpartition(".")
    return is_pure(last, schema, grammars_of(EVERY_DIALECT))


def column_of(table: TableV, name: str) -> ExprV:
    """Return a column of a table, as an expression."""
    uses = tuple(Use("column", name, text) for text in table.names)
    return ExprV(name, uses, table.names, name)


_HIDDEN = ("SQL that is not in the text",)


def expression(value: Value, table: str | None = None) -> ExprV:  # noqa: PLR0912
    """Return a value as an SQL expression, with all that it uses."""
    expressions: list[ExprV] = []
    for option in options(value):
        if isinstance(option, ExprV):
            expressions.append(option)
        elif isinstance(option, SqlV):
            known = option.text
            uses, unread = ((), _HIDDEN) if known is None else uses_of_text(known, table)
            expressions.append(ExprV(known or "", uses, unread=unread))
        elif isinstance(option, ColumnV):
            column = option.known
            uses = (Use("column", column, option.table or table),) if column else ()
            expressions.append(
                ExprV(column or "", uses, (option.table,) if option.table else (), column)
            )
        elif isinstance(option, TableV):
            expressions.append(ExprV("", (), option.names))
        elif isinstance(option, StatementV):
            nested = (option,) if option.kind != "select" else option.nested
            reads = (*option.reads, *(option.tables if option.kind == "select" else ()))
            expressions.append(ExprV("", option.uses, reads, None, nested, option.unread))
        elif isinstance(option, TypeV):
            expressions.append(ExprV("", option.uses))
        elif isinstance(option, SequenceV):
            expressions.append(
                ExprV("", tuple(Use("sequence", name) for name in option.name or ()))
            )
        elif isinstance(option, Seq):
            expressions.extend(expression(inner, table) for inner in option.content.items)
        elif isinstance(option, Map):
            expressions.extend(expression(inner, table) for inner in option.content.items.values())
        elif isinstance(option, Method):
            expressions.append(expression(option.owner, table))
        elif isinstance(option, Row | Rows):
            continue
        elif isinstance(option, Klass) and option.table is not None:
            expressions.append(ExprV("", (), option.table.names))
    return merged(expressions) if len(expressions) != 1 else expressions[0]


def of_arguments(arguments: Arguments, *first: Value) -> ExprV:
    """Return the expression that a call of arguments makes."""
    return merged([expression(value) for value in (*first, *arguments.all())])
