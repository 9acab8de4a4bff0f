"""The formats that machines read; each is a module of its own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from lback.core.checks.findings import Finding
from lback.core.display import encoded, visible
from lback.core.results import Result

_MODULES: Mapping[str, str] = {
    "concise": "concise",
    "github": "github",
    "gitlab": "gitlab",
    "sarif": "sarif",
    "junit": "junit",
    "markdown": "markdown",
    "mermaid": "mermaid",
    "dot": "dot",
    "html": "html",
    "entities": "entities",
}


def render(result: Result, form: str) -> str:
    """Return a whole report in one of the formats, without a line break at its end."""
    text: str = import_module(f"lback.formats.{_MODULES[form]}").render(result)
    return text


def valid(text: str) -> str:
    """Return a text that every encoder takes: bytes of a path that are no UTF-8 become U+FFFD."""
    return encoded(text).decode("utf-8", "replace")


def whole(finding: Finding) -> str:
    """Return what a person needs to read of one finding: the message, then the way out."""
    return "\n".join(visible(part) for part in (finding.message, hint_of(finding)) if part)


def hint_of(finding: Finding) -> str:
    """Return the way out as a sentence of its own, "" where there is none."""
    return finding.hint[:1].upper() + finding.hint[1:]
