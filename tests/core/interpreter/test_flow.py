# ruff: noqa: E501
"""Where control goes: every way to leave a place, in every place, with everything it may set."""

from __future__ import annotations

from itertools import product
from textwrap import indent

import pytest

from lback.core.interpreter.reading import read_effects
from tests.core.recording import missed, overclaimed, run

# The product of what each has an example of elsewhere.
pytestmark = pytest.mark.untraced

HEAD = """
from alembic import op
import sqlalchemy as sa
revision = "a"
down_revision = None
"""

# What is set before control leaves, what is set at first, and what is done with it afterwards.
SETS = {
    "flag": ("found = False", "found = True", 'if found:\n    op.drop_table("t")'),
    "flag down": ("found = False", "found = True", 'if not found:\n    op.drop_table("t")'),
    "name": ('name = "t"', 'name = "u"', "op.drop_table(name)"),
    "list": ("names = []", 'names.append("t")', "for n in names:\n    op.drop_table(n)"),
    "dict": ("names = {}", 'names["t"] = 1', "for n in names:\n    op.drop_table(n)"),
    "field": (
        "box = Box()",
        "box.value = True",
        'if box.value:\n    op.drop_table("t")\nelse:\n    op.drop_table("u")',
    ),
    "text": ('sql = "DELETE FROM t"', 'sql = "DELETE FROM u"', "op.execute(sql)"),
}

# The same place in a loop, a `try` and so on; TEST is a condition that nobody can know, SET
# what is set, LEAVE how control leaves.
_ROWS = 'op.get_bind().execute(sa.text("SELECT 1 UNION SELECT 2"))'
PLACES = {
    "plain": "for x in [1, 2]:\n    if TEST:\n        SET\n        LEAVE\n    op.execute('UPDATE a SET b = 1')",
    "rows": f"for x in {_ROWS}:\n    if TEST:\n        SET\n        LEAVE\n    op.execute('UPDATE a SET b = 1')",
    "nested": (
        "for y in [1, 2]:\n    for x in [1, 2]:\n        if TEST:\n            SET\n            LEAVE\n"
        "        op.execute('UPDATE a SET b = 1')\n    op.execute('UPDATE c SET b = 1')"
    ),
    "while": (
        "n = 0\nwhile n < 3:\n    n += 1\n    if TEST:\n        SET\n        LEAVE\n"
        "    op.execute('UPDATE a SET b = 1')"
    ),
    "try": (
        "for x in [1, 2]:\n    try:\n        if TEST:\n            SET\n            LEAVE\n"
        "        op.execute('UPDATE a SET b = 1')\n    except KeyError:\n        op.execute('UPDATE c SET b = 1')"
    ),
    "else": (
        "for x in [1, 2]:\n    if TEST:\n        SET\n        LEAVE\nelse:\n    op.execute('UPDATE a SET b = 1')"
    ),
    "finally": (
        "for x in [1, 2]:\n    try:\n        if TEST:\n            SET\n            LEAVE\n    finally:\n"
        "        op.execute('UPDATE a SET b = 1')"
    ),
    "with": (
        "for x in [1, 2]:\n    with Guard():\n        if TEST:\n            SET\n            LEAVE\n"
        "    op.execute('UPDATE a SET b = 1')"
    ),
    "certain": "for x in [1, 2]:\n    SET\n    LEAVE\n    op.execute('UPDATE a SET b = 1')",
    "except": (
        "for x in [1, 2]:\n    try:\n        if TEST:\n            raise KeyError\n    except KeyError:\n"
        "        SET\n        LEAVE\n    op.execute('UPDATE a SET b = 1')"
    ),
}
LEAVES = {
    "break": "break",
    "continue": "continue",
    "return": "return",
    "raise": "raise KeyError",
    "goes on": "pass",
}
# The whole in the function itself, in a helper that shares its names, in one that hands them on.
HOLDERS = {
    "helper": "def inner():\n    nonlocal NAME\nPLACE\n\ntry:\n    inner()\nexcept KeyError:\n    pass\n",
    "plain": "try:\nPLACE\nexcept KeyError:\n    pass\n",
}
CLASSES = """
class Box:
    value = False

class Guard:
    def __enter__(self):
        return self

    def __exit__(self, *rest):
        op.execute("UPDATE g SET b = 1")
"""
_TEST = 'op.get_bind().execute(sa.text("SELECT ANSWER")).scalar() == 1'


def text(place: str, leave: str, sets: str, holder: str, answer: int) -> str:
    first, setting, use = SETS[sets]
    name = first.partition(" ")[0]
    body = PLACES[place].replace("TEST", _TEST.replace("ANSWER", str(answer)))
    body = body.replace("SET\n", setting + "\n").replace("LEAVE", LEAVES[leave])
    whole = HOLDERS[holder].replace("PLACE", indent(body, "    ")).replace("NAME", name)
    inside = f"{first}\n{whole}{use}\n"
    return HEAD + CLASSES + "\ndef upgrade():\n" + indent(inside, "    ")


@pytest.mark.parametrize(("place", "leave"), list(product(PLACES, LEAVES)))
def test_what_is_set_before_control_leaves_is_not_forgotten(place: str, leave: str) -> None:
    for sets, holder in product(SETS, HOLDERS):
        if holder == "plain" and leave == "return":
            # The rest is then not reached at all, which the helper shows better.
            pass
        source = text(place, leave, sets, holder, 0)
        effects = read_effects(source.encode())
        for answer in (0, 1):
            # The reading cannot tell one answer of the database from another.
            done = run(text(place, leave, sets, holder, answer))
            assert done.error is None, (sets, holder, done.error, source)
            assert not missed(done.deeds, effects), (sets, holder, done.deeds, effects, source)
            assert not overclaimed(done.deeds, effects), (sets, holder, done.deeds, effects, source)
