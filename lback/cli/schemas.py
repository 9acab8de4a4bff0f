"""The JSON Schema of each command; `python -m lback.cli.schemas` writes them to lback/schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from lback.cli.group import COMMANDS
from lback.core.json_schema import schema_of
from lback.core.results import Result
from lback.core.shell import named
from lback.errors import UsageError
from lback.files import write_whole

FOLDER = Path(__file__).parents[1] / "schemas"


def schema_text(command: str) -> str:
    """Return the schema of what a command prints; UsageError lists the commands."""
    kind = result_of(command)
    if kind is None:
        raise UsageError(
            f"No JSON Schema for {named(command)}.",
            f"The commands are {', '.join(COMMANDS)}.",
        )
    return json.dumps(schema_of(kind), indent=2)


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file of the package that holds a schema, and what it has to hold."""
    for command in COMMANDS:
        if result_of(command) is not None:
            yield FOLDER / f"{command}.json", schema_text(command) + "\n"


def result_of(command: str) -> type[Result] | None:
    """Return the type of what a command's use case returns, None for an unknown command."""
    if command not in COMMANDS:
        return None
    module = import_module(f"lback.app.{command}")
    kinds = [one for one in vars(module).values() if isinstance(one, type)]
    return next(
        (one for one in kinds if issubclass(one, Result) and vars(one).get("command") == command),
        None,
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for place, text in files():
        write_whole(place, text.encode())
