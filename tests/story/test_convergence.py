"""However a team adds, pulls, resolves and pushes: the same files and one head for everybody."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from lback.app.heads import heads
from lback.app.resolve import ResolveOptions, resolve
from lback.project.context import Context
from lback.project.options import Options
from tests.worlds.people import Developer
from tests.worlds.texts import revision_text

_SHORT = range(4)
_LONG = range(int(os.environ.get("LBACK_SOAK_TEAMS", "150")))


class Team:
    """Up to six people with clones of one bare repository."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0
        self.shared = place / "shared.git"
        first = Developer("Ada", place)
        first.git("init", "-q", "--bare", "--initial-branch=main", "shared.git")
        names = ["Ada", "Grace", "Hedy", "Joan", "Mary", "Radia"][: chance.randint(2, 6)]
        self.people = [self._clone(place, name) for name in names]
        ada = self.people[0]
        wish = chance.choice(("merge", "rebase"))
        ini = f"[alembic]\nscript_location = migrations\n[lback]\non_fork = {wish}\n"
        ada.write("alembic.ini", ini)
        ada.write("migrations/versions/root.py", revision_text("root", (), "root"))
        ada.commit("Start")
        ada.git("push", "-q", "-u", "origin", "main")
        for person in self.people[1:]:
            person.git("pull", "-q", "origin", "main")
            person.git("branch", "-q", "--set-upstream-to=origin/main", "main")

    @staticmethod
    def _clone(place: Path, name: str) -> Developer:
        person = Developer(name, place)
        person.git("clone", "-q", "shared.git", name.lower())
        person.folder = place / name.lower()
        return person

    def step(self) -> None:
        """Let somebody do something."""
        person = self.chance.choice(self.people)
        action = self.chance.choice((self.add, self.add, self.pull, self.resolve, self.push))
        action(person)

    def add(self, person: Developer) -> None:
        """Add a revision on one of the heads, as a branch would."""
        self.count += 1
        name = f"r{self.count}"
        parent = self.chance.choice(self.heads(person))
        person.write(f"migrations/versions/{name}.py", revision_text(name, (parent,), name))
        person.commit(f"Add {name}")

    def pull(self, person: Developer) -> None:
        """Pull, by merge or by rebase; the files of this game never conflict."""
        how = self.chance.choice(("--rebase", "--no-rebase"))
        person.git("pull", "-q", how, "--no-edit")

    def resolve(self, person: Developer) -> None:
        """Join the heads as the team wishes, if there are several, and commit."""
        ctx = Context(Options(directory=str(person.folder)))
        result = resolve(ctx, ResolveOptions(database=False))
        assert result.exit_code == 0, result.message
        if person.git("status", "--porcelain"):
            person.git("commit", "-q", "-m", "Resolve migrations")

    def push(self, person: Developer) -> None:
        """Push, or learn that somebody was faster."""
        pushed = person.run("sh", "-c", "git push -q 2>&1 || echo no")
        assert pushed in ("", "no\n") or pushed.endswith("no\n"), pushed

    def heads(self, person: Developer) -> list[str]:
        result = heads(Context(Options(directory=str(person.folder))))
        return [head["revision"] for head in result.data["heads"]]

    def settle(self) -> None:
        """Let everybody pull, resolve and push until nothing moves; then all pull."""
        for person in self.people:
            self.pull(person)
            self.resolve(person)
            person.git("push", "-q")
        for person in self.people:
            person.git("pull", "-q", "--ff-only")


def play(place: Path, seed: int) -> None:
    """Play one random game and compare the clones at its end."""
    chance = random.Random(seed)
    place.mkdir()
    team = Team(place, chance)
    for _ in range(chance.randint(8, 20)):
        team.step()
    team.settle()
    first = team.people[0].migrations()
    assert len(first) > team.count
    for person in team.people:
        assert person.migrations() == first, seed
        assert len(team.heads(person)) == 1, seed
    shutil.rmtree(place)


@pytest.mark.parametrize("seed", _SHORT)
def test_every_clone_ends_with_the_same_files_and_one_head(tmp_path: Path, seed: int) -> None:
    play(tmp_path / "team", seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", _LONG)
def test_a_long_round_of_teams(tmp_path: Path, seed: int) -> None:
    play(tmp_path / "team", 1000 + seed)
