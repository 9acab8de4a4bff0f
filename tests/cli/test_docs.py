"""What README and docs name exists: commands, options, settings, pages."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lback.cli.commands import COMMANDS
from lback.cli.main import program
from lback.core.findings import CODES
from lback.core.settings import read_pyproject

ROOT = Path(__file__).parents[2]
TEXTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_named_exist(path: Path) -> None:
    for name in re.findall(r"`(?:lback|python manage\.py) ([a-z]+)", path.read_text()):
        assert name in COMMANDS, f"{path.name}: lback {name}"


def test_every_command_is_in_the_readme_and_has_an_example() -> None:
    readme = (ROOT / "README.md").read_text()
    context = click.Context(program, info_name="lback")
    for name, (_, _, section) in COMMANDS.items():
        command = program.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert "Example: `lback" in (command.help or ""), name
        if section != "-":
            assert re.search(rf"\b{name}\b", readme), name


def test_settings_of_the_readme_are_understood() -> None:
    text = "\n".join(fences((ROOT / "README.md").read_text(), "toml"))
    settings = read_pyproject(text + '\n[tool.alembic]\nscript_location = "x"\n', "/pyproject.toml")
    assert settings.lback.warnings == ()
    assert settings.lback.heads == ("expand", "contract")


def test_every_page_of_a_check_is_about_a_code() -> None:
    for page in (ROOT / "docs" / "checks").glob("*.md"):
        title = page.read_text().splitlines()[0]
        assert title == f"# {page.stem}: {CODES[page.stem][1]}"


def test_links_lead_somewhere() -> None:
    for path in TEXTS:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
