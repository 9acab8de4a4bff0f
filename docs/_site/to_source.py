"""Lead links that leave the documentation, such as `../examples/many`, to the repository."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

SOURCE = "https://github.com/lback/lback/tree/main/"
_FOLDERS = {"](decisions/)": "](#explanation)"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Change the text of each page as it is read."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}


def _read(app: Sphinx, name: str, text: list[str]) -> None:
    for written, meant in _FOLDERS.items():
        text[0] = text[0].replace(written, meant)
    depth = name.count("/") + 1
    text[0] = re.sub(rf"\]\((?:\.\./){{{depth}}}([\w][\w./-]*)\)", rf"]({SOURCE}\1)", text[0])
