"""Under the managers themselves: husky and lefthook from npm, the framework from a clone.

CI installs husky; the others are long rounds (`pytest -m soak tests/hooks`).
"""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.hooks.conftest import framework
from tests.worlds.people import Developer
from tests.worlds.texts import revision_text

ROOT = Path(__file__).parents[2]
VERSIONS = "migrations/versions"


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install husky and lefthook; skip where npm or its registry is missing."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: husky and lefthook are not tried")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"name": "x", "version": "1.0.0", "private": true}')
    command = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=0",
        "husky",
        "lefthook",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm install husky lefthook: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    """Return a clone with one published revision and no hooks."""
    person = Developer("Ada", tmp_path)
    person.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
    person.git("clone", "-q", "shop.git", "ada")
    person.folder = tmp_path / "ada"
    person.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    person.write(".gitignore", "node_modules\n__pycache__/\n")
    revise(person, "root", ())
    person.commit("Start")
    person.git("push", "-q", "-u", "origin", "main")
    return person


def revise(person: Developer, name: str, parents: tuple[str, ...]) -> None:
    person.write(f"{VERSIONS}/{name}.py", revision_text(name, parents, name))


def live_through_a_fork(person: Developer) -> None:
    """Merge, rewrite, push and be stopped: every hook has its say, and only its own."""
    person.git("switch", "-q", "-c", "feature")
    revise(person, "b", ("root",))
    person.commit("Add b")
    told = person.git("switch", "main")
    assert "this branch lacks 1 revision" in told
    revise(person, "c", ("root",))
    person.commit("Add c")
    told = person.git("merge", "--no-edit", "feature")
    assert "1 revision arrived" in told
    assert "wrote and staged" in told
    person.git("commit", "-q", "-m", "Merge migrations")
    assert "stopped" not in person.git("push")
    head = next(name for name in person.migrations() if "_merge_" in name)[:12]
    revise(person, "d", (head,))
    revise(person, "e", (head,))
    person.git("add", "-A")
    assert "this commit is stopped" in person.git("commit", "-m", "Fork", code=1)
    person.git("commit", "-q", "--no-verify", "-m", "Fork")
    assert "this push is stopped" in person.git("push", code=1)
    told = person.git("commit", "--amend", "-m", "Fork again", "--no-verify")
    person.git("reset", "-q", "--hard", "origin/main")
    person.git("switch", "-q", "-c", "later", "HEAD~1")
    revise(person, "f", ("c",))
    person.git("add", "-A")
    person.git("commit", "-q", "--no-verify", "-m", "Add f")
    told = person.git("rebase", "main")
    assert "fork after" in told


def test_husky(ada: Developer, node_modules: Path) -> None:
    (ada.folder / "node_modules").symlink_to(node_modules)
    ada.run("node_modules/.bin/husky")
    ada.write(".husky/pre-commit", "echo linted\n")
    told = ada.lback("hooks", "install", "--write")
    assert "add this" not in told
    ada.git("add", "-A")
    told = ada.git("commit", "-m", "Set husky and lback up")
    assert "linted" in told
    live_through_a_fork(ada)
    ada.lback("hooks", "uninstall")
    # The branch at hand has the lines: nothing of them is left after it.
    assert (ada.folder / ".husky/pre-commit").read_text() == "echo linted\n"
    assert [one.name for one in (ada.folder / ".husky").iterdir() if one.name != "_"] == [
        "pre-commit"
    ]


@pytest.mark.soak
def test_lefthook(ada: Developer, node_modules: Path) -> None:
    before = "commit-msg:\n  jobs:\n    - run: echo linted\n"
    path = ada.write("lefthook.yml", before)
    lefthook = str(node_modules / ".bin/lefthook")
    ada.run(lefthook, "install")
    told = ada.lback("hooks", "install", "--write")
    assert told.count("then run `lefthook install`") == 7
    ada.run(lefthook, "validate")
    ada.run(lefthook, "install")
    ada.git("add", "-A")
    told = ada.git("commit", "-m", "Set lefthook and lback up")
    assert "linted" in told
    live_through_a_fork(ada)
    ada.lback("hooks", "uninstall")
    assert path.read_text() == before


@pytest.mark.soak
def test_lefthook_with_an_entry_of_its_own(ada: Developer, node_modules: Path) -> None:
    before = "pre-commit:\n  commands:\n    lint:\n      run: echo linted\n"
    path = ada.write("lefthook.yml", before)
    lefthook = str(node_modules / ".bin/lefthook")
    ada.run(lefthook, "install")
    told = ada.lback("hooks", "install", "--write", "--only", "pre-commit")
    assert path.read_text() == before
    assert "add them by hand" in told
    lines = told.split("commands:\n")[1].split("\n\n")[0]
    path.write_text(before + textwrap.indent(textwrap.dedent(lines), "    "))
    assert "installed" in ada.lback("hooks", "status")
    revise(ada, "b", ("root",))
    revise(ada, "c", ("root",))
    ada.git("add", "-A")
    told = ada.git("commit", "-m", "Fork", code=1)
    assert "linted" in told
    assert "this commit is stopped" in told


# The framework


@pytest.mark.soak
def test_the_framework_installs_lback_from_a_clone(
    ada: Developer, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    program = framework()
    source = tmp_path / "lback.git"
    if not (ROOT / ".git").exists():
        pytest.skip("these tests are not run from a clone of lback")
    ada.run("git", "clone", "-q", "--no-local", str(ROOT), str(source))
    commit = ada.run("git", "-C", str(source), "rev-parse", "HEAD").strip()
    ada.env = {"PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit"))}
    ids = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")
    hooks = "".join(f"      - id: lback-{one}\n" for one in ids)
    ada.write(
        ".pre-commit-config.yaml",
        f"default_install_hook_types: [{', '.join(ids)}]\n"
        f"repos:\n  - repo: {source}\n    rev: {commit}\n    hooks:\n{hooks}",
    )
    ada.git("add", "-A")
    done = subprocess.run(
        [program, "install", "--install-hooks"],
        cwd=ada.folder,
        env=ada.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and _is_offline(done.stdout + done.stderr):
        pytest.skip("pre-commit could not install lback's dependencies: no package index")
    assert done.returncode == 0, done.stdout + done.stderr
    ada.git("commit", "-q", "-m", "Let the framework run lback")
    live_through_a_fork(ada)
    ada.git("reset", "-q", "--hard", "main")
    ada.git("switch", "-q", "main")
    for hook in ids:
        (ada.folder / ".git/hooks" / hook).unlink()
    follow_the_page(ada, program, str(source), commit)


def follow_the_page(ada: Developer, program: str, source: str, commit: str) -> None:
    """Do what docs/ci.md says, word for word but for the address of the repository."""
    page = (ROOT / "docs/ci.md").read_text()
    text = page.split("## pre-commit\n")[1].split("```yaml\n")[1].split("```")[0]
    (repo,) = yaml.safe_load(text)["repos"]
    text = text.replace(repo["repo"], source).replace(repo["rev"], commit)
    ada.write(".pre-commit-config.yaml", text)
    ada.git("add", "-A")
    assert f"{Path(program).name} install" in page
    ada.run(program, "install")
    told = ada.git("commit", "-m", "Follow the page")
    assert "lback pre-commit" in told
    assert "lback check" in ada.git("push")
    head = next(name for name in ada.migrations() if "_merge_" in name)[:12]
    revise(ada, "g", (head,))
    revise(ada, "h", (head,))
    ada.git("add", "-A")
    assert "this commit is stopped" in ada.git("commit", "-m", "Fork", code=1)
    ada.git("commit", "-q", "--no-verify", "-m", "Fork")
    told = ada.git("push", code=1)
    assert "LB101" in told and "lback check" in told
    command = page.split("by `pre-commit run ")[1].split("`")[0].split()
    told = ada.run(program, "run", *command, code=1)
    assert "LB101" in told


def _is_offline(said: str) -> bool:
    signs = ("No matching distribution", "Connection", "Temporary failure", "Could not find a ver")
    return any(one in said for one in signs)
