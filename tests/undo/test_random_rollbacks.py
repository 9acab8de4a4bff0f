"""Random graphs of random operations, a random rollback: right, or refused and nothing moved.

The oracle is a replay: the same operations without those of the undone revision that are
about the table, on an empty database.
"""

from __future__ import annotations

import os
import random
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lback.errors import LbackError
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop

SHORT, SOAK = 4, int(os.environ.get("LBACK_SOAK_GRAPHS", "300"))


@dataclass
class Operation:
    """`table` is the name that the table had first; `renames` the old and the new name."""

    table: str
    up: str
    down: str
    renames: tuple[str, str] | None = None


@dataclass
class World:
    """What the tables have by now; `first` are the names that they had first."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)


class Author:
    """Writes migrations at random, as people do."""

    def __init__(self, seed: int, kind: str = "sqlite") -> None:
        self.random = random.Random(seed)
        self.kind = kind
        self.count = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def operation(self, world: World, own: list[str]) -> Operation:
        tables = [one for one in world.columns if one in own]
        kinds = ["column", "column", "index", "drop", "alter", "rename", "refer", "seed", "move"]
        kind = self.random.choice(kinds) if tables else "table"
        if self.random.random() < 0.15:
            kind = "table"
        if kind == "table":
            return self.table(world)
        table = self.random.choice(tables)
        made: Operation | None = getattr(self, kind)(world, table)
        made = made if made is not None else self.column(world, table)
        made.table = world.first[made.table]
        return made

    def table(self, world: World) -> Operation:
        table = self.name("t")
        world.columns[table], world.indexes[table], world.first[table] = ["a"], [], table
        up = (
            f'op.create_table("{table}", sa.Column("id", sa.Integer(), primary_key=True), '
            'sa.Column("a", sa.Integer()))'
        )
        return Operation(table, up, f'op.drop_table("{table}")')

    def column(self, world: World, table: str) -> Operation:
        name = self.name("c")
        world.columns[table].append(name)
        return Operation(
            table,
            f'op.add_column("{table}", sa.Column("{name}", sa.String(20)))',
            f'op.drop_column("{table}", "{name}")',
        )

    def index(self, world: World, table: str) -> Operation | None:
        if not world.columns[table]:
            return None
        name, column = self.name("ix"), self.random.choice(world.columns[table])
        world.indexes[table].append(column)
        return Operation(
            table,
            f'op.create_index("{name}", "{table}", ["{column}"])',
            f'op.drop_index("{name}", table_name="{table}")',
        )

    def _free(self, world: World, table: str) -> list[str]:
        return [
            one
            for one in world.columns[table]
            if one not in world.indexes[table] and one.startswith("c")
        ]

    def drop(self, world: World, table: str) -> Operation | None:
        free = self._free(world, table)
        if not free:
            return None
        name = self.random.choice(free)
        world.columns[table].remove(name)
        return Operation(
            table,
            f'op.drop_column("{table}", "{name}")',
            f'op.add_column("{table}", sa.Column("{name}", sa.String(20)))',
        )

    def alter(self, world: World, table: str) -> Operation | None:
        free = self._free(world, table)
        if not free:
            return None
        name = self.random.choice(free)
        step = (
            'with op.batch_alter_table("{t}") as batch_op:\n'
            '    batch_op.alter_column("{c}", existing_type=sa.String(20), server_default={d})'
        )
        return Operation(
            table,
            step.format(t=table, c=name, d="'x'"),
            step.format(t=table, c=name, d="None"),
        )

    def rename(self, world: World, table: str) -> Operation | None:
        free = self._free(world, table)
        if not free:
            return None
        old, new = self.random.choice(free), self.name("c")
        world.columns[table].remove(old)
        world.columns[table].append(new)
        step = 'op.alter_column("{t}", "{a}", new_column_name="{b}")'
        if self.kind == "mariadb" or self.random.random() < 0.5:
            step = 'op.execute("ALTER TABLE {t} RENAME COLUMN {a} TO {b}")'
        return Operation(
            table, step.format(t=table, a=old, b=new), step.format(t=table, a=new, b=old)
        )

    def move(self, world: World, table: str) -> Operation:
        new = self.name("t")
        for one in (world.columns, world.indexes):
            one[new] = one.pop(table)  # type: ignore[attr-defined]
        world.first[new] = world.first[table]
        step = 'op.rename_table("{a}", "{b}")'
        return Operation(
            table, step.format(a=table, b=new), step.format(a=new, b=table), (table, new)
        )

    def refer(self, world: World, table: str) -> Operation:
        name = self.name("t")
        world.columns[name], world.indexes[name], world.first[name] = [], [], name
        return Operation(
            name,
            f'op.create_table("{name}", sa.Column("id", sa.Integer(), primary_key=True), '
            f'sa.Column("r", sa.Integer(), sa.ForeignKey("{table}.id", name="fk_{name}")))',
            f'op.drop_table("{name}")',
        )

    def seed(self, world: World, table: str) -> Operation | None:
        if "a" not in world.columns[table]:
            return None
        return Operation(
            table,
            f'op.execute("INSERT INTO {table} (a) VALUES (7)")',
            f'op.execute("DELETE FROM {table} WHERE a = 7")',
        )


@dataclass
class Node:
    revision: str
    parents: tuple[str, ...]
    operations: list[Operation]


def write(author: Author) -> list[Node]:
    """Draw a graph: a chain, or a trunk that forks, and mostly is merged again."""
    nodes: list[Node] = []
    world = World()

    def add(parents: tuple[str, ...], own: list[str] | None = None) -> str:
        number = author.random.choice((1, 1, 2, 3))
        operations = []
        for _ in range(number):
            operations.append(author.operation(world, list(world.columns) if own is None else own))
            if own is not None:  # a table that was renamed stays on its side
                own += [one for one in world.columns if world.first[one] in own]
        nodes.append(Node(f"r{len(nodes) + 1:02}", parents, operations))
        return nodes[-1].revision

    last: tuple[str, ...] = ()
    for _ in range(author.random.randint(2, 4)):
        last = (add(last),)
    if author.random.random() < 0.6:
        sides = []
        tables = list(world.columns)
        author.random.shuffle(tables)
        both = tables.pop() if len(tables) > 2 else None  # changed on both sides
        for half in (tables[::2], tables[1::2]):
            side = last
            for _ in range(author.random.randint(1, 2)):
                side = (add(side, [*half, *(world.first[one] for one in half)]),)
                if both is not None and author.random.random() < 0.5:
                    column = author.column(world, both)
                    column.table = world.first[both]
                    nodes[-1].operations.append(column)
            sides.append(side[0])
        if author.random.random() < 0.2:
            return nodes  # an open fork
        nodes.append(Node(f"r{len(nodes) + 1:02}", tuple(sides), []))
        last = (nodes[-1].revision,)
    for _ in range(author.random.randint(0, 3)):
        last = (add(last),)
    return nodes


def project(shop: Shop, nodes: list[Node]) -> Shop:
    for node in nodes:
        shop.add(
            node.revision,
            "\n".join(one.up for one in node.operations),
            "\n".join(one.down for one in reversed(node.operations)),
            parents=node.parents,
        )
    return shop


def without(nodes: list[Node], revisions: set[str], table: str | None) -> list[Node]:
    """Return the graph as it would be had these never touched the table (any: None)."""
    kept, renamed = [], {}
    for node in nodes:
        left = []
        for one in node.operations:
            if node.revision in revisions and table in (None, one.table):
                if one.renames:
                    renamed[one.renames[1]] = one.renames[0]
            else:
                left.append(
                    Operation(one.table, _named(one.up, renamed), _named(one.down, renamed))
                )
        kept.append(Node(node.revision, node.parents, left))
    return kept


def _named(code: str, renamed: dict[str, str]) -> str:
    for new, old in reversed(renamed.items()):
        code = re.sub(rf"\b{new}\b", old, code)
    return code


def contents(shop: Shop) -> dict[str, list[object]]:
    return {
        table: [row[:1] for row in shop.rows(table)]
        for table, found in shop.tables().items()
        if "id" in found.columns
    }


def play(folder: Path, seed: int, kind: str = "sqlite", *, scratch: bool = True) -> str:
    """Play one story; servers get a `scratch` database, as SQLite has one in memory."""
    for name in ("replay", "scratch"):
        (folder / name).mkdir(parents=True)
    with ExitStack() as stack:
        places = (folder, folder / "replay", folder / "scratch")
        urls = [stack.enter_context(fresh_database(kind, place)) for place in places]
        story = f"seed {seed} on {kind}"
        return _play(folder, Author(seed, kind), urls if scratch else urls[:2], story)


def _play(folder: Path, author: Author, urls: list[str], story: str) -> str:
    nodes = write(author)
    shop = Shop.at(folder / "real", urls[0])
    if author.kind != "sqlite" and len(urls) > 2:
        shop.write("pyproject.toml", f'[tool.lback]\nscratch_url = "{urls[2]}"\n')
    project(shop, nodes)
    shop.commit("Add migrations")
    if author.random.random() < 0.5:
        shop.publish(folder / "shop.git")
    shop.migrate("heads")
    before, rows, files = shop.tables(), contents(shop), shop.files()
    table: str | None = None
    wish: dict[str, object] = {}
    if author.random.random() < 0.8:
        table = author.random.choice(sorted({o.table for n in nodes for o in n.operations}))
    elif author.random.random() < 0.5:
        wish = {"revision": author.random.choice(nodes).revision}
    else:
        wish = {"steps": author.random.choice((1, 2))}
    story += f", {table or wish}"
    try:
        result = shop.roll(table, yes=True, **wish)
        refused, message, data = result.exit_code == 3, result.message, result.data
        if "It is done all the same" in result.hint:
            assert author.kind == "mariadb", story
            return "told afterwards"
    except LbackError as err:
        refused, message, data = True, err.message, {}
    story += f": {message}"
    if refused:
        assert shop.tables() == before, story
        assert contents(shop) == rows, story
        assert shop.files() == files, story
        return "refused"
    gone = {*data["undoes"], *(one["revision"] for one in data["collateral"])}
    left = without(nodes, gone, None if data["strategy"] == "downgrade" else table)
    replay = project(Shop.at(folder / "replay" / "shop", urls[1], git=False), left)
    replay.migrate("heads")
    expected = replay.tables()
    assert shop.tables() == expected, f"{story} {data['strategy']} {data['undoes']}"
    now, changed = (
        contents(shop),
        {o.table for n in nodes if n.revision in gone for o in n.operations},
    )
    for one, values in rows.items():
        if one in now and (one != table if table else one not in changed):
            assert now[one] == values, story
    shop.migrate("heads")
    assert (shop.tables() == before) == (data["strategy"] == "downgrade") or before == expected, (
        story
    )
    return str(data["strategy"])


@pytest.mark.parametrize("seed", range(SHORT))
def test_right_or_refused(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "sqlite"])
def test_right_or_refused_on_servers(tmp_path: Path, kind: str) -> None:
    play(tmp_path, 100, kind)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_right_or_refused_without_a_scratch_database(tmp_path: Path, kind: str) -> None:
    """A downgrade() that does not lead back is seen in the transaction, or said afterwards."""
    seen: dict[str, int] = {}
    wrong = []
    for seed in range(1000, 1000 + SOAK):
        try:
            done = play(tmp_path / str(seed), seed, kind, scratch=False)
        except AssertionError as err:
            wrong.append(str(err).partition("\n")[0])
            continue
        seen[done] = seen.get(done, 0) + 1
    print(seen)
    assert not wrong, wrong


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_right_or_refused_for_long(tmp_path: Path, kind: str) -> None:
    seen: dict[str, int] = {}
    wrong = []
    for seed in range(1000, 1000 + SOAK):
        try:
            done = play(tmp_path / str(seed), seed, kind)
        except AssertionError as err:
            wrong.append(str(err).partition("\n")[0])
            continue
        seen[done] = seen.get(done, 0) + 1
    print(seen)
    assert not wrong, wrong
    assert seen.keys() == {"downgrade", "revert", "refused"}, seen
    assert seen["revert"] > seen["refused"] / 4, seen
