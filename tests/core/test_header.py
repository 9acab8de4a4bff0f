from __future__ import annotations

import pytest

from lback.core.graph.revision import Header, Unreadable, is_revision_file
from lback.core.header import read_header


def header(text: str | bytes, name: str = "x.py") -> Header:
    found = read_header(text if isinstance(text, bytes) else text.encode(), name)
    assert isinstance(found, Header), found
    return found


def unreadable(text: str | bytes, name: str = "x.py") -> Unreadable:
    found = read_header(text if isinstance(text, bytes) else text.encode(), name)
    assert isinstance(found, Unreadable), found
    return found


USUAL = '''\
"""Add users

Revision ID: abc
Revises: def
Create Date: 2024-01-02 03:04:05.678901

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = 'abc'
down_revision: Union[str, Sequence[str], None] = 'def'
branch_labels: Union[str, Sequence[str], None] = ('users',)
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.drop_column("a", "revision")
'''

EXPECTED = Header(
    "abc", ("def",), (), ("users",), "Add users", "2024-01-02 03:04:05.678901", line=15
)


def test_the_usual_file() -> None:
    assert header(USUAL) == EXPECTED


@pytest.mark.parametrize(
    "source",
    [
        USUAL.replace("\n", "\r\n").encode(),
        USUAL.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + USUAL.encode(),
    ],
    ids=["crlf", "cr", "bom"],
)
def test_newlines_and_byte_order_mark(source: bytes) -> None:
    assert header(source) == EXPECTED


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("None", ()),
        ("''", ()),
        ("()", ()),
        ("[]", ()),
        ("('',)", ()),
        ("'a'", ("a",)),
        ('"a"  # "b"', ("a",)),
        ('"""a"""', ("a",)),
        ("('a')", ("a",)),
        ("('a',)", ("a",)),
        ("'a',", ("a",)),
        ("'b', 'a'", ("b", "a")),
        ("['a', \"b\"]", ("a", "b")),
        ("{'b', 'a'}", ("a", "b")),
        ("(\n    # why\n    'a',  # because\n    'b',\n)", ("a", "b")),
        ("(\n    'a'\n    'b'\n)", ("ab",)),
        ("'a' 'b'", ("ab",)),
        ("'a' \\\n 'b'", ("ab",)),
        ("'a' + 'b'", ("ab",)),
        ("('a',) + ('b',)", ("a", "b")),
        ("u'a'", ("a",)),
        ("r'a\\d'", ("a\\d",)),
        ("'\\x61'", ("a",)),
        ("PARENT", ("p1",)),
        ("(PARENT, 'b')", ("p1", "b")),
        ("(*PARENTS, 'b')", ("p1", "q", "b")),
        ("f'{PARENT}-x'", ("p1-x",)),
        ("'a' if x else 'a'", ("a",)),
        ("other = 'a'", ("a",)),
        ("'1f2e 3:é'", ("1f2e 3:é",)),
        ("'a'; x = 'b'", ("a",)),
    ],
)
@pytest.mark.parametrize("variable", ["down_revision", "depends_on", "branch_labels"])
@pytest.mark.parametrize("annotation", ["", ": Any", ": 'str | None'"])
def test_values(value: str, ids: tuple[str, ...], variable: str, annotation: str) -> None:
    if annotation and ("other" in value or value in ("'a',", "'b', 'a'")):
        annotation = ""
    lines = [
        "PARENT = 'p1'",
        "PARENTS = [PARENT, 'q']",
        "revision = 'me'",
        *(["down_revision = None"] if variable != "down_revision" else []),
        f"{variable}{annotation} = {value}",
        "def upgrade(): pass",
    ]
    found = header("\n".join(lines))
    field = {"down_revision": "down_revisions"}.get(variable, variable)
    assert (getattr(found, field), found.uncertain, found.line) == (ids, (), 3)


@pytest.mark.parametrize(
    "value",
    [
        "f()",
        "NAME",
        "f'{A!r}'",
        "f'{A:>9}'",
        "f'{f()}'",
        "(*'ab',)",
        "'a' + ['b']",
        "x.y",
        "['a', f()]",
        "3",
        "(None, 'a')",
        "b'a'",
        "'a' if x else 'b'",
        "{**a}",
    ],
)
@pytest.mark.parametrize("variable", ["down_revision", "depends_on", "branch_labels"])
def test_a_computed_value_is_uncertain(value: str, variable: str) -> None:
    lines = ["A = 'a'", "revision = 'me'", "down_revision = None", f"{variable} = {value}"]
    found = header("\n".join(lines))
    assert found.uncertain == ((variable, 4),)
    # A label more or less changes no other: those that are literal are known.
    literal = variable == "branch_labels" and value in ("['a', f()]", "(None, 'a')")
    assert found.branch_labels == (("a",) if literal else ())
    assert found.down_revisions == found.depends_on == ()


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        ("down_revision = 'a'\ndown_revision = 'b'", "b"),
        ("down_revision = 'a'\n\ndef f(): pass\n\ndown_revision = 'b'", "b"),
        ("down_revision = 'a'\ndown_revision += 'b'", "ab"),
        ("down_revision: str\ndown_revision = 'a'", "a"),
        ("if x:\n    down_revision = 'a'\nelse:\n    down_revision = 'a'", "a"),
        ("try:\n    down_revision = 'a'\nexcept E:\n    down_revision = 'a'", "a"),
        ("try:\n    down_revision = 'a'\nexcept E:\n    raise", "a"),
        ("with x:\n    down_revision = 'a'", "a"),
        ("down_revision = 'a'\nif x:\n    y = 1", "a"),
        ("down_revision = 'a'\nif x:\n    down_revision = 'a'", "a"),
        ("down_revision = 'a'\ndef f():\n    down_revision = 'b'", "a"),
        ("down_revision = 'a'\nclass C:\n    down_revision = 'b'", "a"),
        ("down_revision = 'a'\nS = '''\ndown_revision = 'b'\n'''", "a"),
        ("f(\ndown_revision='b'\n)\ndown_revision = 'a'", "a"),
        ("x, down_revision = 'b', 'a'", "a"),
        ("[x, (y, down_revision)] = 'b', ('c', 'a')", "a"),
        ("down_revision = x = 'a'", "a"),
        ("A = B = 'a'\ndown_revision = B", "a"),
        ("A = 'a'\ndel A\ndown_revision = 'a'", "a"),
        ("# down_revision = 'b'\ndown_revision = 'a'", "a"),
        ("down_revision = 'a'\nx.down_revision = 'b'\ndel x.down_revision", "a"),
        ("down_revision = \\\n'a'\nx = a |> b", "a"),
    ],
)
def test_the_last_assignment_wins(text: str, parent: str) -> None:
    found = header(f"revision = 'me'\n{text}\n")
    assert (found.down_revisions, found.uncertain) == ((parent,), ())


@pytest.mark.parametrize(
    "text",
    [
        "if x:\n    down_revision = 'a'\nelse:\n    down_revision = 'b'",
        "if x:\n    down_revision = 'a'",
        "down_revision = 'a'\nif x:\n    down_revision = 'b'",
        "try:\n    down_revision = 'a'\nexcept E:\n    down_revision = 'b'",
        "for down_revision in x:\n    pass",
        "for x in y:\n    down_revision = 'a'",
        "down_revision = 'a'\nfrom x import down_revision",
        "down_revision = 'a'\nimport y as down_revision",
        "down_revision = 'a'\ndef down_revision(): pass",
        "down_revision = 'a'\n\ndef f():\n    global down_revision\n    down_revision = 'b'",
        "down_revision = 'a'\n(down_revision := 'b')",
        "x, *down_revision = 'a', 'b'",
        "down_revision, x = f()",
        "match x:\n    case 1:\n        down_revision = 'a'",
    ],
)
def test_what_depends_on_running_is_uncertain(text: str) -> None:
    bound = [number for number, line in enumerate(text.splitlines(), 2) if "down_revision" in line]
    ((variable, line),) = header(f"revision = 'me'\n{text}\n").uncertain
    assert variable == "down_revision"
    assert line in bound


@pytest.mark.parametrize(
    ("text", "doc", "date"),
    [
        ("", "", ""),
        ('"""One"""', "One", ""),
        ("'One'", "One", ""),
        ('"""\n  One\n"""', "One", ""),
        ('"""One\ntwo\n\nthree"""', "One\ntwo", ""),
        ('"""One\n \nCreate Date:   x y  \n"""', "One\n \nCreate Date:   x y", "x y"),
        ('"""One\n\nCreate Date:\n"""', "One", ""),
        ('"""One \\"quoted\\" \\\n line"""', 'One "quoted"  line', ""),
        ("r'''One \\d'''", "One \\d", ""),
        ('"One" " two"', "One two", ""),
        ('# comment\n\n"""One"""', "One", ""),
        (
            '"""revision = "no"\ndown_revision = "no"\n"""',
            'revision = "no"\ndown_revision = "no"',
            "",
        ),
        ("x = 1\n'''no'''", "", ""),
        ("f'''no'''", "", ""),
        ("b'''no'''", "", ""),
        ("'''no'''.strip()", "", ""),
        ("__doc__ = 'late'", "late", ""),
        ("__doc__ = f()", "", ""),
        ('""', "", ""),
    ],
)
def test_the_docstring(text: str, doc: str, date: str) -> None:
    found = header(f"{text}\nrevision = 'me'\ndown_revision = None\n")
    assert (found.revision, found.doc, found.create_date) == ("me", doc, date)


def test_encodings() -> None:
    text = "# -*- coding: latin-1 -*-\n'''Größe'''\nrevision = 'é'\ndown_revision = None\n"
    assert header(text.encode("latin-1")) == Header("é", doc="Größe", line=3)
    shell = (
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nrevision = '€'\ndown_revision = ''\n"
    )
    assert header(shell.encode("cp1252")).revision == "€"
    third = "x = 1\ny = 2\n# coding: nonsense\nrevision = 'a'\ndown_revision = None\n"
    assert header(third).revision == "a"


@pytest.mark.parametrize(
    ("source", "words", "line"),
    [
        (b"revision = 'a'\n\xff\xfe\n", "Line 2 is not utf-8 text", 2),
        (b"revision = 'a'\n\n\0", "binary: it holds a NUL byte", 3),
        ("revision = 'a'".encode("utf-16"), "binary", 1),
        (b"# coding: nonsense\nrevision = 'a'\n", "unknown encoding, nonsense", 1),
        (b"# coding: rot13\nrevision = 'a'\n", "unknown encoding, rot13", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "claims to be latin-1", 1),
        (b"revision = 'a'\n", "`down_revision` is not assigned", 1),
        (b"down_revision = 'a'\n", "`revision` is not assigned", 1),
        (b"", "`revision` is not assigned", 1),
        (b"\nrevision = f()\ndown_revision = None", "`revision` is computed on line 2", 2),
        (b"revision = 3\ndown_revision = None", "`revision` is computed", 1),
        (b"revision = None\ndown_revision = None", "is not a revision id", 1),
        (b"revision = ''\ndown_revision = None", "is not a revision id", 1),
        (b"revision = 'a'\ndown_revision = ('b'\n", "Line 2 is not valid Python", 2),
        (b"revision = 'a'\ndown_revision = 'b\n", "Line 2 is not valid Python", 2),
        (b"revision = 'a'\ndown_revision = = 'b'\n", "Line 2 is not valid Python", 2),
    ],
)
def test_what_cannot_be_read_says_why(source: bytes, words: str, line: int) -> None:
    found = unreadable(source)
    assert words in found.message
    assert (found.code, found.line) == ("LB106", line)


def test_a_file_that_is_no_revision_is_foreign() -> None:
    assert unreadable("def helper(): pass\n").foreign
    assert not unreadable("down_revision = None\n").foreign
    assert not unreadable("revision = 'a'\n").foreign


def test_old_ids_come_from_the_file_name() -> None:
    assert header("down_revision = None\n", "3f2a.py") == Header("3f2a")
    assert unreadable("down_revision = None\n", "3f2a_users.py").code == "LB106"


def test_an_id_may_be_the_stem() -> None:
    text = "revision = '0042_add_users'\ndown_revision = '0041_base'\n"
    assert header(text, "0042_add_users.py").revision == "0042_add_users"


CONFLICT = """\
'''Doc'''
revision = 'a'
<<<<<<< HEAD
down_revision = 'b'
=======
down_revision = 'c'
>>>>>>> theirs
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CONFLICT, 3),
        (CONFLICT.replace("\n", "\r\n"), 3),
        (CONFLICT.replace("=======", "||||||| base\ndown_revision = 'x'\n======="), 3),
        ("'''Doc\n\n<<<<<<< HEAD\nRevises: a\n=======\n>>>>>>> b\n'''\nrevision = 'a'\n", 3),
        ("revision = 'a'\ndown_revision = 'b'\n>>>>>>> theirs\n", 3),
        ("revision = 'a'\ndown_revision = 'b'\ndef f():\n    pass\n<<<<<<< ours\n", 5),
    ],
)
def test_conflict_markers(text: str, line: int) -> None:
    found = unreadable(text)
    assert (found.code, found.line) == ("LB109", line)
    assert str(line) in found.message


def test_what_only_looks_like_a_conflict() -> None:
    text = "'''Title\n=======\n'''\nrevision = 'a'\ndown_revision = None\n"
    text += "x = '''\n>>>>>>> quoted\n'''\n"
    assert header(text).doc == "Title\n======="


# What no Python from 3.10 to 3.13 can parse stands for what only a newer one can.
NEWER = "def upgrade[T, *](x: T) -> T:\n    pipe |> x\n"


HEAD = "'''Doc'''\nrevision = 'me'\ndown_revision = 'a'\n\n"


@pytest.mark.parametrize(
    "text",
    [
        f"'''Doc'''\nrevision = 'me'\ndown_revision = 'a'\n\n\n{NEWER}\n# revision\n",
        f"'''Doc'''\n\n\n{NEWER}\nrevision = 'me'\ndown_revision = 'a'\n",
        f"'''Doc'''\n@x\n{NEWER}\nrevision = 'me'\ndown_revision = (\n  'a',\n)\n",
        "'''Doc'''\nx = a |> b\nrevision = 'me'\ndown_revision = 'a'\n",
        "'''Doc'''\nlazy import x\nif a:\n    revision = 'me'\n"
        "else:\n    revision = 'me'\ndown_revision = 'a'\n",
        f'{HEAD}{NEWER}    revision = """\ndown_revision = \'b\'\n"""\n',
        f'{HEAD}{NEWER}    revision = f"{{x["y"]}}"\n',
        "'''Doc'''\nrevision = 'me'\ndown_revision = 'a'\n\ndef f(:\n    return ')'\n# revision\n",
    ],
)
def test_headers_below_what_only_a_newer_python_can_parse(text: str) -> None:
    found = header(text)
    assert (found.revision, found.down_revisions, found.doc) == ("me", ("a",), "Doc")


def test_old_code_below_the_header_does_not_matter() -> None:
    text = "revision = 'me'\ndown_revision = 'a'\n\ndef upgrade():\n    print 'hello'\n"
    assert header(text).down_revisions == ("a",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.py", True),
        ("a b:c.py", True),
        ("é.py", True),
        ("__init__.py", False),
        ("__init__2.py", False),
        (".#a.py", False),
        (".a.py", True),
        ("a.pyc", False),
        ("a.py~", False),
        ("README", False),
    ],
)
def test_revision_files_by_name(name: str, expected: bool) -> None:
    assert is_revision_file(name) is expected
