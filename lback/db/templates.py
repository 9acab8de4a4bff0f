"""The files of a new project, as text."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from string import Template

_FILES = {
    "manage.py": "manage.py.txt",
    "alembic.ini": "alembic.ini.txt",
    "migrations/env.py": "env.py.txt",
    "migrations/script.py.mako": "script.py.mako.txt",
}


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


def _read(name: str) -> str:
    return resources.files("lback.db.skeleton").joinpath(name).read_text(encoding="utf-8")
