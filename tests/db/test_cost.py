"""What a step costs does not grow with the number of steps."""

from __future__ import annotations

from typing import NoReturn

import pytest
import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl, _impls

from lback.core.graph.graph import Graph
from lback.core.graph.ordering import run_order
from lback.core.graph.revision import Header, Revision
from lback.core.plans import Step, Upgrade, plan_upgrade
from lback.core.record.steps import GitFacts
from lback.db.keeping.keeper import Keeper
from tests.db.projects import MakeProject, Project


def test_who_listens_to_a_run_is_set_up_once(
    make_project: MakeProject, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    listen = sa.event.listen

    def counted(target: object, name: str, *rest: object, **options: object) -> None:
        calls.append(name)
        listen(target, name, *rest, **options)

    monkeypatch.setattr(sa.event, "listen", counted)
    project = make_project(url=sqlite_url)
    project.chain("a1", "b2", "c3", "d4", "e5")
    counts = []
    for steps in (["a1"], ["b2", "c3", "d4", "e5"]):
        calls.clear()
        todo: list[Step] = [Upgrade(name) for name in steps]
        project.database(git=GitFacts).run(lambda _now, todo=todo: todo)  # type: ignore[misc]
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_a_keeper_with_nothing_to_put_back_looks_at_no_other_step(
    make_project: MakeProject, sqlite_url: str
) -> None:
    asked: list[str] = []

    class Watched(Upgrade):
        def __getattribute__(self, name: str) -> object:
            if name == "revision":
                asked.append(name)
            return super().__getattribute__(name)

    project = make_project(url=sqlite_url)
    names = [f"r{number}" for number in range(20)]
    project.chain(*names)

    def never(*_: object) -> NoReturn:
        raise AssertionError("nothing goes down")

    keeper = Keeper(never, never, {}, lambda stamp: stamp)
    steps = [Watched(name) for name in names]
    project.database(git=GitFacts).run(lambda _now: steps, keeper=keeper)
    assert len(asked) < 10 * len(names)


def test_the_order_goes_once_through_a_graph_with_merges(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = [Header("r0", (), (), ())]
    for number in range(1, 50):
        base = headers[-1].revision
        left, right = f"l{number}", f"m{number}"
        headers += [Header(left, (base,), (), ()), Header(right, (base,), (), ())]
        headers.append(Header(f"r{number}", (left, right), (), ()))
    graph = Graph([Revision(header, f"{header.revision}.py") for header in headers])
    everything = graph.ancestors(graph.heads)
    monkeypatch.setattr(Graph, "ancestors", lambda *_a, **_kw: pytest.fail("goes all the way down"))
    order = run_order(graph, everything, graph.heads)
    assert set(order) == everything


def stamps(project: Project, url: str) -> list[str]:
    """Return the statements by which a run to the head changes rows of the version table."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE") and "alembic_version" in statement:
            seen.append(statement)

    database = project.database(git=GitFacts)
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        outcome = database.run(lambda stamp: plan_upgrade(database.graph, stamp.revisions))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT version_num FROM alembic_version")).all()
    engine.dispose()
    assert {row[0] for row in rows} == set(outcome.after)
    return seen


def test_every_stamp_is_one_statement_that_is_compiled_once(
    make_project: MakeProject, any_url: str
) -> None:
    project = make_project(url=any_url)
    project.chain("a1", "b2", "c_3", "d.4")
    seen = stamps(project, any_url)
    assert len(seen) == 3 and len(set(seen)) == 1
    assert "a1" not in seen[0]


VERSION_TABLE_OF_ITS_OWN = """
    import sqlalchemy as sa
    from alembic import context
    from alembic.ddl.sqlite import SQLiteImpl
    from sqlalchemy.types import TypeDecorator

    class Odd(TypeDecorator):
        impl = sa.String
        cache_ok = True
        def process_bind_param(self, value, dialect):
            raise ValueError("never asked")

    class Own(SQLiteImpl):
        __dialect__ = "sqlite"
        def version_table_impl(self, **kw):
            table = super().version_table_impl(**kw)
            table.c.version_num.type = Odd()
            return table

    engine = sa.create_engine({url!r}, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


def test_a_version_table_of_another_kind_is_changed_as_alembic_does(
    make_project: MakeProject, sqlite_url: str
) -> None:
    if not hasattr(DefaultImpl, "version_table_impl"):
        pytest.skip("this Alembic makes the version table itself")
    kinds = dict(_impls)
    try:
        project = make_project(VERSION_TABLE_OF_ITS_OWN, url=sqlite_url)
        project.chain("a1", "b2", "c3")
        seen = stamps(project, sqlite_url)
        assert len(set(seen)) == 2 and "'a1'" in seen[0]
    finally:
        _impls.update(kinds)
