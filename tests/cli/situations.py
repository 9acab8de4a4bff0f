"""Where each option of each command shows: a folder, a line, and what the option changes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from tests.cli.places import (
    PLACES,
    Places,
    commit,
    database,
    empty,
    git,
    migrated,
    models,
    repository,
    revision,
    write,
)
from tests.worlds.texts import revision as revision_of


class Shown(NamedTuple):
    """`lback LINE` and `lback LINE OPTION` end differently in a copy of this place."""

    place: str
    line: str
    option: str


def drifted(folder: Path) -> None:
    """The database has a column that no migration makes."""
    migrated(folder)
    with sqlite3.connect(folder / "app.db") as base:
        base.execute("alter table users add column label varchar(50)")


def by_the_database(folder: Path) -> None:
    """The same, and it is the database that models are compared with."""
    drifted(folder)
    write(folder, "pyproject.toml", '[tool.lback]\nagainst = "database"\n')


def renamed(folder: Path) -> None:
    """A column has another name in the models."""
    by_the_database(folder)
    title = "    title: Mapped[str | None] = mapped_column(String(50))\n"
    write(folder, "models.py", models("users", "orders", "carts", more=title))


def dropped(folder: Path) -> None:
    """A column is gone from the models, and no other is new."""
    by_the_database(folder)


def required(folder: Path) -> None:
    """A new column of the models may not be NULL."""
    migrated(folder)
    age = "    age: Mapped[int] = mapped_column()\n"
    write(folder, "models.py", models("users", "orders", "carts", more=age))


def clash(folder: Path) -> None:
    """Two heads that create one table."""
    repository(folder)
    git(folder, "merge", "-q", "topic")
    revision(folder, "d4", ("b2",), "carts")


def saved(folder: Path) -> None:
    """A rollback has saved the rows of a table."""
    migrated(folder)
    from tests.cli.lines import in_process

    done = in_process(folder, ["rollback", "carts", "--yes"])
    assert done.status == 0, done
    (backup,) = (folder / ".git/lback/backups").glob("*.gz")
    backup.rename(folder / "saved.jsonl.gz")


def newer_rows(folder: Path) -> None:
    """What a rollback has saved is there again, with another value."""
    migrated(folder)
    from tests.cli.lines import in_process

    with sqlite3.connect(folder / "app.db") as base:
        base.execute("alter table carts add column what varchar(9)")
        base.execute("update carts set what = 'old'")
    assert in_process(folder, ["rollback", "carts", "--yes"]).status == 0
    (backup,) = (folder / ".git/lback/backups").glob("*.gz")
    backup.rename(folder / "saved.jsonl.gz")
    with sqlite3.connect(folder / "app.db") as base:
        base.execute("create table carts (id integer not null primary key, what varchar(9))")
        base.execute("insert into carts values (1, 'new')")


def kept(folder: Path) -> None:
    """The database keeps what went down with a branch."""
    migrated(folder)
    from tests.cli.lines import in_process

    assert in_process(folder, ["switch", "main"]).status == 0


def recorded(folder: Path) -> None:
    """lback has run two revisions."""
    repository(folder)
    from tests.cli.lines import in_process

    assert in_process(folder, ["migrate"]).status == 0


def seeded(folder: Path) -> None:
    """The same with a revision that writes rows."""
    migrated(folder)
    text = revision_of("d4", ("c3",), "op.execute('INSERT INTO carts (id) VALUES (1)')")
    write(folder, "migrations/versions/d4_seed.py", text)
    commit(folder, "Seed carts")


def diverged(folder: Path) -> None:
    """A local revision, which this database has, beside a published one."""
    remote = folder.parent / f"remote of {folder.name}"
    remote.mkdir()
    repository(remote)
    git(folder.parent, "clone", "-q", str(remote), str(folder))
    revision(folder, "d4", ("b2",), "drafts")
    write(folder, "pyproject.toml", '[tool.lback]\non_fork = "rebase"\n')
    commit(folder, "Add drafts")
    git(remote, "merge", "-q", "topic")
    git(folder, "pull", "-q", "--no-rebase", "--no-edit")
    database(folder, "d4", "users", "orders", "drafts")


def pushed(folder: Path) -> None:
    """The same, the local revision pushed to a branch."""
    diverged(folder)
    git(folder, "push", "-q", "origin", "HEAD:refs/heads/mine")


def shallow(folder: Path) -> None:
    """A clone of one commit."""
    remote = folder.parent / "deep"
    remote.mkdir()
    repository(remote)
    git(folder.parent, "clone", "-q", "--depth", "1", f"file://{remote}", str(folder))
    git(folder, "fetch", "-q", "--depth", "1", "origin", "topic:refs/remotes/origin/topic")


def newer_remote(folder: Path) -> None:
    """A clone whose remote has got a branch since."""
    remote = folder.parent / "newer"
    remote.mkdir()
    repository(remote)
    git(folder.parent, "clone", "-q", str(remote), str(folder))
    revision(folder, "d4", ("b2",), "drafts")
    git(remote, "checkout", "-q", "-b", "later")
    revision(remote, "e5", ("b2",), "letters")
    commit(remote, "Add letters")


def many_branches(folder: Path) -> None:
    """More open branches than a report shows."""
    repository(folder)
    for number in range(12):
        git(folder, "checkout", "-q", "-b", f"open{number}", "main")
        revision(folder, f"e{number}", ("b2",), f"letters{number}")
        commit(folder, f"Add letters {number}")
    git(folder, "checkout", "-q", "main")


def tracked_hooks(folder: Path) -> None:
    """Hooks in a folder that is tracked, and so not ours."""
    repository(folder)
    git(folder, "config", "core.hooksPath", "tools")
    write(folder, "tools/README", "Hooks of everybody.\n")
    commit(folder, "Add tools")


def hooked(folder: Path) -> None:
    """Our hooks, one of them edited by hand."""
    repository(folder)
    from tests.cli.lines import in_process

    assert in_process(folder, ["hooks", "install"]).status == 0
    with (folder / ".git/hooks/post-merge").open("a") as file:
        file.write("echo mine\n")


def sections(folder: Path) -> None:
    """Hooks for two sections of one file."""
    repository(folder)
    write(folder, "alembic.ini", "[alembic]\nscript_location = migrations\n"
        "[audit]\nscript_location = audit\n")  # fmt: skip
    from tests.cli.lines import in_process

    for words in (["hooks", "install"], ["hooks", "install", "-n", "audit"]):
        assert in_process(folder, words).status == 0


def below(folder: Path) -> None:
    """The only configuration lies in a folder below."""
    empty(folder)
    write(folder, "services/shop/alembic.ini", "[alembic]\nscript_location = migrations\n")


def locked(folder: Path) -> None:
    """The settings say not to wait for the lock, which the test holds."""
    migrated(folder)
    write(folder, "pyproject.toml", "[tool.lback]\nlock_timeout = 0\n")


def locked_and_saved(folder: Path) -> None:
    """The same after a rollback."""
    saved(folder)
    write(folder, "pyproject.toml", "[tool.lback]\nlock_timeout = 0\n")


def losing(folder: Path) -> None:
    """What is pending drops a table that has rows."""
    repository(folder)
    database(folder, "b2", "users", "orders")
    text = revision_of("c3", ("b2",), 'op.drop_table("orders")', "pass")
    write(folder, "migrations/versions/c3_carts.py", text)


def listed(folder: Path) -> None:
    """Two databases are listed, one of them up to date."""
    migrated(folder)
    write(
        folder,
        "pyproject.toml",
        '[tool.lback.databases]\nurls = { one = "sqlite:///app.db", two = "sqlite:///b.db" }\n',
    )


def with_copies(folder: Path) -> None:
    """Two branches have a database of their own, and one of them is gone."""
    migrated(folder)
    from tests.cli.lines import in_process

    for branch in ("topic", "gone"):
        git(folder, "branch", "-f", branch) if branch == "gone" else None
        made = in_process(folder, ["database", "create", branch, "--url", "sqlite:///app.db"])
        assert made.status == 0, made
    git(folder, "branch", "-D", "gone")


def unnoted(folder: Path) -> None:
    """There is a database of the branch's, and no note of it."""
    with_copies(folder)
    (folder / ".git/lback/databases.json").unlink()


def beside(folder: Path) -> None:
    """Another branch forks from this one."""
    repository(folder)
    revision(folder, "d4", ("b2",), "drafts")
    commit(folder, "Add drafts")


STAGES: Places = {
    **PLACES,
    **{
        one.__name__: one
        for one in (
            drifted, renamed, dropped, required, clash, saved, seeded, newer_rows, kept,
            recorded, diverged, pushed, shallow, newer_remote,
            tracked_hooks, many_branches, hooked, sections, below, locked, locked_and_saved,
            losing, beside, with_copies, unnoted,
            listed,
        )
    },
}  # fmt: skip

SHOWN: dict[str, list[Shown]] = {
    "init": [
        Shown("empty", "init", "--models shop.models:Base"),
        Shown("repository", "init", "--hooks"),
        Shown("repository", "init", "--no-hooks"),
        Shown("below", "init", "--new"),
    ],
    "makemigrations": [
        Shown("required", "makemigrations x", "--empty"),
        Shown("required", "makemigrations x", "--data users"),
        Shown("newer_remote", "makemigrations x --empty", "--fetch"),
        Shown("required", "makemigrations x", "--check"),
        Shown("required", "makemigrations x --default users.age=0", "--dry-run"),
        Shown("renamed", "makemigrations --no-rename --drop users.label", "--amend"),
        Shown("required", "makemigrations x --default users.age=0", "--sql"),
        Shown("renamed", "makemigrations x", "--rename users.label:users.title"),
        Shown("renamed", "makemigrations x", "--no-rename"),
        Shown("required", "makemigrations x", "--default users.age=0"),
        Shown("renamed", "makemigrations x", "--drop users.label"),
        Shown("dropped", "makemigrations x", "--no-drop"),
        Shown("forked", "makemigrations x --empty", "--head c3"),
        Shown("drifted", "makemigrations --check", "--against database"),
    ],
    "migrate": [
        Shown("repository", "migrate", "--plan"),
        Shown("repository", "migrate", "--sql"),
        Shown("repository", "migrate", "--fake"),
        Shown("migrated", "migrate a1", "--yes"),
        Shown("losing", "migrate", "--no-preflight"),
        Shown("migrated", "migrate", "--resume"),
        Shown("migrated", "migrate", "--undo-half"),
        Shown("migrated", "migrate", "--undone"),
        Shown("locked", "migrate a1 --yes", "--lock-timeout 0.1"),
        Shown("listed", "migrate", "--all"),
        Shown("listed", "migrate --all", "--only-behind"),
        Shown("listed", "migrate", "--jobs 2"),
        Shown("listed", "migrate --all", "--shard 1/9"),
        Shown("listed", "migrate --all", "--json-lines"),
    ],
    "rollback": [
        Shown("migrated", "rollback", "--revision c3"),
        Shown("migrated", "rollback", "--steps 1"),
        Shown("migrated", "rollback carts", "--plan"),
        Shown("migrated", "rollback carts", "--sql"),
        Shown("migrated", "rollback carts --plan", "--strategy revert"),
        Shown("migrated", "rollback carts --yes", "--no-backup"),
        Shown("migrated", "rollback carts", "--yes"),
        Shown("locked", "rollback carts --yes", "--lock-timeout 0.1"),
    ],
    "restore": [
        Shown("saved", "restore saved.jsonl.gz", "--plan"),
        Shown("newer_rows", "restore saved.jsonl.gz", "--overwrite"),
        Shown("kept", "restore 1", "--drop"),
        Shown("locked_and_saved", "restore saved.jsonl.gz", "--lock-timeout 0.1"),
    ],
    "status": [
        Shown("migrated", "status", "--no-database"),
        Shown("migrated", "status", "--drift"),
        Shown("listed", "status", "--all"),
        Shown("listed", "status", "--jobs 2"),
        Shown("listed", "status --all", "--shard 1/9"),
        Shown("listed", "status --all", "--json-lines"),
    ],
    "diff": [
        Shown("migrated", "diff", "--models"),
        Shown("migrated", "diff", "--sql"),
        Shown("migrated", "diff", "--reverse"),
    ],
    "squash": [
        Shown("seeded", "squash d4", "--plan"),
        Shown("seeded", "squash d4", "--data keep"),
        Shown("seeded", "squash d4 --data rows", "--freeze carts.id"),
        Shown("seeded", "squash d4 --plan", "--accept-unknown nope"),
        Shown("seeded", "squash d4", "--fold"),
        Shown("seeded", "squash d4 --data keep", "--on sqlite:///other.db"),
        Shown("seeded", "squash d4 --data keep", "--no-stage"),
        Shown("seeded", "squash d4 --plan", "--revert"),
    ],
    "log": [Shown("recorded", "log", "--max-count 1")],
    "heads": [Shown("repository", "heads", "--at topic")],
    "graph": [
        Shown("repository", "graph", "--at topic"),
        Shown("repository", "graph", "--format dot"),
        Shown("repository", "graph", "--effects"),
        Shown("repository", "graph", "--schema"),
        Shown("repository", "graph --schema", "--against topic"),
        Shown("many_branches", "graph --format html", "--siblings"),
        Shown("migrated", "graph --format html", "--database"),
        Shown("repository", "graph --format dot", "--output graph.dot"),
        Shown("repository", "graph --format html -o page.html", "--open"),
    ],
    "show": [
        Shown("repository", "show c3", "--at topic"),
        Shown("migrated", "show a1", "--database"),
    ],
    "history": [
        Shown("repository", "history", "--at topic"),
        Shown("repository", "history", "--all"),
        Shown("repository", "history", "--patch"),
        Shown("migrated", "history", "--database"),
    ],
    "blame": [
        Shown("migrated", "blame users", "--database"),
        Shown("repository", "blame carts", "--at topic"),
        Shown("repository", "blame users", "--column id"),
    ],
    "merge": [
        Shown("clash", "merge", "--force"),
        Shown("forked", "merge", "--plan"),
        Shown("forked", "merge --plan", "--prove"),
        Shown("forked", "merge", "--no-stage"),
    ],
    "resolve": [
        Shown("diverged", "resolve --plan", "--onto gone"),
        Shown("diverged", "resolve", "--plan"),
        Shown("diverged", "resolve", "--no-backup"),
        Shown("diverged", "resolve --no-backup", "--yes"),
        Shown("diverged", "resolve --yes", "--no-stage"),
        Shown("diverged", "resolve", "--no-database"),
    ],
    "switch": [
        Shown("migrated", "switch main", "--plan"),
        Shown("migrated", "switch main", "--no-backup"),
        Shown("migrated", "switch main --no-backup", "--yes"),
        Shown("migrated", "switch", "--restore-files"),
        Shown("locked", "switch main --yes", "--lock-timeout 0.1"),
    ],
    "database url": [
        Shown("migrated", "database url", "--branch main"),
        Shown("migrated", "database url", "--url sqlite:///other.db"),
    ],
    "database list": [Shown("with_copies", "database list", "--url sqlite:///other.db")],
    "database create": [
        Shown("migrated", "database create", "--from gone"),
        Shown("migrated", "database create", "--empty"),
        Shown("unnoted", "database create", "--adopt"),
        Shown("migrated", "database create", "--url sqlite:///other.db"),
    ],
    "database drop": [
        Shown("with_copies", "database drop topic", "--yes"),
        Shown("with_copies", "database drop topic", "--url sqlite:///other.db"),
    ],
    "database prune": [
        Shown("with_copies", "database prune", "--yes"),
        Shown("with_copies", "database prune", "--url sqlite:///other.db"),
    ],
    "rebase": [
        Shown("diverged", "rebase --plan", "--onto gone"),
        Shown("diverged", "rebase", "--plan"),
        Shown("pushed", "rebase --no-database", "--force"),
        Shown("diverged", "rebase", "--no-backup"),
        Shown("diverged", "rebase --no-backup", "--yes"),
        Shown("diverged", "rebase --yes", "--no-stage"),
        Shown("diverged", "rebase", "--no-database"),
        Shown("diverged", "rebase --plan", "--lock-timeout 0.1"),
    ],
    "check": [
        Shown("repository", "check", "--at topic"),
        Shown("repository", "check", "--against topic"),
        Shown("repository", "check", "--policy gone"),
        Shown("beside", "check --against topic", "--replace"),
        Shown("beside", "check", "--siblings"),
        Shown("beside", "check --siblings", "--refs refs/none/*"),
        Shown("forked", "check", "--format sarif"),
        Shown("forked", "check", "--fail-on never"),
        Shown("forked", "check", "--select LB4"),
        Shown("forked", "check", "--ignore LB101"),
        Shown("forked", "check", "--baseline gone.json"),
        Shown("forked", "check --baseline old.json", "--write-baseline"),
        Shown("repository", "check", "--models"),
        Shown("shallow", "check --against origin/topic", "--deepen"),
    ],
    "radar": [
        Shown("newer_remote", "radar", "--fetch"),
        Shown("many_branches", "radar", "--all"),
        Shown("many_branches", "radar", "--most 1"),
    ],
    "hooks install": [
        Shown("repository", "hooks install", "--only post-merge"),
        Shown("tracked_hooks", "hooks install", "--write"),
        Shown("hooked", "hooks install", "--force"),
    ],
    "hooks uninstall": [
        Shown("hooked", "hooks uninstall", "--force"),
        Shown("sections", "hooks uninstall", "--all"),
    ],
    "hooks status": [],
    "doctor": [
        Shown("repository", "doctor --yes", "--fix"),
        Shown("repository", "doctor --fix", "--yes"),
    ],
    "explain": [],
    "completion": [],
    "demo": [],
    "alembic": [],
}
# One line of each command that ends quickly, for the options that all of them have.
LINES = {
    "init": ("repository", "init"),
    "makemigrations": ("migrated", "makemigrations --check"),
    "migrate": ("repository", "migrate --plan"),
    "rollback": ("migrated", "rollback carts --plan"),
    "restore": ("saved", "restore saved.jsonl.gz"),
    "status": ("repository", "status"),
    "diff": ("migrated", "diff"),
    "squash": ("migrated", "squash c3 --plan"),
    "log": ("recorded", "log"),
    "heads": ("repository", "heads"),
    "graph": ("repository", "graph"),
    "show": ("repository", "show b2"),
    "history": ("repository", "history"),
    "blame": ("repository", "blame users"),
    "merge": ("repository", "merge"),
    "resolve": ("diverged", "resolve"),
    "switch": ("repository", "switch --plan"),
    "database url": ("migrated", "database url"),
    "database list": ("with_copies", "database list"),
    "database create": ("migrated", "database create"),
    "database drop": ("with_copies", "database drop topic"),
    "database prune": ("with_copies", "database prune"),
    "rebase": ("diverged", "rebase"),
    "check": ("repository", "check"),
    "radar": ("repository", "radar"),
    "hooks install": ("repository", "hooks install"),
    "hooks uninstall": ("repository", "hooks uninstall"),
    "hooks status": ("repository", "hooks status"),
    "doctor": ("repository", "doctor"),
    "explain": ("repository", "explain LB101"),
    "completion": ("repository", "completion bash"),
    "demo": ("repository", "demo migrations"),
    "alembic": ("repository", "alembic current"),
}

# Where a command says more than its result, for `--quiet` to leave out.
TALKS = {
    "init": ("empty", "init -x a=b"),
    "makemigrations": ("migrated", "makemigrations x --check"),
    "migrate": ("repository", "migrate"),
    "rollback": ("migrated", "rollback carts --yes"),
    "restore": ("saved", "restore saved.jsonl.gz --plan --lock-timeout 1"),
    "status": ("repository", "status --no-database -x a=b"),
    "diff": ("migrated", "diff"),
    "squash": ("migrated", "squash c3"),
    "resolve": ("diverged", "resolve --plan --yes"),
    "switch": ("migrated", "switch main --yes"),
    "rebase": ("diverged", "rebase --plan --yes"),
    "database url": ("migrated", "database url"),
    "database list": None,
    "database create": ("migrated", "database create"),
    "database drop": ("with_copies", "database drop topic --yes"),
    "database prune": ("with_copies", "database prune --yes"),
    "log": None,  # their result is all that they say
    "doctor": None,
    "alembic": None,
    **{
        name: (place, f"{line} -x a=b")
        for name, (place, line) in LINES.items()
        if name.split()[0]
        in ("heads", "graph", "show", "history", "blame", "merge", "check", "radar", "hooks",
            "explain", "demo", "completion")
    },
}  # fmt: skip

# Where a command asks a person, for `--no-input` to forbid; no other command ever asks.
ASKS = {
    "init": ("repository", "init"),
    "makemigrations": ("renamed", "makemigrations x"),
    "migrate": ("migrated", "migrate a1"),
    "rollback": ("migrated", "rollback carts"),
    "resolve": ("diverged", "resolve --no-backup"),
    "switch": ("migrated", "switch main --no-backup"),
    "rebase": ("diverged", "rebase --no-backup"),
    "squash": ("seeded", "squash d4"),
    "database drop": ("with_copies", "database drop topic"),
    "database prune": ("with_copies", "database prune"),
}

# What git calls, for nobody to type: one line at most, and never a reason to stop.
UNSEEN = {"hook"}
