"""`check --models`: what is tried begins with the template of what lies below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.graph.view import GraphView
from lback.db.templates.building import Template
from lback.db.trials import Tried, try_out
from lback.project.copies import trying
from lback.project.copies.trying import tried_out
from tests.templates.conftest import MakeShop, Shop, tables
from tests.worlds.texts import SYNC_ENV

ENV = SYNC_ENV.replace(
    "target_metadata = None", "import sqlalchemy\n    target_metadata = sqlalchemy.MetaData()"
)
A1 = "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))"
B2 = "op.add_column('users', sa.Column('nick', sa.String(9)))"
NOTED = (
    "import time, pathlib; pathlib.Path({path!r}).joinpath(str(time.time_ns()) + ' {name}').touch()"
)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Template]:
    """Return the templates that were asked for, to drop them from servers."""
    made: list[Template] = []
    ask = trying.template_at

    def template_at(*given: object) -> Template:
        made.append(ask(*given))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(trying, "template_at", template_at)
    return made


def tried(shop: Shop, *chosen: str) -> Tried:
    ctx = shop.ctx()
    graph: GraphView = ctx.revisions.graph()
    return tried_out(ctx, graph, frozenset(chosen))


def test_what_lies_below_runs_once_and_never_on_the_own_database(
    make_shop: MakeShop, any_url: str, tmp_path: Path, kept: list[Template]
) -> None:
    shop, path = make_shop(any_url, ENV), tmp_path / "ran"
    path.mkdir()
    shop.add("a1", None, f"{A1}; {NOTED.format(path=str(path), name='a1')}")
    down = "op.drop_column('users', 'nick')"
    shop.add("b2", "a1", f"{B2}; {NOTED.format(path=str(path), name='b2')}", down)
    first, second = tried(shop, "b2"), tried(shop, "b2")
    shop.made += [(made.beside, made.name) for made in kept]
    ran = [one.name.split()[1] for one in sorted(path.iterdir())]
    assert ran == ["a1", "b2", "b2", "b2", "b2"]
    assert first == second and [trial.revision for trial in first.trials] == ["b2"]
    assert not first.trials[0].failed and tables(any_url) == []
    if any_url.startswith("sqlite"):
        assert first == try_out(shop.database(), ("a1", "b2"), ("b2",), None)


def test_what_does_not_run_below_is_told_by_the_trial(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.add("a1", None, "op.execute('SELECT nonsense')")
    shop.add("b2", "a1", A1)
    (broken,) = tried(shop, "b2").trials
    assert (broken.revision, broken.failed) == ("a1", "upgrade")
