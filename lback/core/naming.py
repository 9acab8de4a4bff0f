"""Names of database objects: when two of them may mean one thing."""

from __future__ import annotations

from functools import lru_cache

# Schemas that people leave out.
_DEFAULT_SCHEMAS = frozenset({"public", "main", "dbo"})


@lru_cache(maxsize=8192)  # the same few names, thousands of times
def bare(name: str | None) -> str:
    """Return a name without its schema, in one case."""
    return (name or "").rpartition(".")[2].casefold()


def same_name(left: str | None, right: str | None) -> bool:
    """Tell whether two names may mean one object: a schema that is left out may be any."""
    if not left or not right or bare(left) != bare(right):
        return False
    if left == right:
        return True
    schemas = [one.rpartition(".")[0].casefold() for one in (left, right)]
    if not all(schemas):
        # Left out on one side, and named and not the default on the other: it may still be
        # the search path or the schema of a tenant, so it is taken for the same.
        return True
    return schemas[0] == schemas[1] or all(one in _DEFAULT_SCHEMAS for one in schemas)
