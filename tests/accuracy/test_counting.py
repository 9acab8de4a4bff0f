"""The counting of `python -m bench.accuracy`, on a small tree where the right answer is known."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from bench.accuracy.judging import Truth, judge
from bench.accuracy.reading import read
from bench.accuracy.running import Failed, run
from bench.accuracy.sites import Ready, Site
from bench.accuracy.tally import Tally, tally
from bench.timing import environment
from bench.trees import INI
from lback.core.effects import Effect, Effects, Unknown
from lback.core.graph.graph import Graph

SITE = Site("shop", "migrations/versions", ("sqlite",))

# Revision -> parents, upgrade(), downgrade().
SHOP = {
    "a1": (
        (),
        """
        op.create_table(
            "users",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("name", sa.String(20), server_default="nobody"),
        )
        op.create_table("drafts", sa.Column("id", sa.Integer(), primary_key=True))
        """,
        'op.drop_table("drafts")\nop.drop_table("users")',
    ),
    "b2": (
        ("a1",),
        """
        with op.batch_alter_table("users") as batch:
            batch.alter_column("name", new_column_name="title", type_=sa.Text(), nullable=False)
            batch.alter_column("id", existing_type=sa.Integer(), nullable=False)
        if "users" not in sa.inspect(op.get_bind()).get_table_names():
            op.create_table("nobody_has_this", sa.Column("id", sa.Integer()))
        """,
        'raise NotImplementedError("no way back")',
    ),
    "c3": (
        ("a1",),
        """
        op.rename_table("drafts", "notes")
        if "text" not in [c["name"] for c in sa.inspect(op.get_bind()).get_columns("notes")]:
            op.add_column("notes", sa.Column("text", sa.Text()))
        """,
        'op.drop_column("notes", "text")\nop.rename_table("notes", "drafts")',
    ),
    "d4": (("b2", "c3"), "", ""),
    "e5": (
        ("d4",),
        """
        op.execute("CREATE TABLE copy (id INTEGER NOT NULL PRIMARY KEY, text VARCHAR(9))")
        op.execute("DROP TABLE notes")
        op.execute("ALTER TABLE copy RENAME TO notes")
        """,
        "",
    ),
}


@dataclass(frozen=True)
class Shop:
    """What really happened, and what was read."""

    truths: tuple[Truth | Failed, ...]
    graph: Graph
    effects: Mapping[str, Effects]

    def counted(self, **instead: Effects) -> Tally:
        """Count, with other effects in the place of those that were read."""
        return tally(
            "shop", "sqlite", "sqlite", self.graph, {**self.effects, **instead}, self.truths
        )


def verdicts(found: Tally, *classes: str) -> list[str]:
    return [f"{one.place}: {one.what}" for one in found.verdicts if one.is_ in classes]


Revisions = Mapping[str, tuple[tuple[str, ...], str, str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return driven(tmp_path_factory.mktemp("shop"), SHOP)


def driven(folder: Path, revisions: Revisions) -> Shop:
    """Write a tree, and run it as the bench runs others' trees."""
    root, work = folder / "tree", folder / "work"
    versions = root / SITE.folder
    versions.mkdir(parents=True)
    work.mkdir()
    (root / "alembic.ini").write_text(INI.format(parent=SITE.parent, folder=SITE.folder))
    for revision, (parents, up, down) in revisions.items():
        (versions / f"{revision}.py").write_text(text_of(revision, parents, up, down))
    ready = Ready(SITE, root, Path(sys.executable))
    return Shop(tuple(run(ready, "sqlite", work, environment(work))), *read(root))


def text_of(revision: str, parents: tuple[str, ...], up: str, down: str) -> str:
    head = "from alembic import op\nimport sqlalchemy as sa\n\n"
    about = f"revision = {revision!r}\ndown_revision = {parents or None!r}\n"
    bodies = [indent(dedent(body).strip() or "pass", "    ") for body in (up, down)]
    return head + about + "\n\ndef upgrade():\n{}\n\n\ndef downgrade():\n{}\n".format(*bodies)


def of_columns(found: Tally, place: str) -> list[str]:
    told = (one for one in found.verdicts if one.place == place)
    return [one.is_ for one in told if "rows of" not in one.what]


def test_what_is_read_well_is_found(shop: Shop) -> None:
    found = shop.counted()
    assert verdicts(found, "missed", "wrong", "warned") == []
    assert found.good
    assert found.ran == {"upgrade": 5, "downgrade": 4}
    assert [(one.revision, one.direction) for one in found.failed] == [("b2", "downgrade")]
    assert verdicts(found, "found")[:5] == [
        "a1 upgrade: table drafts added",
        "a1 upgrade: drafts.id added",
        "a1 upgrade: table users added",
        "a1 upgrade: users.id added",
        "a1 upgrade: users.name added",
    ]


def test_a_table_that_takes_the_place_of_another_is_compared_by_its_columns(shop: Shop) -> None:
    said = [one for one in verdicts(shop.counted(), "found") if one.startswith("e5 upgrade")]
    assert said == [
        "e5 upgrade: notes.text changed: ['TEXT', True, None] -> ['VARCHAR(9)', True, None]",
        "e5 upgrade: rows of notes (id, text)",
    ]


def test_a_condition_that_held_is_open_and_one_that_did_not_is_spared(shop: Shop) -> None:
    found = shop.counted()
    assert verdicts(found, "open") == ["c3 upgrade: notes.text added"]
    assert verdicts(found, "spared") == ["b2 upgrade: table nobody_has_this unchanged"]


def test_an_alter_that_the_database_got_and_that_shows_nowhere_is_idle(shop: Shop) -> None:
    assert verdicts(shop.counted(), "idle") == ["b2 upgrade: users.id unchanged"]


@pytest.mark.parametrize(
    ("revision", "kind", "object_", "name", "missed"),
    [
        ("a1", "create", "table", "drafts", "a1 upgrade: table drafts added"),
        ("a1", "create", "column", "name", "a1 upgrade: users.name added"),
        ("c3", "create", "column", "text", "c3 upgrade: notes.text added"),
        ("b2", "rename", "column", "name", "b2 upgrade: users.title added"),
    ],
)
def test_a_change_of_which_no_word_is_said_is_missed(
    shop: Shop, revision: str, kind: str, object_: str, name: str, missed: str
) -> None:
    read = shop.effects[revision]
    kept = tuple(
        one for one in read.upgrade if (one.kind, one.object, one.name) != (kind, object_, name)
    )
    assert len(kept) == len(read.upgrade) - 1
    found = shop.counted(**{revision: read._replace(upgrade=kept)})
    assert missed in verdicts(found, "missed")
    assert not found.good


def test_an_alter_has_to_name_what_of_the_column_changes(shop: Shop) -> None:
    read = shop.effects["a1"]
    less = (Effect("alter", "column", "notes", "text", aspects=("nullable",)),)
    found = shop.counted(e5=read._replace(upgrade=less))
    assert [one.partition(": [")[0] for one in verdicts(found, "missed")] == [
        "e5 upgrade: notes.text changed"
    ]


@pytest.mark.parametrize(("table", "class_"), [((), "warned"), (("users",), "missed")])
def test_a_warning_counts_only_for_the_tables_that_it_is_about(
    shop: Shop, table: tuple[str, ...], class_: str
) -> None:
    silent = Effects(unknown=(Unknown("upgrade", 1, "cannot be read", table),))
    found = shop.counted(e5=silent)
    assert of_columns(found, "e5 upgrade") == [class_]
    assert found.unknown == ("e5",)


@pytest.mark.parametrize(
    ("effect", "wrong"),
    [
        (Effect("create", "table", "ghosts", "ghosts"), "table ghosts unchanged"),
        (Effect("drop", "table", "users", "users"), "table users unchanged"),
        (Effect("rename", "table", "users", "users", to="people"), "table people unchanged"),
        (Effect("create", "column", "users", "age"), "users.age unchanged"),
        (Effect("drop", "column", "users", "title"), "users.title unchanged"),
        (Effect("alter", "column", "users", "title", aspects=("type",)), "users.title unchanged"),
    ],
)
def test_a_change_that_never_happened_is_wrongly_claimed(
    shop: Shop, effect: Effect, wrong: str
) -> None:
    found = shop.counted(d4=Effects(upgrade=(effect,)))
    said = [one.partition(": [")[0] for one in verdicts(found, "wrong")]
    assert f"d4 upgrade: {wrong}" in said
    assert not found.good
    doubted = shop.counted(d4=Effects(upgrade=(effect._replace(certain=False),)))
    assert verdicts(doubted, "wrong") == []
    assert len(verdicts(doubted, "spared")) > len(verdicts(shop.counted(), "spared"))


def test_what_happens_on_another_dialect_is_not_claimed_here(shop: Shop) -> None:
    elsewhere = Effect("create", "table", "ghosts", "ghosts", dialect="mysql|postgresql")
    assert shop.counted(d4=Effects(upgrade=(elsewhere,))).good


@pytest.mark.parametrize(("dialect", "class_"), [("mysql", "restated"), ("sqlite", "missed")])
def test_what_mysql_sets_again_is_counted_apart(shop: Shop, dialect: str, class_: str) -> None:
    alter = Effect("alter", "column", "notes", "text", aspects=("comment",), restates=("type",))
    effects = {**shop.effects, "e5": Effects(upgrade=(alter,))}
    found = tally("shop", "sqlite", dialect, shop.graph, effects, shop.truths)
    assert of_columns(found, "e5 upgrade") == [class_]


def test_a_new_primary_key_says_that_its_columns_refuse_null() -> None:
    before, after = ({"t": {"columns": {"c": ["TEXT", on, None]}}} for on in (True, False))
    truth = Truth("a1", "upgrade", before, after)
    key = Effect("create", "constraint", "t", "pk", columns=("c",), aspects=("primary",))
    other = key._replace(aspects=("unique",))
    for effect, class_ in (
        (key, "found"),
        (key._replace(certain=False), "open"),
        (other, "missed"),
    ):
        found = judge(truth, Effects(upgrade=(effect,)), "postgresql")
        assert [one.is_ for one in found] == [class_]


def test_a_table_that_may_have_made_room_for_another_has_open_columns(shop: Shop) -> None:
    swap = (
        Effect("rename", "table", "notes", "notes", to="old", certain=False),
        Effect("create", "table", "notes", "notes", certain=False),
        Effect("create", "column", "notes", "text", certain=False),
    )
    found = shop.counted(e5=Effects(upgrade=swap))
    assert [one.is_ for one in found.verdicts if one.what.startswith("notes.text changed")] == [
        "open"
    ]
    assert verdicts(found, "missed", "wrong") == []


def test_the_columns_in_the_end_are_compared_with_what_blame_knows(shop: Shop) -> None:
    found = shop.counted()
    maybe = ["table nobody_has_this is not there"]  # made on a condition that did not hold
    assert (found.tables, found.otherwise) == (2, maybe)
    extra = Effects(upgrade=(Effect("create", "column", "users", "age"),))
    assert shop.counted(d4=extra).otherwise == ["users.age is not there", *maybe]
    read = shop.effects["a1"]
    less = read._replace(upgrade=tuple(one for one in read.upgrade if one.name != "name"))
    b2 = shop.effects["b2"]._replace(upgrade=())
    assert shop.counted(a1=less, b2=b2).otherwise == ["users.title is not known"]


def test_too_many_unknown_revisions_are_not_good(shop: Shop) -> None:
    read = shop.effects["d4"]
    doubt = Unknown("downgrade", 3, "cannot be read")
    assert not shop.counted(d4=read._replace(unknown=(doubt,))).good


OTHERS = (
    'op.create_index("ix_name", "users", ["name"])',
    "op.execute(\"UPDATE users SET name = 'somebody'\")",
)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A tree that makes an index and writes rows."""
    revisions = {"a1": SHOP["a1"], "f6": (("a1",), "\n".join(OTHERS), 'op.drop_index("ix_name")')}
    return driven(tmp_path_factory.mktemp("others"), revisions)


def test_indexes_and_rows_are_counted_too(others: Shop) -> None:
    found = [one for one in verdicts(others.counted(), "found") if one.startswith("f6")]
    assert found == [
        "f6 upgrade: users: ix_name",
        "f6 upgrade: rows of users (name)",
        "f6 downgrade: users: ix_name",
    ]
    assert others.counted().good


@pytest.mark.parametrize("left_out", ["index", "data"])
def test_an_index_or_rows_without_a_word_are_missed(others: Shop, left_out: str) -> None:
    read = others.effects["f6"]
    kept = tuple(one for one in read.upgrade if one.object != left_out)
    assert len(verdicts(others.counted(f6=read._replace(upgrade=kept)), "missed")) == 1


def test_an_index_that_was_claimed_and_is_not_there_is_wrong(others: Shop) -> None:
    claimed = Effect("create", "index", "users", "ix_other", columns=("name",))
    read = others.effects["f6"]
    found = others.counted(f6=read._replace(upgrade=(*read.upgrade, claimed)))
    assert verdicts(found, "wrong") == ["f6 upgrade: create index ix_other did not happen"]
