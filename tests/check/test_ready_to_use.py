"""What is shipped for CI and servers: it runs, and it says no where it should."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.check.schemas import shipped
from tests.check.team import VERSIONS, Team

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("action.yml", "github-actions.json"),
        ("examples/ci/github.yml", "github-workflows.json"),
        ("examples/ci/gitlab-ci.yml", "gitlab-ci.json"),
    ],
)
def test_files_fit_their_schemas(file: str, name: str) -> None:
    data = yaml.safe_load((ROOT / file).read_text())
    data = {("on" if key is True else key): value for key, value in data.items()}
    errors = [error.message for error in Draft7Validator(shipped(name)).iter_errors(data)]
    assert errors == []


@pytest.fixture
def origin(team: Team, tmp_path: Path) -> Team:
    """Return a bare repository where `mine` forks from `main` as soon as both are merged."""
    team.branch("mine")
    for number in range(4):
        team.write("README", str(number))
        team.commit()
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    for number in range(4):
        team.write("README", str(number))
        team.commit()
    team.add("d4", "b2")
    return team.clone(tmp_path / "origin.git", "--bare")


def action(clone: Team, tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the second step of the action as the runner does, with lback at hand already."""
    step = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][1]
    binary = tmp_path / "runner" / "lback" / "bin" / "lback"
    binary.parent.mkdir(parents=True, exist_ok=True)
    binary.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m lback "$@"\n')
    binary.chmod(0o755)
    script = tmp_path / "step.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=clone.path,
        env=os.environ
        | {
            "RUNNER_TEMP": str(tmp_path / "runner"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "LBACK_AGAINST": inputs.get("against", ""),
            "LBACK_ARGUMENTS": inputs.get("arguments", ""),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("depth", [(), ("--depth", "1")], ids=["full", "shallow"])
@pytest.mark.parametrize("against", ["main", ""])
def test_the_action(origin: Team, tmp_path: Path, depth: tuple[str, ...], against: str) -> None:
    clone = origin.clone(tmp_path / "clone", *depth, "--branch", "mine")
    done = action(clone, tmp_path, against=against, arguments="--siblings --select LB1")
    assert done.returncode == 1, done.stderr
    first = done.stdout.split("\n")[0]
    assert first.startswith(f"::error file={VERSIONS}/c3.py,line="), done.stdout + done.stderr
    assert "LB102" in first
    assert "LB108" not in done.stdout
    assert "```mermaid" in (tmp_path / "summary.md").read_text()


def test_the_action_in_a_merge_queue(origin: Team, tmp_path: Path) -> None:
    """The second one of a group is checked with the first one merged, squashed or not."""
    queue = origin.clone(tmp_path / "queue", "--branch", "main")
    queue.git("checkout", "-q", "-b", "gh-readonly-queue/main/pr-2", "origin/main")
    queue.git("merge", "-q", "--squash", "origin/mine")
    queue.commit("Second of the group")
    queue.git("push", "-q", "origin", "HEAD")
    for depth in ((), ("--depth", "1")):
        clone = origin.clone(
            tmp_path / f"clone{len(depth)}", *depth, "--branch", "gh-readonly-queue/main/pr-2"
        )
        done = action(clone, tmp_path, against="refs/heads/main", arguments="--select LB1,LB2")
        assert done.returncode == 1, done.stderr
        assert "title=LB101 several heads" in done.stdout and "LB108" not in done.stdout


def test_the_gitlab_job(origin: Team, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    install, *script = job["script"]
    assert install.startswith("pip install")
    action(origin.clone(tmp_path / "other"), tmp_path)  # makes the command
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(script)],
        cwd=clone.path,
        env=os.environ
        | {
            "PATH": f"{tmp_path / 'runner' / 'lback' / 'bin'}:{os.environ['PATH']}",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads((clone.path / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [row["check_name"] for row in report] == ["LB102"]


def test_the_action_lets_a_good_branch_pass(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    clone.git("merge", "-q", "--no-edit", "origin/main")
    clone.edit("c3", "'b2'", "'d4'")
    clone.commit()
    assert action(clone, tmp_path, against="main").returncode == 0


def test_deepen_fetches_no_more_than_it_takes(team: Team, tmp_path: Path) -> None:
    for number in range(200):
        team.git("commit", "-q", "--allow-empty", "-m", str(number))
    team.branch("mine")
    team.add("c3", "b2")
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    clone = team.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    assert clone.codes() == ["LB108"]
    assert clone.codes(deepen=True) == ["LB102"]
    assert (clone.path / ".git" / "shallow").exists()
    assert int(clone.git("rev-list", "--count", "HEAD")) < 150


class Server:
    """A bare repository with the hook, and somebody who pushes to it."""

    def __init__(self, origin: Team, place: Path) -> None:
        self.bare = origin
        hook = origin.path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "hooks" / "pre-receive", hook)
        python = place / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
        python.chmod(0o755)
        origin.git("config", "lback.python", str(python))
        self.clone = origin.clone(place / "pusher", "--branch", "mine")

    def push(self, ref: str, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            ("git", "push", *options, "origin", ref),
            cwd=self.clone.path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr


def test_the_server_refuses_a_fork_and_takes_the_fixed_one(origin: Team, tmp_path: Path) -> None:
    server = Server(origin, tmp_path)
    clone = server.clone
    clone.git("merge", "-q", "--no-edit", "origin/main")
    before = origin.git("rev-parse", "main")
    status, said = server.push("HEAD:main")
    assert status != 0 and "LB101" in said and "main is not updated" in said, said
    assert origin.git("rev-parse", "main") == before
    assert server.push("HEAD:refs/heads/topic")[0] == 0  # only the shared branch is guarded
    clone.edit("c3", "'b2'", "'d4'")
    clone.commit("Fixed")
    status, said = server.push("HEAD:main")
    assert status == 0, said
    assert origin.git("rev-parse", "main") == clone.git("rev-parse", "HEAD")


def test_the_server_refuses_an_edit_of_what_is_published(origin: Team, tmp_path: Path) -> None:
    server = Server(origin, tmp_path)
    server.clone.git("checkout", "-q", "-B", "main", "origin/main")
    server.clone.edit("b2", "sa.Integer", "sa.BigInteger")
    server.clone.commit()
    status, said = server.push("HEAD:main")
    assert status != 0 and "LB201" in said, said


def test_the_server_refuses_a_forced_push_that_loses_revisions(
    origin: Team, tmp_path: Path
) -> None:
    server = Server(origin, tmp_path)
    status, said = server.push("+HEAD~1:main", "--force")
    assert status != 0 and "LB202" in said, said
    server.clone.git("checkout", "-q", "-B", "main", "origin/main")
    server.clone.git("commit", "-q", "--amend", "-m", "Other words")
    status, said = server.push("+HEAD:main", "--force")
    assert status == 0, said


def test_the_server_fails_closed(origin: Team, tmp_path: Path) -> None:
    server = Server(origin, tmp_path)
    origin.git("config", "lback.python", "/nowhere/python")
    server.clone.git("checkout", "-q", "-B", "main", "origin/main")
    server.clone.add("e5", "d4")
    assert server.push("HEAD:main")[0] != 0
