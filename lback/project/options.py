"""The options that every command has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    """The common options of the contract, section 3, with their defaults."""

    directory: str | None = None
    config: str | None = None
    name: str | None = None
    x: tuple[str, ...] = ()
    script_location: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_input: bool = False
    color: str = "auto"
    command: str = ""
    """Which command it is; told by the command line itself."""
    answered: bool = False
    """The one object of `--json` has been printed."""
