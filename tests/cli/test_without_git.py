"""A machine without git, a repository that git may not read: what needs no git works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.lines import Ended, Theatre, in_process
from tests.cli.places import commit, git, migrated, plain
from tests.reports import report_of
from tests.worlds import databases

_PLACES = {"plain": plain, "migrated": migrated}
_OWNER = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
_MISSING = {
    "no program": ({"PATH": "/nowhere"}, "git was not found", "Install git"),
    "another owner": (_OWNER, "dubious ownership", "git config --global --add safe.directory "),
    "a work tree alone": ({}, "not a git repository: ", "git status"),
}
_WORKS = (
    "heads", "heads --json", "graph", "show c3", "status", "status --json", "migrate", "history",
    "history users", "blame users", "makemigrations more --empty", "merge", "resolve", "switch",
    "rollback --steps 1 --strategy downgrade --yes", "migrate --plan", "alembic current",
)  # fmt: skip
_NEEDS_GIT = (
    "radar", "hooks install", "hooks status", "rebase", "switch main", "heads --at main",
    "graph --at HEAD", "history --at main",
)  # fmt: skip


def ended(stage: Path, line: str) -> Ended:
    return in_process(stage, line.split())


@pytest.fixture(params=_MISSING)
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str, str]:
    """Return a project in a repository that git cannot tell of, why, and the way to mend that."""
    place = Theatre(tmp_path, _PLACES).stage("migrated")
    variables, why, mend = _MISSING[request.param]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if not variables:  # as an image has it that a linked work tree was copied into
        shutil.rmtree(place / ".git")
        (place / ".git").write_text("gitdir: /nowhere/at/all\n")
    return place, why, mend


def test_what_needs_no_git_works_and_says_once_what_is_missing(
    stage: tuple[Path, str, str],
) -> None:
    place, why, mend = stage
    for line in _WORKS:
        done = ended(place, line)
        assert done.status == 0, (line, done)
        told = [one for one in done.err.splitlines() if why in one]
        assert len(told) == 1 and mend in told[0], (line, done)
    assert "by whom is not known" in ended(place, "heads").out


def test_what_needs_git_says_so(stage: tuple[Path, str, str]) -> None:
    place, why, mend = stage
    for line in _NEEDS_GIT:
        done = ended(place, line)
        assert done.status == 3, (line, done)
        assert done.err.count(why) == 1 and mend in done.err, (line, done)
    for line in ("check", "check --against main", "check --siblings"):
        done = ended(place, line)
        assert (done.status, done.out.count("LB108")) == (1, 1), (line, done)
        assert why in done.out and mend in done.out
    assert "(hook skipped)" in ended(place, "hook pre-commit").err


def test_whether_a_revision_is_published_is_not_guessed(stage: tuple[Path, str, str]) -> None:
    place, why, _ = stage
    report = report_of(ended(place, "rollback carts --json").out)
    assert (report["status"], report["data"]["strategy"]) == ("refused", "refused")
    assert why in report["error"]["message"] and "--strategy" in report["error"]["hint"]


def test_the_doctor_looks_at_all_the_rest(stage: tuple[Path, str, str]) -> None:
    place, why, _ = stage
    done = ended(place, "doctor")
    assert done.status == 0 and why in done.out and "database" in done.out
    assert done.err == ""


def test_files_without_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Theatre(tmp_path, _PLACES).stage("plain")
    monkeypatch.setenv("PATH", "/nowhere")
    for line in ("migrate", "status", "heads", "check", "rollback orders --yes"):
        done = ended(place, line)
        assert done.status == 0, (line, done)
        assert done.err.count("git was not found") == (line != "check"), (line, done)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    place = Theatre(tmp_path, _PLACES).stage("migrated")
    shutil.rmtree(place / ".git/lback", ignore_errors=True)
    (place / ".git/lback").write_text("in the way")
    for line in _WORKS:
        done = ended(place, line)
        assert done.status == 0, (line, done)
    (place / "app.db").unlink()
    assert "cannot be written" not in ended(place, "migrate").err  # the record is enough


def test_a_step_that_is_noted_nowhere_is_said_to_be(tmp_path: Path) -> None:
    """A database that rolls nothing back and has no record leaves git's folder alone."""
    place = Theatre(tmp_path, _PLACES).stage("migrated")
    shutil.rmtree(place / ".git/lback", ignore_errors=True)
    (place / ".git/lback").write_text("in the way")
    env = place / "migrations/env.py"
    pool = "poolclass=pool.NullPool"
    env.write_text(env.read_text().replace(pool, f'{pool}, isolation_level="AUTOCOMMIT"'))
    (place / "app.db").unlink()
    databases.query(f"sqlite:///{place}/app.db", "CREATE TABLE lback_ledger (x INTEGER)")
    said = ended(place, "migrate")
    assert said.status == 0 and "not recorded" in said.err, said
    assert said.err.count("cannot be written") == 1, said
    assert databases.tables(f"sqlite:///{place}/app.db") == {"users", "orders", "carts"}


def test_a_link_to_anywhere_does_not_stop_a_bare_repository(tmp_path: Path) -> None:
    place = Theatre(tmp_path, _PLACES).stage("migrated")
    (place / "pyproject.toml").symlink_to("/nowhere/pyproject.toml")
    (place / "migrations/versions/other.py").symlink_to("/nowhere/other.py")
    (place / "etc").symlink_to("/etc")
    commit(place, "Links")
    git(place, "clone", "-q", "--bare", ".", "../bare.git")
    for line in ("heads --at HEAD", "heads --at topic", "graph --at main", "history --at topic"):
        done = ended(place.parent / "bare.git", line)
        assert done.status == 0 and "2" in done.out, (line, done)


def test_a_bare_repository_is_read_at_its_head(tmp_path: Path) -> None:
    place = Theatre(tmp_path, _PLACES).stage("migrated")
    git(place, "clone", "-q", "--bare", ".", "../bare.git")
    bare = place.parent / "bare.git"
    lines = ("heads", "graph", "show b2", "history", "history users", "blame users",
             "graph --schema", "check")  # fmt: skip
    for line in lines:
        done = ended(bare, line)
        assert (done.status, done.out) == (0, ended(bare, f"{line} --at HEAD").out), (line, done)
    located = ended(bare, "heads --script-location migrations --json")
    assert report_of(located.out)["data"]["at"] == "HEAD"
    for line in ("status", "migrate", "radar", "merge", "makemigrations x", "init"):
        done = ended(bare, line)
        assert done.status == 3 and "is bare" in done.err, (line, done)
        assert f"`git clone {bare} work`" in done.err, (line, done)
    assert not (bare / "manage.py").exists()
