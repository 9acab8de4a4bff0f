"""`log` of one revision, and of one table."""

from __future__ import annotations

from pathlib import Path

from tests.many.fleet import fleet


def test_the_log_of_a_table_and_of_a_revision(tmp_path: Path) -> None:
    """A table's steps are those of the revisions that change it, under any of its names."""
    shop = fleet(tmp_path, "a")
    shop.revision(3, 'op.rename_table("t1", "first")')
    shop.lback("migrate", "--all")
    for name, revisions, table in (
        ("first", ["r3", "r1"], "first"),
        ("t1", ["r3", "r1"], "t1"),
        ("t2", ["r2"], "t2"),
        ("r2", ["r2"], None),
    ):
        data = shop.ask("log", name, "--db", "a")
        steps = data["databases"][0]["steps"]
        assert ([step["revision"] for step in steps], data["table"]) == (revisions, table)
        assert data["databases"][0]["total"] == len(revisions)
    assert "no step of nothing_here" in shop.lback("log", "nothing_here", "--db", "a").out


def test_what_no_file_defines_is_named(tmp_path: Path) -> None:
    """What a recorded revision did whose file is gone is not known."""
    shop = fleet(tmp_path, "a")
    shop.lback("migrate", "--all")
    (tmp_path / "migrations/versions/r2.py").unlink()
    said = shop.lback("log", "t1", "--db", "a").out
    assert "r1" in said
    assert "not looked at, as no file here defines them: r2" in said
    assert "not looked at" not in shop.lback("log", "r2", "--db", "a").out
