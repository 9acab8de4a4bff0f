"""The reverting revision as a file: what it tells of itself, and where everything goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from lback.core.interpreter.reading import read_effects
from lback.core.rollback.decide import revert_id
from lback.core.rollback.draft import RevertDraft, created, draft_revert
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.reverting import body_for, complete, sketch, verify
from lback.core.source import Commit
from tests.core.rollback.drafting import Case, drafted, moved

ADD = 'op.add_column("t", sa.Column("{0}", sa.Integer()))'
DROP = 'op.drop_column("t", "{0}")'
TEMPLATE = '''"""The message

Revision ID: r1
"""
from alembic import op
import sqlalchemy as sa

# identifiers
revision = "r1"
down_revision = "a1"


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def change(name: str, top: str = "") -> Case:
    return Case(ADD.format(name), DROP.format(name), ("t",), top)


def draft_of(case: Case, table: str | None = "t", **other: object) -> RevertDraft:
    return draft_revert([moved(case.part(), **other)], table, read_effects)


def rendered(draft: RevertDraft, template: str = TEMPLATE) -> str:
    return template.format(upgrade=body_for(draft.upgrade), downgrade=body_for(draft.downgrade))


def test_two_revisions_are_undone_from_the_newest_and_done_again_from_the_oldest() -> None:
    newer = change("d", "import json\n\nAT = 1\n")
    older = Case(ADD.format("c"), DROP.format("c"), ("t",), "import json\nAT = 1")
    parts = [newer.part("b2"), older.part("a1")]
    draft = draft_revert(parts, "t", read_effects)
    assert draft.upgrade == DROP.format("d") + "\n" + DROP.format("c")
    assert draft.downgrade == ADD.format("c") + "\n" + ADD.format("d")
    assert [one.name for one in draft.undoing or ()] == ["d", "c"]
    assert [one.name for one in draft.redoing] == ["c", "d"]
    assert draft.message == "revert t: b2, a1"
    assert draft_revert(parts, None, read_effects).message == "revert: b2, a1"


def test_a_part_that_does_nothing_on_the_way_back_leaves_no_empty_line() -> None:
    nothing = Case(ADD.format("c"), "pass", ("t",))
    draft = draft_revert([nothing.part("b2"), change("d").part("a1")], "t", read_effects)
    assert draft.upgrade == DROP.format("d")


def test_two_helpers_of_one_name_are_in_the_way() -> None:
    def part(name: str, top: str) -> Case:
        return Case(
            ADD.format(name).replace("sa.Integer()", "KIND"), DROP.format(name), ("t",), top
        )

    same = [part("d", "KIND = sa.Date()").part("b2"), part("c", "KIND = sa.Date()").part("a1")]
    assert draft_revert(same, "t", read_effects).helpers == ("KIND = sa.Date()",)
    other = [part("d", "KIND = sa.Date()").part("b2"), part("c", "KIND = sa.Text()").part("a1")]
    assert drafted(other) == "refused: a1.py:1: two of the revisions have a `KIND` of their own"


def test_the_message_says_what_was_said_before() -> None:
    assert draft_of(change("c")).message == "revert t: a1 does it"
    assert draft_of(change("c"), None).message == "revert: a1 does it"
    assert draft_of(change("c"), doc="").message == "revert t: a1"
    doc = 'two\n lines \\ """of\x07 it"""'
    assert draft_of(change("c"), doc=doc).message == "revert t: two lines / 'of  it"


def test_the_story_names_commit_author_and_day() -> None:
    assert draft_of(change("c")).story == (
        "Undoes what revision a1 did to t; downgrade() does it again.\n"
        "That came with commit 0123456789ab of Ada, 2026-03-04:\n"
        "Add it"
    )
    assert draft_of(change("c"), None, commit=None).story == (
        "Undoes what revision a1 did; downgrade() does it again.\n"
        "That revision was not committed to git."
    )
    loud = Commit("0" * 40, 'A"""B', "a@b", "2026-03-04", "quote '''")
    assert draft_of(change("c"), commit=loud).story.splitlines()[1:] == [
        "That came with commit 000000000000 of A'B, 2026-03-04:",
        "quote ",
    ]


def test_the_file_has_its_story_helpers_and_imports_in_their_places() -> None:
    top = "import json\n\nKIND = sa.Integer()\n\n\ndef kind():\n    return json and KIND\n"
    case = Case('op.add_column("t", sa.Column("c", kind()))', DROP.format("c"), ("t",), top)
    draft = draft_of(case)
    text = complete(rendered(draft), draft)
    assert text.splitlines() == [
        '"""The message',
        "",
        *draft.story.splitlines(),
        "",
        "Revision ID: r1",
        '"""',
        "from alembic import op",
        "import sqlalchemy as sa",
        "import json",
        "",
        "# identifiers",
        'revision = "r1"',
        'down_revision = "a1"',
        "",
        "",
        "KIND = sa.Integer()",
        "",
        "def kind():",
        "    return json and KIND",
        "",
        "",
        "def upgrade() -> None:",
        '    op.drop_column("t", "c")',
        "",
        "",
        "def downgrade() -> None:",
        '    op.add_column("t", sa.Column("c", kind()))',
    ]
    assert text.endswith("\n")
    verify(text.encode(), draft, read_effects)


def test_other_templates() -> None:
    draft = draft_of(change("c"))
    told = draft.story.splitlines()

    def lines(template: str) -> list[str]:
        return complete(rendered(draft, template), draft).split("\n")

    bare = "import sqlalchemy as sa\n\n@later\ndef upgrade():\n    {upgrade}\n"
    assert lines(bare)[: len(told) + 3] == [
        f'"""{told[0]}',
        *told[1:],
        '"""',
        "import sqlalchemy as sa",
        "from alembic import op",
    ]
    heads = "from alembic import op\nimport sqlalchemy as sa\n"
    short = f'"""One line"""\n{heads}def upgrade():\n    {{upgrade}}'
    assert lines(short)[: len(told) + 2] == [
        '"""One line"""',
        *(f"# {one}" for one in told),
        "from alembic import op",
    ]
    nothing = "def upgrade():\n    {upgrade}"
    assert lines(nothing)[len(told) + 1 :][:3] == [
        "from alembic import op",
        "import sqlalchemy as sa",
        "def upgrade():",
    ]
    documented = '"""One line"""\ndef upgrade():\n    {upgrade}'
    assert lines(documented)[: len(told) + 3] == [
        '"""One line"""',
        *(f"# {one}" for one in told),
        "from alembic import op",
        "import sqlalchemy as sa",
    ]
    decorated = (
        "from alembic import op\nimport sqlalchemy as sa\n@one\n@two\ndef upgrade():\n    {upgrade}"
    )
    draft = replace(draft, helpers=("A = 1",))
    assert lines(decorated)[-7:] == [
        "A = 1",
        "",
        "",
        "@one",
        "@two",
        "def upgrade():",
        '    op.drop_column("t", "c")',
    ]


def test_line_ends_of_windows_stay() -> None:
    draft = draft_of(change("c"))
    text = complete(rendered(draft).replace("\n", "\r\n"), draft)
    assert text.count("\r\n") == text.count("\n") == len(text.splitlines())
    assert text.replace("\r\n", "\n") == complete(rendered(draft), draft)


def test_a_story_that_would_be_code_is_refused() -> None:
    draft = draft_of(change("c"))
    draft = replace(draft, story='x"""\nimport os\n"""')
    with pytest.raises(CannotUndo, match="would be code"):
        complete(rendered(draft), draft)


def test_what_is_read_back_must_be_what_was_meant() -> None:
    draft = draft_of(change("c"))
    good = complete(rendered(draft), draft)
    verify(good.encode(), draft, read_effects)
    for wrong, name in (
        (good.replace('drop_column("t", "c")', 'drop_column("t", "d")'), "upgrade"),
        (good.replace('Column("c"', 'Column("d"'), "downgrade"),
        (good.replace("sa.Integer()", "sa.Text()"), "downgrade"),
        (good.replace('drop_column("t"', 'drop_column("u"'), "upgrade"),
        (good.replace('op.drop_column("t", "c")', "pass"), "upgrade"),
    ):
        with pytest.raises(CannotUndo) as raised:
            verify(wrong.encode(), draft, read_effects)
        assert raised.value.line == 1
        assert raised.value.message == (
            f"the reverting revision's {name}() would not do what was meant"
        )
        assert "script.py.mako" in (raised.value.hint or "")
    unread = good + "    import elsewhere\n    elsewhere.anything(op)\n"
    with pytest.raises(CannotUndo, match="could not be read: ") as raised:
        verify(unread.encode(), draft, read_effects)
    assert raised.value.line == len(unread.splitlines())
    draft = replace(draft, undoing=None)
    more = 'op.drop_column("t", "c")\n    op.drop_index("ix", "t")'
    verify(good.replace('op.drop_column("t", "c")', more).encode(), draft, read_effects)


def test_a_sketch_can_be_read_before_there_is_a_file() -> None:
    case = Case(
        ADD.format("c"),
        "op.drop_column('t', json.loads(NAME))",
        ("t",),
        "import json\nNAME = '\"c\"'",
    )
    draft = draft_of(case)
    assert read_effects(sketch(draft)).upgrade == tuple(
        one._replace(line=7) for one in draft.undoing or ()
    )


def test_the_id_is_of_what_is_undone() -> None:
    assert revert_id(["a1"], "t") == "b7b028050bde"
    assert len({revert_id(["a1"], one) for one in ("t", "u", None)}) == 3
    assert revert_id(["a1", "b2"], None) != revert_id(["b2", "a1"], None)
    assert revert_id(["\udcff"], None)


def test_it_is_as_old_as_what_it_undoes() -> None:
    assert created(["2026-01-01", "2026-02-01 10:00:00", ""]) == datetime(2026, 2, 1, 10)
    assert created(["2026-01-01T00:00:00Z"]) == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert created(["soon"]) is None
    assert created([]) is None


def test_a_body_is_indented_but_for_what_goes_on_a_string() -> None:
    code = 'a = """\nb\n"""\n\nif a:\n    c'
    assert body_for(code) == 'a = """\nb\n"""\n\n    if a:\n        c'
    assert body_for("a = (") == "a = ("
