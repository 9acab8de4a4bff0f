"""Real pushes to a bare repository: main's settings as they were judge each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.team import Team, content
from tests.check.test_ready_to_use import Server
from tests.worlds.texts import VERSIONS

INI = "[alembic]\nscript_location = {}\n"


@pytest.fixture
def server(team: Team, tmp_path: Path) -> Server:
    team.write("pyproject.toml", '[tool.lback]\nignore = ["LB401"]\n')
    team.commit("Settings")
    team.git("branch", "mine")
    return Server(team.clone(tmp_path / "origin.git", "--bare"), tmp_path)


def fork(clone: Team) -> None:
    """Drop a table in a revision that opens a second head."""
    clone.write(f"{VERSIONS}/c3.py", content("c3", "a1", "op.drop_table('users')", "pass"))


@pytest.mark.parametrize("way", ["settings", "comments", "places", "all"])
def test_a_push_that_changes_the_rules(server: Server, way: str) -> None:
    clone = server.clone
    fork(clone)
    if way in ("settings", "all"):
        clone.write("pyproject.toml", '[tool.lback]\nselect = ["LB5"]\nignore = ["LB1", "LB112"]\n')
    if way in ("comments", "all"):
        clone.edit("c3", "import op", "import op  # lback: ignore[LB101,LB402] because")
    if way in ("places", "all"):
        for name in ("a1", "b2"):
            text = (clone.path / VERSIONS / f"{name}.py").read_text()
            clone.write(f"clean/versions/{name}.py", text)
        clone.write("alembic.ini", INI.format("clean"))
    clone.commit("Rules")
    status, said = server.push("HEAD:main")
    assert status != 0 and "LB101" in said and "LB112" in said, said
    assert "1 by settings (LB401)" in said
    assert ("`select` of [tool.lback]" in said) == (way in ("settings", "all"))
    assert ("1 by comments (LB402)" in said) == (way in ("comments", "all"))
    assert ("from migrations to clean" in said) == (way in ("places", "all"))


def test_settings_count_from_the_next_push_on(server: Server) -> None:
    clone = server.clone
    clone.write("pyproject.toml", '[tool.lback]\nheads = ["b2", "c3"]\n')
    clone.commit("Declare")
    status, said = server.push("HEAD:main")
    assert status == 0 and "`heads` of [tool.lback] from none to b2, c3" in said, said
    fork(clone)
    clone.commit("Second head")
    status, said = server.push("HEAD:main")
    assert status == 0 and "LB401" in said, said


def test_a_branch_is_not_deleted_to_be_pushed_anew(server: Server) -> None:
    clone = server.clone
    before = server.bare.git("rev-parse", "main")
    server.bare.git("config", "receive.denyDeleteCurrent", "ignore")
    status, said = server.push(":main")
    assert status != 0 and "a protected branch is not deleted by a push" in said, said
    assert server.bare.git("rev-parse", "main") == before
    clone.git("push", "-q", "origin", "HEAD:refs/heads/topic")
    assert server.push(":topic")[0] == 0


def test_the_name_of_a_branch_does_nothing_on_the_terminal(server: Server) -> None:
    server.bare.git("config", "lback.branches", "*")
    fork(server.clone)
    server.clone.commit("Fork")
    status, said = server.push("HEAD:refs/heads/a\u202e\u009b31m")
    assert status != 0 and "lback: a?????31m is not updated" in said, said


def test_several_refs_in_one_push(server: Server) -> None:
    """The settings that one of them brings do not help the other."""
    server.bare.git("config", "lback.branches", "main release/*")
    clone = server.clone
    clone.write("pyproject.toml", '[tool.lback]\nignore = ["LB1"]\n')
    clone.commit("Quiet")
    clone.git("branch", "quiet")
    fork(clone)
    clone.commit("Fork")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/topic")
    status, said = server.push("quiet:main", "HEAD:release/1")
    assert status != 0 and "release/1 is not updated" in said, said
    assert "main is not updated" not in said
    assert server.bare.git("rev-parse", "main") != clone.git("rev-parse", "quiet")
    status, said = server.push("quiet:main", "quiet:release/1")
    assert status == 0, said
    status, said = server.push("HEAD:release/1")
    assert status == 0, said  # what is there says so by now


def test_the_first_push(tmp_path: Path) -> None:
    first = Team(tmp_path / "first")
    first.path.mkdir()
    first.git("init", "-q", "-b", "main")
    first.write("alembic.ini", INI.format("migrations"))
    first.write("pyproject.toml", '[tool.lback]\nheads = ["b2", "c3"]\n')
    first.add("a1")
    first.add("b2", "a1")
    fork(first)
    first.commit("Apart by design")
    bare = Team(tmp_path / "empty.git")
    bare.path.mkdir()
    bare.git("init", "-q", "--bare", "-b", "main")
    first.git("remote", "add", "origin", str(bare.path))
    server = Server.__new__(Server)
    server.install(bare, tmp_path)
    server.clone = first
    status, said = server.push("main")
    assert status == 0, said
    first.write("pyproject.toml", "")
    first.add("d4", "b2")
    first.add("e5", "b2")
    status, said = server.push("main")
    assert status != 0 and "LB101" in said, said


def test_a_tag_named_like_the_protected_branch(server: Server) -> None:
    """git spells HEAD's branch in another way as soon as its name means two things."""
    fork(server.clone)
    server.clone.commit("Fork")
    server.clone.git("push", "-q", "origin", "HEAD:refs/tags/main")
    status, said = server.push("HEAD:refs/heads/main")
    assert status != 0 and "main is not updated" in said, said


def test_a_branch_named_like_the_commit_that_judges(server: Server) -> None:
    """A whole id is a commit; nobody's branch of that name brings the settings that count."""
    clone, before = server.clone, server.bare.git("rev-parse", "main")
    clone.write("pyproject.toml", '[tool.lback]\nignore = ["LB1", "LB112"]\n')
    fork(clone)
    clone.commit("Fork")
    clone.git("push", "-q", "origin", f"HEAD:refs/heads/{before}")
    status, said = server.push("HEAD:refs/heads/main")
    assert status != 0 and "LB101" in said and "LB112" in said, said
