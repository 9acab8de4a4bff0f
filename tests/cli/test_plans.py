"""What a plan names is what is written then: the same paths, the same ids, nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.lines import Theatre, in_process
from tests.cli.situations import STAGES
from tests.reports import report_of


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("forked", "merge"),
        ("clash", "merge --force"),
        ("forked", "resolve --no-database"),
        ("diverged", "resolve --no-database"),
        ("diverged", "rebase --no-database"),
        ("diverged", "rebase --yes"),
    ],
)
def test_a_plan_names_the_files(tmp_path: Path, place: str, line: str) -> None:
    stage = Theatre(tmp_path, STAGES).stage(place)
    before = _written(stage)
    planned = in_process(stage, [*line.split(), "--plan", "--json"])
    assert _written(stage) == before
    done = in_process(stage, [*line.split(), "--json"])
    plan, did = (report_of(one.out)["data"] for one in (planned, done))
    for key in ("action", "reason", "revision", "path", "rewrites", "heads"):
        assert plan[key] == did[key], key
    named = {one["path"] for one in plan["rewrites"]} | ({plan["path"]} - {None})
    assert named
    assert {path for path, text in _written(stage).items() if before.get(path) != text} == named


def _written(stage: Path) -> dict[str, bytes]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=stage,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: (stage / name).read_bytes() for name in set(listed.stdout.split())}
