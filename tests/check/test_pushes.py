"""The shared branch by whatever name it is pushed to: a URL, a second remote, a review."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.hook_facts import HookReport
from lback.project.context import Context
from lback.project.githooks.pre_push import pre_push
from lback.project.options import Options
from lback.vcs.remotes import one_spelling
from tests.check.team import Team

NULL = "0" * 40


@pytest.fixture
def forked(published: Team) -> Team:
    """Return a clone whose commit has two heads above what is published."""
    published.add("c3", "a1")
    return published


def push(team: Team, ref: str, remote: str, url: str, old: str = NULL) -> HookReport:
    line = f"HEAD {team.git('rev-parse', 'HEAD')} {ref} {old}\n"
    return pre_push(Context(Options(directory=str(team.path))), [remote, url], line)


def test_by_a_url_or_a_second_remote(forked: Team, tmp_path: Path) -> None:
    origin = tmp_path / "work"
    (tmp_path / "link").symlink_to(origin)
    for url in (origin, f"file://{origin}/", f"{origin}/.git", "../work", tmp_path / "link"):
        for remote in (str(url), "ci"):
            assert push(forked, "refs/heads/main", remote, str(url)).stops, url
    forked.git("remote", "add", "ci", f"file://{origin}")
    assert push(forked, "refs/heads/main", "ci", f"file://{origin}").stops
    forked.git("config", "url.team:.insteadOf", f"file://{tmp_path}/")
    assert push(forked, "refs/heads/main", "team:work.git", "git@team:work.git").stops
    forked.git("config", "--unset", "url.team:.insteadOf")
    assert not push(forked, "refs/heads/other", str(origin), str(origin)).stops
    assert not push(forked, "refs/heads/main", "fork", str(tmp_path / "other")).stops


def test_a_merge_that_lies_staged_is_to_be_committed(forked: Team, tmp_path: Path) -> None:
    def hint() -> str:
        report = push(forked, "refs/heads/main", "origin", str(tmp_path / "work"))
        (finding,) = (each for each in report.findings if each.code == "LB101")
        return finding.hint

    assert "`lback resolve`" in hint()
    path = forked.revision("m", "b2", "c3").relative_to(forked.path)
    assert hint().startswith(f"`git add :/{path}` and commit")
    forked.git("add", "-A")
    assert hint() == f"`git commit`: {path} lies staged and closes the fork"


def test_a_commit_for_review_is_for_the_branch(forked: Team, tmp_path: Path) -> None:
    origin = str(tmp_path / "work")
    for ref in ("refs/for/main", "refs/for/main%topic=x,wip", "refs/for/refs/heads/main"):
        assert push(forked, ref, "origin", origin).stops, ref
    assert push(forked, "refs/for/main/topic", "origin", origin).stops
    assert not push(forked, "refs/for/other", "origin", origin).stops


def test_what_the_branch_would_be_after_the_review_counts(published: Team, tmp_path: Path) -> None:
    published.add("c3", "b2")
    ref, origin = "refs/for/main", str(tmp_path / "work")
    assert not push(published, ref, "origin", origin).findings
    there = Team(tmp_path / "work")
    there.git("checkout", "-q", "main")
    there.add("d4", "b2")
    published.git("fetch", "-q")
    report = push(published, ref, "origin", origin)
    assert [one.code for one in report.findings] == ["LB102"] and report.stops
    assert "git merge origin/main" in (report.findings[0].hint or "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("git@example.org:team/app.git", "https://example.org/team/app"),
        ("ssh://git@Example.org:22/team/app.git", "example.org:team/app/"),
        ("https://x-token:secret@example.org/team/app.git", "http://example.org/Team/App.git"),
        ("git://example.org/team/a%20b", "https://example.org:443/team/a b"),
        ("ssh://git@[::1]/app.git", "git@[::1]:app.git"),
    ],
)
def test_spellings_of_one_repository(one: str, other: str) -> None:
    assert one_spelling(one, Path("/")) == one_spelling(other, Path("/"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("git@example.org:team/app.git", "git@example.org:mine/app.git"),
        ("https://example.org/team/app", "https://example.com/team/app"),
        ("http://localhost:3000/app", "http://localhost:4000/app"),
        ("/srv/app.git", "https://example.org/srv/app.git"),
    ],
)
def test_other_repositories(one: str, other: str) -> None:
    assert one_spelling(one, Path("/")) != one_spelling(other, Path("/"))
