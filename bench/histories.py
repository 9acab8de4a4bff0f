"""Commits of repositories with a migration history, exported so that Alembic can load them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from bench.comparing import Place
from bench.timing import call
from bench.trees import INI

GLOB = ":(glob)**/versions/*.py"


def places(repository: Path, count: int, where: Path, env: Mapping[str, str]) -> list[Place]:
    """Export version folders of `count` commits, spread over the history, into `where`.

    `repository` may be bare. Each folder named `versions` that has an env.py beside it is a
    place of its own; lback is pointed at the git objects, Alembic at the exported files.
    """
    found = []
    for commit in commits(repository, count, env):
        for folder in version_folders(repository, commit, env):
            root = where / repository.parent.name / commit[:12] / folder.replace("/", ".")
            _export(repository, commit, folder, root, env)
            found.append(_place(repository, commit, folder, root))
    return found


def commits(repository: Path, count: int, env: Mapping[str, str]) -> list[str]:
    """Return evenly spread commits that changed migrations, side branches included."""
    git = ["git", "rev-list", "--full-history", "--reverse", "HEAD", "--", GLOB]
    known = call(git, repository, env).decode().split()
    if len(known) <= count:
        return known
    step = (len(known) - 1) / max(1, count - 1)
    return [known[round(number * step)] for number in range(count)]


def version_folders(repository: Path, commit: str, env: Mapping[str, str]) -> list[str]:
    """Return the version folders of Alembic environments at a commit."""
    names = call(["git", "ls-tree", "-r", "-z", "--name-only", commit], repository, env)
    paths = names.decode("utf-8", "surrogateescape").split("\0")
    scripts = {path.removesuffix("env.py") for path in paths if path.endswith("/env.py")}
    folders = {f"{script}versions" for script in scripts}
    return sorted(one for one in folders if any(path.startswith(f"{one}/") for path in paths))


def _export(repository: Path, commit: str, folder: str, root: Path, env: Mapping[str, str]) -> None:
    if root.exists():
        return
    root.mkdir(parents=True)
    git = ["git", "archive", "--format=tar", commit, "--", folder]
    packed = subprocess.run(git, cwd=repository, env=env, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(root, filter="data")
    parent = folder.rpartition("/")[0]
    (root / "alembic.ini").write_text(INI.format(parent=parent, folder=folder))


def _place(repository: Path, commit: str, folder: str, root: Path) -> Place:
    return Place(
        f"{repository.parent.name}@{commit[:10]}:{folder}",
        root / "alembic.ini",
        root,
        ("-C", str(repository), "--script-location", folder),
        commit,
    )
