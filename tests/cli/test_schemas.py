"""The schemas of what `--json` prints: in the package, and from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lback.cli.group import COMMANDS
from lback.cli.schemas import FOLDER, files
from tests.cli.inside import lback
from tests.reports import report_of


def test_the_files_of_the_package_are_up_to_date() -> None:
    """`python -m lback.cli.schemas` writes them."""
    there = {place: place.read_text() for place in FOLDER.glob("*")}
    assert there == dict(files())


def test_every_command_has_one() -> None:
    assert [place.stem for place, _ in files()] == list(COMMANDS)


@pytest.mark.untraced
def test_each_is_a_schema() -> None:
    for place, text in files():
        if place.suffix == ".json":
            Draft202012Validator.check_schema(json.loads(text))


def test_an_unknown_command_has_the_list(tmp_path: Path) -> None:
    done = lback(tmp_path, "--json-schema", "nonsense")
    assert (done.code, done.out) == (2, "")
    assert ", ".join(COMMANDS) in done.err
    assert lback(tmp_path, "--json", "--json-schema", "heads").code == 2


def test_only_the_command_itself_is_imported(tmp_path: Path) -> None:
    probe = """
import sys
from lback.cli.main import main
try:
    main(["--json-schema", "heads"])
except SystemExit as leave:
    assert not leave.code, leave.code
loaded = [name for name in sys.modules if name.startswith("lback.app.")]
assert "lback.app.graph" not in loaded, loaded
assert not {"alembic", "sqlalchemy", "git"} & set(sys.modules)
"""
    child = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    schema = json.loads(child.stdout)
    assert schema["properties"]["command"] == {"const": "heads"}
    assert child.stdout == (FOLDER / "heads.json").read_text()


def test_the_help_of_a_command_is_in_its_schema(tmp_path: Path) -> None:
    assert report_of(lback(tmp_path, "heads", "--help", "--json").out)["data"]["help"]
