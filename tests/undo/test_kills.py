"""Killed, cut off or failing at any moment and run again: as in an undisturbed run."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import random
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from tests.servers import KINDS, fresh_database
from tests.undo.team import MODELS, Shop
from tests.worlds import databases, faulty
from tests.worlds.processes import python
from tests.worlds.wire import Fault, wire_to

_LONG = int(os.environ.get("LBACK_SOAK_KILLS", "100"))
_SEED = int(os.environ.get("LBACK_SOAK_SEED", "0"))
_KINDS = os.environ.get("LBACK_SOAK_KINDS", ",".join(KINDS)).split(",")
UP = """
op.create_table(
    "{t}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("n", sa.Integer())
)
op.execute("INSERT INTO {t} VALUES (1, 10), (2, 20)")
op.bulk_insert(sa.table("{t}", sa.column("id"), sa.column("n")), [{{"id": i}} for i in range(3, 9)])
with op.batch_alter_table("{t}") as batch:
    batch.add_column(sa.Column("name", sa.String(20)))
op.execute("UPDATE {t} SET n = COALESCE(n, 0) + 1")
op.create_index("ix_{t}", "{t}", ["n"])
op.execute("INSERT INTO log (what) VALUES ('{t}')")
"""
DOWN = """
op.execute("INSERT INTO log (what) VALUES ('no {t}')")
op.drop_index("ix_{t}", "{t}")
op.execute("DELETE FROM {t} WHERE id > 5")
with op.batch_alter_table("{t}") as batch:
    batch.drop_column("name")
op.drop_table("{t}")
"""
LOG = (
    'op.create_table("log", sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True), '
    'sa.Column("what", sa.String(20)))'
)


def add(shop: Shop, *names: str, parents: tuple[str, ...] | None = None) -> None:
    for name in names:
        shop.add(name, UP.format(t=name), DOWN.format(t=name), parents=parents)
        parents = None
    shop.commit(f"Add {', '.join(names)}")


@functools.cache
def template() -> Path:
    """Make a project: main has r1 to r3 on r0, `side` s3 and s4 on r2, `mine` l3 and l4 there."""
    place = Path(tempfile.mkdtemp(prefix="lback-kills-"))
    atexit.register(shutil.rmtree, place)
    shop = Shop.at(place / "ada", "")
    shop.write("models.py", f"import faulty\n{MODELS}")
    shop.write("faulty.py", Path(faulty.__file__).read_text())
    shop.add("r0", LOG, 'op.drop_table("log")')
    add(shop, "r1", "r2")
    shop.publish(place / "ada.git")
    for branch, names in (("side", ("s3", "s4")), ("mine", ("l3", "l4"))):
        shop.git("checkout", "-q", "-b", branch, "main")
        add(shop, *names, parents=("r2",))
    shop.git("checkout", "-q", "main")
    add(shop, "r3", parents=("r2",))
    shop.git("push", "-q", "origin", "main")
    return place


@dataclass(frozen=True)
class Command:
    """What is disturbed, and what comes before it."""

    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = (("lback", "migrate"),)
    tables: tuple[str, ...] = ("r2", "r3")
    """Those that somebody has rows in."""


COMMANDS = {
    "migrate": Command(("migrate",), (), ()),
    "down": Command(("migrate", "r1", "--yes")),
    "rollback": Command(("rollback", "r3", "--yes")),
    "switch": Command(("switch", "side", "--yes")),
    "rebase": Command(
        ("rebase", "--yes"),
        (
            ("git", "checkout", "-q", "mine"),
            ("lback", "migrate"),
            ("git", "merge", "-q", "--no-edit", "main"),
        ),
        ("r2", "l3", "l4"),
    ),
}
State = dict[str, Any]


@dataclass
class Scene:
    """A project and its database, where something can be made to go wrong."""

    shop: Shop
    pid: Path
    through: Any = None

    def run(self, *command: str) -> tuple[int, str]:
        shop = self.shop
        done = python(("-m", "lback", *command), shop.folder, shop.environment(), joined=True)
        return done.returncode, done.stdout

    def prepare(self, command: Command) -> None:
        for program, *words in command.before:
            if program == "git":
                self.shop.git(*words)
            else:
                assert self.run(*words)[0] == 0
        for table in command.tables:
            row = f"INSERT INTO {table} (id, n, name) VALUES (100, 5, 'mine')"
            self.shop.execute(row, f"UPDATE {table} SET name = 'mine' WHERE id = 1")

    def disturbed(
        self, command: Command, at: int | str | None, fault: str
    ) -> tuple[int, str, bool]:
        """Run a command; return how it ended, what it said, and whether anything was done to it."""
        log, fired = self.pid.with_name("log"), self.pid.with_name("fired")
        more = {"FAULT_PID": str(self.pid), "FAULT_FIRED": str(fired)}
        if self.through is not None:
            self.through.arm(at, fault or None)
        elif at is not None:
            more["FAULT"] = f"{at}|{fault}"
        else:
            more["FAULT_LOG"] = str(log)
        self.shop.env.update(more)
        code, said = self.run(*command.words)
        for name in more:
            del self.shop.env[name]
        if self.through is not None:
            done, self.texts = self.through.fired, self.through.texts
            self.through.arm()
            return code, said, done
        self.texts = log.read_text().splitlines() if log.exists() else []
        return code, said, fired.exists()

    def whole(self) -> State:
        """Return all that has to be as in an undisturbed run."""
        found: State = databases.content(self.shop.url)
        for table in found.values():
            if "what" in table["columns"]:  # what ran, by no number of its own
                table["rows"] = sorted(what for _, what in self.shop.rows("log"))
        found["stamp"] = databases.stamp(self.shop.url)
        found["files"] = self.shop.files()
        found["half"] = self.half()
        found["saved"] = self.saved()
        return found

    def half(self) -> list[Any]:
        """Return the operations of a step that is not done."""
        with contextlib.suppress(sa.exc.DBAPIError):
            return self.shop.rows("lback_operations")
        return []

    def saved(self) -> list[tuple[str, int]]:
        """Return which tables have rows that are saved, and how many."""
        with contextlib.suppress(sa.exc.DBAPIError):
            rows = self.shop.rows("lback_saved")
            tables = [table for row in rows for table in json.loads(row[-1])]
            return sorted((table["table"], table["rows"]) for table in tables)
        return []  # nothing was ever saved


@contextlib.contextmanager
def scene(folder: Path, kind: str) -> Iterator[Scene]:
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(fresh_database(kind, folder))
        through, at, pid = None, url, folder / "pid"
        if kind != "sqlite":
            through, at = stack.enter_context(wire_to(url, pid))
        shutil.copytree(template(), folder / "place")
        shop = Shop("Ada", folder / "place" / "ada", {"DATABASE_URL": at}, url=url)
        shop.git("remote", "set-url", "origin", str(folder / "place" / "ada.git"))
        yield Scene(shop, pid, through)


@functools.cache
def undisturbed(kind: str, name: str) -> tuple[State, int, int]:
    """Return what comes of a command, its statements, and which is the first one that writes."""
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder) / "one", kind) as one:
        one.prepare(COMMANDS[name])
        code, said, _ = one.disturbed(COMMANDS[name], None, "")
        assert code == 0, said
        texts = [text.split(None, 1)[0].upper() for text in one.texts if text.strip()]
        writes = ("INSERT", "CREATE", "ALTER", "DROP", "UPDATE", "DELETE", "BEGIN")
        first = next(number for number, word in enumerate(texts) if word in writes)
        return one.whole(), len(one.texts), first


def finish(one: Scene, command: Command) -> int:
    """Run the command again, and what it asks for; return how often it asked for another."""
    words, asked = command.words, 0
    for _ in range(8):
        code, said = one.run(*words)
        print(f"AGAIN {' '.join(words)}: {code}\n{said}")
        if code == 0 and words == command.words:
            return asked
        assert code in (0, 3) and "Traceback" not in said, said
        if "cut off once it had been done" in said:
            return asked
        applies = re.search(r"`lback (migrate \w+)` applies it", said)
        words = command.words
        if code and ("--resume" in said or applies is not None):
            asked += 1
            words = tuple(applies[1].split()) if applies else ("migrate", "--resume")
    raise AssertionError(said)


def disturb(folder: Path, kind: str, name: str, fault: str, chance: random.Random) -> str:
    """Disturb one command and bring it to its end; return how that went."""
    expected, number, first = undisturbed(kind, name)
    at = chance.randrange(first if chance.random() < 0.9 else 0, number)
    command = COMMANDS[name]
    with scene(folder, kind) as one:
        one.prepare(command)
        code, said, done = one.disturbed(command, at, fault)
        where = f"{kind} {name} {fault} at {at} of {number}"
        print(f"FAULT {where}: {code}\n{said}")
        killed = fault.startswith("kill")
        assert code in ((0, -signal.SIGKILL, -signal.SIGALRM) if killed else (0, 3)), where
        assert code == 0 or "Traceback" not in said  # a pool may log that it lost a connection
        tries = re.search(r"`lback (restore \d+)` tries again", said)
        if tries is not None:
            assert one.run(*tries[1].split())[0] == 0
        asked = finish(one, command) if code else 0
        assert one.whole() == expected, where
        return f"{'met' if done else 'missed'} {code} {asked}"


FAULTS: tuple[str, ...] = get_args(Fault)
ON_SQLITE = ("kill before", "kill during", "kill after", "timeout", "full", "read-only")
WRITTEN = [(1, 11, None), (2, 21, None), *((number, 1, None) for number in range(3, 9))]
MINE = [(1, 11, "mine"), *WRITTEN[1:], (100, 5, "mine")]


def disturbed_at(one: Scene, name: str, at: str, fault: Fault, code: int) -> str:
    """Prepare a command and disturb it at a statement; return what it said."""
    one.prepare(COMMANDS[name])
    ended, said, done = one.disturbed(COMMANDS[name], at, fault)
    assert done and ended == code, said
    return said


def holds(one: Scene, stamp: str, rows: dict[str, list[Any]], log: list[str]) -> None:
    """Make sure that a database holds these tables, and that each revision ran as often."""
    assert databases.stamp(one.shop.url) == [stamp]
    assert databases.tables(one.shop.url) == {*rows, "log"}
    assert {name: one.shop.rows(name) for name in rows} == rows
    assert sorted(what for _, what in one.shop.rows("log")) == sorted(log)
    assert one.half() == [] and one.saved() == []


REBASED = {"r1": WRITTEN, "r2": MINE, "r3": WRITTEN, "l3": MINE, "l4": MINE}
REBASED_LOG = ["r1", "r2", "l3", "l4", "no l4", "no l3", "r3", "l3", "l4"]


MARKS = {"sqlite": (), "postgresql": pytest.mark.postgresql, "mariadb": pytest.mark.soak}
CUT_OFF = [
    # While it goes up: what l3 has made by then is nobody's yet.
    ("sqlite", "INSERT INTO log (what) VALUES ('l4')", "kill before", 0),
    # All is down.
    ("postgresql", "INSERT INTO log (what) VALUES ('r3')", "cut before", 0),
    # Half of a way down stays, and half of a way up.
    ("mariadb", "DROP INDEX ix_l4", "kill after", 1),
    ("mariadb", "CREATE INDEX ix_l3", "terminate before", 1),
]


@pytest.mark.parametrize(
    ("kind", "at", "fault", "asked"),
    [pytest.param(*row, marks=MARKS[row[0]]) for row in CUT_OFF],
)
def test_a_rebase_comes_to_its_end(
    tmp_path: Path, kind: str, at: str, fault: Fault, asked: int
) -> None:
    with scene(tmp_path / "one", kind) as one:
        code = -signal.SIGKILL if fault.startswith("kill") else 3
        disturbed_at(one, "rebase", at, fault, code)
        assert finish(one, COMMANDS["rebase"]) == asked
        holds(one, "l4", REBASED, REBASED_LOG)
        assert "nothing to rebase" in one.run("rebase")[1]


@pytest.mark.soak
def test_a_half_step_of_another_branch_goes_on_by_the_text_that_ran(tmp_path: Path) -> None:
    with scene(tmp_path / "one", "mariadb") as one:
        disturbed_at(one, "switch", "CREATE INDEX ix_s4", "kill before", -signal.SIGKILL)
        assert finish(one, COMMANDS["switch"]) == 1
        assert databases.stamp(one.shop.url) == ["s4"]
        assert one.shop.rows("s4") == WRITTEN and one.saved() == [("r3", 9)]


def test_a_rollback_is_done_once(tmp_path: Path) -> None:
    with scene(tmp_path / "one", "sqlite") as one:
        said = disturbed_at(one, "rollback", "DROP TABLE r3", "read-only", 3)
        assert "readonly" in said and "rolled back" in said
        killed = one.disturbed(COMMANDS["rollback"], "DROP TABLE r3", "kill before")
        assert killed[0] == -signal.SIGKILL
        code, said = one.run("rollback", "r3", "--yes")
        assert code == 3 and "undoes r3 already" in said
        assert one.run("migrate")[0] == 0
        code, said = one.run("rollback", "r3", "--yes")
        assert code == 3 and "cut off once it had been done" in said
        assert "r3" not in databases.tables(one.shop.url)


@pytest.mark.soak
def test_a_commit_whose_word_was_lost_is_told(tmp_path: Path) -> None:
    with scene(tmp_path / "one", "mariadb") as one:
        at = "UPDATE alembic_version SET version_num='r2' ... COMMIT"
        said = disturbed_at(one, "migrate", at, "cut after", 3)
        assert (
            "All of r2 was done and stays; only word of it was lost. The database is at r2." in said
        )
        assert databases.stamp(one.shop.url) == ["r2"]


@pytest.mark.postgresql
def test_a_record_that_cannot_be_read_for_a_cut_is_no_missing_one(tmp_path: Path) -> None:
    with scene(tmp_path / "one", "postgresql") as one:
        reads = "SELECT n.nspname FROM pg_class ... SELECT pg_catalog.pg_class.relname"
        said = disturbed_at(one, "migrate", reads, "terminate before", 3)
        assert "was cut" in said
        assert finish(one, COMMANDS["migrate"]) == 0
        holds(one, "r3", dict.fromkeys(("r1", "r2", "r3"), WRITTEN), ["r1", "r2", "r3"])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(_SEED, _SEED + _LONG))
@pytest.mark.parametrize("kind", _KINDS)
def test_many_disturbed_commands(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    names = os.environ.get("LBACK_SOAK_COMMANDS", ",".join(COMMANDS)).split(",")
    name = names[seed % len(names)]
    faults = ON_SQLITE if kind == "sqlite" else FAULTS
    kills = [fault for fault in faults if fault.startswith("kill")]
    fault = chance.choice(kills if chance.random() < 0.6 else faults)
    went = disturb(tmp_path / "one", kind, name, fault, chance)
    print(f"KILL {kind} {name} {fault} {went}")
