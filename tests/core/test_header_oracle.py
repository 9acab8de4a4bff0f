"""Random files, compared with what importing them as Alembic does would give."""

from __future__ import annotations

import types
from pathlib import Path

from alembic.script.base import Script
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core import bindings, scanner
from lback.core.graph.revision import Header
from lback.core.header import WORDS, docstring_of, parsed_header, read_header, usual_header

DOCS = [
    "",
    '"""Doc"""\n',
    '"""Doc\n\nRevision ID: a\nRevises: b\nCreate Date: 2024-01-01 00:00:00\n\n"""\n',
    "'''Doc \"\" '\nrevision = 'no'\n'''\n",
    '"""Doc\\n\\nMore"""  # note\n',
    "r'''Doc\\n'''\n",
    "'Doc' ' two'\n",
    '"""Doc""" "more"\n',
]
FILLERS = [
    "",
    "\n\n",
    "# revision identifiers, used by Alembic.\n",
    "import os\n",
    "import os, sys  # revision\n",
    "from os import (\n    path,\n    sep,\n)\n",
    "from os import path as depends_on\n",
    "log = str(1)\n",
    "x = 'a'\n",
    "x = '''\ndown_revision = \"no\"\n'''\n",
    "dict(\nrevision = 1,\n)\n",
    "if True:\n    x = 'b'\n",
    "x = [\n    'revision',\n]\n",
    "x = 1; y = 2\n",
]
TAILS = [
    "",
    "\n\ndef upgrade():\n    pass\n",
    "\ndef upgrade():\n    revision = 'no'\n\ndef downgrade(\n    a,\n):\n    return revision\n",
    "\n@staticmethod\ndef revision_table():\n    '''\ndef x():\n'''\n",
    "\nclass A:\n    revision = 'no'\n    depends_on = ('no',)\n",
    "\ndef f():\n    pass\n\n\ndepends_on = 'late'\n",
    "\nBRANCH = {\n    'revision': 1,\n}\n",
    "\nif 1:\n    def revision(): pass\n",
    "\nNAME = x = branch_labels = 'late'\n",
    "\nS = '''\n  revision\n'''\n",
]
VALUES = [
    "None",
    "'one'",
    '"one"',
    "('one', 'two')",
    '["one",]',
    "(\n    'one',\n    'two'\n)",
    "()",
    "('one')",
    "'one' 'two'",
    "'one', 'two'",
    "('one',  # why\n 'two')",
    "'on' + 'e'",
    "'on\\x65'",
    "'one'  # \"why\"",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    """Draw the text of a revision file that can be executed."""
    parts = [draw(st.sampled_from(DOCS))]
    names = draw(st.permutations(["revision", "down_revision", "branch_labels", "depends_on"]))
    for name in names:
        if name in ("branch_labels", "depends_on") and draw(st.booleans()):
            continue
        parts.append(draw(st.sampled_from(FILLERS)))
        value = "'me'" if name == "revision" else draw(st.sampled_from(VALUES))
        annotation = draw(st.sampled_from(["", ": str", ": 'Union[str, None]'"]))
        bare_tuple = value == "'one', 'two'"
        parts.append(f"{name}{'' if bare_tuple else annotation} = {value}\n")
    parts.append(draw(st.sampled_from(TAILS)))
    return "".join(parts)


def imported(text: str) -> Script:
    module = types.ModuleType("revision_file")
    exec(compile(text, "revision_file.py", "exec"), module.__dict__)
    if not isinstance(module.revision, str):
        module.revision = "no text"
    return Script(module, module.revision, "revision_file.py")


@given(files())
@settings(max_examples=400, deadline=None)
def test_same_as_importing(text: str) -> None:
    script = imported(text)
    found = read_header(text.encode(), "revision_file.py")
    if not isinstance(found, Header):
        assert script.revision == "no text", found
        return
    assert found.revision == script.revision
    assert found.doc == script.doc
    uncertain = dict(found.uncertain)
    if "down_revision" not in uncertain:
        assert found.down_revisions == tuple(script._versioned_down_revisions)
    if "depends_on" not in uncertain:
        dependencies = script.dependencies or ()
        expected = (dependencies,) if isinstance(dependencies, str) else tuple(dependencies)
        assert found.depends_on == expected
    if "branch_labels" not in uncertain:
        assert set(found.branch_labels) == script.branch_labels
    # Only an import from elsewhere is out of reach in these files.
    assert set(uncertain) <= {"depends_on"}


@given(files())
@settings(max_examples=200, deadline=None)
def test_all_ways_agree(text: str) -> None:
    parsed = parsed_header(text, "x.py")
    if usual_header(text) is not None:
        assert read_header(text.encode(), "x.py") == parsed
    whole = scanner.parse(text)
    assert whole is not None
    pieces = scanner.salvage(text, WORDS)
    one, other = bindings.bind(whole), bindings.bind(pieces)
    assert {name: (value.value, value.line) for name, value in one.items()} == {
        name: (value.value, value.line) for name, value in other.items()
    }
    assert docstring_of(whole, one) == docstring_of(pieces, other)
    assert "".join(chunk.text for chunk in scanner.chunks(text)) == text


def test_the_fast_way_is_the_usual_way() -> None:
    """The template that Alembic ships must not fall back to the parser."""
    import alembic

    template = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"
    text = template.read_text(encoding="utf-8")
    for name, value in {
        "${message}": "Add users",
        "${up_revision}": "abc",
        "${down_revision | comma,n}": "def",
        "${create_date}": "2024-01-01 00:00:00",
        '${imports if imports else ""}': "",
        "${repr(up_revision)}": "'abc'",
        "${repr(down_revision)}": "'def'",
        "${repr(branch_labels)}": "None",
        "${repr(depends_on)}": "None",
        '${upgrades if upgrades else "pass"}': "pass",
        '${downgrades if downgrades else "pass"}': "pass",
    }.items():
        text = text.replace(name, value)
    assert "$" not in text
    assert usual_header(text) is not None
