"""The house as it was meant: rooms of a size, no circles, and no module for one other alone."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.house import ROOT, House, report

# Each of these is a family: a verb, a format, a kind of statement is a room of its own.
FAMILIES = (
    "lback.app.",
    "lback.cli.commands.",
    "lback.core.altering.",
    "lback.core.graph.",
    "lback.core.interpreter.",
    "lback.core.messages.",
    "lback.core.sql.",
    "lback.db.beside.",
    "lback.db.comparing.",
    "lback.db.locking.",
    "lback.db.record.",
    "lback.db.squashing.",
    "lback.db.statements.",
    "lback.formats.",
    "lback.project.checking.",
    "lback.project.githooks.",
)
# Every other room for one alone, and why it is one.
ROOMS: dict[str, str] = {
    "lback.__main__": "where Python starts",
    "lback.comment": "a program of its own for CI",
    "lback.testing": "a plugin of pytest",
    "lback.migration_tests": "ready tests of a project",
    "lback.cli.main": "where the program starts",
    "lback.cli.schemas": "a program of its own, which writes the schemas",
    "lback.cli.tracing": "for --debug alone",
    "lback.cli.progress": "a bar, or lines",
    "lback.cli.waiting": "a line in a thread of its own",
    "lback.cli.workers": "the side of the parent",
    "lback.project.keeping.amending": "down, another text, and up, of one option",
    "lback.project.copies.against": "what models are compared with, and what is tried in turn",
    "lback.core.json_schema": "types in, schema out",
    "lback.core.checks.content": "one hundred of codes",
    "lback.core.merging.footprint_keys": "one kind of effects: indexes and constraints",
    "lback.core.merging.footprint_views": "what lies behind views",
    "lback.core.rollback.calls": "where a column was made or altered, of several that share a text",
    "lback.core.rollback.inverse": "the way back where the author wrote none",
    "lback.core.rollback.leftovers": "upgrade() beside downgrade()",
    "lback.core.rollback.together": "several databases, one rollback",
    "lback.core.rollback.uses": "what others need of a table",
    "lback.core.switch": "what is decided, apart from what is gathered and done",
    "lback.db.batched": "code that goes through rows",
    "lback.db.listed.traces": "what one database leaves for the next",
    "lback.db.passthrough": "Alembic's own command line",
    "lback.db.preflight.asking": "what is asked of rows",
    "lback.db.preflight.reading": "rows that are in the way",
    "lback.db.not_null": "NOT NULL beside rows",
    "lback.db.specimens": "made-up rows",
    "lback.db.new_project": "the files of a new project",
    "lback.db.values": "what people type, and the type of a column",
    "lback.db.templates.ahead": "for tests alone",
    "lback.db.templates.rows_there": "a comparison beside the database",
    "lback.project.copies.handing": "a program of its own, for the plugin",
    "lback.project.copies.imports": "what a file imports, as text",
    "lback.urls": "for settings of a project",
    "lback.project.effects": "effects by blob id, cached",
    "lback.project.pictures.gathering": "what pictures are made of",
    "lback.project.squash.comparing": "what is the same in two databases that were built",
    "lback.project.squash.proving": "a file that is written, run and compared",
    "lback.project.origins": "who wrote a statement",
    "lback.vcs.branching": "where a branch came from",
    "lback.vcs.strays": "files that no commit has",
    "lback.vcs.managers": "other people's hook managers",
}


@pytest.fixture(scope="module")
def house() -> House:
    return House()


def test_no_circles(house: House) -> None:
    assert house.circles() == []


def test_every_module_serves_two_or_is_a_room(house: House) -> None:
    alone = {
        name
        for name, importers in house.importers.items()
        if len(importers) < 2 and not name.startswith(FAMILIES)
    }
    assert sorted(alone - set(ROOMS)) == []
    assert sorted(set(ROOMS) - alone) == []


def test_no_folder_is_a_heap() -> None:
    sizes = Counter(path.parent for path in (ROOT / "lback").rglob("*.py"))
    assert {
        str(folder.relative_to(ROOT)): size for folder, size in sizes.items() if size > 31
    } == {}


def test_packages_are_empty(house: House) -> None:
    """A submodule is not to pay for its siblings."""
    for name, path in house.paths.items():
        if path.name == "__init__.py":
            assert path.read_text() == "", name


def test_to_import_a_module_does_nothing(house: House) -> None:
    def around() -> tuple[Any, ...]:
        handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
        logs = logging.root.handlers[:], logging.root.level
        return Path.cwd(), dict(os.environ), sys.path[:], handlers, logs, threading.active_count()

    before = around()
    for name in house.paths:
        importlib.import_module(name)
        assert around() == before, name


def test_figures(house: House, tmp_path: Path) -> None:
    shop = tmp_path / "lback"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "a.py").write_text("from lback import b\n\n\ndef f():\n    return b\n")
    (shop / "b.py").write_text("def g():\n    from lback.a import f\n    return f\n")
    assert list(report(House(tmp_path))) == [
        "modules                   2",
        "lines                     8",
        "lines of a module         median 5, p90 5, most 5",
        "lines of a function       median 3, p90 3, most 3",
        "imported by one module    2",
        "imports inside functions  1",
        "import circles            1",
    ]
