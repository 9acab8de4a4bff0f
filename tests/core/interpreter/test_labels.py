"""Branch labels that a revision takes from constants of the project's other modules."""

from __future__ import annotations

import pytest

from lback.core.interpreter.reading import read_labels

MODULES = {
    "app": b"",
    "app.db": b"EXPAND = 'expand'\nNONE = None\nEACH = ('a', 'b')\nSET = {'x'}\n"
    b"def made():\n    return 'made'\nLATER = made()\nASKED = input()\n"
    b"if ASKED:\n    EITHER = 'x'\nelse:\n    EITHER = 'y'\n",
}


def read(text: str) -> tuple[str, ...] | None:
    return read_labels(text.encode(), resolve=MODULES.get)


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ("db.EXPAND", ("expand",)),
        ("(db.EXPAND,)", ("expand",)),
        ("['one', db.EXPAND]", ("one", "expand")),
        ("db.EACH", ("a", "b")),
        ("db.NONE", ()),
        ("f'{db.EXPAND}2'", ("expand2",)),
        ("db.LATER", ("made",)),
        ("db.ASKED", None),
        ("db.EITHER", None),
        ("(db.EXPAND, db.ASKED)", None),
        ("db.nowhere", None),
        ("db.SET", None),
        ("3", None),
        ("other.EXPAND", None),
    ],
)
def test_a_value(value: str, labels: tuple[str, ...] | None) -> None:
    text = f"from app import db\nfrom elsewhere import other\nbranch_labels = {value}\n"
    assert read(text) == labels


def test_what_is_not_there_or_no_python() -> None:
    assert read("revision = 'a'") == ()
    assert read("branch_labels = (") is None
    deep = "branch_labels = " + "[" * 5000
    assert read(deep) is None
    assert read(f"branch_labels = {'-' * 50_000}1") is None
