"""The example of every help page, run as it is written, in a shop where it makes sense."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lback.cli.group import COMMANDS
from lback.cli.main import program
from tests.check.shop import make_shop
from tests.check.team import Team, content
from tests.cli.asking import child, here
from tests.worlds.texts import VERSIONS

BACKUP = "20260102T030405-users-1a2b3c4d.jsonl.gz"
# These run no code of the project, so that they may run in this process.
READS = {"blame", "check", "explain", "graph", "heads", "history", "hook", "hooks", "radar", "show"}
# What each of them says in that shop, after its exit status.
SAYS = {
    "alembic current --verbose": "0\n.*Current revision",
    "blame users": "0\n.*mail",
    "check --at my-branch --against origin/main --siblings": "0\n.*new here: c3",
    "database create --from main": "0\nsqlite:.*shop__my_branch",
    "database drop my-branch --yes": "0\ndropped 1 database",
    "database list": "0\n.*my-branch",
    "database prune": "0\nevery branch",
    "database url": "0\nsqlite:.*shop__work",
    "demo": "played",
    "diff --models": "0\n.*no difference",
    "doctor --fix --yes": "0\n.*git",
    "completion bash": "0\n_lback_completion",
    "explain LB101": "0\nLB101.*several heads",
    "graph --format html -o graph.html": "0\nwrote .*graph.html",
    "heads --at origin/main": "0\n.*b2",
    "history users --patch": "0\n.*op.add_column",
    "hook post-merge 0": "0\n",
    "hooks install": "0\n.*pre-push",
    "hooks install --only post-merge": "0\n.*post-merge",
    "hooks status": "0\n.*post-merge",
    "hooks uninstall": "0\n",
    "init": "0\n",
    "log --max-count 5": "0\n.*b2 .*applied 20",
    "makemigrations add_users_table": "0\n.*add_users_table.py",
    "merge --plan": "0\n.*would write .*_merge_c3_d4.py",
    "migrate --plan": "0\n.*c3",
    "radar --fetch": "0\n.*my-branch",
    "rebase --plan": "0\n.*would move c3 from b2 onto d4",
    "resolve --plan": "0\n.*would write .*_merge_c3_d4.py",
    f"restore {BACKUP}": "0\n.*put back",
    "rollback users --plan": "0\n.*would undo the latest change of users: b2",
    "show head": "0\n.*create column users.mail",
    "squash --plan head": "0\n.*revisions become",
    "status": "0\n.*b2",
    "switch --plan": "0\n.*c3",
}


def pages(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield each help page with the words that lead to it."""
    yield " ".join(words), command.help or ""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="lback")
        names = COMMANDS if not words else command.list_commands(context)
        for name in names:
            inner = command.get_command(context, name)
            assert inner is not None
            yield from pages(inner, (*words, name))


PAGES = {name: re.sub(r"\s+", " ", text) for name, text in pages(program)}
FOUND = {name: re.search(r"Example:[^`]*`lback ([^`]+)`", text) for name, text in PAGES.items()}
EXAMPLES = sorted({found[1] for found in FOUND.values() if found})


def test_every_help_page_has_an_example_that_is_run() -> None:
    for name, found in FOUND.items():
        assert found, f"lback {name} --help has no example"
        assert not name or found[1].split()[: len(name.split())] == name.split()
    assert set(SAYS) == set(EXAMPLES)


@pytest.fixture(scope="session")
def example_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shop whose database has b2 and rows, with another branch and a saved backup."""
    place = tmp_path_factory.mktemp("examples") / "shop"
    shop = make_shop(place)
    shop.git("branch", "my-branch")
    shop.git("checkout", "-q", "my-branch")
    shop.add("c3", "b2")
    shop.git("checkout", "-q", "work")
    assert child("migrate")(shop).startswith("0")
    fill = "INSERT INTO users (id, name, mail) VALUES (1, 'Lin', 'lin@example.com')"
    sql(shop, fill)
    assert child("rollback", "users", "--yes", "--strategy", "downgrade")(shop).startswith("0")
    (saved,) = (shop.path / ".git/lback/backups").iterdir()
    saved.rename(saved.with_name(BACKUP))
    assert child("migrate")(shop).startswith("0")
    return place


def sql(shop: Team, statement: str) -> None:
    import sqlite3

    connection = sqlite3.connect(shop.path / "shop.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def ready(shop: Team, example: str) -> None:
    """Bring about what an example is for."""
    if example == "makemigrations add_users_table":
        models = shop.path / "models.py"
        models.write_text(models.read_text() + "    age = sa.Column(sa.Integer)\n")
    if example in ("merge --plan", "resolve --plan", "rebase --plan"):
        shop.git("checkout", "-q", "main")
        shop.add("d4", "b2")
        shop.git("push", "-q")
        shop.git("checkout", "-q", "work")
        shop.git("merge", "-q", "--no-edit", "main", "my-branch")
    if example == "migrate --plan":
        shop.write(f"{VERSIONS}/c3.py", content("c3", "b2", "op.create_table('t')"))
    if example in ("database create --from main", "database drop my-branch --yes", "database list"):
        shop.git("checkout", "-q", "my-branch")
    if example in ("database drop my-branch --yes", "database list"):
        assert child("database", "create")(shop).startswith("0")
    if example == "switch --plan":
        shop.git("checkout", "-q", "my-branch")
        assert child("migrate")(shop).startswith("0")
        shop.git("checkout", "-q", "main")


# `tests/story/test_demo.py` plays the demo.
@pytest.mark.parametrize("example", [one for one in EXAMPLES if one != "demo"])
def test_the_example_of_a_help_page(example_shop: Path, tmp_path: Path, example: str) -> None:
    place = tmp_path / "place"
    shutil.copytree(example_shop, place)
    shop = Team(place / "shop", "Ada")
    shop.git("remote", "set-url", "origin", str(place / "origin.git"))
    ready(shop, example)
    words = shlex.split(example)
    run = here if words[0] in READS else child
    said = run(*words)(shop)
    assert re.match(SAYS[example], said, re.DOTALL), said
