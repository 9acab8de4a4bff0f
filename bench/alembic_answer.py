"""What Alembic itself says of projects, each told by its alembic.ini: run as a child process.

`python -m bench.alembic_answer OUTPUT < jobs`, a job being a line `{"config", "folder"}`; writes
one JSON line for each job. A process of its own, since it imports strangers' revision files, with
stand-ins for what they import (see `bench.stubs`).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.config import Config
from alembic.script import Script, ScriptDirectory, base
from alembic.util import load_python_file, to_tuple

from bench.stubs import Finder, Stand


def answer(config: Path) -> dict[str, Any]:
    """Return heads, bases and every revision as Alembic has them, or `refused` with its words.

    `mended` names what had to be lent to files that are too old for the installed libraries.
    """
    mended: list[str] = []
    while True:
        try:
            return {**_told(config), "mended": mended}
        except Exception as refusal:
            mend = _mend(refusal)
            if mend is None or mend in mended:
                return {"refused": f"{type(refusal).__name__}: {refusal}"}
            mended.append(mend)


def _told(config: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they are about shows up as a difference
        scripts = ScriptDirectory.from_config(Config(config))
        revisions = list(scripts.walk_revisions())
        heads = [_head(scripts.get_revision(head)) for head in scripts.get_heads()]
        return {
            "heads": sorted(heads, key=lambda head: head["revision"]),
            "bases": sorted(scripts.get_bases()),
            "revisions": {script.revision: _row(script) for script in revisions},
        }


def _mend(refusal: Exception) -> str | None:
    """Lend what a file of another time needs; return its name, or None if nothing can be done."""
    words = str(refusal)
    if isinstance(refusal, KeyError) and refusal.args == ("",):
        # Alembic up to 1.12 took an empty string for no parent, and so does lback.
        base.util.load_python_file = _load_without_empty_parent
        return "down_revision = '' as None"
    if isinstance(refusal, KeyError) and re.fullmatch(r"[A-Z][A-Z0-9_]+", str(refusal.args[0])):
        os.environ[refusal.args[0]] = "stand"
        return f"${refusal.args[0]}"
    gone = re.search(r"module '(\S+)' has no attribute '(\w+)'", words)
    moved = re.search(r"cannot import name '(\w+)' from '(\S+)'", words)
    if gone or moved:
        module, name = gone.groups() if gone else reversed(moved.groups())
        setattr(sys.modules[module], name, Stand(name))
        return f"{module}.{name}"
    return None


def _load_without_empty_parent(folder: Path, name: str) -> ModuleType:
    module = load_python_file(folder, name)
    if getattr(module, "down_revision", None) == "":
        module.down_revision = None
    return module


def _row(script: Script) -> dict[str, Any]:
    return {
        "down_revisions": list(to_tuple(script.down_revision, default=())),
        "depends_on": list(to_tuple(script.dependencies, default=())),
        "branch_labels": list(to_tuple(getattr(script.module, "branch_labels", None), default=())),
        "doc": script.doc,
        "path": script.path,
        "is_head": script.is_head,
        "is_base": script.is_base,
        "is_merge": script.is_merge_point,
    }


def _head(script: Script) -> dict[str, Any]:
    return {
        "revision": script.revision,
        "doc": script.doc,
        "path": script.path,
        "branch_labels": sorted(script.branch_labels),
    }


def main() -> None:
    jobs = [json.loads(line) for line in sys.stdin]
    Finder([Path(job["folder"]) for job in jobs]).install()
    with contextlib.redirect_stdout(io.StringIO()):  # revision files may print
        answers = [answer(Path(job["config"])) for job in jobs]
    Path(sys.argv[1]).write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")


if __name__ == "__main__":
    main()
