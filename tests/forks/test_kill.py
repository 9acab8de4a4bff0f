"""Killed at any moment, files are of one state and no database stands where it must not."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lback.errors import LbackError
from lback.project.context import Context
from lback.project.file_changes import change_files, recover
from lback.project.options import Options
from tests.forks import flipper
from tests.forks.shop import Shop
from tests.worlds.texts import VERSIONS, adds, creates

_LONG = int(os.environ.get("LBACK_SOAK_KILLS", "200"))


def project(folder: Path, *, git: bool) -> Context:
    folder.mkdir()
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    if git:
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return Context(Options(directory=str(folder)))


def state_of(ctx: Context) -> str:
    """Return which whole state the files are in; fail for a mixed one."""
    root = ctx.project.root
    for state in ("old", "new"):
        wanted = flipper.contents(state)
        now = {
            path: (root / path).read_bytes() if (root / path).exists() else None for path in wanted
        }
        if now == wanted:
            return state
    return "mixed"


def kill_flipper(folder: Path, chance: random.Random) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.forks.flipper", str(folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline() == b"ready\n"
        time.sleep(chance.random() * 0.1)
        child.send_signal(signal.SIGKILL)
        child.wait()


def flip(folder: Path, seed: int, *, git: bool) -> bool:
    """Kill once; return whether the kill left files of two states."""
    ctx = project(folder, git=git)
    kill_flipper(folder, random.Random(seed))
    torn = state_of(ctx) == "mixed"
    recover(ctx)
    assert state_of(ctx) in ("old", "new"), seed
    left = [one.name for one in ctx.project.root.rglob("*") if "lback-new" in one.name]
    assert left == [], seed
    if not git:
        assert not (ctx.project.root / ".lback").exists()
    assert recover(ctx) == ()
    return torn


@pytest.mark.parametrize("git", [True, False], ids=["git", "no git"])
@pytest.mark.parametrize("seed", range(2))
def test_a_kill_never_leaves_half_of_the_files(tmp_path: Path, seed: int, git: bool) -> None:
    flip(tmp_path / "project", seed, git=git)


@pytest.mark.soak
def test_many_kills_in_the_middle_of_files(tmp_path: Path) -> None:
    torn = sum(flip(tmp_path / f"p{seed}", seed, git=bool(seed % 3)) for seed in range(_LONG))
    # Otherwise this test would prove nothing.
    assert torn > _LONG // 10


def interrupted(ctx: Context) -> Path:
    """Leave a plan behind of which one file has been done."""
    root = ctx.project.root
    (root / "one.py").write_bytes(b"old")
    (root / "two.py").write_bytes(b"old")
    from lback.project import file_changes

    changes = [
        file_changes.FileChange(root / name, b"old", b"new") for name in ("one.py", "two.py")
    ]
    folder = file_changes._folder(ctx)
    folder.mkdir(parents=True)
    file_changes._prepare(folder, changes)
    file_changes._put(changes[0])
    return root


def test_an_interrupted_change_is_finished(tmp_path: Path) -> None:
    ctx = project(tmp_path / "p", git=True)
    root = interrupted(ctx)
    assert len(recover(ctx)) == 1
    assert (root / "two.py").read_bytes() == b"new"


def test_what_git_has_taken_back_is_left_so(tmp_path: Path) -> None:
    ctx = project(tmp_path / "p", git=True)
    root = interrupted(ctx)
    (root / "one.py").write_bytes(b"old")
    assert recover(ctx) == ()
    assert (root / "one.py").read_bytes() == b"old"


def test_what_somebody_has_edited_since_is_not_overwritten(tmp_path: Path) -> None:
    ctx = project(tmp_path / "p", git=True)
    root = interrupted(ctx)
    (root / "two.py").write_bytes(b"mine")
    with pytest.raises(LbackError, match=r"two\.py has been edited"):
        recover(ctx)
    assert (root / "two.py").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    ctx = project(tmp_path / "p", git=True)
    root = ctx.project.root
    (root / "one.py").write_bytes(b"old")
    (root / "blocked").write_bytes(b"a file")
    with pytest.raises(LbackError, match="cannot be written"):
        change_files(ctx, {"one.py": b"new", "blocked/two.py": b"new"})
    assert (root / "one.py").read_bytes() == b"old"
    assert sorted(one.name for one in root.iterdir()) == [
        ".git",
        "alembic.ini",
        "blocked",
        "one.py",
    ]


# Whole commands


def deep(shop: Shop) -> list[str]:
    """Leave five chains beside the published revision, all of them applied."""
    names = []
    for letter in "abcde":
        shop.revise(f"{letter}1", ("s1",), *creates(f"t_{letter}"))
        shop.revise(f"{letter}2", (f"{letter}1",), *adds(f"t_{letter}", "more"))
        names += [f"{letter}1", f"{letter}2"]
    shop.commit("Add five chains")
    shop.lback("migrate", "heads")
    shop.publish("s2", ("s1",), *creates("orders"))
    return names


def kill_command(shop: Shop, after: float, *arguments: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lback", *arguments],
        cwd=shop.folder,
        env=shop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        time.sleep(after)
        child.send_signal(signal.SIGKILL)


def check_rebase(shop: Shop, names: list[str], after: float, git_first: bool) -> None:
    """Kill a rebase, let the next command finish or undo it, and look at everything."""
    old = {name: shop.text(name) for name in names}
    kill_command(shop, after, "rebase", "--yes")
    # Once the database has been there and back, the files are not git's to take back alone.
    if git_first and shop.stamp() != ["e2"]:
        shop.git("checkout", "-q", "HEAD", "--", VERSIONS)
        assert {name: shop.text(name) for name in names} == old
    shop.lback("migrate", "heads")
    now = {name: shop.text(name) for name in names}
    if now != old:
        assert "nothing to rebase" in shop.lback("rebase", "--yes")
    shop.lback("rebase", "--yes")
    shop.lback("migrate")
    assert shop.stamp() == ["e2"]
    assert shop.schema() == {
        "users": {"id"},
        "orders": {"id"},
        **{f"t_{letter}": {"id", "more"} for letter in "abcde"},
    }
    assert shop.git("status", "--porcelain", "--untracked-files").count("??") == 0


# On PostgreSQL, where a killed migration leaves nothing behind: what is left over is the
# rebase's own.


@pytest.mark.postgresql
@pytest.mark.parametrize("seed", range(1))
def test_a_killed_rebase_is_finished_or_undone(
    tmp_path: Path, postgres_url: str, seed: int
) -> None:
    shop = Shop.open(tmp_path / "shop", postgres_url)
    chance = random.Random(seed)
    check_rebase(shop, deep(shop), chance.random() * 2.5, git_first=bool(seed % 2))


@pytest.mark.soak
@pytest.mark.postgresql
@pytest.mark.parametrize("seed", range(_LONG // 4))
def test_many_killed_rebases(tmp_path: Path, postgres_url: str, seed: int) -> None:
    shop = Shop.open(tmp_path / "shop", postgres_url)
    chance = random.Random(1000 + seed)
    check_rebase(shop, deep(shop), chance.random() * 3, git_first=chance.random() < 0.3)


# While the database goes down and up, on each kind of database. MariaDB takes back no step that
# is cut off: the next command has to say which one, and a person does it.


def kill_on_the_way(shop: Shop, chance: random.Random) -> None:
    """Kill a rebase after some of the twenty steps that its database takes."""
    child = subprocess.Popen(
        [sys.executable, "-m", "lback", "rebase", "--yes"],
        cwd=shop.folder,
        env=shop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    with child, child.stderr:
        for _ in range(chance.randint(1, 20)):
            child.stderr.readline()
        time.sleep(chance.random() * 0.04)
        child.send_signal(signal.SIGKILL)


def obey(shop: Shop, told: str) -> None:
    """Do what the message asks for, as a person would."""
    purge = re.search(r"`lback (alembic stamp --purge [^`]*)`", told)
    if purge is not None:
        shop.lback(*purge[1].split())
        return
    if "was cut off half-way" in told:
        program = f"{sys.executable} -m lback migrate"
        shop.run("sh", "-c", f"{program} --undo-half --yes 2>&1 || {program} --resume 2>&1")
        return
    fake = re.search(r"`lback (migrate --fake \w+)` notes that it is done", told)
    if fake is not None:
        shop.lback(*fake[1].split())
        return
    cut = re.search(r"killed in (upgrade|downgrade)\(\) of (\w+)", told)
    assert cut is not None, told
    way, name = cut.groups()
    table = {"s2": "orders"}.get(name, f"t_{name[0]}")
    assert f"({VERSIONS}/{name}.py)" in told
    assert ("table" if name[1] == "1" or name == "s2" else "more") in told
    columns = shop.schema().get(table, set())
    for copy in [one for one in shop.schema() if one.startswith("_alembic_tmp_")]:
        assert "`_alembic_tmp_NAME` is a copy" in told
        if columns:
            shop.rows(f"drop table {copy}")
        else:  # it was about to take the table's place
            shop.rows(f"alter table {copy} rename to {table}")
            columns = shop.schema()[table]
    if name.endswith("2") and name != "s2":
        if way == "downgrade" and "more" not in columns:
            shop.rows(f"alter table {table} add column more varchar(20)")
        elif way == "upgrade" and "more" in columns:
            shop.rows(f"alter table {table} drop column more")
    elif way == "downgrade" and not columns:
        shop.rows(f"create table {table} (id integer primary key)")
    elif way == "upgrade" and columns:
        shop.rows(f"drop table {table}")


def migrate_until_done(shop: Shop) -> int:
    """Migrate, and obey; return how often there was something to obey."""
    for turn in range(12):  # each revision that has run may have to be said
        told = shop.run("sh", "-c", f"{sys.executable} -m lback migrate heads 2>&1; echo status $?")
        if told.endswith("status 0\n"):
            return turn
        assert told.endswith("status 3\n"), told
        obey(shop, told)
    raise AssertionError(told)


def check_on_the_way(shop: Shop, seed: int) -> int:
    names, chance = deep(shop), random.Random(seed)
    kill_on_the_way(shop, chance)
    back = chance.choice(("", "checkout", "stash"))
    if back == "checkout":
        shop.git("checkout", "-q", "HEAD", "--", VERSIONS)
    elif back == "stash" and shop.git("status", "--porcelain", "--untracked-files=no"):
        shop.git("stash", "-q")
    turns = migrate_until_done(shop)
    shop.lback("rebase", "--yes")
    shop.lback("migrate")
    assert shop.stamp() == ["e2"]
    assert shop.schema() == {
        "users": {"id"},
        "orders": {"id"},
        **{f"t_{letter}": {"id", "more"} for letter in "abcde"},
    }
    assert len({shop.text(name) for name in names}) == len(names)
    assert "nothing to rebase" in shop.lback("rebase", "--yes")
    return turns


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(_LONG // 4))
def test_many_rebases_killed_on_the_way(any_shop: Shop, seed: int) -> None:
    check_on_the_way(any_shop, 2000 + seed)


def test_files_taken_back_after_a_rebase_are_seen(shop: Shop) -> None:
    names = deep(shop)
    old = {name: shop.text(name) for name in names}
    shop.lback("rebase", "--yes")
    assert shop.stamp() == ["e2"]
    shop.git("stash", "-q")
    assert {name: shop.text(name) for name in names} == old
    told = shop.lback("migrate", "heads", code=3)
    assert "git stash pop" in told
    assert "lback alembic stamp --purge a2 b2 c2 d2 e2 s2" in told
    obey(shop, told)
    assert "up to date" in shop.lback("migrate", "heads")
    shop.git("stash", "pop", "-q")
    assert "nothing to rebase" in shop.lback("rebase")
    assert "a2 went out of the stamp: another row of it stands on that" in shop.lback("migrate")
    assert shop.stamp() == ["e2"]
    assert "up to date" in shop.lback("migrate")


def test_a_new_database_by_the_old_files_is_no_reason_to_refuse(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.lback("rebase", "--yes")
    assert shop.stamp() == ["a"]
    shop.git("checkout", "-q", "HEAD", "--", VERSIONS)
    Path(shop.url.removeprefix("sqlite:///")).unlink()
    shop.lback("migrate", "a")
    assert "applied 1 revision" in shop.lback("migrate", "heads")
    assert shop.schema() == {"users": {"id"}, "coupons": {"id"}, "orders": {"id"}}


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_merge_leaves_no_file_or_a_whole_one(shop: Shop, seed: int) -> None:
    check_merge(shop, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(_LONG // 4))
def test_many_killed_merges(shop: Shop, seed: int) -> None:
    check_merge(shop, 1000 + seed)


def check_merge(shop: Shop, seed: int) -> None:
    """Kill a merge and let the next one do it."""
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    before = shop.migrations()
    kill_command(shop, random.Random(seed).random() * 0.5, "merge")
    now = shop.migrations()
    assert len(now) - len(before) in (0, 1)
    shop.lback("merge")
    assert len(shop.migrations()) == len(before) + 1
    shop.lback("migrate")
    assert shop.schema() == {"users": {"id"}, "coupons": {"id"}, "orders": {"id"}}
