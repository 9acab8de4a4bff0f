"""The demo plays to its end, and leaves what it says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.worlds.people import Developer

pytestmark = pytest.mark.counted


def test_the_demo_plays_to_its_end(tmp_path: Path) -> None:
    """As the example of its help page says it."""
    ada = Developer("Ada", tmp_path, {"TMPDIR": str(tmp_path)})
    said = ada.lback("demo")
    (place,) = tmp_path.glob("lback-demo-*")
    assert "wrote and staged migrations/versions/" in said
    assert "undid the latest change of reviews" in said
    assert "INFO" not in said
    for name in ("ada", "grace"):
        with sqlite3.connect(place / name / "db.sqlite3") as connection:
            tables = {row[0] for row in connection.execute("select name from sqlite_master")}
        assert {"users", "orders", "coupons"} <= tables
        assert "reviews" not in tables


def test_the_demo_overwrites_nothing(tmp_path: Path) -> None:
    ada = Developer("Ada", tmp_path)
    ada.write("mine/notes.txt", "keep me")
    said = ada.lback("demo", "mine", code=3)
    assert "is not empty" in said
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"
