"""Write the pages of the reference that are read off the program: commands and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from sphinx.application import Sphinx

import lback
from lback.cli.group import COMMANDS
from lback.cli.main import program
from lback.core.checks.findings import CODES

PLACE = "reference"
_EVERYWHERE = frozenset({"EnvironmentReport", "FindingKeys", "CommitKeys"})
PYTHON = """# Python

```{eval-rst}
.. automodule:: lback.urls
   :members:

.. automodule:: lback.testing
   :members: lback_url, migrated_url, lback_findings

.. automodule:: lback.migration_tests
   :members:
```
"""


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for what there is."""
    app.connect("config-inited", lambda app, _config: write(Path(app.srcdir)))
    return {"parallel_read_safe": True}


def write(source: Path) -> None:
    """Write each page that is not there as it should be."""
    folder = source / PLACE
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def pages() -> Mapping[str, str]:
    """Return the text of each page by its name."""
    return {
        "commands.md": "\n".join(_commands()),
        "json.md": "\n".join(_json()),
        "codes.md": "\n".join(_codes()),
        "python.md": PYTHON,
    }


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "As `lback COMMAND --help` prints them.\n"
    context = click.Context(program, info_name="lback")
    for name in sorted(COMMANDS):
        command = program.get_command(context, name)
        assert command is not None
        yield from _command(command, context, name, 2)


def _command(command: click.Command, above: click.Context, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=above, max_content_width=80)
    yield f"{'#' * level} {context.command_path}\n"
    yield f"```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            assert inner is not None
            yield from _command(inner, context, below, level + 1)


def _json() -> Iterator[str]:
    yield "# JSON\n"
    yield (
        "What `--json` prints: `data` of each command, and what stands in it. "
        "`lback --json-schema COMMAND` prints the whole schema.\n"
    )
    for path in sorted((Path(lback.__file__).parent / "schemas").glob("*.json")):
        yield f"## {path.stem}\n"
        kinds: Mapping[str, Any] = json.loads(path.read_text()).get("$defs", {})
        for name, kind in kinds.items():
            if name in _EVERYWHERE or not kind.get("properties"):
                continue
            yield f"**{name}**\n"
            yield "| key | type |\n|---|---|"
            for key, value in kind["properties"].items():
                yield f"| `{key}` | {_type(value)} |"
            yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    if isinstance(kind, list):
        return " or ".join(kind)
    forms = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return str(kind) if kind else " or ".join(dict.fromkeys(map(_type, forms))) or "any"


def _codes() -> Iterator[str]:
    yield "# Finding codes\n"
    yield "| code | severity | says |\n|---|---|---|"
    for code, (severity, title) in CODES.items():
        yield f"| [{code}](../checks/{code}.md) | {severity} | {title} |"
    yield ""
