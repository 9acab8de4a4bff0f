"""Two and three developers, real git, installed hooks: a pull that forks heals itself."""

from __future__ import annotations

import pytest

from tests.reports import report_of
from tests.story.conftest import Join
from tests.worlds import databases
from tests.worlds.people import Developer
from tests.worlds.texts import MODELS, revision_text, table


def adds(person: Developer, name: str) -> None:
    """Add a table as people do: model, makemigrations, migrate, commit."""
    models = person.folder / "models.py"
    models.write_text(models.read_text() + table(name))
    person.manage("makemigrations", f"add_{name}")
    person.manage("migrate")
    person.commit(f"Add {name}")


def heads(person: Developer) -> list[str]:
    return [
        head["revision"] for head in report_of(person.lback("heads", "--json"))["data"]["heads"]
    ]


def tables(person: Developer) -> set[str]:
    return databases.tables(f"sqlite:///{person.folder}/db.sqlite3")


def keeps_both(person: Developer) -> None:
    """Resolve what git cannot: both added a class at the end of models.py."""
    person.write("models.py", MODELS + table("users") + table("orders") + table("coupons"))


@pytest.fixture
def apart(join: Join) -> tuple[Developer, Developer]:
    """Ada has pushed a revision, Grace has committed another one."""
    ada, grace = join("Ada"), join("Grace")
    # Both models at different places of the file, so that git itself is content.
    adds(ada, "orders")
    ada.git("push", "-q")
    models = grace.folder / "models.py"
    models.write_text(
        models.read_text().replace("class Users", table("coupons").strip() + "\n\n\nclass Users")
    )
    grace.manage("makemigrations", "add_coupons")
    grace.manage("migrate")
    grace.commit("Add coupons")
    return ada, grace


def test_a_pull_that_forks_ends_with_the_staged_merge_revision(
    apart: tuple[Developer, Developer],
) -> None:
    ada, grace = apart
    said = grace.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "by Ada" in said
    assert "by Grace" in said
    assert "wrote and staged migrations/versions/" in said
    staged = grace.git("diff", "--cached", "--name-only").split()
    assert len(staged) == 1
    assert "_merge_" in staged[0]
    grace.git("commit", "-q", "-m", "Merge migrations")
    grace.manage("migrate")
    grace.git("push", "-q")
    ada.git("pull", "-q", "--no-rebase")
    ada.manage("migrate")
    assert heads(ada) == heads(grace)
    assert len(heads(ada)) == 1
    assert tables(ada) == tables(grace) == {"users", "orders", "coupons"}


def test_the_same_with_pull_rebase(apart: tuple[Developer, Developer]) -> None:
    ada, grace = apart
    said = grace.git("pull", "-q", "--rebase")
    assert "by Ada" in said
    assert "wrote and staged migrations/versions/" in said
    grace.git("commit", "-q", "-m", "Merge migrations")
    grace.manage("migrate")
    grace.git("push", "-q")
    ada.git("pull", "-q", "--no-rebase")
    ada.manage("migrate")
    assert len(heads(ada)) == 1
    assert tables(ada) == tables(grace) == {"users", "orders", "coupons"}


def test_both_merge_alone_and_git_joins_the_two_merges(join: Join) -> None:
    ada, grace = join("Ada"), join("Grace")
    adds(ada, "orders")
    ada.git("push", "-q", "origin", "HEAD:refs/heads/ada")
    models = grace.folder / "models.py"
    models.write_text(
        models.read_text().replace("class Users", table("coupons").strip() + "\n\n\nclass Users")
    )
    grace.manage("makemigrations", "add_coupons")
    grace.manage("migrate")
    grace.commit("Add coupons")
    grace.git("push", "-q", "origin", "HEAD:refs/heads/grace")
    ada.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "grace")
    ada.git("commit", "-q", "-m", "Merge migrations")
    ada.manage("migrate")
    grace.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "ada")
    grace.git("commit", "-q", "-m", "Merge migrations, too")
    grace.manage("migrate")
    assert ada.migrations() == grace.migrations()
    ada.git("push", "-q", "origin", "HEAD:main")
    grace.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    assert grace.git("status", "--porcelain") == ""
    assert len(heads(grace)) == 1
    for person in (ada, grace):
        person.manage("migrate")
        assert tables(person) == {"users", "orders", "coupons"}


def test_a_fast_forward_to_two_heads(join: Join) -> None:
    ada, grace = join("Ada"), join("Grace")
    first = heads(ada)[0]
    for name in ("one", "two"):
        ada.write(f"migrations/versions/{name}.py", revision_text(name, (first,), name))
    ada.git("add", "-A")
    ada.git("commit", "-q", "--no-verify", "-m", "Add two heads")
    ada.git("push", "-q", "--no-verify")
    said = grace.git("pull", "-q", "--no-rebase")
    assert "2 heads" in said
    assert "wrote and staged" in said
    grace.git("commit", "-q", "-m", "Merge migrations")
    grace.manage("migrate")
    assert tables(grace) == {"users", "one", "two"}


def test_three_developers(apart: tuple[Developer, Developer], join: Join) -> None:
    ada, grace = apart
    hedy = Developer("Hedy", ada.folder.parent)
    hedy.git("clone", "-q", "shop.git", "hedy")
    hedy.folder = ada.folder.parent / "hedy"
    hedy.lback("hooks", "install")
    hedy.git("reset", "-q", "--hard", "HEAD~1")
    hedy.manage("migrate")
    first = heads(hedy)[0]
    hedy.write("migrations/versions/hh_radio.py", revision_text("hh", (first,), "radio"))
    hedy.commit("Add radio")
    grace.git("pull", "-q", "--no-rebase", "--no-edit")
    grace.git("commit", "-q", "-m", "Merge migrations")
    grace.git("push", "-q")
    said = hedy.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "by Hedy" in said
    assert "wrote and staged" in said
    hedy.git("commit", "-q", "-m", "Merge migrations")
    hedy.git("push", "-q")
    for person in (ada, grace):
        person.git("pull", "-q", "--no-rebase")
    for person in (ada, grace, hedy):
        person.manage("migrate")
        assert tables(person) == {"users", "orders", "coupons", "radio"}
    assert heads(ada) == heads(grace) == heads(hedy)
    assert len(heads(ada)) == 1


def test_git_cannot_join_the_models_and_the_person_does(join: Join) -> None:
    ada, grace = join("Ada"), join("Grace")
    adds(ada, "orders")
    ada.git("push", "-q")
    adds(grace, "coupons")
    grace.git("pull", "-q", "--no-rebase", "--no-edit", code=1)
    keeps_both(grace)
    grace.git("add", "-A")
    said = grace.git("commit", "-q", "--no-edit", code=1)
    assert "LB101" in said
    assert "lback resolve" in said
    grace.lback("merge")
    grace.git("commit", "-q", "--no-edit")
    grace.manage("migrate")
    assert tables(grace) == {"users", "orders", "coupons"}
