"""An answer that is printed again is the one that the command would give now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.processes import COUNTED
from tests.worlds.texts import revision_text

ROOT = str(Path(__file__).parents[2])
# The whole program; files count as settled at once, so that no test has to wait for that.
_START = f"""
import os, sys
if {COUNTED!r} in os.environ:
    sys.path.insert(0, {ROOT!r})
    from tests.worlds.processes import count
    del sys.path[0]
    count(*os.environ[{COUNTED!r}].split(os.pathsep))
from lback.vcs import noted
noted.RACY_NS = 0
from lback.__main__ import main
main()
"""
# The program without its first step: what the command itself says.
_ALONE = "from lback.cli.main import main; main()"
_LIBRARY = "from alembic import op\n\ndef add(name):\n    op.create_table(name)\n"
_CALLS = """\
from library import add

revision = "c"
down_revision = "b"


def upgrade():
    add("things")
"""


class Project:
    """A repository with a remote branch and three migrations, the last by way of a helper."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        }

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=self.env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def run(self, code: str, *words: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code, *words],
            cwd=self.root / folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, *words: str, folder: str = ".") -> tuple[str, int, bool]:
        """Return the answer, the exit status, and whether it was printed again."""
        done = self.run(_START, *words, folder=folder)
        return done.stdout, done.returncode, "click.core" not in done.stderr

    def truth(self, *words: str, folder: str = ".") -> tuple[str, int]:
        done = self.run(_ALONE, *words, folder=folder)
        return done.stdout, done.returncode

    @property
    def notes(self) -> list[Path]:
        return sorted((self.root / ".git" / "lback").glob("answer-*"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "home").mkdir()
    project = Project(folder / "shop", folder / "home")
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
    project.write("migrations/versions/a.py", revision_text("a", (), "users"))
    project.write("migrations/versions/b.py", revision_text("b", ("a",), "orders"))
    project.write("migrations/versions/c.py", _CALLS)
    project.write("library.py", _LIBRARY)
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-q", "-m", "Start")
    project.git("update-ref", "refs/remotes/origin/main", "HEAD")
    project.git("branch", "other")
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Project:
    shutil.copytree(made, tmp_path / "copy")
    project = Project(tmp_path / "copy" / "shop", tmp_path / "copy" / "home")
    project.git("status")  # git's index holds the times of the copy
    return project


@pytest.mark.counted
@pytest.mark.parametrize(
    "words",
    [
        ("heads",),
        ("heads", "--json"),
        ("graph",),
        ("show", "c"),
        ("history",),
        ("history", "users", "--patch"),
        ("blame", "users"),
    ],
    ids=" ".join,
)
def test_the_second_answer_is_printed_without_the_program(
    shop: Project, words: tuple[str, ...]
) -> None:
    first = shop.ask(*words)
    assert first[2] is False
    assert shop.ask(*words) == (*first[:2], True)
    assert shop.truth(*words) == first[:2]
    assert first[0]


# What changes, as a script for the shell in the root of the work tree.
CHANGES = {
    "a file edited": "echo 'branch_labels = (\"late\",)' >> migrations/versions/c.py",
    "an edit of the same size and time": """
        touch -r migrations/versions/c.py stamp
        sed -i s/things/thongs/ migrations/versions/c.py
        touch -r stamp migrations/versions/c.py""",
    "a file replaced": """
        sed s/things/thongs/ migrations/versions/c.py > new
        touch -r migrations/versions/c.py new
        mv new migrations/versions/c.py""",
    "a file that became a link": """
        mv migrations/versions/c.py real.py
        ln -s ../../real.py migrations/versions/c.py""",
    "a new file": 'sed \'s/"c"/"d"/; s/"b"/"c"/\' migrations/versions/c.py '
    "> migrations/versions/d.py",
    "a file gone": "rm migrations/versions/c.py",
    "a helper edited": "sed -i 's/(name)$/(\"x\" + name)/' library.py",
    "a helper gone": "rm library.py",
    "a helper that leads out": "mv library.py .. && ln -s ../library.py library.py",
    "a package before the helper": "mkdir library && cp library.py library/__init__.py",
    "another configuration": "printf '[lback]\\nignore_folders = migrations\\n' >> alembic.ini",
    "a second configuration": "printf '[tool.lback]\\nupstream = \"other\"\\n' > pyproject.toml",
    "a commit": "touch x && git add x && git commit -q -m More",
    "a commit amended": "git commit -q --amend -m Begin --author 'Bob <bob@example.org>'",
    "a branch at the same commit": "git checkout -q -b same",
    "a detached HEAD": "git checkout -q --detach",
    "a replacement": """
        git checkout -q -b second
        git commit -q --amend -m Begin --author 'Bob <bob@example.org>'
        git checkout -q main
        git replace main second""",
    "the remote branch moved": "git update-ref refs/remotes/origin/main $EMPTY",
    "the remote branch gone": "git update-ref -d refs/remotes/origin/main",
    "another default branch": """
        git update-ref refs/remotes/origin/new $EMPTY
        git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/new""",
    "a mailmap": "echo 'Countess <ada@example.org>' > .mailmap",
    "a mailmap elsewhere": """
        echo 'Countess <ada@example.org>' > people
        git config mailmap.file people""",
    "a mailmap of the user": """
        echo 'Countess <ada@example.org>' > people
        git config --global mailmap.file people""",
    "another file of the user": """
        mkdir -p $XDG_CONFIG_HOME/git
        printf '[user]\\nname = x\\n' > $XDG_CONFIG_HOME/git/config""",
    "a repository that is not ours": "git config core.repositoryFormatVersion 9",
    "a shallow clone": "git rev-parse HEAD > .git/shallow",
    "notes that are broken": "for note in .git/lback/answer-*; do echo x > $note; done",
    "notes that are cut off": "for note in .git/lback/answer-*; do truncate -s -7 $note; done",
}


@pytest.mark.parametrize("what", CHANGES)
def test_no_answer_outlives_what_it_was_made_of(shop: Project, what: str) -> None:
    assert not shop.ask("heads", "--json")[2]
    assert shop.ask("heads", "--json")[2]
    empty = shop.git("commit-tree", "-m", "Nothing", shop.git("mktree"))
    script = ["sh", "-ec", f"EMPTY={empty}; {CHANGES[what]}"]
    subprocess.run(script, cwd=shop.root, env=shop.env, check=True)
    text, code, again = shop.ask("heads", "--json")
    assert (text, code) == shop.truth("heads", "--json")
    assert not again


_OF_COMMITS = (
    "a file edited",
    "a commit",
    "a commit amended",
    "the remote branch moved",
    "a mailmap",
)


@pytest.mark.parametrize("what", _OF_COMMITS)
def test_no_story_outlives_its_commits(shop: Project, what: str) -> None:
    questions = (("history", "--json"), ("blame", "users", "--json"), ("show", "c", "--json"))
    for words in questions:
        shop.ask(*words)
        assert shop.ask(*words)[2]
    empty = shop.git("commit-tree", "-m", "Nothing", shop.git("mktree"))
    script = ["sh", "-ec", f"EMPTY={empty}; {CHANGES[what]}"]
    subprocess.run(script, cwd=shop.root, env=shop.env, check=True)
    for words in questions:
        assert shop.ask(*words)[:2] == shop.truth(*words)


@pytest.mark.parametrize(
    "variable",
    ["TERM=dumb", "DATABASE_PASSWORD=things", "COLUMNS=60", "ALEMBIC_CONFIG=x", "GIT_DIR=x"],
)
def test_another_environment_is_another_question(shop: Project, variable: str) -> None:
    shop.env.pop("NO_COLOR", None)
    shop.ask("heads")
    shop.env.update([variable.split("=")])
    text, code, again = shop.ask("heads")
    assert (text, code) == shop.truth("heads")
    assert not again


def test_a_folder_has_an_answer_of_its_own(shop: Project) -> None:
    shop.write("other/alembic.ini", "[alembic]\nscript_location = migrations\n")
    shop.write("other/migrations/versions/z.py", revision_text("z", (), "others"))
    for folder in (".", "other", "migrations"):
        first = shop.ask("heads", folder=folder)
        assert shop.ask("heads", folder=folder) == (*first[:2], True)
        assert shop.truth("heads", folder=folder) == first[:2]


def test_what_may_change_without_a_trace_is_not_kept(shop: Project) -> None:
    now = "from lback.__main__ import main; main()"
    shop.write("migrations/versions/c.py", _CALLS)
    shop.run(now, "heads")
    assert shop.notes == []


def test_an_answer_with_a_warning_is_not_kept(shop: Project) -> None:
    shop.ask("heads", "-x", "a=b")
    assert shop.notes == []


def test_a_work_tree_of_its_own_and_its_configuration(shop: Project) -> None:
    shop.git("worktree", "add", "-q", "../second", "other")
    second = Project(shop.root.parent / "second", Path(shop.env["HOME"]))
    first = second.ask("heads")
    assert second.ask("heads") == (*first[:2], True)
    shop.git("config", "extensions.worktreeConfig", "true")
    assert not second.ask("heads")[2]
    assert second.ask("heads")[2]
    second.write("people", "Countess <ada@example.org>\n")
    second.git("config", "--worktree", "mailmap.file", "people")
    assert second.ask("heads")[:2] == second.truth("heads")
    assert "Countess" in second.truth("heads")[0]


@pytest.mark.parametrize("words", [("heads",), ("graph",), ("history",), ("blame", "users")])
def test_every_file_that_is_opened_is_recorded(shop: Project, words: tuple[str, ...]) -> None:
    """Whatever a later version reads as well has to be recorded, or the answer is not kept."""
    opened = """
import os, sys
from lback.vcs import noted
noted.RACY_NS = 0
seen = []
sys.addaudithook(lambda event, args: event == "open" and seen.append(args[0]))
keep = noted.INPUTS.keep
def kept(*rest):
    names = {os.path.abspath(os.fsdecode(one)) for one in seen if not isinstance(one, int)}
    keep(*rest)
    known = set(noted.INPUTS._files)
    left = [n for n in names if n.startswith(os.getcwd()) and "/.git/" not in n and n not in known]
    print([n for n in left if "/versions" not in n], file=sys.__stderr__)
noted.INPUTS.keep = kept
from lback.__main__ import main
main()
"""
    done = shop.run(opened, *words)
    assert shop.notes
    assert done.stderr.splitlines()[-1] == "[]" or "\n[]\n" in done.stderr
