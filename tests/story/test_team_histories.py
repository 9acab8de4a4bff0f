"""However a team puts revisions under pushed ones: each database ends as a linear run, or is told.

Real git and real databases. People write revisions, put new ones under what others have run, in a
commit or by rewriting what was pushed, pull, and migrate with lback or with plain Alembic.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lback.app.migrate import MigrateOptions, migrate
from lback.app.status import StatusResult, status
from lback.app.switch import SwitchOptions, switch
from lback.core.results import Result
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.options import Options
from tests.servers import KINDS, fresh_database
from tests.worlds.databases import content
from tests.worlds.people import Developer
from tests.worlds.processes import python
from tests.worlds.texts import adds, revision

_SHORT = range(3)
_LONG = range(int(os.environ.get("LBACK_SOAK_HISTORIES", "200")))
VERSIONS = "migrations/versions"
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


def makes(table: str) -> tuple[str, str]:
    """Return the statements that create and drop a table with a note in each row."""
    columns = 'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Integer())'
    return f'op.create_table("{table}", {columns})', f'op.drop_table("{table}")'


class Team:
    """Two or three people with clones of one repository, and a database each."""

    def __init__(self, place: Path, chance: random.Random, urls: Iterator[str]) -> None:
        self.chance = chance
        self.place = place
        self.urls = urls
        self.count = 0
        self.told: Counter[str] = Counter()
        first = Developer("Ada", place)
        first.git("init", "-q", "--bare", "--initial-branch=main", "shared.git")
        self.people = [
            self._clone(name) for name in ("Ada", "Grace", "Hedy")[: chance.randint(2, 3)]
        ]
        ada = self.people[0]
        ini = "[alembic]\nscript_location = migrations\n"
        ledger = chance.random() < 0.7
        ada.write("alembic.ini", ini + ("" if ledger else "[lback]\nledger = false\n"))
        ada.write(".gitignore", "__pycache__/\n")
        ada.write("migrations/env.py", ENV)
        ada.write("migrations/script.py.mako", "")
        ada.write(f"{VERSIONS}/r0.py", revision("r0", (), *makes("t0")))
        ada.commit("Start")
        ada.git("push", "-q", "-u", "origin", "main")
        for person in self.people[1:]:
            person.git("pull", "-q", "origin", "main")
            person.git("branch", "-q", "--set-upstream-to=origin/main", "main")

    def _clone(self, name: str) -> Developer:
        person = Developer(name, self.place)
        person.git("clone", "-q", "shared.git", name.lower())
        person.folder = self.place / name.lower()
        person.env["DATABASE_URL"] = next(self.urls)
        return person

    def step(self) -> None:
        """Let somebody, who has pulled, do something and push it; others may migrate."""
        person = self.chance.choice(self.people)
        self.pull(person)
        action = self.chance.choice(
            (self.add, self.add, self.put_under, self.put_under, self.migrate)
        )
        action(person)
        self.migrate(self.chance.choice(self.people))

    def pull(self, person: Developer) -> None:
        """Take what there is, also where it was rewritten."""
        if self.chance.random() < 0.5:
            person.git("pull", "-q", "--rebase")
        else:
            person.git("fetch", "-q")
            person.git("reset", "-q", "--hard", "origin/main")

    def add(self, person: Developer) -> None:
        """Write a revision on top of all."""
        chain = self.chain(person)
        self.write(person, chain, len(chain))
        person.commit("Add one")
        person.git("push", "-q")

    def put_under(self, person: Developer) -> None:
        """Put one to three new revisions under one that is there, for everybody."""
        chain = self.chain(person)
        at = self.chance.randint(1, len(chain))
        above = chain[at] if at < len(chain) else None
        for _ in range(self.chance.randint(1, 3)):
            chain.insert(at, self.write(person, chain, at))
            at += 1
        if above is not None:
            place = person.folder / VERSIONS / f"{above}.py"
            text = re.sub(
                r"down_revision = '\w+'", f"down_revision = {chain[at - 1]!r}", place.read_text()
            )
            place.write_text(text)
        if self.chance.random() < 0.5:
            person.commit("Put some below")
            person.git("push", "-q")
        else:
            person.git("add", "-A")
            person.git("commit", "-q", "--amend", "--no-edit")
            person.git("push", "-q", "--force")

    def chain(self, person: Developer) -> list[str]:
        """Return the revisions from the first one on."""
        folder = person.folder / VERSIONS
        below = {}
        for path in folder.glob("*.py"):
            found = re.search(r"down_revision = '(\w+)'", path.read_text())
            below[found[1] if found else None] = path.stem
        chain, at = [], below.get(None)
        while at is not None:
            chain.append(at)
            at = below.get(at)
        return chain

    def write(self, person: Developer, chain: list[str], at: int) -> str:
        """Write a revision that can run at a place of the chain."""
        self.count += 1
        name = f"r{self.count}"
        texts = [(person.folder / VERSIONS / f"{one}.py").read_text() for one in chain[:at]]
        table = self.chance.choice(
            [made for text in texts for made in re.findall(r'create_table\("(\w+)"', text)]
        )
        number = self.count
        ways = (
            makes(f"t{number}"),
            adds(table, f"c{number}"),
            (
                f'op.execute("INSERT INTO {table} (id) VALUES ({number})")',
                f'op.execute("DELETE FROM {table} WHERE id = {number}")',
            ),
            (f"op.execute('UPDATE {table} SET note = {number} WHERE note IS NULL')", "pass"),
        )
        does = self.chance.choices(ways, (8, 5, 4, 1))[0]
        person.write(f"{VERSIONS}/{name}.py", revision(name, (chain[at - 1],), *does))
        return name

    def migrate(self, person: Developer) -> None:
        """Bring somebody's database to where the files are."""
        if self.chance.random() < 0.25:
            python(("-m", "alembic", "upgrade", "head"), person.folder, person.environment())
        else:
            self.run(person)

    def run(self, person: Developer) -> Result | None:
        """Migrate with lback, or switch where that is its way out; None where it refuses."""
        try:
            return migrate(context(person), MigrateOptions())
        except LbackError as err:
            assert "has not run" in err.message, err.message
            self.told["refused"] += 1
        if self.chance.random() < 0.7:
            try:
                result = switch(context(person), SwitchOptions(yes=True))
            except LbackError as err:
                assert err.hint, err.message
                self.told["not switched"] += 1
            else:
                self.told["switched"] += 1
                return result
        return None


def context(person: Developer) -> Context:
    os.environ["DATABASE_URL"] = person.env["DATABASE_URL"]
    sys.dont_write_bytecode = True
    return Context(Options(directory=str(person.folder), no_input=True))


def play(place: Path, seed: int, kind: str) -> Counter[str]:
    """Play one random history and compare every database with a linear run."""
    chance = random.Random(seed)
    place.mkdir()
    with ExitStack() as stack:
        urls = databases(place, kind, stack)
        fresh = next(urls)
        team = Team(place, chance, urls)
        for _ in range(chance.randint(5, 10)):
            team.step()
        for person in team.people:
            team.told[compare(team, person, fresh, seed)] += 1
    shutil.rmtree(place)
    return team.told


def databases(place: Path, kind: str, stack: ExitStack) -> Iterator[str]:
    """Yield the URL of one empty database after the other."""
    for number in itertools.count():
        folder = place / f"database{number}"
        folder.mkdir()
        yield stack.enter_context(fresh_database(kind, folder))


def compare(team: Team, person: Developer, fresh: str, seed: int) -> str:
    """Bring a database to the end, and compare it with a linear run where all has run."""
    person.git("fetch", "-q")
    person.git("reset", "-q", "--hard", "origin/main")
    result = team.run(person)
    said: StatusResult = status(context(person))
    if said.skipped or said.unknown:
        assert result is None or said.unknown, seed
        return "told"
    assert result is not None, seed
    assert said.database is not None
    assert said.database.state == "current", seed
    own = person.env["DATABASE_URL"]
    person.env["DATABASE_URL"] = fresh
    migrate(context(person), MigrateOptions())
    person.env["DATABASE_URL"] = own
    assert content(own) == content(fresh), (seed, person.name)
    return "equal"


@pytest.fixture(autouse=True)
def _own_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")


@pytest.mark.parametrize("seed", _SHORT)
def test_every_database_is_a_linear_run_or_told(tmp_path: Path, seed: int) -> None:
    play(tmp_path / "team", seed, KINDS[seed % len(KINDS)])


@pytest.mark.soak
@pytest.mark.parametrize("seed", _LONG)
def test_a_long_round_of_histories(tmp_path: Path, seed: int) -> None:
    told = play(tmp_path / "team", 1000 + seed, KINDS[seed % len(KINDS)])
    print(KINDS[seed % len(KINDS)], dict(told))
