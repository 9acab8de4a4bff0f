from __future__ import annotations

import pytest

from lback.core.graph.revision import Header
from lback.core.header import read_header
from lback.core.merging.reparent import renumber, reparent
from lback.errors import LbackError

REST = """\

import sqlalchemy as sa
from alembic import op


def upgrade():
    op.execute("select 'old1'")
"""


def file(value: str) -> bytes:
    return f"revision = 'me'\n{value}\n{REST}".encode()


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("down_revision = 'old1'", "old1", "new1", "down_revision = 'new1'"),
        ('down_revision="old1"  # why', "old1", "new1", 'down_revision="new1"  # why'),
        ("down_revision = u'old1'", "old1", "new1", "down_revision = u'new1'"),
        ('down_revision = """old1"""', "old1", "new1", 'down_revision = """new1"""'),
        ("down_revision: str = 'old1'", "old1", "new1", "down_revision: str = 'new1'"),
        (
            "down_revision: Union[str, None] = None",
            "",
            "n",
            "down_revision: Union[str, None] = 'n'",
        ),
        ("down_revision = None", "", "a b", "down_revision = ('a', 'b')"),
        ("down_revision = ''", "", "n", "down_revision = 'n'"),
        ("down_revision = 'old1'", "old1", "", "down_revision = None"),
        ("down_revision = 'old1'", "old1", "a b", "down_revision = ('a', 'b')"),
        ("down_revision = ('x', \"old1\")", "x old1", "x n", "down_revision = ('x', \"n\")"),
        ("down_revision = ['x', 'y']", "x y", "n", "down_revision = ['n']"),
        ("down_revision = ('x', 'y')", "y x", "n", "down_revision = ('n',)"),
        ("down_revision = ('x',)", "x", "n", "down_revision = ('n',)"),
        ("down_revision = 'x', 'y'", "x y", "x n", "down_revision = 'x', 'n'"),
        ("down_revision = ('x', 'y')", "x y", "", "down_revision = None"),
        (
            "down_revision = (\n    'old1'  # why\n)",
            "old1",
            "new1",
            "down_revision = (\n    'new1'  # why\n)",
        ),
        (
            "down_revision = (\n    'x',  # why\n    'y',\n)",
            "x y",
            "x n",
            "down_revision = (\n    'x',  # why\n    'n',\n)",
        ),
        (
            "down_revision = (\n    'x',\n    'y',\n)",
            "x y",
            "a b c",
            "down_revision = (\n    'a',\n    'b',\n    'c',\n)",
        ),
        ("down_revision = ('ol'\n    'd1')", "old1", "new1", "down_revision = ('new1')"),
        ("PARENT = 'x'\ndown_revision = PARENT", "x", "n", "PARENT = 'x'\ndown_revision = 'n'"),
        ("down_revision = 'x' + 'y'", "xy", "n", "down_revision = 'n'"),
        (
            "down_revision = 'a'\ndown_revision = 'b'",
            "b",
            "n",
            "down_revision = 'a'\ndown_revision = 'n'",
        ),
        ("é = 'ü'; down_revision = 'old1'", "old1", "new1", "é = 'ü'; down_revision = 'new1'"),
        ("down_revision = 'x'", "x", "\x1b", "down_revision = '\\x1b'"),
        ("down_revision = 'x'", "x", "it's\\", "down_revision = 'it\\'s\\\\'"),
    ],
)
def test_only_the_value_changes(before: str, old: str, new: str, after: str) -> None:
    result = reparent(file(before), tuple(old.split()), tuple(new.split()))
    assert result == file(after)


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("Revises: old1", "old1", "new1", "Revises: new1"),
        ("Revises: old1  ", "old1", "new1", "Revises: new1  "),
        ("Revises: ", "", "new1", "Revises: new1"),
        ("Revises:", "", "new1", "Revises: new1"),
        ("Revises: None", "", "new1", "Revises: new1"),
        ("Revises: old1", "old1", "", "Revises: "),
        ("Revises:old1", "old1", "", "Revises:"),
        ("Revises: x, y", "x y", "x z", "Revises: x, z"),
        ("Revises: stale", "old1", "new1", "Revises: new1"),
        ("Revises:what Ada made", "old1", "new1", "Revises:what Ada made"),
        ("Revises: old1 (the big one)", "old1", "new1", "Revises: new1 (the big one)"),
        ("  Revises:\told1", "old1", "new1", "  Revises:\tnew1"),
        ("Nothing here: old1", "old1", "new1", "Nothing here: old1"),
        ("Revises: old1", "old1", 'q"\\', 'Revises: q\\"\\\\'),
    ],
)
def test_the_docstring_follows(before: str, old: str, new: str, after: str) -> None:
    def text(line: str, value: str) -> bytes:
        return f'"""Doc\n\nRevision ID: me\n{line}\n\n"""\nrevision = "me"\n{value}\n'.encode()

    def value(ids: str) -> str:
        escaped = ids.replace("\\", "\\\\").replace('"', '\\"')
        return f'down_revision = "{escaped}"' if ids else "down_revision = None"

    olds = "down_revision = ('x', 'y')" if " " in old else value(old)
    news = "down_revision = ('x', 'z')" if " " in new else value(new)
    result = reparent(text(before, olds), tuple(old.split()), tuple(new.split()))
    assert result == text(after, news)


def test_words_around_several_parents_stay() -> None:
    text = '"""D\n\nRevises: x and y\n"""\nrevision = "me"\ndown_revision = "x", "y"\n'
    both = text.replace('"y"', '"n"').replace("x and y", "x, n")
    assert reparent(text.encode(), ("x", "y"), ("x", "n")) == both.encode()
    stale = text.replace("x and y", "a and b")
    assert reparent(stale.encode(), ("x", "y"), ("x", "n")) == stale.replace('"y"', '"n"').encode()


def test_a_docstring_in_pieces_stays() -> None:
    text = '"D\\n" "Revises: x"\nrevision = "me"\ndown_revision = "x"\n'
    assert reparent(text.encode(), ("x",), ("n",)) == text.replace('= "x"', '= "n"').encode()


def test_revises_elsewhere_stays() -> None:
    text = "# Revises: x\nrevision = 'me'\ndown_revision = 'x'\nS = '''\nRevises: x\n'''\n"
    assert reparent(text.encode(), ("x",), ("n",)) == text.replace("= 'x'", "= 'n'").encode()


def test_windows_newlines_and_a_byte_order_mark_stay() -> None:
    text = '"""D\n\nRevises: x\n"""\nrevision = "me"\ndown_revision = (\n    "x",\n    "y"\n)\n'
    for newline in ("\r\n", "\r"):
        source = b"\xef\xbb\xbf" + text.replace("\n", newline).encode()
        wished = text.replace('"y"', '"n"').replace("Revises: x", "Revises: x, n")
        expected = b"\xef\xbb\xbf" + wished.replace("\n", newline).encode()
        assert reparent(source, ("x", "y"), ("x", "n")) == expected
        longer = reparent(source, ("x", "y"), ("x", "y", "n"))
        added = '(\r    "x",\r    "y",\r    "n",\r)'.replace("\r", newline)
        assert added.encode() in longer


def test_other_encodings_stay() -> None:
    text = "# -*- coding: latin-1 -*-\n'''Ärger'''\nrevision = 'é'; down_revision = 'x'\n"
    result = reparent(text.encode("latin-1"), ("x",), ("ü",))
    assert result == text.replace("'x'", "'ü'").encode("latin-1")
    with pytest.raises(LbackError, match="cannot be written as latin-1"):
        reparent(text.encode("latin-1"), ("x",), ("☃",))


def test_a_header_that_this_python_cannot_parse() -> None:
    text = "x = {*a for a in {**b for b}} if else\nrevision = 'me'\ndown_revision = 'x'  # c\n"
    assert reparent(text.encode(), ("x",), ("n",)) == text.replace("'x'", "'n'").encode()


def test_the_same_parent_changes_nothing() -> None:
    source = file("down_revision = 'x' + 'y'")
    assert reparent(source, ("xy",), ("xy",)) == source


@pytest.mark.parametrize(
    ("value", "old", "words"),
    [
        ("down_revision = 'x'", "y", "Line 1: the parent of me is x, not y"),
        ("down_revision = ('x',  # a\n  'y')", "x y", "Line 2: a comment inside the value"),
        ("down_revision = f()", "", "Line 2: `down_revision` is not one plain value"),
        ("if a:\n    down_revision = 'x'\nelse:\n    down_revision = 'x'", "x", "not one plain"),
        ("other = down_revision = 'x'", "x", "Line 2: `down_revision` is not one plain value"),
        ("down_revision = 'x'\ndown_revision += ''", "x", "not one plain value"),
        ("", "", "`down_revision` is not assigned"),
        ("down_revision = ('x'", "x", "Line 2 is not valid Python"),
        ("<<<<<<< a\ndown_revision = 'x'\n=======\n>>>>>>> b", "x", "Line 2 is a conflict marker"),
    ],
)
def test_what_cannot_be_exact_is_refused(value: str, old: str, words: str) -> None:
    with pytest.raises(LbackError) as caught:
        reparent(file(value), tuple(old.split()), ("n",))
    assert words in caught.value.message
    assert caught.value.hint


def test_the_result_says_what_was_wished() -> None:
    header = read_header(reparent(file("down_revision = None"), (), ("a", "b")), "x.py")
    assert isinstance(header, Header)
    assert header.down_revisions == ("a", "b")


def test_an_id_is_replaced_and_every_other_byte_stays() -> None:
    text = (
        b'"""Add 0003.\r\n\r\nRevision ID: 0003\r\nRevises: 0002\r\n"""\r\n'
        b"revision: str = '0003'  # mine\r\ndown_revision = '0002'\r\n\r\nTABLE = '0003'\r\n"
    )
    assert renumber(text, "0004") == text.replace(b"ID: 0003", b"ID: 0004").replace(
        b"= '0003'  #", b"= '0004'  #"
    )


@pytest.mark.parametrize(
    "text",
    [
        "down_revision = '0002'\n",
        "revision = ID = '0003'\ndown_revision = '0002'\n",
        "revision = '00' '03'\ndown_revision = None\nrevision += ''\n",
    ],
)
def test_an_id_that_is_no_plain_value_is_not_replaced(text: str) -> None:
    with pytest.raises(LbackError):
        renumber(text.encode(), "0004")
