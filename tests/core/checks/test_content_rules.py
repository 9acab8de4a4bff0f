"""What new revisions do, and what running them showed: LB305, LB307, LB401 to LB405, LB501 on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lback.core.checks.content import Content, LockedTables, content_findings
from lback.core.checks.files import FileFacts, declared_twice, file_findings, without_migration
from lback.core.checks.findings import Finding, finding
from lback.core.checks.report import LeftOutCounts
from lback.core.checks.silencing import LeftOut
from lback.core.checks.team import line_findings
from lback.core.checks.trials import (
    Loss,
    Trial,
    cannot_run,
    model_findings,
    not_tried,
    nothing_to_run,
    trial_findings,
)
from lback.core.effects import Effects, Unknown
from lback.core.graph.revision import Header, Revision
from lback.core.interpreter.reading import read_effects
from lback.core.merging.contradictions import contradictions
from lback.core.models_text import Models, Twice
from tests.approved import approved
from tests.core.checks.findings import codes, page, shown
from tests.core.graphs import graph
from tests.core.rollback.drafting import text

HERE = Path(__file__).parent
PG = LockedTables(everywhere=True)
NOWHERE = LockedTables()
NOTHING = Effects()


def told(
    upgrade: str,
    downgrade: str | None = "op.execute('SELECT 1')",
    locks: LockedTables = NOWHERE,
    top: str = "",
) -> list[Finding]:
    source = text(upgrade, downgrade, top)
    node = Revision(Header("a1", line=4), "versions/a1.py", "blob")
    return list(content_findings(Content(node, read_effects(source), lambda: source), locks))


UPGRADES = {
    "a new table": "op.create_table('x', sa.Column('a', sa.Integer(), nullable=False))",
    "a new table that loses a column": "op.create_table('x')\nop.drop_column('x', 'a')\n"
    "op.execute('DELETE FROM x')\nop.create_index('i', 'x', ['a'])",
    "a column goes": "op.drop_column('t', 'a')",
    "a table goes with its columns and rows": "op.drop_column('t', 'a')\n"
    "op.execute('DELETE FROM t')\nop.drop_table('t')",
    "a schema goes": "op.execute('DROP SCHEMA s')",
    "an index and a view go": "op.drop_index('i', 't')\nop.execute('DROP VIEW v')",
    "rows go, and rows come": "op.execute('DELETE FROM t')\n"
    "op.execute('INSERT INTO t (a) VALUES (1)')",
    "perhaps": "if sa.inspect(op.get_bind()).has_table('t'):\n    op.drop_table('t')\n"
    "    op.add_column('u', sa.Column('a', sa.Integer(), nullable=False))\n"
    "    op.alter_column('w', 'a', nullable=False)\n    op.create_index('i', 'u', ['a'])",
    "a required column": "op.add_column('t', sa.Column('a', sa.Integer, nullable=False))",
    "one with a default": "op.add_column('t', sa.Column('a', sa.Integer, nullable=False, "
    "server_default='1'))",
    "no NULL any more": "op.alter_column('t', 'a', nullable=False)",
    "filled before": "op.execute('UPDATE t SET a = 1')\nop.alter_column('t', 'a', nullable=False)",
    "another one filled": "op.execute('UPDATE u SET a = 1')\n"
    "op.alter_column('t', 'a', nullable=False)",
    "an index": "op.create_index('i', 't', ['a'])",
    "concurrently": "op.create_index(\n    'i',\n    't', ['a'],\n"
    "    postgresql_CONCURRENTLY=True,\n)",
    "concurrently, the other one": "op.create_index('i', 't', ['a'])\n"
    "op.create_index('j', 't', ['a'], postgresql_concurrently=True)",
    "an index goes": "op.drop_index('i', 't')",
    "an index gets another name": "op.execute('ALTER INDEX i RENAME TO j')",
    "a unique key": "op.create_unique_constraint('q', 't', ['a'])",
    "a primary key": "op.create_primary_key('p', 't', ['a'])",
    "a key by an index": "op.execute('ALTER TABLE t ADD CONSTRAINT q UNIQUE USING INDEX i')",
    "a foreign key": "op.create_foreign_key('f', 't', 'u', ['a'], ['b'])",
    "a check": "op.create_check_constraint('c', 't', 'a > 1')",
    "one that is not valid": "op.create_foreign_key('f', 't', 'u', ['a'], ['b'], "
    "postgresql_not_valid=True)\nop.execute('ALTER TABLE t ADD CHECK (a > 1) NOT VALID')",
    "a constraint goes": "op.drop_constraint('c', 't', type_='check')",
    "another type": "op.alter_column('t', 'a', type_=sa.Text())",
    "another default": "op.alter_column('t', 'a', server_default='1')",
    "on MySQL only": "if op.get_bind().dialect.name == 'mysql':\n"
    "    op.create_index('i', 't', ['a'])",
    "not on PostgreSQL": "if op.get_bind().dialect.name != 'postgresql':\n"
    "    op.create_index('i', 't', ['a'])",
    "not on MySQL": "if op.get_bind().dialect.name != 'mysql':\n"
    "    op.create_index('i', 't', ['a'])",
    "on two of them": "if op.get_bind().dialect.name in ('mysql', 'postgresql'):\n"
    "    op.create_index('i', 't', ['a'])",
    "unread": "anything(op)\nop.create_table('t', *anything)\nop.create_table('t', *anything)",
}


def test_what_is_said_of_each_change() -> None:
    top = "from elsewhere import anything"
    found = {name: told(code, locks=PG, top=top) for name, code in UPGRADES.items()}
    for gap in (None, "pass", "raise ValueError"):
        found[f"a way down that is {gap}"] = told("op.drop_index('i')", gap)
    approved(HERE / "told_of_content.txt", page(found))


def test_a_computed_column_that_is_made_again_deletes_nothing() -> None:
    """SQLite's batches drop it while the table is copied; the way back says what it was."""
    computed = "op.add_column('t', sa.Column('a', sa.Integer(), sa.Computed('b * 2')))"
    plain = "op.add_column('t', sa.Column('a', sa.Integer()))"
    again = f"op.drop_column('t', 'a')\n{computed}"
    assert codes(told(again, again)) == []
    assert codes(told(again, f"op.drop_column('t', 'a')\n{plain}")) == ["LB402"]


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        ("op.drop_index('i')", None, ["LB401"]),
        ("op.drop_index('i')", "pass", ["LB401"]),
        ("op.drop_index('i')", "raise NotImplementedError", ["LB401"]),
        ("op.drop_index('i')", "print('no'); raise NotImplementedError", ["LB401"]),
        ("op.drop_index('i')", "import sys; sys.exit('there is no way down')", ["LB401"]),
        ("op.drop_index('i')", "exit(1)", ["LB401"]),
        ("op.create_table('h'); op.drop_table('h')", "pass", []),
        ("op.create_table('h'); op.drop_table('h'); op.drop_index('i')", "pass", ["LB401"]),
        ("op.create_table('h'); op.rename_table('h', 'k')", "pass", ["LB401"]),
        ("op.drop_index('i')", "op.create_index('i', 't', ['a'])", []),
        ("pass", "pass", []),
        ("import elsewhere\nelsewhere.x(op)", "pass", ["LB401", "LB405"]),
    ],
)
def test_ways_down(upgrade: str, downgrade: str | None, expected: list[str]) -> None:
    assert codes(told(upgrade, downgrade)) == expected


@pytest.mark.parametrize(
    ("locks", "expected"),
    [
        (LockedTables(), []),
        (LockedTables(True), ["i", "j", "k"]),
        (LockedTables(True, ("t",)), ["i", "j"]),
        (LockedTables(False, ("s.t", "u")), ["j", "k"]),
        (LockedTables(False, ("x",)), []),
    ],
)
def test_locks_matter_where_tables_are_big(locks: LockedTables, expected: list[str]) -> None:
    upgrade = (
        "op.create_index('i', 't', ['a'])\nop.create_index('j', 't', ['a'], schema='s')\n"
        "op.create_index('k', 'u', ['a'])"
    )
    found = told(upgrade, locks=locks)
    assert [one.message.split()[2] for one in found] == expected
    assert not LockedTables(False, ("x",)).matter(None)


def test_a_text_that_is_no_python_is_taken_by_its_lines() -> None:
    effects = read_effects(text("op.create_index('i', 't', ['a'])", "op.drop_index('i')"))
    node = Revision(Header("a1", line=4), "a1.py", "blob")
    broken = b"(\n" * 9 + b"CONCURRENTLY\n"
    assert list(content_findings(Content(node, effects, lambda: broken), PG)) == []
    near = b"(\n" * 8 + b"CONCURRENTLY\n"
    assert codes(content_findings(Content(node, effects, lambda: near), PG)) == ["LB404"]


def test_a_text_that_is_nested_too_deep_is_taken_by_its_lines() -> None:
    effects = read_effects(text("op.create_index('i', 't', ['a'])", "op.drop_index('i')"))
    node = Revision(Header("a1", line=4), "a1.py", "blob")
    for deep in ("not " * 100_000 + "a", "+".join("1" * 20_000)):
        source = f"a = {deep}".encode()
        assert codes(content_findings(Content(node, effects, lambda s=source: s), PG)) == ["LB404"]


# -- one line of revisions -------------------------------------------------------------


def test_what_contradicts_the_revision_below_it() -> None:
    line = graph("a; b<a; c<b")
    effects = {
        "a": read_effects(text("op.create_table('t', sa.Column('x', sa.Integer()))")),
        "b": read_effects(text("op.drop_table('t')")),
        "c": read_effects(text("op.add_column('t', sa.Column('y', sa.Integer()))")),
    }
    found = list(line_findings(contradictions(line, effects, {"c"}), line))
    approved(HERE / "told_of_lines.txt", page({"a table that is gone": found}))
    blind = [
        one._replace(effect=one.effect._replace(line=0, table=None))
        for one in contradictions(line, effects, {"c"})
    ]
    assert shown(line_findings(blind, line)).splitlines()[0] == "LB307 error versions/c.py:3 [c, b]"


# -- the files themselves --------------------------------------------------------------


def told_of_files() -> dict[str, list[Finding]]:
    facts = FileFacts(
        closed_links=("v/link.py",),
        unmerged=("v/both.py",),
        untracked=("v/new file.py",),
        ignored={"v/a.py": ".gitignore:1:*.py", "v/b.py": ""},
        unstaged=("v/old.py",),
    )
    inner = FileFacts(
        untracked=("sub/v/new file.py",),
        ignored={"sub/v/a.py": ".gitignore:1:*.py", "sub/v/b.py": ""},
        unstaged=("sub/v/old.py",),
        modules=dict.fromkeys(
            ("sub/v/new file.py", "sub/v/a.py", "sub/v/b.py", "sub/v/old.py"), "sub"
        ),
    )
    models = Models({}, {"t": 4, "u": 9}, (Twice("User", "name", 3, 7),))
    return {
        "files": list(file_findings(facts)),
        "files of a submodule": list(file_findings(inner)),
        "once merged": list(declared_twice({"models.py": models}, "main")),
        "models": [
            *declared_twice({"models.py": models, "other.py": Models({}, {}, ())}),
            without_migration("models.py", models, ["u"]),
            without_migration("models.py", models, ["t", "u"]),
            without_migration("models.py", models, ["w"]),
        ],
    }


def test_what_is_said_of_files() -> None:
    approved(HERE / "told_of_files.txt", page(told_of_files()))
    assert list(file_findings(FileFacts())) == []


def test_what_is_left_out_is_counted_by_whose_word_it_was() -> None:
    one = finding("LB401", "x")
    words: tuple[Any, ...] = ("settings", "comments", "comments", "command line", "baseline")
    counted = LeftOutCounts.of(LeftOut(one, by) for by in words)
    assert counted == LeftOutCounts(1, 1, 2, 1)
    assert LeftOutCounts.of([]) == LeftOutCounts(0, 0, 0, 0)


# -- what running them showed ------------------------------------------------------------

LINE = graph("a; b<a")
STEPS = ("upgrade", "upgrade with rows", "downgrade", "again")


def tried(trial: Trial, effects: Effects | None = NOTHING, known: Any = ()) -> list[Finding]:
    return list(trial_findings(trial, LINE, lambda _: effects, frozenset(known)))


def told_of_trials() -> Iterator[tuple[str, list[Finding]]]:
    for step in STEPS:
        yield step, tried(Trial("b", step, "no such table: t", "OperationalError", 7))
        yield f"{step}, at no line", tried(Trial("b", step, "why"))
    yield "no way down", tried(Trial("b", "downgrade", "", "NotImplementedError"))
    yield "no way down, said so", tried(Trial("b", "downgrade", "too late", "NotImplementedError"))
    yield "the way up raises it", tried(Trial("b", "upgrade", "x", "NotImplementedError"))
    yield "not back", tried(Trial("b", back="table t is left", again="index i is gone"))
    yield (
        "losses",
        tried(
            Trial(
                "b",
                losses=tuple(
                    Loss(when, "t", column, 3)
                    for when in ("upgrade", "downgrade", "again")
                    for column in (None, "c")
                ),
            )
        ),
    )
    yield (
        "a loss of which nothing was read",
        tried(Trial("b", losses=(Loss("upgrade", "t", None, 1),)), None),
    )
    yield "not tried", [not_tried("no database"), not_tried("no database", "set one up")]
    yield "nothing to run", [nothing_to_run(), cannot_run("there are two heads")]
    yield "models", list(model_findings(("add column t.c", "drop table u")))


def test_what_is_said_of_trials() -> None:
    approved(HERE / "told_of_trials.txt", page(dict(told_of_trials())))


@pytest.mark.parametrize("step", STEPS)
def test_what_has_no_way_down_is_not_said_twice(step: str) -> None:
    found = tried(Trial("b", step, "why", back="x", again="y"), known={"b"})
    assert codes(found) == ([] if step in ("downgrade", "again") else ["LB501"])
    assert len(tried(Trial("b", step, "why"), known={"a"})) == 1


@pytest.mark.parametrize(
    ("upgrade", "column", "expected"),
    [
        ("op.drop_table('t')", None, []),
        ("op.drop_table('t')", "c", []),
        ("op.drop_table('u')", None, ["error"]),
        ("op.rename_table('t', 'u')", None, ["error"]),
        ("op.drop_column('t', 'c')", "c", []),
        ("op.drop_column('t', 'd')", "c", ["error"]),
        ("op.drop_column('t', 'c')", None, ["error"]),
        ("op.alter_column('t', 'c', type_=sa.Text())", "c", []),
        ("op.add_column('t', sa.Column('c', sa.Text()))", "c", ["error"]),
        ("op.execute('DELETE FROM t')", None, []),
        ("op.execute('DELETE FROM t')", "c", []),
        ("op.execute('UPDATE t SET c = 1')", "c", []),
        ("op.execute('UPDATE t SET d = 1')", "c", ["error"]),
        ("op.execute('UPDATE t SET d = 1')", None, ["error"]),
        ("op.execute('INSERT INTO t (c) VALUES (1)')", "c", ["error"]),
        ("op.drop_index('i', 't')", "c", ["error"]),
        ("op.create_table('t', *anything())", "c", ["warning"]),
        ("anything(op)", "c", ["warning"]),
    ],
)
def test_a_loss_that_is_meant_is_none(
    upgrade: str, column: str | None, expected: list[str]
) -> None:
    effects = read_effects(text(upgrade, top="from elsewhere import anything"))
    found = tried(Trial("b", losses=(Loss("upgrade", "t", column, 1),)), effects)
    assert [one.severity for one in found] == expected


@pytest.mark.parametrize(
    ("tables", "severity"), [((), "warning"), (("t",), "warning"), (("u",), "error")]
)
def test_what_is_unread_may_have_meant_it(tables: tuple[str, ...], severity: str) -> None:
    unread = Effects(
        unknown=(Unknown("upgrade", 1, "why", tables), Unknown("upgrade", 2, "x", ("v",)))
    )
    (found,) = tried(Trial("b", losses=(Loss("upgrade", "t", None, 1),)), unread)
    assert found.severity == severity


def test_an_update_of_nobody_knows_what_may_write_anything() -> None:
    effects = read_effects(text("op.execute('UPDATE t SET c = 1')"))
    open_one = effects._replace(upgrade=(effects.upgrade[0]._replace(columns=()),))
    assert tried(Trial("b", losses=(Loss("upgrade", "t", "x", 1),)), open_one) == []
    assert codes(tried(Trial("b", losses=(Loss("upgrade", "t", None, 1),)), open_one)) == ["LB504"]
