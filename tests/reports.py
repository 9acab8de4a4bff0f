"""What `--json` printed, held against the schema of its command."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from lback.cli.group import COMMANDS
from lback.cli.schemas import result_of
from lback.core.json_schema import schema_of
from lback.core.results import Result


def report_of(said: str) -> dict[str, Any]:
    """Return the one object that a command printed; each key of it is named by its schema."""
    report: dict[str, Any] = json.loads(said)
    _validator(report["command"]).validate(report)
    return report


def checked(result: Result) -> dict[str, Any]:
    """Return the object that `--json` would print of a result, held against its schema too."""
    return report_of(json.dumps(result.as_dict()))


@cache
def _validator(command: str) -> Draft202012Validator:
    # A line that names no command has nothing to show but an error, the help or the version.
    # That each is a schema is shown in tests/cli/test_schemas.py; to ask takes a third of a second.
    return Draft202012Validator(
        _closed(schema_of(result_of(command) if command in COMMANDS else _Nothing))
    )


class _Nothing(Result):
    """What a line shows that names no command."""

    command = ""


def _closed(schema: Any) -> Any:
    """Return a schema that allows the keys alone that it names."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("required"), list):
        closed.setdefault("additionalProperties", False)
    return closed
