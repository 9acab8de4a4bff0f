"""What every kind of server can do with databases that lback makes there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class MadeDatabase:
    """A database that lback has made: its name, and when it was last used, in seconds.

    `used` is 0.0 where that is not known. `busy` has connections.
    """

    name: str
    used: float = 0.0
    busy: bool = False


class Databases(ABC):
    """Databases beside the one that a URL names: on its server, or in a folder of files.

    Only names that lback gives are dropped: those of templates, which are marked, those of
    `core.copies.names.new_name`, and whatever a caller has noted as its own copy.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.find_program: Callable[[str], Path | None] = lambda _name: None
        """Finds programs of the server's makers, where it is safe to start them."""

    @abstractmethod
    def named(self, name: str) -> URL:
        """Return the URL of a database by its name."""

    @abstractmethod
    def about(self) -> Sequence[str]:
        """Return what of the server, and of the database of `url`, a schema may depend on."""

    @abstractmethod
    def exists(self, url: URL) -> bool:
        """Tell whether there is a database."""

    @abstractmethod
    def create(self, name: str, source: URL | None = None) -> None:
        """Make a database: empty, or with all that `source` has.

        LbackError where somebody is at work with the source.
        """

    @abstractmethod
    def drop(self, name: str) -> None:
        """Drop a database that lback has made, with whoever is connected to it; none is fine."""

    @abstractmethod
    def templates(self) -> Mapping[str, MadeDatabase]:
        """Return the complete templates, by name."""

    @abstractmethod
    def seal(self, half: str, name: str, note: str) -> None:
        """Make a complete template of what is half built, unless there is one by now."""

    @abstractmethod
    def use(self, name: str) -> None:
        """Note that a template is in use, so that it is not pruned."""

    @abstractmethod
    def leftovers(self) -> Sequence[MadeDatabase]:
        """Return the copies and what is half built, of this process and of others."""

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one at a time build a template; to wait in vain is harmless, for all build apart."""
        yield

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections."""


class InUseError(LbackError):
    """Says that a database cannot be copied while somebody is connected to it."""

    def __init__(self, name: str, who: Sequence[str]) -> None:
        super().__init__(
            f"{name} cannot be copied while it is in use by {', '.join(who) or 'somebody'}.",
            "Stop what is connected to it, or have pg_dump and psql on PATH.",
        )
