"""What env.py and the revisions see of Alembic's context: the same under lback as under Alembic."""

from __future__ import annotations

import shlex
import sqlite3
import sys

import pytest
from alembic.config import main as alembic_main

from tests.cli.inside import Done, lback
from tests.rounds import long
from tests.story.seeing import MAKO, MODELS, Run, found, runs_in
from tests.worlds.people import Developer

pytestmark = pytest.mark.untraced
LOOKING = "sqlite:///app.db"
ONE_MORE = MODELS + '\nsa.Table("t_new", Base.metadata, sa.Column("id", sa.Integer))\n'
UNDOING = "--strategy downgrade --yes --no-backup"
PLAIN_MAKO = "\n".join(line for line in MAKO.splitlines() if "see" not in line)
PAIRS = [
    # where the database is, what one types with Alembic, and what with lback
    ("", "current", "status"),
    ("b1", "current", "status"),
    ("", "upgrade head", "migrate"),
    ("c1", "upgrade head", "migrate"),
    ("a1", "upgrade heads", "migrate heads --yes"),
    ("c1", "downgrade a1", "migrate a1 --yes"),
    ("c1", "downgrade -1", "migrate --yes -- -1"),
    ("", "stamp head", "migrate --fake"),
    ("b1", "stamp b1", "migrate --fake b1"),
    ("c1", "downgrade a1", f"rollback --revision b1 {UNDOING}"),
    ("c1", "downgrade -2", f"rollback --steps 2 {UNDOING}"),
    ("", "upgrade head --sql", "migrate --sql"),
    ("c1", "downgrade c1:b1 --sql", "rollback --revision c1 --strategy downgrade --sql"),
    ("a1", "upgrade head", "switch"),
    ("b1", "upgrade head", "alembic upgrade head"),
    ("b1", "stamp head --tag now", "alembic stamp head --tag now"),
    ("b1", "-x a=1 -x b upgrade head", "-x a=1 -x b migrate"),
    ("c1", "revision --autogenerate -m=more", "makemigrations more --against database"),
    (
        "c1",
        "revision --autogenerate -m=more --head=c1",
        "makemigrations more --head c1 --against database",
    ),
    ("c1", "revision -m=more", "makemigrations more --empty"),
    ("c1", "check", "makemigrations --check --against database"),
]
# The same commands with other targets: the long form.
ALIKE = [
    ("", "upgrade b1", "migrate b1"),
    ("a1", "upgrade +1", "migrate +1"),
    ("c1", "downgrade base", "migrate base --yes"),
    ("", "stamp b1", "migrate --fake b1"),
    ("c1", "stamp a1", "migrate --fake a1"),
    ("c1", "stamp base", "migrate --fake base"),
    ("c1", "downgrade b1", f"rollback --revision c1 {UNDOING}"),
    ("c1", "downgrade base", f"rollback --revision a1 {UNDOING}"),
    ("", "upgrade b1 --sql", "migrate b1 --sql"),
    ("b1", "-c alembic.ini upgrade head", "-c alembic.ini migrate"),
    ("b1", "-q upgrade head", "-q migrate"),
    ("b1", "current", "alembic current"),
    ("c1", "downgrade -1", "alembic downgrade -1"),
]


class Project(Developer):
    """The project as it was written, for one command after the other."""

    stamped: dict[str, bytes]  # the database at a revision
    looked: dict[str, list[Run]]  # what `alembic current` sees there

    def at(self, stamp: str) -> None:
        """Bring files and database to where a command begins; what was read stays remembered."""
        self.git("reset", "-q", "--hard", "start")
        self.git("clean", "-fdxq")
        if stamp and stamp in self.stamped:
            (self.folder / "app.db").write_bytes(self.stamped[stamp])
        elif stamp:
            self.alembic("upgrade", stamp)
            self.stamped[stamp] = (self.folder / "app.db").read_bytes()
        runs_in(self.folder)

    def look(self, stamp: str) -> list[Run]:
        """Return what is seen by a command that only looks."""
        if stamp not in self.looked:
            self.at(stamp)
            self.looked[stamp] = self.alembic("current")
        return self.looked[stamp]

    def alembic(self, *line: str) -> list[Run]:
        """Run Alembic itself in this process; return what was seen."""
        _forget()
        try:
            alembic_main([*line])
        except SystemExit as end:
            assert line == ("check",), end  # it found something
        return runs_in(self.folder)

    def ours(self, *line: str) -> tuple[list[Run], Done]:
        """Run lback in this process; return what was seen, and what was said."""
        _forget()
        done = lback(self.folder, *line)
        return runs_in(self.folder), done


def _forget() -> None:
    for name in ("models", "seeing"):
        sys.modules.pop(name, None)
    sys.path_importer_cache.pop(".", None)  # it was another folder before


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("seeing") / "project"
    folder.mkdir()
    found(Developer("Ada", folder))
    project = Project("Ada", folder)
    project.stamped, project.looked = {}, {}
    project.git("tag", "start")
    return project


@pytest.fixture
def project(written: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(written.folder)
    return written


def is_look(run: Run) -> bool:
    return run[0]["typed"]["cmd"][0][0] == "current"


def is_rehearsal(run: Run) -> bool:
    return any(record.get("url") not in (None, "sqlite:///app.db") for record in run)


@pytest.mark.parametrize(("stamp", "theirs", "typed"), [*PAIRS, *map(long, ALIKE)])
def test_it_is_seen_as_under_alembic(project: Project, stamp: str, theirs: str, typed: str) -> None:
    """Compare command by command; only looks and rehearsals come before, which say so."""
    models = ONE_MORE if "more" in theirs and "autogenerate" in theirs else MODELS
    looked = project.look(stamp) if "current" not in theirs else []
    project.at(stamp)
    project.write("models.py", models)
    expected = project.alembic(*shlex.split(theirs))
    project.at(stamp)
    project.write("models.py", models)
    seen, done = project.ours(*shlex.split(typed))
    rehearsals = [run for run in seen if is_rehearsal(run)]
    assert not [record for run in rehearsals for record in run if record["at"] == "applied"]
    looks = [run for run in seen if is_look(run) and run not in rehearsals and looked]
    if "-x" not in typed and "-c" not in typed and "-q" not in typed:
        assert all(run == looked[0] for run in looks)
    acts = [run for run in seen if run not in looks + rehearsals]
    assert len(acts) == len(expected), done.said
    for run, other in zip(acts, expected, strict=True):
        assert [record["at"] for record in run] == [record["at"] for record in other]
        for record, under_alembic in zip(run, other, strict=True):
            assert record == under_alembic


def test_a_reverting_revision_is_written_and_applied(project: Project) -> None:
    project.at("c1")
    project.write("migrations/script.py.mako", PLAIN_MAKO)
    seen, done = project.ours("rollback", "--revision", "b1", "--strategy", "revert", "--yes")
    assert done.code == 0, done.said
    acts = [run for run in seen if not is_look(run) and not is_rehearsal(run)]
    shown = [(run[0]["typed"]["cmd"][0][0], run[0]["get_revision_argument"]) for run in acts]
    (path,) = set((project.folder / "migrations/versions").glob("*revert*"))
    revision = path.name.partition("_")[0]
    assert shown[0] == ("revision", "KeyError: 'destination_rev'")
    assert shown[-1] == ("upgrade", repr(revision))
    (step,) = [record["step"] for record in acts[-1] if record["at"] == "applied"]
    assert step["up_revision_id"] == repr(revision)


def test_what_env_py_says_through_alembic_is_heard(project: Project) -> None:
    project.at("")
    env = project.folder / "migrations/env.py"
    env.write_text(env.read_text() + '\ncontext.config.print_stdout("two tenants")\n')
    done = project.ours("migrate")[1]
    assert (done.code, "two tenants" in done.err, "two" in done.out) == (0, True, False)
    said = project.ours("makemigrations", "more", "--empty")[1].said
    assert "wrote migrations/versions/" in said and "Generating" not in said


def test_a_switch_down_and_up_is_one_command_and_then_the_other(project: Project) -> None:
    project.at("c1")
    text = (project.folder / "migrations/versions/c1.py").read_text()
    (project.folder / "migrations/versions/c1.py").unlink()
    project.write("migrations/versions/d1.py", text.replace("c1", "d1"))
    seen, done = project.ours("switch", "--yes")
    assert done.code == 0, done.said
    run = seen[-1]
    told = [
        (record["at"], record["opts"]["fn"][0], record["get_revision_argument"])
        for record in run
        if "opts" in record
    ]
    assert told == [
        ("configured", "downgrade", "'b1'"),
        ("c1 down", "downgrade", "'b1'"),
        ("applied", "downgrade", "'b1'"),
        ("d1 up", "upgrade", "'d1'"),
        ("applied", "upgrade", "'d1'"),
        ("done", "upgrade", "'d1'"),
    ]
    assert [record["typed"].get("revision") for record in run] == ["b1"] * 4 + ["d1"] * 3
    assert {record["get_head_revision"] for record in run} == {"'d1'"}
    assert {record["get_head_revisions"] for record in run} == {"('d1',)"}


GUARD = """

def refuse_to_lose():
    from alembic import context

    if context.get_revision_argument() in (None, "b1", "-1"):
        if op.get_bind().execute(sa.text("SELECT 1 FROM t_c1")).first():
            raise RuntimeError("c1 still holds orders")
"""


@pytest.mark.parametrize(
    "typed",
    [
        "downgrade b1",
        "migrate b1 --yes",
        long("migrate base --yes"),
        long("migrate --yes -- -1"),
        f"rollback --revision c1 {UNDOING}",
        long(f"rollback --revision a1 {UNDOING}"),
        long(f"rollback --steps 1 {UNDOING}"),
        "switch --yes",
    ],
)
def test_a_guard_in_a_downgrade_keeps_the_rows(project: Project, typed: str) -> None:
    project.at("")
    path = project.folder / "migrations/versions/c1.py"
    drop = 'op.drop_table("t_c1")'
    path.write_text(path.read_text().replace(drop, f"refuse_to_lose()\n    {drop}") + GUARD)
    project.commit("Guard")
    project.alembic("upgrade", "head")
    database = sqlite3.connect("app.db")
    database.execute("INSERT INTO t_c1 VALUES (1)")
    database.commit()
    if typed.startswith("downgrade"):
        with pytest.raises(RuntimeError, match="still holds"):
            alembic_main(typed.split())
    else:
        if typed.startswith("switch"):
            path.unlink()
        done = project.ours(*shlex.split(typed))[1]
        assert (done.code, "c1 still holds orders" in done.said) == (3, True), done.said
    assert database.execute("SELECT count(*) FROM t_c1").fetchone() == (1,)
    database.close()


def test_a_revert_where_every_revision_takes_arguments(project: Project) -> None:
    project.at("")
    versions = project.folder / "migrations/versions"
    for path in versions.glob("*.py"):
        lines = [line for line in path.read_text().splitlines() if "see" not in line]
        path.write_text("\n".join(lines))
    text = (versions / "c1.py").read_text().replace('"b1"', '"c1"').replace("'b1'", "'c1'")
    text = text.replace("'c1'", "'d1'", 1)
    up = 'op.add_column("t_a1", sa.Column("x", sa.Integer)); op.create_table("t_d1", '
    text = text.replace('op.create_table("t_c1", ', up)
    text = text.replace("op.drop_table(", 'op.drop_column("t_a1", "x"); op.drop_table(')
    (versions / "d1.py").write_text(text.replace("t_c1", "t_d1"))
    project.write("migrations/script.py.mako", PLAIN_MAKO)
    project.alembic("upgrade", "head")
    done = project.ours("rollback", "t_a1", "--yes")[1]
    assert (done.code, "how: revert" in done.said) == (0, True), done.said
    (path,) = versions.glob("*revert*")
    assert "def upgrade(tenant, size):\n    op.drop_column(" in path.read_text()
