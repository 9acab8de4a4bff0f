"""The same on real trees and histories: `python -m bench.oracle` as a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import oracle

pytestmark = pytest.mark.soak


def test_every_tree_that_can_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    code = oracle.main(["--trees"])
    said = capsys.readouterr().out
    if " 0 revisions compared" in said:
        pytest.skip("no package could be had")
    assert code == 0, said


def test_histories_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """LBACK_HISTORIES: git repositories with a migration history, joined by `os.pathsep`."""
    named = os.environ.get("LBACK_HISTORIES", "")
    if not named:
        pytest.skip("LBACK_HISTORIES names no repository")
    arguments = []
    for folder in named.split(os.pathsep):
        arguments += ["--history", str(Path(folder))]
    code = oracle.main(arguments)
    assert code == 0, capsys.readouterr().out
