"""Which findings count: choice, severity, reasons in the file, the baseline."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lback.core.checks.silencing import Comment, comments_in
from lback.errors import LbackError, UsageError
from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS


@pytest.fixture
def dropping(team: Team) -> Team:
    team.branch("mine")
    text = content("c3", "b2", "op.drop_table('users')", "pass")
    team.write(f"{VERSIONS}/c3.py", text)
    team.commit()
    return team


def test_selection(dropping: Team) -> None:
    assert dropping.codes(against="main") == ["LB401", "LB402"]
    assert dropping.codes(against="main", select="lb402") == ["LB402"]
    assert dropping.codes(against="main", ignore=("LB401,LB402",)) == []
    assert dropping.codes(against="main", select="LB4", ignore="LB401") == ["LB402"]
    with pytest.raises(UsageError, match="LB999"):
        dropping.codes(against="main", select="LB999")


def test_fail_on(dropping: Team) -> None:
    status = {fail: dropping.check(against="main", fail_on=fail).exit_code
              for fail in ("error", "warning", "never")}  # fmt: skip
    assert status == {"error": 0, "warning": 1, "never": 0}


def test_configuration(dropping: Team) -> None:
    settings = '[tool.lback]\nignore = ["LB401"]\nseverity = { LB402 = "error" }\n'
    dropping.git("checkout", "-q", "main")
    dropping.write("pyproject.toml", settings)
    dropping.commit()
    dropping.git("checkout", "-q", "mine")
    result = dropping.check(against="main")
    assert [(one.code, one.severity) for one in result.findings] == [("LB402", "error")]
    assert result.exit_code == 1
    dropping.write("pyproject.toml", '[tool.lback]\nseverity = { LB402 = "fatal" }\n')
    with pytest.raises(UsageError, match="fatal"):
        dropping.check()


def test_a_reason_silences_one_code_in_one_file(dropping: Team) -> None:
    dropping.edit("c3", "import op", "import op  # lback: ignore[LB402] emptied last week")
    dropping.commit()
    result = dropping.check(against="main")
    assert [one.code for one in result.findings] == ["LB401", "LB112"]
    [(one, by, reason)] = result.left_out_findings
    assert (one.code, by, reason) == ("LB402", "comments", "emptied last week")


def test_a_comment_without_a_reason_silences_nothing(dropping: Team) -> None:
    dropping.edit("c3", "import op", "import op  # lback: ignore[LB402]")
    dropping.commit()
    found = dropping.check(against="main").findings
    assert [one.code for one in found] == ["LB401", "LB402", "LB112"]
    assert "needs a reason" in found[1].hint


def test_how_comments_are_read() -> None:
    text = b"x = 1  #lback: ignore[LB201, lb402]  old\r\n# lback: ignore[LB1]\n"
    assert comments_in(text) == (
        Comment("LB201", "old", 1),
        Comment("LB402", "old", 1),
        Comment("LB1", "", 2),
    )


def test_a_baseline_keeps_old_findings_quiet(dropping: Team, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    with pytest.raises(UsageError, match="There is no baseline"):
        dropping.check(against="main", baseline=str(file))
    dropping.check(against="main", baseline=str(file), write_baseline=True)
    before = file.read_bytes()
    result = dropping.check(against="main", baseline=str(file))
    assert (list(result.findings), result.data["left_out"]["baseline"]) == ([], 2)
    dropping.edit("c3", "from alembic", "\n\nfrom alembic")  # lines move, the sins stay the same
    dropping.write(f"{VERSIONS}/d4.py", content("d4", "c3", "op.drop_table('orders')", "op.x()"))
    dropping.commit()
    assert "LB402" in dropping.codes(against="main", baseline=str(file))
    file.write_text("{}")
    with pytest.raises(UsageError, match="not a baseline"):
        dropping.check(against="main", baseline=str(file))
    file.write_bytes(before)


def test_a_string_silences_nothing(dropping: Team) -> None:
    """Whoever greps for exceptions reads comments; a text of the migration is data."""
    said = "# lback: ignore[LB401,LB402] because"
    dropping.edit("c3", "from alembic", f'"""c3\n{said}\n"""\nX = f"{said} {{1}}"\nfrom alembic')
    result = dropping.check(against="main")
    assert [one.code for one in result.findings] == ["LB303", "LB401", "LB402"]
    assert result.left_out_findings == ()


def test_comments_of_a_file_that_ends_in_the_middle() -> None:
    said = b"\xef\xbb\xbfx = 1  # noqa  # lback: ignore[LB106] old\r\ny = (\n<<<<<<< HEAD\n"
    assert comments_in(said) == (Comment("LB106", "old", 1),)
    text = rb'''"\"# lback: ignore[A] no" '# lback: ignore[B] no\
# lback: ignore[C] no' """ " \""" # lback: ignore[D] no
""" """""" "" # lback: ignore[E] yes
x = "# lback: ignore[F] no
# lback: ignore[G] yes'''
    assert [one[::2] for one in comments_in(text)] == [("E", 3), ("G", 5)]
    assert [one.line for one in comments_in(said.replace(b"\n", b"\r") + said)] == [1, 5]


def test_a_baseline_replaces_nothing_but_a_file(dropping: Team, tmp_path: Path) -> None:
    """A device, a pipe, a folder and a link stay what they are, read or written."""
    target = tmp_path / "target"
    target.write_text("mine")
    links = {"link": target, "dangling": tmp_path / "no", "device": Path("/dev/null")}
    for name, other in links.items():
        (tmp_path / name).symlink_to(other)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    places = [tmp_path / name for name in ("link", "dangling", "device", "folder", "pipe")]
    for place in (*places, Path("/dev/null"), Path("/dev/zero")):
        before = place.lstat()
        with pytest.raises(UsageError, match=r"is a link|not a plain file"):
            dropping.check(against="main", baseline=str(place), write_baseline=True)
        if place.name != "link":
            with pytest.raises(UsageError, match="not a plain file"):
                dropping.check(against="main", baseline=str(place))
        assert (place.lstat().st_mode, place.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert target.read_text() == "mine"
    with pytest.raises(LbackError, match="cannot be written"):
        dropping.check(against="main", baseline=str(target / "x"), write_baseline=True)
