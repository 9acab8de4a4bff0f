"""What README and docs name exists: commands, options, settings, pages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from lback.cli.group import COMMANDS
from lback.cli.main import program
from lback.core.checks.findings import CODES
from lback.core.settings import read_settings
from lback.vcs.managers import shell_call

ROOT = Path(__file__).parents[2]
TEXTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_named_exist(path: Path) -> None:
    for name in re.findall(r"`(?:lback|python manage\.py) ([a-z]+)", path.read_text()):
        assert name in COMMANDS, f"{path.name}: lback {name}"


def test_every_command_is_in_the_table_and_has_an_example() -> None:
    table = (ROOT / "docs" / "commands.md").read_text()
    context = click.Context(program, info_name="lback")
    for name, (_, _, section) in COMMANDS.items():
        command = program.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert "Example: `lback" in (command.help or ""), name
        if section != "-":
            assert re.search(rf"\b{name}\b", table), name


def told_commands(text: str) -> Iterator[str]:
    """Yield each command line of lback's in the code of a page, to its end or to a `|` or `&`."""
    code = [
        *re.findall(r"`([^`\n]+)`", text),
        *re.findall(r"^(?: {4}|[a-z]*\$ )?(.+)$", text, re.M),
    ]
    for line in code:
        found = re.match(r"(?:-? ?(?:python manage\.py|lback)) ([a-z]+\b[^|&;>#`]*)", line)
        if found and found[1].split()[0] in COMMANDS:
            yield found[1]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_options_that_are_named_exist(path: Path) -> None:
    context = click.Context(program, info_name="lback")
    for line in told_commands(path.read_text()):
        words = line.split()
        command = program.get_command(context, words[0])
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.get_command(context, words[1]) or command
        assert command is not None
        known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
        for word in words[1:]:
            name = word.partition("=")[0].rstrip(",.:)")
            if name.startswith("--") and words[0] != "alembic":
                assert name in known | {"--help"}, f"{path.name}: lback {line}"


def test_options_of_the_table_exist() -> None:
    context = click.Context(program, info_name="lback")
    table = (ROOT / "docs" / "commands.md").read_text()
    assert len(re.findall(r"^\| `([a-z]+)\b.*", table, re.M)) > 10
    for row in re.finditer(r"^\| `([a-z]+)\b(.*)", table, re.M):
        if row[1] not in COMMANDS:
            continue
        command = program.get_command(context, row[1])
        assert command is not None
        known = {name for param in command.params for name in param.opts}
        assert set(re.findall(r"`(--[a-z-]+)", row[2])) <= known, row[0]


def test_the_line_for_hook_managers_is_the_one_that_is_written() -> None:
    assert shell_call("post-merge") in (ROOT / "docs" / "hooks.md").read_text()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_modules_that_are_named_exist(path: Path) -> None:
    text = path.read_text()
    folders = "docs|tests|examples|lback|bench|hooks|migrations|changelog.d|.ci"
    if path.parent.name not in ("checks", "scenarios"):
        for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
            made_up = name.startswith(("migrations/", "tests/fixtures"))
            assert made_up or (ROOT / name).exists(), f"{path.name}: {name}"
    for module in re.findall(r"python -m ((?:bench|tests|lback)[\w.]*)", text):
        assert find_spec(module), f"{path.name}: python -m {module}"


BENCHES = sorted(
    path
    for path in (ROOT / "bench").rglob("*.py")
    if "__main__" in path.read_text() and "argv[1" not in path.read_text()
)


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_a_benchmark_shows_its_help_and_measures_nothing(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("usage: ")


def test_the_modules_of_the_architecture_exist() -> None:
    block = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    core = block.split("  core/ ")[1].split("  vcs/ ")[0]
    for line in core.splitlines()[1:]:
        names = line[:50].strip() if line.startswith("    ") and line[4] != " " else ""
        for name in filter(None, re.split(r",\s*", names.partition("  ")[0])):
            folder = ROOT / "lback" / "core"
            assert (folder / f"{name}.py").exists() or (folder / name).is_dir(), name
    for name in re.findall(r"^  ?(\w+(?:/|\.py)) ", block, re.M):
        assert (ROOT / "lback" / name).exists(), name


def test_settings_of_the_example_are_understood() -> None:
    text = fences((ROOT / "docs" / "settings.md").read_text(), "toml")[0]
    settings = read_settings(
        pyproject=("/p.toml", text + '\n[tool.alembic]\nscript_location = "x"\n')
    )
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
