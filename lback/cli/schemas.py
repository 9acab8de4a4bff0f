"""The JSON Schema of each command; `python -m lback.cli.schemas` writes them to lback/schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeGuard

from lback.cli.group import COMMANDS
from lback.core.json_schema import schema_of
from lback.core.results import Result
from lback.core.shell import named
from lback.errors import UsageError
from lback.files import write_whole

FOLDER = Path(__file__).parents[1] / "schemas"


def schema_text(command: str) -> str:
    """Return the schema of what a command prints; UsageError lists the commands."""
    if command not in COMMANDS:
        raise UsageError(
            f"There is no command {named(command)}.", f"The commands are {', '.join(COMMANDS)}."
        )
    return json.dumps(schema_of(result_of(command)), indent=2)


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file of the package that holds a schema, and what it has to hold."""
    for command in COMMANDS:
        yield FOLDER / f"{command}.json", schema_text(command) + "\n"


def result_of(command: str) -> type[Result]:
    """Return the type of what a command's use case returns."""
    kinds = [
        value for value in vars(import_module(f"lback.app.{command}")).values() if _is_kind(value)
    ]
    return next(kind for kind in kinds if vars(kind).get("command") == command)


def _is_kind(value: object) -> TypeGuard[type[Result]]:
    return isinstance(value, type) and issubclass(value, Result)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for place, text in files():
        write_whole(place, text.encode())
