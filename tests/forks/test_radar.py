"""`lback radar`: other branches by real git."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from typing import Any

from lback.cli.commands.radar import age
from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import adds, creates


def answer(shop: Shop, *arguments: str) -> dict[str, Any]:
    said = shop.lback("radar", "--json", *arguments)
    data: dict[str, Any] = report_of(said[said.index("{") :])["data"]
    return data


def branch(shop: Shop, name: str, *revisions: tuple[str, tuple[str, ...], tuple[str, str]]) -> None:
    """Commit revisions on a branch of their own and go back to main."""
    shop.git("switch", "-q", "-c", name, "main")
    for revision, parents, body in revisions:
        shop.local(revision, parents, *body)
    shop.git("switch", "-q", "main")


def test_alone_there_is_nothing_to_see(shop: Shop) -> None:
    assert answer(shop)["branches"] == []
    assert "none adds a revision" in shop.lback("radar")


def test_a_branch_that_only_goes_on_from_mine_does_not_fork(shop: Shop) -> None:
    branch(shop, "next", ("b", ("s1",), creates("coupons")))
    (row,) = answer(shop)["branches"]
    assert row["branch"] == "next"
    assert row["forks"] is False
    assert [one["revision"] for one in row["revisions"]] == ["b"]
    assert row["commit"]["author"] == "Grace"


def test_forks_and_overlaps_are_told_apart_and_sorted(shop: Shop) -> None:
    branch(shop, "calm", ("b", ("s1",), creates("coupons")))
    branch(shop, "clash", ("c", ("s1",), adds("users", "nick")), ("d", ("c",), creates("tags")))
    shop.git("branch", "-q", "old", "main")
    shop.local("a", ("s1",), *adds("users", "nick"))
    data = answer(shop)
    assert [row["branch"] for row in data["branches"]] == ["clash", "calm"]
    clash, calm = data["branches"]
    assert clash["forks"] and calm["forks"]
    assert calm["overlaps"] == []
    assert clash["heads"] == ["a", "d"]
    (overlap,) = clash["overlaps"]
    assert overlap["verdict"] == "conflict"
    assert {overlap["left"]["revision"], overlap["right"]["revision"]} == {"a", "c"}
    told = shop.lback("radar")
    assert "overlaps  1  clash" in told
    assert "forks     1  calm" in told
    assert "conflict: " in told


def test_lanes_beside_mine(shop: Shop) -> None:
    now = int(time.time())
    shop.env["GIT_COMMITTER_DATE"] = f"{now - 60} +0000"
    branch(shop, "calm", ("b", ("s1",), creates("coupons")))
    shop.env["GIT_COMMITTER_DATE"] = f"{now} +0000"  # the newest comes first
    tags = [(f"d{n}", (f"d{n - 1}" if n else "c",), creates(f"tags{n}")) for n in range(6)]
    branch(shop, "clash", ("c", ("s1",), adds("users", "nick")), *tags)
    shop.local("a", ("s1",), *adds("users", "nick"))
    branch(shop, "twice", ("x", ("a",), creates("x")), ("y", ("a",), creates("y")))
    shop.local("e", ("a",), *creates("e"))
    ago = ", within the hour"
    shop.env["COLUMNS"] = "80"
    told = shop.lback("radar").replace(f"Grace{ago}", "Grace")
    assert told.splitlines() == [
        "4 other branches compared with main",
        "overlaps  1  clash",
        "forks     2  twice, calm",
        "",
        "○ main  here",
        "│ ○ overlaps  clash  Grace",
        *(f"│ ● d{number}  do d{number}" for number in (5, 4, 3, 2)),
        "│ ⋮",
        "│ ● c  do c",
        "│ │   conflict: column users.nick: a would add column users.nick (String(20)),",
        "│ │     c would add column users.nick (String(20)): both would make it, and",
        "│ │     the second one fails",
        "● │ e  do e",
        "│ │ ○ forks  twice  Grace",
        "│ │ ├─╮",
        "│ │ │ ● y  do y",
        "│ │ ● │ x  do x",
        "│ │ ├─╯",
        "├─│─╯",
        "● │ a  do a",
        "├─╯",
        "│ ○ forks  calm  Grace",
        "│ ● b  do b",
        "├─╯",
        "● s1  do s1",
    ]


def test_lanes_without_a_revision_of_mine_or_of_a_branch(shop: Shop) -> None:
    shop.git("switch", "-q", "--orphan", "empty")
    shop.git("commit", "-q", "--allow-empty", "-m", "Nothing")
    shop.git("switch", "-q", "main")
    assert "none adds a revision" in shop.lback("radar")
    branch(shop, "other", ("z", (), creates("z")))
    *_, first, second, third, fourth = shop.lback("radar").splitlines()
    assert (first, second, fourth) == ("○ main  here", "● s1  do s1", "● z  do z")
    assert third.startswith("○ forks  other")


def test_a_revision_that_is_not_committed_counts_as_mine(shop: Shop) -> None:
    branch(shop, "calm", ("b", ("s1",), creates("coupons")))
    assert answer(shop)["branches"][0]["forks"] is False
    shop.revise("a", ("s1",), *creates("orders"))
    assert answer(shop)["branches"][0]["forks"] is True


def test_the_same_on_a_remote_is_one_and_only_there_is_another(shop: Shop) -> None:
    branch(shop, "mine", ("b", ("s1",), creates("coupons")))
    shop.git("push", "-q", "origin", "mine")
    branch(shop, "theirs", ("c", ("s1",), creates("tags")))
    shop.git("push", "-q", "origin", "theirs")
    shop.git("branch", "-q", "-D", "theirs")
    shop.git("branch", "-q", "copy", "mine")
    rows = {row["branch"]: row for row in answer(shop)["branches"]}
    assert set(rows) >= {"origin/theirs"}
    assert len(rows) == 2
    names = next(row for name, row in rows.items() if name != "origin/theirs")
    assert {names["branch"], *names["also"]} == {"mine", "copy"}


def test_a_stale_branch_that_lacks_what_was_deleted_since_adds_nothing(shop: Shop) -> None:
    shop.local("gone", ("s1",), *creates("coupons"))
    shop.git("branch", "-q", "stale")
    shop.git("rm", "-q", "migrations/versions/gone.py")
    shop.git("commit", "-q", "-m", "Squash")
    shop.git("switch", "-q", "stale")
    shop.git("commit", "-q", "--allow-empty", "-m", "Go on")
    shop.git("switch", "-q", "main")
    assert answer(shop)["branches"] == []


def test_a_branch_that_gives_other_parents_is_told(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("switch", "-q", "-c", "rebased")
    path = shop.folder / "migrations/versions/a.py"
    path.write_text(path.read_text().replace("'s1'", "None"))
    shop.commit("Move a")
    shop.git("switch", "-q", "main")
    (row,) = answer(shop)["branches"]
    assert row["reparents"] == ["a"]
    assert "changes the parents of a" in shop.lback("radar")


def test_fetch_gets_what_others_have_pushed(shop: Shop) -> None:
    place = shop.folder.parent
    ada = Shop("Ada", place)
    ada.git("clone", "-q", "shop.git", "ada")
    ada.folder = place / "ada"
    ada.git("switch", "-q", "-c", "feature")
    ada.local("b", ("s1",), *creates("coupons"))
    ada.git("push", "-q", "origin", "feature")
    assert answer(shop)["branches"] == []
    (row,) = answer(shop, "--fetch")["branches"]
    assert row["branch"] == "origin/feature"
    assert row["commit"]["author"] == "Ada"
    shop.git("remote", "set-url", "origin", "/nowhere")
    assert "git fetch: " in shop.lback("radar", "--fetch", code=3)


def test_heads_apart_by_design_do_not_fork(shop: Shop) -> None:
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "[lback]\nheads = a, b\n")
    shop.commit("Keep them apart")
    branch(shop, "other", ("b", ("s1",), creates("coupons")))
    shop.local("a", ("s1",), *creates("orders"))
    (row,) = answer(shop)["branches"]
    assert row["forks"] is False


def test_how_old() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
    assert age("2026-03-10T11:30:00+00:00", now) == "within the hour"
    assert age("2026-03-10T09:00:00Z", now) == "3 hours ago"
    assert age("2026-03-09T11:00:00+00:00", now) == "1 day ago"
    assert age("2025-12-01T00:00:00+00:00", now) == "3 months ago"
    assert age("never", now) == "never"


def test_the_summary_comes_first_and_the_rest_is_counted(shop: Shop) -> None:
    for number in range(13):
        branch(shop, f"b{number}", (f"b{number}", ("s1",), creates(f"t{number}")))
    branch(shop, "clash", ("c", ("s1",), adds("users", "nick")))
    shop.local("a", ("s1",), *adds("users", "nick"))
    first, second, third, *drawn, last = shop.lback("radar").splitlines()
    assert first == "15 other branches compared with main"
    assert second == "overlaps   1  clash"
    assert third.startswith("forks     13  b") and third.endswith("and 8 more")
    assert sum("○" in line for line in drawn) == 11
    assert drawn[2].startswith("│ ○ overlaps  clash")
    assert last == "and 4 more branches, 4 of them fork: `lback radar --all`"
    *drawn, last = shop.lback("radar", "--most", "2").splitlines()
    assert sum("○" in line for line in drawn) == 3
    assert last.startswith("and 12 more branches")
    for option in ("--all", "--verbose"):
        *drawn, last = shop.lback("radar", option).splitlines()
        assert "more" not in last
        assert sum("○" in line for line in drawn) == 15
    assert answer(shop)["summary"] == {"branches": 14, "fork": 14, "overlap": 1, "merged": 0}


def test_narrow_and_without_colour_or_unicode(shop: Shop) -> None:
    long = "a-name-of-a-branch-that-somebody/made-very-long-indeed-and-then-some"
    branch(shop, long, ("c", ("s1",), adds("users", "nick")))
    shop.git("branch", "-q", f"{long}-too", long)
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.env.update(COLUMNS="60", PYTHONIOENCODING="utf-8")
    plain = shop.lback("radar")
    assert max(map(len, plain.splitlines())) <= 60
    painted = shop.lback("radar", "--color", "always")
    assert "\x1b[31m●\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain
    shop.env.update(PYTHONIOENCODING="ascii")
    assert "| o overlaps  a-name" in shop.lback("radar")
