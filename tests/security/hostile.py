"""A branch with every trap that we know: each would leave a file if anything of it ran."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.forks.shop import Shop
from tests.worlds.texts import VERSIONS, adds, creates

# Modules that the program, Python or the hooks import: one of these in the tree is not theirs.
MODULES = (
    "sitecustomize", "usercustomize", "click", "git", "sqlglot", "alembic", "sqlalchemy", "mako",
    "tomllib", "tomli", "json", "types", "runpy", "subprocess", "re", "importlib_metadata",
    "models", "app", "wsgi", "conftest", "setup", "manage", "helpers",
)  # fmt: skip
PROGRAMS = ("git", "lback", "python", "python3", "squawk", "sh", "cat", "rm", "evil", "alembic")
HOOKS = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push", "post-commit")
# Names are data: a shell, a terminal or git's option reader would make more of these.
NAMES = ("--upload-pack=x.py", "-n.py", "a b;touch ran1.py", "$(touch ran2).py", "`touch ran3`.py",
         "line\nbreak.py", "ünï.py", "'\".py", ":(top)x.py", "\x1b[31m.py")  # fmt: skip

SETTINGS = """
[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = [".", "src"]
file_template = "../../../%%(rev)s"
revision_environment = true
recursive_version_locations = true
[[tool.alembic.post_write_hooks]]
name = "evil"
type = "exec"
executable = "./evil"

[tool.lback]
on_checkout = "switch"
on_fork = "merge"
merge_commit = "commit"
app = "app:create_app"
models = ["/etc/**", "../../**/*.py", "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b.py", "**/models/**/*.py"]
upstream = "{upstream}"
scratch_url = "sqlite:///ran5"
wrappers = {{ "os.system" = "execute" }}
ignore_folders = ["../..", "/"]
nothing_like_it = "x"
"""
INI = """[alembic]
script_location = %(here)s/migrations
file_template = ../../../%%(rev)s
sourceless = true
[post_write_hooks]
hooks = evil
evil.type = exec
evil.executable = ./evil
"""
EMBEDDED = """[core]
\tbare = false
\tworktree = ..
\tfsmonitor = {evil}
\tsshCommand = {evil}
\thooksPath = ../.githooks
\tpager = {evil}
[diff]
\texternal = {evil}
[filter "evil"]
\tclean = {evil}
\tsmudge = {evil}
[lback]
\tonCheckout = switch
\tpython = {evil}
"""
MODULES_FILE = """[submodule "x"]
\tpath = x
\turl = "ext::sh -c {evil}"
\tupdate = "!{evil}"
[submodule "-y"]
\tpath = -y
\turl = -u{evil}
"""


class Hostile(Shop):
    """A developer's clone, whose shared `main` is fine, and a stranger's branch beside it."""

    ran: Path

    def traps(self) -> list[str]:
        """Return the names of the traps that something has stepped into."""
        spilled = [one.name for place in (self.folder, self.folder.parent, self.folder.parents[1])
                   for one in place.glob("ran[0-9]*")]  # fmt: skip
        return sorted([*(one.name for one in self.ran.iterdir()), *spilled])

    def python_trap(self, name: str) -> str:
        return f"open({os.fspath(self.ran / name)!r}, 'w').close()\n"

    def shell_trap(self, name: str) -> str:
        return f"#!/bin/sh\n: > '{self.ran / name}'\n"

    def shell_word(self, name: str) -> str:
        """Return a program of one word that leaves the file; it lies outside of the tree."""
        place = self.ran.parent / "programs" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(self.shell_trap(name))
        place.chmod(0o755)
        return os.fspath(place)

    def program(self, path: str, name: str) -> None:
        self.write(path, self.shell_trap(name)).chmod(0o755)

    def link(self, path: str, target: str | Path) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def environment(self) -> dict[str, str]:
        """Let the tree be where careless people have it: on PATH, and first."""
        own = os.fspath(Path(sys.executable).parent)
        path = ["node_modules/.bin", ".", "", "bin", own, os.environ["PATH"]]
        return super().environment() | {"PATH": os.pathsep.join(path)}

    def run(self, *command: str, code: int = 0, stdin: str | None = None) -> str:
        raise NotImplementedError("say `try_`")

    def try_(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program by its own path; what it answers is looked at by the test."""
        program = shutil.which(
            command[0], path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        )
        assert program is not None
        done = subprocess.run(
            (program, *command[1:]),
            cwd=self.folder,
            env=self.environment() | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=100,
        )
        assert "Traceback" not in done.stderr, f"{command}\n{done.stderr}"
        return done

    def local_revision(self, name: str, parents: tuple[str, ...], up: str, down: str) -> None:
        """Write a revision that is a trap itself; its text is what a reader would see."""
        text = self.revise(name, parents, up, down).read_text()
        trap = self.python_trap(f"revision-{name}")
        text = text.replace("from alembic", f"import helpers\n{trap}from alembic", 1)
        self.write(f"{VERSIONS}/{name}.py", text)

    def git(self, *arguments: str, code: int = 0) -> str:
        done = self.try_("git", *arguments)
        assert done.returncode == code, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout


def make_hostile(place: Path) -> Hostile:
    """Make the shop, install its hooks, and add the branch `stranger`; `main` is checked out."""
    fine = Shop.open(place / "shop", f"sqlite:///{place / 'shop.sqlite3'}")
    fine.write("models.py", "class Base: pass\n")
    fine.commit("Models")
    fine.git("push", "-q")
    fine.lback("hooks", "install")
    team = Hostile("Eve", fine.folder)
    team.ran = place / "ran"
    team.ran.mkdir()
    (place / "secret.py").write_text('revision = "secret"\ndown_revision = None\n')
    team.git("switch", "-q", "-c", "stranger")
    for lay in (_python, _programs, _settings, _links, _files):
        lay(team, place)
    team.git("add", "-A", "--force")
    team.git("commit", "-q", "--no-verify", "-m", "$(touch ran6) `touch ran7`")
    team.git("tag", "trap")
    return team


def _python(team: Hostile, _: Path) -> None:
    team.local_revision("e1", ("s1",), *creates("evil"))
    for name in ("e2", "e3"):
        up, down = adds("evil", name)
        team.local_revision(name, ("e1",), f"{up}\nhelpers.{name}()", down)
    for folder in (VERSIONS, "migrations", "helpers", "embedded"):
        team.write(f"{folder}/__init__.py", team.python_trap(f"package-{Path(folder).name}"))
    team.write("migrations/env.py", team.python_trap("env.py"))
    team.write("migrations/script.py.mako", f"<% {team.python_trap('mako').strip()} %>")
    for name in MODULES:
        team.write(f"{name}.py", team.python_trap(f"module-{name}"))
        team.write(f"src/{name}.py", team.python_trap(f"src-{name}"))
    for name in ("lback/__init__", "lback/cli/__init__", "lback/cli/main", "lback/vcs/__init__"):
        team.write(f"{name}.py", team.python_trap("module-lback"))


def _programs(team: Hostile, _: Path) -> None:
    for name in PROGRAMS:
        for folder in ("", "bin/", "node_modules/.bin/", ".githooks/", ".husky/"):
            if not (team.folder / folder / name).is_dir():
                team.program(f"{folder}{name}", f"program-{name}")
    for name in HOOKS:
        for folder in (".githooks", ".husky", ".husky/_", "hooks"):
            team.program(f"{folder}/{name}", f"hook-{name}")
            team.program(f"{folder}/{name}.lback-kept", f"hook-{name}")


def _settings(team: Hostile, _: Path) -> None:
    evil = team.shell_word("driver")
    team.write("pyproject.toml", SETTINGS.format(upstream="origin/main"))
    team.write("alembic.ini", INI)
    team.write(".gitmodules", MODULES_FILE.format(evil=evil))
    team.write(".gitattributes", "* diff=evil\n*.py merge=evil\n*.sqlite3 filter=evil\n")
    for name, text in (
        ("HEAD", "ref: refs/heads/main\n"), ("config", EMBEDDED.format(evil=evil)),
        ("objects/x", ""), ("refs/x", ""), ("hooks/post-checkout", team.shell_trap("embedded")),
    ):  # fmt: skip
        team.write(f"embedded/{name}", text)
    team.write(".lback/pending.json", _pending(team))
    team.write("lefthook.yml", f"post-checkout:\n  commands:\n    x:\n      run: {evil}\n")
    team.write(".pre-commit-config.yaml", "repos: []\n")
    team.write(".env", f"FLASK_APP=app\nPYTHONSTARTUP={evil}\n")
    team.write(".flaskenv", "FLASK_APP=app\n")
    team.write(".squawk.toml", 'excluded_rules = ["ban-drop-column"]\n')
    # What a user has set: a branch may name a driver by .gitattributes, as git lets it.
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external", "core.pager",
                "alias.diff", "alias.ls-tree", "core.sshCommand", "gpg.program"):  # fmt: skip
        team.git("config", key, f"!{evil}" if key.startswith("alias") else evil)
    team.git("config", "log.showSignature", "true")


def _pending(team: Hostile) -> str:
    return f'{{"format": 1, "changes": [["{team.ran}/pending", null, "VPRom"]]}}'


def _links(team: Hostile, place: Path) -> None:
    for name, target in (
        ("zero", "/dev/zero"), ("stdin", "/dev/stdin"), ("tty", "/dev/tty"), ("loop", "loop.py"),
        ("passwd", "/etc/passwd"), ("secret", place / "secret.py"), ("folder", "/"),
        ("mem", "/proc/self/mem"), ("pagemap", "/proc/self/pagemap"),
    ):  # fmt: skip
        team.link(f"{VERSIONS}/{name}.py", target)
        team.link(f"models/{name}.py", target)
        team.link(f"helpers/{name}.py", target)
    team.link(f"{VERSIONS}/below", "/")
    team.link("models/below", "/proc")
    team.link("helpers/__init__.py", "/dev/zero")
    team.link(".overcommit.yml", "/dev/zero")


def _files(team: Hostile, _: Path) -> None:
    for number, name in enumerate(NAMES):
        team.write(f"{VERSIONS}/{name}", f"revision = 'n{number}'\ndown_revision = 'e2'\n")
        team.write(f"models/{name}", "class A:\n    x = Column()\n")
    team.write(
        f"{VERSIONS}/big.py", "revision = 'big'\ndown_revision = 'e3'\n" + "# x\n" * 2_600_000
    )
    team.write("models/big.py", "class A:\n    x = 1\n" * 600_000)
    team.write(f"{VERSIONS}/{'d/' * 400}deep.py", "revision = 'deep'\ndown_revision = 'e3'\n")
