"""The wheel and the sdist as they would be published, built here."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from importlib.metadata import version as installed
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "lback").is_dir(), reason="an installed package cannot be built again"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        (sys.executable, "-m", "hatchling", "build", "-d", str(folder)),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def metadata(built: Path) -> Message:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        name = next(one for one in wheel.namelist() if one.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(wheel.read(name))


def test_every_link_of_the_package_page_leads_somewhere(metadata: Message) -> None:
    page = str(metadata.get_payload())
    assert page.startswith("# lback")
    links = re.findall(r"\]\(([^)]*)\)", page)
    here = f"{PROJECT['urls']['Source']}/blob/v{PROJECT['version']}/"
    assert len(links) > 10
    for link in links:
        assert link.startswith("https://"), link
        if link.startswith(here):
            assert (ROOT / link.removeprefix(here).partition("#")[0]).exists(), link
    assert not re.search(r"(?i)<(?:img|a)\s[^>]*(?:src|href)=[\"'](?!https://)", page)
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_package_page_says_where_it_comes_from(metadata: Message) -> None:
    urls = dict(one.split(", ", 1) for one in metadata.get_all("Project-URL") or ())
    source = urls["Source"]
    assert {"Source", "Documentation", "Changelog", "Issues"} <= urls.keys()
    assert all(one.startswith(source) for one in urls.values())
    assert f"repo: {source}\n" in (ROOT / "docs" / "ci.md").read_text()
    assert metadata["License-Expression"] == "MIT" or "MIT" in str(metadata["License"])


def test_what_is_said_about_python_is_true(metadata: Message) -> None:
    named = [
        one.rpartition("3.")[2]
        for one in metadata.get_all("Classifier") or ()
        if re.search(r"Python :: 3\.\d+$", one)
    ]
    assert named == [str(minor) for minor in range(10, 10 + len(named))]
    assert metadata["Requires-Python"] == f">=3.{named[0]}"
    assert sys.version_info[1] >= int(named[0])


def test_the_sdist_has_every_file_and_the_wheel_what_runs(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        there = {name.partition("/")[2] for name in sdist.getnames()}
    for name in (
        "action.yml",
        ".pre-commit-hooks.yaml",
        ".ci/run",
        "CHANGELOG.md",
        "hooks/shim.sh",
    ):
        assert name in there
    done = subprocess.run(
        ("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    # The sdist's own tests run where there is no git.
    tracked = {one for one in done.stdout.split("\0") if one and (ROOT / one).is_file()}
    assert tracked - there == set()
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        inside = set(wheel.namelist())
    for path in (ROOT / "lback").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in inside
    for name in ("shim.sh", "pre-receive"):
        assert f"lback/_hooks/{name}" in inside
    assert "lback/_checks/LB101.md" in inside
    assert not [one for one in inside if one.startswith(("tests/", "docs/", "bench/"))]


def test_the_lower_bounds_are_those_that_ci_installs() -> None:
    """`.ci/oldest.txt` is what the old half of `.ci/run` takes: before Python 3.13 and from it."""
    lines = (ROOT / ".ci" / "oldest.txt").read_text().splitlines()
    for old in (True, False):
        pins = dict(one.partition(";")[0].split("==") for one in lines if holds(one, old=old))
        for wanted in PROJECT["dependencies"]:
            name, bound = lower(wanted)
            if name == "tomli" or not holds(wanted, old=old):
                continue
            assert version(pins[name]) >= version(bound), wanted
        bounds = [one for one in PROJECT["dependencies"] if one.startswith("sqlalchemy")]
        best = max(version(lower(one)[1]) for one in bounds if holds(one, old=old))
        assert version(pins["sqlalchemy"]) == best


def test_the_upper_bounds_admit_what_is_tested() -> None:
    """Where a newer release is out, `.ci/newest` says whether the bound may go up."""
    bounded = set()
    for wanted in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]):
        name, (_, _, bound) = lower(wanted)[0], wanted.partition(";")[0].partition(",<")
        if bound:
            bounded.add(name)
            here = version(".".join(installed(name).split(".")[:2]))
            assert version(lower(wanted)[1])[:2] <= here, wanted
            assert here < version(bound), wanted
    assert bounded == {"alembic", "sqlalchemy", "gitpython", "click", "sqlglot"}


def lower(wanted: str) -> tuple[str, str]:
    """Return the name of a dependency and the oldest version that it may have."""
    name, _, bound = wanted.partition(";")[0].partition(">=")
    return name, bound.partition(",")[0]


def holds(line: str, *, old: bool) -> bool:
    marker = line.partition(";")[2]
    return not marker or ("<" in marker) is old


def version(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.strip().split("."))
