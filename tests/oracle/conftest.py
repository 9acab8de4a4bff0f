from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.comparing import Place
from bench.timing import environment


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What children inherit: nobody's git settings."""
    return environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def place(env: dict[str, str]) -> Callable[..., Place]:
    """Write a project, commit it, and return how to ask about it."""

    def write(root: Path, name: str, ini: str, files: Mapping[str, bytes]) -> Place:
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        (root / "alembic.ini").write_text(ini, "utf-8")
        for command in (["init", "-q", "-b", "main"], ["add", "-Af"], ["commit", "-qm", "all"]):
            subprocess.run(["git", *command], cwd=root, env=env, check=True)
        return Place(name, root / "alembic.ini", root, ("-C", str(root)))

    return write
