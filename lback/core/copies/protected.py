"""Databases of which lback makes no copy, and beside which it makes none."""

from __future__ import annotations

from collections.abc import Iterable

from lback.core.globs import fits


def protecting(patterns: Iterable[str], host: str, database: str) -> str | None:
    """Return the first pattern that means a database; None where none does.

    A pattern means a host, a database, or `host/database`; letters are the same in both cases.
    """
    names = [name.casefold() for name in (host, database, f"{host}/{database}") if name]
    return next(
        (pattern for pattern in patterns if any(fits(pattern.casefold(), name) for name in names)),
        None,
    )
