"""`makemigrations` before it writes: what it would, what it is called, and always the same."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.reports import report_of
from tests.story.test_asking import ENV, at_terminal, versions
from tests.worlds.people import Developer
from tests.worlds.typists import ENTER

MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True),
      Column("name", String(50), index=True, unique=True), Column("age", Integer, index=True){more})
for name in ("carts", "bills", "notes"):
    Table(name, metadata, Column("id", Integer, primary_key=True),
          Column("a", ForeignKey("users.id")), Column("b", ForeignKey("users.id")),
          UniqueConstraint("a"), UniqueConstraint("b"),
          CheckConstraint("a > 1"), CheckConstraint("b > 2"){each})
"""


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    person = Developer("Ada", tmp_path / "project")
    person.folder.mkdir()
    person.lback("init")
    person.write("migrations/env.py", ENV)
    person.write("models.py", MODELS.format(more="", each=""))
    return person


def test_a_dry_run_prints_the_file_and_writes_nothing(ada: Developer) -> None:
    said = ada.lback("makemigrations", "one", "--dry-run")
    assert re.match(r"would write migrations/versions/\w{12}_one\.py\n", said)
    assert "\nrevision = '" in said and "op.create_table('users'" in said
    assert not re.search(r"\n\n +# ### end", said)
    assert versions(ada) == [".gitkeep"]
    data = report_of(ada.lback("makemigrations", "--dry-run", "--json"))["data"]
    assert data["path"].endswith("_initial.py")
    assert f"revision = '{data['revision']}'" in data["texts"][0]
    assert versions(ada) == [".gitkeep"]


def test_a_name_is_proposed_and_may_be_another(ada: Developer) -> None:
    assert "_initial.py" in ada.lback("makemigrations")
    ada.lback("migrate")
    ada.write("models.py", MODELS.format(more=', Column("mail", String(9))', each=""))
    typist = at_terminal(ada, "makemigrations")
    typist.until("Name of the migration [add_mail_to_users]: ")
    assert typist.end(ENTER) == 0
    assert "_add_mail_to_users.py" in typist.said


def test_the_file_is_the_same_in_whatever_order_sets_are(ada: Developer) -> None:
    ada.lback("makemigrations", "one")
    ada.lback("migrate")
    more = ', Column("mail", String(9), unique=True, index=True), CheckConstraint("age > 3")'
    each = ', Column("c", ForeignKey("users.id"), unique=True), CheckConstraint("c > 3")'
    changed = MODELS.format(more=more, each=each).replace('UniqueConstraint("a"), ', "")
    ada.write("models.py", changed.replace('"notes"', '"words"'))
    answers = ("--drop", "notes", "--no-rename")
    said = set()
    for seed in "0123":
        ada.env["PYTHONHASHSEED"] = seed
        text = ada.run(sys.executable, "-m", "lback", "makemigrations", "--dry-run", *answers)
        said.add(re.sub(r"[0-9a-f]{12}|Create Date: .*", "", text))
    assert len(said) == 1


def test_what_is_ahead_and_what_is_not_in_git_yet_is_said_before(ada: Developer) -> None:
    ada.git("init", "-q", "-b", "main")
    ada.lback("makemigrations", "one")
    ada.commit()
    ada.lback("makemigrations", "theirs", "--empty")
    ada.commit("theirs")
    ada.git("update-ref", "refs/remotes/origin/main", "HEAD")
    ada.git("reset", "-q", "--hard", "HEAD~1")
    ada.lback("migrate")
    ada.write("models.py", MODELS.format(more=', Column("mail", String(9))', each=""))
    said = ada.lback("makemigrations", "two")
    assert "origin/main has a revision that this checkout lacks" in said
    assert said.index("origin/main has") < said.index("wrote ")
    ada.lback("migrate")
    more = ', Column("mail", String(9)), Column("born", Date)'
    ada.write("models.py", MODELS.format(more=more, each=""))
    said = ada.lback("makemigrations", "three")
    assert "_two.py is untracked and changes users too" in said
