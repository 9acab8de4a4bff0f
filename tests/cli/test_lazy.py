"""Light commands stay light: what they import is looked up in sys.modules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.texts import revision_text

_HEAVY = ("alembic", "sqlalchemy", "git", "sqlglot", "hypothesis", "rich")
_PROBE = f"""
import json, sys
from lback.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as leave:
    assert not leave.code, leave.code
print("\\n" + json.dumps([name for name in {_HEAVY!r} if name in sys.modules]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text(revision_text("a", (), "users"))
    (versions / "b.py").write_text(revision_text("b", ("a",), "orders"))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "Start"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["migrate", "--help"],
        ["heads"],
        ["heads", "--json"],
        ["graph"],
        ["show", "b"],
        ["history"],
        ["merge"],
        ["rebase", "--no-database"],
        ["resolve"],
        ["radar"],
        ["hooks", "status"],
        ["hook", "post-merge", "0"],
        ["hook", "pre-commit"],
        ["hook", "post-checkout", "HEAD", "HEAD", "1"],
        ["hook", "pre-push", "origin"],
        ["hook", "post-rewrite", "rebase"],
    ],
    ids=" ".join,
)
def test_a_light_command_imports_nothing_heavy(project: Path, command: list[str]) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _PROBE, *command],
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert json.loads(child.stderr.splitlines()[-1]) == []
