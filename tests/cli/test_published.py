"""Which heads are published, asked again and again while the shared branch moves."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.texts import revision_text


def standings(person: Developer) -> dict[str, bool]:
    rows = report_of(person.lback("heads", "--json"))["data"]["heads"]
    return {row["revision"]: row["published"] for row in rows}


def test_what_was_seen_at_one_commit_says_nothing_of_another(tmp_path: Path) -> None:
    ada = Developer("Ada", tmp_path)
    ada.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
    ada.git("clone", "-q", "shop.git", "ada")
    ada.folder = tmp_path / "ada"
    ada.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    ada.write("migrations/versions/ä b.py", revision_text("a1", (), "users"))
    ada.commit("Start")
    assert standings(ada) == {"a1": False}
    ada.git("push", "-q", "-u", "origin", "main")
    for _ in range(2):
        assert standings(ada) == {"a1": True}
    ada.write("migrations/versions/b.py", revision_text("b2", ("a1",), "orders"))
    ada.commit("Orders")
    for _ in range(2):
        assert standings(ada) == {"b2": False}
    ada.git("push", "-q")
    for _ in range(2):
        assert standings(ada) == {"b2": True}
    ada.git("push", "-q", "--force", "origin", "HEAD~1:main")
    for _ in range(2):
        assert standings(ada) == {"b2": False}


def test_a_renamed_default_branch(tmp_path: Path) -> None:
    ada = Developer("Ada", tmp_path)
    ada.git("init", "-q", "--initial-branch=master", "shop")
    there = Developer("Ada", tmp_path / "shop")
    there.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    there.write("migrations/versions/a.py", revision_text("a1", (), "users"))
    there.commit("Start")
    ada.git("clone", "-q", "shop", "ada")
    ada.folder = tmp_path / "ada"
    there.git("branch", "-m", "trunk")
    there.git("branch", "other")
    ada.git("fetch", "-q", "--prune")
    ada.git("checkout", "-q", "-b", "topic", "origin/trunk")
    mend = "`git remote set-head origin -a`"
    done = ada.call(sys.executable, "-m", "lback", "heads", "--json")
    assert report_of(done.stdout)["data"]["heads"][0]["published"]
    assert done.stderr.count(mend) == 1 and "origin/master" in done.stderr
    # Where nothing tells which branch that is now.
    ada.git("branch", "--unset-upstream")
    ada.git("branch", "-D", "-q", "master")
    told = ada.lback("check", code=1)
    assert "LB108" in told and mend in told.replace("'", "`")
    assert "origin/main" not in told
    ada.git("remote", "set-head", "origin", "-a")
    assert ada.lback("check") and "set-head" not in ada.lback("status")
