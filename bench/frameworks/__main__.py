"""`python -m bench.frameworks [NAME ...]`: real packages of PyPI, each in its own environment.

Each project begins as the package's documentation says. Then: first migration, run, rows, other
models (a rename, NOT NULL, a type, an enum value, drops), second migration, run, `rollback TABLE`,
run again, `--check`, `check --models`, `diff`.
The environments are made by uv where it is installed, else by venv and pip.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from bench.frameworks.projects import FRAMEWORKS, SPATIALITE, Framework, database_url
from bench.timing import environment
from tests.servers import KINDS, fresh_database

HERE = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A command of a project did what it must not."""


def main() -> int:
    """Print a line for each framework and kind of database; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names; all without")
    parser.add_argument("--on", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--python", default=sys.executable, help="makes the environments")
    parser.add_argument("--environments", type=Path, help="keep the environments here")
    parser.add_argument("--keep", action="store_true", help="keep the projects")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    failed = 0
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="frameworks-"))
        if not given.keep:
            stack.callback(shutil.rmtree, root)
        environments = given.environments or root / "environments"
        for framework in FRAMEWORKS:
            if given.names and not any(name in framework.name for name in given.names):
                continue
            python = _environment(environments.resolve(), framework, given.python)
            for kind in framework.kinds:
                if kind not in given.on:
                    continue
                folder = root / f"{framework.name} {kind}"
                place = folder / framework.within
                place.mkdir(parents=True)
                try:
                    with fresh_database(kind, folder) as url:
                        said = Playing(framework, kind, url, python, place, given.verbose).play()
                except Failed as problem:
                    failed += 1
                    said = f"FAILED: {problem}"
                print(f"{framework.name:32} {kind:11} {said}", flush=True)
    return 1 if failed else 0


def _environment(root: Path, framework: Framework, base: str) -> Path:
    """Return the Python of an environment with the packages and lback."""
    folder = root / "-".join(framework.packages or ("plain",))
    python = folder / "bin/python"
    if python.exists():
        return python
    packages = ["-e", str(HERE), "psycopg[binary]", "pymysql", *framework.packages]
    uv = shutil.which("uv")
    if uv is not None:
        subprocess.run([uv, "venv", "-q", "-p", base, str(folder)], check=True)
        install = [uv, "pip", "install", "-q", "--python", str(python)]
    else:
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q"]
    subprocess.run([*install, *packages], check=True)
    return python


class Playing:
    """One project on one database."""

    def __init__(
        self, framework: Framework, kind: str, url: str, python: Path, folder: Path, verbose: bool
    ) -> None:
        self.framework = framework
        self.kind = kind
        self.url = url
        self.python = python
        self.folder = folder
        self.verbose = verbose
        self.env = environment(folder) | {
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def play(self) -> str:
        """Play all of it and return what to say; raise Failed."""
        framework = self.framework
        if lacking := self.lacking():
            return f"skipped: {lacking}"
        framework.begin(self.folder, database_url(self.url, framework.drivers), self.run)
        (self.folder / ".gitignore").write_text("*.db\n*.sqlite3*\n__pycache__\n")
        self.run("git", "init", "-q", str(self.folder.parent if framework.within else self.folder))
        self.models(0)
        self.run("lback", "init", "--no-input")
        self.lback("makemigrations", "first")
        self.commit("first")
        self.lback("migrate")
        self.lback("makemigrations", "--check")
        self.rows()
        self.models(1)
        self.lback("makemigrations", "second", *framework.answers)
        self.commit("second")
        self.lback("migrate", "--yes")
        self.lback("makemigrations", "--check")
        back = "right"
        said = self.run("lback", "rollback", framework.table, "--yes", "--no-input", codes=(0, 3))
        if said.startswith("error"):
            back = f"right; rollback TABLE: {said.splitlines()[0]}"
            self.lback("rollback", "--steps", "1", "--yes")
        if self.run("git", "status", "--porcelain").strip():
            # The revision did more than this table, and a reverting one was written.
            self.commit("third")
            self.lback("makemigrations", "fourth", *self.answers_for(framework.table))
            self.commit("fourth")
        self.lback("migrate", "--yes")
        self.lback("makemigrations", "--check")
        if framework.databases == 1:  # one scratch database cannot stand for several
            said = self.run("lback", "check", "--models", "--no-input", codes=(0, 1))
            if "LB505" in said:  # said of what cannot be tried here
                back += "; check --models: LB505" + said.partition("LB505")[2].splitlines()[0]
            self.lback("diff")
        return back

    def lacking(self) -> str:
        """Return what the database does not have, and the project cannot do without; else ""."""
        framework = self.framework
        if framework.library and self.kind == "sqlite":
            loading = (
                "import sqlite3; c = sqlite3.connect(':memory:'); c.enable_load_extension(True); "
                f"c.load_extension({framework.library!r})"
            )
            done = subprocess.run([self.python, "-c", loading], capture_output=True, check=False)
            if done.returncode:
                why = done.stderr.decode().strip().splitlines()[-1]
                return f"SQLite does not load {framework.library} ({why})"
        if not framework.wants or self.kind != "postgresql":
            return ""
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            there = set(
                connection.exec_driver_sql("select name from pg_available_extensions").scalars()
            )
        engine.dispose()
        missing = [name for name in framework.wants if name not in there]
        return f"the server does not have {', '.join(missing)}" if missing else ""

    def models(self, state: int) -> None:
        """Write the models."""
        (self.folder / self.framework.place).write_text(self.framework.models[state])

    def answers_for(self, table: str) -> list[str]:
        """Return the answers that are about one table."""
        pairs = zip(self.framework.answers[::2], self.framework.answers[1::2], strict=True)
        return [word for pair in pairs if pair[1].startswith(f"{table}.") for word in pair]

    def commit(self, message: str) -> None:
        """Commit all."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)

    def rows(self) -> None:
        """Put rows into the tables, as the project's own Python connects to them."""
        text = SPATIALITE if self.framework.library and self.kind == "sqlite" else ""
        text += (
            f"import sqlalchemy\nengine = sqlalchemy.create_engine({self.url!r})\n"
            f"with engine.begin() as connection:\n"
            f"    for row in {self.framework.rows!r}:\n"
            f"        connection.exec_driver_sql(row)\n"
        )
        self.run("python", "-c", text)

    def lback(self, *words: str) -> None:
        """Run lback without anybody to answer."""
        self.run("lback", *words, "--no-input")

    def run(self, *words: str, codes: Sequence[int] = (0,)) -> str:
        """Run a command and return what it says; raise Failed."""
        program = words[0] if words[0] == "git" else str(self.python.parent / words[0])
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stderr + done.stdout
        if self.verbose:
            print(f"$ {' '.join(words)}\n{said}", flush=True)
        if done.returncode not in codes or "Traceback" in said:
            raise Failed(f"{' '.join(words)} ended with {done.returncode}\n{said.rstrip()}")
        return said


if __name__ == "__main__":
    sys.exit(main())
