"""The files of a new project, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from string import Template

_FILES = {
    "manage.py": "manage.py.txt",
    "alembic.ini": "alembic.ini.txt",
    "migrations/env.py": "env.py.txt",
    "migrations/script.py.mako": "script.py.mako.txt",
}

# What a project is given that starts with lback: a database, and names of files.
_OWN = re.compile(r"^(?:# Used where|file_template|sqlalchemy\.url).*\n", re.MULTILINE)


def render_project(models: str) -> Mapping[str, str]:
    """Return path and text of each file of a new project, relative to its folder.

    `models` is "package.module:Base": a declarative base, a MetaData, or what has one.
    """
    module, _, name = models.partition(":")
    name = name or "Base"
    first = name.split(".")[0]
    metadata = name if name.lower().endswith("metadata") else f"{name}.metadata"
    texts = {path: _read(source) for path, source in _FILES.items()}
    texts["migrations/env.py"] = Template(texts["migrations/env.py"]).substitute(
        module=module, name=first, metadata=metadata
    )
    texts["migrations/versions/.gitkeep"] = ""
    return texts


def render_configuration(location: str) -> str:
    """Return an alembic.ini for migrations that are there; env.py says which database."""
    ini = _read(_FILES["alembic.ini"])
    return _OWN.sub("", ini).replace("%(here)s/migrations", f"%(here)s/{location}")


def _read(name: str) -> str:
    return resources.files("lback.db.skeleton").joinpath(name).read_text(encoding="utf-8")
