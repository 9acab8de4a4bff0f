"""What people type who come from Alembic, Flask-Migrate, Django or git: the way on is said."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.inside import lback
from tests.reports import report_of

SAID = {
    "upgrade head": ("`lback migrate` applies", "`lback alembic upgrade head` is Alembic's own"),
    "downgrade -1": ("`lback rollback TABLE`", "`lback alembic downgrade -1`"),
    "current --verbose": ("`lback status`", "`lback alembic current --verbose`"),
    "revision -m 'add users'": ("makemigrations NAME`", "`lback alembic revision -m 'add users'`"),
    "stamp head": ("`lback migrate REVISION --fake`",),
    "db upgrade": ("`lback migrate` for `flask db upgrade`",),
    "showmigrations": ("`showmigrations`. `lback status`", "`lback graph`"),
    "help check": ("`lback --help`",),
    "migrat": ("Did you mean `migrate`?", "see `lback --help`"),
    "qwertz": ("There is no command `qwertz`.", "see `lback --help`"),
    "makemigrations -m 'add users'": ("`lback makemigrations 'add users'`",),
    "makemigrations add users": ("quotes", "`lback makemigrations --help`"),
    "makemigrations x --autogenerate": ("`--empty`",),
    "merge -m x": ("everybody's merge revision is the same file",),
    "merge heads": ("without naming them",),
    "migrate -1": ("`lback rollback --steps N`",),
    "rollback -2": ("`lback rollback --steps N`",),
    "rollback users --dry-run": ("`--plan` shows",),
    "check origin/main": ("`--against REF` names the branch", "`lback check --help`"),
    "heads main": ("`--at REF` names a commit",),
    "rebase main": ("`--onto REF`",),
    "blame users name": ("`--column NAME`",),
    "--against main check": ("what only `check` takes stands after that word",),
    "--nothing": ("see `lback --help`",),
    "completion": ("bash, zsh, fish",),
}  # fmt: skip


@pytest.mark.parametrize("line", SAID)
def test_the_way_on_is_said(tmp_path: Path, line: str) -> None:
    done = lback(tmp_path, "--json", *shlex.split(line))
    error = report_of(done.out)["error"]
    assert done.code == 2
    said = f"{error['message']} {error['hint']}".replace(f" -C {tmp_path}", "")
    assert [text for text in SAID[line] if text not in said] == []
    assert "\n" not in error["message"]
