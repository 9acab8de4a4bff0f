"""Which trees are driven, on which databases, and the environment that each of them needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.timing import CommandFailed, call
from bench.trees import INI, Absent, wheel_of

DRIVERS = ("alembic", "sqlalchemy", "psycopg2-binary", "pymysql")
OSLO = ("oslo.db", "oslo.log", "oslo.utils", "oslo.config", "oslo.i18n", "oslo.policy")
MORE_OSLO = (
    *OSLO,
    "keystoneauth1",
    "keystonemiddleware",
    "oslo.concurrency",
    "oslo.messaging",
    "oslo.versionedobjects",
)


@dataclass(frozen=True, slots=True)
class Site:
    """One version folder of a package, and where it can run.

    `needs` is None where the package is installed with all it requires; else it is installed
    alone, beside these. `stand_ins`: what it then misses is a stand-in. `start` names a
    MetaData that is created, or a function that is called, before the first revision; `rows`
    are statements that the application would have run before a revision that needs them.
    """

    package: str
    folder: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...] | None = None
    title: str = ""
    extras: tuple[str, ...] = ()
    stand_ins: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    start: str = ""
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.title or self.package

    @property
    def parent(self) -> str:
        """Return the folder of env.py."""
        return self.folder.split("/versions", maxsplit=1)[0]


_PREFECT = "prefect/server/database/_migrations/versions"
_ALL = ("sqlite", "postgresql", "mariadb")

_MLFLOW = ("mlflow-skinny", "pandas", "flask")

_WORKSPACE = """\
INSERT INTO workspace (id, name, description, created, updated) VALUES
('0123456789abcdef0123456789abcdef', 'default', '', '2026-01-01 00:00:00', '2026-01-01 00:00:00')
"""

SITES: Sequence[Site] = (
    Site("optuna", "optuna/storages/_rdb/alembic/versions", _ALL),
    Site("prefect", f"{_PREFECT}/sqlite", ("sqlite",), title="prefect (sqlite)"),
    Site("prefect", f"{_PREFECT}/postgresql", ("postgresql",), title="prefect (postgresql)"),
    Site(
        "octavia",
        "octavia/db/migration/alembic_migrations/versions",
        ("mariadb",),
        (*OSLO, "octavia-lib"),
    ),
    Site("ironic", "ironic/db/sqlalchemy/alembic/versions", ("sqlite", "mariadb"), MORE_OSLO),
    Site("magnum", "magnum/db/sqlalchemy/alembic/versions", ("sqlite", "mariadb"), MORE_OSLO),
    Site("manila", "manila/db/migrations/alembic/versions", ("mariadb",), OSLO),
    Site(
        "keystone",
        "keystone/common/sql/migrations/versions",
        ("sqlite", "mariadb"),
        MORE_OSLO,
        start="keystone.conf:configure",
    ),
    Site(
        "zenml",
        "zenml/zen_stores/migrations/versions",
        ("sqlite", "mariadb"),
        extras=("sqlmodel", "passlib", "sqlalchemy_utils"),
        rows={"41b28cae31ce": (_WORKSPACE,)},
    ),
    Site(
        "mlflow",
        "mlflow/store/db_migrations/versions",
        _ALL,
        _MLFLOW,
        stand_ins=False,
        start="mlflow.store.tracking.dbmodels.initial_models:Base.metadata",
    ),
    Site(
        "mlflow",
        "mlflow/server/auth/db/migrations/versions",
        _ALL,
        _MLFLOW,
        title="mlflow (auth)",
        stand_ins=False,
    ),
    Site("dagster", "dagster/_core/storage/alembic/versions", _ALL),
    Site(
        "langflow-base",
        "langflow/alembic/versions",
        ("sqlite", "postgresql"),
        (
            "sqlmodel",
            "pydantic",
            "pydantic-settings",
            "loguru",
            "cryptography",
            "lfx",
            "email-validator",
        ),
    ),
    Site(
        "open-webui",
        "open_webui/migrations/versions",
        ("sqlite", "postgresql"),
        ("pydantic", "markdown", "beautifulsoup4", "cryptography", "python-dotenv", "requests"),
        settings={"WEBUI_SECRET_KEY": "a throw-away database needs none"},
    ),
)


@dataclass(frozen=True, slots=True)
class Ready:
    """A site on this machine: its text in a repository, and a Python that can run it."""

    site: Site
    root: Path
    python: Path

    @property
    def folder(self) -> Path:
        return self.root / self.site.folder


def prepared(site: Site, work: Path, env: Mapping[str, str]) -> Ready | Absent:
    """Download, unpack and install a site, as far as that has not been done before."""
    wheel = wheel_of(site.package, work / "wheels")
    if isinstance(wheel, Absent):
        return wheel
    try:
        python = _installed(site, wheel, work / "venvs")
        return Ready(site, _unpacked(site, wheel, work / "packages", env), python)
    except CommandFailed as problem:
        return Absent(site.name, str(problem)[-300:])


def _unpacked(site: Site, wheel: Path, where: Path, env: Mapping[str, str]) -> Path:
    """Unpack all modules of the package: helpers of its migrations are read where they are."""
    root = where / re.sub(r"\W+", "-", site.name).strip("-")
    if (root / ".git").is_dir():
        return root
    shutil.rmtree(root, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root, [one for one in archive.namelist() if one.endswith(".py")])
    (root / "alembic.ini").write_text(INI.format(parent=site.parent, folder=site.folder))
    (root / ".gitignore").write_text("__pycache__/\n")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", site.name]):
        call(["git", *command], root, env)
    return root


def _installed(site: Site, wheel: Path, where: Path) -> Path:
    """Return the Python of a virtual environment that holds the package."""
    folder = where / site.package
    python = folder / "bin" / "python"
    done = folder / "done"
    if done.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "-q", "--no-compile"]
    pip += ["--disable-pip-version-check"]
    if site.needs is None:
        _run([*pip, str(wheel), *DRIVERS, *site.extras])
    else:
        _run([*pip, *DRIVERS, *site.needs])
        _run([*pip, "--no-deps", str(wheel)])
    done.touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise CommandFailed(f"{' '.join(command[:5])}: {' '.join(lines)[:300]}")
