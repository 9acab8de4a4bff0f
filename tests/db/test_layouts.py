"""Projects as people lay them out: nothing of theirs has to change for lback."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from lback.core.plans import plan_upgrade
from lback.db.autogenerate import Draft, make_empty_revision, make_revision
from lback.db.events import RunOutcome
from lback.db.project import build_config
from lback.db.questions import GivenAnswers
from lback.db.runner import Database
from lback.errors import LbackError
from lback.project.locate import find_project
from lback.project.options import Options
from tests.db.projects import MakeProject, Project

FLASK_ENV = """
    from alembic import context
    from flask import current_app

    config = context.config
    db = current_app.extensions["migrate"].db
    config.set_main_option("sqlalchemy.url", str(db.engine.url).replace("%", "%%"))

    def quiet(context, revision, directives):
        if getattr(config.cmd_opts, "autogenerate", False):
            if directives[0].upgrade_ops.is_empty():
                directives[:] = []

    with db.engine.connect() as connection:
        arguments = current_app.extensions["migrate"].configure_args
        arguments.setdefault("process_revision_directives", quiet)
        context.configure(connection=connection, target_metadata=db.metadata, **arguments)
        with context.begin_transaction():
            context.run_migrations()
"""

FLASK_APP = """
    from flask import Flask
    from flask_migrate import Migrate
    from flask_sqlalchemy import SQLAlchemy

    db, migrate = SQLAlchemy(), Migrate()

    class User(db.Model):
        id = db.Column(db.Integer, primary_key=True)

    @migrate.configure
    def note(config):
        config.attributes["seen"] = True
        return config

    def create_app():
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
        db.init_app(app)
        migrate.init_app(app, db)
        return app
"""


def migrate(project: Project, **options: object) -> RunOutcome:
    database = project.database(**options)
    return database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def flask_project(make_project: MakeProject, url: str, module: str = "app.py") -> Project:
    project = make_project(FLASK_ENV)
    project.write(module, textwrap.dedent(FLASK_APP).format(url=url))
    (project.root / "alembic.ini").unlink()
    # Flask-Migrate's ini lies among the migrations and does not say where they are.
    project.config_path = project.write("migrations/alembic.ini", "[alembic]\n")
    return project


def test_flask_migrate_finds_the_application_as_flask_does(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = flask_project(make_project, sqlite_url)
    made = make_revision(project.database(), Draft("add user"), GivenAnswers())
    assert made.changes == ("create table user",)
    migrate(project)
    assert "user" in tables(sqlite_url)
    assert make_revision(project.database(), Draft("none"), GivenAnswers()).paths == ()


def test_flask_app_from_the_environment(
    make_project: MakeProject, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = flask_project(make_project, sqlite_url, "shop/factory.py")
    project.add("a1")
    with pytest.raises(LbackError, match="No Flask application was found") as refusal:
        migrate(project)
    assert "FLASK_APP" in (refusal.value.hint or "")
    monkeypatch.setenv("FLASK_APP", "shop.factory:create_app")
    assert migrate(project).after == ("a1",)


def test_flask_app_from_our_settings(make_project: MakeProject, sqlite_url: str) -> None:
    project = flask_project(make_project, sqlite_url, "shop/factory.py")
    project.write("pyproject.toml", '[tool.lback]\napp = "shop.factory:create_app"\n')
    project.add("a1")
    assert migrate(project).after == ("a1",)


def test_a_flask_application_that_breaks_is_named(
    make_project: MakeProject, sqlite_url: str
) -> None:
    project = flask_project(make_project, sqlite_url)
    project.write("app.py", "import flask\nraise ValueError('not today')\n")
    project.add("a1")
    with pytest.raises(LbackError, match=r"not today") as refusal:
        migrate(project)
    assert "app.py:2" in refusal.value.message


@pytest.mark.parametrize(
    ("line", "why", "what"),
    [
        (
            "import nowhere_to_be_found",
            "named 'nowhere_to_be_found'",
            "Install nowhere_to_be_found",
        ),
        ("import stock", "named 'stock'", "add lib to prepend_sys_path"),
        ("import shared.money", "named 'shared'", "add .. to prepend_sys_path"),
        ("import tasks", "named 'tasks'", "Install tasks"),
        ("import flask.money", "named 'flask.money'", "flask is loaded from"),
        ("from os import nothing", "cannot import name 'nothing'", "Correct it"),
    ],
)
def test_an_application_that_cannot_be_imported_is_told_by_the_cause(
    make_project: MakeProject, sqlite_url: str, line: str, why: str, what: str
) -> None:
    project = flask_project(make_project, sqlite_url)
    project.write("lib/stock/__init__.py", "")
    project.write("../shared/money.py", "")
    project.write("shop/__init__.py", "")
    project.write("shop/tasks/__init__.py", "")
    (project.root.parent / ".git").mkdir()
    project.write("app.py", f"{line}\n")
    project.add("a1")
    with pytest.raises(LbackError) as refusal:
        migrate(project)
    assert refusal.value.message.startswith("The Flask application (app.py:1) failed: ")
    assert why in refusal.value.message
    assert what in (refusal.value.hint or "")
    assert "Traceback" not in refusal.value.message


def test_the_folder_of_an_application_is_missing(
    make_project: MakeProject, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = flask_project(make_project, sqlite_url, "lib/stock/factory.py")
    project.add("a1")
    monkeypatch.setenv("FLASK_APP", "stock.factory:create_app")
    with pytest.raises(LbackError, match="No module named 'stock'") as refusal:
        migrate(project)
    assert "add lib to prepend_sys_path" in (refusal.value.hint or "")
    project.write("migrations/alembic.ini", "[alembic]\nprepend_sys_path = lib\n")
    assert migrate(project).after == ("a1",)


def test_the_folder_of_a_package_with_the_migrations_is_missing(make_project: MakeProject) -> None:
    project = make_project("")
    project.write("depot/__init__.py", "")
    project.write("depot/migrations/env.py", "")
    project.write("alembic.ini", "[alembic]\nscript_location = depot:migrations\n")
    with pytest.raises(LbackError, match="No module named 'depot'") as refusal:
        migrate(project)
    assert "add . to prepend_sys_path" in (refusal.value.hint or "")


def test_the_folder_of_flask_migrate_wins(make_project: MakeProject, sqlite_url: str) -> None:
    project = flask_project(make_project, sqlite_url)
    project.write("migrations/alembic.ini", "[alembic]\nscript_location = .\n")
    project.add("a1")
    settings = find_project(Options(), project.root, None).settings
    assert settings.script_location == str(project.root / "migrations")
    database = Database(settings, project.graph(), project.root)
    done = database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    assert done.after == ("a1",)


MULTI_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    config = context.config
    for name in config.get_main_option("databases").split(", "):
        url = config.get_section(name)["sqlalchemy.url"]
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as connection:
            context.configure(
                connection=connection,
                upgrade_token="%s_upgrades" % name,
                downgrade_token="%s_downgrades" % name,
            )
            with context.begin_transaction():
                context.run_migrations(engine_name=name)
"""


def test_several_databases(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project("")
    urls = {name: f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")}
    sections = "".join(f"[{name}]\nsqlalchemy.url = {url}\n" for name, url in urls.items())
    project.write("migrations/env.py", textwrap.dedent(MULTI_ENV))
    project.ini("databases = one, two\n" + sections)
    project.write(
        "migrations/versions/a1_x.py",
        textwrap.dedent(
            """
            from alembic import op
            import sqlalchemy as sa
            revision, down_revision = "a1", None
            def upgrade(engine_name):
                op.create_table("in_" + engine_name, sa.Column("id", sa.Integer))
            def downgrade(engine_name):
                pass
            """
        ).replace('revision, down_revision = "a1", None', 'revision = "a1"\ndown_revision = None'),
    )
    outcome = migrate(project)
    assert [one.after for one in outcome.databases] == [("a1",), ("a1",)]
    assert {name: tables(url) for name, url in urls.items()} == {
        "one": {"alembic_version", "in_one"},
        "two": {"alembic_version", "in_two"},
    }
    database = project.database()
    assert database.stamp().url == urls["one"]
    assert database.look(lambda view: view.stamp.url) == (urls["one"], urls["two"])


def test_two_version_locations(make_project: MakeProject, sqlite_url: str) -> None:
    project = make_project(url=sqlite_url)
    project.ini("version_locations = %(here)s/one %(here)s/two\npath_separator = space\n")
    project.add("a1", folder="one", branch_labels=("left",))
    project.add("b1", folder="two", branch_labels=("right",))
    project.locations = [project.root / "one", project.root / "two"]
    assert sorted(migrate(project).after) == ["a1", "b1"]
    made = make_empty_revision(project.database(), Draft("more", head="b1"))
    assert made.paths[0].parent == project.root / "two"


def test_a_package_and_a_folder(
    make_project: MakeProject, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(url=sqlite_url)
    project.write("shop_pkg/__init__.py", "")
    (project.root / "migrations").rename(project.root / "shop_pkg" / "migrations")
    project.ini(location="shop_pkg:migrations")
    project.add("a1", folder="shop_pkg/migrations/versions")
    project.locations = [project.root / "shop_pkg/migrations/versions"]
    monkeypatch.chdir("/")
    assert migrate(project).after == ("a1",)


def test_each_project_of_a_process_has_a_folder_called_dot(tmp_path: Path) -> None:
    for name in ("first", "second"):
        project = Project(tmp_path / name, url=f"sqlite:///{tmp_path}/{name}.sqlite3")
        project.write(f"{name}_pkg/__init__.py", "")
        (project.root / "migrations").rename(project.root / f"{name}_pkg" / "migrations")
        project.ini(location=f"{name}_pkg:migrations")
        project.add("a1", folder=f"{name}_pkg/migrations/versions")
        project.locations = [project.root / f"{name}_pkg/migrations/versions"]
        assert migrate(project).after == ("a1",)


@pytest.mark.parametrize("reads", [True, False], ids=["read", "copied"])
def test_only_pyproject(
    make_project: MakeProject, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, reads: bool
) -> None:
    if not reads:  # as an Alembic before 1.16
        monkeypatch.setattr("lback.db.project.READS_PYPROJECT", False)
    project = make_project(url=sqlite_url)
    (project.root / "alembic.ini").unlink()
    project.config_path = None
    project.write(
        "pyproject.toml",
        textwrap.dedent(
            """
            [tool.alembic]
            script_location = "%(here)s/migrations"
            prepend_sys_path = ["."]
            file_template = "%%(rev)s-%%(slug)s"
            [[tool.alembic.post_write_hooks]]
            name = "mark"
            type = "exec"
            executable = "sh"
            options = "-c 'echo \\"# marked\\" >> REVISION_SCRIPT_FILENAME'"
            """
        ),
    )
    project.add("a1")
    assert migrate(project).after == ("a1",)
    (path,) = make_empty_revision(project.database(), Draft("by hand", rev_id="b2")).paths
    assert path.name == "b2-by_hand.py"
    assert path.read_text().endswith("# marked\n")


ASKING_ENV = """
    import os
    from alembic import context
    from sqlalchemy import create_engine, pool
    import helper_beside_the_ini

    config = context.config
    assert config.config_ini_section == "other"
    x = context.get_x_argument(as_dictionary=True)
    assert config.cmd_opts.x == ["file=here.db"]
    assert config.cmd_opts.cmd[0].__name__ == "upgrade"
    assert context.get_revision_argument() == ("a1",)
    assert context.get_head_revision() == "a1"
    engine = create_engine("sqlite:///" + x["file"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection, version_table="mine")
        with context.begin_transaction():
            context.run_migrations()
"""


def test_what_env_asks_is_answered_as_alembic_would(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = make_project(ASKING_ENV)
    project.write("alembic.ini", "[other]\nscript_location = migrations\nprepend_sys_path = .\n")
    project.section = "other"
    project.write("helper_beside_the_ini.py", "")
    project.add("a1")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    migrate(project, x=["file=here.db"])
    assert tables(f"sqlite:///{project.root / 'here.db'}") == {"mine", "t_a1"}
    assert Path.cwd() == tmp_path
    assert sys.path == [str(project.root), *path]
    assert not list(project.migrations.rglob("__pycache__"))


def test_a_graph_from_another_folder_than_alembics(
    make_project: MakeProject, sqlite_url: str
) -> None:
    """The project lies in a subfolder of the repository; paths count from the top."""
    project = make_project(url=sqlite_url)
    project.add("a1")
    top = project.root.parent
    graph = project.graph_from(top)
    database = Database(project.settings(), graph, top, folder=project.root)
    assert database.run(lambda stamp: plan_upgrade(graph, stamp.revisions)).after == ("a1",)


def test_an_alembic_that_reads_no_pyproject_gets_its_options(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lback.db.project.READS_PYPROJECT", False)
    project = make_project("pass")
    project.ini("file_template = of_the_ini\n")
    lines = [
        "[tool.alembic]",
        "script_location = '%(here)s/elsewhere'",
        "version_locations = ['%(here)s/one', '%(here)s/two']",
        "file_template = 'of_the_table'",
        "sourceless = true",
        "truncate_slug_length = 20",
        "[[tool.alembic.post_write_hooks]]",
        "name = 'mark'",
        "type = 'exec'",
        "options = '100%% REVISION'",
    ]
    project.write("pyproject.toml", "\n".join(lines))
    settings = project.settings()
    monkeypatch.chdir(project.root)
    config = build_config(settings, project.root)
    options = ["script_location", "version_locations", "version_path_separator", "file_template"]
    assert [config.get_main_option(one) for one in options] == [
        f"{project.root}/migrations", f"{project.root}/one:{project.root}/two", "os", "of_the_ini",
    ]  # fmt: skip
    assert config.get_main_option("sourceless") == "true"
    assert config.get_main_option("truncate_slug_length") == "20"
    assert config.get_section("post_write_hooks", {}) == {
        "here": str(project.root), "hooks": "mark", "mark.type": "exec",
        "mark.options": "100% REVISION",
    }  # fmt: skip
    project.ini("[post_write_hooks]\nhooks = own\n")
    config = build_config(settings, project.root)
    assert config.get_section_option("post_write_hooks", "hooks") == "own"
    project.write("pyproject.toml", "[tool.alembic]\nscript_location = '%(there)s'\n")
    with pytest.raises(LbackError, match=r"pyproject\.toml cannot be read: .*there"):
        build_config(settings, project.root)
