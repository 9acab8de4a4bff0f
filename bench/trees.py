"""Migration trees of real projects, unpacked from their wheels into a git repository each."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.timing import CommandFailed, call

WORK = Path(__file__).parent / ".work"

# Package on the index -> its version folders.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "zenml": ("zenml/zen_stores/migrations/versions",),
    "langflow-base": ("langflow/alembic/versions",),
    "octavia": ("octavia/db/migration/alembic_migrations/versions",),
    "prefect": (
        "prefect/server/database/_migrations/versions/postgresql",
        "prefect/server/database/_migrations/versions/sqlite",
    ),
    "dagster": ("dagster/_core/storage/alembic/versions",),
    "mlflow": (
        "mlflow/store/db_migrations/versions",
        "mlflow/server/auth/db/migrations/versions",
    ),
    "ironic": ("ironic/db/sqlalchemy/alembic/versions",),
    "magnum": ("magnum/db/sqlalchemy/alembic/versions",),
    "manila": ("manila/db/migrations/alembic/versions",),
    "open-webui": ("open_webui/migrations/versions",),
    "keystone": ("keystone/common/sql/migrations/versions",),
    "optuna": ("optuna/storages/_rdb/alembic/versions",),
    "dstack": ("dstack/_internal/server/migrations/versions",),
    "ethyca-fides": ("fides/api/alembic/migrations/versions",),
    "faradaysec": ("faraday/migrations/versions",),
    "designate": ("designate/storage/sqlalchemy/alembic/versions",),
    "mistral": ("mistral/db/sqlalchemy/migration/alembic_migrations/versions",),
    "tacker": ("tacker/db/migration/alembic_migrations/versions",),
    "zun": ("zun/db/sqlalchemy/alembic/versions",),
    "jupyterhub": ("jupyterhub/alembic/versions",),
}

INI = """\
[alembic]
script_location = %(here)s/{parent}
version_locations = %(here)s/{folder}
recursive_version_locations = true
path_separator = os
"""


@dataclass(frozen=True, slots=True)
class Tree:
    """One version folder of a package, in a repository of its own with an alembic.ini."""

    name: str
    root: Path
    folder: str

    @property
    def config(self) -> Path:
        return self.root / "alembic.ini"

    @property
    def files(self) -> int:
        return sum(1 for _ in (self.root / self.folder).rglob("*.py"))


@dataclass(frozen=True, slots=True)
class Absent:
    """A package that could not be had, and why."""

    name: str
    reason: str


def trees(work: Path, env: Mapping[str, str]) -> Iterator[Tree | Absent]:
    """Yield every tree, downloaded where it is not in `work` yet; what cannot be had is Absent."""
    for package, folders in PACKAGES.items():
        wheel = wheel_of(package, work / "wheels")
        if isinstance(wheel, Absent):
            yield wheel
            continue
        for folder in folders:
            yield _unpacked(wheel, folder, work / "trees", env)


def wheel_of(package: str, folder: Path) -> Path | Absent:
    found = _downloaded(package, folder)
    if found is not None:
        return found
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "-d", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = _downloaded(package, folder)
    if found is None:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return Absent(package, lines[-1] if lines else f"pip ended with {done.returncode}")
    return found


def _downloaded(package: str, folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(f"{package.replace('-', '_')}-*.whl"))), None)


def _unpacked(wheel: Path, folder: str, where: Path, env: Mapping[str, str]) -> Tree | Absent:
    name, version = wheel.name.split("-")[:2]
    title = f"{name.replace('_', '-')} {version}"
    if len(PACKAGES[name.replace("_", "-")]) > 1:
        title += f" ({_distinct(folder)})"
    root = where / f"{name}-{version}-{folder.replace('/', '.')}"
    tree = Tree(title, root, folder)
    if (root / ".git").is_dir() and tree.files:
        return tree
    shutil.rmtree(root, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        members = [one for one in archive.namelist() if one.startswith(f"{folder}/")]
        archive.extractall(root, [one for one in members if one.endswith(".py")])
    if not members:
        return Absent(title, f"there is no {folder} in {wheel.name}")
    parent = folder.split("/versions", maxsplit=1)[0]
    tree.config.write_text(INI.format(parent=parent, folder=folder))
    (root / ".gitignore").write_text("__pycache__/\n")
    try:
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", title]):
            call(["git", *command], root, env)
    except CommandFailed as problem:
        return Absent(title, str(problem))
    return tree


def _distinct(folder: str) -> str:
    """Return the word that tells the trees of one package apart."""
    words = [word for word in folder.split("/") if word not in ("versions", "migrations", "db")]
    return words[-1]
