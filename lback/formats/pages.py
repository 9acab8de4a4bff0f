"""The page of a code, the same as in docs/checks/, and where the project is at home."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

_PACKAGE = "lback-migrations"
# As in [project.urls]; the metadata of the package would cost a report its reading.
HOME = "https://github.com/lback/lback"


def page_of(code: str) -> str:
    """Return the page of a code as Markdown, "" where it was not shipped."""
    package = Path(__file__).parents[1]
    # The wheel carries the pages; a source checkout has them where people read them.
    for folder in (package / "_checks", package.parent / "docs" / "checks"):
        page = folder / f"{code}.md"
        if page.is_file():
            return page.read_text(encoding="utf-8")
    return ""


def about(code: str) -> str:
    """Return what a page says a code means, in one line."""
    paragraphs = page_of(code).split("\n\n")
    return _one_line(paragraphs[1]) if len(paragraphs) > 1 else ""


def fix(code: str) -> str:
    """Return what a page says is to be done, in one line."""
    match = re.search(r"\*\*Fix:\*\*(.*?)(?:\n\n|\Z)", page_of(code), re.S)
    return _one_line(match[1]) if match else ""


def _one_line(text: str) -> str:
    return " ".join(text.replace("**", "").split())


@cache
def version() -> str:
    """Return the version of this program."""
    try:
        return installed(_PACKAGE)
    except PackageNotFoundError:
        return "0"
