"""What is shipped for CI and servers: it runs, and it says no where it should."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from junitparser import JUnitXml

from lback.comment import CommentPlace, Refused, main, publish
from lback.core.settings import read_settings
from tests.check.api import serving
from tests.check.schemas import shipped
from tests.check.team import Team
from tests.worlds.processes import programs
from tests.worlds.texts import VERSIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("action.yml", "github-actions.json"),
        ("examples/ci/github.yml", "github-workflows.json"),
        ("examples/ci/gitlab-ci.yml", "gitlab-ci.json"),
        ("examples/many/github.yml", "github-workflows.json"),
        ("examples/many/gitlab-ci.yml", "gitlab-ci.json"),
    ],
)
def test_files_fit_their_schemas(file: str, name: str) -> None:
    data = yaml.safe_load((ROOT / file).read_text())
    data = {("on" if key is True else key): value for key, value in data.items()}
    errors = [error.message for error in Draft7Validator(shipped(name)).iter_errors(data)]
    assert errors == []


def snippets() -> dict[str, Any]:
    """Return the pieces of YAML of docs/ci.md by the name in their first line."""
    page = (ROOT / "docs/ci.md").read_text()
    fences = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", page, re.M | re.S)
    return {name: yaml.safe_load(text) for name, text in fences}


def test_the_workflow_of_the_page_is_one(origin: Team, tmp_path: Path) -> None:
    """It fits GitHub's schema, names what the action has, and its own step runs."""
    declared = yaml.safe_load((ROOT / "action.yml").read_text())
    example = yaml.safe_load((ROOT / "examples/ci/github.yml").read_text())
    for workflow in (snippets()[".github/workflows/migrations.yml"], example):
        data = {("on" if key is True else key): value for key, value in workflow.items()}
        validator = Draft7Validator(shipped("github-workflows.json"))
        assert [error.message for error in validator.iter_errors(data)] == []
        checkout, lback, *more = workflow["jobs"]["check"]["steps"]
        assert checkout["with"] == {"fetch-depth": 0}
        assert set(lback["with"]) <= set(declared["inputs"])
        clone = origin.clone(tmp_path / str(len(more)), "--branch", "mine")
        done = action(clone, tmp_path, against="main", arguments=lback["with"]["arguments"])
        assert done.returncode == 1, done.stdout + done.stderr
    (after,) = snippets()[".github/workflows/migrations.yml"]["jobs"]["check"]["steps"][2:]
    found = outputs(tmp_path)
    given = {
        name: found[re.fullmatch(r"\$\{\{ steps\.lback\.outputs\.(\w+) \}\}", value)[1]]  # type: ignore[index]
        for name, value in after["env"].items()
    }
    said = subprocess.run(
        ["bash", "-e", "-c", after["run"]],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == 'findings, 1 findings, heads ["c3"]\n'


def test_jenkins(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    steps = re.findall(r"sh '(.*)'", (ROOT / "examples/ci/Jenkinsfile").read_text())
    environ = runner(tmp_path)
    environ["PATH"] = f"{tmp_path / 'runner' / 'lback' / 'bin'}:{os.environ['PATH']}"
    codes = [
        subprocess.run(
            ["sh", "-xe", "-c", one], cwd=clone.path, env=os.environ | environ, check=False
        ).returncode
        for one in steps
    ]
    assert codes == [0, 1]
    report = JUnitXml.fromfile(str(clone.path / "lback.xml"))
    assert report.failures == 1


def test_the_pull_requests_that_the_page_fetches(origin: Team, tmp_path: Path) -> None:
    origin.git("update-ref", "refs/pull/7/head", "mine")
    clone = origin.clone(tmp_path / "clone", "--branch", "main")
    page = (ROOT / "docs/ci.md").read_text()
    (fetch,) = re.findall(r"`(git fetch origin '\+refs/pull[^`]*)`", page)
    (pattern,) = re.findall(r"`--refs '([^']*)'`", page)
    clone.git(*shlex.split(fetch)[1:])
    clone.add("e5", "d4")
    assert clone.codes(siblings=True, refs=pattern, select="LB3") == ["LB302"]


def test_the_settings_of_the_page_are_understood() -> None:
    page = (ROOT / "docs/ci.md").read_text()
    (block,) = re.findall(r"^    (\[tool\.lback\]\n(?:    .+\n)+)", page, re.M)
    text = re.sub(r"^    ", "", block, flags=re.M)
    read = read_settings(
        pyproject=("/p.toml", f'{text}\n[tool.alembic]\nscript_location = "x"\n')
    ).lback
    assert read.warnings == ()
    assert read.severity == {"LB401": "error"}


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


STEPS = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]


def runner(tmp_path: Path, *, isolated: bool = False) -> dict[str, str]:
    """Return the variables of a runner that has installed lback; isolated is as pip installs it."""
    folder = tmp_path / "runner" / "lback" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    lback: str | Path = programs(os.environ) / "lback"
    if isolated:
        lback = f"{sys.executable} -I -c 'from lback.cli.main import main; main()'"
    for name, call in (("lback", lback), ("python", sys.executable)):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        program.chmod(0o755)
    return {
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }


def step(
    number: int, place: Path, environ: dict[str, str], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Run one step of the action as the runner does."""
    script = tmp_path / "step.sh"
    script.write_text(STEPS[number]["run"])
    wanted = set(STEPS[number]["env"])
    assert wanted <= environ.keys()
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=place,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_installs_what_it_was_released_with(tmp_path: Path) -> None:
    """By the step as it is, from an index that has the release and a newer one."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    released = version("lback-migrations")
    for number in (released, "99.0"):
        info = f"lback_migrations-{number}.dist-info"
        with zipfile.ZipFile(shelf / f"lback_migrations-{number}-py3-none-any.whl", "w") as wheel:
            wheel.writestr("lback/__init__.py", f"VERSION = {number!r}\n")
            about = f"Metadata-Version: 2.1\nName: lback-migrations\nVersion: {number}\n"
            wheel.writestr(f"{info}/METADATA", about)
            tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", tags)
            wheel.writestr(f"{info}/RECORD", "")
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    place = tmp_path / "a runner"
    environ = {
        "RUNNER_TEMP": str(place),
        "LBACK_VERSION": inputs["version"]["default"],
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(shelf),
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = step(0, tmp_path, environ, tmp_path)
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [place / "lback/bin/python", "-I", "-c", "import lback; print(lback.VERSION)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == released


def action(
    clone: Team, tmp_path: Path, *, isolated: bool = False, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run the check of the action, with lback at hand already."""
    environ = runner(tmp_path, isolated=isolated) | {
        "LBACK_AGAINST": inputs.get("against", ""),
        "LBACK_ARGUMENTS": inputs.get("arguments", ""),
    }
    return step(1, clone.path, environ, tmp_path)


def outputs(tmp_path: Path) -> dict[str, str]:
    """Return a step's outputs as the runner reads them: of two the later one counts."""
    lines = (tmp_path / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


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
        assert (
            "title=LB101 the graph has several heads" in done.stdout and "LB108" not in done.stdout
        )


def test_the_gitlab_job(origin: Team, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    with serving() as notes:
        notes.token = "secret"
        for _ in range(2):
            done = gitlab(
                job,
                clone,
                tmp_path,
                CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
                CI_MERGE_REQUEST_IID="7",
                CI_PROJECT_ID="group/shop",
                CI_API_V4_URL=f"{notes.url}/api/v4",
                LBACK_GITLAB_TOKEN="secret",
            )
            assert done.returncode == 1, done.stderr
    report = json.loads((clone.path / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [row["check_name"] for row in report] == ["LB102"]
    assert [row["body"].splitlines()[0] for row in notes.rows] == ["<!-- lback check -->"]
    assert [method for method, _ in notes.asked] == ["GET", "POST", "GET", "PUT"]
    path = "/api/v4/projects/group%2Fshop/merge_requests/7/notes"
    assert notes.asked[-1][1] == f"{path}/1"


def gitlab(
    job: dict[str, Any], clone: Team, tmp_path: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the job's script, except for the installation, as GitLab's runner does."""
    install, *script = job["script"]
    assert install.startswith("pip install")
    runner(tmp_path)
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(script)],
        cwd=clone.path,
        env=os.environ
        | {"PATH": f"{tmp_path / 'runner' / 'lback' / 'bin'}:{os.environ['PATH']}"}
        | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_gitlab_job_without_a_fresh_base_stops(origin: Team, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    done = gitlab(job, clone, tmp_path, CI_DEFAULT_BRANCH="gone")
    assert done.returncode not in (0, 1)
    assert not (clone.path / "lback.json").exists()


def test_the_gitlab_job_keeps_its_verdict_without_a_note(origin: Team, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    clone = origin.clone(tmp_path / "clone", "--branch", "main")
    done = gitlab(
        job, clone, tmp_path, CI_DEFAULT_BRANCH="main", CI_MERGE_REQUEST_IID="7",
        CI_PROJECT_ID="1", CI_API_V4_URL="http://127.0.0.1:9", LBACK_GITLAB_TOKEN="secret",
    )  # fmt: skip
    assert done.returncode == 0
    assert "the note could not be written" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_versions_are_those_of_this_release() -> None:
    released = version("lback-migrations")
    pinned = f"lback-migrations=={released}"
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    assert inputs["version"]["default"] == pinned
    gitlab_job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    assert gitlab_job["script"][0] == f'pip install --quiet "{pinned}"'
    workflow = (ROOT / "examples/ci/github.yml").read_text()
    assert re.findall(r"uses: lback/lback@(\S+)", workflow) == [f"v{released}"]
    page = (ROOT / "docs/ci.md").read_text()
    assert set(re.findall(r"(?:lback@|rev: )v(\S+)", page)) == {released}


def test_the_action_says_what_it_found_to_later_steps(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    declared = yaml.safe_load((ROOT / "action.yml").read_text())["outputs"]
    assert {one["value"] for one in declared.values()} == {
        f"${{{{ steps.{STEPS[1]['id']}.outputs.{name} }}}}" for name in declared
    }
    action(clone, tmp_path, against="main")
    assert outputs(tmp_path) == {"status": "findings", "findings": "1", "heads": '["c3"]'}
    clone.git("merge", "-q", "--no-edit", "origin/main")
    clone.edit("c3", "'b2'", "'d4'")
    clone.commit()
    action(clone, tmp_path, against="main")
    assert outputs(tmp_path) == {"status": "ok", "findings": "0", "heads": '["c3"]'}
    action(clone, tmp_path, arguments="--no-such-option")
    assert outputs(tmp_path)["status"] == "error"


@pytest.mark.parametrize(
    "arguments",
    [
        "--select LB1 --baseline 'old sins.json'",
        "--select\nLB1\n--baseline\nold sins.json",
        "--select LB1\n\n  --baseline 'old sins.json'\n",
        "--select=LB1\n'--baseline=old sins.json'",
    ],
)
def test_arguments_with_spaces_and_on_several_lines(
    origin: Team, tmp_path: Path, arguments: str
) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    clone.check(
        against="origin/main",
        baseline=str(clone.path / "old sins.json"),
        write_baseline=True,
    )
    done = action(clone, tmp_path, against="main", arguments=arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_arguments_are_no_shell(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    for text in ("$(touch ran)", "`touch ran`", "--select LB1; touch ran", "'"):
        done = action(clone, tmp_path, against="main", arguments=text)
        assert done.returncode == 2
        assert done.stdout.startswith("::error title=lback check::")
        assert not (clone.path / "ran").exists()
    # Nothing is run of what the tree has, either.
    for name in ("os.py", "shlex.py", "sys.py", "lback.py"):
        clone.write(name, "open('ran', 'w')\n")
    done = action(clone, tmp_path, isolated=True, against="main", arguments="--select LB1")
    assert done.returncode == 1
    assert not (clone.path / "ran").exists()


@pytest.mark.parametrize("against", ["gone", "main"])
def test_a_failed_fetch_is_said_and_nothing_old_is_taken(
    origin: Team, tmp_path: Path, against: str
) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    clone.git("branch", "gone", "HEAD")
    clone.git("branch", "main", "HEAD")
    if against == "main":
        clone.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    done = action(clone, tmp_path, against=against)
    assert done.returncode == 3
    assert done.stdout.startswith("::error title=lback check::The base branch could not be fetched")
    assert outputs(tmp_path) == {"status": "error"}
    assert not (tmp_path / "summary.md").exists()


def test_the_base_may_be_written_as_git_does(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    for name in ("main", "origin/main", "refs/heads/main", "refs/remotes/origin/main"):
        done = action(clone, tmp_path, against=name, arguments="--select LB1")
        assert (done.returncode, "LB102" in done.stdout) == (1, True), name
    # A branch that is really called so is the one that is meant.
    origin.git("branch", "origin/main", "mine")
    assert action(clone, tmp_path, against="origin/main").returncode == 0


def test_one_comment_is_posted_and_then_updated(origin: Team, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    with serving() as comments:
        comments.token = "Bearer secret"
        comments.rows = [
            {"id": at, "body": "talk", "user": {"type": "User"}} for at in range(1, 151)
        ]
        comments.rows[3]["body"] = "<!-- lback check -->\nnot ours"
        environ = runner(tmp_path) | {
            "GITHUB_TOKEN": "secret",
            "GITHUB_API_URL": comments.url,
            "GITHUB_REPOSITORY": "shop/shop",
            "LBACK_PULL_REQUEST": "7",
        }
        comments.rows.append({"id": 151, "body": "<!-- lback check -->", "user": {"type": "Bot"}})
        for number, select in enumerate(("LB1", "LB4")):
            action(clone, tmp_path, against="main", arguments=f"--select {select}")
            done = step(2, clone.path, environ, tmp_path)
            assert done.returncode == 0, done.stderr
            assert done.stdout == "lback: updated the comment\n"
            assert ("LB102" in comments.rows[150]["body"]) is (number == 0)
        assert len(comments.rows) == 151
        assert comments.asked[-1] == ("PATCH", "/repos/shop/shop/issues/comments/151")
        del comments.rows[:]
        assert step(2, clone.path, environ, tmp_path).stdout == "lback: posted a comment\n"
        assert comments.asked[-1] == ("POST", "/repos/shop/shop/issues/7/comments")
        # Nothing of the tree is imported beside the token.
        clone.write("json.py", "open('ran', 'w')\n")
        clone.write("lback/comment.py", "open('ran', 'w')\n")
        step(2, clone.path, environ, tmp_path)
        assert not (clone.path / "ran").exists()
        # A token that may only read, as that of a fork: said, and the check's verdict stands.
        comments.refuses = True
        done = step(2, clone.path, environ, tmp_path)
        assert done.returncode == 0
        assert "::warning title=lback check::" in done.stdout
        assert "403" in done.stderr and "secret" not in done.stdout + done.stderr


def test_a_comment_that_looks_like_ours_is_no_reason_to_be_silent() -> None:
    with serving() as notes:
        place = CommentPlace(notes.url, notes.url, {"PRIVATE-TOKEN": ""}, "PUT")
        row = {"id": 1, "body": "<!-- lback check -->\nall is well", "author": {"username": "eve"}}
        notes.rows = [row]
        notes.locked = {1}
        assert publish(place, "x") == "posted a comment"
        assert publish(place, "y") == "updated the comment"
        bodies = [row["body"].splitlines()[-1] for row in notes.rows]
        assert bodies == ["all is well", "y"]


WRONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]"
ODD_ANSWERS = [b"nonsense\r\n\r\n", WRONG, WRONG.replace(b"100", b"2").replace(b"[]", b"[1")]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_an_odd_answer_is_one_line(
    answer: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def once() -> None:
            connection = server.accept()[0]
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        (tmp_path / "page.md").write_text("x")
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert main(["gitlab", str(tmp_path / "page.md")], GITLAB | {"CI_API_V4_URL": url}) == 3
        thread.join()
    assert capsys.readouterr().err.startswith("lback: no comment: GET failed: ")


GITLAB = {
    "CI_API_V4_URL": "http://127.0.0.1:9",
    "CI_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_IID": "7",
    "LBACK_GITLAB_TOKEN": "secret",
}


@pytest.mark.parametrize(
    "odd",
    [
        {"LBACK_GITLAB_TOKEN": "sec\nret"},
        {"LBACK_GITLAB_TOKEN": "sec ret"},
        {"LBACK_GITLAB_TOKEN": " "},
        {"LBACK_GITLAB_TOKEN": "sécret…"},
        {"CI_API_V4_URL": "http://a b/"},
        {"CI_API_V4_URL": "http://[/"},
        {"CI_API_V4_URL": "file:///etc/passwd"},
        {"CI_MERGE_REQUEST_IID": "../7"},
    ],
    ids=repr,
)
def test_an_odd_variable_is_one_line_without_the_token(
    odd: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text("x")
    assert main(["gitlab", str(tmp_path / "page.md")], GITLAB | odd) == 3
    err = capsys.readouterr().err
    assert err.startswith("lback: no comment: ") and err.count("\n") == 1
    assert "sec" not in err and "ret" not in err


def test_a_token_with_the_end_of_its_line_is_that_token(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(b"\xff")
    assert main(["gitlab", str(tmp_path / "page.md")], GITLAB) == 3
    (tmp_path / "page.md").write_text("x")
    with serving() as notes:
        notes.token = "secret"
        odd = {"CI_API_V4_URL": notes.url, "LBACK_GITLAB_TOKEN": "secret\n"}
        assert main(["gitlab", str(tmp_path / "page.md")], GITLAB | odd) == 0


def test_a_check_that_could_not_run_is_said_in_the_comment(origin: Team, tmp_path: Path) -> None:
    """An older comment, of this step or of another one, does not go on saying that all is well."""
    clone = origin.clone(tmp_path / "clone", "--branch", "mine")
    page = tmp_path / "runner" / "lback-check.md"
    for inputs in ({"against": "gone"}, {"arguments": "'"}, {"arguments": "--no-such-option"}):
        runner(tmp_path)
        page.write_text("all is well")
        done = action(clone, tmp_path, **inputs)
        assert done.returncode in (2, 3)
        assert "Traceback" not in done.stdout + done.stderr
        assert page.read_text().startswith("<!-- lback check -->\n### Migrations: nothing is known")


def test_the_gitlab_job_of_a_fork_asks_the_project_it_goes_to(origin: Team, tmp_path: Path) -> None:
    """The base of the fork is as old as the fork; and the number is that of the other's request."""
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["migrations"]
    fork = origin.clone(tmp_path / "fork.git", "--bare")
    fork.git("update-ref", "refs/heads/main", fork.git("merge-base", "main", "mine").strip())
    clone = fork.clone(tmp_path / "clone", "--branch", "mine")
    with serving() as notes:
        notes.token = "secret"
        done = gitlab(
            job,
            clone,
            tmp_path,
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
            CI_MERGE_REQUEST_IID="7",
            CI_PROJECT_ID="2",
            CI_MERGE_REQUEST_PROJECT_ID="1",
            CI_MERGE_REQUEST_PROJECT_URL=str(origin.path).removesuffix(".git"),
            CI_API_V4_URL=notes.url,
            LBACK_GITLAB_TOKEN="secret",
        )
    assert done.returncode == 1, done.stderr
    assert {path.partition("?")[0] for _, path in notes.asked} == {
        "/projects/1/merge_requests/7/notes"
    }


def test_a_long_report_fits_a_comment() -> None:
    rows = "\n".join(f"line {number}" for number in range(20_000))
    with serving() as comments:
        place = CommentPlace(comments.url, comments.url, {"PRIVATE-TOKEN": ""}, "PUT")
        publish(place, f"<!-- lback check -->\n```\n{rows}\n```\n")
        (row,) = comments.rows
        assert len(row["body"]) < 65_000
        assert row["body"].endswith("```\n\n… the rest is in the job's log.")
        publish(place, "/merge\n/close")
        assert row["body"] == "<!-- lback check -->\n&#47;merge\n&#47;close"


def test_a_redirect_does_not_get_the_token() -> None:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", other.url)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    with serving() as other, pytest.raises(Refused, match="302"):
        publish(CommentPlace(url, url, {"PRIVATE-TOKEN": "secret"}, "PUT"), "x")
    server.shutdown()
    server.server_close()
    thread.join()
    assert other.asked == []


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
        self.install(origin, place)
        self.clone = origin.clone(place / "pusher", "--branch", "mine")

    def install(self, origin: Team, place: Path) -> None:
        self.bare = origin
        hook = origin.path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "hooks" / "pre-receive", hook)
        origin.git("config", "lback.python", str(programs(os.environ) / "python"))

    def push(self, *refs: str) -> tuple[int, str]:
        options = [ref for ref in refs if ref.startswith("-")]
        done = subprocess.run(
            ("git", "push", "--atomic", *options, "origin", *(set(refs) - set(options))),
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


def test_the_server_guards_the_branches_that_it_is_told(origin: Team, tmp_path: Path) -> None:
    server = Server(origin, tmp_path)
    origin.git("config", "lback.branches", "main release/*")
    server.clone.git("merge", "-q", "--no-edit", "origin/main")
    for branch, taken in (("main", False), ("release/1", False), ("topic", True)):
        status, said = server.push(f"HEAD:refs/heads/{branch}")
        assert (status == 0) is taken, said
    origin.git("config", "lback.arguments", "--ignore LB101 --fail-on error")
    assert server.push("HEAD:refs/heads/release/1")[0] == 0
    origin.git("config", "lback.arguments", "--config services/shop/alembic.ini")
    status, said = server.push("HEAD:refs/heads/release/2")
    assert status != 0 and "--config" in said, said
