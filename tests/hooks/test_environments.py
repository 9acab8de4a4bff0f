"""Hooks that guard several environments of one repository: which, in whose name, how told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports import report_of
from tests.worlds.people import Developer
from tests.worlds.texts import MODELS, creates, revision, table

INI = "[alembic]\nscript_location = migrations\n"


def revise(ada: Developer, place: str, name: str, *parents: str) -> None:
    ada.write(f"{place}/versions/{name}.py", revision(name, parents, *creates(name)))


@pytest.fixture
def ada(tmp_path: Path) -> Developer:
    """Return somebody with two services, pushed, and no hooks yet."""
    ada = Developer("Ada", tmp_path)
    ada.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
    ada.git("clone", "-q", "shop.git", "ada")
    ada.folder = tmp_path / "ada"
    for name in "ab":
        ada.write(f"services/{name}/alembic.ini", INI)
        revise(ada, f"services/{name}/migrations", f"{name}1")
    ada.commit("Start")
    ada.git("push", "-q", "-u", "origin", "main")
    return ada


@pytest.fixture
def guarded(ada: Developer) -> Developer:
    """Return somebody whose hooks guard both."""
    ada.lback("hooks", "install")
    return ada


def names(ada: Developer, *words: str) -> dict[str, list[str]]:
    """Return how hooks stand and what they guard, after `lback hooks`."""
    done = report_of(ada.lback("--quiet", "--json", *words))["data"]
    return {
        "states": sorted({row["state"] for row in done["hooks"]}),
        "guarded": [row["name"] for row in done["environments"]],
        "unguarded": done["unguarded"],
    }


def test_a_second_install_keeps_the_first(ada: Developer) -> None:
    ada.lback("-C", "services/a", "hooks", "install")
    told = names(ada, "-C", "services/b", "hooks", "status")
    assert told["guarded"] == ["services/a"]
    assert told["unguarded"] == ["services/b"]
    ada.lback("-C", "services/b", "hooks", "install")
    for folder in ("services/a", "services/b", "."):
        assert names(ada, "-C", folder, "hooks", "status") == {
            "states": ["installed"],
            "guarded": ["services/a", "services/b"],
            "unguarded": [],
        }


def test_uninstall_gives_back_one_after_the_other(guarded: Developer) -> None:
    """What was there before comes back with the last one, byte for byte."""
    hook = guarded.folder / ".git/hooks/pre-push"
    guarded.lback("hooks", "uninstall")
    assert not hook.exists()
    config = (guarded.folder / ".git/config").read_bytes()
    hook.write_bytes(b"#!/bin/sh\nexit 0 # mine\n")
    hook.chmod(0o750)
    guarded.lback("hooks", "install")
    assert names(guarded, "-C", "services/a", "hooks", "uninstall")["guarded"] == ["services/b"]
    assert b"services/a" not in hook.read_bytes()
    assert b"services/b" in hook.read_bytes()
    told = guarded.lback("-C", "services/b", "-n", "audit", "hooks", "uninstall", code=2)
    assert "has no section [audit]" in told
    guarded.lback("-C", "services/b", "hooks", "uninstall")
    assert hook.read_bytes() == b"#!/bin/sh\nexit 0 # mine\n"
    assert hook.stat().st_mode & 0o777 == 0o750
    assert (guarded.folder / ".git/config").read_bytes() == config


def test_uninstall_of_what_is_not_guarded(guarded: Developer) -> None:
    guarded.write("services/c/alembic.ini", INI)
    told = guarded.lback("-C", "services/c", "hooks", "uninstall", code=2)
    assert "do not guard services/c; they guard services/a, services/b" in told
    assert names(guarded, "-C", "services/c", "hooks", "uninstall", "--all")["guarded"] == []


def test_sections_and_files_are_guarded(ada: Developer) -> None:
    both = "[alembic]\nscript_location = main\n[audit]\nscript_location = audit\n"
    ada.write("alembic.ini", both)
    ada.write("alembic-log.ini", "[alembic]\nscript_location = log\n")
    for place in ("main", "audit", "log"):
        revise(ada, place, f"{place}1")
    ada.commit("Three more")
    ada.lback("hooks", "install")
    ada.lback("-n", "audit", "hooks", "install")
    ada.lback("-c", "alembic-log.ini", "hooks", "install")
    assert names(ada, "hooks", "status")["guarded"] == [".", "[audit]", "alembic-log.ini"]
    for place, words in (("audit", "-n audit"), ("log", "-c alembic-log.ini"), ("main", "")):
        revise(ada, place, "x2", f"{place}1")
        revise(ada, place, "x3", f"{place}1")
        ada.git("add", "-A")
        told = ada.git("commit", "-q", "-m", "Fork", code=1)
        assert f"Close the fork with `lback {words} resolve`".replace("  ", " ") in told
        ada.git("reset", "-q", "--hard")


def test_a_pull_names_each_service(guarded: Developer, tmp_path: Path) -> None:
    bob = Developer("Bob", tmp_path)
    bob.git("clone", "-q", "shop.git", "bob")
    bob.folder = tmp_path / "bob"
    for name in "ab":
        revise(bob, f"services/{name}/migrations", f"{name}2", f"{name}1")
    bob.commit("Go on")
    bob.git("push", "-q")
    revise(guarded, "services/b/migrations", "b3", "b1")
    guarded.commit("Go another way")
    told = guarded.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "lback: services/a: 1 revision arrived" in told
    assert "`lback -C services/a migrate`" in told
    assert "lback: services/b: the migrations fork after b1: 2 heads" in told
    assert "then `lback -C services/b migrate`" in told
    guarded.git("reset", "-q", "--hard", "ORIG_HEAD")
    told = guarded.git("pull", "-q", "--rebase")
    assert "lback: services/b: they can be merged" in told


def test_the_next_command_works_from_where_git_was_called(guarded: Developer) -> None:
    revise(guarded, "services/a/migrations", "a2", "a1")
    revise(guarded, "services/a/migrations", "a3", "a1")
    guarded.git("add", "-A")
    top = guarded.folder
    for folder, words in (
        (".", "lback -C services/a resolve"),
        ("services/a/migrations", "lback resolve"),
        ("services/b", "lback -C ../a resolve"),
    ):
        guarded.folder = top / folder
        told = guarded.git("commit", "-q", "-m", "Fork", code=1)
        assert f"`{words}`" in told, folder
        assert "lback: services/a: the migrations fork" in told
        assert "2 heads (a2, a3)" in guarded.lback(*words.split()[1:-1], "check", code=1)


def test_pushes_and_checkouts_are_about_every_service(guarded: Developer) -> None:
    guarded.git("switch", "-q", "-c", "feature")
    for name in "ab":
        revise(guarded, f"services/{name}/migrations", f"{name}2", f"{name}1")
    revise(guarded, "services/b/migrations", "b3", "b1")
    guarded.git("add", "-A")
    guarded.git("commit", "-q", "-m", "More", "--no-verify")
    told = guarded.git("switch", "main")
    for name in "ab":
        assert f"lback: services/{name}: this branch lacks" in told
        assert f"if this database has run them: `lback -C services/{name} switch`" in told
    told = guarded.git("push", "origin", "feature:main", code=1)
    assert "lback: services/b: main on origin is the shared branch" in told
    assert "services/a:" not in told
    assert "this push is stopped" in told


def test_one_that_is_broken_does_not_hide_the_other(guarded: Developer) -> None:
    guarded.write("services/a/alembic.ini", "[alembic\n")
    revise(guarded, "services/b/migrations", "b2", "b1")
    revise(guarded, "services/b/migrations", "b3", "b1")
    guarded.git("add", "-A")
    told = guarded.git("commit", "-q", "-m", "Fork", code=1)
    assert "alembic.ini:1: the file is not a valid ini" in told
    assert "(hook skipped)" in told
    assert "lback: services/b: the migrations fork after b1" in told


def test_a_branch_that_lacks_one_is_no_news(guarded: Developer) -> None:
    guarded.git("rm", "-q", "-r", "services/b")
    told = guarded.git("commit", "-m", "Take b out")
    assert "lback: services/b: this commit takes its configuration away" in told
    told = guarded.lback("hooks", "status")
    assert "services/b  not in this checkout" in told
    assert "outdated" not in told
    revise(guarded, "services/a/migrations", "a2", "a1")
    revise(guarded, "services/a/migrations", "a3", "a1")
    guarded.git("add", "-A")
    told = guarded.git("commit", "-q", "-m", "Fork", code=1)
    assert "services/a: the migrations fork" in told
    assert "services/b" not in told


def test_a_folder_of_hooks_elsewhere_is_written_by_hand(ada: Developer, tmp_path: Path) -> None:
    """`--write` does not write there, so nobody is sent to it."""
    (tmp_path / "shared").mkdir()
    ada.git("config", "core.hooksPath", str(tmp_path / "shared"))
    told = ada.lback("-C", "services/a", "hooks", "install")
    assert "next: add them by hand; a new script begins with `#!/bin/sh`" in told
    assert "--write" not in told


def test_models_belong_to_the_service_they_lie_in(guarded: Developer) -> None:
    guarded.write("services/b/models.py", MODELS + table("users"))
    guarded.write("shared/models.py", MODELS + table("orders"))
    guarded.git("add", "-A")
    told = guarded.git("commit", "-q", "-m", "Models")
    assert told.count("services/b/models.py") == told.count("shared/models.py") == 1
    guarded.write("services/b/models.py", MODELS + table("people"))
    guarded.write("shared/models.py", MODELS + table("orders") + table("items"))
    revise(guarded, "services/b/migrations", "items", "b1")
    guarded.git("add", "-A")
    told = guarded.git("commit", "-q", "-m", "More models")
    assert "services/b/models.py" in told
    assert "shared/models.py" not in told
