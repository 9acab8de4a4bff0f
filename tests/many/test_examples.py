"""The files of examples/many: what a Job and a matrix would run, run as processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.many.fleet import fleet
from tests.worlds.processes import programs

pytestmark = pytest.mark.counted

EXAMPLES = Path(__file__).parents[2] / "examples" / "many"


def commands() -> dict[str, tuple[str, list[dict[str, str]]]]:
    """Return the line of each example, and the variables of each of its parts."""
    job = yaml.safe_load((EXAMPLES / "kubernetes-job.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    indices = [{"JOB_COMPLETION_INDEX": str(index)} for index in range(job["completions"])]
    github = yaml.safe_load((EXAMPLES / "github.yml").read_text())["jobs"]["migrate"]
    line = next(step["run"] for step in github["steps"] if "lback migrate" in step.get("run", ""))
    parts = [{"PART": str(part)} for part in github["strategy"]["matrix"]["part"]]
    gitlab = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())["migrate-all"]
    total = gitlab["parallel"]
    nodes = [{"CI_NODE_INDEX": str(one + 1), "CI_NODE_TOTAL": str(total)} for one in range(total)]
    return {
        "kubernetes": (container["command"][2], indices),
        "github": (line.replace("${{ matrix.part }}", "$PART"), parts),
        "gitlab": (gitlab["script"][-1], nodes),
    }


@pytest.mark.parametrize("name", ["kubernetes", "github", "gitlab"])
def test_the_parts_of_an_example_are_the_whole(tmp_path: Path, name: str) -> None:
    line, parts = commands()[name]
    if "--json-lines" not in line:
        line = f"{line} --json-lines"
    names = [f"tenant_{number}" for number in range(9)]
    made = fleet(tmp_path, " ".join(names), revisions=1)
    environment = os.environ | {"PATH": f"{programs(os.environ)}:{os.environ['PATH']}"}
    running = [
        subprocess.Popen(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment | part,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for part in parts
    ]
    seen: Counter[str] = Counter()
    for part in running:
        out, err = part.communicate(timeout=120)
        assert part.returncode == 0, err
        *rows, last = map(json.loads, out.splitlines())
        assert sum(last["data"]["summary"].values()) == len(rows)
        seen.update(row["name"] for row in rows)
    assert seen == Counter(names)
    assert all(made.tables(f"{one}.db") == ["t1"] for one in names)


def test_the_page_shows_the_line_of_kubernetes() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "databases.md").read_text()
    line, _ = commands()["kubernetes"]
    shard = re.search(r'--shard "[^"]+"', line)
    assert shard is not None and f"`{shard[0]}`" in page
