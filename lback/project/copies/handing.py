"""Hands a template to another process: builds it where needed, and prints where it is."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Any

from lback.errors import LbackError
from lback.project.context import Context, folder_of
from lback.project.copies.templates import template_at


def main() -> None:
    """Print the template of the current folder's project as JSON; the URL may be an argument."""
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        told = _told(json.loads(sys.argv[1]))
    json.dump(told, out)


def _told(url: str | None) -> dict[str, Any]:
    from lback.db.templates.building import prune

    ctx = Context()
    try:
        made = template_at(ctx, url=url)
        prune(made.beside, keep=(made.name,))
    except LbackError as err:
        return {"error": err.message, "hint": err.hint or ""}
    return {
        "name": made.name,
        "url": made.beside.url.render_as_string(hide_password=False),
        "folder": str(folder_of(ctx, "templates")),
    }
