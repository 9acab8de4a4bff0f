"""The examples and fixes of the pages of findings, run by a shell as they are printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from lback.core.checks.findings import CODES
from tests.check.shop import make_shop
from tests.check.team import Team
from tests.worlds.processes import programs

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "checks"
_FOUND = re.compile(r"^(?:\S.*?: )?(LB\d{3}) ", re.M)
_MARK = "==== and now"


class Page(NamedTuple):
    """A page's example, what it says, the text of the fix, and each way to do it."""

    example: str
    says: str
    advice: str
    fixes: tuple[str, ...]


def read(code: str) -> Page:
    text = (PAGES / f"{code}.md").read_text()
    found = re.search(
        r"\n## Example\n.*?```sh\n(.*?)```\n\nsays\n\n```text\n(.*?)```\n(.*)", text, re.S
    )
    assert found, f"{code}.md has no example"
    advice = re.search(r"\n\*\*Fix:\*\*(.*?)\n## Example\n", text, re.S)
    assert advice, f"{code}.md has no **Fix:**"
    fixes = re.findall(r"```sh\n(.*?)```\n", found[3], re.S)
    assert fixes and "\nThe fix:\n" in found[3], (
        f"{code}.md: after the example comes `The fix:` with a fence of shell that mends it"
    )
    return Page(found[1], found[2], advice[1], tuple(fixes))


WAYS = [(code, number) for code in CODES for number in range(len(read(code).fixes))]


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


def last_command(script: str) -> str:
    return next(line for line in reversed(script.splitlines()) if line.startswith("lback "))


@pytest.mark.parametrize(("code", "way"), WAYS)
def test_a_page(shop: Team, code: str, way: int) -> None:
    """The example says what is printed; after the fix the finding is gone, and no other came."""
    page = read(code)
    fix = page.fixes[way]
    # A fix may itself end with the check that passes.
    again = "" if fix.rstrip().splitlines()[-1].startswith("lback check") else page.example
    check = last_command(again) if again else ""
    program = [
        f"{page.example.rstrip()} || [ $? -eq 1 ]",
        f"echo '{_MARK}'",
        fix,
        f"echo '{_MARK}'",
        check,
    ]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(program)],
        cwd=shop.path,
        env=env | {"PATH": f"{programs(env)}:{env['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    before, mending, after = done.stdout.split(_MARK)
    assert code in page.says
    for line in page.says.splitlines():
        pattern = re.escape(line).replace(re.escape("..."), ".*")
        assert re.search(f"^{pattern}$", before, re.M), before + done.stderr
    left = {one for one in _FOUND.findall(after if check else mending) if CODES[one][0] != "note"}
    assert left <= set(_FOUND.findall(before)) - {code}, done.stdout + done.stderr


@pytest.mark.parametrize("code", CODES)
def test_what_a_page_advises_is_in_one_of_its_fixes(code: str) -> None:
    page = read(code)
    scripts = "\n".join(page.fixes)
    for command in re.findall(r"`((?:lback|git) [^`]+)`", page.advice):
        # `<file>` and `NAME` stand for something; options may come in between.
        words = [
            r"\S+" if word.isupper() else re.sub(r"<\w+>", "[^ ]+", re.escape(word))
            for word in command.split()
        ]
        pattern = r"(?: \S+)*? ".join(words)
        assert re.search(rf"\b{pattern}", scripts), f"{code}.md never runs `{command}`"


@pytest.mark.parametrize("code", CODES)
def test_explain_prints_the_page(code: str) -> None:
    from lback.app.explain import explain

    assert explain(code).data["text"] == (PAGES / f"{code}.md").read_text()
