"""Random team histories: what `check` says of a merge, and what git and Alembic make of it."""

from __future__ import annotations

import random
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from lback.project.context import Context
from lback.project.options import Options
from tests.check.team import Team
from tests.worlds.texts import VERSIONS

_BROKEN = {"LB103", "LB104", "LB105"}


class Author:
    """Somebody who does to the migrations what teams do."""

    def __init__(self, team: Team, name: str, chance: random.Random) -> None:
        self.team, self.name, self.chance = team, name, chance
        self.count = 0

    def work(self, steps: int) -> None:
        deeds: list[tuple[Callable[[], None], int]] = [
            (self.add, 10), (self.join, 2), (self.rename, 2), (self.rename_and_edit, 2),
            (self.comment, 3), (self.reparent, 2), (self.delete, 1), (self.same, 1),
        ]  # fmt: skip
        for _ in range(steps):
            self.chance.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]()
            self.team.commit(self.name)

    def files(self) -> list[Path]:
        return sorted((self.team.path / VERSIONS).glob("*.py"))

    def parents(self) -> dict[str, str]:
        """Return, for each id, the text of its parents."""
        found = {}
        for path in self.files():
            space: dict[str, object] = {}
            exec(path.read_text().split("def upgrade")[0].replace("from alembic", "#"), space)
            found[str(space["revision"])] = repr(space["down_revision"])
        return found

    def heads(self) -> list[str]:
        parents = self.parents()
        used = "".join(parents.values())
        return [one for one in parents if f"'{one}'" not in used]

    def new(self, parents: tuple[str, ...]) -> None:
        self.count += 1
        self.team.revision(f"{self.name}{self.count}", *parents)

    def add(self) -> None:
        ids = self.heads() if self.chance.random() < 0.9 else list(self.parents())
        self.new((self.chance.choice(ids),) if ids else ())

    def join(self) -> None:
        heads = self.heads()
        if len(heads) > 1:
            self.new(tuple(self.chance.sample(heads, 2)))

    def rename(self) -> None:
        path = self.chance.choice(self.files())
        path.rename(path.with_name(f"{self.name}_{path.name}"))

    def rename_and_edit(self) -> None:
        path = self.chance.choice(self.files())
        path.write_text(path.read_text().replace("def upgrade", f"# {self.name}\ndef upgrade"))
        path.rename(path.with_name(f"{self.name}_{path.name}"))

    def comment(self) -> None:
        path = self.chance.choice(self.files())
        path.write_text(path.read_text() + f"\n# {self.name} was here\n")

    def reparent(self) -> None:
        path = self.chance.choice(self.files())
        parents = self.parents()
        text = path.read_text()
        lines = [line for line in text.split("\n") if line.startswith("down_revision")]
        other = self.chance.choice([*parents, None])
        path.write_text(text.replace(lines[0], f"down_revision = {other!r}"))

    def delete(self) -> None:
        files = self.files()
        if len(files) > 2:
            self.chance.choice(files).unlink()

    def same(self) -> None:
        """Add what the other author may add as well: a cherry-pick."""
        self.team.revision("same", "r0")


def history(template: Path, place: Path, seed: int) -> Team:
    chance = random.Random(seed)
    shutil.copytree(template, place)
    team = Team(place)
    for path in (place / VERSIONS).glob("*.py"):
        path.unlink()
    for number in range(chance.randint(1, 6)):
        team.revision(f"r{number}", *((f"r{number - 1}",) if number else ()))
    team.commit("base")
    for name, branch in (("a", "mine"), ("b", "theirs")):
        team.branch(branch)
        Author(team, name, chance).work(chance.randint(1, 4))
    team.git("checkout", "-q", "mine")
    return team


def alembic_heads(team: Team) -> tuple[str, ...] | None:
    """Return what Alembic says, None where it stumbles or complains."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(team.path / "migrations"))
    sys.dont_write_bytecode = True
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            heads = ScriptDirectory.from_config(config).get_heads()
        except (CommandError, RevisionError, KeyError):
            return None
    return None if any("evision" in str(one.message) for one in said) else tuple(sorted(heads))


def agree(team: Team) -> str:
    """Compare; return what kind of case it was."""
    result = team.check(at="mine", against="theirs")
    codes = {one.code for one in result.findings}
    said = team.git("merge", "-q", "--no-edit", "theirs", check=False)
    stopped = bool(team.git("ls-files", "--unmerged"))
    if stopped:
        assert "LB109" in codes, said
        return "conflict"
    assert "LB109" not in codes
    heads = alembic_heads(team)
    if heads is None:
        assert codes & _BROKEN
        return "broken"
    merged = [one for one in result.findings if one.message.startswith("Once merged with")]
    assert not merged  # what mine has broken alone, theirs may have mended
    assert tuple(result.data["would_be_heads"]) == heads
    if len(heads) > 1:
        # Where mine is torn already, that is said and not the heads that come of it.
        assert codes & {"LB101", "LB102", "LB103", "LB105"}
        return "several"
    assert "LB102" not in codes
    return "one"


def rounds(
    template: Path, place: Path, seeds: range, judge: Callable[[Team], str] = agree
) -> dict[str, int]:
    seen: dict[str, int] = {}
    for seed in seeds:
        try:
            kind = judge(history(template, place / str(seed), seed))
        except AssertionError as err:
            raise AssertionError(f"history {seed}: {err}") from err
        seen[kind] = seen.get(kind, 0) + 1
        shutil.rmtree(place / str(seed))
    return seen


def test_a_few_histories(checked_template: Path, tmp_path: Path) -> None:
    assert {"one", "several"} <= set(rounds(checked_template, tmp_path, range(10, 20)))


@pytest.mark.soak
def test_a_thousand_histories(checked_template: Path, tmp_path: Path) -> None:
    seen = rounds(checked_template, tmp_path, range(1000))
    print(seen)
    assert set(seen) == {"one", "several", "broken", "conflict"}


def siblings_agree(team: Team) -> str:
    """Compare what is said of an open branch with what is said of a merge with it."""
    merged = team.check(at="mine", against="theirs").data
    if merged["merges"][0]["conflicts"]:
        return "conflict"
    base = Context(Options(directory=str(team.path))).revisions.graph("main").ids
    mine, theirs = (
        Context(Options(directory=str(team.path))).revisions.graph(at).ids
        for at in ("mine", "theirs")
    )
    heads = set(merged["would_be_heads"])
    collide = heads & (mine - base) and heads & (theirs - base - mine)
    found = team.check(at="mine", against="main", siblings=True, select="LB302").findings
    said = [one for one in found if one.code == "LB302"]
    assert bool(said) == bool(collide), (heads, [one.message for one in found])
    return "collide" if collide else "apart"


@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(500), marks=pytest.mark.soak)])
def test_siblings_are_seen_as_merges_are(
    checked_template: Path, tmp_path: Path, seeds: range
) -> None:
    seen = rounds(checked_template, tmp_path, seeds, siblings_agree)
    assert {"collide", "apart"} <= set(seen)
