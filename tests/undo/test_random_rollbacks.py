"""Random graphs of random operations, a random rollback: right, or refused and nothing moved.

The oracle is a replay: the same operations without those of the undone revision that are
about the table, on an empty database.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lback.db.scratch import Tables
from lback.errors import LbackError
from tests.undo.team import Shop

SHORT, SOAK = 12, 300


@dataclass
class Operation:
    table: str
    up: str
    down: str


@dataclass
class World:
    """What the tables have by now, along one way through the graph."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=dict)

    def copy(self) -> World:
        return World(
            {table: list(names) for table, names in self.columns.items()},
            {table: list(names) for table, names in self.indexes.items()},
        )


class Author:
    """Writes migrations at random, as people do."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def operation(self, world: World, own: list[str]) -> Operation:
        tables = [one for one in world.columns if one in own]
        kinds = ["column", "column", "index", "drop", "alter", "rename", "refer", "seed"]
        kind = self.random.choice(kinds) if tables else "table"
        if self.random.random() < 0.15:
            kind = "table"
        if kind == "table":
            return self.table(world)
        table = self.random.choice(tables)
        made = getattr(self, kind)(world, table)
        return made if made is not None else self.column(world, table)

    def table(self, world: World) -> Operation:
        table = self.name("t")
        world.columns[table], world.indexes[table] = ["a"], []
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
        return Operation(
            table, step.format(t=table, a=old, b=new), step.format(t=table, a=new, b=old)
        )

    def refer(self, world: World, table: str) -> Operation:
        name = self.name("t")
        world.columns[name], world.indexes[name] = [], []
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
    """Draw a graph: a trunk that forks once and is merged again, or a chain."""
    nodes: list[Node] = []
    world = World()

    def add(parents: tuple[str, ...], world: World, own: list[str] | None = None) -> str:
        number = author.random.choice((1, 1, 2, 3))
        operations = [
            author.operation(world, own if own is not None else list(world.columns))
            for _ in range(number)
        ]
        nodes.append(Node(f"r{len(nodes) + 1:02}", parents, operations))
        return nodes[-1].revision

    last: tuple[str, ...] = ()
    for _ in range(author.random.randint(2, 4)):
        last = (add(last, world),)
    if author.random.random() < 0.6:
        sides = []
        tables = list(world.columns)
        author.random.shuffle(tables)
        for half in (tables[::2], tables[1::2]):
            side = last
            for _ in range(author.random.randint(1, 2)):
                side = (add(side, world, half),)
            sides.append(side[0])
        nodes.append(Node(f"r{len(nodes) + 1:02}", tuple(sides), []))
        last = (nodes[-1].revision,)
    for _ in range(author.random.randint(0, 3)):
        last = (add(last, world),)
    return nodes


def project(folder: Path, nodes: list[Node], without: tuple[set[str], set[str]] | None) -> Shop:
    """Write the graph; `without` leaves out what some revisions do to some tables."""
    shop = Shop.at(folder, f"sqlite:///{folder}.sqlite3", git=without is None)
    for node in nodes:
        wanted = [
            one
            for one in node.operations
            if without is None or node.revision not in without[0] or one.table not in without[1]
        ]
        shop.add(
            node.revision,
            "\n".join(one.up for one in wanted),
            "\n".join(one.down for one in reversed(wanted)),
            parents=node.parents,
        )
    return shop


def contents(shop: Shop) -> dict[str, list[object]]:
    return {
        table: [row[:1] for row in shop.rows(table)]
        for table, found in shop.tables().items()
        if "id" in found["columns"]
    }


def play(folder: Path, seed: int) -> str:
    author = Author(seed)
    nodes = write(author)
    shop = project(folder / "real", nodes, None)
    shop.commit("Add migrations")
    if author.random.random() < 0.5:
        shop.publish(folder / "shop.git")
    shop.migrate()
    before, rows, files = shop.tables(), contents(shop), shop.files()
    table = author.random.choice(sorted({one.table for node in nodes for one in node.operations}))
    try:
        result = shop.roll(table, yes=True)
        refused, message, data = result.exit_code == 3, result.message, result.data
    except LbackError as err:
        refused, message, data = True, err.message, {}
    story = f"seed {seed}, {table}: {message}"
    if refused:
        assert shop.tables() == before, story
        assert contents(shop) == rows, story
        assert shop.files() == files, story
        return "refused"
    expected = replay(folder, nodes, set(data["undoes"]), {table})
    assert shop.tables() == expected, f"{story} {data['strategy']} {data['undoes']}"
    for other, values in rows.items():
        if other != table:
            assert contents(shop)[other] == values, story
    shop.migrate()
    return str(data["strategy"])


def replay(folder: Path, nodes: list[Node], undone: set[str], tables: set[str]) -> Tables:
    other = project(folder / "replay", nodes, (undone, tables))
    other.migrate()
    return other.tables()


@pytest.mark.parametrize("seed", range(SHORT))
def test_right_or_refused(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


@pytest.mark.soak
def test_right_or_refused_for_long(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    for seed in range(1000, 1000 + SOAK):
        kind = play(tmp_path / str(seed), seed)
        seen[kind] = seen.get(kind, 0) + 1
    assert seen.keys() == {"downgrade", "revert", "refused"}, seen
    assert seen["revert"] > seen["refused"] / 4, seen
    print(seen)
