"""Each page of a finding has an example; here it is run by a shell, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lback.core.findings import CODES
from tests.check.shop import make_shop
from tests.check.team import Team

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "checks"


@pytest.fixture(scope="session")
def shop_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages") / "shop"
    make_shop(place)
    return place


@pytest.fixture
def shop(shop_template: Path, tmp_path: Path) -> Team:
    place = tmp_path / "place"
    shutil.copytree(shop_template, place)
    shop = Team(place / "shop", "Ada")
    shop.git("remote", "set-url", "origin", str(place / "origin.git"))
    return shop


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Return a folder with an `lback` that is this one."""
    program = tmp_path / "bin" / "lback"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m lback "$@"\n')
    program.chmod(0o755)
    return program.parent


def parts(code: str) -> tuple[str, str]:
    """Return the commands of a page's example and what they say."""
    page = (PAGES / f"{code}.md").read_text()
    found = re.search(
        r"\n## Example\n.*?```sh\n(.*?)```\n\nsays\n\n```text\n(.*?)```\n", page, re.S
    )
    assert found, f"{code}.md has no example"
    return found[1], found[2]


@pytest.mark.parametrize("code", CODES)
def test_the_example_of_a_page(shop: Team, commands: Path, code: str) -> None:
    script, expected = parts(code)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=shop.path,
        env=env | {"PATH": f"{commands}:{env['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    if CODES[code][0] == "error" and "lback check" in script:
        assert done.returncode == 1
    assert code in expected
    for line in expected.splitlines():
        pattern = re.escape(line).replace(re.escape("..."), ".*")
        assert re.search(f"^{pattern}$", done.stdout, re.M), done.stdout + done.stderr


@pytest.mark.parametrize("code", CODES)
def test_explain_prints_the_page(commands: Path, code: str) -> None:
    from lback.app.explain import explain

    text = explain(code).data["text"]
    assert text == (PAGES / f"{code}.md").read_text()
    assert "**Fix:**" in text
