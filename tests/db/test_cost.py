"""What a step costs does not grow with the number of steps."""

from __future__ import annotations

from typing import NoReturn

import pytest
import sqlalchemy as sa

from lback.core.graph.graph import Graph
from lback.core.graph.ordering import run_order
from lback.core.graph.revision import Header, Revision
from lback.core.plans import Step, Upgrade
from lback.core.record.steps import GitFacts
from lback.db.keeping.keeper import Keeper
from tests.db.projects import MakeProject


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
