"""The table of adopted applications, for clones made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.adopting import main
from tests.worlds.people import Person
from tests.worlds.texts import revision_text


def test_a_row_for_each_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git = Person("Ada", tmp_path).git
    git("init", "-q", "-b", "main")
    for service in ("a", "b"):
        versions = tmp_path / service / "migrations" / "versions"
        versions.mkdir(parents=True)
        (versions / "one.py").write_text(revision_text(f"{service}1", (), "users"))
        ini = "[alembic]\nscript_location = migrations\n"
        (tmp_path / service / "alembic.ini").write_text(ini)
    git("add", ".")
    git("commit", "-q", "-m", "Start")
    main([str(tmp_path)])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[2:6] for row in rows] == [["a", "1", "a1", "none"], ["b", "1", "b1", "none"]]
    assert git("status", "--porcelain") == ""
