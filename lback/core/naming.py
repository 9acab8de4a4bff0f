"""Names of database objects: when two of them mean one thing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

# The schema that a name without one is in. MySQL's is the database itself, whose name a
# migration does not know; where the dialect is not known, each of these may be it.
_DEFAULT_SCHEMA = {"postgresql": "public", "sqlite": "main", "mssql": "dbo"}
_DEFAULT_SCHEMAS = frozenset(_DEFAULT_SCHEMA.values())
# PostgreSQL cuts longer names, MySQL refuses them.
LONGEST = 63


@lru_cache(maxsize=8192)  # the same few names, thousands of times
def bare(name: str | None) -> str:
    """Return a name without its schema, in one case: where to look, not what is the same."""
    return (name or "").rpartition(".")[2].casefold()


def bare_as_written(name: str) -> str:
    """Return a name without its schema, as it is spelled."""
    return name.rpartition(".")[2]


@lru_cache(maxsize=8192)
def key(name: str | None, dialect: str | None = None) -> str:
    """Return a name such that two of one object are equal: the default schema left out.

    Case does not count: an unquoted name is folded by PostgreSQL, SQLite compares without
    it, and MySQL does either, by its file system.
    """
    schema, _, last = (name or "").rpartition(".")
    schema = schema.rpartition(".")[2].casefold()
    defaults: frozenset[str] = _DEFAULT_SCHEMAS
    if dialect is not None:
        defaults = frozenset({_DEFAULT_SCHEMA.get(dialect, "")})
    last = cut(last.casefold())
    return f"{schema}.{last}" if schema and schema not in defaults else last


def cut(name: str) -> str:
    """Return what PostgreSQL keeps of a name: 63 bytes, and no half letter."""
    if len(name) * 4 <= LONGEST:
        return name
    return name.encode(errors="replace")[:LONGEST].decode(errors="ignore")


def meant(name: str, names: Iterable[str]) -> list[str]:
    """Return those of the names in a database that a name in a text may be.

    A text does not tell whether the name was quoted, and so whether its case counts.
    """
    same = [other for other in names if cut(other.casefold()) == cut(name.casefold())]
    return [name] if name in same and name == name.lower() else same


def schema_of(name: str | None) -> str:
    """Return the schema in a name in one case, "" for the default one."""
    return key(name).rpartition(".")[0]


def beside(table: str | None, name: str | None) -> str | None:
    """Return the name of an index or constraint in the schema of its table, which it is in."""
    schema = (table or "").rpartition(".")[0]
    if not schema or not name or "." in name:
        return name
    return f"{schema}.{name}"


def same_name(left: str | None, right: str | None, dialect: str | None = None) -> bool:
    """Tell whether two names mean one object: a schema left out is the default one, not any."""
    return bool(left) and bool(right) and key(left, dialect) == key(right, dialect)
