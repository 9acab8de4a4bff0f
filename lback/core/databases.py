"""Which database one is, of the several that one env.py may run migrations on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args

from lback.core.results import text_only
from lback.errors import LbackError

DatabaseState = Literal[
    "done",
    "current",
    "pending",
    "empty",
    "behind",
    "ahead",
    "diverged",
    "failed",
    "locked",
    "unreachable",
    "lost",
    "killed",
    "interrupted",
    "left",
]
"""How the turn of one of several databases has ended, or where it stands; `left` had no turn."""
STATES: tuple[str, ...] = get_args(DatabaseState)
BAD = frozenset(STATES[STATES.index("failed") :])
"""What a person has to do something about."""
_Row = TypeVar("_Row", bound="NamedDatabase")


@dataclass(frozen=True, slots=True)
class DatabaseName:
    """What a database is called, and what tells it from the others.

    `url` has no password; `schema` is "" where it is the default one; `name` is what env.py
    calls it, "" where it does not; `table` keeps the stamp. `number` counts those that are alike
    in all of that. `apart`: plain names go to its schema, and not to the default one.
    """

    url: str
    schema: str = ""
    name: str = ""
    table: str = "alembic_version"
    number: int = 1
    apart: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        """Return a short id of the same database in every run, whatever env.py calls it."""
        return _key((self.url, self.schema, self.table, str(self.number)))

    @property
    def locked(self) -> str:
        """Return the schema that has a lock of its own, "" for the whole database."""
        return self.schema if self.apart else ""

    @property
    def short(self) -> str:
        """Return the shortest of its names: for a column, or a file."""
        return self.name or self.schema or self.url

    @property
    def distinct(self) -> bool:
        """Tell whether it has more of a name than its URL."""
        return bool(self.name or self.schema or self.number > 1)

    def __str__(self) -> str:
        where = f"{self.url}, schema {self.schema}" if self.schema else self.url
        where += f", number {self.number}" if self.number > 1 else ""
        return f"{self.name} ({where})" if self.name and self.name != self.schema else where


@lru_cache(maxsize=256)
def _key(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class NamedDatabase:
    """One of the databases of a result; `message` says why it failed, None where it did not.

    `name` is what env.py calls it. `url` is None where it is not known which one it is.
    """

    name: str | None
    url: str | None
    schema: str | None
    message: str | None = None
    hint: str | None = None
    title: str = text_only(default="env.py")
    key: str = text_only(default="")

    @classmethod
    def of(
        cls: type[_Row], database: DatabaseName | None, error: LbackError | None, **own: Any
    ) -> _Row:
        """Return the row of a database with the fields of its own."""
        told = (error.message, error.hint) if error is not None else (None, None)
        if database is None:
            return cls(name=None, url=None, schema=None, message=told[0], hint=told[1], **own)
        return cls(
            name=database.name or None,
            url=database.url,
            schema=database.schema or None,
            message=told[0],
            hint=told[1],
            title=str(database),
            key=database.key,
            **own,
        )


@dataclass(frozen=True, kw_only=True)
class StatedDatabase(NamedDatabase):
    """One of the databases of a result, and the state that a summary counts it under."""

    state: DatabaseState = "done"
