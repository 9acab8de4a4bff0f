"""Proofs of merges and rollbacks begin with the template of what lies below them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.app.merge import MergeOptions, MergeResult, merge
from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, RollbackResult, rollback
from lback.db.templates.building import Template
from lback.project.copies import trying
from tests.templates.conftest import MakeShop, Shop, tables

COPY = "a copy of a template"
RAN = "with open({path!r}, 'a') as file:\n    file.write('{name}\\n')"


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Return the file in which revisions write that they have run."""
    path = tmp_path / "ran.txt"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Template]:
    """Return the templates that were asked for."""
    made: list[Template] = []
    ask = trying.template_at

    def template_at(*given: object, **more: object) -> Template:
        made.append(ask(*given, **more))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(trying, "template_at", template_at)
    return made


def history(shop: Shop, number: int, path: Path) -> str:
    """Write one revision after the other; return the last one."""
    parent = None
    for at in range(number):
        name = f"r{at:02}"
        noted = RAN.format(path=str(path), name=name)
        shop.add(
            name,
            parent,
            f"{noted}\nop.create_table('t_{name}', sa.Column('id', sa.Integer))",
            f"op.drop_table('t_{name}')",
        )
        parent = name
    assert parent is not None
    return parent


def fork(shop: Shop, parent: str) -> None:
    shop.add("left", parent, "op.add_column('t_r00', sa.Column('l', sa.Integer))", "pass")
    shop.add("right", parent, "op.add_column('t_r01', sa.Column('r', sa.Integer))", "pass")


def proved(shop: Shop) -> MergeResult:
    return merge(shop.ctx(), MergeOptions(plan=True, prove=True))


def undone(shop: Shop, table: str = "t_r21") -> RollbackResult:
    return rollback(shop.ctx(), RollbackOptions(table, plan=True, strategy="downgrade"))


def test_what_both_sides_have_runs_once_for_all_proofs_of_a_merge(
    make_shop: MakeShop, sqlite_url: str, ran: Path
) -> None:
    shop = make_shop(sqlite_url)
    fork(shop, history(shop, 21, ran))
    for _ in range(2):
        (proof,) = proved(shop).proof
        assert (proof.state, proof.message) == (
            "equal",
            f"both orders come to one schema on {COPY}",
        )
    assert len(ran.read_text().splitlines()) == 21
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()
    shop.add("left", "r20", "op.execute('CREATE VIEW v AS SELECT count(*) c FROM t_r00')", "pass")
    shop.add("right", "r20", "op.execute('nonsense')", "pass")
    (proof,) = merge(shop.ctx(), MergeOptions(plan=True, prove=True, force=True)).proof
    assert proof.state == "failed"
    assert f"on {COPY}, right fails in both orders" in proof.message
    assert len(ran.read_text().splitlines()) == 21


def test_what_lies_below_a_rollback_runs_once(
    make_shop: MakeShop, sqlite_url: str, ran: Path
) -> None:
    shop = make_shop(sqlite_url)
    history(shop, 22, ran)
    migrate(shop.ctx(), MigrateOptions())
    ran.write_text("")
    for _ in range(2):
        proof = undone(shop).proof
        assert proof is not None
        assert (proof.state, proof.message) == ("proved", f"played through on {COPY}")
    assert ran.read_text().splitlines() == [*(f"r{at:02}" for at in range(22)), "r21"]
    assert len(tables(sqlite_url)) >= 22
    left = list((shop.root / ".git/lback/templates").iterdir())
    assert [one.name.startswith("lback_t_") for one in left] == [True]


def test_what_does_not_run_from_nothing_is_proved_as_without_templates(
    make_shop: MakeShop, sqlite_url: str, ran: Path
) -> None:
    shop = make_shop(sqlite_url)
    shop.write("migrations/env.py", "raise RuntimeError('no settings')\n")
    fork(shop, history(shop, 21, ran))
    (proof,) = proved(shop).proof
    assert proof.state == "equal"
    assert "on SQLite in memory (no template: migrations/env.py" in proof.message


def test_a_merge_is_proved_on_the_projects_own_kind(
    make_shop: MakeShop, postgres_url: str, ran: Path, kept: list[Template]
) -> None:
    shop = make_shop(postgres_url)
    fork(shop, history(shop, 2, ran))
    shop.add("left", "r01", "op.execute(\"CREATE TYPE mood AS ENUM ('ok')\")", "pass")
    (proof,) = merge(shop.ctx(), MergeOptions(plan=True, prove=True, force=True)).proof
    shop.made += [(made.beside, made.name) for made in kept]
    assert (proof.state, proof.message) == ("equal", f"both orders come to one schema on {COPY}")
    assert tables(postgres_url) == []


def test_a_rollback_makes_nothing_beside_a_database_without_templates(
    make_shop: MakeShop, postgres_url: str, ran: Path, kept: list[Template]
) -> None:
    shop = make_shop(postgres_url)
    history(shop, 3, ran)
    migrate(shop.ctx(), MigrateOptions())
    proof = undone(shop, "t_r02").proof
    assert proof is not None and proof.state == "unproved" and "scratch_url" in proof.message
    assert not kept
    shop.template()  # of the head, which nothing here is built from
    proof = undone(shop, "t_r02").proof
    shop.made += [(made.beside, made.name) for made in kept]
    assert proof is not None
    assert (proof.state, proof.message) == ("proved", f"played through on {COPY}")
