"""Each thing that a tree could use to run code, to write elsewhere, or to keep a command busy."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from lback.core.hook_names import NAMES
from lback.core.settings import read_settings
from lback.errors import LbackError, UsageError
from lback.files import read_by_hand
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.options import Options
from lback.vcs.discovery import discover
from lback.vcs.environment import git_program
from lback.vcs.hooks import find, install
from lback.vcs.lookups import own_program
from lback.vcs.shims import Watched
from tests.check.team import CONTENT
from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import VERSIONS, creates


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.open(tmp_path / "shop", f"sqlite:///{tmp_path / 'shop.sqlite3'}")


def context(shop: Shop) -> Context:
    return Context(Options(directory=os.fspath(shop.folder)))


def trap(shop: Shop, path: str, mark: Path) -> None:
    place = shop.write(path, f"#!/bin/sh\n: >> '{mark}'\n")
    place.chmod(0o755)


# Consent


STRANGE = "open('ran', 'w').close()\n"


def strange_branch(shop: Shop) -> None:
    """Leave a branch behind whose file wishes for the database, and whose env.py would run."""
    shop.lback("hooks", "install")
    shop.git("switch", "-q", "-c", "stranger")
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "[lback]\non_checkout = switch\n")
    shop.write("migrations/env.py", STRANGE)
    shop.local("e1", ("s1",), *creates("evil"))
    shop.git("switch", "-q", "main")


def test_consent_of_a_file_is_told_and_not_followed(shop: Shop) -> None:
    strange_branch(shop)
    told = shop.git("switch", "stranger")
    assert "this branch adds 1 revision" in told
    assert told.count("on_checkout") == 1
    assert "git config lback.onCheckout switch" in told
    assert not (shop.folder / "ran").exists()
    warned = shop.lback("doctor", code=1)
    assert "`on_checkout` counts only in git's own configuration" in warned


@pytest.mark.parametrize("scope", ["--local", "--global", "--worktree", "included"])
def test_consent_of_git_is_followed(shop: Shop, scope: str, tmp_path: Path) -> None:
    strange_branch(shop)
    shop.env["HOME"] = os.fspath(tmp_path)
    if scope == "included":  # whoever includes a file of the tree has chosen to
        shop.git("config", "include.path", "../.lback-gitconfig")
        shop.write(".lback-gitconfig", "[lback]\n\tonCheckout = switch\n")
    else:
        shop.git("config", scope, "lback.onCheckout", "switch")
    told = shop.git("switch", "stranger")
    assert (shop.folder / "ran").exists()
    assert "on_checkout" not in told


def test_consent_that_is_taken_back_or_misspelt(shop: Shop) -> None:
    strange_branch(shop)
    shop.git("config", "lback.onCheckout", "tell")
    assert "on_checkout" not in shop.git("switch", "stranger")
    shop.git("switch", "-q", "main")
    shop.git("config", "lback.onCheckout", "Yes")
    told = shop.git("switch", "stranger")
    assert "git config lback.onCheckout cannot be 'Yes'" in told
    assert not (shop.folder / "ran").exists()


def test_a_git_folder_made_of_files_is_not_followed(shop: Shop) -> None:
    """A branch brings the project's folder as a repository, with a configuration of its own."""
    shop.write("services/shop/alembic.ini", "[alembic]\nscript_location = ../../migrations\n")
    shop.commit("Services")
    shop.git("config", "lback.project", "services/shop")
    shop.git("switch", "-q", "-c", "stranger")
    for name, text in (
        ("HEAD", "ref: refs/heads/main\n"),
        ("objects/x", ""),
        ("refs/x", ""),
        ("config", "[core]\n\tbare = false\n\tworktree = ../..\n[lback]\n\tonCheckout = switch\n"),
    ):
        shop.write(f"services/shop/{name}", text)
    shop.commit("Be strange")
    with pytest.raises(LbackError, match="brought as files"):
        discover(shop.folder / "services/shop")
    with pytest.raises(LbackError, match="brought as files"):
        discover(shop.folder / "services/shop/objects")


def test_bare_repositories_of_people_are_found(shop: Shop, tmp_path: Path) -> None:
    """One that lies in a work tree, but was made there and not brought by a branch, is one."""
    shop.git("init", "-q", "--bare", "inner.git")
    found = discover(shop.folder / "inner.git")
    assert found is not None and found.is_bare
    found = discover(shop.folder.parent / "shop.git")
    assert found is not None and found.is_bare
    shop.git("init", "-q", "--separate-git-dir", os.fspath(tmp_path / "elsewhere"))
    found = discover(shop.folder)
    assert found is not None and found.root == shop.folder


# Programs


def test_programs_are_never_those_of_the_tree(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    usual = os.environ["PATH"]
    for folder in ("", "bin/", "node_modules/.bin/"):
        for name in ("git", "squawk-of-mine", "squawk"):
            trap(shop, f"{folder}{name}", mark)
    monkeypatch.chdir(shop.folder)
    monkeypatch.setenv("PATH", f".::node_modules/.bin:{usual}")
    assert git_program(os.environ) == shutil.which("git", path=usual)
    assert git_program({"PATH": ".:"}) is None
    repository = discover(shop.folder)
    assert own_program("squawk-of-mine", repository) is None
    # A folder of the tree by its whole path: what is not tracked is the person's own.
    monkeypatch.setenv("PATH", f"{shop.folder}/node_modules/.bin:{usual}")
    assert own_program("squawk-of-mine", repository) is not None
    monkeypatch.setenv("PATH", usual)
    shop.commit("Bring programs")
    monkeypatch.setenv("PATH", f"{shop.folder}/node_modules/.bin:{usual}")
    assert own_program("squawk-of-mine", repository) is None
    (tmp_path / "link").symlink_to(shop.folder / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'link'}:{usual}")
    assert own_program("squawk-of-mine", repository) is None
    assert not mark.exists()


def test_squawk_is_not_told_by_the_tree(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """squawk looks for a .squawk.toml from where it stands."""
    ini = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql://h/d\n"
    shop.write("alembic.ini", ini)
    shop.write(".squawk.toml", 'excluded_rules = ["renaming-column"]\n')
    up = "    op.execute('ALTER TABLE users RENAME COLUMN id TO key')"
    text = CONTENT.format(doc="r", name="r1", parent="s1", upgrade=up, downgrade="    op.f('x')")
    shop.write(f"{VERSIONS}/r1.py", text)
    monkeypatch.chdir(shop.folder)
    assert "squawk renaming-column" in shop.lback("check")


def environment_of_the_tree(shop: Shop, mark: Path) -> Path:
    """Lay an ignored environment into the work tree, as people do; return its Python."""
    shop.write(".gitignore", ".venv/\n__pycache__/\n*.sqlite3*\n*.lback-lock\n")
    shop.commit("Ignore")
    python = shop.write(".venv/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    repository = discover(shop.folder)
    assert repository is not None
    install(find(repository.git), os.fspath(python), Watched((VERSIONS,)), names=NAMES)
    return python


@pytest.mark.parametrize("path", ["bin/python", "bin/other", "lib/python3/sitecustomize.py", ""])
def test_an_environment_that_a_branch_has_a_hand_in(shop: Shop, tmp_path: Path, path: str) -> None:
    mark = tmp_path / "ran"
    python = environment_of_the_tree(shop, mark)
    own = shutil.copytree(python.parents[1], tmp_path / "own", symlinks=True)
    shop.git("switch", "-q", "-c", "stranger")
    shop.local("e1", ("s1",), *creates("evil"))
    if path:
        trap(shop, f".venv/{path}", mark)
        shop.git("add", "--force", f".venv/{path}")
    else:  # the whole environment is a link to another folder of the tree
        shutil.rmtree(python.parents[1])
        trap(shop, "evil/bin/python", mark)
        (shop.folder / ".venv").symlink_to("evil")
        shop.git("add", "--force", ".venv", "evil")
    shop.git("commit", "-q", "--no-verify", "-m", "Be strange")
    shop.env["LBACK_SKIP"] = "1"
    shop.git("switch", "-q", "main")
    if not python.exists():
        shutil.copytree(own, shop.folder / ".venv", symlinks=True)
    del shop.env["LBACK_SKIP"]
    told = shop.git("switch", "stranger")
    assert "git tracks files of the environment" in told
    assert not mark.exists()
    shop.git("switch", "-q", "main")


def test_an_environment_of_ones_own_in_the_tree(shop: Shop, tmp_path: Path) -> None:
    environment_of_the_tree(shop, tmp_path / "ran")
    shop.git("switch", "-q", "-c", "fine")
    shop.local("e1", ("s1",), *creates("evil"))
    shop.git("switch", "-q", "main")
    assert "this branch adds 1 revision" in shop.git("switch", "fine")


def test_a_hook_looks_for_nothing_where_it_stands(shop: Shop, tmp_path: Path) -> None:
    """lback's own Python is gone; then PATH is asked, and PYTHONPATH is the person's."""
    mark = tmp_path / "ran"
    repository = discover(shop.folder)
    assert repository is not None
    install(find(repository.git), "/nowhere/python", Watched((VERSIONS,)), names=NAMES)
    shop.git("switch", "-q", "-c", "stranger")
    for name in ("lback", "python3", "git", "bin/lback", "bin/python3"):
        trap(shop, name, mark)
    for name in ("sitecustomize.py", "click.py", "src/sitecustomize.py"):
        shop.write(name, f"open({os.fspath(mark)!r}, 'w')\n")
    shop.local("e1", ("s1",), *creates("evil"))
    (tmp_path / "link").symlink_to(shop.folder / "src")
    git = shutil.which("git") or ""
    shop.run(git, "switch", "-q", "main")
    places = [".", "src", os.fspath(shop.folder), os.fspath(tmp_path / "link"), ""]
    shop.env["PYTHONPATH"] = os.pathsep.join(places)
    shop.env["PATH"] = os.pathsep.join([".", "", "bin", f"{shop.folder}/bin", os.environ["PATH"]])
    told = shop.run(git, "switch", "stranger")
    assert "lback" in told
    assert not mark.exists(), told


@pytest.mark.parametrize("way", [("-m", "lback"), ("-P", "-m", "lback")])
def test_modules_of_the_current_folder(shop: Shop, tmp_path: Path, way: tuple[str, ...]) -> None:
    if "-P" in way and sys.version_info < (3, 11):
        pytest.skip("Python 3.11 knows -P")
    mark = tmp_path / "ran"
    for name in ("click", "git", "sqlglot", "json", "tomllib"):
        shop.write(f"{name}.py", f"open({os.fspath(mark)!r}, 'w')\n")
    shop.env["PYTHONPATH"] = os.fspath(Path(__file__).parents[2])
    for command in (("heads",), ("check",), ("history", "users"), ("merge",)):
        shop.run(sys.executable, *way, *command)
    assert not mark.exists()


def test_the_project_finds_its_own_modules(shop: Shop) -> None:
    """env.py may import what lies in the folder that `python -m lback` was started in."""
    shop.write("beside.py", "VALUE = 1\n")
    env = shop.folder / "migrations" / "env.py"
    env.write_text("import beside\n" + env.read_text())
    shop.lback("migrate")
    assert shop.stamp() == ["s1"]
    shop.lback("alembic", "current")


# Paths


@pytest.mark.parametrize("command", ["merge", "rebase"])
def test_nothing_is_written_through_a_link_out(shop: Shop, tmp_path: Path, command: str) -> None:
    outside = tmp_path / "outside"
    shutil.move(shop.folder / VERSIONS, outside)
    (shop.folder / VERSIONS).symlink_to(outside)
    for name in ("x1", "x2"):
        shop.revise(name, ("s1",), *creates(name))
    before = {one.name: one.read_bytes() for one in outside.iterdir()}
    told = shop.lback(command, *(() if command == "merge" else ("--no-database",)), code=3)
    if command == "merge":
        assert "a link that leaves" in told
    assert {one.name: one.read_bytes() for one in outside.iterdir()} == before
    assert len(shop.lback("heads").split("local")) >= 1  # it can be read, as Alembic does


def merge_path(shop: Shop) -> str:
    """Fork the migrations; return where the merge revision goes, which anybody can know."""
    for name in ("x1", "x2"):
        shop.revise(name, ("s1",), *creates(name))
    return str(report_of(shop.lback("merge", "--plan", "--json"))["data"]["path"])


def test_a_link_in_the_place_of_a_draft(shop: Shop, tmp_path: Path) -> None:
    """What is written first, and moved into its place, has a name that can be known as well."""
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    place = shop.folder / merge_path(shop)
    draft = place.with_name(f".{place.name}.lback-new")
    draft.symlink_to(victim)
    shop.lback("merge")
    assert victim.read_text() == "mine\n"
    assert not draft.is_symlink()
    assert place.is_file() and not place.is_symlink()


def test_a_link_in_the_place_of_a_merge_revision(shop: Shop, tmp_path: Path) -> None:
    place = shop.folder / merge_path(shop)
    place.symlink_to("/dev/zero")
    assert "a link that leaves" in limited(shop, "merge", code=3)
    place.unlink()
    (tmp_path / "victim").write_text("mine\n")
    place.symlink_to(tmp_path / "victim")
    limited(shop, "merge", code=3)
    assert (tmp_path / "victim").read_text() == "mine\n"
    place.unlink()
    place.symlink_to("../env.py")
    env = (shop.folder / "migrations" / "env.py").read_text()
    limited(shop, "merge", code=3)
    assert (shop.folder / "migrations" / "env.py").read_text() == env


def test_a_link_to_everything(shop: Shop) -> None:
    """With recursive locations the whole disk would be searched for revisions."""
    shutil.rmtree(shop.folder / VERSIONS)
    (shop.folder / VERSIONS).symlink_to("/")
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "recursive_version_locations = true\n")
    assert "There are more than 1,000 folders" in shop.lback("heads", code=3)
    assert "There are more than 1,000 folders" in shop.lback("check", code=3)


@pytest.mark.parametrize("template", ["../../x_%%(rev)s", "/tmp/x_%%(rev)s", "way/x"])
def test_a_new_file_stays_with_the_migrations(shop: Shop, template: str) -> None:
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + f"file_template = {template}\n")
    (shop.folder / VERSIONS / "way").symlink_to("/tmp")
    shop.write("migrations/script.py.mako", "revision = ${repr(up_revision)}\n")
    told = shop.lback("makemigrations", "x", "--empty", code=3)
    assert "would lie outside of the migrations" in told
    assert list(shop.folder.rglob("x_*.py")) + list(Path("/tmp").glob("x_*_x.py")) == []


def test_a_plan_among_the_files_reaches_nothing_else(shop: Shop, tmp_path: Path) -> None:
    """Without git the note of a killed command lies in the tree, where anybody can put one."""
    victim = tmp_path / "victim"
    shutil.rmtree(shop.folder / ".git")
    known = (shop.folder / "alembic.ini").read_text()
    from base64 import b85encode

    for target in (os.fspath(victim), f"{shop.folder}/../../victim", "../victim"):
        rows = [
            [os.fspath(shop.folder / "alembic.ini"), None, b85encode(known.encode()).decode()],
            [target, None, b85encode(b"evil").decode()],
        ]
        plan = json.dumps({"format": 1, "changes": rows})
        shop.write(".lback/pending.json", plan)
        with pytest.raises(LbackError, match="which is not below"):
            recover(context(shop))
        assert not victim.exists()


@pytest.mark.parametrize("name", ["alembic.ini", "pyproject.toml"])
@pytest.mark.parametrize("what", ["/dev/zero", "pipe", "big", "/dev/stdin"])
def test_configuration_that_never_ends(shop: Shop, name: str, what: str) -> None:
    place = shop.folder / name
    place.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(place)
    elif what == "big":
        place.write_bytes(b"# more\n" * 200_000)
    else:
        place.symlink_to(what)
    with pytest.raises(UsageError, match=r"no plain file|larger than 1 MB"):
        read_by_hand(place)
    assert f"{name} is" in limited(shop, "heads", code=2)


def test_files_that_never_end(shop: Shop) -> None:
    """Devices, pipes and files that are not ours stand where revisions, helpers, models do."""
    for folder in (VERSIONS, "models", "helpers"):
        (shop.folder / folder).mkdir(exist_ok=True)
        for name, target in (
            ("zero", "/dev/zero"),
            ("passwd", "/etc/passwd"),
            ("loop", "loop.py"),
            ("random", "/dev/urandom"),
        ):
            (shop.folder / folder / f"{name}.py").symlink_to(target)
        os.mkfifo(shop.folder / folder / "pipe.py")
    shop.revise("a1", ("s1",), "from helpers import zero, pipe, passwd, loop\nzero.up()")
    reader = context(shop).revisions
    graph = reader.graph()
    assert graph.heads == ("a1",)
    assert reader.effects(graph)["a1"].unknown
    repository = discover(shop.folder)
    assert repository is not None
    names = [f"models/{name}.py" for name in ("zero", "passwd", "loop", "random", "pipe")]
    assert repository.files("worktree", names) == {}


# Settings that would keep a reader busy


@pytest.mark.parametrize(
    "text",
    [
        'script_location = "%(here)999999999s"',
        'script_location = "%(here)s/%"',
        'script_location = "%(there)s"',
        'script_location = "a\\u0000b"',
        'script_location = "m"\nversion_locations = ["a\\u0000b"]',
        f"script_location = {'[' * 5000}",
        f"script_location = {'9' * 5000}",
    ],
)
def test_toml_that_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="pyproject"):
        read_settings(pyproject=("/x/pyproject.toml", f"[tool.alembic]\n{text}\n"))


def test_references_that_grow() -> None:
    lines = [f"a{at} = {f'%(a{at + 1})s' * 30}" for at in range(9)]
    text = "\n".join(["[alembic]", "script_location = %(a0)s", *lines, "a9 = x", ""])
    with pytest.raises(UsageError, match="too long"):
        read_settings(ini=("/x/alembic.ini", text))
    fine = "[alembic]\nscript_location = %(b)s/%(b)s\nb = %(here)s\n"
    assert read_settings(ini=("/x/alembic.ini", fine)).script_location == "/x/x"


def test_model_patterns_that_leave_are_left_out() -> None:
    own = '[tool.lback]\nmodels = ["/etc/*", "../x", "a/*.py"]\n'
    table = f'[tool.alembic]\nscript_location = "m"\n{own}'
    settings = read_settings(pyproject=("/x/pyproject.toml", table)).lback
    assert settings.models == ("a/*.py",)
    assert len(settings.warnings) == 2


@pytest.mark.parametrize("upstream", ["--output=x", "-x", "a..b", "@{-1}", ":/x", "$(touch x)"])
def test_a_shared_branch_is_a_name(shop: Shop, upstream: str) -> None:
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + f"[lback]\nupstream = {upstream}\n")
    before = sorted(shop.folder.iterdir())
    with pytest.raises(UsageError, match="git knows no commit named"):
        assert context(shop).revisions.shared
    assert sorted(shop.folder.iterdir()) == before


def test_the_walk_of_a_tree_is_as_deep_as_it_is(shop: Shop) -> None:
    """One strange branch of 1,500 folders within folders takes radar from nobody."""

    shop.run("git", "fast-import", "--quiet", stdin=(
        "commit refs/heads/deep\ncommitter A <a@example.com> 1 +0000\ndata 1\nx\n"
        f"M 100644 inline {VERSIONS}/{'d/' * 1500}z.py\ndata 15\nrevision = 'z'\n\n"
    ))  # fmt: skip
    commit = shop.git("rev-parse", "deep").strip()
    repository = discover(shop.folder)
    assert repository is not None
    found = repository.entries_of([commit], [VERSIONS])
    assert len(found[commit]) == 1
    shop.lback("radar")


def limited(shop: Shop, *arguments: str, code: int = 0) -> str:
    """Run lback with two gigabytes of memory and a minute of the processor at most."""
    limits = 'ulimit -v 2000000 && ulimit -t 60 && exec "$@"'
    return shop.run("sh", "-c", limits, "sh", sys.executable, "-m", "lback", *arguments, code=code)


def test_hooks_install_reads_no_device(shop: Shop) -> None:
    """What other hook managers are told is read to see whether they call lback."""
    for name in (".overcommit.yml", "lefthook.yml"):
        (shop.folder / name).symlink_to("/dev/zero")
    limited(shop, "hooks", "install")
    limited(shop, "hooks", "status")
    for name in (".overcommit.yml", "lefthook.yml"):
        (shop.folder / name).unlink()
    shop.git("config", "core.hooksPath", ".husky")
    (shop.folder / ".husky").mkdir()
    for name in NAMES:
        (shop.folder / ".husky" / name).symlink_to("/dev/zero")
    limited(shop, "hooks", "install", "--write")
    limited(shop, "hooks", "uninstall")


def test_init_reads_no_device(tmp_path: Path) -> None:
    for name, target in (("a", "/dev/zero"), ("b", "/etc/passwd"), ("c", "c.py")):
        (tmp_path / f"{name}.py").symlink_to(target)
    os.mkfifo(tmp_path / "pipe.py")
    shop = Shop("Ada", tmp_path)
    limited(shop, "init", "--no-hooks")
    assert stat.S_ISFIFO((tmp_path / "pipe.py").stat().st_mode)


# Servers and CI


def test_a_server_judges_what_was_pushed_and_no_replacement(shop: Shop) -> None:
    """`refs/replace/` of the one who pushes would show the server another file than all others."""
    server = shop.folder.parent / "shop.git"
    hook = Path(__file__).parents[2] / "hooks" / "pre-receive"
    shutil.copy(hook, server / "hooks" / "pre-receive")
    shop.git("-C", os.fspath(server), "config", "lback.python", sys.executable)
    shop.git("switch", "-q", "-c", "evil")
    shop.local("x1", ("s1",), *creates("x1"))
    shop.local("x2", ("s1",), *creates("x2"))
    theirs = shop.git("rev-parse", f"HEAD:{VERSIONS}/x2.py").strip()
    shop.revise("x2", ("x1",), *creates("x2"))
    shown = shop.git("hash-object", "-w", f"{VERSIONS}/x2.py").strip()
    shop.git("reset", "-q", "--hard")
    shop.git("push", "-q", "origin", f"{shown}:refs/replace/{theirs}")
    told = shop.git("push", "-q", "origin", "HEAD:main", code=1)
    assert "LB101" in told


@pytest.mark.parametrize(
    "path", ["action.yml", "examples/ci/gitlab-ci.yml", "examples/ci/github.yml"]
)
def test_ci_takes_no_module_from_what_is_checked_out(path: str) -> None:
    text = (Path(__file__).parents[2] / path).read_text()
    for line in text.splitlines():
        if " -m " in line and not line.strip().startswith("#"):
            assert " -I -m " in line, line
