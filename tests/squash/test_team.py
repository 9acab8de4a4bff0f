"""One squashes and pushes; others have a branch on what is gone, and databases inside."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from lback.app.check import CheckOptions, check
from lback.app.migrate import MigrateOptions, migrate
from lback.app.rebase import rebase
from lback.app.squash import SquashOptions, squash
from lback.app.status import status
from lback.db.squashing.exact import read_built
from lback.errors import LbackError
from lback.project.rebasing import RebaseOptions
from tests.squash.test_databases import commit, old, rows
from tests.templates.conftest import MakeShop, Shop


@pytest.fixture
def team(make_shop: MakeShop, sqlite_url: str) -> Shop:
    """Stand on a branch with two revisions of one's own; main is squashed since, and pushed."""
    shop = old(make_shop, sqlite_url)
    shop.git("init", "-q", "--bare", "-b", "main", str(shop.root / "origin.git"))
    shop.write(".gitignore", "origin.git\n")
    commit(shop, "Cleo")
    shop.git("remote", "add", "origin", str(shop.root / "origin.git"))
    shop.git("push", "-q", "-u", "origin", "main")
    shop.git("checkout", "-qb", "mine")
    shop.add(
        "n1",
        "b2",
        "op.add_column('users', sa.Column('nick', sa.String(9)))",
        "op.drop_column('users', 'nick')",
    )
    shop.add("n2", "e5")
    commit(shop, "Fay")
    shop.git("checkout", "-q", "main")
    squash(shop.ctx(), SquashOptions("d4", data=("drop",)))
    commit(shop, "Dan")
    shop.git("push", "-q")
    shop.git("checkout", "-q", "mine")
    return shop


def codes(shop: Shop, **options: object) -> set[str]:
    result = check(shop.ctx(), CheckOptions(**options))  # type: ignore[arg-type]
    return {one.code for one in result.findings}


def test_what_check_says_of_the_squash_and_of_the_branch(team: Shop) -> None:
    assert "LB103" in codes(team, against=("origin/main",))
    team.git("checkout", "-q", "--detach", "origin/main")
    # What it was before, and what it is now.
    team.git("branch", "-qf", "before", "origin/main~1")
    assert "LB206" in codes(team, against=("before",))
    assert not codes(team, against=("before",)) & {"LB201", "LB202", "LB203", "LB204"}


@pytest.mark.parametrize("at", ["n1", "b2", "heads"])
def test_everybody_ends_at_one_head_and_keeps_the_rows(team: Shop, at: str) -> None:
    migrate(team.ctx(), MigrateOptions(at))
    rows(team, "INSERT INTO users (id) VALUES (7)")
    team.git("merge", "-q", "--no-edit", "origin/main")
    with pytest.raises(LbackError, match="which was squashed into d4"):
        migrate(team.ctx(), MigrateOptions())
    done = rebase(team.ctx(), RebaseOptions(yes=True))
    assert done.action == "rebase", done
    graph = team.ctx().revisions.graph()
    assert not graph.problems
    assert len(graph.heads) == 1
    assert {"d4", "e5", "n1", "n2"} == graph.ids
    migrate(team.ctx(), MigrateOptions())
    told = status(team.ctx())
    assert told.database is not None
    assert told.database.state == "current"
    assert rows(team, "SELECT id, name, nick FROM users") == [(7, "c", None)] or at == "heads"
    assert rows(team, "SELECT count(*) FROM users") == [(1,)]
    assert _schema(team.url) == _schema(_built(team))


def _built(team: Shop) -> str:
    url = team.copy(team.template("heads"))
    return url.render_as_string(hide_password=False)


def _schema(url: str) -> dict[str, set[str]]:
    """Return the columns by table: what was added in another order stands in another order."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = read_built(connection).schema.tables
    return {
        name: {f"{key} {column}" for key, column in table.columns.items()}
        for name, table in tables.items()
    }
