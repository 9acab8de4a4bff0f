"""Names that want to speak for lback, through every command and every format."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.check.team import Team
from tests.cli.inside import Done, lback
from tests.reports import report_of
from tests.worlds.texts import VERSIONS

EVIL = (
    "x\nerror: FORGED\r\n::error::FORGED\n##[error]FORGED##vso[x]\x1b]0;FORGED\x07\x1b[2J\x9b31m"
    "\u202e\u2066\u200b\u2028\ue000\u061c\u200f<b>&amp;\"'`$(touch PWN)`;|--> end ]]> %0A::error::F"
)
LINE = EVIL.replace("\n", " ").replace("\r", " ")  # as far as git lets it be a name or a subject
TABLE = "t\x1b[31m\u202e\nerror: FORGED"
REVISION = "r\x1b[31m\u202e\nerror: FORGED::error::"
BRANCH = "b\u202e;touch${IFS}PWN\u009b31m`x`"
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine("sqlite:///app.db", poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
SGR = re.compile(r"\x1b\[(?:0|1|2|31|32|33|36)m")
READING = (
    ("heads",), ("graph",), ("graph", "--effects"), ("show", "--", REVISION), ("history",),
    ("history", "--", TABLE), ("blame", "--", TABLE), ("radar",), ("doctor",), ("status",),
    ("check",), ("check", "--against", BRANCH), ("check", "--siblings"), ("merge", "--plan"),
    ("resolve", "--plan"), ("rebase", "--plan"), ("hooks", "status"), ("show", "--", EVIL),
    ("heads", "--at", EVIL), ("migrate", "--", EVIL), ("rollback", "--", EVIL), (EVIL,),
    ("--config", EVIL, "heads"), ("check", "--select", EVIL), ("explain", "--", EVIL),
    ("history", "--", EVIL), ("switch", "--plan", BRANCH), ("switch", "--", EVIL),
    ("alembic", "history"), ("alembic", "heads", "-v"), ("alembic", "show", EVIL),
    ("alembic", EVIL),
    ("makemigrations", "--empty", "--head", EVIL, "x"), ("restore", "--", EVIL),
)  # fmt: skip
WRITING = (
    ("migrate", "--plan"), ("migrate", "--", "heads"), ("status",), ("history", "--", TABLE),
    ("rollback", "--plan", "--", TABLE), ("rollback", "--yes", "--", TABLE), ("log",),
    ("makemigrations", "--empty", "--", EVIL), ("hook", "post-merge", "0"), ("hook", "pre-commit"),
)  # fmt: skip


@pytest.fixture
def evil(team: Team) -> Team:
    team.write("migrations/env.py", ENV)
    team.write("migrations/script.py.mako", "revision = ${repr(up_revision)}\n")
    team.git("update-ref", f"refs/heads/{BRANCH}", "HEAD")
    team.git("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    team.write(f"{VERSIONS}/{LINE.replace('/', '_')[:90]}.py", revision(REVISION, "b2", TABLE))
    author = {"GIT_AUTHOR_NAME": LINE.replace("<", ""), "GIT_COMMITTER_NAME": LINE.replace("<", "")}
    team.git("add", "-A")
    subprocess.run(("git", "commit", "-qm", LINE), cwd=team.path, env={**os.environ, **author},
                   check=True)  # fmt: skip
    team.git("checkout", "-q", "-b", "mine", "main")
    team.write(f"{VERSIONS}/{LINE.replace('/', '_')[:90]}.py", revision(REVISION, "b2", TABLE))
    team.write(f"{VERSIONS}/d4.py", revision("d4", "b2", TABLE, f"about {EVIL}"))
    team.git("add", "-A")
    subprocess.run(("git", "commit", "-qm", LINE), cwd=team.path, env={**os.environ, **author},
                   check=True)  # fmt: skip
    team.write(f"{VERSIONS}/e\x1b[31m\u202e.py", revision("e5", "d4", TABLE + "e"))
    return team


def revision(name: str, parent: str, table: str, doc: str = EVIL) -> str:
    return (
        f"{doc!r}\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = {name!r}\n"
        f"down_revision = {parent!r}\n\n\ndef upgrade():\n"
        f"    op.create_table({table!r}, sa.Column({EVIL!r}, sa.Integer()))\n\n\n"
        f"def downgrade():\n    op.drop_table({table!r})\n"
    )


def refuse_forged(done: Done, *, colours: bool = False) -> None:
    """Fail for a character that acts, and for a line that is not ours."""
    text = SGR.sub("", done.said) if colours else done.said
    acting = {char for char in text if char != "\n" and unicodedata.category(char) in BAD}
    assert not acting, (acting, text)
    for line in text.split("\n"):
        assert not re.match(r"\s*(error: FORGED|::\w*error::F)", line), line
        assert "##[" not in line and "##vso[" not in line, line
    assert done.code in (0, 1, 2, 3), text
    assert "Traceback" not in text


BAD = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def test_every_command_that_reads(evil: Team) -> None:
    for arguments in READING:
        refuse_forged(lback(evil.path, *arguments))
        refuse_forged(
            lback(evil.path, "--color", "always", *arguments, terminal=True), colours=True
        )
        done = lback(evil.path, "--json", *arguments)
        refuse_forged(done)
        assert report_of(done.out)["lback"] == 1
    assert not list(evil.path.rglob("PWN"))


def test_every_command_that_writes(evil: Team) -> None:
    for arguments in WRITING:
        refuse_forged(lback(evil.path, *arguments))
    assert not list(evil.path.rglob("PWN"))


@pytest.mark.parametrize("form", ["concise", "github", "gitlab", "sarif", "junit", "markdown"])
def test_every_format_of_check(evil: Team, form: str) -> None:
    done = lback(evil.path, "check", "--against", BRANCH, "--format", form)
    assert done.code == 1, done.said
    if form != "github":
        refuse_forged(done)
    for line in done.out.splitlines() if form == "github" else ():
        assert re.match(r"::(error|warning|notice) [^:]*(title|file)=|lback check: ", line), line
        assert not any(unicodedata.category(char) in BAD for char in line), line
    if form in ("gitlab", "sarif"):
        json.loads(done.out)
    if form == "junit":
        ElementTree.fromstring(done.out)
    if form == "markdown":
        outside = done.out.split("```mermaid")[0]
        assert "<b>" not in outside and "$(touch" not in outside


def test_json_keeps_names_as_they_are(evil: Team) -> None:
    done = lback(evil.path, "graph", "--json")
    rows: list[dict[str, Any]] = report_of(done.out)["data"]["revisions"]
    assert {"r\x1b[31m\u202e\nerror: FORGED::error::"} <= {row["revision"] for row in rows}
    assert any(row["doc"].startswith("about x\nerror: FORGED") for row in rows)
    assert any(TABLE in row["tables"] for row in rows)


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_every_picture(evil: Team, form: str) -> None:
    refuse_forged(lback(evil.path, "graph", "--format", form))


def test_a_hook_that_fails_says_one_line(evil: Team, tmp_path: Path) -> None:
    (evil.path / "alembic.ini").write_text(f"[alembic]\nscript_location = {LINE}\n")
    done = lback(evil.path, "hook", "post-merge", "0")
    refuse_forged(done)
    assert done.code == 0 and done.said.count("\n") <= 2
