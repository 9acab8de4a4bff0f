"""Several environments in one repository, and one that lies below where people stand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lback.core.shell import place
from lback.project.context import Context
from lback.project.environments import around, below, context_of, environment_of
from lback.project.options import Environment, Options
from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.texts import creates, revision

ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
INI = "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n"


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    """Return somebody in an empty repository."""
    ada = Developer("Ada", tmp_path / "work")
    ada.folder.mkdir()
    ada.git("init", "-q", "-b", "main")
    return ada


def environment(ada: Developer, folder: str, head: str, parents: tuple[str, ...] = ()) -> None:
    """Write one with a revision that makes a table of its name."""
    ada.write(f"{folder}/alembic.ini", INI)
    ada.write(f"{folder}/migrations/env.py", ENV)
    revise(ada, f"{folder}/migrations", head, parents)


def revise(ada: Developer, folder: str, name: str, parents: tuple[str, ...] = ()) -> None:
    ada.write(f"{folder}/versions/{name}.py", revision(name, parents, *creates(name)))


def streams(ada: Developer, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command; both streams apart."""
    return ada.call(sys.executable, "-m", "lback", *words)


@pytest.fixture
def services(ada: Developer) -> Developer:
    """Return somebody with two services in one repository."""
    environment(ada, "services/a", "a1")
    environment(ada, "services/b", "b1")
    ada.write(".gitignore", "*.db\n*.lback-lock\n__pycache__/\n")
    ada.commit("Start")
    return ada


def found(folder: Path, **given: Any) -> list[str]:
    """Return what a command needs to be given for each environment that it may be about."""
    ctx = Context(Options(directory=str(folder), **given))
    root = ctx.repository.root if ctx.repository and ctx.repository.root else ctx.cwd
    return [place(one.options(Options(), root, ctx.cwd).place) for one in around(ctx)]


# Where they are


def test_sections_and_files_of_one_folder(ada: Developer) -> None:
    ada.write(
        "db/alembic.ini",
        "[alembic]\nscript_location = main\n[audit]\nscript_location = audit\n"
        "[loggers]\nkeys = root\n[first]\nsqlalchemy.url = sqlite://\n",
    )
    ada.write("db/alembic-log.ini", "[alembic]\nscript_location = log\n")
    ada.write("db/tox.ini", "[tox]\nenvlist = alembic\n")
    assert found(ada.folder) == ["-C db", "-C db -n audit", "-C db -c alembic-log.ini"]
    assert found(ada.folder, name="audit") == ["-C db -n audit"]
    assert found(ada.folder / "db") == []
    every = below(Context(Options(directory=str(ada.folder))))
    assert [one.name for one in every] == ["db", "db [audit]", "db alembic-log.ini"]


def test_files_that_are_no_default_are_found_where_one_stands(ada: Developer) -> None:
    for name in ("main", "audit"):
        ada.write(f"{name}.ini", f"[alembic]\nscript_location = {name}\n")
    assert found(ada.folder) == ["-c audit.ini", "-c main.ini"]


def test_a_toml_and_another_folder_to_start_in(ada: Developer) -> None:
    ada.write("core/pyproject.toml", '[tool.alembic]\nscript_location = "migrations"\n')
    ada.write("core/alembic.ini", "[alembic]\nsqlalchemy.url = sqlite:///core.db\n")
    ada.write("web/pyproject.toml", "[project]\nname = 'web'\n")
    ada.write("backend/conf/alembic.ini", "[alembic]\nscript_location = app/migrations\n")
    ada.write("backend/app/migrations/env.py", ENV)
    assert found(ada.folder) == ["-C backend -c conf/alembic.ini", "-C core"]


def test_inside_of_what_is_started_from_above(ada: Developer) -> None:
    """As mlflow has it; from inside, Alembic says that the path does not exist."""
    ini = INI.replace("migrations", "app/db/main") + "[audit]\nscript_location = audit\n"
    ada.write("app/db/alembic.ini", ini)
    for folder in ("main", "audit"):
        ada.write(f"app/db/{folder}/env.py", ENV)
    revise(ada, "app/db/main", "a1")
    assert found(ada.folder / "app/db") == ["-C ../.. -c app/db/alembic.ini"]
    assert found(ada.folder / "app/db/main") == ["-C ../../.. -c app/db/alembic.ini"]
    assert found(ada.folder / "app/db", name="audit") == []
    assert found(ada.folder / "app/db", config="alembic.ini") == []
    ada.commit("Start")
    told = ada.lback("-C", "app/db", "check", "--at", "HEAD")
    assert "1 head (a1)" in told
    assert "applied 1 revision" in ada.lback("-C", "app/db", "migrate")


def test_what_lies_elsewhere_is_not_taken_for_what_is_gone(services: Developer) -> None:
    """Another one's migrations never run on a database because its own are not there."""
    environment(services, ".", "r1")
    shutil.rmtree(services.folder / "services/a/migrations")
    assert found(services.folder / "services/a") == []
    told = services.lback("-C", "services/a", "heads", code=1)
    place = services.folder / "services/a/migrations"
    assert f"LB107 there is no folder {place}, which `script_location` in" in told
    for line in ("migrate", "merge", "switch"):
        assert "there is no folder" in services.lback("-C", "services/a", *line.split(), code=3)
    assert "no folder" in services.lback("-C", "services/a", "status")


def test_flask_migrate_below(ada: Developer) -> None:
    for folder in ("shop/migrations", "audit/db_migrations"):
        ada.write(f"{folder}/alembic.ini", "[alembic]\n")
        ada.write(f"{folder}/env.py", "from flask import current_app\n")
    assert found(ada.folder) == ["-C audit -c db_migrations/alembic.ini", "-C shop"]


def test_inside_of_what_flask_migrate_writes(ada: Developer) -> None:
    """The application and the settings are in the folder above."""
    ada.write("shop/migrations/alembic.ini", "[alembic]\n")
    ada.write("shop/migrations/env.py", "from flask import current_app\n")
    ada.write("shop/pyproject.toml", '[tool.lback]\nheads = ["a1", "b1"]\n')
    for name in ("a1", "b1"):
        revise(ada, "shop/migrations", name)
    assert found(ada.folder / "shop") == []
    assert found(ada.folder / "shop/migrations") == ["-C .."]
    assert found(ada.folder / "shop/migrations/versions") == ["-C ../.."]
    assert "LB101" not in ada.lback("-C", "shop/migrations", "check")
    ada.write("plain/alembic.ini", "[alembic]\nscript_location = .\n")
    ada.write("plain/env.py", ENV)
    assert found(ada.folder / "plain") == []


def test_tests_and_examples_are_not_in_the_way(ada: Developer) -> None:
    for folder in ("tests/data", "examples/one"):
        environment(ada, folder, "x1")
    assert found(ada.folder) == ["-C examples/one", "-C tests/data"]
    environment(ada, "backend", "a1")
    assert found(ada.folder) == ["-C backend"]
    assert found(ada.folder / "tests") == ["-C data"]


def test_what_is_not_looked_at(ada: Developer) -> None:
    for folder in (".cache/x", "node_modules/x", "site/venv/x", "odd/place/x"):
        environment(ada, folder, "x1")
    ada.write("odd/place/pyvenv.cfg")
    assert found(ada.folder) == []
    deep = "/".join("abcdefgh")
    environment(ada, deep, "x1")
    assert found(ada.folder) == []
    ada.git("add", f"{deep}/alembic.ini")
    assert found(ada.folder) == [f"-C {deep}"]


def test_beside_where_one_stands(services: Developer) -> None:
    services.write("docs/index.md")
    assert found(services.folder / "docs") == ["-C ../services/a", "-C ../services/b"]
    assert found(services.folder / "services/a") == []


def test_the_whole_command_line_is_said_for_each(services: Developer) -> None:
    told = services.lback("blame", "no such", "--at", "HEAD", code=2)
    assert "`lback -C services/a blame 'no such' --at HEAD`, `lback -C services/b bl" in told
    told = services.lback("blame", "users", "-C", ".", code=2)
    assert "`lback -C services/a blame`, `lback -C services/b blame`" in told


def test_without_git(tmp_path: Path) -> None:
    environment(Developer("Ada", tmp_path), "backend", "a1")
    assert found(tmp_path) == ["-C backend"]


def test_a_configuration_that_cannot_be_read_is_one(ada: Developer) -> None:
    ada.write("a/alembic.ini", "[alembic\n")
    assert found(ada.folder) == ["-C a"]


@pytest.mark.parametrize(
    "one",
    [
        Environment("."),
        Environment("services/a"),
        Environment("a b", "conf/x.ini"),
        Environment(".", None, "audit"),
        Environment("a", "/etc/x.ini", "odd//name"),
    ],
)
def test_what_is_written_down_is_read_again(one: Environment) -> None:
    assert Environment.parse(one.spelled()) == one


def test_the_variable_names_no_file_of_another_environment(
    services: Developer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALEMBIC_CONFIG", "services/a/alembic.ini")
    ctx = Context(Options(directory=str(services.folder)))
    assert environment_of(ctx) == Environment(".", "services/a/alembic.ini")
    other = context_of(ctx, Environment("services/b"))
    assert environment_of(other) == Environment("services/b")


# Commands


def test_the_only_one_is_taken_and_told(ada: Developer) -> None:
    environment(ada, "backend", "a1")
    ada.commit("Start")
    done = streams(ada, "migrate")
    assert done.returncode == 0, done.stderr
    assert "note: the environment is backend: `lback -C backend migrate`" in done.stderr
    assert (ada.folder / "backend/app.db").exists()
    done = streams(ada, "heads", "--json")
    assert [row["revision"] for row in report_of(done.stdout)["data"]["heads"]] == ["a1"]
    revise(ada, "backend/migrations", "a2", ("a1",))
    assert "next: Run `lback -C backend migrate`." in ada.lback("status")


def test_reading_goes_through_all(services: Developer) -> None:
    revise(services, "services/b/migrations", "b2")
    told = services.lback("heads").split("services/b:")
    assert told[0].startswith("services/a:\na1")
    assert "a1" not in told[1] and "b2" in told[1]
    told = services.lback("check", code=1)
    assert "services/b:\n" in told and "LB101 2 heads: b1 " in told
    report = report_of(streams(services, "check", "--json").stdout)
    assert (report["status"], report["exit_code"]) == ("findings", 1)
    rows = {row["environment"]: row for row in report["data"]["environments"]}
    assert rows["services/a"]["data"]["heads"] == ["a1"]
    assert (rows["services/a"]["status"], rows["services/b"]["status"]) == ("ok", "findings")
    assert [one["code"] for one in report["findings"]] == ["LB101", "LB303"]
    told = services.lback("check", "--format", "gitlab", code=1)
    assert told.count('"check_name": "LB101"') == 1
    services.write("services/a/alembic.ini", "[alembic\n")
    report = report_of(streams(services, "heads", "--json").stdout)
    assert (report["status"], report["exit_code"]) == ("error", 2)
    assert len(report["data"]["environments"]) == 2


def test_env_py_of_one_is_nothing_to_the_next(services: Developer) -> None:
    """Both have a module of the same name, which says where the database is."""
    for name in "ab":
        services.write(f"services/{name}/settings.py", f"URL = 'sqlite:///{name}.db'\n")
        services.write(
            f"services/{name}/migrations/env.py",
            "import os, settings\nos.environ.setdefault('URL', settings.URL)\n"
            + ENV.replace('context.config.get_main_option("sqlalchemy.url")', "os.environ['URL']"),
        )
        services.write(f"services/{name}/alembic.ini", INI + "prepend_sys_path = .\n")
    told = services.lback("status").split("services/b:")
    assert "sqlite:///a.db" in told[0]
    assert "sqlite:///b.db" in told[1]
    report = report_of(streams(services, "status", "--json").stdout)
    rows = report["data"]["environments"]
    assert [row["data"]["database"]["url"] for row in rows] == ["sqlite:///a.db", "sqlite:///b.db"]


def test_acting_lists_them(services: Developer) -> None:
    for words in (["migrate"], ["merge"], ["show", "a1"], ["alembic", "current"]):
        told = services.lback(*words, code=2)
        assert "There are 2 environments here: services/a, services/b." in told
        line = " ".join(words)
        assert f"`lback -C services/a {line}`, `lback -C services/b {line}`" in told
    told = services.lback("-C", "services", "migrate", code=2)
    assert "`lback -C services/a migrate`" in told
    assert "applied 1 revision" in services.lback("-C", "services/b", "migrate")
    services.folder /= "services/a"
    told = services.lback("-C", "services/b", "heads", code=2)
    assert "The repository has it at its root: give `-C ../b`." in told
    services.folder = services.folder.parents[1]
    told = services.lback("check", "--baseline", "b.json", "--write-baseline", code=2)
    assert "There are 2 environments here" in told


def test_a_baseline_is_where_one_stands(ada: Developer) -> None:
    environment(ada, "backend", "a1")
    revise(ada, "backend/migrations", "a2")
    ada.lback("check", "--baseline", "old.json", "--write-baseline")
    assert (ada.folder / "old.json").exists()
    assert "3 findings left out" in ada.lback("check", "--baseline", "old.json")


def test_a_branch_hides_no_environment_from_a_check(services: Developer) -> None:
    """It takes a configuration away, or puts an empty one above it."""
    services.git("switch", "-q", "-c", "gone")
    services.git("rm", "-q", "-r", "services/b")
    services.git("commit", "-q", "-m", "Take b out")
    told = services.lback("check", "--against", "main", code=1)
    assert "services/b/alembic.ini: LB112" in told
    assert '"check_name": "LB112"' in services.lback(
        "check", "--against", "main", "--format", "gitlab", code=1
    )
    services.git("switch", "-q", "-c", "above", "main")
    environment(services, ".", "r1")
    revise(services, "services/b/migrations", "b2")
    services.commit("Look here")
    told = services.lback("check", "--against", "main", code=1)
    assert "services/b:\n" in told
    assert "LB101 2 heads: b1" in told
    services.git("switch", "-q", "-c", "moved", "main")
    services.git("mv", "services/b", "services/c")
    services.git("commit", "-q", "-m", "Rename b")
    assert "services/c:\n" in services.lback("check", "--against", "main")


def test_a_bare_repository_has_those_of_its_head(services: Developer, tmp_path: Path) -> None:
    """Next commands are for a clone, where whoever pushes reads them."""
    revise(services, "services/b/migrations", "b2")
    services.commit("Fork")
    services.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    services.folder = tmp_path / "bare"
    told = services.lback("check", "--at", "main", "--against", "main~", "--replace", code=1)
    assert "services/a/alembic.ini:\n" in told
    assert "Close the fork with `lback -C services/b resolve`" in told
    assert services.lback("heads", "--at", "main").count("services/b/migrations") == 2
    told = services.lback("show", "a1", "--at", "main", code=2)
    assert "`lback -c services/a/alembic.ini show a1 --at main`" in told


# init


def test_init_adopts_all_and_starts_no_second_one(services: Developer) -> None:
    told = services.lback("init", "--hooks")
    assert told.count("found an Alembic project: ") == 2
    assert "wrote services/a/manage.py\nwrote services/b/manage.py\n" in told
    changed = services.git("status", "--porcelain").splitlines()
    assert changed == ["?? services/a/manage.py", "?? services/b/manage.py"]
    assert services.git("config", "--get-all", "lback.project") == "services/a\nservices/b\n"
    assert "wrote" not in services.lback("init")
    assert "wrote alembic.ini" in services.lback("init", "services/c")
    services.lback("init", "--new")
    assert (services.folder / "alembic.ini").exists()
    assert "found an Alembic project" in services.lback("init", "--new")


def test_init_adopts_the_only_one(ada: Developer) -> None:
    environment(ada, "backend", "a1")
    told = ada.lback("init", "--hooks")
    assert "wrote backend/manage.py" in told
    assert not (ada.folder / "manage.py").exists()
    assert ada.git("config", "lback.project") == "backend\n"


def test_init_configures_migrations_that_no_file_configures(ada: Developer) -> None:
    env = ENV.replace(
        "from alembic import context",
        "from logging.config import fileConfig\n"
        "from alembic import context\nfileConfig(context.config.config_file_name)",
    )
    ada.write("shop/migrations/env.py", env)
    revise(ada, "shop/migrations", "a1")
    assert "let `lback init` adopt" in ada.lback("heads", code=2)
    told = ada.lback("init")
    assert "found migrations that no file configures: shop/migrations" in told
    assert "wrote manage.py\nwrote alembic.ini\n" in told
    assert not (ada.folder / "migrations").exists()
    assert "a1" in ada.lback("heads")
    # Which database it is says env.py, and nobody else.
    assert "got None" in ada.lback("migrate", code=3)


def test_init_does_not_choose_among_unconfigured_migrations(ada: Developer) -> None:
    for name in ("a", "b"):
        ada.write(f"{name}/migrations/env.py", ENV)
        revise(ada, f"{name}/migrations", f"{name}1")
    told = ada.lback("init", code=2)
    assert "no file configures: a/migrations, b/migrations" in told
    assert ada.git("status", "--porcelain") == "?? a/\n?? b/\n"
    assert "a1" in ada.lback("--script-location", "a/migrations", "heads")


def test_init_does_not_take_an_example_for_the_project(ada: Developer) -> None:
    environment(ada, "examples/one", "a1")
    assert "`lback init --new`" in ada.lback("init", code=2)
