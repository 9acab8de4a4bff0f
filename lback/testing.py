"""A pytest plugin: each test gets a fresh copy of the migrated database, in milliseconds.

`pytest -p lback.testing`, or `pytest_plugins = ["lback.testing"]` in conftest.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lback.errors import LbackError
from lback.files import FileLock, write_whole

if TYPE_CHECKING:
    from lback.db.templates.ahead import Copies
    from lback.db.templates.building import Template

_TEMPLATE = "from lback.project.copies.handing import main; main()"
_CHECK = "from lback.cli.main import main; main(prog='lback')"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what may stand in the configuration of pytest."""
    parser.addini("lback_directory", "The folder of the Alembic project, from pytest's root.")
    parser.addini("lback_url", "The URL of a database, beside which copies for tests are made.")


@pytest.fixture(scope="session")
def lback_url(pytestconfig: pytest.Config) -> str | None:
    """Return the URL beside which copies are made; None for the one that env.py connects to.

    Override it where only your tests know: with a server that they start, for one.
    """
    return pytestconfig.getini("lback_url") or None


@pytest.fixture(scope="session")
def lback_template(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    lback_url: str | None,
) -> Iterator[Template]:
    """Return the template at head, built at the first time by a process of its own.

    No code of the project is imported into this one, so that the tests find nothing changed.
    """
    # Both are slow to import, and a run of pytest without these fixtures does without.
    from lback.db.beside.opening import beside, parsed
    from lback.db.templates.building import Template

    folder = _project(pytestconfig)

    def build() -> Mapping[str, Any]:
        return _child(_TEMPLATE, folder, [json.dumps(lback_url)])

    told = _once(pytestconfig, tmp_path_factory, "template", build)
    if "error" in told:
        pytest.fail(f"{told['error']}\n{told['hint']}", pytrace=False)
    where = beside(parsed(told["url"]), Path(told["folder"]), folder)
    yield Template(where, told["name"])
    where.close()


@pytest.fixture(scope="session")
def _copies(lback_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    from lback.db.beside.opening import beside
    from lback.db.templates.ahead import Copies

    source = lback_template
    if source.url.get_backend_name() == "sqlite":  # among the other files of this run
        folder = tmp_path_factory.getbasetemp() / "lback"
        place = beside(source.url, folder, folder)
        source = replace(source, beside=place, home=source.beside)
    copies = Copies(source)
    yield copies
    copies.close()


@pytest.fixture
def migrated_url(_copies: Copies) -> Iterator[str]:
    """Return the URL of a fresh copy of the database at head; it is dropped after the test."""
    url = _copies.take()
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        _copies.give_back(url)


@pytest.fixture(scope="session")
def lback_findings(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Mapping[str, Any], ...]:
    """Return what `lback check --models=all` finds, of which the ready tests tell."""
    folder = _project(pytestconfig)

    def check() -> Mapping[str, Any]:
        return _child(_CHECK, folder, ["check", "--models=all", "--json"])

    told = _once(pytestconfig, tmp_path_factory, "findings", check)
    if told.get("error"):
        pytest.fail(f"{told['error']['message']}\n{told['error']['hint']}", pytrace=False)
    return tuple(told["findings"])


def _project(config: pytest.Config) -> Path:
    return Path(config.rootpath, config.getini("lback_directory") or ".")


def _once(
    config: pytest.Config,
    factory: pytest.TempPathFactory,
    name: str,
    work: Callable[[], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Do some work once for all workers of pytest-xdist; the first one does it, others wait."""
    base = factory.getbasetemp()
    if hasattr(config, "workerinput"):
        base = base.parent
    note = base / f"lback-{name}.json"
    lock = FileLock(base / f"lback-{name}.lock")
    lock.attempt(wait=True)
    try:
        with suppress(OSError):
            told: Mapping[str, Any] = json.loads(note.read_text())
            return told
        told = work()
        # It may hold a password.
        write_whole(note, json.dumps(told).encode(), 0o600)
        return told
    finally:
        lock.release()


def _child(code: str, folder: Path, arguments: list[str]) -> Mapping[str, Any]:
    """Run a piece of Python in the project's folder, where it finds what pytest finds."""
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        check=False,
    )
    try:
        return json.loads(done.stdout)  # type: ignore[no-any-return]
    except ValueError:
        spoken = done.stderr.decode("utf-8", "replace")
        raise LbackError(f"lback ended with status {done.returncode}: {spoken}") from None
