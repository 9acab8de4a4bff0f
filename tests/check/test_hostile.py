"""A branch whose author means harm: nothing of it runs, nothing makes the checker fall over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.check.team import Team, content
from tests.reports import report_of
from tests.worlds.texts import VERSIONS

LIMIT = 500 * 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How a command ended; `peak` is its memory at most, in bytes, its children's too."""

    returncode: int
    stdout: str
    stderr: str
    peak: int


# A process begins with the peak of the one that starts it, so a small one has to start it.
_MEASURED = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(int(sys.argv[1]), "w") as said:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=said)
sys.exit(code)
"""


def lback(team: Team, *arguments: str) -> Ended:
    """Run the command as a process of its own."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "lback", "-C", str(team.path), "check", *arguments]
    env = {**os.environ, "PYTHONPATH": str(root)}
    with TemporaryFile("w+") as peak:
        done = subprocess.run(
            [sys.executable, "-IS", "-c", _MEASURED, str(peak.fileno()), *command],
            env=env, capture_output=True, text=True, pass_fds=[peak.fileno()], check=False,
        )  # fmt: skip
        peak.seek(0)
        return Ended(done.returncode, done.stdout, done.stderr, int(peak.read()) * 1024)


def test_nothing_runs(team: Team, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    team.branch("mine")
    team.revision("c3", "b2")
    team.edit("c3", "from alembic", f"open({str(trace)!r}, 'w').write('import')\nfrom alembic")
    team.write("migrations/env.py", f"open({str(trace)!r}, 'w').write('env')\n")
    team.write(f"{VERSIONS}/__init__.py", f"open({str(trace)!r}, 'w').write('init')\n")
    team.write("sitecustomize.py", f"open({str(trace)!r}, 'w').write('site')\n")
    team.commit()
    team.write(".gitattributes", "*.py filter=evil diff=evil merge=evil\n")
    team.git("add", ".gitattributes")
    team.git("commit", "-q", "-m", "attributes")
    team.write(f"{VERSIONS}/empty.py", "")  # what `git add -N` has announced looks like this
    team.git("add", "-N", f"{VERSIONS}/empty.py")
    evil = f"sh -c 'echo ran >> {trace}; cat'"
    for name, value in (
        ("filter.evil.clean", evil), ("filter.evil.smudge", evil), ("filter.evil.required", "true"),
        ("diff.evil.textconv", evil), ("diff.evil.command", evil), ("diff.external", evil),
        ("merge.evil.driver", evil), ("core.fsmonitor", evil), ("core.pager", evil),
        ("core.hooksPath", str(tmp_path / "hooks")), ("alias.ls-tree", f"!{evil}"),
        ("alias.cat-file", f"!{evil}"), ("core.editor", evil), ("gpg.program", evil),
        ("core.sshCommand", evil), ("log.showSignature", "true"),
    ):  # fmt: skip
        team.git("config", name, value)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {trace}\n")
        (hooks / name).chmod(0o755)
    trace.unlink(missing_ok=True)
    # The index knows another time than the disk, so that git would look into the file.
    for name in ("c3", "empty"):
        os.utime(team.path / VERSIONS / f"{name}.py", (1, 1))
    for arguments in (
        ("--against", "main"),
        ("--at", "mine", "--against", "main", "--siblings"),
        ("--at", "index", "--against", "main", "--format", "sarif"),
    ):
        done = lback(team, *arguments, "--ignore", "LB106")
        assert done.returncode == 0, done.stderr + done.stdout
    assert not trace.exists(), trace.read_text()


def test_both_edited_and_a_merge_driver(team: Team, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    team.write(".gitattributes", "*.py merge=evil\n")
    team.commit()
    team.git("config", "merge.evil.driver", f"echo ran > {trace}")
    team.branch("mine")
    team.edit("b2", "def upgrade", "# mine\ndef upgrade")
    team.commit()
    team.git("checkout", "-q", "main")
    team.edit("b2", "def downgrade", "# theirs\ndef downgrade")
    team.commit()
    assert lback(team, "--at", "mine", "--against", "main").returncode == 0
    assert not trace.exists()


@pytest.mark.parametrize("at", ["mine", "worktree"])
def test_a_huge_file(team: Team, at: str) -> None:
    team.branch("mine")
    size = 50_000_000
    team.write(
        f"{VERSIONS}/big.py",
        b'revision = "big"\ndown_revision = "b2"\n' + b"x = [[\n" * (size // 7),
    )
    team.commit()
    done = lback(team, "--at", at, "--against", "main")
    assert done.returncode == 1, done.stderr
    assert "LB106" in done.stdout and "2 MB" in done.stdout
    assert done.peak < LIMIT


def test_a_huge_helper(team: Team) -> None:
    team.branch("mine")
    team.revision("c3", "b2")
    team.edit("c3", "from alembic", "from helper import make\nfrom alembic")
    team.edit("c3", "def upgrade() -> None:", "def upgrade() -> None:\n    make()")
    team.write("helper.py", b"def make():\n    pass\n" + b"x = [[\n" * 7_000_000)
    team.commit()
    done = lback(team, "--at", "mine", "--against", "main")
    assert done.returncode == 0, done.stderr
    assert "LB405" in done.stdout
    assert done.peak < LIMIT


@pytest.mark.parametrize(
    "body",
    ["(" * 100_000, "x = " + "-" * 200_000 + "1", "f'{" * 5_000, "\0" * 1000, "\\\n" * 100_000],
    ids=["brackets", "minus", "strings", "nul", "lines"],
)
def test_text_that_breaks_parsers(team: Team, body: str) -> None:
    team.branch("mine")
    team.write(f"{VERSIONS}/c3.py", f'revision = "c3"\ndown_revision = "b2"\n{body}\n')
    team.write(f"{VERSIONS}/d4.py", f'{body}\nrevision = "d4"\ndown_revision = "c3"\n')
    team.commit()
    done = lback(team, "--at", "mine", "--against", "main")
    assert done.returncode in (0, 1), done.stderr


def test_links_that_leave_the_tree(team: Team, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text('revision = "secret"\ndown_revision = "b2"\n')
    team.branch("mine")
    (team.path / VERSIONS / "abs.py").symlink_to(secret)
    (team.path / VERSIONS / "rel.py").symlink_to("../../../secret.py")
    (team.path / VERSIONS / "loop.py").symlink_to("loop.py")
    (team.path / VERSIONS / "inner.py").symlink_to("b2.py")
    team.commit()
    for at in ("mine", "worktree"):
        done = lback(team, "--at", at, "--against", "main", "--json")
        assert "secret" not in done.stdout.replace(str(tmp_path), "")
        assert "LB104" in done.stdout  # the one that stays inside is a second b2
        closed = [one for one in report_of(done.stdout)["findings"] if one["code"] == "LB106"]
        names = [one["path"].rpartition("/")[2] for one in closed]
        assert names == ["abs.py", "loop.py", "rel.py"]  # Alembic would open them


def test_very_many_files(team: Team) -> None:
    """100,000 files, all alike, by one tree that git makes in a second."""
    team.branch("mine")
    blob = subprocess.run(
        ("git", "hash-object", "-w", "--stdin"), cwd=team.path, input=b'revision = "x"\n',
        capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    lines = "".join(f"100644 blob {blob}\tf{number}.py\n" for number in range(100_000))
    tree = git_with(team, lines, "mktree")
    versions = git_with(team, f"040000 tree {tree}\tversions\n", "mktree")
    ini = team.git("rev-parse", "HEAD:alembic.ini")
    top = git_with(
        team, f"040000 tree {versions}\tmigrations\n100644 blob {ini}\talembic.ini\n", "mktree"
    )
    commit = team.git("commit-tree", top, "-p", "HEAD", "-m", "many")
    team.git("update-ref", "refs/heads/many", commit)
    done = lback(team, "--at", "many", "--against", "main", "--format", "sarif")
    assert done.returncode == 1, done.stderr[-500:]
    results = json.loads(done.stdout)["runs"][0]["results"]
    assert len(results) < 2100
    assert "98,000 more findings of this kind are left out" in results[-1]["message"]["text"]
    assert done.peak < LIMIT


def git_with(team: Team, given: str, *arguments: str) -> str:
    done = subprocess.run(
        ("git", *arguments), cwd=team.path, input=given.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_a_version_folder_that_is_a_link(team: Team) -> None:
    """git ends at a link; what lies behind it is called by where it is, as git does."""
    (team.path / VERSIONS).rename(team.path / "kept")
    (team.path / VERSIONS).symlink_to("../kept")
    team.commit()
    result = team.check()
    assert (result.data["heads"], result.findings) == (["b2"], ())
    team.revision("c3", "b2")
    assert [one.path for one in team.check().findings] == ["kept/c3.py"]


@pytest.mark.parametrize(
    "form", ["text", "concise", "json", "github", "gitlab", "sarif", "junit", "markdown"]
)
def test_half_a_character_and_a_name_that_is_no_utf8(team: Team, form: str) -> None:
    """A literal of Python may hold half of a surrogate pair, and a file any byte in its name."""
    team.branch("mine")
    body = "op.create_table('t\\ud800', sa.Column('c\\udc80', sa.Integer()))"
    for name in (b"c3", b"d\xff\xe9"):
        revision = os.fsdecode(name)[0] + "\\ud800"
        team.write(f"{VERSIONS}/{os.fsdecode(name)}.py", content(revision, "b2", body, "pass"))
    team.commit()
    ended = lback(team, "--against", "main", "--format", form)
    assert ended.returncode == 1, ended.stderr
    assert "LB101" in ended.stdout
    assert "surrogates" not in ended.stderr
    file = str(team.path / "old.json")
    assert lback(team, "--baseline", file, "--write-baseline").returncode == 0
    assert lback(team, "--baseline", file).returncode == 0
