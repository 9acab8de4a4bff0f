"""Methods of what SQLAlchemy makes: tables, types, statements, the dialect."""

from __future__ import annotations

from dataclasses import replace

from lback.core.interpreter.choices import dialect_named, dialects_whose
from lback.core.interpreter.discharge import Discharge, effects, pure, unknown
from lback.core.interpreter.library import tables_made
from lback.core.interpreter.library.column_values import with_variant
from lback.core.interpreter.library.core_statements import chain, dml, select
from lback.core.interpreter.library.sql_sink import send, statement
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import (
    HIDDEN,
    ColumnV,
    ConstraintV,
    IndexV,
    MetaDataV,
    SequenceV,
    SqlV,
    StatementV,
    TableV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import of_arguments
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    Arguments,
    Dialect,
    Seq,
    Value,
)  # fmt: skip

# -- SQLAlchemy --------------------------------------------------------------------


def table_method(machine: Machine, owner: TableV, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a table."""
    if name in ("insert", "update", "delete"):
        made = dml(name)(machine, Arguments([owner]))
        return pure(f"Table.{name}", chain(machine, made, "values", arguments))
    if name == "select":
        return pure("Table.select", select(machine, Arguments([owner, *arguments.all()])))
    if name in ("create", "drop"):
        guard = arguments.get(1, "checkfirst", False)
        with machine.unsure(guard is not False, guarded=guard is True):
            (tables_made.create if name == "create" else tables_made.drop)(machine, owner)
        return effects(None)
    if name in ("join", "outerjoin"):
        return pure(f"Table.{name}", owner)
    if name in ("alias", "tablesample"):
        called = strings(arguments.get(0 if name == "alias" else 1, "name", PLAIN)) or HIDDEN
        return pure(f"Table.{name}", replace(owner, called=called))
    if name in ("to_metadata", "tometadata"):
        return pure(f"Table.{name}", _copied(machine, owner, arguments))
    if name in ("append_column", "append_constraint"):
        for value in arguments.positional:
            known = isinstance(value, ColumnV | ConstraintV)
            machine.state.set(owner, "items", (*owner.items, value if known else None))
        return pure(f"Table.{name}", None)
    if name in ("c", "columns", "exists", "count", "corresponding_column", "is_derived_from"):
        return pure(f"Table.{name}", of_arguments(arguments, owner))
    return unknown(machine, f"Table.{name}() is not a method that is known", owner.names)


def _copied(machine: Machine, owner: TableV, arguments: Arguments) -> TableV:
    """Return the copy of a table in another MetaData, which may call it otherwise."""
    metadata, given = arguments.get(0, "metadata"), arguments.get(2, "name")
    schema = arguments.get(1, "schema", PLAIN)
    made = replace(owner, called=None)
    if given is not None:
        prefixes = [name.rpartition(".")[:2] for name in owner.names]
        made.names = tuple("".join(a) + b for a in prefixes for b in strings(given) or ())
    if schema is None or isinstance(schema, str):
        prefix = f"{schema}." if schema else ""
        made.names = tuple(prefix + name.rpartition(".")[2] for name in made.names)
    elif not isinstance(metadata, MetaDataV) or metadata.schema is not None:
        # It keeps its schema, or takes that of the MetaData: as the one where it is now says.
        other = f"{metadata.schema}." if isinstance(metadata, MetaDataV) else ""
        moved = tuple(other + name.rpartition(".")[2] for name in made.names)
        plain = all("." not in name for name in made.names)
        made.names = moved if plain and other else tuple(dict.fromkeys((*made.names, *moved)))
    if isinstance(metadata, MetaDataV):
        machine.state.set(metadata, "held", (*metadata.held, made))
    return made


def metadata_method(
    machine: Machine, owner: MetaDataV, name: str, arguments: Arguments
) -> Discharge:
    """Follow a method of a MetaData."""
    if name in ("clear", "remove"):
        gone = owner.tables if name == "clear" else arguments.positional
        sure = all(value in owner.tables for value in gone)
        left = tuple(table for table in owner.held if not any(table is other for other in gone))
        machine.state.set(owner, "held", left if sure else (*left, None))
        return pure(f"MetaData.{name}", None)
    if name in ("reflect", "bind", "prepare"):
        machine.state.set(owner, "held", (*owner.held, None))
        return pure(f"MetaData.{name}", None)
    if name not in ("create_all", "drop_all"):
        return unknown(machine, f"MetaData.{name}() is not a method that is known")
    chosen = arguments.get(1, "tables")
    listed: list[Value] = list(owner.tables)
    known = owner.known
    if chosen is not None:
        known = isinstance(chosen, Seq) and not chosen.content.open
        listed = list(chosen.content.items) if isinstance(chosen, Seq) else []
    # It skips what exists, so nothing of it is certain.
    guard = arguments.get(2, "checkfirst", True)
    with machine.unsure(guard is not False or not known, guarded=guard is True):
        for item in listed:
            if isinstance(item, TableV):
                (tables_made.create if name == "create_all" else tables_made.drop)(machine, item)
            else:
                known = False
    if not known or not listed:
        return unknown(machine, f"{name}() of tables that are not in the text")
    return effects(None)


def element_method(
    machine: Machine,
    owner: TypeV | IndexV | SequenceV | ConstraintV,
    name: str,
    arguments: Arguments,
) -> Discharge:
    """Follow a method of a type, an index, a sequence or a constraint."""
    if name in ("create", "drop"):
        postgresql = isinstance(owner, TypeV) and owner.postgresql
        guarded = arguments.get(1, "checkfirst", postgresql or isinstance(owner, SequenceV))
        if isinstance(owner, TypeV) and not owner.enum:
            return pure("a type that is no object of the database", None)
        with machine.unsure(guarded is not False, guarded=guarded is True):
            if isinstance(owner, TypeV):
                tables_made.enum(machine, name, owner)
            else:
                verb = "create" if name == "create" else "drop"
                statement(machine, StatementV(f"{verb} element", element=owner))
        return effects(None)
    if isinstance(owner, TypeV) and name == "with_variant":
        return pure("TypeEngine.with_variant", with_variant(owner, arguments))
    if isinstance(owner, SequenceV) and name == "next_value":
        return pure("Sequence.next_value", of_arguments(arguments, owner))
    if isinstance(owner, TypeV) and name in _OF_TYPES:
        return pure(f"TypeEngine.{name}", owner)
    if isinstance(owner, ConstraintV | IndexV) and name in ("ddl_if", "copy", "to_metadata"):
        return pure("a part of a table", owner)
    return unknown(machine, f"{name}() of a part of the schema is not a method that is known")


_OF_TYPES = frozenset(
    """copy adapt dialect_impl evaluates_none as_mutable load_dialect_impl compile with_collation
    get_dbapi_type python_type bind_processor result_processor ddl_if""".split()  # noqa: SIM905
)
_CHAINED = frozenset(
    """values where filter filter_by order_by group_by having limit offset join outerjoin
    select_from returning options distinct with_only_columns add_columns add_cte correlate
    correlate_except execution_options with_for_update prefix_with suffix_with with_hint
    with_statement_hint union union_all intersect except_ from_select ordered_values inline
    on_conflict_do_nothing on_conflict_do_update on_duplicate_key_update params column
    columns with_dialect_options fetch slice return_defaults selectable compile bindparams
    subquery cte alias scalar_subquery label lateral as_scalar exists is_ is_not in_ not_in notin_
    any all_ any_ over cast self_group group_by type correlate execution_options
    with_loader_criteria join_from outerjoin_from reduce_columns from_statement using
    set_label_style execute_if against""".split()  # noqa: SIM905
)


def statement_method(
    machine: Machine, owner: StatementV | SqlV, name: str, arguments: Arguments
) -> Discharge:
    """Follow a method of a statement or of SQL text."""
    if name == "execute":
        return send(machine, owner)
    if name == "scalar":
        send(machine, owner)
        return effects(PLAIN)
    if isinstance(owner, SqlV):
        if name == "execute_if":
            return pure("DDL.execute_if", owner)
        if name in _CHAINED or name in ("strip", "columns", "self_group"):
            return pure(f"text.{name}", owner)
        return unknown(machine, f"{name}() of SQL text is not a method that is known")
    if name in _CHAINED:
        return pure(f"a statement's {name}", chain(machine, owner, name, arguments))
    return unknown(machine, f"{name}() of a statement is not a method that is known", owner.tables)


def dialect_method(owner: Dialect, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of the dialect or of its name."""
    first = arguments.get(0, "x")
    if name in ("startswith", "endswith", "__contains__") and isinstance(first, str):
        fits = {
            "startswith": lambda value: value.startswith(first),
            "endswith": lambda value: value.endswith(first),
        }.get(name, lambda value: first in value)
        return pure(f"a dialect's {name}", dialects_whose(fits))
    if name == "__eq__" and isinstance(first, str):
        return pure("a dialect's __eq__", dialect_named(first))
    if name in ("lower", "strip", "casefold"):
        return pure(f"a dialect's {name}", owner)
    if name in ("has_table", "has_index", "has_sequence", "get_columns", "get_table_names"):
        return pure(f"a dialect's {name}", ANY)
    return pure(f"a dialect's {name}", PLAIN)
