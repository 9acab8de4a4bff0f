"""A squash among three people: real clones, hooks, pulls and databases, each of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.db.squashing.exact import read_built
from tests.servers import fresh_database
from tests.worlds.people import Developer
from tests.worlds.texts import revision

ENV = """
import os

from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["SHOP_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def column(table: str, name: str) -> tuple[str, str]:
    return (
        f"op.add_column('{table}', sa.Column('{name}', sa.String(9)))",
        f"op.drop_column('{table}', '{name}')",
    )


def creates(table: str) -> tuple[str, str]:
    return (
        f"op.create_table('{table}', sa.Column('id', sa.Integer, primary_key=True))",
        f"op.drop_table('{table}')",
    )


OLD = {
    "a1": ((), *creates("users"), "Ada"),
    "b2": (("a1",), *column("users", "name"), "Bob"),
    "c3": (("b2",), "op.execute(\"UPDATE users SET name = 'c'\")", "pass", "Bob"),
    "d4": (("c3",), *creates("orders"), "Cleo"),
    "e5": (("d4",), *column("users", "age"), "Ada"),
}


SERVERS = ("postgresql", "mariadb")


class Member(Developer):
    """A person with a clone, the hooks, and a database."""

    def adds(self, name: str, down: str, up: str, back: str) -> None:
        self.write(f"migrations/versions/{name}_add.py", revision(name, (down,), up, back))
        self.git("add", "-A")
        # Two heads on a branch of one's own: the hook would have her close the fork first.
        self.git("commit", "-qnm", f"Add {name}")

    def answers(self, *line: str) -> Any:
        """Return the data that a command gives."""
        return json.loads(self.lback(*line, "--json"))["data"]

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        engine = sa.create_engine(self.env["SHOP_URL"], poolclass=sa.NullPool)
        with engine.begin() as connection:
            done = connection.exec_driver_sql(sql)
            return [tuple(row) for row in done] if done.returns_rows else []

    def schema(self) -> object:
        """Return all there is but the order of columns, which is that in which they came."""
        engine = sa.create_engine(self.env["SHOP_URL"], poolclass=sa.NullPool)
        with engine.connect() as connection:
            read = read_built(connection).schema
        others = {
            key: sorted(text.split("\n"))
            for key, text in read.others.items()
            if key[0] != "columns"
        }
        tables = {
            name: ({key: str(one) for key, one in table.columns.items()})
            for name, table in read.tables.items()
        }
        return tables, others


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize(
    "kind", ["sqlite", *(pytest.param(one, marks=pytest.mark.soak) for one in SERVERS)]
)
def test_everybody_ends_at_one_head(tmp_path: Path, kind: str, merged: bool) -> None:
    founded(tmp_path)
    for place in ("dan", "fay", "gus"):
        (tmp_path / f"of {place}").mkdir()
    with (
        fresh_database(kind, tmp_path / "of dan") as first,
        fresh_database(kind, tmp_path / "of fay") as second,
        fresh_database(kind, tmp_path / "of gus") as third,
    ):
        dan, fay, gus = (
            joins(tmp_path, name, url)
            for name, url in (("Dan", first), ("Fay", second), ("Gus", third))
        )
        gus.lback("migrate", "b2")
        gus.ask("INSERT INTO users (id) VALUES (7)")
        fay.git("switch", "-qc", "mine", "main~3")
        fay.adds("n1", "b2", *column("users", "nick"))
        above = "e5"
        fay.git("merge", "-q", "--no-edit", "main")
        if merged:  # by the revision that the hook has staged
            fay.git("commit", "-qm", "Merge revisions")
            (above,) = (one["revision"] for one in fay.answers("heads")["heads"])
        else:
            fay.git("reset", "-q", "--hard")
        fay.adds("n2", above, *column("orders", "sum"))
        fay.lback("migrate", "heads")
        fay.ask("INSERT INTO users (id, nick) VALUES (8, 'f')")
        dan.lback("migrate")
        dan.ask("INSERT INTO users (id, name) VALUES (9, 'd')")

        assert "proved on" in dan.lback("squash", "d4", "--data", "drop")
        dan.git("commit", "-qm", "Squash")
        dan.git("push", "-q")

        told = fay.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
        assert "squashed into d4" in told
        assert "lback rebase" in told
        assert "squashed into d4" in fay.lback("check", "--against", "origin/main", code=1)
        fay.lback("rebase", "--yes")
        fay.git("commit", "-qm", "Rebase")
        fay.lback("check", "--against", "origin/main")
        fay.lback("migrate")
        fay.git("push", "-q", "origin", "mine:main")

        gus.git("pull", "-q")
        assert "behind" in gus.lback("status")
        gus.lback("migrate")
        dan.git("pull", "-q")
        dan.lback("migrate")

        assert gus.ask("SELECT id, name, age, nick FROM users") == [(7, "c", None, None)]
        assert fay.ask("SELECT id, nick FROM users") == [(8, "f")]
        assert dan.ask("SELECT id, name, nick FROM users") == [(9, "d", None)]
        for one in (dan, fay, gus):
            assert one.git("rev-parse", "HEAD") == dan.git("rev-parse", "HEAD")
            assert one.git("status", "--porcelain") == ""
            assert one.answers("show", "b2")["commit"]["author"] == "Bob"
            files = (one.folder / "migrations" / "versions").glob("*.py")
            assert {"d4", "e5", "n1", "n2"} <= {path.name.partition("_")[0] for path in files}
            assert one.answers("status")["database"]["state"] == "current"
        stamps = [one.ask("SELECT version_num FROM alembic_version") for one in (dan, fay, gus)]
        assert stamps[0] == stamps[1] == stamps[2]
        assert len(stamps[0]) == 1
        assert dan.schema() == fay.schema() == gus.schema()


def founded(folder: Path) -> None:
    """Make a bare repository with the old revisions, a commit and an author each."""
    ada = Developer("Ada", folder)
    ada.git("init", "-q", "--bare", "-b", "main", "shop.git")
    ada.git("clone", "-q", "shop.git", "first")
    ada.folder = folder / "first"
    ada.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
    ada.write("migrations/env.py", ENV)
    for name, (down, up, back, who) in OLD.items():
        ada.write(f"migrations/versions/{name}_add.py", revision(name, down, up, back))
        ada.git("add", "-A")
        ada.git("commit", "-qm", f"Add {name}", f"--author={who} <{who}@example.com>")
    ada.git("push", "-q", "origin", "HEAD:main")


def joins(folder: Path, name: str, url: str) -> Member:
    """Return a person who has cloned and installed the hooks."""
    person = Member(name, folder, {"SHOP_URL": url})
    person.git("clone", "-q", "-b", "main", "shop.git", name.lower())
    person.folder = folder / name.lower()
    person.lback("hooks", "install")
    return person
