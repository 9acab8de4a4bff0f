"""What a database really looks like: tables, columns, keys, in a form that JSON can hold.

Runs in the tree's own virtual environment: it knows SQLAlchemy and nothing of lback.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from typing import Any

import sqlalchemy as sa

# Table -> {"columns": {name: [type, nullable, default]}, "keys": {name: text}, "refers":
# {"column, column": table}}.
Picture = dict[str, dict[str, dict[str, Any]]]

VERSION_TABLES = frozenset({"alembic_version"})

# In a table's place: what belongs to the schema as a whole, its types and sequences.
SCHEMA = ""


def picture(connection: sa.Connection) -> Picture:
    """Reflect the whole schema, without Alembic's own table."""
    inspector = sa.inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = inspector.get_multi_columns()
        keys = _keys(inspector)
        refers = _refers(inspector)
    found: Picture = {}
    for place, listed in columns.items():
        table = place[1]
        if table not in VERSION_TABLES:
            about = {one["name"]: _column(one, connection.dialect) for one in listed}
            found[table] = {
                "columns": about,
                "keys": keys.get(table, {}),
                "refers": refers.get(table, {}),
            }
    found[SCHEMA] = {"columns": {}, "keys": _schema_wide(inspector)}
    return found


def _refers(inspector: sa.Inspector) -> dict[str, dict[str, str]]:
    """Return by table to which table its foreign keys refer, those without a name as well."""
    return {
        table: {
            ", ".join(map(str, one["constrained_columns"])): str(one["referred_table"])
            for one in listed or ()
        }
        for (_, table), listed in inspector.get_multi_foreign_keys().items()
    }


def _schema_wide(inspector: Any) -> dict[str, str]:
    """Return the enum types with their values, and the sequences."""
    found = {}
    if hasattr(inspector, "get_enums"):
        found = {one["name"]: f"enum {', '.join(one['labels'])}" for one in inspector.get_enums()}
    with contextlib.suppress(NotImplementedError):
        found |= dict.fromkeys(inspector.get_sequence_names(), "sequence")
    return found


def _column(found: Any, dialect: sa.Dialect) -> list[Any]:
    try:
        shown = found["type"].compile(dialect=dialect)
    except Exception:  # a type that only its own library can spell
        shown = repr(found["type"])
    return [shown, bool(found["nullable"]), _default(found.get("default"))]


def _default(text: str | None) -> str | None:
    """Return a default without the brackets and quotes that a rebuilt table may add or lose."""
    if text is None:
        return None
    bare = text.strip()
    while bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    return re.sub(r"^'(.*)'$", r"\1", bare)


def _keys(inspector: sa.Inspector) -> dict[str, dict[str, str]]:
    """Return what has a name beside the columns: indexes and constraints, by table."""
    found: dict[str, dict[str, str]] = {}
    asked = {
        "index": inspector.get_multi_indexes,
        "unique": inspector.get_multi_unique_constraints,
        "foreign key": inspector.get_multi_foreign_keys,
        "check": inspector.get_multi_check_constraints,
    }
    for kind, ask in asked.items():
        try:
            answer = ask()
        except NotImplementedError:
            continue
        for (_, table), listed in answer.items():
            for one in listed or ():
                if one.get("name") and not one.get("duplicates_constraint"):
                    columns = one.get("column_names") or one.get("constrained_columns") or ()
                    text = f"{kind} {', '.join(map(str, columns))}"
                    found.setdefault(table, {})[str(one["name"])] = text
    return found


def difference(before: Picture, after: Picture) -> dict[str, Any]:
    """Return the tables that differ, as they are afterwards; None for those that are gone."""
    changed: dict[str, Any] = {name: None for name in before if name not in after}
    changed |= {name: one for name, one in after.items() if before.get(name) != one}
    return changed


def changed(before: Picture, difference: dict[str, Any]) -> Picture:
    """Return a picture with a difference applied; the inverse of `difference`."""
    found = {**before, **difference}
    return {name: one for name, one in found.items() if one is not None}
