"""The options that every command has, and the environment that they name."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lback.core.shell import given

if TYPE_CHECKING:
    from lback.core.listed.databases import ListedDatabase

DEFAULT_SECTION = "alembic"
_FIELDS = "//"  # in no path that is spelled as short as it can be


@dataclass(slots=True)
class Options:
    """The common options of the contract, section 3, with their defaults."""

    directory: str | None = None
    config: str | None = None
    name: str | None = None
    x: tuple[str, ...] = ()
    script_location: str | None = None
    json: bool = False
    json_lines: bool = False
    """What is printed as JSON is one line, or several such."""
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_input: bool = False
    color: str = "auto"
    no_pager: bool = False
    command: str = ""
    """Which command it is; told by the command line itself."""
    answered: bool = False
    """The one object of `--json` has been printed."""
    args: tuple[str, ...] = ()
    """The command line itself."""
    only: str | None = None
    """Which one of the environments below is meant, where another process goes through them."""
    database: str | None = None
    """The name of the one that is meant, of those that the project lists."""
    listed: ListedDatabase | None = None
    """The same, found already."""
    in_a_clone: tuple[str, ...] = ()
    """What names the environment for whoever reads the answer of a bare repository."""

    @property
    def place(self) -> tuple[str, ...]:
        """Return the words of a command line that say which environment it is about."""
        if self.in_a_clone:
            return self.in_a_clone
        said = {"-C": self.directory, "-c": self.config, "-n": self.name, "--db": self.database}
        return tuple(part for flag, value in said.items() if value for part in given(flag, value))


class Environment(NamedTuple):
    """One Alembic configuration of a repository.

    `folder` is relative to the root ("." for the root itself), `config` to the folder; None
    for the file that is found there without being named.
    """

    folder: str
    config: str | None = None
    section: str = DEFAULT_SECTION

    @classmethod
    def parse(cls, value: str) -> Environment:
        """Read what `spelled` has written; a folder alone is one, too."""
        folder, config, section, *_ = (*value.split(_FIELDS, 2), "", "")
        return cls(folder, config or None, section or DEFAULT_SECTION)

    def spelled(self) -> str:
        """Return it as one text."""
        section = "" if self.section == DEFAULT_SECTION else self.section
        return _FIELDS.join((self.folder, self.config or "", section)).rstrip("/")

    @property
    def name(self) -> str:
        """Return the short name: the folder, with what else tells it from its neighbours."""
        parts = [self.config or "", f"[{self.section}]" if self.section != DEFAULT_SECTION else ""]
        if self.folder != "." or not any(parts):
            parts.insert(0, self.folder)
        return " ".join(filter(None, parts))

    def options(self, given: Options, root: Path, start: Path | None = None) -> Options:
        """Return the options of a command that is about it.

        The folder is absolute, or as one writes it who stands in `start`, which is where
        `given` leads to. An empty `config` keeps the one of the variables away.
        """
        inner = os.path.normpath(root / self.folder)
        if start is not None:
            inner = os.path.normpath(Path(given.directory or "", os.path.relpath(inner, start)))
        return replace(
            given,
            directory=None if inner == "." else inner,
            config=self.config or "",
            name=None if self.section == DEFAULT_SECTION else self.section,
        )
