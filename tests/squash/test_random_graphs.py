"""Random graphs with merges, labels and dependencies: a squash refuses, or is proved."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.app.migrate import MigrateOptions, migrate
from lback.app.squash import SquashOptions, squash
from lback.core.squash.plan import plan_squash
from lback.db.squashing.exact import read_built
from lback.errors import LbackError
from tests.squash.test_databases import commit
from tests.templates.conftest import MakeShop, Shop

ENV = """
    import os
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine(os.environ["RANDOM_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the URL out of the environment in the end."""
    monkeypatch.setenv("RANDOM_URL", "sqlite://")


@pytest.mark.parametrize("seed", range(2))
def test_random_graphs(make_shop: MakeShop, tmp_path: Path, seed: int) -> None:
    play(make_shop, tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_random_graphs(make_shop: MakeShop, tmp_path: Path, seed: int) -> None:
    play(make_shop, tmp_path, seed)


def play(make_shop: MakeShop, tmp_path: Path, seed: int) -> None:
    """Make a project, squash a range of it, and bring databases from everywhere to its heads."""
    chance = random.Random(seed)
    shop = make_shop("by the environment", ENV, name=f"shop{seed}")
    names = grown(shop, chance)
    commit(shop, "Ada")
    wanted = brought(shop, tmp_path / "wanted.db")
    stops = {name: tmp_path / f"{name}.db" for name in chance.sample(names, 3)}
    for name, place in stops.items():
        brought(shop, place, name)
    to, first = chosen(shop, chance)
    answer = () if first is not None else (chance.choice(("keep", "drop")),)
    os.environ["RANDOM_URL"] = f"sqlite:///{tmp_path / 'own.db'}"
    try:
        squash(shop.ctx(), SquashOptions(to, first, data=answer))
    except LbackError:
        assert shop.git("status", "--porcelain") == ""
        return
    commit(shop, "Dan")
    assert not shop.ctx().revisions.graph().problems
    assert brought(shop, tmp_path / "new.db") == wanted
    for name, place in stops.items():
        assert brought(shop, place) == wanted, name


def chosen(shop: Shop, chance: random.Random) -> tuple[str, str | None]:
    """Return a range, most of the time one that is closed."""
    graph = shop.ctx().revisions.graph()
    order = list(graph.order())
    for _ in range(20):
        to = chance.choice(order)
        below = sorted(graph.ancestors([to], dependencies=False) - {to})
        first = chance.choice(below) if below and chance.random() < 0.5 else None
        try:
            plan_squash(graph, to, first)
        except LbackError:
            continue
        return to, first
    return to, first


def grown(shop: Shop, chance: random.Random) -> list[str]:
    """Add revisions that fork, merge, depend on others and have labels; every table is one's own.

    What a revision does commutes with whatever is beside it.
    """
    heads: list[str] = []
    names: list[str] = []
    made: dict[str, list[str]] = {}
    filled: dict[str, set[tuple[str, int]]] = {}
    for number in range(chance.randint(5, 11)):
        name = f"r{number}"
        header: dict[str, object] = {}
        if len(heads) > 1 and chance.random() < 0.4:
            down: object = tuple(chance.sample(heads, 2))
        elif names and chance.random() < 0.9:
            down = chance.choice(heads if chance.random() < 0.7 else names)
        else:
            down = None
        parents = down if isinstance(down, tuple) else (down,) if down else ()
        tables = sorted({table for up in parents for table in made[str(up)]})
        if names and chance.random() < 0.15:
            other = chance.choice(names)
            if other not in parents:
                header["depends_on"] = (other,)
        if chance.random() < 0.2:
            header["branch_labels"] = (f"label{number}",)
        rows = {row for up in parents for row in filled[str(up)]}
        up, back = does(number, tables, rows, chance)
        shop.add(name, down, up, back, **header)  # type: ignore[arg-type]
        try:
            assert not shop.ctx().revisions.graph().problems
        except AssertionError:
            (shop.versions / f"{name}_add.py").unlink()
            continue
        made[name] = [*tables, *([f"t{number}"] if "create_table" in up else [])]
        found = re.search(r"INTO (\w+)", up)
        filled[name] = rows | ({(found[1], number)} if found else set())
        heads = [*(one for one in heads if one not in parents), name]
        names.append(name)
    return names


def does(
    number: int, tables: list[str], rows: set[tuple[str, int]], chance: random.Random
) -> tuple[str, str]:
    """Return what a revision does up and down."""
    kind = chance.choice(("table", "column", "rows", "index", "mend"))
    if not tables or kind == "table":
        columns = "sa.Column('id', sa.Integer, primary_key=True), sa.Column('word', sa.String(9))"
        return f"op.create_table('t{number}', {columns})", f"op.drop_table('t{number}')"
    table = chance.choice(tables)
    if kind == "column":
        column = f"sa.Column('c{number}', sa.Integer, server_default='{number}')"
        return f"op.add_column('{table}', {column})", f"op.drop_column('{table}', 'c{number}')"
    if kind == "index":
        up = f"op.create_index('ix{number}', '{table}', ['word'])"
        return up, f"op.drop_index('ix{number}', '{table}')"
    if kind == "rows":
        insert = f"INSERT INTO {table} (id, word) VALUES ({number}, 'w')"
        return f'op.execute("{insert}")', f'op.execute("DELETE FROM {table} WHERE id = {number}")'
    filled, row = chance.choice(sorted(rows) or [(table, 999)])
    mend = f"UPDATE {filled} SET word = 'x{number}' WHERE id = {row}"
    return f'op.execute("{mend}")', "pass"


def brought(shop: Shop, place: Path, target: str = "heads") -> object:
    """Bring a database to a target, head by head; return its schema and rows, in no order."""
    os.environ["RANDOM_URL"] = f"sqlite:///{place}"
    for head in shop.ctx().revisions.graph().heads if target == "heads" else (target,):
        migrate(shop.ctx(), MigrateOptions(head))
    engine = sa.create_engine(f"sqlite:///{place}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        schema = read_built(connection).schema
        rows = {
            name: sorted(
                str(sorted(row._mapping.items()))
                for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
            )
            for name in schema.tables
        }
    others = {key: text for key, text in schema.others.items() if key[0] != "columns"}
    return schema.tables, others, rows
