"""What every test stands on: a private HOME, a fixed identity, nothing of the caller's git."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from lback.secrets import KNOWN
from tests.dear import pytest_collection_modifyitems, pytest_report_header
from tests.worlds.processes import COUNTED

__all__ = ["pytest_collection_modifyitems", "pytest_report_header"]

# Before anything imports git: no test may see the machine's own configuration.
for _name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[_name]
os.environ.update(
    GIT_CONFIG_NOSYSTEM="1",
    GIT_AUTHOR_NAME="Ada Lovelace",
    GIT_AUTHOR_EMAIL="ada@example.com",
    GIT_COMMITTER_NAME="Ada Lovelace",
    GIT_COMMITTER_EMAIL="ada@example.com",
    GIT_TERMINAL_PROMPT="0",
    LC_ALL="C.UTF-8",
    NO_COLOR="1",
    BROWSER="true",  # no test opens one
)
# Hundreds of children would each compile what they import, were bytecode not kept.
for _name in ("DATABASE_URL", "ALEMBIC_CONFIG", "FLASK_APP", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(_name, None)

with suppress(ImportError):  # the built package is tried without it
    from hypothesis import HealthCheck, settings

    # No test fails because a machine is busy.
    settings.register_profile(
        "patient",
        parent=settings.default,
        deadline=None,
        suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.too_slow],
    )
    settings.load_profile("patient")


# pytest itself would be traced as well, an eighth of what a run of small tests costs: so the tracer
# is on for what is imported, for a test's function and for fixtures, and for nothing else.
_TRACER = pytest.StashKey[Any]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Take the tracer of coverage off while the tests run; pytest-cov wants it back in the end."""
    session.config.stash[_TRACER] = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(session.config.stash[_TRACER])


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(request.config.stash.get(_TRACER, before))
    yield
    sys.settrace(before)


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Trace a test, unless it is marked; what pytest-cov has for that does not reach workers."""
    if pyfuncitem.get_closest_marker("untraced") is None:
        sys.settrace(pyfuncitem.config.stash.get(_TRACER, None))
    yield
    sys.settrace(None)


@pytest.fixture(scope="session")
def _made_by_tests(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    place = tmp_path_factory.getbasetemp()
    return f"{place}{os.sep}", f"{place.resolve()}{os.sep}"


@pytest.fixture(autouse=True)
def _as_before(request: pytest.FixtureRequest, _made_by_tests: tuple[str, ...]) -> Iterator[None]:
    """Leave nothing of a test behind; one fixture, for every test pays for each of them."""
    url = os.environ.get("DATABASE_URL")
    counted = request.node.get_closest_marker("counted") and os.environ.get("COVERAGE_FILE")
    if counted:
        configuration = request.config.rootpath / "pyproject.toml"
        os.environ[COUNTED] = os.pathsep.join((str(configuration), counted))
    yield
    os.environ.pop(COUNTED, None)
    # A test puts its URL into the environment for commands in this process.
    os.environ.pop("DATABASE_URL", None)
    if url is not None:
        os.environ["DATABASE_URL"] = url
    KNOWN.__init__()  # type: ignore[misc]
    _forget_project(_made_by_tests)


def _forget_project(made_by_tests: tuple[str, ...]) -> None:
    """Forget a project's folder and modules: the next one has `models` and `app` of its own.

    What a fixture of a whole module has imported goes as well: it is no test's own.
    """
    folders = (".", *made_by_tests)
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(folders)]
    sys.path_importer_cache.pop(".", None)  # Python remembers which folder it was
    new = set(sys.modules) - _STAYS
    theirs = {name for name in new if _lies_in(name, made_by_tests)}
    _STAYS.update(new - theirs)
    for name in theirs:
        del sys.modules[name]


# Names of modules that were looked at; a name of a project's module is never among them.
_STAYS: set[str] = set()


def _lies_in(name: str, folders: tuple[str, ...]) -> bool:
    # To ask a lazy module for an attribute would load it.
    known = getattr(sys.modules[name], "__dict__", {})
    # A folder without __init__.py is a module too; it has no file, only places.
    places = (known.get("__file__") or "", *(known.get("__path__") or ()))
    return any(str(place).startswith(folders) for place in places)


@pytest.fixture(scope="session", autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    # Of the template only the folders: the samples would be copied into thousands of repositories.
    for name in ("hooks", "info"):
        (home / "template" / name).mkdir(parents=True)
    (home / ".gitconfig").write_text(
        "[init]\n\tdefaultBranch = main\n"
        f"\ttemplateDir = {home / 'template'}\n"
        "[advice]\n\tdetachedHead = false\n"
        "[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n"
        "[core]\n\tfsync = none\n"
        '[protocol "file"]\n\tallow = always\n'
    )
    os.environ["HOME"] = str(home)
    os.environ["XDG_CONFIG_HOME"] = str(home / ".config")
